"""What stands beside the words of a text is left out, and nothing that says something."""

import pytest

from halluguard.text.marks import drop_ids, drop_label, drop_pictures


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Data are deleted after 90 days [e04].", "Data are deleted after 90 days."),
        ("Data are deleted. [doc-3] [12]", "Data are deleted."),
        ("Kept for a day [c0042][c0043].\nNo fee [1].", "Kept for a day.\nNo fee."),
        ("See rows[7] of it.", "See rows[7] of it."),
        ("[30 days]", "[30 days]"),
        ("It was [he] who paid.", "It was [he] who paid."),
        ("See [1] for the fees.", "See [1] for the fees."),
    ],
)
def test_ids_in_brackets_go_and_words_in_brackets_stay(text, left):
    assert drop_ids(text) == left


def test_the_letters_of_questions_and_answers_go():
    assert drop_label("A: Within 14 days.") == "Within 14 days."
    assert drop_label("Question: May I?") == "May I?"
    assert drop_label("Plan A: 14 days.") == "Plan A: 14 days."


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Tokens expire after 24 hours 🎉", "Tokens expire after 24 hours"),
        ("Backups are kept for 35 days 😊👍🏽.", "Backups are kept for 35 days."),
        ("😅 That is all.", "That is all."),
        ("Pets ✅", "Pets ✅"),
        ("Smoking 🚫", "Smoking 🚫"),
        ("👍", "👍"),
    ],
)
def test_pictures_at_the_ends_go_and_signs_stay(text, left):
    assert drop_pictures(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "🎉 " * 20_000 + "a\u00e9 b",
        "a\u00e9" + " " * 20_000 + "b",
        "x" + " [e1]" * 5_000 + " y",
        "a " + "[1" * 9_000,
    ],
)
def test_long_runs_take_no_time(text):
    assert drop_pictures(drop_ids(text)) is not None
