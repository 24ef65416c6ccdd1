"""A cache of the hub as it lies on disk after a download, made of model folders."""

import hashlib

import pytest


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return a function that puts a folder into the hub's cache under a name, links to blobs and all."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("SENTENCE_TRANSFORMERS_HOME", raising=False)

    def download(name, folder, changed=None):
        """`changed` maps paths of the folder to other text."""
        where = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
        revision = hashlib.sha1(name.encode()).hexdigest()
        (where / "refs").mkdir(parents=True)
        (where / "refs" / "main").write_text(revision)
        (where / "blobs").mkdir()
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                inner = path.relative_to(folder)
                blob = where / "blobs" / str(inner).replace("/", "-")
                other = (changed or {}).get(str(inner))
                blob.symlink_to(path) if other is None else blob.write_text(other)
                link = where / "snapshots" / revision / inner
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(blob)
        return where / "snapshots" / revision

    return download
