"""A corpus one can judge by eye, the real embedder, and a light one where only files and counts matter."""

import re
import zlib

import numpy as np
import pytest

from halluguard.models import load_embedder

PAGES = {
    "refunds.md": "# Refunds\n\nTickets are refunded within 30 days. The fee is 20 euros.\n\n## Vouchers\n\nA voucher is valid for one year.\n",
    "bags/cabin.md": "# Cabin bags\n\nOne cabin bag of 8 kg travels free. It must fit under the seat.\n",
    "pets.txt": "Dogs travel in the hold. Cats may travel in the cabin.\n",
    "seats.html": "<html><head><title>Seats</title></head><body><h1>Seats</h1><p>Exit rows cost 15 euros.</p></body></html>",
}


class LetterEmbedder:
    """Unit vectors of hashed letter triples: a true embedder of the plainest kind, which also counts what it reads."""

    name = "letters"
    digest = "1" * 64
    max_tokens = 256

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.read: list[str] = []

    def encode(self, texts):
        self.read.extend(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            padded = f"  {text.lower()}  "
            for at in range(len(padded) - 2):
                vector[zlib.crc32(padded[at : at + 3].encode("utf-8", "replace")) % self.dimension] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def count_tokens(self, texts):
        return [2 + len(re.findall(r"[A-Za-z]{1,3}|[^A-Za-z\s]", text)) for text in texts]


@pytest.fixture(scope="session")
def make_letters():
    return LetterEmbedder


@pytest.fixture
def letters():
    return LetterEmbedder()


@pytest.fixture(scope="session")
def embedder():
    return load_embedder(device="cpu")


@pytest.fixture
def pages(tmp_path):
    """The folder of PAGES."""
    for name, text in PAGES.items():
        path = tmp_path / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "pages"


@pytest.fixture
def make_pdf():
    """A PDF of one line of text a page, optionally encrypted."""

    def make(path, lines, **encryption):
        from pypdf import PdfWriter
        from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

        writer = PdfWriter()
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        for line in lines:
            page = writer.add_blank_page(width=600, height=800)
            stream = DecodedStreamObject()
            stream.set_data(f"BT /F1 12 Tf 40 700 Td ({line}) Tj ET".encode())
            page[NameObject("/Contents")] = writer._add_object(stream)
            fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
            page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        if encryption:
            writer.encrypt(**encryption)
        writer.write(path)
        return path

    return make
