"""Files of texts: rows or lines, blank ones left out, and what is wrong said with its line."""

import pytest

from halluguard.errors import InputError
from halluguard.text.listed import read_texts


def test_texts_are_rows_or_lines(tmp_path):
    rows, lines = tmp_path / "bad.jsonl", tmp_path / "bad.txt"
    rows.write_text('{"text": "One."}\n\n{"text": " Two. "}\n')
    lines.write_text("\ufeffOne.\n\n  Two.\n", encoding="utf-8")

    assert read_texts(rows, "bad texts") == read_texts(lines, "bad texts") == ("One.", "Two.")


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085", "\x0c"])
def test_only_a_line_feed_ends_a_text(tmp_path, mark):
    lines = tmp_path / "bad.txt"
    lines.write_bytes(f"Pets{mark}fly.\r\nBags too.\r\n".encode())
    assert read_texts(lines, "bad texts") == (f"Pets{mark}fly.", "Bags too.")


def test_a_row_may_hold_a_raw_line_separator(tmp_path):
    rows = tmp_path / "bad.jsonl"
    rows.write_bytes('{"text": "Pets\u2028fly\u0085free."}\r\n'.encode())
    assert read_texts(rows, "bad texts") == ("Pets\u2028fly\u0085free.",)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("bad.jsonl", b'{"text": "One."}\n\n{"txt": "Two."}\n', r"bad\.jsonl:3: no string under"),
        ("bad.jsonl", b'{"text": " "}\n', r"bad\.jsonl:1: no string under"),
        ("bad.jsonl", b"{\n", r"bad\.jsonl:1: not a JSON object"),
        ("bad.jsonl", b"[" * 100_000, r"bad\.jsonl:1: not a JSON object"),
        ("bad.txt", b"\n \n", "holds no text. Give a file of bad texts"),
        ("bad.txt", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_is_no_text_is_said_with_its_line(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InputError, match=told):
        read_texts(tmp_path / name, "bad texts")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_texts(tmp_path / "none.txt", "bad texts")


def test_half_a_surrogate_pair_is_mended(tmp_path):
    rows = tmp_path / "bad.jsonl"
    rows.write_text('{"text": "Pets \\ud83d fly."}\n{"text": "Bags \\ud83d\\ude00."}\n')

    assert read_texts(rows, "bad texts") == ("Pets \ufffd fly.", "Bags \U0001f600.")
