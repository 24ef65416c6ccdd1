import gzip
import json
import os
import random
from pathlib import Path

import pytest

from halluguard.errors import TrustedCorpusError
from halluguard.records import Document
from halluguard.report import write_report
from halluguard.run import Run
from halluguard.text import numbers
from halluguard.trusted.documents import Skipped, read_documents
from halluguard.trusted.extract import extract_html, extract_markdown


def read(path):
    items = list(read_documents(path))
    return [each for each in items if isinstance(each, Document)], [
        each for each in items if isinstance(each, Skipped)
    ]


def test_a_folder_is_read_in_the_order_of_its_paths(pages):
    documents, skipped = read(pages)
    assert [each.id for each in documents] == ["bags/cabin.md", "pets.txt", "refunds.md", "seats.html"]
    assert [each.source for each in documents] == [each.id for each in documents]
    assert skipped == []


def test_hidden_files_and_folders_are_not_looked_at(pages):
    (pages / ".git").mkdir()
    (pages / ".git" / "note.md").write_text("secret")
    (pages / ".draft.md").write_text("secret")
    assert len(read(pages)[0]) == 4
    assert read(pages)[1] == []


REPORT = "The claim reads: surfboards travel free."


@pytest.mark.parametrize(
    "files",
    [
        {"manifest.json": json.dumps({"tool": "halluguard", "fingerprint": "f"}), "report.md": REPORT},
        {"manifest.json": json.dumps({"format": "halluguard-trusted-index"}), "notes.md": REPORT},
        {"plan.yaml": "", "ledger.jsonl": "", "quarantine/entries.jsonl": json.dumps({"text": REPORT})},
        {"record.md": REPORT, "sha256sums.txt": "", "exports/incident.json": "{}", "drafts/a.md": REPORT},
        {"truth.json": "{}", "log.jsonl": "", "trusted/a.md": REPORT, "store/entries.jsonl": REPORT},
    ],
)
def test_what_halluguard_has_written_is_no_trusted_document(pages, files):
    for name, text in files.items():
        (pages / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (pages / "out" / name).write_text(text)

    documents, skipped = read(pages)
    assert [each.id for each in documents] == ["bags/cabin.md", "pets.txt", "refunds.md", "seats.html"]
    assert skipped == []
    with pytest.raises(TrustedCorpusError, match=r"written by halluguard itself\. Give a folder"):
        read(pages / "out")


@pytest.mark.parametrize("name", ["report.html", "last/week.MD", "report.md", "copy.htm"])
def test_a_report_among_the_documents_is_named_and_not_read(pages, tmp_path, name):
    run = Run.create(tmp_path / "run", {"tool": "halluguard", "fingerprint": "f", "counts": {}})
    run.write("turns", [])
    run.write("claims", [])
    (pages / name).parent.mkdir(exist_ok=True)
    write_report(run, written := tmp_path / f"out{Path(name).suffix.lower()}")
    (pages / name).write_bytes(written.read_bytes())

    documents, (skipped,) = read(pages)
    assert [each.id for each in documents] == ["bags/cabin.md", "pets.txt", "refunds.md", "seats.html"]
    assert str(skipped) == (
        f"{name}: is a report that halluguard has written, which is no trusted document. Keep it in another folder"
    )
    with pytest.raises(TrustedCorpusError, match=r"is a report, written by halluguard itself\."):
        read(pages / name)


def test_a_document_about_halluguard_is_read(pages):
    (pages / "guide.md").write_text("Reports begin with <!-- generator: halluguard -->, a comment.")
    assert "guide.md" in [each.id for each in read(pages)[0]]


def test_a_manifest_of_someone_else_hides_no_documents(pages):
    (pages / "bags" / "manifest.json").write_text('{"name": "an extension"}')
    assert next(each.id for each in read(pages)[0]) == "bags/cabin.md"


def test_a_linked_folder_is_named_and_not_followed(pages, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "fees.md").write_text("The fee is 5 euros.")
    (pages / "linked").symlink_to(tmp_path / "elsewhere")
    (pages / "round").symlink_to(pages)
    documents, skipped = read(pages)
    assert len(documents) == 4
    assert [(each.path, each.is_document) for each in skipped] == [("linked", True), ("round", True)]
    assert skipped[0].reason.startswith("is a link to a folder")


def refuse_to_list(monkeypatch, folder):
    """As for anyone but root, whom no permission stops."""
    scan = os.scandir

    def scandir(path):
        if os.fspath(path) == str(folder):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_that_cannot_be_read_is_named(pages, monkeypatch):
    refuse_to_list(monkeypatch, pages / "bags")
    documents, skipped = read(pages)
    assert [each.id for each in documents] == ["pets.txt", "refunds.md", "seats.html"]
    assert [str(each) for each in skipped] == [
        "bags: cannot be read (Permission denied). Check the folder and its permissions"
    ]


def test_a_source_that_cannot_be_read_is_one_clear_line(pages, monkeypatch):
    refuse_to_list(monkeypatch, pages)
    with pytest.raises(TrustedCorpusError, match=r"pages: cannot be read \(Permission denied\)"):
        read(pages)


def test_a_name_that_is_not_utf8_is_read_and_shown(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("Coffee is free.")
    assert [each.id for each in read(tmp_path)[0]] == ["caf\\xe9.md"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        (
            "latin.txt",
            "caf\xe9".encode("latin-1"),
            "is not UTF-8 (byte 0xe9 at offset 3). Convert it to UTF-8",
        ),
        ("wide.txt", "wide".encode("utf-16"), "is UTF-16"),
        ("binary.md", b"text\0more", "holds a NUL byte at offset 4"),
        ("empty.md", b" \n\n", "holds no text"),
        ("broken.pdf", b"%PDF-1.7\nnothing here", "is a broken PDF"),
        ("page.html", b"<script>alert(1)</script>", "holds no text"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_reason(pages, name, data, reason):
    (pages / name).write_bytes(data)
    documents, skipped = read(pages)
    assert len(documents) == 4
    assert [each.path for each in skipped] == [name]
    assert skipped[0].reason.startswith(reason)
    assert "\n" not in str(skipped[0])


def test_a_file_of_another_kind_is_named_and_no_document(pages):
    (pages / "logo.png").write_bytes(b"\x89PNG")
    (skipped,) = read(pages)[1]
    assert (skipped.path, skipped.is_document) == ("logo.png", False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(pages):
    (pages / "pets.txt").chmod(0)
    assert "ermission" in read(pages)[1][0].reason


def test_a_link_to_nowhere_and_a_pipe_are_named_and_not_waited_for(pages):
    (pages / "gone.md").symlink_to(pages / "nowhere.md")
    os.mkfifo(pages / "pipe.md")
    assert [each.path for each in read(pages)[1]] == ["gone.md", "pipe.md"]


def test_a_byte_order_mark_and_carriage_returns_are_not_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree")
    assert read(tmp_path)[0][0].text == "one\ntwo\nthree"


def test_a_missing_source_is_one_clear_line(tmp_path):
    with pytest.raises(TrustedCorpusError, match="no such file or folder"):
        read(tmp_path / "nowhere")


def test_front_matter_gives_the_title_and_is_not_text():
    found = extract_markdown(b'---\ntitle: "Refund rules"\ntags: [a]\n---\n\nBody.\n')
    assert (found.title, found.text.strip()) == ("Refund rules", "Body.")


def test_a_rule_at_the_top_of_markdown_is_not_front_matter():
    assert extract_markdown(b"---\n\nBody.\n").text.strip().endswith("Body.")


@pytest.mark.parametrize(
    "front",
    [
        "Pets travel free.\nBags cost 30 euros.",
        "Note: pets travel free.\nBags cost 30 euros.",
        "- Pets travel free.\n- Bags cost 30 euros.",
        "Note:pets",
        "",
    ],
)
def test_text_between_two_rules_is_text(front):
    page = f"---\n{front}\n---\nBody.\n"
    assert extract_markdown(page.encode()).text == page


@pytest.mark.parametrize(
    "front",
    [
        "title: Rules\n\n# a comment\ntags:\n- a\n-\n  - b\nsummary: |\n  Pets travel\n  free.\nlast-seen : 3",
        "title: Rules\n",
    ],
)
def test_yaml_between_two_rules_is_front_matter(front):
    found = extract_markdown(f"---\n{front}\n---\nBody.\n".encode())
    assert (found.title, found.text) == ("Rules", "Body.\n")


def test_a_pdf_gives_its_pages(tmp_path, make_pdf):
    make_pdf(tmp_path / "a.pdf", ["Bags are free.", "Dogs are not."])
    (document,) = read(tmp_path)[0]
    assert document.text.split("\n\n") == ["Bags are free.", "Dogs are not."]


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
def test_an_encrypted_pdf_is_one_clear_line_naming_the_file(tmp_path, make_pdf, algorithm):
    make_pdf(tmp_path / "locked.pdf", ["Secret."], user_password="x", owner_password="y", algorithm=algorithm)
    documents, (skipped,) = read(tmp_path)
    assert documents == []
    assert (
        str(skipped)
        == "locked.pdf: is an encrypted PDF that asks for a password. Remove the password and build again"
    )


def test_a_pdf_that_opens_without_a_password_is_read(tmp_path, make_pdf):
    make_pdf(tmp_path / "open.pdf", ["Open."], user_password="", owner_password="y", algorithm="RC4-128")
    assert read(tmp_path)[0][0].text == "Open."


def test_a_pdf_of_pictures_says_what_to_do(tmp_path, make_pdf):
    make_pdf(tmp_path / "scan.pdf", [""])
    assert "text recognition" in read(tmp_path)[1][0].reason


def test_html_keeps_headings_lists_and_tables_and_drops_what_nobody_sees():
    page = b"""<html><head><title> Bag  rules </title><style>p {}</style></head><body><nav>Home | About</nav>
    <h2>Sizes <em>now</em></h2><p>One
    bag<br>only.</p><script>alert(1)</script><p hidden>ghost</p><p style="display: none">ghost</p><!-- ghost -->
    <ul><li><p>small <b>bag</b></p></li><li>large bag<ul><li>heavy</li></ul></li></ul>
    <table><tr><th>Fare</th><th>Bags</th></tr><tr><td>Lite</td><td>none | 1</td></tr></table></body></html>"""
    found = extract_html(page)
    assert found.title == "Bag rules"
    assert found.text == (
        "## Sizes now\n\nOne bag\nonly.\n\n- small bag\n\n- large bag\n\n- heavy\n\n"
        "| Fare | Bags |\n| --- | --- |\n| Lite | none \\| 1 |"
    )


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Bags of 23<sup>1</sup> kg.", "Bags of 23¹ kg."),
        (
            "Bags of 23<sup><a>1</a>, <a>2</a></sup> kg, 10<sup>-3</sup> of all.",
            "Bags of 23¹, ² kg, 10⁻³ of all.",
        ),
        ("The 1<sup>st</sup> bag<sup>x<sup>2</sup></sup> of 3.", "The 1st bagx² of 3."),
        ("Free<sup>1</sup><sup>Up to 23 kg</sup>, 12 bags", "Free¹Up to 23 kg, 12 bags"),
        ("Free<sup hidden>1</sup> for 12 bags", "Free for 12 bags"),
    ],
)
def test_the_mark_of_a_footnote_is_no_digit_of_a_number(markup, text):
    assert extract_html(f"<p>{markup}</p>".encode()).text == text


def test_a_number_with_the_mark_of_a_footnote_is_read_without_it():
    found = extract_html(b"<p>Bags of 23<sup>1</sup> kg and 1,200.50<sup>2,3</sup> euros.</p>").text
    assert numbers(found) == {23.0, 1200.5}


def test_html_whose_head_has_no_end_is_read():
    page = b"""<html><head><title>Bag rules</title><meta charset=utf-8><style>p {}</style><script>alert(1)</script>
    <noscript>ghost</noscript><template>ghost</template><body><h1>Bags</h1><p>One bag.<p>Two bags."""
    found = extract_html(page)
    assert (found.title, found.text) == ("Bag rules", "# Bags\n\nOne bag.\n\nTwo bags.")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("The fee is 30<hr>5 bags are free", "The fee is 30\n\n5 bags are free"),
        ("<fieldset><legend>Fees</legend>5 bags</fieldset>", "Fees\n\n5 bags"),
        ("a<center>b</center>c", "a\n\nb\n\nc"),
        ("<td>30<td>5 bags", "30\n\n5 bags"),
        ("Fee <s>$5</s>$8", "Fee $8"),
        ("Fee <del>$5</del> <ins>$8</ins>", "Fee $8"),
        ("Fee <span style='text-decoration: line-through'>$5</span> $8", "Fee $8"),
        ("<del>Bags are <p>free.</del><p>Bags cost $8.", "Bags cost $8."),
    ],
)
def test_html_text_is_neither_glued_over_a_break_nor_read_where_it_is_struck_out(markup, text):
    assert extract_html(markup.encode()).text == text


@pytest.mark.parametrize(
    "left_out",
    [
        ["</td>", "</th>", "</tr>"],
        ["</td>", "</th>"],
        ["</tr>"],
        ["</tbody>", "</thead>"],
        ["</td>", "</th>", "</tr>", "</tbody>", "</thead>"],
    ],
)
def test_html_tables_without_optional_end_tags_read_as_those_with_them(left_out):
    page = (
        "<p>Fees:<table><thead><tr><th>Fare</th><th>Bags</th></tr></thead><tbody><tr><td>Lite</td><td>0|1</td></tr>"
        "<tr><td>Full</td><td>2</td></tr></tbody></table><p>All of them.</p>"
        "<table><tr><td><h2>Left</h2></td><td>Right</td></tr><tr><td>Below</td><td>Last</td></tr></table>"
    )
    whole = extract_html(page.encode()).text
    for tag in left_out:
        page = page.replace(tag, "")
    assert extract_html(page.encode()).text == whole
    assert whole == (
        "Fees:\n\n| Fare | Bags |\n| --- | --- |\n| Lite | 0\\|1 |\n| Full | 2 |\n\nAll of them.\n\n"
        "## Left\n\nRight\n\nBelow\n\nLast"
    )


def test_html_in_the_encoding_it_declares_is_read():
    page = '<meta charset="iso-8859-1"><p>caf\xe9</p>'.encode("latin-1")
    assert extract_html(page).text == "caf\xe9"


def test_html_nested_ten_thousand_deep_does_not_stop_the_others(tmp_path):
    (tmp_path / "deep.html").write_text("<div>" * 10_000 + "deep" + "</div>" * 10_000)
    (tmp_path / "plain.txt").write_text("plain")
    documents, skipped = read(tmp_path)
    assert len(documents) + len(skipped) == 2
    assert documents[-1].text == "plain"


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_jsonl_rows_are_documents_and_bad_rows_are_named_by_line(tmp_path, name):
    rows = [
        json.dumps({"id": "a", "text": "One.", "source": "s.md", "metadata": {"title": "T"}}),
        "{broken",
        json.dumps({"text": "Two."}),
        json.dumps(["not", "an", "object"]),
        json.dumps({"id": "b"}),
        "",
        json.dumps({"id": "a", "text": "Again."}),
        json.dumps({"id": {"x": 1}, "text": "Three."}),
        '{"id": "s", "text": "\\ud800"}',
        json.dumps({"id": 7, "text": "Four."}),
    ]
    write = gzip.open if name.endswith("gz") else open
    with write(tmp_path / name, "wb") as stream:
        stream.write(b"\xef\xbb\xbf" + "\n".join(rows).encode())
    documents, skipped = read(tmp_path / name)
    assert [(each.id, each.source, each.title) for each in documents] == [
        ("a", "s.md", "T"),
        (f"{name}:3", name, ""),
        ("7", "7", ""),
    ]
    assert [each.path for each in skipped] == [f"{name}:{line}" for line in (2, 4, 5, 7, 8, 9)]


@pytest.mark.parametrize("hidden", [None, 3, ["T"], ""])
def test_a_title_of_the_metadata_that_is_none_hides_not_that_of_the_row(tmp_path, hidden):
    row = {"id": "a", "text": "One.", "title": "Bags", "metadata": {"title": hidden}}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    ((document,), _) = read(tmp_path / "rows.jsonl")
    assert document.title == "Bags"


def test_a_cut_gzip_file_is_named_after_its_whole_rows(tmp_path):
    data = gzip.compress(
        "".join(
            json.dumps({"id": n, "text": f"Row {n} {os.urandom(9).hex()}"}) + "\n" for n in range(2000)
        ).encode()
    )
    (tmp_path / "rows.jsonl.gz").write_bytes(data[: len(data) // 2])
    documents, skipped = read(tmp_path)
    assert 0 < len(documents) < 2000
    assert [each.path for each in skipped] == ["rows.jsonl.gz"]


def test_a_damaged_gzip_file_is_named_and_harms_no_other(tmp_path):
    chance = random.Random(0)
    rows = (
        json.dumps({"id": n, "text": f"Row {n} {chance.randbytes(30).hex()}"}) + "\n" for n in range(2000)
    )
    data = bytearray(gzip.compress("".join(rows).encode()))
    data[len(data) // 2 : len(data) // 2 + 40] = b"\xff" * 40
    (tmp_path / "rows.jsonl.gz").write_bytes(data)
    (tmp_path / "no.jsonl.gz").write_text("no gzip at all")
    (tmp_path / "whole.txt").write_text("whole")
    documents, skipped = read(tmp_path)
    assert documents[-1].text == "whole"
    damaged = [each.path for each in skipped if each.reason.startswith("is damaged or cut off, as gzip")]
    assert damaged == ["no.jsonl.gz", "rows.jsonl.gz"]
