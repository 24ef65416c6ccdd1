"""English answers are told from others, and what may be either is taken for English."""

import pytest

from halluguard.text.language import looks_english


@pytest.mark.parametrize(
    "text",
    [
        "Refunds are paid within 14 days of the request.",
        "La Mancha Hotel, El Paso: 30 dollars",
        "| Economy | $30 |\n| Business | $50 |",
        "Yes.",
        "30 dollars",
        "Das Auto is a slogan; the car is sold in Das Island.",
        "",
    ],
)
def test_english_and_what_may_be_english(text):
    assert looks_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "Die Erstattung wird innerhalb von 14 Tagen nach der Anfrage bezahlt.",
        "Le remboursement est effectué dans les 14 jours.",
        "El reembolso se paga en los 14 días siguientes.",
        "払い戻しは14日以内に行われます。",
        "Возврат средств производится в течение 14 дней.",
        "يتم استرداد المبلغ خلال ١٤ يوما.",
    ],
)
def test_other_languages(text):
    assert not looks_english(text)
