import numpy as np

from halluguard.cascade.claims import FlaggedClaim, cluster_claims
from halluguard.cascade.stance import Stance, read_stances
from halluguard.text.reports import has_report_cue

CLAIM = "Refunds are paid up to 90 days after the flight."


def claims(*texts):
    return [FlaggedClaim(f"t{n}#0", f"t{n}", text, text, "source_conflict") for n, text in enumerate(texts)]


def groups(clusters):
    return sorted(sorted(claim.text for claim in cluster.claims) for cluster in clusters)


def test_equal_words_are_one_claim_without_a_model():
    found = cluster_claims(claims(CLAIM, CLAIM.upper(), f"{CLAIM} [1]", "Dogs fly for free."))
    assert [len(cluster.claims) for cluster in found] == [3, 1]
    assert found[0].method == "words"


def test_other_numbers_are_another_claim_even_for_a_lenient_model(embed):
    other = CLAIM.replace("90", "60")
    found = cluster_claims(
        claims(CLAIM, CLAIM, other), entails=lambda pairs: np.tile([1.0, 0, 0], (len(pairs), 1)), embed=embed
    )
    assert groups(found) == sorted([[CLAIM, CLAIM], [other]])


def test_a_paraphrase_joins_what_it_entails(entails, embed):
    paraphrase = "Refunds are in fact paid up to 90 days after the flight."
    found = cluster_claims(
        claims(CLAIM, CLAIM, paraphrase, "Dogs fly for free."), entails=entails, embed=embed
    )
    assert len(found) == 2
    assert found[0].leader == CLAIM
    assert found[0].supports["t2#0"] >= 0.5


def test_a_negation_does_not_join(entails, embed):
    negated = "Refunds are not paid up to 90 days after the flight."
    found = cluster_claims(claims(CLAIM, CLAIM, negated), entails=entails, embed=embed)
    assert groups(found) == sorted([[CLAIM, CLAIM], [negated]])


def test_leaders_that_entail_each_other_merge_and_order_does_not_matter(entails, embed):
    texts = [
        CLAIM,
        CLAIM,
        "Up to 90 days after the flight refunds are paid.",
        "Dogs fly for free.",
        "For free dogs fly.",
    ]
    once = cluster_claims(claims(*texts), entails=entails, embed=embed)
    back = cluster_claims(claims(*texts[::-1]), entails=entails, embed=embed)
    assert groups(once) == groups(back)
    assert len(once) == 2


def test_the_model_is_asked_few_pairs_about_many_wordings(entails, embed):
    asked = []

    def counted(pairs):
        asked.extend(pairs)
        return entails(pairs)

    texts = [
        f"{CLAIM} Case {word}." for word in ("one", "two", "three", "four", "five", "six", "seven", "eight")
    ] * 3
    cluster_claims(claims(*texts), entails=counted, embed=embed)
    assert len(asked) < 3 * len(set(texts))


def test_no_claim_gives_no_cluster(entails, embed):
    assert cluster_claims([], entails=entails, embed=embed) == ()


def test_stances_of_texts_towards_a_claim(entails):
    texts = [
        f"Policy update. {CLAIM} Thank you.",
        "It is a myth that refunds are paid up to 90 days after the flight.",
        "Refunds are not paid up to 90 days after the flight.",
        "Dogs travel in the hold.",
        "",
    ]
    assert read_stances(texts, CLAIM, entails) == [
        Stance.ASSERTS,
        Stance.MENTIONS,
        Stance.REFUTES,
        Stance.SILENT,
        Stance.SILENT,
    ]


def test_without_a_model_only_the_same_words_assert_and_the_rest_is_unknown():
    texts = [f"Note. {CLAIM}", "Refunds: paid for 90 days after any flight.", "Dogs travel in the hold."]
    assert read_stances(texts, CLAIM, None) == [Stance.ASSERTS, Stance.UNKNOWN, Stance.SILENT]


def test_the_window_with_the_claim_is_read_in_a_long_text(entails):
    long = " ".join(f"Sentence number {n} is about seats." for n in range(200))
    assert read_stances([f"{long} {CLAIM} {long}"], CLAIM, entails) == [Stance.ASSERTS]


def test_cues_of_reporting_are_told_from_plain_assertion():
    assert has_report_cue("A chatbot claimed that refunds are paid for 90 days.")
    assert has_report_cue("The post was a joke that Bing took for news, and it is false.")
    assert not has_report_cue("Correction: refunds are paid up to 90 days after the flight.")
    assert not has_report_cue(CLAIM)
