"""Run benchmarks: `python -m evals NAME [options]`, `python -m evals all`, `python -m evals tables [--check]`."""

import importlib
import re
import sys
from pathlib import Path

from evals.results import README, render_tables

_MAIN = re.compile(r"^def main\(", re.MULTILINE)


def names() -> list[str]:
    """Return the benchmarks there are: the modules of this package with a `main`. None of them is imported."""
    folder = Path(__file__).parent
    found = (path for path in folder.glob("*.py") if not path.stem.startswith("_"))
    return sorted(path.stem for path in found if _MAIN.search(path.read_text(encoding="utf-8")))


def main(arguments: list[str]) -> int:
    """Run what is asked for and return an exit code; `all` runs every benchmark with its defaults."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(__doc__)
        print("NAME is one of: " + ", ".join(names()))
        return 0 if arguments else 2
    name, rest = arguments[0], arguments[1:]
    if name == "tables":
        return _tables(check="--check" in rest)
    if name == "all":
        return max([_run(one, []) for one in names()], default=0)
    if name not in names():
        print(f"no benchmark {name!r}. Choose one of: {', '.join(names())}", file=sys.stderr)
        return 2
    return _run(name, rest)


def _run(name: str, rest: list[str]) -> int:
    print(f"# {name}", flush=True)
    result = importlib.import_module(f"evals.{name}").main(rest)
    return int(result or 0)


def _tables(*, check: bool) -> int:
    stale = render_tables(Path(README), write=not check)
    if check and stale:
        print(
            f"{README}: not as in evals/results: {', '.join(stale)}. Run `python -m evals tables`",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
