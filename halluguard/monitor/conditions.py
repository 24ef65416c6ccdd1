"""Whether two runs were made alike: where models, thresholds or documents differ, so may verdicts, whatever the answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from halluguard.run import Run

_SHOWN = 12
"""Characters shown of a digest."""

_MODELS = {"nli": "NLI model", "embedder": "embedder"}
_INPUTS = {"trusted": "trusted corpus", "known_false": "statements known to be false"}


def differing_conditions(before: Run, after: Run) -> tuple[str, ...]:
    """Return, a line each, what was otherwise when the second run was made; nothing where a verdict means the same in both."""
    return tuple(_differences(before.manifest, after.manifest))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for part, names in (("models", _MODELS), ("inputs", _INPUTS)):
        old, new = before.get(part) or {}, after.get(part) or {}
        for key, name in names.items():
            if _digest(old.get(key)) != _digest(new.get(key)):
                yield f"{name}: {_named(old.get(key))} -> {_named(new.get(key))}"
    if before.get("thresholds") != after.get("thresholds"):
        yield "thresholds: another calibration"
    old, new = before.get("settings") or {}, after.get("settings") or {}
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"setting {key}: {old.get(key)!r} -> {new.get(key)!r}"
    for key in ("version", "device"):
        if before.get(key) != after.get(key):
            yield f"{key}: {before.get(key)} -> {after.get(key)}"


def _digest(described: Mapping[str, Any] | None) -> str | None:
    return None if described is None else described.get("sha256") or described.get("digest")


def _named(described: Mapping[str, Any] | None) -> str:
    if described is None:
        return "none"
    return (
        f"{described.get('name') or described.get('path', 'unnamed')} ({(_digest(described) or '')[:_SHOWN]})"
    )
