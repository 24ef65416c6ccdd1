"""The generated training data says what it claims to say."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from halluguard.models.training.batches import Encoded, collate, plan_batches
from halluguard.models.training.curriculum import Deck, Grounding, Haystack, Mixer, make_scene
from halluguard.models.training.edits import (
    PLAIN_EDITS,
    edit_date,
    edit_name,
    edit_negation,
    edit_number,
    edit_roles,
)
from halluguard.models.training.examples import (
    CONTRADICTION,
    ENTAILMENT,
    NEUTRAL,
    Example,
    read_examples,
    write_examples,
)
from halluguard.models.training.held_out import HELD_PAGES, held_out_edits, split_pages
from halluguard.models.training.kinds import KINDS, Scene, answer_shape, resolve
from halluguard.models.training.mix import data_folder, in_train_half, may_train, read_hans, read_nli
from halluguard.models.training.passages import (
    Corpus,
    Passage,
    find_names,
    gold_ids,
    read_pages,
    split_sentences,
    tidy,
)
from halluguard.models.training.plan import band_of, describe
from halluguard.models.training.rewrites import (
    drop_parenthesis,
    drop_tail,
    rewrite_date,
    rewrite_number,
    rewrite_synonym,
    turn_voice,
)

TOWNS = ("Bergen", "Cork", "Graz", "Leeds", "Lyon", "Porto", "Split", "Turin")
FIRST = ("Anna", "Boris", "Clara", "David", "Elena", "Felix", "Greta", "Hugo")
LAST = ("Adler", "Brook", "Crane", "Dunn", "Ernst", "Frost", "Grant", "Holm")


def small_pages(count: int = 64) -> list[Passage]:
    """Build pages of six sentences about made-up directors and lakes, each with facts of its own."""
    pages = []
    for index in range(count):
        lake, fish = f"Lake {LAST[index % 8]}mere {index}", ("trout", "perch", "salmon", "pike")[index % 4]
        pages.append(
            Passage(
                lake,
                (
                    f"{lake} is a cold lake of {index + 30} acres in northern Peru with steep granite cliffs.",
                    f"It was formed when a glacier melted about {index + 4} thousand years ago.",
                    f"Fishermen from {TOWNS[index % 8]} catch {fish} there during every summer season.",
                    f"A wooden ferry crosses its water {index % 5 + 2} times daily unless storms prevent sailing.",
                    f"The chapel beside the harbour was painted by {FIRST[index % 8]} {LAST[(index + 2) % 8]} in {1700 + index}.",
                    f"Geologists measured its depth at {index + 90} feet, which surprised the provincial council.",
                ),
            )
        )
    for index in range(count):
        name = f"{FIRST[index % 8]} {LAST[(index // 8) % 8]}"
        other = f"{FIRST[(index + 3) % 8]} {LAST[(index + 5) % 8]}"
        year = 1900 + index
        pages.append(
            Passage(
                name,
                (
                    f"{name} (born 4 May {year}) is a British director of the harbour film {LAST[index % 8]} Lights {index}.",
                    f"She was born in {TOWNS[index % 8]} and moved to Chile with {index + 12} relatives.",
                    f"Her third novel about glaciers was published by {other} in {year + 30}.",
                    f"In {year + 40}, she sold a farm of {index + 200} acres, which stood near {TOWNS[(index + 1) % 8]}.",
                    f"She won the largest prize of the society after {index + 3} years of teaching violin.",
                    f"Most of her letters were lost when the archive burned in {TOWNS[(index + 2) % 8]}.",
                ),
            )
        )
    return pages


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus(small_pages())


def test_tokenised_text_is_put_back_together() -> None:
    """Spaces of FEVER and 2Wiki text around brackets, quotes and clitics go."""
    assert (
        tidy("Kal ( born 1950 ) is Ann 's son , a film` .".replace("`", ""))
        == "Kal (born 1950) is Ann's son, a film."
    )
    assert tidy('the novel" Merton of the Movies" and more') == 'the novel "Merton of the Movies" and more'


def test_sentences_end_where_they_end() -> None:
    """Initials and titles do not end a sentence."""
    text = "Dr. A. Smith moved to the old town. He died there in the winter of 1950."

    assert split_sentences(text) == [
        "Dr. A. Smith moved to the old town.",
        "He died there in the winter of 1950.",
    ]


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ("number", "The farm had 240 acres of land."),
        ("date", "She was born on 4 May 1950 in Cork."),
        ("unit", "The river is 300 miles long."),
        ("nationality", "He was a Swedish painter."),
        ("negation", "The bridge was opened to traffic."),
        ("negation", "The bridge was not opened to traffic."),
        ("quantifier", "All members voted for the plan."),
        ("modality", "Visitors can enter the crypt."),
        ("antonym", "It is the largest lake of the region."),
        ("sibling", "The novel was a success."),
        ("roles", "Clara Dunn defeated Felix Grant."),
    ],
)
def test_an_edit_changes_the_fact_and_little_else(edit: str, sentence: str) -> None:
    """Each edit applies to its own kind of fact and keeps most words."""
    changed = PLAIN_EDITS[edit](sentence, random.Random(1))

    assert changed is not None
    assert changed != sentence
    kept = set(sentence.rstrip(".").split()) & set(changed.rstrip(".").split())
    assert len(kept) >= len(sentence.split()) - 3


def test_an_edit_that_does_not_apply_returns_none() -> None:
    """A sentence without a number or a date has none to change."""
    assert edit_number("She went home.", random.Random(0)) is None
    assert edit_date("She went home.", random.Random(0)) is None


def test_the_month_of_may_is_not_a_modal_verb() -> None:
    """A capital May in a date is left alone by the modality edit."""
    assert PLAIN_EDITS["modality"]("He died on 4 May 1950 in Graz.", random.Random(0)) is None


def test_days_of_a_date_stay_days() -> None:
    """The number edit does not touch the day of a date, the date edit keeps it under 29."""
    assert edit_number("He was born on 22 April.", random.Random(0)) is None
    for seed in range(30):
        changed = edit_date("He was born on 22 April.", random.Random(seed))
        assert changed is not None
        assert int(next(w for w in changed.split() if w.rstrip(".").isdigit())) < 29


def test_negation_goes_in_and_comes_out() -> None:
    """Adding `not` and removing it are inverse."""
    assert edit_negation("She did not win the cup.", random.Random(0)) == "She won the cup."
    changed = edit_negation("She won the cup.", random.Random(0))
    assert changed in {"She did not win the cup.", "She never won the cup."}


def test_swapped_names_are_of_one_type_and_new(corpus: Corpus) -> None:
    """A person is replaced by a person that the sentence does not name."""
    sentence = "The prize went to Clara Dunn in 1950."
    changed = edit_name(sentence, random.Random(3), corpus)

    assert changed is not None
    new = next(n for n in find_names(changed) if n in corpus.persons)
    assert new not in sentence
    assert not set(new.split()) & {"Clara", "Dunn"}


def test_roles_are_not_swapped_in_a_list() -> None:
    """Two names joined by `and` keep their roles."""
    assert edit_roles("Clara Dunn and Felix Grant sang.", random.Random(0)) is None


def test_true_rewrites_are_true() -> None:
    """Numbers, dates, voice and shortenings follow from the original."""
    rng = random.Random(0)
    numbers = {rewrite_number("It cost 1,200,000 dollars.", random.Random(s)) for s in range(20)}
    assert "It cost 1.2 million dollars." in numbers
    assert numbers <= {
        "It cost 1.2 million dollars.", "It cost 1200000 dollars.", "It cost at least 1,200,000 dollars.",
        "It cost over 1,000,000 dollars.", "It cost more than 1,000,000 dollars.", "It cost at least 1,000,000 dollars.",
    }  # fmt: skip
    dates = {rewrite_date("He died on 4 May 1950 in Graz.", random.Random(s)) for s in range(20)}
    assert dates == {
        "He died on May 4, 1950 in Graz.", "He died in May 1950 in Graz.", "He died in 1950 in Graz.",
    }  # fmt: skip
    assert (
        turn_voice("The Tower was designed by Clara Dunn in 1950.", rng)
        == "Clara Dunn designed the Tower in 1950."
    )
    assert drop_parenthesis("Clara Dunn (born 1950) is a painter.", rng) == "Clara Dunn is a painter."
    assert (
        drop_tail("She sold the old farm in the hills, which stood near Cork.", rng)
        == "She sold the old farm in the hills."
    )
    assert rewrite_synonym("He left it all on the floor.", rng) is None


def test_a_pronoun_is_resolved_only_at_the_start() -> None:
    """The subject replaces an opening pronoun of its own sentence."""
    assert resolve("She was born in Cork.", "Clara Dunn") == "Clara Dunn was born in Cork."
    assert resolve("In 1950 she left.", "Clara Dunn") == "In 1950 she left."
    assert resolve("They were born in Cork.", "Clara Dunn") == "They were born in Cork."


def scene_of(corpus: Corpus) -> Scene:
    """Show the first five sentences of one page, keep the sixth away."""
    page = corpus.pages[-9]
    near = tuple(corpus.neighbours(len(corpus.pages) - 9, random.Random(0)))
    return Scene(
        page.sentences[:5], page.sentences[5:], near, corpus, page.subject, page.licence, (page.subject,) * 5
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_makes_examples(corpus: Corpus, kind: str) -> None:
    """Each generator yields examples of its own name; twins share a tag and differ in label."""
    scene = scene_of(corpus)
    made = [found for seed in range(60) if (found := KINDS[kind](scene, random.Random(seed)))]

    assert made
    for found in made:
        assert all(example.kind == kind for example in found)
        if len(found) == 2:
            assert found[0].label == ENTAILMENT
            assert found[1].label != ENTAILMENT
            assert (found[0].premise, found[0].hypothesis) != (found[1].premise, found[1].hypothesis)


def test_an_absent_sentence_is_not_in_the_passage(corpus: Corpus) -> None:
    """The neutral claim tells of the burnt archive, which the passage does not show."""
    for seed in range(20):
        for example in KINDS["absent_sentence"](scene_of(corpus), random.Random(seed)):
            assert "archive" in example.hypothesis
            assert "archive" not in example.premise
            assert example.label == NEUTRAL


def test_an_edited_document_decides_the_label(corpus: Corpus) -> None:
    """One claim, two documents: the one that differs from the claim contradicts it."""
    seen = 0
    for seed in range(40):
        found = KINDS["edited_document"](scene_of(corpus), random.Random(seed))
        if found:
            entailed, contradicted = found
            assert entailed.hypothesis == contradicted.hypothesis
            assert entailed.premise != contradicted.premise
            seen += 1

    assert seen > 20


def test_leaving_one_of_two_sentences_out_makes_a_claim_neutral(corpus: Corpus) -> None:
    """The twin of a two-sentence claim has the same claim and lacks one sentence."""
    found = next(f for s in range(60) if (f := KINDS["two_sentences"](scene_of(corpus), random.Random(s))))

    assert [example.label for example in found] == [ENTAILMENT, NEUTRAL]
    assert found[0].hypothesis == found[1].hypothesis


def test_answer_shapes_keep_the_words() -> None:
    """Markdown, case and lead-ins do not drop a word of the claim."""
    claim = "Clara Dunn won the cup."
    for seed in range(30):
        shaped = answer_shape(claim, random.Random(seed)).lower().replace("**", "")
        assert "clara dunn won the cup" in shaped


def test_same_seed_same_examples(corpus: Corpus) -> None:
    """Two runs of the generator with one seed agree; another seed differs."""
    first = Grounding([(corpus, 1.0)], random.Random(5)).take(60)

    assert first == Grounding([(corpus, 1.0)], random.Random(5)).take(60)
    assert first != Grounding([(corpus, 1.0)], random.Random(6)).take(60)


def test_a_kind_can_be_left_out(corpus: Corpus) -> None:
    """`without` removes a kind and nothing else."""
    made = Grounding([(corpus, 1.0)], random.Random(5), frozenset({"copied"})).take(300)

    kinds = {example.kind for example in made}
    assert "copied" not in kinds
    assert len(kinds) > 5


def test_long_does_not_mean_supported(corpus: Corpus) -> None:
    """In every length band at least four in ten generated rows are unsupported, neutral ones among them."""
    made = Grounding([(corpus, 1.0)], random.Random(7)).take(1_000)
    bands: dict[str, Counter[str]] = {}
    for example in made:
        bands.setdefault(band_of(example.premise), Counter())[example.label] += 1

    for band, labels in bands.items():
        total = labels.total()
        if total >= 100:
            assert labels[ENTAILMENT] / total < 0.6, band
            assert labels[NEUTRAL] / total > 0.05, band
    assert bands["over 100"].total() > 100


def test_scenes_show_whole_sentences_and_hide_the_rest(corpus: Corpus) -> None:
    """What a scene calls absent is not in its text; owners run parallel to the window."""
    for seed in range(50):
        scene = make_scene(corpus, seed % len(corpus.pages), random.Random(seed))
        assert len(scene.window) == len(scene.owners)
        assert not set(scene.absent) & set(scene.window)


def nli_rows() -> dict[tuple[str, str], list[Example]]:
    """Small labelled rows under the source names of the real data."""
    rows: dict[tuple[str, str], list[Example]] = {}
    for source in ("mnli_olora", "fever", "fever_nei_paired", "snli_cat", "cad_original"):
        for label in (ENTAILMENT, NEUTRAL, CONTRADICTION):
            if (source, label) in {
                ("fever", NEUTRAL),
                ("fever_nei_paired", ENTAILMENT),
                ("fever_nei_paired", CONTRADICTION),
            }:
                continue
            rows[source, label] = [
                Example(f"The {source} ship {n} reached {TOWNS[n % 8]} in {1900 + n} with cargo.", f"The ship {n} reached {TOWNS[n % 8]} in {1900 + n}.", label, source)
                for n in range(40)
            ]  # fmt: skip
    return rows


def test_a_mixed_shard_holds_every_share(corpus: Corpus) -> None:
    """NLI, haystacks, edited rows, summaries and generated kinds are all dealt, twins in pairs."""
    mixer = Mixer(nli_rows(), [], Grounding([(corpus, 1.0)], random.Random(2)))
    shares = {
        "mnli": 30,
        "fever_haystack": 15,
        "mnli_haystack": 15,
        "edited_rows": 20,
        "summaries": 12,
        "grounding": 40,
    }
    rows = mixer.shard(shares)

    kinds = Counter(row.kind for row in rows)
    assert kinds["mnli_olora"] == 30
    assert kinds["fever_haystack"] == 15
    assert kinds["summaries"] == 12
    assert kinds["edited_rows"] >= 20
    twins = Counter(row.twin for row in rows if row.twin)
    assert set(twins.values()) == {2}


def test_a_share_can_be_left_out_of_a_shard(corpus: Corpus) -> None:
    """`without` also names whole shares of a shard; the others stay as large as they were."""
    grounding = Grounding([(corpus, 1.0)], random.Random(2), frozenset({"summaries", "mnli"}))
    rows = Mixer(nli_rows(), [], grounding).shard(
        {"mnli": 30, "summaries": 12, "mnli_haystack": 15, "grounding": 10}
    )

    kinds = Counter(row.kind for row in rows)
    assert not {"mnli_olora", "summaries"} & set(kinds)
    assert kinds["mnli_haystack"] == 15


def test_a_haystack_keeps_the_premise_and_the_label() -> None:
    """The gold premise is still there, whole; what surrounds it does not decide the claim."""
    premises = [
        f"The mill number {n} stands on the river bank of {town}." for n in range(30) for town in TOWNS
    ]
    row = Example("The comet was seen over Graz in 1910.", "A comet was seen in 1910.", ENTAILMENT, "fever")
    buried = [Haystack(premises, random.Random(s)).bury(row, "hay", related=False) for s in range(10)]

    assert all(row.premise in example.premise and example.label == ENTAILMENT for example in buried)
    assert max(len(example.premise.split()) for example in buried) > 40


def test_a_deck_deals_every_row_before_it_repeats() -> None:
    """Forty rows dealt from a deck of twenty are each row twice."""
    rows = [Example(str(n), "x", ENTAILMENT, "k") for n in range(20)]
    dealt = Deck(rows, random.Random(0)).deal(40)

    assert Counter(row.premise for row in dealt) == Counter({str(n): 2 for n in range(20)})


def test_only_licensed_rows_train(tmp_path: Path) -> None:
    """A row without a licence is not read."""
    path = tmp_path / "train.jsonl"
    path.write_text(
        '{"premise": "a", "hypothesis": "b", "label": "neutral", "source": "x", "licence": ""}\n'
        '{"premise": "a", "hypothesis": "b", "label": "neutral", "source": "y", "licence": "MIT"}\n',
        encoding="utf-8",
    )

    assert set(read_nli(path)) == {("y", NEUTRAL)}
    assert not may_train("none stated")
    assert not may_train("CC BY-NC 4.0")


def test_the_two_halves_of_hans_share_no_premise() -> None:
    """The half is a function of the premise alone, whatever its case."""
    assert in_train_half("The Actor slept .") == in_train_half("the actor slept . ")
    halves = Counter(in_train_half(f"The actor {n} slept .") for n in range(400))
    assert min(halves.values()) > 150


def test_held_out_edits_come_in_twins() -> None:
    """Half of the claims are true; each has an edited twin on the same document; all four kinds are there."""
    made = held_out_edits(400, seed=1)

    assert len(made) == 400
    assert Counter(e.label for e in made) == Counter({ENTAILMENT: 200, CONTRADICTION: 200})
    assert {e.kind for e in made} == {"held_number", "held_date", "held_name", "held_negation"}
    assert all(
        a.premise == b.premise and a.hypothesis != b.hypothesis
        for a, b in zip(made[::2], made[1::2], strict=True)
    )
    assert made == held_out_edits(400, seed=1)


def test_held_out_pages_do_not_train() -> None:
    """The split is a partition, the same every time."""
    pages = [Passage(str(n), ("One sentence of five words.",)) for n in range(HELD_PAGES + 50)]
    train, held = split_pages(pages)

    assert len(held) == HELD_PAGES
    assert {p.title for p in train} | {p.title for p in held} == {p.title for p in pages}
    assert split_pages(pages) == (train, held)


def test_twins_share_a_batch_and_no_row_is_lost() -> None:
    """Every row is planned once, twins together, no batch over its budget."""
    rows = [
        Encoded((101, *range(200, 200 + n % 37 + 3), 102), 3, n % 3, f"t{n // 2}" if n < 40 else "")
        for n in range(200)
    ]
    plan = plan_batches(rows, budget=256, seed=4)

    assert Counter(id(r) for batch in plan for r in batch) == Counter(id(r) for r in rows)
    for batch in plan:
        assert max(len(r.ids) for r in batch) * len(batch) <= 256
        tags = Counter(r.twin for r in batch if r.twin)
        assert set(tags.values()) <= {2}
    assert [[r.ids for r in b] for b in plan] == [
        [r.ids for r in b] for b in plan_batches(rows, budget=256, seed=4)
    ]


def test_collate_marks_the_claim_and_the_twins() -> None:
    """Token types are 1 from the boundary on, padding is masked, the entailed twin comes first."""
    rows = [Encoded((101, 7, 102, 8, 102), 3, 2, "t"), Encoded((101, 7, 9, 102, 8, 8, 102), 4, 0, "t")]
    batch = collate(rows, 0)

    assert batch.types.tolist() == [[0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1, 1]]
    assert batch.mask.sum(dim=1).tolist() == [5, 7]
    assert batch.twins.tolist() == [[1, 0]]
    assert batch.tokens == 12


def test_examples_survive_the_disk(tmp_path: Path, corpus: Corpus) -> None:
    """What is written is what is read."""
    made = Grounding([(corpus, 1.0)], random.Random(5)).take(20)
    path = tmp_path / "shard-000.jsonl"

    assert write_examples(path, made) == len(made)
    assert read_examples(path) == made
    assert sum(describe(made)["bands"].values()) == len(made)


def test_an_unknown_label_is_refused() -> None:
    """The message names the label and what was expected."""
    with pytest.raises(ValueError, match=r"expected a label of entailment.*found 'maybe'"):
        Example("a", "b", "maybe", "k")


DATA = data_folder()
needs_data = pytest.mark.skipif(
    not (DATA / "nli" / "train.jsonl.gz").exists(),
    reason="needs the research data, HALLUGUARD_DATA or ../shared/data",
)


@needs_data
def test_pages_of_the_real_data_undo_the_length_trap() -> None:
    """On real pages a long passage is supported less than 55 % of the time and neutral at least 15 %; no gold page is read."""
    gold = gold_ids(DATA / "poison" / "questions.jsonl.gz")
    pages = read_pages(DATA / "poison" / "entries.jsonl.gz", gold)
    made = Grounding([(Corpus(split_pages(pages)[0][:1_500]), 1.0)], random.Random(7)).take(800)
    labels = Counter(example.label for example in made if len(example.premise.split()) > 100)

    assert labels.total() > 150
    assert labels[ENTAILMENT] / labels.total() < 0.55
    assert labels[NEUTRAL] / labels.total() > 0.15


@needs_data
def test_the_reporting_half_of_hans_stays_out() -> None:
    """No premise of the half that trains is in the half that reports; both halves are near six thousand rows."""
    path = DATA / "nli" / "hans_style.jsonl.gz"
    train, report = (read_hans(path, train=side) for side in (True, False))

    assert not {row.premise for row in train} & {row.premise for row in report}
    assert 5_000 < len(train) < 7_000
    assert len(train) + len(report) == 12_000
