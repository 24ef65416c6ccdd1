"""Rebuild the vectors of a FAISS index of any kind; run as a script: `python -I faiss_reader.py INDEX OUT.npy`.

FAISS parses the file in native code, so this happens in a child process with limits. The metric's number goes to
standard output.
"""

import resource
import sys
from pathlib import Path


def confine(size: int) -> None:
    """Bound memory to what the file can justify, and time to half an hour."""
    memory = (12 << 30) + 8 * size  # address space, most of it reserved by thread pools and never touched
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (1800, 1800))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(source: str, target: str) -> None:
    """Write the vectors, float32, in the order of insertion."""
    import faiss
    import numpy as np

    confine(Path(source).stat().st_size)
    index = faiss.read_index(source)
    metric = int(index.metric_type)
    inner = index  # `index` stays in reach, for it owns what it wraps
    if isinstance(index, faiss.IndexIDMap | faiss.IndexIDMap2):
        inner = faiss.downcast_index(index.index)
    if isinstance(inner, faiss.IndexIVF):
        inner.make_direct_map()
    np.save(target, np.ascontiguousarray(inner.reconstruct_n(0, inner.ntotal), dtype=np.float32))
    sys.stdout.write(f"{metric}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
