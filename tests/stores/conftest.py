"""Real stores, written by the libraries that own their formats, from forty texts and vectors made here."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

N, DIMENSION = 40, 16


def make_texts(n):
    return [
        f"Entry {i} says that pump {i} of hall {i % 7} is serviced every {i + 3} weeks." for i in range(n)
    ]


def make_vectors(n, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def digest_folder(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def native_store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("native")
    rows = [
        {
            "id": f"e{i}",
            "text": text,
            "source": f"s{i % 3}.md",
            "ingested_at": f"2025-03-01T10:{i:02d}:00Z",
            "batch": "b1",
        }
        for i, text in enumerate(make_texts(N))
    ]
    (folder / "entries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    np.save(folder / "vectors.npy", make_vectors(N))
    return folder


@pytest.fixture(scope="session")
def faiss_store(tmp_path_factory):
    vectorstores = pytest.importorskip(
        "langchain_community.vectorstores", reason="langchain-community is not installed"
    )
    from langchain_core.embeddings import DeterministicFakeEmbedding

    folder = tmp_path_factory.mktemp("faiss")
    pairs = list(zip(make_texts(N), make_vectors(N).tolist(), strict=True))
    metadata = [{"source": f"s{i % 3}.md", "page": i, "tags": ["a", {"b": None}]} for i in range(N)]
    store = vectorstores.FAISS.from_embeddings(
        pairs, DeterministicFakeEmbedding(size=DIMENSION), metadatas=metadata, ids=[f"e{i}" for i in range(N)]
    )
    store.save_local(str(folder))
    return folder


CHROMA_N = 250  # two syncs of 100, then fifty in the queue


@pytest.fixture(scope="session")
def chroma_store(tmp_path_factory):
    chromadb = pytest.importorskip("chromadb", reason="chromadb is not installed")
    folder = tmp_path_factory.mktemp("chroma")
    client = chromadb.PersistentClient(
        str(folder), settings=chromadb.config.Settings(anonymized_telemetry=False)
    )
    collection = client.create_collection(
        "pumps",
        embedding_function=None,
        metadata={"hnsw:space": "cosine", "hnsw:sync_threshold": 100, "hnsw:batch_size": 50},
    )
    texts, vectors = make_texts(CHROMA_N), make_vectors(CHROMA_N)
    for start in range(0, CHROMA_N, 50):
        rows = range(start, start + 50)
        collection.add(
            ids=[f"e{i}" for i in rows],
            embeddings=vectors[start : start + 50],
            documents=[texts[i] for i in rows],
            metadatas=[
                {"source": f"s{i % 3}.md", "page": i, "draft": i % 2 == 0, "weight": i / 2} for i in rows
            ],
        )
    return folder


@pytest.fixture(scope="session")
def llamaindex_store(tmp_path_factory):
    core = pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

    folder = tmp_path_factory.mktemp("llamaindex")
    vectors = make_vectors(N).tolist()
    nodes = [
        TextNode(
            id_=f"e{i}",
            text=text,
            embedding=vectors[i],
            metadata={"file_path": f"s{i % 3}.md"},
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"doc-{i % 3}")},
        )
        for i, text in enumerate(make_texts(N))
    ]
    index = core.VectorStoreIndex(nodes, embed_model=MockEmbedding(DIMENSION), store_nodes_override=True)
    index.storage_context.persist(str(folder))
    return folder


@pytest.fixture(scope="session")
def qdrant_store(tmp_path_factory):
    qdrant = pytest.importorskip("qdrant_client", reason="qdrant-client is not installed")
    models = qdrant.models
    folder = tmp_path_factory.mktemp("qdrant")
    client = qdrant.QdrantClient(path=str(folder))
    dense = models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE)
    client.create_collection("pumps", vectors_config=dense)
    client.create_collection("drafts", vectors_config=dense)
    client.upsert(
        "pumps",
        [
            models.PointStruct(
                id=i,
                vector=vector,
                payload={"page_content": text, "metadata": {"source": f"s{i % 3}.md", "page": i}},
            )
            for i, (text, vector) in enumerate(zip(make_texts(N), make_vectors(N).tolist(), strict=True))
        ],
    )
    client.close()
    return folder


@pytest.fixture
def copy_of(tmp_path):
    """Return a function that copies a store, so that a test may damage it."""

    def copy(folder):
        return Path(shutil.copytree(folder, tmp_path / "store"))

    return copy


@pytest.fixture
def vectors_of():
    return make_vectors


@pytest.fixture
def texts_of():
    return make_texts


@pytest.fixture
def digest_of():
    return digest_folder
