"""Whether a text only speaks of what others said, or says that it is false."""

import re

_CUES = re.compile(
    r"\b(?:falsely|wrongly|incorrectly|mistakenly|erroneously|debunk\w*|myths?|hoax(?:es)?|misinformation|untrue|"
    r"(?:is|was|are|were|not|that's) (?:not )?(?:false|wrong|incorrect|untrue|inaccurate|mistaken)|(?:is|was|are|were) not true|not the case|"
    r"no such (?:policy|rule|thing|offer)|contrary to (?:the claim|claims|a claim|reports|rumou?rs)|"
    r"(?:rumou?rs?|chatbot|bot|assistant|answers?|posts?|article|claims?) (?:\w+ )?(?:claim(?:ed|s|ing)?|said|saying|told|stat(?:ed|es)|suggest(?:ed|s))|"
    r"as a joke|joked|satire)\b",
    re.IGNORECASE,
)


def has_report_cue(text: str) -> bool:
    """Whether a text marks what it quotes as false, as a joke, or as what somebody else said."""
    return _CUES.search(text) is not None
