"""The witness of a run: the trusted corpus that a run was checked against, opened again by the stages after the check."""

from pathlib import Path

from halluguard.errors import InputError
from halluguard.grounding.check import digest_path
from halluguard.models import Embedder
from halluguard.run import Run
from halluguard.trusted import TrustedIndex, is_index, open_index


def open_trusted(run: Run, embedder: Embedder) -> TrustedIndex | None:
    """Open the trusted index that a run was checked against; None where it was checked against none.

    Raises:
        InputError: the index is gone, or another one lies in its place.

    """
    built = run.path / "trusted.index"
    if built.is_dir():
        return open_index(built, embedder)
    named = run.manifest.get("inputs", {}).get("trusted")
    return open_index(_find_index(run, named["path"], named.get("sha256")), embedder) if named else None


def _find_index(run: Run, named: str, digest: str | None) -> Path:
    """Return where the index that a run was checked against lies now.

    A relative path is looked for in the working folder, the run's folder and those above it: a check may have been
    started in any of them.
    """
    places = [Path(named), *(folder / named for folder in (run.path, *run.path.resolve().parents))]
    found = [place for place in dict.fromkeys(places) if is_index(place)]
    if not found:
        raise InputError(
            f"{named}: no trusted index is there, nor in {run.path}, which was checked against one. "
            "Put it back, start in the folder where `halluguard check` was started, or check again"
        )
    digests = {place: digest_path(place) for place in found}
    same = [place for place in found if digest in (None, digests[place])]
    if not same:
        raise InputError(
            f"{found[0]}: not the trusted index that {run.path} was checked against: "
            f"its digest is {digests[found[0]][:12]}, the run's manifest says {str(digest)[:12]}. "
            "Put that one back, or check again"
        )
    return same[0]
