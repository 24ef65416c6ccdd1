"""What a fragment of an answer is read with: its list's lead-in, the heading above, or the question."""

import re
from dataclasses import dataclass, field

from halluguard.grounding.attribution import capitalised, drop_lead_in
from halluguard.grounding.fragments import is_fragment, is_yes_or_no, only_assents
from halluguard.grounding.kinds import says_nothing
from halluguard.grounding.markdown import Block, BlockKind
from halluguard.text import negates, numbers, stems

CONTEXT_CHARS = 300
"""A question or lead-in put before a fragment is cut to its last so many characters."""

_PARAGRAPH_DEPTH = -1
_ITEM_INDENT = 2
_SOURCE_LIST = re.compile(
    r"\W*(?:sources?|references?|citations?|works cited|bibliography|footnotes?|further reading|sources? (?:used|cited))\W*",
    re.IGNORECASE,
)
_OPEN_QUESTION = re.compile(
    r"\W*(?:how|what|when|where|who|whom|whose|which|why)\b(?!\s+(?:about|if)\b)", re.IGNORECASE
)
_ASSENT = re.compile(r"\W*(?:yes|yeah|yep|yup)\b", re.IGNORECASE)
_HERE = re.compile(r"^(?:so\s+)?here(?:['’]s|\s+is|\s+are)?\s+", re.IGNORECASE)
_EMPTY_WORDS = frozenset({"steps", "the steps", "follows", "the following"})
_EMPTY_LEAD = re.compile(
    r"^(?:(?:therefore|thus|so|overall|finally),?\s+)?(?:(?:some|a|an|the|my|your|possible|brief|briefly|short|quick|best|few|complete|detailed|attempt|to|at)\s+){0,5}"
    r"(?:answers?|answer|response|summary|information|breakdown|explanation|you\s+go|what\s+(?:i|we)\s+(?:found|know))\b"
    r"(?!.{0,60}\b(?:about|of|for|regarding)\b).{0,300}$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(slots=True)
class Context:
    """What a fragment may be read with: lead-ins by indentation, the heading above, the question."""

    question: str
    heading: str = ""
    leads: list[tuple[int, str]] = field(default_factory=list)
    in_sources: bool = False
    after_list: bool = False

    @classmethod
    def of_question(cls, question: str | None) -> "Context":
        """Start an answer with nothing but its question."""
        return cls(_tail(" ".join((question or "").split())))

    def enter_heading(self, text: str) -> None:
        """Read what follows under this heading."""
        self.heading = lead_of(text if text.endswith(":") else f"{text}:")
        self.leads = []
        self.in_sources = is_source_list(text)

    def enter(self, block: Block) -> int:
        """Drop the lead-ins that do not reach this block, and return the depth of those it may add."""
        if block.kind is BlockKind.ITEM:
            depth = block.depth
        elif block.depth >= _ITEM_INDENT:
            depth = block.depth - 1
        else:
            depth = _PARAGRAPH_DEPTH
            if self.after_list:
                self.leads = []
        self.after_list = block.kind is BlockKind.ITEM or depth > _PARAGRAPH_DEPTH
        self._drop_leads(depth)
        return depth

    def _drop_leads(self, depth: int) -> None:
        while self.leads and self.leads[-1][0] > _PARAGRAPH_DEPTH and self.leads[-1][0] >= depth:
            self.leads.pop()

    def add_lead(self, depth: int, text: str) -> None:
        """Read the items that follow, deeper ones included, with this line."""
        while self.leads and self.leads[-1][0] >= depth:
            self.leads.pop()
        self.leads.append((depth, lead_of(text)))
        self.in_sources = is_source_list(text) or (self.in_sources and depth > _PARAGRAPH_DEPTH)

    def before(self, reading: str, *, listed: bool) -> str:
        """Return the nearest text that the sentence is to be read with, or the empty string if it stands by itself."""
        if not is_fragment(reading, listed=listed and bool(self.leads)):
            return ""
        lead = next((text for _, text in reversed(self.leads) if text), "") or self.heading
        return self.question if is_yes_or_no(reading) else lead or self.question


def answers_nothing(reading: str, question: str) -> bool:
    """Whether a yes says nothing that is true or false.

    It does where a question that asks for more only gets its own words back ("How does the rule work? Yes, under the
    rule."), and where nobody knows what was asked ("That's true.").
    """
    if not question:
        return only_assents(reading)
    assent = _ASSENT.match(reading)
    if assent is None or not is_yes_or_no(reading) or not _OPEN_QUESTION.match(question):
        return False
    said = reading[assent.end() :]
    own = stems(said)
    return not negates(said) and bool(own) and own <= stems(question) and numbers(said) <= numbers(question)


def lead_of(reading: str) -> str:
    """Return what a lead-in line gives to the items under it, or the empty string: "Here are the fees:" -> "The fees:"."""
    text = drop_lead_in(_tail(reading))
    here = _HERE.match(text)
    rest = text[here.end() :] if here else text
    bare = rest.rstrip(" :")
    empty = not bare or says_nothing(bare) or _EMPTY_LEAD.match(bare) or bare.lower() in _EMPTY_WORDS
    return "" if empty else capitalised(rest)


def is_source_list(heading: str) -> bool:
    """Whether a heading or lead-in opens a list of sources, which claims nothing."""
    return bool(_SOURCE_LIST.fullmatch(heading))


def _tail(text: str) -> str:
    return text if len(text) <= CONTEXT_CHARS else text[-CONTEXT_CHARS:].split(" ", 1)[-1]
