"""Read the plain data out of a store's pickle without ever importing or calling what it names.

This file is run as a script in a child process (`python -I pickle_reader.py SHAPE FILE`) with limits on memory, time
and files, and imports the standard library alone. It writes JSON lines to standard output: first one `report`, then,
if nothing was refused, the content. A file of the shape `qdrant` holds many pickles, each behind its length in eight
bytes; one that is refused is a row that says so, and the others are read. The rules are those of an allow list: exact (module, name) pairs, inert records in
place of every class, a refusal of opcodes that no store needs.
"""

import base64
import io
import json
import pickle  # only the opcode table and a subclass that resolves nothing
import pickletools
import struct
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Literal, NoReturn, Self

MAX_FILE = 8 << 30
MAX_OPCODES = 400_000_000
MAX_STRING = 64 << 20
MAX_DEPTH = 60
ROOM, ROOM_TIMES, ROOM_FRAMED = 16 << 20, 16, 64 << 20
"""How much content a pickle may unfold to: so many characters and values, and so many for each of its bytes (parts may be shared)."""

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
    "qdrant": {
        ("qdrant_client.http.models.models", "PointStruct"),
        ("qdrant_client.http.models.models", "SparseVector"),
    },
}
"""The classes a store of each shape names; each is replaced by a record of its state."""

VALUES = {
    ("datetime", "datetime"),
    ("datetime", "date"),
    ("datetime", "time"),
    ("datetime", "timezone"),
    ("datetime", "timedelta"),
    ("uuid", "UUID"),
    ("decimal", "Decimal"),
    ("pathlib", "PosixPath"),
    ("pathlib", "PurePosixPath"),
    ("pathlib", "WindowsPath"),
    ("pathlib", "PureWindowsPath"),
    ("zoneinfo", "ZoneInfo"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"),
    ("pandas._libs.tslibs.timestamps", "Timestamp"),
}
"""Plain values that metadata may hold; their arguments are recorded, never used."""

CONTAINERS: dict[tuple[str, str], type] = {
    (module, name): kind
    for module in ("builtins", "__builtin__")
    for name, kind in (("set", set), ("frozenset", frozenset))
} | {("collections", "OrderedDict"): dict}
ZONE, LOOKUP = ("zoneinfo", "ZoneInfo"), ("builtins", "getattr")
"""A time zone is pickled as a call of what `getattr` finds in its class under the name `_unpickle`."""

FAMILIAR = set().union(*PAIRS.values(), VALUES, CONTAINERS, {LOOKUP})
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
    args: tuple[Any, ...]
    state: Any

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


class Lookup(Record):
    """What stands in for `getattr`: nothing is looked up, and only the maker of a time zone may be asked for."""

    def __new__(cls, *args: Any, **_: Any) -> Any:
        """Return the stand-in of the time zone's class, which records its arguments as its maker would be given them."""
        if len(args) == 2 and getattr(args[0], "origin", None) == ZONE and args[1] == "_unpickle":
            return args[0]
        raise RefusedError(f"a call of {'.'.join(LOOKUP)}")


class Foreign(Record):
    """Anything else: recorded so that the rest of the names come to light, then the whole is refused."""


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
            self.seen[pair] = CONTAINERS.get(pair) or type("Stub", (self._base(pair),), {"origin": pair})
        return self.seen[pair]

    def _base(self, pair: tuple[str, str]) -> type[Record]:
        if pair == LOOKUP:
            return Lookup
        return Thing if pair in self.allowed else Value if pair in VALUES else Foreign

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
    known = PAIRS[shape] | VALUES | set(CONTAINERS) | ({LOOKUP} if ZONE in pairs else set())
    return report | {"globals": _dotted(pairs), "foreign": _dotted(pairs - known)}


def _dotted(pairs: set[Any]) -> list[str]:
    return sorted(".".join(pair) for pair in pairs)


class Room:
    """How much may still be written of a pickle, and what kinds of values were written as another kind."""

    left = ROOM
    converted: set[str]

    def __init__(self) -> None:
        self.converted = set()

    def open(self, size: int) -> None:
        """Begin with a pickle of a size."""
        self.left = ROOM + ROOM_TIMES * size

    def take(self, value: Any) -> None:
        """Count a value; raises where a small pickle unfolds to far more than it holds."""
        self.left -= 1 + (len(value) if isinstance(value, str | bytes | bytearray) else 0)
        if self.left < 0:
            raise RefusedError("content that unfolds to far more than the pickle holds")


ROOM_OF = Room()


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON data; records of values become text, anything else its kind in brackets."""
    if depth > MAX_DEPTH:
        raise RefusedError(f"data nested more than {MAX_DEPTH} deep")
    ROOM_OF.take(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, float) and value - value == 0:
        return value
    return _convert(value, depth)


def _convert(value: Any, depth: int) -> Any:
    """Return a value that JSON has no kind for as one it has."""
    kind = type(value).__name__
    if isinstance(value, Value):
        return _write_value(value, depth)
    ROOM_OF.converted.add("nan or infinity" if isinstance(value, float) else kind)
    if isinstance(value, float):
        return str(value)
    if isinstance(value, tuple):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item, depth + 1) for item in value), key=str)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    return f"<{kind}>"


def _key(key: Any) -> str:
    if isinstance(key, str):
        ROOM_OF.take(key)
        return key
    ROOM_OF.converted.add("key that is no string")
    return str(plain(key, MAX_DEPTH))


def _write_value(value: Value, depth: int) -> Any:
    """Write a recorded datetime, path, number or UUID as people do, from its arguments alone."""
    name, args = value.origin[1], value.args
    if name in {"datetime", "date", "time"} and args and isinstance(args[0], bytes):
        return _write_moment(name, *args[:2])
    if name in {"Timestamp", "_unpickle_timestamp"}:
        return _write_timestamp(*args)
    if name == "scalar" and len(args) == 2:
        return plain(_read_scalar(*args), depth)
    if name == "ZoneInfo" and args and isinstance(args[0], str):
        return args[0]
    if name.endswith("Path"):
        return "/".join(str(part) for part in args).replace("//", "/")
    state = value.state
    if name == "UUID" and isinstance(state, dict) and isinstance(state.get("int"), int):
        digits = f"{state['int']:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return str(args[0]) if len(args) == 1 and isinstance(args[0], str) else f"<{name}>"


def _write_moment(name: str, packed: bytes, zone: Any = None) -> str:
    """Write a date, a time of day or both as ISO 8601, from the bytes that the standard library packs them in."""
    if len(packed) != {"date": 4, "time": 6, "datetime": 10}[name]:
        return f"<{name}>"
    day, clock = b"" if name == "time" else packed[:4], packed[-6:]
    date = f"{day[0] << 8 | day[1]:04d}-{day[2] & 127:02d}-{day[3]:02d}" if day else ""
    if name == "date":
        return date
    micro = int.from_bytes(clock[3:], "big")
    time = f"{clock[0] & 127:02d}:{clock[1]:02d}:{clock[2]:02d}" + (f".{micro:06d}" if micro else "")
    return (f"{date}T" if date else "") + time + _write_zone(zone)


def _write_zone(zone: Any) -> str:
    """Write a time zone as an offset, or by its name in brackets, where only a calendar of zones knows the offset."""
    if zone is None:
        return ""
    if isinstance(key := _argument(zone, "ZoneInfo"), str):
        return f"[{key}]"
    delta = _argument(zone, "timezone")
    days, seconds = _argument(delta, "timedelta"), _argument(delta, "timedelta", 1)
    if type(days) is not int or type(seconds) is not int or abs(seconds := days * 86400 + seconds) >= 86400:
        return "[unknown]"
    hours, rest = divmod(abs(seconds), 3600)
    sign, second = "-" if seconds < 0 else "+", f":{rest % 60:02d}" if rest % 60 else ""
    return f"{sign}{hours:02d}:{rest // 60:02d}{second}"


def _argument(value: Any, name: str, place: int = 0) -> Any:
    """Return an argument of a recorded value of that name, None where it has none or is something else."""
    is_one = isinstance(value, Value) and value.origin[1] == name
    return value.args[place] if is_one and len(value.args) > place else None


FLOATS = {"f2": "e", "f4": "f", "f8": "d"}
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
RESOLUTIONS = {7: "s", 8: "ms", 9: "us", 10: "ns"}
"""Codes of NumPy for what a timestamp of pandas counts; before they were written it counted nanoseconds."""


def _write_timestamp(*args: Any) -> str:
    """Write a timestamp of pandas, which counts from 1970 in UTC whatever its zone is."""
    count, _, zone, code = (*args, None, None, None, None)[:4]
    unit = RESOLUTIONS.get(code, "") if type(code) is int else "ns" if code is None else ""
    return _write_ticks(count, unit) + ("" if zone is None else "+00:00")


def _write_ticks(count: Any, unit: str) -> str:
    """Write a count of seconds, or fractions of them, since 1970."""
    if type(count) is not int or unit not in TICKS:
        return "<timestamp>"
    seconds, ticks = divmod(count, TICKS[unit])
    try:
        moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001  # the caller knows the zone
    except OverflowError:
        return "<timestamp>"
    nanos = f"{ticks * 10**9 // TICKS[unit]:09d}"
    return moment.isoformat() + (f".{nanos.removesuffix('000')}" if ticks else "")


def _read_scalar(kind: Any, packed: Any) -> Any:
    """Return the number, truth value, text or time that NumPy packed into bytes, or its kind in brackets."""
    code, state = _argument(kind, "dtype"), kind.state if isinstance(kind, Value) else ()
    if not isinstance(code, str) or not isinstance(packed, bytes) or not packed:
        return "<scalar>"
    size = len(packed) // 4 if code.startswith("U") else len(packed)
    big = isinstance(state, tuple) and len(state) > 1 and state[1] == ">"
    order: Literal["big", "little"] = "big" if big else "little"
    if code[1:] != str(size):
        return "<scalar>"
    if code in FLOATS:
        return struct.unpack((">" if big else "<") + FLOATS[code], packed)[0]
    if code == "b1":
        return bool(packed[0])
    if code[0] in "iu":
        return int.from_bytes(packed, order, signed=code[0] == "i")
    if code[0] == "U":
        return packed.decode("utf-32-be" if big else "utf-32-le", "replace").rstrip("\0")
    if code == "M8":
        return _write_ticks(int.from_bytes(packed, order, signed=True), _unit(state))
    return packed if code[0] == "S" else "<scalar>"


def _unit(state: Any) -> str:
    """Return what a NumPy time counts, from the end of its type's state."""
    match state:
        case (*_, (_, (bytes(unit), 1, *_))):
            return unit.decode("ascii", "replace")
    return ""


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
        "text": plain(text) if isinstance(text, str) else None,
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


def qdrant_lines(content: Any) -> Iterator[dict[str, Any]]:
    """Yield the one row of a point: its id, its vectors by name ("" for the only one), its payload."""
    fields = _state(content)
    key, vectors, payload = fields.get("id"), fields.get("vector"), fields.get("payload")
    if type(key) not in (int, str):
        raise RefusedError("a point without an id")
    named = vectors if isinstance(vectors, dict) else {"": vectors}
    yield {
        "id": key,
        "vectors": {_key(name): _vector(vector) for name, vector in named.items()},
        "payload": plain(payload) if isinstance(payload, dict) else {},
    }


def _vector(vector: Any) -> Any:
    """Return a dense vector as base64 of its float64 numbers, any other (sparse, of several vectors) as its fields."""
    if isinstance(vector, list) and all(type(number) in (int, float) for number in vector):
        return plain(base64.b64encode(struct.pack(f"<{len(vector)}d", *vector)).decode())
    return plain(_state(vector)) if isinstance(vector, Record) else plain(vector)


LINES = {"langchain": langchain_lines, "chroma": chroma_lines, "qdrant": qdrant_lines}


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
        lines: Iterator[str]
        try:
            if shape == "qdrant":
                report, lines = load_framed(stream, shape, size)
            else:
                ROOM_OF.open(ROOM_TIMES * size)
                content, report = load_bounded(stream, shape, size)
                lines = map(json.dumps, () if content is None else LINES[shape](content))
        except CutError as error:
            write(json.dumps({"cut": str(error)}) + "\n")
            return
        write(json.dumps({"report": report}) + "\n")
        try:
            for line in lines:
                write(line + "\n")
        except (RefusedError, RecursionError) as error:
            write(json.dumps({"broken": str(error) or type(error).__name__}) + "\n")
            return
        if ROOM_OF.converted:
            write(json.dumps({"converted": sorted(ROOM_OF.converted)}) + "\n")


def load_framed(stream: BinaryIO, shape: str, size: int) -> tuple[dict[str, Any], Iterator[str]]:
    """Return what was seen in all pickles of a file, and a line for each, null for one that was refused."""
    report: dict[str, Any] = {"globals": set(), "foreign": set(), "refused": set(), "trailing": 0}
    rows: list[str] = []
    left = ROOM_FRAMED + ROOM_TIMES * size
    stream.seek(0)
    while stream.tell() < size:
        (length,) = struct.unpack("<Q", stream.read(8))
        row, seen = _load_one(stream.read(length), shape)
        left -= len(row)
        if left < 0:
            row, seen = "null", _refused("content that unfolds to far more than the points hold")
        for name in ("globals", "foreign", "refused"):
            report[name].update(seen[name])
        report["trailing"] += seen["trailing"]
        rows.append(row)
    made = {name: sorted(found) if isinstance(found, set) else found for name, found in report.items()}
    return made, iter(rows)


def _load_one(blob: bytes, shape: str) -> tuple[str, dict[str, Any]]:
    """Return the line of one pickle, and what was seen in it; whatever it provokes is a refusal of this one alone."""
    ROOM_OF.open(len(blob))
    try:
        content, report = load_bounded(io.BytesIO(blob), shape, len(blob))
        row = "null" if content is None else json.dumps(next(LINES[shape](content)))
    except Exception as error:  # noqa: BLE001  # a hostile pickle is a refusal, not a crash
        return "null", _refused(f"{type(error).__name__}: {str(error)[:120]}")
    return row, report


def _refused(why: str) -> dict[str, Any]:
    return {"globals": [], "foreign": [], "refused": [why], "trailing": 0}


def _prepare() -> None:
    """Import now what the codecs of a pickle's text opcodes would import later, when imports are refused."""
    for name in (
        "raw-unicode-escape",
        "ascii",
        "latin-1",
        "utf-8",
        "unicode-escape",
        "utf-32-le",
        "utf-32-be",
    ):
        "x".encode(name)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
