"""The options that several verbs take, each said once, and what they are turned into."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from halluguard.errors import InputError, SettingError

if TYPE_CHECKING:
    from halluguard.api import ModelChoice
    from halluguard.gate import Condition

Log = Annotated[
    Path,
    typer.Argument(
        help="Conversation log: JSONL, JSONL.gz or Parquet; - is standard input.", show_default=False
    ),
]
RunPath = Annotated[Path, typer.Argument(help="Run directory.", show_default=False)]
Trusted = Annotated[
    Path | None,
    typer.Option(
        "--trusted",
        help="Trusted corpus: folder, JSONL, or an index built before; without it only citations are checked.",
    ),
]
KnownFalsePath = Annotated[
    Path | None,
    typer.Option(
        "--known-false", help="Statements known to be false, one a line: what says one is contradicted."
    ),
]
Store = Annotated[Path, typer.Option("--store", help="Vector store under suspicion.", show_default=False)]
CollectionName = Annotated[
    str | None,
    typer.Option(
        "--collection",
        help="Chroma or Qdrant collection, where several hold entries (Qdrant: NAME/VECTOR where it has several vectors).",
    ),
]
Output = Annotated[Path, typer.Option("-o", "--output", help="Where the results go.", show_default=False)]
NliModel = Annotated[
    str | None, typer.Option("--nli-model", help="NLI model folder or hub name; default: the one shipped.")
]
EmbedderName = Annotated[
    str | None, typer.Option("--embedder", help="Embedder folder or hub name; default: all-MiniLM-L6-v2.")
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        help="auto, cpu, cuda, or cpu:bfloat16: faster on CPUs with AMX, not the same to the last digit.",
    ),
]
CachePath = Annotated[
    Path | None, typer.Option("--cache", help="Verdict cache file; default: the user's cache folder.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Keep verdicts in memory only.")]
CalibrationPath = Annotated[
    Path | None, typer.Option("--calibration", help="Calibration made by `halluguard calibrate`.")
]
FailOn = Annotated[
    list[str] | None,
    typer.Option("--fail-on", help="Failing condition, e.g. 'ungrounded_rate>0.05'; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Read at most this many turns.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first row that is not a turn.")]
AssumeTz = Annotated[
    str | None, typer.Option("--assume-tz", help="Zone of timestamps that name none, e.g. UTC or +01:00.")
]
Format = Annotated[
    str | None, typer.Option("--format", help="Log format, where it shall not be told by content.")
]
FieldMap = Annotated[
    list[str] | None,
    typer.Option("--map", help="Field of the log for a name of a turn, e.g. answer=output.text; repeatable."),
]
TopK = Annotated[int, typer.Option("--top-k", min=1, max=100, help="Trusted chunks read for each claim.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Refuse to start anew: only go on with a run that is already there.")
]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Draw no progress bar.")]


def model_choice(
    nli: str | None,
    embedder: str | None,
    device: str,
    *,
    cache: Path | None = None,
    no_cache: bool = False,
    calibration: Path | None = None,
) -> "ModelChoice":
    """Return the models that the options name; nothing is loaded yet."""
    from halluguard.api import ModelChoice

    return ModelChoice(nli, embedder, device, cache or not no_cache, calibration)


def gate(texts: list[str] | None) -> "list[Condition]":
    """Return the conditions of `--fail-on`; a slip in one is said before any work, not after it."""
    if not texts:
        return []
    from halluguard.gate import parse_condition, require_known
    from halluguard.grounding.summary import summarise

    conditions = [parse_condition(text) for text in texts]
    require_known(conditions, summarise({})["summary"])
    return conditions


def field_map(pairs: list[str] | None) -> dict[str, str]:
    """Return the fields of the log that `--map` names, by name of a turn; raises SettingError."""
    split = [pair.partition("=") for pair in pairs or ()]
    for name, sign, field in split:
        if not (name and sign and field):
            raise SettingError(
                f"--map {name + sign + field!r} is not NAME=FIELD. Expected one such as answer=output.text"
            )
    return {name: field for name, _, field in split}


def require_run(output: Path, resume: bool) -> None:
    """Refuse `--resume` where there is no run to go on with."""
    if resume and not (output / "manifest.json").is_file():
        raise InputError(f"{output}: nothing to resume, no manifest.json. Leave --resume out to start")


def moment(option: str, text: str | None) -> datetime | None:
    """Return the time that an option names, in UTC; raises SettingError where it is none or has no zone."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise SettingError(f"{option} {text!r}. Expected a time with its zone, such as 2026-03-22T09:30:00Z")
    return found.astimezone(UTC)


def probe_counts(text: str | None) -> tuple[int, int]:
    """Return hits and probes of `--probes HITS/PROBES`; raises SettingError."""
    if text is None:
        return 0, 0
    hits, _, asked = text.partition("/")
    if not (hits.isdecimal() and asked.isdecimal()):
        raise SettingError(f"--probes {text!r}. Expected hits and probes, such as 0/60")
    return int(hits), int(asked)
