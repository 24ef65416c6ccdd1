"""Documents to chunks: whole sentences, items and rows under their headings, never longer than the embedder reads."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from halluguard.records import Document, TrustedChunk
from halluguard.trusted.blocks import Block, Span, find_sentences, parse_blocks, strip_span

TokenCounter = Callable[[Sequence[str]], Sequence[int]]
"""Returns the tokens each text takes untruncated, special tokens included."""

_TITLE_CHARACTERS = 200
TITLE_PATH = " › "


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """The most a chunk may hold.

    `tokens` counts what the embedder reads, title and special tokens included. `overlap` is 0, or 1 to begin a
    chunk with the last sentence of the one before.
    """

    words: int = 120
    tokens: int = 256
    characters: int = 1500
    overlap: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    words: int
    tokens: int


@dataclass(frozen=True, slots=True)
class _Ruler:
    """Measures pieces of one text against what is left of a size beside the title."""

    text: str
    size: ChunkSize
    budget: int
    special: int
    count: TokenCounter

    def measure(self, spans: Sequence[Span]) -> list[_Piece]:
        texts = [self.text[start:end] for start, end in spans]
        counts = self.count(texts) if texts else []
        return [
            _Piece(*span, len(text.split()), tokens - self.special)
            for span, text, tokens in zip(spans, texts, counts, strict=True)
        ]

    def fits(self, pieces: Sequence[_Piece]) -> bool:
        return (
            sum(piece.words for piece in pieces) <= self.size.words
            and sum(piece.tokens for piece in pieces) <= self.budget
            and pieces[-1].end - pieces[0].start <= self.size.characters
        )


def embedding_text(chunk: TrustedChunk) -> str:
    """Return what the embedder reads for a chunk: its title, which says what it is about, and its text."""
    return f"{chunk.title}\n{chunk.text}" if chunk.title else chunk.text


def cut_document(document: Document, size: ChunkSize, count_tokens: TokenCounter) -> Iterator[TrustedChunk]:
    """Yield the chunks of a document in order, with ids `<document id>#<number>`.

    Sections under different headings are never joined; a list or table stays whole where it fits, with the line
    that leads it in; a sentence, item or row too long for a chunk is cut at a sentence end, else at a space,
    else anywhere. `document.text[chunk.start:chunk.end] == chunk.text`, always.
    """
    special = count_tokens([""])[0]
    number = 0
    for headings, blocks in groupby(parse_blocks(document.text), key=lambda block: block.headings):
        title, title_tokens = _fit_title(document.title, headings, size, count_tokens)
        ruler = _Ruler(document.text, size, size.tokens - title_tokens, special, count_tokens)
        for pieces in _pack(_pieces(list(blocks), ruler), ruler):
            start, end = pieces[0].start, pieces[-1].end
            yield TrustedChunk(
                f"{document.id}#{number}", document.text[start:end], document.source, title, start, end
            )
            number += 1


def _fit_title(title: str, headings: Sequence[str], size: ChunkSize, count: TokenCounter) -> tuple[str, int]:
    """Join a title and a heading path, nearest heading last, within 200 characters and a third of the tokens.

    Returns the title and its tokens, special tokens included.
    """
    parts: list[str] = []
    for part in (" ".join(title.split()), *headings):
        if part and not (parts and part.casefold() == parts[-1].casefold()):
            parts.append(part)
    while len(parts) > 1 and len(TITLE_PATH.join(parts)) > _TITLE_CHARACTERS:
        parts.pop(0)
    joined = TITLE_PATH.join(parts)[:_TITLE_CHARACTERS].strip()
    while (tokens := count([joined])[0]) > size.tokens // 3 and joined:
        joined = joined[: len(joined) // 2].strip()
    return joined, tokens


def _pieces(blocks: Sequence[Block], ruler: _Ruler) -> list[_Piece]:
    pieces: list[_Piece] = []
    for block in blocks:
        atoms = ruler.measure(block.atoms)
        if block.prose:
            pieces.extend(part for atom in atoms for part in _cut_to_fit(atom, ruler))
            continue
        lead = pieces[-1:] if pieces and ruler.text[pieces[-1].end - 1] == ":" else []
        for group in ([*lead, *atoms], [*lead, *atoms[:1]]):
            if ruler.fits(group):
                pieces[len(pieces) - len(lead) :] = [_join(group)]
                atoms = atoms[len(group) - len(lead) :]
                break
        pieces.extend(part for atom in atoms for part in _cut_to_fit(atom, ruler))
    return pieces


def _join(pieces: Sequence[_Piece]) -> _Piece:
    words, tokens = sum(piece.words for piece in pieces), sum(piece.tokens for piece in pieces)
    return _Piece(pieces[0].start, pieces[-1].end, words, tokens)


def _cut_to_fit(piece: _Piece, ruler: _Ruler) -> list[_Piece]:
    """Cut a piece at sentence ends, and what is still too long in halves, until all fits."""
    if ruler.fits([piece]):
        return [piece]
    waiting = ruler.measure(find_sentences(ruler.text, (piece.start, piece.end)))[::-1]
    done: list[_Piece] = []
    while waiting:
        part = waiting.pop()
        if ruler.fits([part]) or part.end - part.start == 1:
            done.append(part)
        else:
            waiting.extend(ruler.measure(_halves(ruler.text, part))[::-1])
    return done


def _halves(text: str, piece: _Piece) -> list[Span]:
    """Cut at the space nearest before the middle, else nearest after, else in the middle of the word."""
    middle = (piece.start + piece.end) // 2
    spaces = [
        at
        for at in (text.rfind(" ", piece.start, middle), text.find(" ", middle, piece.end))
        if at > piece.start
    ]
    newline = text.rfind("\n", piece.start, middle)
    cut = newline if newline > piece.start else (spaces[0] if spaces else middle)
    halves = (strip_span(text, piece.start, cut), strip_span(text, cut, piece.end))
    return [span for span in halves if span[0] < span[1]]


def _pack(pieces: Sequence[_Piece], ruler: _Ruler) -> Iterator[list[_Piece]]:
    """Fill chunks evenly: a section of 130 words makes two of 65, not one of 120 and a scrap of 10."""
    total = sum(piece.words for piece in pieces)
    n_chunks = max(1, -(-total // ruler.size.words))
    target = total / n_chunks
    current: list[_Piece] = []
    for piece in pieces:
        full = sum(each.words for each in current) >= target
        if current and (full or not ruler.fits([*current, piece])):
            yield current
            tail = current[-1:] if ruler.size.overlap and len(current) > 1 else []
            current = tail if tail and ruler.fits([*tail, piece]) else []
        current = [*current, piece]
    if current:
        yield current
