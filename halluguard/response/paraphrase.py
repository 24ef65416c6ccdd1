"""Other ways to ask the same: rewrites by rule, offline and without a model, for probes after a quarantine."""

import re

from halluguard.text import content_words

_OPENINGS = (
    "Hi, {q}",
    "Quick question: {q}",
    "Could you tell me: {q}",
    "I need help. {q}",
    "Please explain: {q}",
    "A friend asked me this: {q}",
    "{q} Thanks in advance.",
    "Not sure I understood. {q}",
)
_CLAIM_FORMS = (
    "Is it true that {c}?",
    "{c}, right?",
    "I was told that {c}. Is that correct?",
    "Can you confirm that {c}?",
)
_SYNONYMS = {
    "cost": "price",
    "costs": "prices",
    "fee": "charge",
    "fees": "charges",
    "change": "rebook",
    "refund": "money back",
    "bag": "luggage",
    "bags": "luggage",
    "baggage": "luggage",
    "ticket": "booking",
    "tickets": "bookings",
    "flight": "trip",
    "cancel": "call off",
    "how long": "for how many days",
    "how much": "what",
    "until when": "what is the last day",
    "can i": "am I allowed to",
    "do i": "does a customer",
    "what is": "tell me",
    "buy": "purchase",
    "get": "obtain",
    "return": "send back",
}
_ASKING = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|evening)|please|thanks|ok|okay)\b[\s,!.]*", re.IGNORECASE
)


def paraphrase(question: str, claims: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return distinct other wordings of a question, most natural first, without the question itself.

    Openings and endings people use, keywords alone, words in another order, clauses exchanged, synonyms, and each claim
    turned into a question of its own. Deterministic; at most about thirty for one claim.
    """
    bare = _ASKING.sub("", question.strip()).strip() or question.strip()
    lower = bare[:1].lower() + bare[1:]
    made = [form.format(q=lower if form[:1] != "{" else bare) for form in _OPENINGS]
    words = [word for word in re.findall(r"[\w'€$%-]+", bare) if word.casefold() in _kept(bare)]
    made += [" ".join(words), " ".join(reversed(words)), " ".join([*words[1:], *words[:1]]) + "?"]
    made += [text for text in (_exchange_clauses(bare), _replace_words(bare)) if text]
    for claim in claims:
        said = claim.strip().rstrip(".!?")
        keeps = said.startswith("I ") or (said[:2].isalpha() and said[:2].isupper())
        said = said if keeps else said[:1].lower() + said[1:]
        made += [form.format(c=said) for form in _CLAIM_FORMS]
    seen = {normal(question)}
    return tuple(text for text in made if (key := normal(text)) and key not in seen and not seen.add(key))  # type: ignore[func-returns-value]


def normal(text: str) -> str:
    """Return words in lower case, to tell the same wording again."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _kept(text: str) -> set[str]:
    return {word.casefold() for word in content_words(text)}


def _exchange_clauses(text: str) -> str:
    parts = [part.strip(" ?.!") for part in re.split(r"[,;.]\s+", text.strip()) if part.strip(" ?.!")]
    return ", ".join([*parts[1:], parts[0]]) + "?" if len(parts) > 1 else ""


def _replace_words(text: str) -> str:
    changed = text
    for old, new in _SYNONYMS.items():
        changed = re.sub(rf"\b{re.escape(old)}\b", new, changed, flags=re.IGNORECASE)
    return changed if changed != text else ""
