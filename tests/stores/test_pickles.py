"""Hostile pickles do nothing, are reported, and do not keep the vectors from being read."""

import copyreg
import datetime as dt
import decimal
import io
import os
import pickle
import struct
import uuid
import zoneinfo
from collections import OrderedDict, defaultdict
from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.errors import StoreError
from halluguard.stores import StoreCode, open_store
from halluguard.stores.pickle_reader import CutError, load, plain


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.reduced = (function, arguments)

    def __reduce__(self):
        return self.reduced


def hostile(marker):
    command = f"touch {marker}"
    return {
        "os.system": pickle.dumps(Call(os.system, command), 4),
        "protocol 0": pickle.dumps(Call(os.system, command), 0),
        "nested reduce": pickle.dumps(
            ({}, [Call(eval, f"__import__('os').system({command!r})"), Call(pickle.loads, b"x"), 1]), 4
        ),
        "reduce in reduce": pickle.dumps(Call(map, Call(os.system, command), "x"), 2),
        "inst": b"(S'" + command.encode() + b"'\nios\nsystem\n.",
        "obj": b"(cos\nsystem\nS'" + command.encode() + b"'\no.",
        "dotted": b"\x80\x04\x8c\x1elangchain_core.documents.base\x8c\x11Document.__init__\x93.",
        "class called": b"\x80\x04\x8c\x1dlangchain_core.documents.base\x8c\x08Document\x93)R.",
        "unknown class": b"\x80\x04\x8c\x04evil\x8c\x05Thing\x93)\x81}b.",
        "persistent id": b"Psomewhere\n.",
        "binary persistent id": b"\x80\x04\x8c\x01xQ.",
        "extension": b"\x80\x02\x82\x07.",
        "extension 4": b"\x80\x02\x84\x07\x00\x00\x00.",
        "2 GB string": b"\x80\x04X" + struct.pack("<I", 2**31) + b"abc.",
        "2 GB frame": b"\x80\x04\x95" + struct.pack("<Q", 2**31) + b"K\x01.",
        "2 GB byte array": b"\x80\x05\x96" + struct.pack("<Q", 2**31) + b"abc.",
        "memo bomb": b"\x80\x02Nr\xff\xff\xff\x7f.",
        "no pickle": b"\xfe\xfd\xfc not a pickle at all",
        "another shape": pickle.dumps([1, 2, 3], 4),
    }


NAMES = sorted(hostile("x"))


@pytest.mark.parametrize("name", NAMES)
def test_hostile_pickle_does_nothing_is_reported_and_the_vectors_are_read(
    faiss_store, copy_of, tmp_path, vectors_of, name
):
    folder, marker = copy_of(faiss_store), tmp_path / "marker"
    (folder / "index.pkl").write_bytes(hostile(marker)[name])

    store = open_store(folder)

    assert not marker.exists()
    assert {reason.code for reason in store.findings()} & {
        StoreCode.FOREIGN_PICKLE_GLOBAL,
        StoreCode.PICKLE_REFUSED,
    }
    np.testing.assert_array_equal([entry.vector for entry in store.entries()], vectors_of(40))
    assert all(entry.text is None for entry in store.entries())


def test_foreign_names_are_printed_in_full(faiss_store, copy_of, tmp_path):
    folder = copy_of(faiss_store)
    (folder / "index.pkl").write_bytes(pickle.dumps((Call(os.system, "true"), Call(eval, "1")), 4))

    (reason,) = open_store(folder).findings()

    assert reason.code == StoreCode.FOREIGN_PICKLE_GLOBAL
    assert f"{os.system.__module__}.system" in reason.detail
    assert "builtins.eval" in reason.detail


def test_a_payload_hidden_in_one_document_of_a_real_store_is_found(faiss_store, copy_of, tmp_path):
    folder, marker = copy_of(faiss_store), tmp_path / "marker"
    docstore, ids = pickle.loads((folder / "index.pkl").read_bytes())
    docstore._dict["e5"].metadata["x"] = Call(os.system, f"touch {marker}")
    (folder / "index.pkl").write_bytes(pickle.dumps((docstore, ids)))

    store = open_store(folder)

    assert not marker.exists()
    assert [reason.code for reason in store.findings()] == [StoreCode.FOREIGN_PICKLE_GLOBAL]


def test_extension_registered_in_this_process_is_still_refused(faiss_store, copy_of):
    folder = copy_of(faiss_store)
    copyreg.add_extension("os", "system", 7)
    try:
        (folder / "index.pkl").write_bytes(b"\x80\x02\x82\x07.")
        (reason,) = open_store(folder).findings()
    finally:
        copyreg.remove_extension("os", "system", 7)

    assert reason.code == StoreCode.PICKLE_REFUSED
    assert "EXT1" in reason.detail


def test_plain_values_of_metadata_are_written_as_text(faiss_store, copy_of):
    folder = copy_of(faiss_store)
    docstore, ids = pickle.loads((folder / "index.pkl").read_bytes())
    key = uuid.UUID(int=5)
    docstore._dict["e0"].metadata |= {
        "at": dt.datetime(2025, 3, 4, 5, 6, 7),  # noqa: DTZ001  # as a loader writes it
        "day": dt.date(2025, 3, 4),
        "key": key,
        "price": decimal.Decimal("1.50"),
        "path": PurePosixPath("/a/b.md"),
        "tags": {"b", "a"},
    }
    (folder / "index.pkl").write_bytes(pickle.dumps((docstore, ids)))

    store = open_store(folder)
    metadata = next(store.entries()).metadata

    assert store.findings() == ()
    assert metadata["at"] == "2025-03-04T05:06:07"
    assert (metadata["day"], metadata["key"], metadata["price"]) == ("2025-03-04", str(key), "1.50")
    assert (metadata["path"], metadata["tags"]) == ("/a/b.md", ["a", "b"])


UTC, EAST, WEST = (dt.timezone(dt.timedelta(minutes=m)) for m in (0, 120, -210))
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOON = dt.datetime(2024, 5, 1, 12)  # noqa: DTZ001  # zones are given below
VALUES = {
    "utc": (NOON.replace(tzinfo=UTC), "2024-05-01T12:00:00+00:00"),
    "east": (NOON.replace(tzinfo=EAST), "2024-05-01T12:00:00+02:00"),
    "west": (NOON.replace(tzinfo=WEST, microsecond=5), "2024-05-01T12:00:00.000005-03:30"),
    "named zone": (NOON.replace(tzinfo=dt.timezone(dt.timedelta(0, 1), "X")), "2024-05-01T12:00:00+00:00:01"),
    "zone of a place": (NOON.replace(tzinfo=BERLIN), "2024-05-01T12:00:00[Europe/Berlin]"),
    "a zone alone": (BERLIN, "Europe/Berlin"),
    "time": (dt.time(1, 2, 3), "01:02:03"),
    "time and zone": (dt.time(1, 2, 3, 4, tzinfo=EAST), "01:02:03.000004+02:00"),
    "ordered": (OrderedDict(b=1, a=OrderedDict(c=(2, 3))), {"b": 1, "a": {"c": [2, 3]}}),
    "float64": (np.float64(0.5), 0.5),
    "float32": (np.float32(1.5), 1.5),
    "float16": (np.float16(2), 2.0),
    "big-endian": (Call(np._core.multiarray.scalar, np.dtype(">i4"), b"\0\0\1\5"), 261),
    "wrong length": (Call(np._core.multiarray.scalar, np.dtype("<i4"), b"\0\0\1"), "<scalar>"),
    "not a number": (np.float64("nan"), "nan"),
    "int64": (np.int64(-5), -5),
    "uint8": (np.uint8(255), 255),
    "bool": (np.bool_(True), True),
    "str": (np.str_("häß"), "häß"),
    "datetime64": (np.datetime64("2024-05-01T12:00:00.5"), "2024-05-01T12:00:00.500000"),
    "longdouble": (np.longdouble(2), "<scalar>"),
}


@pytest.mark.parametrize("name", VALUES)
def test_known_value_is_written_from_its_arguments_alone(name):
    value, expected = VALUES[name]

    content, report = load(io.BytesIO(pickle.dumps({"k": value, "again": [value]}, 4)), "langchain")

    assert report["foreign"] == report["refused"] == []
    assert plain(content) == {"k": expected, "again": [expected]}


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-05-01", None, "2024-05-01T00:00:00"),
        ("2024-05-01 12:00", "UTC", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01 12:00", "Europe/Berlin", "2024-05-01T10:00:00+00:00"),
        ("1969-12-31 23:59:59.999999999", None, "1969-12-31T23:59:59.999999999"),
    ],
)
def test_timestamp_of_pandas_is_written_as_the_moment_it_is(text, zone, expected):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    value = pandas.Timestamp(text, tz=zone)

    content, report = load(io.BytesIO(pickle.dumps(value, 4)), "langchain")

    assert report["foreign"] == report["refused"] == []
    assert plain(content) == expected


def test_store_with_known_values_is_read_whole_and_in_utc(faiss_store, copy_of):
    folder = copy_of(faiss_store)
    docstore, ids = pickle.loads((folder / "index.pkl").read_bytes())
    docstore._dict["e0"].metadata |= {name: value for name, (value, _) in VALUES.items()}
    docstore._dict["e0"].metadata["timestamp"] = NOON.replace(tzinfo=BERLIN)
    (folder / "index.pkl").write_bytes(pickle.dumps((docstore, ids)))

    store = open_store(folder)
    first = next(store.entries())

    assert store.findings() == ()
    assert {name: first.metadata[name] for name in VALUES} == {
        name: text for name, (_, text) in VALUES.items()
    }
    assert first.ingested_at == dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)


UNKNOWN = {
    "lookup in a module": b"\x80\x04cbuiltins\ngetattr\ncos\nsystem\n\x8c\x08__call__\x86R.",
    "lookup of another name": pickle.dumps(Call(getattr, zoneinfo.ZoneInfo, "clear_cache"), 4),
    "lookup with a default": pickle.dumps(Call(getattr, zoneinfo.ZoneInfo, "_unpickle", None), 4),
    "lookup in plain data": pickle.dumps([BERLIN, Call(getattr, {}, "_unpickle")], 4),
    "call in an argument": pickle.dumps(Call(np.dtype, Call(os.getcwd)), 4),
    "another function of numpy": pickle.dumps(Call(np.frombuffer, b"1234"), 4),
    "another class of decimal": pickle.dumps(decimal.Context(), 4),
    "another container": pickle.dumps(defaultdict(list, a=[1]), 4),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_anything_else_is_refused_and_reported(name):
    content, report = load(io.BytesIO(UNKNOWN[name]), "langchain")

    assert content is None
    assert report["foreign"] or report["refused"]


def test_lookup_is_foreign_where_no_time_zone_asks_for_it():
    _, report = load(io.BytesIO(pickle.dumps(Call(getattr, {}, "x"), 4)), "langchain")

    assert report["foreign"] == ["builtins.getattr"]
    assert report["refused"] == ["a call of builtins.getattr"]


def test_bytes_after_the_end_are_found(faiss_store, copy_of):
    folder = copy_of(faiss_store)
    with (folder / "index.pkl").open("ab") as stream:
        stream.write(b"tail")

    assert [(one.code, one.figure) for one in open_store(folder).findings()] == [
        (StoreCode.PICKLE_TRAILING_BYTES, 4.0)
    ]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_pickle_cut_short_is_a_half_written_store(faiss_store, copy_of, share):
    folder = copy_of(faiss_store)
    raw = (folder / "index.pkl").read_bytes()
    (folder / "index.pkl").write_bytes(raw[: int(share * len(raw))])

    with pytest.raises(StoreError, match="half written"):
        open_store(folder)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(PLAIN, st.integers(min_value=0, max_value=pickle.HIGHEST_PROTOCOL))
def test_plain_data_comes_back_as_it_was_under_every_protocol(value, protocol):
    content, report = load(io.BytesIO(pickle.dumps(value, protocol)), "langchain")

    assert report["foreign"] == report["refused"] == []
    assert plain(content) == value


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_crash_the_reader(raw):
    try:
        _, report = load(io.BytesIO(raw), "langchain")
    except CutError:
        return

    assert set(report) == {"globals", "foreign", "refused", "trailing"}


def test_metadata_that_reads_like_the_reader_s_last_word_is_metadata(faiss_store, copy_of):
    folder = copy_of(faiss_store)
    docstore, ids = pickle.loads((folder / "index.pkl").read_bytes())
    held = {
        "a": {"broken": "x" * (4096 - len('{"broken": "') - len('"}}}\n'))}
    }  # the last 4096 bytes of the rows
    docstore._dict[ids[max(ids)]].metadata = held
    (folder / "index.pkl").write_bytes(pickle.dumps((docstore, ids)))

    store = open_store(folder)

    assert store.findings() == ()
    assert list(store.entries())[-1].metadata == held


@pytest.mark.parametrize("shared", ["text", "key"])
def test_content_shared_by_many_documents_is_written_within_bounds(faiss_store, copy_of, shared):
    folder, long = copy_of(faiss_store), "x" * 2_000_000
    docstore, ids = pickle.loads((folder / "index.pkl").read_bytes())
    for document in docstore._dict.values():
        document.page_content = long if shared == "text" else "short"
        document.metadata = {"many": [{long: 1}] * 10} if shared == "key" else {}
    docstore._dict |= {f"more{n}": document for n in range(400)} if shared == "text" else {}
    (folder / "index.pkl").write_bytes(pickle.dumps((docstore, ids)))

    (reason,) = (one for one in open_store(folder).findings() if one.code == StoreCode.PICKLE_REFUSED)

    assert "unfolds" in reason.detail
