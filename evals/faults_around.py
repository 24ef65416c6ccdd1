"""Faults in what stands around an entry: its source, its versions, a known bad text, the log."""

from collections import defaultdict
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from evals.fault_types import Faulty, Rows, Tools, ids_of
from halluguard.forensics.integrity import Code
from halluguard.records import Chunk, Turn


def edit(text: str, rng: np.random.Generator) -> str:
    """Change what a sentence says: two words among the first hundred exchanged for other names."""
    words = text.split()
    for at in rng.choice(min(len(words), 100), size=2, replace=False):
        words[at] = str(rng.choice(["Kathmandu", "1847", "Eleanor", "copper", "never", "Saskatchewan"]))
    return " ".join(words)


def touch_up(text: str, rng: np.random.Generator) -> str:
    """Make the small changes of a re-crawl: a footnote mark, a dropped filler word."""
    words = text.split()
    at = int(rng.integers(1, len(words)))
    return " ".join([*words[:at], "[4]", *words[at:]])


def _drift(text: str, rng: np.random.Generator) -> str:
    """Exchange a quarter of the words."""
    words = text.split()
    for at in rng.choice(len(words), size=len(words) // 4, replace=False):
        words[at] = str(rng.choice(["indeed", "reported", "further", "main", "early", "several"]))
    return " ".join(words)


def known_bad(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
    """Copies of one bad text, each drifted another way, in place of the chosen entries."""
    bad = "The Meridian Charter of 1911 was signed in Trieste by eleven delegates, and its third article still forbids any canal."
    rows, vectors = list(clean.rows), clean.vectors.copy()
    for at in chosen:
        rows[at] = {**rows[at], "text": _drift(bad, tools.rng)}
    vectors[chosen] = tools.encode([str(rows[at]["text"]) for at in chosen])
    return Faulty(
        Rows(tuple(rows), vectors), (Code.COPY_OF_KNOWN_BAD,), ids_of(clean, chosen), known_bad=(bad,)
    )


def ghosts(clean: Rows, chosen: NDArray[np.int64], _: Tools) -> Faulty:
    """Entries deleted from the store that the log has retrieved, beside others that are still there."""
    kept = [at for at in range(len(clean.rows)) if at not in set(chosen.tolist())]
    turns = tuple(
        Turn(
            f"t{at}",
            "An answer.",
            retrieved=(Chunk(str(clean.rows[at]["id"])), Chunk(str(clean.rows[kept[0]]["id"]))),
        )
        for at in chosen
    )
    store = Rows(tuple(clean.rows[at] for at in kept), clean.vectors[kept])
    return Faulty(store, (Code.GHOST_RETRIEVED,), ids_of(clean, chosen), turns=turns)


def write_back(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
    """Answers of the log, stored a day later; the answers rest on other entries that they quote."""
    made = tuple(f"{edit(clean.text(at), tools.rng)} This was confirmed by the help desk." for at in chosen)
    turns = tuple(
        Turn(
            f"t{at}",
            f"Sure. {text}",
            timestamp=datetime(2025, 5, 1, tzinfo=UTC),
            retrieved=(Chunk(str(clean.rows[at]["id"]), clean.text(at)),),
        )
        for at, text in zip(chosen, made, strict=True)
    )
    added = tuple(
        {"id": f"back-{at}", "text": text, "ingested_at": "2025-05-02T00:00:00Z"}
        for at, text in zip(chosen, made, strict=True)
    )
    store = Rows((*clean.rows, *added), np.concatenate([clean.vectors, tools.encode(made)]))
    return Faulty(store, (Code.WRITTEN_BACK,), frozenset(str(row["id"]) for row in added), turns=turns)


def change_since_log(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
    """Entries that the log retrieved with another text than they hold now, beside others retrieved as they are."""
    shown = np.roll(chosen, 1)
    turns = tuple(
        Turn(
            f"t{at}",
            "An answer.",
            retrieved=(
                Chunk(str(clean.rows[at]["id"]), clean.text(other)),
                Chunk(str(clean.rows[same]["id"]), clean.text(same)),
            ),
        )
        for at, other, same in zip(chosen, shown, _others(clean, chosen, tools), strict=True)
    )
    return Faulty(clean, (Code.TEXT_CHANGED_SINCE_LOG,), ids_of(clean, chosen), turns=turns)


def _others(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> NDArray[np.int64]:
    kept = np.setdiff1d(np.arange(len(clean.rows)), chosen)
    return tools.rng.choice(kept, size=len(chosen))


def leave_older(clean: Rows, chosen: NDArray[np.int64], tools: Tools) -> Faulty:
    """Older versions left after a second ingestion: same source, a day earlier, a footnote and a word apart."""
    rows = [{**row, "ingested_at": "2025-05-02T00:00:00Z"} for row in clean.rows]
    texts = [touch_up(clean.text(at), tools.rng) for at in chosen]
    for at in chosen:
        rows[at]["source"] = f"page-{at}"
    added = [
        {**rows[at], "id": f"older-{at}", "text": text, "ingested_at": "2025-05-01T00:00:00Z"}
        for at, text in zip(chosen, texts, strict=True)
    ]
    store = Rows((*rows, *added), np.concatenate([clean.vectors, tools.encode(texts)]))
    return Faulty(store, (Code.SUPERSEDED,), frozenset(str(row["id"]) for row in added))


def sources_of(clean: Rows) -> dict[str, str]:
    """Return, by source, the texts of its entries one after the other, as the page they were cut from."""
    pages: dict[str, list[str]] = defaultdict(list)
    for row in clean.rows:
        if row.get("source"):
            pages[str(row["source"])].append(str(row["text"]))
    return {source: "\n\n".join(texts) for source, texts in pages.items()}


def remove_sources(clean: Rows, chosen: NDArray[np.int64], _: Tools) -> Faulty:
    """Sources deleted, their entries still served."""
    gone = {clean.rows[at].get("source") for at in chosen} - {None}
    sources = {source: text for source, text in sources_of(clean).items() if source not in gone}
    truth = frozenset(str(row["id"]) for row in clean.rows if row.get("source") in gone)
    return Faulty(clean, (Code.SOURCE_MISSING,), truth, sources=sources)


def name_wrong_source(clean: Rows, chosen: NDArray[np.int64], _: Tools) -> Faulty:
    """Entries that name the source of another."""
    named = [at for at in chosen if clean.rows[at].get("source")]
    rows, truth = list(clean.rows), set()
    for at, other in zip(named, np.roll(named, 1), strict=True):
        if clean.rows[at]["source"] != clean.rows[other]["source"]:
            rows[at] = {**rows[at], "source": clean.rows[other]["source"]}
            truth.add(str(rows[at]["id"]))
    store = Rows(tuple(rows), clean.vectors)
    return Faulty(store, (Code.TEXT_NOT_IN_SOURCE,), frozenset(truth), sources=sources_of(clean))
