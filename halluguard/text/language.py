"""Whether a text is in English, the language that the models read: told by letters, and by the small words of its neighbours."""

import re

from halluguard.text.words import FUNCTION_WORDS

_FOREIGN_WORDS = """
    der die das und ist nicht ein eine einen sie wir werden wird mit für von den dem auf bei nach sind innerhalb
    le la les des et est une un pour dans que vous nous avec sur pas sont du au aux
    el los las por con para una del al se su es son no
    il che di per non della sono gli nel alla
    een het van niet zijn voor met bij wordt u
    os um uma não com em ao da das dos
    och att är inte som på av den det er ikke og til
"""
FOREIGN_WORDS = frozenset(_FOREIGN_WORDS.split()) - FUNCTION_WORDS
"""Frequent small words of German, French, Spanish, Italian, Dutch, Portuguese and the languages of Scandinavia, none English."""

LEAST_LETTERS = 12
"""Letters of a text that is judged."""

LEAST_FOREIGN = 3
"""Small words of other languages in a text that is told for one of them."""

_WORD = re.compile(r"[^\W\d_]+")


def looks_english(text: str) -> bool:
    """Whether a text is in English, as far as its letters tell; where they tell nothing, as in a name, it is.

    Not in English is what is mostly written in other than Latin letters, and what holds more of the small words of other
    languages than of English ones.
    """
    words = _WORD.findall(text.lower())
    letters = sum(map(len, words))
    if letters < LEAST_LETTERS:
        return True
    latin = sum(char < "\u0250" for word in words for char in word)
    if 2 * latin < letters:
        return False
    foreign = sum(word in FOREIGN_WORDS for word in words)
    return foreign < LEAST_FOREIGN or foreign <= sum(word in FUNCTION_WORDS for word in words)
