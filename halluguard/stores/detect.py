"""Tell what wrote a store, and open it."""

from pathlib import Path

from halluguard.errors import StoreError
from halluguard.stores.chroma import open_chroma
from halluguard.stores.langchain_faiss import open_langchain_faiss
from halluguard.stores.llamaindex import open_llamaindex
from halluguard.stores.native import open_native
from halluguard.stores.qdrant import META, open_qdrant
from halluguard.stores.store import Store

_EXPECTED = (
    "A store is a JSONL file (with a .npy beside it), or a folder with entries.jsonl, index.faiss and index.pkl (LangChain), "
    "chroma.sqlite3 (Chroma), docstore.json (LlamaIndex), or meta.json and collection/ (Qdrant)"
)


def open_store(path: Path, *, collection: str | None = None) -> Store:
    """Open a vector store read-only, whatever wrote it.

    Args:
        path: the store's folder, or its JSONL, `.faiss` or `.sqlite3` file.
        collection: which collection of a Chroma or Qdrant store, where several hold entries; `name/vector` where one of a
            Qdrant store has several vectors.

    Raises:
        StoreError: nothing readable is there, or the store is locked, cut, corrupted or empty; one line each.

    """
    try:
        return _open_folder(path, collection) if path.is_dir() else _open_file(path, collection)
    except OSError as error:
        raise StoreError(
            f"{error.filename or path}: cannot be read ({error.strerror}). Check its permissions"
        ) from error


def _open_folder(folder: Path, collection: str | None) -> Store:
    names = sorted(item.name for item in folder.iterdir() if item.is_file())
    if "chroma.sqlite3" in names:
        return open_chroma(folder / "chroma.sqlite3", collection=collection)
    if "docstore.json" in names:
        return open_llamaindex(folder / "docstore.json")
    if META in names and (folder / "collection").is_dir():
        return open_qdrant(folder, collection=collection)
    indexes = [name for name in names if name.endswith(".faiss")]
    if indexes:
        return open_langchain_faiss(_only(folder, indexes, "index.faiss"))
    rows = [name for name in names if name.endswith(".jsonl")]
    if rows:
        return _open_rows(_only(folder, rows, "entries.jsonl"))
    if "index.pkl" in names:
        raise StoreError(
            f"{folder}: index.pkl without its index.faiss. A LangChain FAISS folder holds both; copy it whole"
        )
    found = ", ".join(names[:6]) or "no file"
    raise StoreError(f"{folder}: no vector store (found {found}). {_EXPECTED}")


def _open_file(path: Path, collection: str | None) -> Store:
    if not path.exists():
        raise StoreError(f"{path}: there is no such file or folder. {_EXPECTED}")
    if path.suffix == ".faiss":
        return open_langchain_faiss(path)
    if path.suffix in {".sqlite3", ".sqlite", ".db"}:
        return open_chroma(path, collection=collection)
    if path.suffix in {".jsonl", ".ndjson"}:
        return _open_rows(path)
    if path.name == "docstore.json":
        return open_llamaindex(path)
    raise StoreError(f"{path}: no vector store by its name. {_EXPECTED}")


def _open_rows(path: Path) -> Store:
    """Open a JSONL store with the array of its name beside it, or `vectors.npy` for `entries.jsonl`."""
    beside = [path.with_suffix(".npy")] + ([path.with_name("vectors.npy")] if path.stem == "entries" else [])
    return open_native(path, next((file for file in beside if file.is_file()), None))


def _only(folder: Path, names: list[str], usual: str) -> Path:
    """Return the usual one of several files, or the only one."""
    if usual in names or len(names) == 1:
        return folder / (usual if usual in names else names[0])
    raise StoreError(
        f"{folder}: {len(names)} stores in one folder ({', '.join(names[:5])}). Give the path of one of the files"
    )
