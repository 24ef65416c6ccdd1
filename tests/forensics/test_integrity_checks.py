"""The checks that need no model: vectors, characters, duplicates, density, log, sources."""

import json
import unicodedata
from datetime import UTC, datetime
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.forensics.integrity import Code, SweepResult, folder_sources, sweep
from halluguard.forensics.integrity.characters import check_characters, find_mojibake
from halluguard.forensics.integrity.contents import Contents, unit_rows
from halluguard.forensics.integrity.density import DensityRule, check_density, measure_rises, rise
from halluguard.forensics.integrity.duplicates import DuplicateRule, check_duplicates, check_known_bad
from halluguard.forensics.integrity.log_checks import check_retrieved, check_written_back
from halluguard.forensics.integrity.neighbours import nearest
from halluguard.forensics.integrity.sources import SourceElsewhereError, check_sources
from halluguard.forensics.integrity.vectors import check_halves, check_vectors, unnormalised_store
from halluguard.records import Chunk, Entry, Reason, Turn
from halluguard.stores import StoreCode, open_store

SENTENCE = "The primary pump of hall four is serviced every nine weeks by the night shift of the works."


def unit_vectors(n, dimension=8, seed=0):
    return unit_rows(np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32))


def contents_of(vectors, *, lengths=None, texts=None):
    texts = texts or [f"text number {i}" for i in range(len(vectors))]
    entries = tuple(Entry(id=f"e{i}", text=text) for i, text in enumerate(texts))
    return Contents(entries, vectors, np.array(lengths or [vectors.shape[1]] * len(vectors)))


def entries_of(*texts):
    return [Entry(id=f"e{i}", text=text) for i, text in enumerate(texts)]


def codes_at(found):
    return {at: reason.code for at, reason in found}


def test_sound_unit_vectors_give_no_finding():
    assert list(check_vectors(contents_of(unit_vectors(50)))) == []


def test_each_bad_vector_has_its_own_code():
    vectors = unit_vectors(50)
    vectors[3, 2] = np.nan
    vectors[4, 1] = np.inf
    vectors[5] = 0
    vectors[6] *= 1.5
    vectors[7] = vectors[8]
    lengths = [8] * 50
    lengths[9] = 5

    found = codes_at(check_vectors(contents_of(vectors, lengths=lengths)))

    assert found == {
        3: Code.VECTOR_NAN,
        4: Code.VECTOR_NAN,
        5: Code.VECTOR_ZERO,
        6: Code.VECTOR_UNNORMALISED,
        7: Code.VECTOR_SHARED,
        8: Code.VECTOR_SHARED,
        9: Code.DIMENSION_MISMATCH,
    }


def test_store_of_unnormalised_vectors_is_told_once_and_only_under_inner_product():
    vectors = unit_vectors(50) * np.linspace(1, 9, 50, dtype=np.float32)[:, None]
    contents = contents_of(vectors)
    norms = np.linalg.norm(vectors, axis=1)

    assert list(check_vectors(contents)) == []
    assert unnormalised_store(norms, contents.usable, "inner_product").code == Code.VECTOR_UNNORMALISED
    assert unnormalised_store(norms, contents.usable, "l2") is None


def test_float16_storage_is_not_unnormalised():
    vectors = unit_vectors(200, 384).astype(np.float16).astype(np.float32)

    assert list(check_vectors(contents_of(vectors))) == []


def test_texts_that_differ_only_in_case_and_accents_may_share_a_vector():
    vectors = unit_vectors(3)
    vectors[1] = vectors[0]

    assert list(check_vectors(contents_of(vectors, texts=["Café au lait", "cafe  AU lait!", "tea"]))) == []


def test_half_entries_are_found_only_where_the_store_has_vectors():
    entries = (Entry(id="a", text="x"), Entry(id="b", text=None), Entry(id="c", text="z"))
    vectors = unit_vectors(3)

    assert codes_at(check_halves(Contents(entries, vectors, np.array([0, 8, 8])))) == {
        0: Code.VECTOR_MISSING,
        1: Code.TEXT_MISSING,
    }
    assert list(check_halves(Contents(entries[:1], vectors[:1], np.array([0])))) == []


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, with 3 numbers (and brackets) – “quotes” … and €5.",
        "Le « CAFÉ » À Paris, œuvre d’été; Ångström, Łódź, Straße, naïve, Þórr.",
        "Москва и Санкт-Петербург; Αθήνα; 東京都; مدينة; हिन्दी में लिखा।",
        "αIIbβ3 integrin, µm, Ω resistor, γδ T cells, TGFβ1, λmax and κB.",
        "DesertБелое солнце пустыни is two words without their space.",
        "A B♭ chord, 5′-UTR, x² ≥ y₁, 20 °C ± 1, co­operate, ½ cup, № 5, ☃.",
        "def f(x): return {k: v for k, v in x.items() if v != 0}  # {}[]()<>!=&&||",
    ],
)
def test_honest_writing_is_not_damage(text):
    assert list(check_characters(text)) == []


@pytest.mark.parametrize("text", ["Müller’s café – déjà vu", "Łódź “quoted”", "20 °C · £5", "naïve Zürich"])
def test_utf8_read_as_windows_1252_is_damage(text):
    damaged = text.encode().decode("cp1252", errors="replace")

    assert [reason.code for reason in check_characters(damaged)] == [Code.ENCODING_DAMAGE]


@pytest.mark.parametrize(
    "text",
    [
        "lost \ufffd char",
        "page (cid:31) glyph",
        "bell \x07 rings",
        "a font without a map: " + "\ue001\ue002\ue003\ue004 " * 6,
    ],
)
def test_lost_characters_are_damage(text):
    assert [reason.code for reason in check_characters(text)] == [Code.ENCODING_DAMAGE]


@pytest.mark.parametrize("text", ["pay\u200bpal", "safe \u202egnp.exe", "tag \U000e0041\U000e0042"])
def test_characters_nobody_sees_are_found(text):
    assert [reason.code for reason in check_characters(text)] == [Code.HIDDEN_CHARACTERS]


@pytest.mark.parametrize("text", ["раypal login", "the pοst office", "Ехample text", "micrоsоft account"])
def test_look_alike_letters_are_found(text):
    assert [reason.code for reason in check_characters(text)] == [Code.MIXED_SCRIPT]


@pytest.mark.parametrize("text", ["Москваairport", "αβγδtext", "the αIIb receptor"])
def test_words_of_two_scripts_that_look_like_no_word_are_no_disguise(text):
    assert [reason.code for reason in check_characters(text)] == []


@settings(max_examples=200)
@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_text_is_never_mojibake(text):
    assert find_mojibake(text) == []


def test_same_words_are_exact_duplicates_whatever_the_spacing():
    found = codes_at(
        check_duplicates(entries_of(SENTENCE, "Other.", SENTENCE.upper().replace(" ", "  ")), DuplicateRule())
    )

    assert found == {0: Code.DUPLICATE_EXACT, 2: Code.DUPLICATE_EXACT}


def test_version_with_a_footnote_is_a_near_duplicate():
    found = list(
        check_duplicates(entries_of(SENTENCE, SENTENCE.replace("weeks", "weeks[1]")), DuplicateRule())
    )

    assert codes_at(found) == {0: Code.DUPLICATE_NEAR, 1: Code.DUPLICATE_NEAR}
    assert found[0][1].figure > 0.9


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "Gohar is a village in Qaleh Rural District, in the Central District of Andika County, Iran. Its population was 85.",
            "Dameh is a village in Qaleh Rural District, in the Central District of Andika County, Iran. Its population was 87.",
        ),
        (
            "The Santana River is a river of Mato Grosso do Sul state in southwestern Brazil near the border.",
            "The Jauru River is a river of Mato Grosso do Sul state in southwestern Brazil near the border.",
        ),
    ],
)
def test_texts_of_one_form_about_different_things_are_no_duplicates(first, second):
    assert list(check_duplicates(entries_of(first, second), DuplicateRule())) == []


def test_older_version_of_the_same_source_is_superseded():
    times = [datetime(2025, 1, day, tzinfo=UTC) for day in (1, 9)]
    texts = (SENTENCE, SENTENCE.replace("weeks", "weeks[1]"))
    entries = [
        Entry(id=f"e{i}", text=text, source="a.md", ingested_at=times[i]) for i, text in enumerate(texts)
    ]

    assert codes_at(check_duplicates(entries, DuplicateRule())) == {
        0: Code.SUPERSEDED,
        1: Code.DUPLICATE_NEAR,
    }


def test_edited_copy_of_a_known_bad_text_is_found_and_its_topic_is_not():
    bad = (
        "The pump of hall four never needs any service, as the maker has confirmed in a letter to all owners."
    )
    edited = (
        "The old pump of hall four never needs service, as its maker confirmed in a letter sent to owners."
    )
    entries = entries_of(SENTENCE, edited, "The maker wrote a letter about the pump.")

    assert codes_at(check_known_bad(entries, [bad], DuplicateRule())) == {1: Code.COPY_OF_KNOWN_BAD}


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 99))
def test_nearest_agrees_with_a_full_sort(n, k, seed):
    vectors = unit_vectors(n, seed=seed)

    cosines, positions = nearest(vectors[:7], vectors, k)

    scores = vectors[:7] @ vectors.T
    expected = np.sort(scores, axis=1)[:, ::-1][:, : min(k, n)]
    np.testing.assert_allclose(cosines, expected, atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(scores, positions, axis=1), expected, atol=1e-6)


def test_rise_is_the_published_formula():
    assert rise([0.95, 0.85], 0.6, 4) == pytest.approx((0.9 - 0.6) / 0.4)
    assert rise([0.9], 0.6, 4) == pytest.approx(0.5 * (0.9 - 0.6) / 0.4)
    assert rise([], 0.6, 4) == 0


def test_paraphrases_of_one_message_stand_out_from_their_surroundings():
    rng = np.random.default_rng(5)
    vectors = unit_vectors(120, 64)
    vectors[:5] = unit_rows(vectors[0] + 0.03 * rng.normal(size=(5, 64)).astype(np.float32))
    texts = [f"{'abcdefgh'[i % 8]}{i} word{i} other{i} thing{i}" for i in range(120)]

    assert set(codes_at(check_density(texts, vectors, DensityRule()))) == set(range(5))
    assert measure_rises(texts, vectors, DensityRule())[0][5:].max() == 0


def test_texts_of_one_form_with_other_numbers_do_not_stand_out():
    rng = np.random.default_rng(5)
    vectors = unit_vectors(120, 64)
    vectors[:5] = unit_rows(vectors[0] + 0.03 * rng.normal(size=(5, 64)).astype(np.float32))
    texts = [f"{'abcdefgh'[i % 8]}{i} word{i} other{i} in 18{i:02d}, then {200 + i}." for i in range(120)]

    assert list(check_density(texts, vectors, DensityRule())) == []


def test_versions_within_an_hour_are_of_one_ingestion():
    times = [datetime(2025, 1, 1, 9, minute, tzinfo=UTC) for minute in (0, 40)]
    texts = (SENTENCE, SENTENCE.replace("weeks", "weeks[1]"))
    entries = [
        Entry(id=f"e{i}", text=text, source="a.md", ingested_at=times[i]) for i, text in enumerate(texts)
    ]

    assert set(codes_at(check_duplicates(entries, DuplicateRule())).values()) == {Code.DUPLICATE_NEAR}


def turn(key, answer, *, at=None, retrieved=()):
    return Turn(turn_id=key, answer=answer, timestamp=at, retrieved=tuple(retrieved))


def test_retrieved_id_that_the_store_lacks_is_a_ghost():
    turns = [
        turn("t1", "x", retrieved=[Chunk("gone"), Chunk("e0")]),
        turn("t2", "x", retrieved=[Chunk("gone")]),
    ]

    (finding,) = check_retrieved(entries_of("a"), turns)

    assert (finding.entry_id, finding.index, finding.reason.code, finding.reason.figure) == (
        "gone",
        None,
        Code.GHOST_RETRIEVED,
        2,
    )


def test_logged_text_that_the_store_no_longer_has_is_found_and_a_cut_one_is_not():
    entries = entries_of("The pump is never serviced and may run dry.", SENTENCE)
    turns = [turn("t1", "x", retrieved=[Chunk("e0", SENTENCE), Chunk("e1", SENTENCE[:50])])]

    (finding,) = check_retrieved(entries, turns)

    assert (finding.entry_id, finding.reason.code) == ("e0", Code.TEXT_CHANGED_SINCE_LOG)


def test_a_part_of_a_text_is_no_other_text():
    entries = [Entry(id="a", text=f"Read this first. {SENTENCE} Then go on.")]

    assert not list(check_retrieved(entries, [turn("t1", "x", retrieved=[Chunk("a", SENTENCE)])]))


def test_a_logged_text_is_held_against_every_entry_of_its_id():
    changed = "Nothing at all of this was ever retrieved by any turn of the log."
    entries = [Entry(id="page", text=text) for text in ("Open at eight.", SENTENCE)]
    turns = [turn("t1", "x", retrieved=[Chunk("page", SENTENCE), Chunk("page", "Open at eight.")])]

    assert not list(check_retrieved(entries, turns))
    (finding,) = check_retrieved([*entries[:1], Entry(id="page", text=changed)], turns)
    assert finding.reason.code == Code.TEXT_CHANGED_SINCE_LOG


def test_answer_stored_after_it_was_given_is_written_back():
    noon, later = datetime(2025, 1, 1, 12, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)
    earlier = datetime(2024, 12, 1, tzinfo=UTC)
    turns = [turn("t1", f"Certainly! {SENTENCE}", at=noon)]

    def check(time):
        return codes_at(check_written_back([Entry(id="a", text=SENTENCE, ingested_at=time)], turns))

    assert check(later) == {0: Code.WRITTEN_BACK}
    assert check(earlier) == {}


def test_answer_that_quotes_what_it_retrieved_is_not_written_back():
    quoting = turn("t1", f"As the manual says: {SENTENCE}", retrieved=[Chunk("e0", SENTENCE)])

    assert list(check_written_back(entries_of(SENTENCE, SENTENCE + " Really."), [quoting])) == []


def test_a_text_is_compared_once_an_id_and_never_where_an_entry_holds_it(monkeypatch):
    from halluguard.forensics.integrity import log_checks

    compared = []
    measure = log_checks.Indel.normalized_similarity

    def count(*texts):
        compared.append(texts)
        return measure(*texts)

    monkeypatch.setattr(log_checks.Indel, "normalized_similarity", count)
    pieces = [Entry(id="page", text=f"Piece {i} of the page says {i * i}.") for i in range(50)]
    held = [Chunk("page", piece.text) for piece in pieces]
    cut = Chunk("page", "Piece 0 of the page tells 0.")
    turns = [turn(f"t{i}", "x", retrieved=[*held, cut]) for i in range(40)]

    assert not list(check_retrieved(pieces, turns))
    assert len(compared) == 1

    changed = Chunk("page", "Nothing of this was ever in the store.")
    (finding,) = check_retrieved(pieces, [*turns, turn("t99", "x", retrieved=[changed])])
    assert (finding.index, "turn t99" in finding.reason.detail) == (0, True)


BOILERPLATE = "Thank you for asking us, we are glad to be of help to you today."


def test_boilerplate_brings_no_answers_and_entries_together(monkeypatch):
    from halluguard.forensics.integrity import log_checks

    shares = []
    share = log_checks._share

    def count(*pair):
        shares.append(pair)
        return share(*pair)

    monkeypatch.setattr(log_checks, "_share", count)
    said = [f"Pump {i} of hall {i} is serviced every {i} weeks by crew {i} of plant {i}." for i in range(400)]
    turns = [turn(f"t{i:03d}", f"{text} {BOILERPLATE}") for i, text in enumerate(said)]
    again = [turn(f"u{i:03d}", turns[7].answer) for i in range(300)]
    pages = [f"Valve {i} of ship {i} is opened each {i} days by hand {i}. {BOILERPLATE}" for i in range(400)]
    found = dict(check_written_back(entries_of(*pages, said[7], BOILERPLATE), [*again, *turns]))

    assert {number: reason.detail.rpartition(" ")[2] for number, reason in found.items()} == {
        400: "t007",
        401: "t000",
    }
    assert len(shares) <= 1 + 200


def test_an_answer_given_again_before_the_entry_came_has_written_it():
    """The turn with the lowest id came too late to have written the entry, a later one of the same answer did not."""
    at = [datetime(2025, 1, day, tzinfo=UTC) for day in (9, 1)]
    turns = [turn(f"t{i}", SENTENCE, at=time) for i, time in enumerate(at)]
    entry = Entry(id="a", text=SENTENCE, ingested_at=datetime(2025, 1, 5, tzinfo=UTC))

    ((_, reason),) = check_written_back([entry], turns)

    assert reason.detail.endswith("turn t1")


def test_entry_that_names_its_turn_is_written_back():
    assert codes_at(check_written_back([Entry(id="a", text="x", written_by_turn="t9")], [])) == {
        0: Code.WRITTEN_BACK
    }


def test_source_that_is_gone_or_says_something_else_is_found():
    entries = [
        Entry(id="a", text=SENTENCE, source="a.md"),
        Entry(id="b", text="Entirely different words about valves and seals.", source="a.md"),
        Entry(id="c", text=SENTENCE, source="gone.md"),
        Entry(id="d", text=SENTENCE),
    ]

    found = codes_at(check_sources(entries, {"a.md": f"Title\n\n{SENTENCE}\nMore."}.get))

    assert found == {1: Code.TEXT_NOT_IN_SOURCE, 2: Code.SOURCE_MISSING}


def test_sources_of_a_folder_are_found_by_the_end_of_their_path(tmp_path):
    (tmp_path / "north").mkdir()
    (tmp_path / "south").mkdir()
    (tmp_path / "north" / "pumps.md").write_text(f"# Pumps\n\n{SENTENCE}\n")
    (tmp_path / "south" / "pumps.md").write_text("Nothing of that kind stands here.\n")
    read = folder_sources(tmp_path)

    assert SENTENCE in read("/data/site/north/pumps.md")
    assert SENTENCE not in read("C:\\site\\south\\pumps.md")
    assert read("https://example.org/north/pumps.md?page=2") == read("north/pumps.md")
    assert read("pumps.md") == f"{read('north/pumps.md')}\n\n{read('south/pumps.md')}"
    assert read("../../etc/passwd") is None
    with pytest.raises(SourceElsewhereError):
        read("https://example.org/valves")


@pytest.mark.parametrize(("file", "named"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_source_is_found_however_its_accents_are_written(tmp_path, file, named):
    name = "café.md"
    (tmp_path / unicodedata.normalize(file, name)).write_text(f"# Café\n\n{SENTENCE}\n")
    source = unicodedata.normalize(named, name)

    found = list(check_sources([Entry(id="a", text=SENTENCE, source=source)], folder_sources(tmp_path)))

    assert found == []


def test_source_that_lies_elsewhere_is_counted_and_not_called_gone():
    entries = [
        Entry(id="a", text=SENTENCE, source="https://example.org/x"),
        Entry(id="b", text=SENTENCE, source="y"),
    ]

    def read(source):
        if source != "y":
            raise SourceElsewhereError(source)

    counted = []

    assert codes_at(check_sources(entries, read, elsewhere=counted.append)) == {1: Code.SOURCE_MISSING}
    assert counted == [1]


def test_one_odd_vector_does_not_decide_the_dimension(tmp_path):
    rows = [{"id": f"e{i}", "text": f"Text {i}.", "vector": [0.6] * (2 if i == 0 else 3)} for i in range(4)]
    (tmp_path / "entries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    result = sweep(open_store(tmp_path))

    assert [one.entry_id for one in result.findings if one.reason.code == Code.DIMENSION_MISMATCH] == ["e0"]


def test_wear_of_a_container_is_no_damage():
    def result(*codes):
        return SweepResult(1, (), tuple(Reason(code) for code in codes), {}, {}, {})

    assert not result(StoreCode.DELETED_SLOTS, StoreCode.REWRITTEN_IN_PLACE, Code.TEMPLATE_CHANGED).is_damaged
    assert result(StoreCode.DELETED_SLOTS, StoreCode.COUNT_MISMATCH).is_damaged


def test_an_entry_added_after_an_answer_that_quotes_what_it_retrieved_is_not_written_back():
    noon, later = datetime(2025, 1, 1, 12, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)
    quoting = turn("t1", f"The manual says: {SENTENCE}", at=noon, retrieved=[Chunk("old", SENTENCE)])
    entry = Entry(id="new", text=SENTENCE, ingested_at=later)

    assert list(check_written_back([entry], [quoting])) == []


def test_equals_are_named_in_time_that_grows_with_their_number():
    n = 20_000
    vectors = np.tile(unit_vectors(1), (n, 1))
    contents = contents_of(vectors)

    start = perf_counter()
    same = list(check_duplicates(entries_of(*["This page is left blank."] * n), DuplicateRule()))
    shared = [reason for _, reason in check_vectors(contents)]

    assert perf_counter() - start < 10
    assert same[2][1].detail == "the same words as e0, e1, e3, e4, e5, ..."
    assert same[9][1].detail == "the same words as e0, e1, e2, e3, e4, ..."
    assert shared[1].detail.startswith("the same vector as e0, e2, e3")
    assert len(shared[1].detail) == len("the same vector as ") + 200
