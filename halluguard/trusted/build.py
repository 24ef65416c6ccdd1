"""Build an index on disk: every chunk embedded once, ever, and the old index whole until the new one is."""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from halluguard.errors import HalluguardWarning, TrustedCorpusError
from halluguard.models import Embedder
from halluguard.records import Document, TrustedChunk
from halluguard.run import digest_file, write_json
from halluguard.trusted.chunks import ChunkSize, cut_document, embedding_text
from halluguard.trusted.documents import FORMATS, Skipped, read_documents
from halluguard.trusted.index import CHUNKS, TrustedIndex, open_index
from halluguard.trusted.manifest import MANIFEST, IndexManifest, is_index
from halluguard.trusted.vectors import write_vectors

_BATCH = 1024
_ROW_GROUP = 1024
_OURS = re.compile(
    rf"\.lock|\.build-[a-z0-9_]+|index-[0-9a-f]{{12}}\.faiss|chunks-[0-9a-f]{{12}}\.parquet|\.{re.escape(MANIFEST)}\.[a-z0-9_]+"
)
"""The names of what a build leaves behind; a user's `index-2024.html` is not among them."""


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a build is: `embedded` chunks were read by the model, `kept` ones had a vector already."""

    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    kept: int = 0
    skipped: int = 0


ProgressReport = Callable[[BuildProgress], None]


def ready_index(trusted: Path, target: Path, embedder: Embedder) -> TrustedIndex:
    """Open an index, or build one of documents in the folder `target` and open that."""
    if is_index(trusted):
        return open_index(trusted, embedder)
    build_index(trusted, target, embedder)
    return open_index(target, embedder)


def build_index(
    source: Path,
    target: Path,
    embedder: Embedder,
    *,
    progress: ProgressReport | None = None,
    approximate_above: int = 100_000,
    size: ChunkSize | None = None,
    strict: bool = False,
) -> IndexManifest:
    """Index the documents of `source` in the folder `target`; an index already there lends its vectors.

    A chunk whose text and title are in the old index under the same model is not embedded again, whatever document
    it is in now. The old index stays readable until the manifest of the new one replaces its own, in one step.
    Documents that cannot be read are named in `skipped` and in a HalluguardWarning each.

    Args:
        source: a folder or file of Markdown, text, HTML, PDF or JSONL.
        target: a new or empty folder, or an index.
        embedder: anything that embeds texts as unit vectors and counts their tokens, so that it is never overfed.
        progress: called after each batch and once at the end.
        approximate_above: with more chunks than this the index is approximate, and its recall is measured.
        size: the most a chunk may hold; by default 120 words within the embedder's tokens.
        strict: raise at the first document that cannot be read instead of leaving it out.

    Raises:
        TrustedCorpusError: there is no readable document, or `target` cannot be written or is something else.

    """
    source, target = Path(source), Path(target)
    size = size or ChunkSize()
    size = replace(size, tokens=min(size.tokens, embedder.max_tokens))
    corpus = _Corpus(source, strict=strict)
    with _writing(target) as workplace:
        vectors_path, chunks_path = workplace / "vectors", workplace / "chunks"
        old = _old_vectors(target, embedder)
        n_chunks = _embed_corpus(
            corpus, (vectors_path, chunks_path), embedder, size=size, old=old, progress=progress
        )
        if not n_chunks:
            raise TrustedCorpusError(corpus.why_empty())
        vectors = np.memmap(vectors_path, dtype=np.float32, mode="r", shape=(n_chunks, embedder.dimension))
        kind = write_vectors(vectors, workplace / "index", approximate_above=approximate_above)
        index_digest, chunks_digest = digest_file(workplace / "index"), digest_file(chunks_path)
        manifest = IndexManifest(
            model_name=embedder.name,
            model_digest=embedder.digest,
            dimension=embedder.dimension,
            corpus_digest=corpus.digest.hexdigest(),
            n_documents=corpus.n_documents,
            n_chunks=n_chunks,
            index_kind=kind.name,
            index_file=f"index-{index_digest[:12]}.faiss",
            index_digest=index_digest,
            chunks_file=f"chunks-{chunks_digest[:12]}.parquet",
            chunks_digest=chunks_digest,
            chunk_words=size.words,
            chunk_tokens=size.tokens,
            chunk_overlap=size.overlap,
            recall=kind.recall,
            recall_at=kind.recall_at,
            recall_queries=kind.recall_queries,
            skipped=tuple(str(each) for each in corpus.skipped if each.is_document),
            n_other_files=sum(not each.is_document for each in corpus.skipped),
        )
        _publish(workplace, target, manifest)
    corpus.warn()
    return manifest


class _Corpus:
    """The documents of a source, counted and digested as they pass."""

    def __init__(self, source: Path, *, strict: bool) -> None:
        self.source = source
        self.strict = strict
        self.n_documents = 0
        self.skipped: list[Skipped] = []
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[Document]:
        for item in read_documents(self.source):
            if isinstance(item, Document):
                self.n_documents += 1
                for part in (item.id, item.source, item.title, item.text):
                    self.digest.update(hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest())
                yield item
            elif self.strict and item.is_document:
                raise TrustedCorpusError(f"{self.source}: {item}")
            else:
                self.skipped.append(item)

    def why_empty(self) -> str:
        """One line saying why there is nothing to index, with the first reason there was."""
        first = next((each for each in self.skipped if each.is_document), None)
        if first is not None:
            return f"{self.source}: no document can be read; the first of {len(self.skipped)}: {first}"
        others = (
            f" ({len(self.skipped)} files of other kinds, {self.skipped[0].path} the first)"
            if self.skipped
            else ""
        )
        return (
            f"{self.source}: no {FORMATS} document with text in it{others}. Put the trusted documents there"
        )

    def warn(self) -> None:
        """Warn of each document left out, and once of all files of other kinds."""
        for each in self.skipped:
            if each.is_document:
                warnings.warn(f"{self.source}: {each}", HalluguardWarning, stacklevel=3)
        others = [each.path for each in self.skipped if not each.is_document]
        if others:
            some = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
            message = f"{self.source}: {len(others)} files are not {FORMATS} and were left out: {some}"
            warnings.warn(message, HalluguardWarning, stacklevel=3)


def _embed_corpus(
    corpus: _Corpus,
    paths: tuple[Path, Path],
    embedder: Embedder,
    *,
    size: ChunkSize,
    old: "_OldVectors",
    progress: ProgressReport | None,
) -> int:
    """Write the vectors (raw float32 rows) and the chunk table of a corpus; returns the number of chunks."""
    count = embedder.count_tokens
    chunks = (chunk for document in corpus for chunk in cut_document(document, size, count))
    done = BuildProgress()
    with paths[0].open("wb") as stream, pq.ParquetWriter(paths[1], CHUNKS, compression="zstd") as writer:
        while batch := list(islice(chunks, _BATCH)):
            vectors, n_embedded = _embed_batch(batch, embedder, old)
            stream.write(vectors.tobytes())
            rows = {name: [getattr(chunk, name) for chunk in batch] for name in CHUNKS.names}
            writer.write_table(pa.table(rows, schema=CHUNKS), row_group_size=_ROW_GROUP)
            done = BuildProgress(
                corpus.n_documents,
                done.chunks + len(batch),
                done.embedded + n_embedded,
                done.kept + len(batch) - n_embedded,
                len(corpus.skipped),
            )
            if progress is not None:
                progress(done)
    return done.chunks


def _embed_batch(
    batch: Sequence[TrustedChunk], embedder: Embedder, old: "_OldVectors"
) -> tuple[NDArray[np.float32], int]:
    """Return one unit vector a chunk, and how many distinct texts the model had to read."""
    texts = [embedding_text(chunk) for chunk in batch]
    vectors = np.zeros((len(texts), embedder.dimension), dtype=np.float32)
    missing: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        known = old.find(text)
        if known is None:
            missing.setdefault(text, []).append(row)
        else:
            vectors[row] = known
    if missing:
        fresh = np.asarray(embedder.encode(list(missing)), dtype=np.float32)
        lengths = np.linalg.norm(fresh, axis=1, keepdims=True)
        if (
            fresh.shape != (len(missing), embedder.dimension)
            or not np.isfinite(lengths).all()
            or not lengths.all()
        ):
            raise TrustedCorpusError(
                f"embedder {embedder.name!r} gave vectors of shape {fresh.shape} with zero or no finite length, "
                f"expected {(len(missing), embedder.dimension)}. Use another embedder"
            )
        for rows, vector in zip(missing.values(), fresh / lengths, strict=True):
            vectors[rows] = vector
    return vectors, len(missing)


@dataclass(frozen=True)
class _OldVectors:
    """The vectors of the index being replaced, by the digest of what was embedded."""

    index: TrustedIndex | None
    positions: dict[bytes, int]

    def find(self, text: str) -> NDArray[np.float32] | None:
        position = self.positions.get(_text_key(text))
        return None if position is None or self.index is None else self.index.vectors([position])[0]


def _text_key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _old_vectors(target: Path, embedder: Embedder) -> _OldVectors:
    """Open what can be used again; an index of another model, or a damaged one, lends nothing."""
    if not is_index(target):
        return _OldVectors(None, {})
    try:
        index = open_index(target, embedder)
    except TrustedCorpusError:
        return _OldVectors(None, {})
    return _OldVectors(
        index, {_text_key(embedding_text(chunk)): at for at, chunk in enumerate(index.stream())}
    )


@contextmanager
def _writing(target: Path) -> Iterator[Path]:
    """Hold the target for one builder, and give it a folder of its own to work in, removed in any case."""
    if target.exists() and not target.is_dir():
        raise TrustedCorpusError(f"{target}: is a file. Give a folder for the index")
    if target.is_dir() and not is_index(target) and any(not _is_ours(each.name) for each in target.iterdir()):
        raise TrustedCorpusError(f"{target}: is not empty and not an index. Give a new or empty folder")
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (target / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            workplace = Path(tempfile.mkdtemp(prefix=".build-", dir=target))
            try:
                yield workplace
            finally:
                shutil.rmtree(workplace, ignore_errors=True)
    except BlockingIOError as error:
        raise TrustedCorpusError(
            f"{target}: another build is writing here. Wait for it, or give another folder"
        ) from error
    except OSError as error:
        hint = "Free space and" if error.errno == errno.ENOSPC else "Check the folder and"
        raise TrustedCorpusError(
            f"{target}: cannot be written ({error.strerror or error}). {hint} build again"
        ) from error


def _is_ours(name: str) -> bool:
    """Whether a file in a target is a trace of a build that was killed."""
    return bool(_OURS.fullmatch(name))


def _publish(workplace: Path, target: Path, manifest: IndexManifest) -> None:
    """Put the files beside the old ones, then the manifest in one step, then remove what it does not name."""
    for part, name in (("index", manifest.index_file), ("chunks", manifest.chunks_file)):
        with (workplace / part).open("rb") as stream:
            os.fsync(stream.fileno())
        (workplace / part).replace(target / name)
    write_json(target / MANIFEST, manifest.to_json())
    keep = {".lock", MANIFEST, workplace.name, manifest.index_file, manifest.chunks_file}
    for path in sorted(target.iterdir()):
        if path.name not in keep and _is_ours(path.name):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
