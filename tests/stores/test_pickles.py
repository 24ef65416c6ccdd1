"""Hostile pickles do nothing, are reported, and do not keep the vectors from being read."""

import copyreg
import datetime as dt
import decimal
import io
import os
import pickle
import struct
import uuid
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


@settings(max_examples=60, deadline=None)
@given(PLAIN, st.integers(min_value=0, max_value=pickle.HIGHEST_PROTOCOL))
def test_plain_data_comes_back_as_it_was_under_every_protocol(value, protocol):
    content, report = load(io.BytesIO(pickle.dumps(value, protocol)), "langchain")

    assert report["foreign"] == report["refused"] == []
    assert plain(content) == value


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_crash_the_reader(raw):
    try:
        _, report = load(io.BytesIO(raw), "langchain")
    except CutError:
        return

    assert set(report) == {"globals", "foreign", "refused", "trailing"}
