import resource
import subprocess
import sys

from evals.plain import PlainCheck, PlainScorer
from evals.speed import main, spread
from halluguard.grounding.decide import decide_turns
from halluguard.records import Chunk, ClaimKind, Turn
from halluguard.trusted import build_index, open_index

BAGS = Chunk("kb-1", "A checked bag of up to 23 kg costs 30 dollars on domestic flights.")
PETS = Chunk("kb-2", "Small dogs and cats travel in the cabin for 80 dollars each way.")
TURNS = [
    Turn("right", "A checked bag costs 30 dollars [kb-1].", retrieved=(BAGS, PETS)),
    Turn("wrong", "Cats travel in the cabin for 15 dollars each way [kb-2].", retrieved=(BAGS, PETS)),
    Turn(
        "invented", "The lounge in Lisbon serves free champagne to children. Dogs fly too.", retrieved=(PETS,)
    ),
    Turn("silent", "I don't have information about Wi-Fi."),
]


def test_a_sample_holds_all_answers_of_documents_spread_over_the_rows():
    rows = [{"document": f"d{place // 4}", "claim": place} for place in range(40)]

    assert [row["claim"] for row in spread(rows, 8)] == [0, 1, 2, 3, 20, 21, 22, 23]
    assert spread(rows, 0) == spread(rows, 99) == rows


def test_the_plain_reference_comes_to_the_statuses_of_the_check(tmp_path, models, reader):
    embedder = models.embedder.embedder
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "bags.md").write_text(f"{BAGS.text}\n")
    build_index(pages, tmp_path / "index", embedder)
    index = open_index(tmp_path / "index", embedder)
    decided = decide_turns(TURNS, reader, embedder, index, top_k=3)
    wanted = {
        f"{one.turn.turn_id}#{number}": str(verdict.status)
        for one in decided
        for number, verdict in enumerate(one.verdicts)
        if verdict.claim.kind is ClaimKind.CLAIM
    }
    plain = PlainCheck(
        PlainScorer(models.nli_folder, "cpu", models.scorer.digest), reader, embedder, index, top_k=3
    )
    found = plain.decide(TURNS)

    assert found.statuses == wanted
    assert plain.decide_same_evidence(TURNS) == wanted
    assert len(found.claim_seconds) == len(found.pairs) == len(wanted) == 4


def test_without_its_data_the_benchmark_says_so_and_fails_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HALLUGUARD_DATA", str(tmp_path))

    assert main(["--sample", "2"]) == 0
    assert "ragtruth_qa_test" in "".join(capsys.readouterr())


def test_the_peak_of_a_process_is_its_own_and_not_that_of_its_parent(root, models):
    code = "from evals.speed_run import _peak_mib; print(_peak_mib())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True, check=True
    )

    assert models.device == "cpu"  # both models are in this process, and neither in the other
    assert 10 < float(done.stdout) < resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - 50
