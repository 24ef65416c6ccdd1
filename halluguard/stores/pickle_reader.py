"""Read the plain data out of a store's pickle without ever importing or calling what it names.

This file is run as a script in a child process (`python -I pickle_reader.py SHAPE FILE`) with limits on memory, time
and files, and imports the standard library alone. It writes JSON lines to standard output: first one `report`, then,
if nothing was refused, the content. The rules are those of an allow list: exact (module, name) pairs, inert records in
place of every class, a refusal of opcodes that no store needs.
"""

import base64
import io
import json
import pickle  # only the opcode table and a subclass that resolves nothing
import pickletools
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn, Self

MAX_FILE = 8 << 30
MAX_OPCODES = 400_000_000
MAX_STRING = 64 << 20
MAX_DEPTH = 60

PAIRS = {
    "langchain": {
        ("langchain_core.documents.base", "Document"),
        ("langchain_community.docstore.in_memory", "InMemoryDocstore"),
        ("langchain.docstore.in_memory", "InMemoryDocstore"),
        ("langchain.docstore.document", "Document"),
        ("langchain.schema", "Document"),
        ("langchain.schema.document", "Document"),
        ("langchain_classic.docstore.in_memory", "InMemoryDocstore"),
    },
    "chroma": {("chromadb.segment.impl.vector.local_persistent_hnsw", "PersistentData")},
}
"""The classes a store of each shape names; each is replaced by a record of its state."""

VALUES = {
    ("datetime", "datetime"),
    ("datetime", "date"),
    ("datetime", "timezone"),
    ("datetime", "timedelta"),
    ("uuid", "UUID"),
    ("decimal", "Decimal"),
    ("pathlib", "PosixPath"),
    ("pathlib", "PurePosixPath"),
    ("pathlib", "WindowsPath"),
    ("pathlib", "PureWindowsPath"),
}
"""Plain values that metadata may hold; their arguments are recorded, never used."""

SETS: dict[tuple[str, str], type] = {
    (module, name): kind
    for module in ("builtins", "__builtin__")
    for name, kind in (("set", set), ("frozenset", frozenset))
}
FAMILIAR = set().union(*PAIRS.values(), VALUES, SETS)
REFUSED = frozenset(
    {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "INST", "OBJ", "NEXT_BUFFER", "READONLY_BUFFER"}
)
MEMO_WRITES = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})


class RefusedError(Exception):
    """The pickle asks for something that no store of its shape needs."""


class CutError(Exception):
    """The pickle ends before its end."""


class Record:
    """What stands in for every class: the name it had, the arguments and the state it was given."""

    origin = ("", "")

    def __new__(cls, *args: Any, **_: Any) -> Self:
        """Keep the arguments and nothing else."""
        made = object.__new__(cls)
        made.__dict__["args"] = args
        made.__dict__["state"] = {}
        return made

    def __setstate__(self, state: Any) -> None:
        """Keep the state as data; no attribute of it is set."""
        self.__dict__["state"] = state


class Thing(Record):
    """A class of the store: made without arguments and given a state, never called."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise RefusedError(f"a call of {'.'.join(self.origin)}")


class Value(Record):
    """A plain value of the metadata: the call that would make it is recorded."""

    def __init__(self, *args: Any, **_: Any) -> None:
        pass


class Foreign(Record):
    """Anything else: recorded so that the rest of the names come to light, then the whole is refused."""

    def __init__(self, *args: Any, **_: Any) -> None:
        pass


class Reader(pickle.Unpickler):
    """An unpickler that resolves no name: every pair becomes a record."""

    def __init__(self, stream: BinaryIO, shape: str) -> None:
        super().__init__(stream)
        self.allowed = PAIRS[shape]
        self.seen: dict[tuple[str, str], type] = {}

    def find_class(self, module: str, name: str) -> type:
        """Return the inert stand-in of a pair, and remember that it was asked for."""
        pair = (module, name)
        if pair not in self.seen:
            base = Thing if pair in self.allowed else Value if pair in VALUES else Foreign
            self.seen[pair] = SETS.get(pair) or type("Stub", (base,), {"origin": pair})
        return self.seen[pair]

    def persistent_load(self, pid: Any) -> NoReturn:  # noqa: ARG002
        """Refuse: a store has no objects outside its pickle."""
        raise RefusedError("a persistent id")


class _Seen:
    """What the scan has come across; the last two strings are what a STACK_GLOBAL most likely names."""

    def __init__(self) -> None:
        self.names: set[tuple[str, str]] = set()
        self.refused: set[str] = set()
        self.strings = ("", "")


def scan(stream: BinaryIO) -> dict[str, Any]:
    """Go through the opcodes without running them.

    Returns `globals` (pairs as far as the opcodes show), `refused` (why the pickle must not be loaded) and
    `trailing` (bytes after its end). Raises `CutError` where the file ends too early.
    """
    seen = _Seen()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    count = 0
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            count += 1
            _inspect(opcode.name, argument, count, seen)
            if count > MAX_OPCODES:
                seen.refused.add(f"more than {MAX_OPCODES:,} opcodes")
                break
    except (ValueError, OverflowError, MemoryError) as error:
        seen.refused.update(_explain_stop(str(error), size, stream.tell()))
        if not seen.refused and not seen.names - FAMILIAR:
            raise CutError(f"ends after {count:,} opcodes, before its end mark") from error
        seen.refused.add("bytes that are no whole pickle")
    trailing = 0 if seen.refused else size - stream.tell()
    return {"globals": sorted(seen.names), "refused": sorted(seen.refused), "trailing": trailing}


def _inspect(opcode: str, argument: Any, count: int, seen: _Seen) -> None:
    """Add to `seen` what one opcode names or asks for."""
    if opcode in REFUSED:
        seen.refused.add(f"opcode {opcode}")
    if opcode in MEMO_WRITES and argument > count:
        seen.refused.add(
            f"memo slot {argument:,}"
        )  # the unpickler would reserve memory for all slots below it
    if opcode == "FRAME" and argument > MAX_STRING:
        seen.refused.add(f"a frame of {argument:,} bytes")
    if isinstance(argument, str | bytes | bytearray) and len(argument) > MAX_STRING:
        seen.refused.add(f"a string of {len(argument):,} bytes")
    if opcode in {"GLOBAL", "INST"} and isinstance(argument, str):
        module, _, name = argument.partition(" ")
        seen.names.add((module, name))
    elif opcode == "STACK_GLOBAL":
        seen.names.add((seen.strings[0], seen.strings[1]))
    elif isinstance(argument, str):
        seen.strings = (seen.strings[1], argument)


def _explain_stop(message: str, size: int, at: int) -> set[str]:
    """Tell a header that claims far more than the file holds from a file that was merely cut."""
    claimed = [int(word) for word in message.replace(",", " ").split() if word.isdigit()]
    if any(claim > max(MAX_STRING, size) for claim in claimed):
        return {f"a length of {max(claimed):,} bytes in a file of {size:,}"}
    return (
        set()
        if "exhausted" in message or "expected" in message or "not enough" in message or at >= size
        else {message[:120]}
    )


def load(stream: BinaryIO, shape: str) -> tuple[Any, dict[str, Any]]:
    """Return the content as plain data and records, or None, beside the report of what was seen."""
    report = scan(stream)
    if report["refused"]:
        return None, _judge(report, shape, {})
    stream.seek(0)
    reader = Reader(stream, shape)
    content = None
    try:
        content = reader.load()
    except RefusedError as error:
        report["refused"] = [str(error)]
    except Exception as error:  # noqa: BLE001  # whatever a hostile pickle provokes is a refusal, not a crash
        report["refused"] = [f"{type(error).__name__}: {str(error)[:120]}"]
    report = _judge(report, shape, reader.seen)
    return (None if report["refused"] or report["foreign"] else content), report


def load_bounded(stream: BinaryIO, shape: str, size: int) -> tuple[Any, dict[str, Any]]:
    """Load a pickle of a size; what breaks a bound is a refusal in the report."""
    problem = f"{size:,} bytes, more than {MAX_FILE:,}" if size > MAX_FILE else ""
    try:
        if not problem:
            return load(stream, shape)
    except (RefusedError, MemoryError, RecursionError) as error:
        problem = str(error) or type(error).__name__
    return None, {"globals": [], "foreign": [], "refused": [problem], "trailing": 0}


def _judge(report: dict[str, Any], shape: str, seen: dict[tuple[str, str], type]) -> dict[str, Any]:
    """Join what the scan saw with what the unpickler was asked for; the unpickler's word counts where it spoke."""
    pairs = set(seen) if seen else {tuple(pair) for pair in report["globals"]}
    known = PAIRS[shape] | VALUES | set(SETS)
    return report | {"globals": _dotted(pairs), "foreign": _dotted(pairs - known)}


def _dotted(pairs: set[Any]) -> list[str]:
    return sorted(".".join(pair) for pair in pairs)


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON data; records of values become text, anything else its kind in brackets."""
    if depth > MAX_DEPTH:
        raise RefusedError(f"data nested more than {MAX_DEPTH} deep")
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, dict):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item, depth + 1) for item in value), key=str)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    return _write_value(value) if isinstance(value, Value) else f"<{type(value).__name__}>"


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(plain(key, MAX_DEPTH))


def _write_value(value: Value) -> str:
    """Write a recorded datetime, path, number or UUID as people do, from its arguments alone."""
    name, args = value.origin[1], value.args  # type: ignore[attr-defined]
    if name in {"datetime", "date"} and args and isinstance(args[0], bytes) and len(args[0]) in {4, 10}:
        return _write_date(args[0])
    if name.endswith("Path"):
        return "/".join(str(part) for part in args).replace("//", "/")
    state = value.state  # type: ignore[attr-defined]
    if name == "UUID" and isinstance(state, dict) and isinstance(state.get("int"), int):
        digits = f"{state['int']:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return str(args[0]) if len(args) == 1 and isinstance(args[0], str) else f"<{name}>"


def _write_date(packed: bytes) -> str:
    date = f"{packed[0] << 8 | packed[1]:04d}-{packed[2] & 127:02d}-{packed[3]:02d}"
    if len(packed) == 4:
        return date
    micro = int.from_bytes(packed[7:10])
    return f"{date}T{packed[4]:02d}:{packed[5]:02d}:{packed[6]:02d}" + (f".{micro:06d}" if micro else "")


def _state(record: Any) -> dict[str, Any]:
    """Return the fields of a record; pydantic keeps them under `__dict__` of its state."""
    state = record.__dict__.get("state") if isinstance(record, Record) else None
    if isinstance(state, tuple) and len(state) == 2:
        state = state[0]
    if not isinstance(state, dict):
        raise RefusedError(f"a {type(record).__name__} where a document belongs")
    inner = state.get("__dict__")
    return inner if isinstance(inner, dict) else state


def langchain_lines(content: Any) -> Iterator[dict[str, Any]]:
    """Yield one row per position of the id map, then one per document the map does not name."""
    if not (isinstance(content, tuple) and len(content) == 2 and isinstance(content[1], dict)):
        raise RefusedError("something else than a pair of docstore and id map")
    documents, positions = _state(content[0]).get("_dict"), content[1]
    if not isinstance(documents, dict) or not all(type(key) is int for key in positions):
        raise RefusedError("something else than a pair of docstore and id map")
    for position, key in sorted(positions.items()):
        yield {"position": position, "id": _key(key), **_document(documents.get(key))}
    mapped = set(positions.values())
    for key, document in documents.items():
        if key not in mapped:
            yield {"position": None, "id": _key(key), **_document(document)}


def _document(record: Any) -> dict[str, Any]:
    if record is None:
        return {"text": None, "metadata": {}}
    fields = _state(record)
    text, metadata = fields.get("page_content"), fields.get("metadata")
    return {
        "text": text if isinstance(text, str) else None,
        "metadata": plain(metadata) if isinstance(metadata, dict) else {},
    }


def chroma_lines(content: Any) -> Iterator[dict[str, Any]]:
    """Yield the one row of a vector segment's metadata."""
    fields = content if isinstance(content, dict) else _state(content)
    labels = fields.get("id_to_label")
    if not isinstance(labels, dict) or not all(type(label) is int for label in labels.values()):
        raise RefusedError("something else than a map of ids to labels")
    yield {
        "dimension": plain(fields.get("dimensionality")),
        "max_seq_id": plain(fields.get("max_seq_id")),
        "id_to_label": {_key(key): label for key, label in labels.items()},
    }


LINES = {"langchain": langchain_lines, "chroma": chroma_lines}


def confine(size: int) -> None:
    """Take away what reading data does not need: memory beyond a bound, time, new files, and every outward call."""
    import resource

    memory = (1 << 30) + 16 * size
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (900, 900))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    watched = ("os.", "subprocess.", "socket.", "shutil.", "ctypes.", "import", "open", "exec", "compile")

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event.startswith(watched):
            raise RefusedError(f"an attempt at {event}")

    sys.addaudithook(refuse)


def main(shape: str, path: str) -> None:
    """Write the report and the content of one pickle to standard output."""
    write = sys.stdout.write
    with open(path, "rb") as stream:  # noqa: PTH123  # no import more than needed
        size = stream.seek(0, io.SEEK_END)
        _prepare()
        confine(size)
        try:
            content, report = load_bounded(stream, shape, size)
        except CutError as error:
            write(json.dumps({"cut": str(error)}) + "\n")
            return
        write(json.dumps({"report": report}) + "\n")
        if content is None:
            return
        try:
            for line in LINES[shape](content):
                write(json.dumps(line) + "\n")
        except (RefusedError, RecursionError) as error:
            write(json.dumps({"broken": str(error) or type(error).__name__}) + "\n")


def _prepare() -> None:
    """Import now what the codecs of a pickle's text opcodes would import later, when imports are refused."""
    for name in ("raw-unicode-escape", "ascii", "latin-1", "utf-8", "unicode-escape"):
        "x".encode(name)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
