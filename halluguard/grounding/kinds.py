"""What kind of span a sentence is, decided by rules over one sentence at a time.

Every rule errs towards *claim*: a sentence is set aside only if nothing checkable would be lost with it.
"""

import re

from halluguard.grounding.attribution import LINK_WORD, SOURCE_PHRASE, drop_lead_in
from halluguard.records import ClaimKind

_LINKS = rf"(?:{LINK_WORD}(?:\s+that)?[,:.]?\s+){{0,3}}"
_NOT = r"(?:n['’]t|\s+not)"
_CANNOT = rf"(?:(?:can|could|do|did|am|was){_NOT}|can['’]?t|cannot)"
_INFO = r"(?:information|info|mentions?|details?|answers?|guidance|specifics|indication|advice|instructions?|context|confirmation)"
_INFO_AFTER = r"(?=\W*$|\s*[,;]|\s+(?:about|on|regarding|concerning|of|in|from|within|available|provided|that|to|given|as|whether|here|for|with|which|at|related|beyond)\b)"
_CANNOT_BE = rf"(?:cannot|can['’]?t|can\s+not|could{_NOT})\s+be"
_ANSWER = (
    r"(?:an?\s+|the\s+|any\s+)?(?:\w+ly\s+)?(?:(?:precise|exact|specific|definitive|definite|clear|complete|full|accurate|direct|certain|correct|conclusive|satisfactory|reliable)\s+){0,2}"
    r"(?:answer|response)(?=\W*$|\s+(?:to\s+(?:the|this|that|your|how|what|whether)|based|from|in|given|without|with|using|on|as|because|since|about|regarding)\b)"
)
_ANSWERING = rf"(?:(?:provide|give|offer|find|formulate|form)\s+{_ANSWER}|answer\s+(?:this|that|the|your)\s+(?:\w+\s+)?(?:question|query)\b)"

_ABSTENTIONS = (
    # "Unable to answer based on given passages.", but not "It is not possible to answer a call while driving."
    rf"{_LINKS}it(?:\s+(?:is|was)|['’]s)\s+(?:not\s+possible|impossible|difficult|hard)\s+(?:for\s+me\s+)?to\s+(?:\w+ly\s+)?(?:answer\b(?!\s+(?:an?|calls?|the\s+(?:phone|door|call))\b)|determine|say|tell|confirm|verify|conclude|{_ANSWERING})",
    # "It is unable to provide a precise answer.", but not "It is unable to provide refunds."
    rf"{_LINKS}(?:it|we|(?:the|this)\s+(?:ai|assistant|model|language\s+model|system|chatbot))(?:\s+(?:is|are|was|were)|['’](?:s|re))\s+(?:\w+ly\s+)?(?:unable|not\s+able)\s+to\s+(?:\w+ly\s+)?{_ANSWERING}",
    (
        rf"{_LINKS}(?:i\s+(?:am|was)|i['’]m)?\s*(?:\w+\s+)?(?:unable|not\s+able)\s+to\s+(?:\w+ly\s+)?"
        r"(?:answer|determine|say|tell|find|confirm|verify|respond|know|conclude|assist|help|(?:provide|give|offer|locate|identify|access)\b.{0,60}?\b(?:information|answers?|details?|guidance|recommendations?|advice))\b"
    ),
    # "I don't know", "I cannot find that in the documents"
    rf"{_LINKS}i\s+(?:\w+ly\s+)?{_CANNOT}\s+(?:\w+ly\s+)?(?:find|see|know|answer|determine|tell|help|assist|locate|confirm|verify|say|be\s+sure|be\s+certain|respond|advise)\b",
    # "I don't have information on ...", "We cannot provide details", but not "We do not provide refunds"
    rf"{_LINKS}(?:i|we)\s+(?:\w+ly\s+)?{_CANNOT}\s+(?:\w+ly\s+)?(?:have|provide|give|offer|access)\s+(?:[\w-]+\s+){{0,5}}?{_INFO}{_INFO_AFTER}",
    # "I do not have access to your booking.", but not "We do not have access to the lounge on Basic fares."
    rf"{_LINKS}i\s+(?:\w+ly\s+)?{_CANNOT}\s+(?:\w+ly\s+)?have\s+(?:[\w-]+\s+){{0,2}}access\s+to\b",
    # "There is no information in the context about ...", but not "There is no data cap" nor "no evidence of harm"
    rf"{_LINKS}(?:(?:i|we)\s+have|there\s+(?:is|was|are|were|seems?\s+to\s+be)|there['’]s)\s+(?:no|not\s+(?:enough|any|sufficient)|insufficient)\s+(?:[\w-]+\s+){{0,3}}?(?!confirm|instruct|advice){_INFO}{_INFO_AFTER}",
    rf"{_LINKS}there\s+(?:is|was|are|were)n['’]t\s+(?:enough|any|sufficient)\s+(?:[\w-]+\s+){{0,3}}?{_INFO}{_INFO_AFTER}",
    rf"{_LINKS}there\s+(?:is|was|are|were)\s+no(?:t\s+any)?\s+[^.]{{1,100}}?\s(?:mentioned\s+|provided\s+|given\s+)?(?:in|from|within|by)\s+{SOURCE_PHRASE}",
    rf"{_LINKS}(?:i['’]m|i\s+am)\s+(?:not\s+(?:sure|certain|aware)|unsure|uncertain)\b",
    # "The passages do not mention ...", "None of the documents say ..."
    (
        rf"{_LINKS}(?:note\s+that\s+)?{SOURCE_PHRASE}\s+(?:also\s+|only\s+|simply\s+|unfortunately\s+)?(?:do|does|did|has|have){_NOT}\s+(?:\w+ly\s+)?(?:seem\s+to\s+|appear\s+to\s+)?"
        r"(?:mention(?:ed)?|provide|contain|include|specify|specified|state|say|address|discuss|give|offer|explain|describe|cover|indicate|clarify|list|answer|refer|define|detail|"
        r"elaborate|disclose|identify|talk|(?:have|give)\s+(?:\w+\s+){0,2}(?:information|details?|answers?))\b"
    ),
    # "The passages provide no information about ...", "... fail to mention ...", "... are unrelated to the question"
    rf"{_LINKS}{SOURCE_PHRASE}\s+(?:lacks?|(?:provides?|contains?|includes?|gives?|offers?|has|have)\s+(?:no|insufficient|not\s+enough))\s+(?:[\w-]+\s+){{0,2}}?(?:information|answers?|details?|mentions?|guidance|indication)\b",
    rf"{_LINKS}{SOURCE_PHRASE}\s+fails?\s+to\s+(?:mention|provide|contain|specify|state|say|address|answer|explain)\b",
    rf"{_LINKS}{SOURCE_PHRASE}\s+(?:is|are|was|were)\s+(?:\w+ly\s+)?(?:unrelated|irrelevant|not\s+(?:\w+ly\s+)?(?:related|relevant))\s+to\s+(?:the|this|your)\s+(?:\w+\s+)?(?:question|query|topic)\b",
    rf"{_LINKS}{SOURCE_PHRASE}\s+(?:is|are|was|were)\s+(?:insufficient|not\s+(?:sufficient|enough))\s+(?:for|to)\b",
    # "No passage mentions ...", "No information about ... is provided in the passages"
    rf"{_LINKS}no\s+(?:passages?|contexts?|excerpts?|snippets?)\s+(?:\w+ly\s+)?(?:mentions?|states?|says?|provides?|contains?|addresse?s?|discuss(?:es)?|specif(?:y|ies)|answers?)\b",
    rf"{_LINKS}no\s+(?:\w+\s+){{0,2}}(?:information|details?|mention|answers?)\b[^.]{{0,100}}?\b(?:provided|given|mentioned|found|available|included|contained)\s+(?:in|by|from|within)\s+{SOURCE_PHRASE}\W*$",
    rf"{_LINKS}(?:it|they)\s+(?:also\s+)?(?:do|does|did){_NOT}\s+(?:\w+ly\s+)?(?:mention|specify|address|discuss|elaborate)\b",
    rf"{_LINKS}(?:none|neither|nothing)\s+(?:of|in)\s+{SOURCE_PHRASE}",
    rf"none\s+(?:is\s+|are\s+|was\s+|were\s+)?(?:mentioned|provided|specified|given|listed)(?:\s+in\s+{SOURCE_PHRASE})?\W*$",
    # "... is not mentioned in the passages."
    (
        rf"[^.]{{1,200}}?\b(?:is|are|was|were|has|have){_NOT}\s+(?:been\s+)?(?:\w+ly\s+)?(?:mentioned|provided|specified|stated|included|given|available|discussed|addressed|covered|clear|found|contained)\s+"
        rf"(?:anywhere\s+)?(?:in|by|from|within)\s+{SOURCE_PHRASE}\W*$"
    ),
    rf"{_LINKS}it\s+is\s+(?:not\s+clear|unclear|unknown|not\s+(?:specified|stated|mentioned))\b[^.]{{0,200}}\W*$",
    rf"{_LINKS}(?:this|that|such)\s+(?:information|detail)\s+(?:is|was){_NOT}\s+(?:\w+ly\s+)?(?:available|provided|mentioned|included|specified|given|in)\b",
    rf"{_LINKS}(?:(?:the|this|that|your|an?)\s+)?(?:\w+\s+)?(?:answer|question)\s+{_CANNOT_BE}\s+(?:determined|answered|found|provided|given)\b",
    rf"{_LINKS}(?:it|this|that)\s+{_CANNOT_BE}\s+(?:determined|answered|inferred|confirmed|verified|concluded)\s+(?:\w+\s+)?(?:from|with|by|based\s+on|using|in)\s+{SOURCE_PHRASE}",
    (
        r"(?:no\s+(?:relevant\s+|specific\s+|further\s+|additional\s+)?(?:information|answer|details?)(?:\s+(?:is\s+|are\s+|was\s+|were\s+)?(?:available|provided|found|given|mentioned))?"
        r"|n/a|unknown|unanswerable|not\s+(?:specified|mentioned|stated|provided|available))\W*$"
    ),
    # "Insufficient context to answer", but not "Insufficient details on the form lead to rejection at the border."
    (
        r"(?:not\s+enough|insufficient)\s+(?:information|context|details?)"
        rf"(?=\W*$|\s+to\b|\s+(?:(?:is|are|was|were)\s+)?(?:available|provided|given)\b(?!\s+(?:by|at|on)\b)|\s+(?:(?:available|provided|given)\s+)?(?:in|within|from|by)\s+{SOURCE_PHRASE}|(?:\s+[\w-]+){{1,8}}\s+to\s+(?:say|tell|answer|determine|know|confirm)\b"
        r"|\s+(?:about|on|for|regarding)(?:\s+(?!(?:leads?\s+to|results?\s+in|causes?\s+(?:an?|the)|means?|voids?)\b)[\w-]+){1,6}\W*$)"
    ),
)
_ABSTAINED = re.compile(
    rf"(?:based\s+on\s+{SOURCE_PHRASE},\s+|according\s+to\s+{SOURCE_PHRASE},\s+|without\s+(?:more|further|additional|any)\s+(?:information|context|details),\s+)?(?:{'|'.join(_ABSTENTIONS)})",
    re.IGNORECASE,
)
_ANSWER_IS_ABSTENTION = re.compile(
    r":\s*(?:unable to answer|not (?:mentioned|specified|provided|stated)|unknown|none mentioned)\b[^.]{0,80}\W*$",
    re.IGNORECASE,
)
_DENIALS = (
    "n't",
    "n’t",
    "not",
    "no",
    "No",
    "annot",
    "naware",
    "nable",
    "nknown",
    "nclear",
    "nsure",
    "ncertain",
    "mpossible",
    "nsufficient",
    "ifficult",
    "hard",
    "N/",
    "n/",
    "nanswerable",
    "NO",
    "UN",
    "cant",
    "lack",
    "fail",
    "nrelated",
    "rrelevant",
)
"""Every abstention holds one of these, and most sentences none: the cheap test comes first."""
_TURN = re.compile(
    r"(?:;\s*(?:and\b|so\b)?|,\s*(?:and|so)\b)\s*(?!but|however)(.+)$|(?:,\s*|;\s*|\s+)(?:but|however|although|though|yet|nevertheless|except(?:\s+that)?|while|whereas)\b[,\s]+(.+)$",
    re.IGNORECASE,
)
_REST_WORDS = 4
_STATED_WORDS = 3

_META = re.compile(
    r"""(?:
    (?:sure|certainly|of\s+course|absolutely|okay|ok|great|no\s+problem|got\s+it|understood|definitely|gladly|alright)(?:\s+thing)?
    |(?:(?:sure|certainly|of\s+course|absolutely|okay|ok)\b[,!.]?\s+)?
        (?:i\s+(?:can|will|would|['’]d)|i['’](?:d|ll|m)|i\s+am|we\s+can)\s+(?:be\s+|try\s+to\s+|do\s+my\s+best\s+to\s+|gladly\s+|definitely\s+|certainly\s+|briefly\s+|confidently\s+)?
        (?:(?:(?:happy|glad|here)\s+to\s+)?(?:help|assist|answer)|provide\s+(?:you\s+with\s+)?(?:an?|the|some)\s+(?:brief\s+|short\s+|following\s+)?(?:answer|response|information|guidance|summary))\b[^;]{0,160}
    |(?:happy|glad)\s+to\s+(?:help|assist)\b[^,;]{0,80}
    |(?:(?:(?:the|our|my)\s+(?:[\w’'-]+\s+){1,4}|we\s+)(?:(?:will|would)\s+(?:also\s+)?be|is|are)|we['’]re)\s+(?:always\s+)?(?:glad|happy|pleased|here|ready)\s+to\s+(?:help|assist|advise)(?:\s+you)?(?:\s+(?:further|out|with\s+(?:this|that|it)))?
    |(?:hi|hello|hey|greetings|good\s+(?:morning|afternoon|evening|day))\b[\s,!]*(?:there|again|everyone|all|\w+)?
    |(?:(?:hi|hello|hey|greetings)\b[\s,!]*(?:there|again|everyone|all)?[\s,!]*)?(?:i['’]m|i\s+am|this\s+is)\s+(?:\w+,\s+)?(?:the|your|an?)\s+(?:[\w-]+\s+){0,4}(?:assistant|chatbot|bot)
    |welcome(?:\s+back)?|welcome\s+to\s+(?:our|the)\s+(?:chat|support|help)\b[^,;]{0,60}|welcome\s+to\s+\w+(?:\s+\w+)?
    |(?:thank\s+you|thanks|many\s+thanks)(?:[\s,]+(?:so\s+much|very\s+much|a\s+lot|again))?(?:\s+for\b[^,;]{0,100})?
    |(?:you['’]re|you\s+are)\s+(?:very\s+|most\s+)?welcome|my\s+pleasure
    |(?:(?:that['’]s|that\s+is|what)\s+an?\s+)?(?:great|good|excellent|interesting)\s+question
    |(?:(?:oh|ah|yes|yeah|well|wow|haha|lol)\b[\s,!.]*)*(?:
        (?:that(?:\s?['’]\s?s|\s+is|\s+was)|(?:that\s+)?sounds|how)\s+(?:(?:so|very|quite|pretty|kind\s+of|a\s+bit|such|too|\w+ly)\s+)*
            (?:cool|great|good|nice|awesome|amazing|wonderful|fantastic|fascinating|interesting|impressive|funny|fun|crazy|wild|odd|weird|strange|surprising|sad|bad|terrible|awful|lovely|neat|exciting)
        |i\s+(?:(?:do|totally|completely|fully|definitely)\s+)?agree(?:\s+with\s+you)?|i\s+know(?:\s*,?\s*right)?|me\s+too|same\s+here|i\s+think\s+so(?:\s*,?\s*too)?
        |i\s+(?:can|could)\s+(?:believe|understand|imagine)\s+(?:it|that)
        |good\s+to\s+know|no\s+way|i\s+see|same\s+to\s+you|oh\s+my(?:\s+(?:god|gosh))?
        |i\s+(?:did\s?n\s?['’]?\s?t|did\s+not|never)\s+(?:know|knew|realized?|realised?|think\s+of|thought\s+of|think\s+about|thought\s+about)\s+(?:that|it)(?:\s+before)?
        |i(?:\s?['’]\s?m|\s+am)\s+not\s+surprised
        |(?:(?:it\s+(?:was|is|has\s+been)|it\s?['’]\s?s\s+been)\s+)?(?:so\s+)?(?:nice|great|good|lovely)\s+(?:to\s+meet\s+you|(?:chat|chatting|talk|talking|speaking)(?:\s+(?:with|to)\s+you)?)(?:\s+(?:today|too))?
        )(?:\s*,?\s+(?:too|as\s+well|lol|haha|though))?
    |(?:oh|ah|wow|haha|lol|hmm+)(?:[\s,!]+(?:wow|nice|cool|haha|lol))?
    |(?:and\s+)?(?:please\s+)?(?:feel\s+free|(?:do\s+not|don['’]t)\s+hesitate)\s+to\s+(?:ask|reach|contact|let\s+me|call|message|e-?mail|get\s+in\s+touch|write)\b[^;]{0,120}
    |(?:please\s+)?(?:just\s+)?let\s+me\s+know\b[^;]{0,160}|(?:just|please)\s+ask\b[^,;]{0,60}|ask\s+me\s+(?:anything|whatever)\b[^;]{0,80}
    |(?:(?:i['’]m|i\s+am)\s+)?(?:glad|happy|pleased)\s+(?:i|we)\s+(?:could|can|was\s+able\s+to|were\s+able\s+to)\s+(?:help|assist)[^,;]{0,20}
    |(?:please\s+)?(?:don['’]t|do\s+not)\s+worry|no\s+worries|congratulations[^,;]{0,30}
    |(?:i|we)\s+hope\s+you\s+(?:get\s+well\s+soon|feel\s+better\b[^,;]{0,20}|(?:have|had)\s+an?\s+[\w\s]{1,30}|enjoy(?:ed)?\b[^,;]{0,30})
    |(?:i['’]m\s+afraid\s+|well,\s+)?(?:that|it)\s+depends(?:\s+on\s+your\s+\w+)?
    |(?:i\s+|we\s+)?hope(?:fully)?,?\s+(?:that\s+)?(?:this|these|it|that|you\s+find|the\s+information)\b[^,;]{0,60}?\b(?:help\w*|useful|answers?|clarif\w+)\b[^,;]{0,60}
    |if\s+you\s+(?:have|need|would\s+like|want|['’]d\s+like|require)\s+[^;]{0,120}(?:let\s+me\s+know|feel\s+free\s+to\s+(?:ask|reach|contact)|(?:just|please)\s+ask|hesitate|happy\s+to\s+help|glad\s+to\s+help|here\s+to\s+help)\b[^;]{0,80}
    |happy\s+(?:\w+ing|travels|holidays|birthday|new\s+year)|hang\s+in\s+there|keep\s+up\s+the\s+good\s+work
    |have\s+a\s+(?:great|good|nice|wonderful|pleasant|safe|lovely)\s+\w+(?:\s+\w+)?|enjoy\s+your\s+(?:flight|trip|day|stay|meal|visit|holiday|journey)|safe\s+travels|good\s+luck[^,;.]{0,40}
    |(?:best|kind|warm)\s+regards|sincerely|cheers|take\s+care|goodbye|bye
    |(?:(?:i['’]m|i\s+am|we['’]re|we\s+are)\s+(?:very\s+|so\s+|really\s+)?)?sorry(?:\s+(?:for|about|to\s+hear|that\s+you)\b[^,;]{0,80})?
    |(?:(?:i|we)\s+apologi[sz]e|my\s+apologies|apologies)(?:\s+for\b[^,;]{0,80})?
    |(?:this|that|it)\s+(?:information\s+)?(?:is|was|can\s+be)\s+(?:also\s+)?(?:mentioned|stated|found|noted|described|from)\s+(?:in|on|from)?\s*(?:the\s+)?(?:given\s+|provided\s+)?(?:passages?|sources?|documents?|context)\b[\s\d,and]*
    |(?:the\s+)?(?:given\s+|provided\s+)?(?:passages?|sources?|documents?|context)\s+(?:provides?|contains?)\s+enough\s+information\b[^,;]{0,80}
    |(?:note|disclaimer|answer|sources?|references?|citations?|summary|in\s+summary|conclusion|in\s+conclusion|overall|for\s+example|example)
    )\W*""",
    re.IGNORECASE | re.VERBOSE,
)
_MESSAGE = r"(?:this|this\s+(?:message|e-?mail|mail|note|notice|text|answer|reply|information|news|update))"
_PASS_ON = re.compile(
    rf"""(?:and\s+)?(?:please\s+)?(?:always\s+)?(?:
    (?:send|forward|pass|share|spread|relay)\s+{_MESSAGE}(?:\s+(?:on|along))?\s+(?:to|with|among)\s+
        (?:(?:all|every|other|as\s+many)\b[^,;]{{0,60}}|everyone|everybody|anyone|others|your\s+(?:friends|contacts|family|colleagues)[^,;]{{0,40}})
    |(?:include|repeat|copy|paste|add|quote)\s+{_MESSAGE}\s+(?:in|into|to|at\s+the\s+(?:end|start|top|bottom)\s+of)\s+(?:all|every|each|any)\b[^,;]{{0,60}}
    )\W*""",
    re.IGNORECASE | re.VERBOSE,
)
"""A request to pass a message on says nothing of its own: what is true or false is the message."""
_SOURCE_LINE = re.compile(
    r"[\[(]?\s*(?:sources?|references?|citations?)\s*[:=]\s*(?P<named>[^\n]{1,200})", re.IGNORECASE
)
_BRACKET = re.compile(r"\[[^\[\]\n]{1,200}\][\s.,;:!]*")
_ASKS = re.compile(r"\W*(?:how|what|when|where|why|who|which)\b", re.IGNORECASE)
_STATES = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|does|do|did|can|cannot|could|may|might|must|will|would|shall|should"
    r"|costs|takes|says|said|allows|requires|includes|gets|gives|pays|needs|applies|applied|arrives|leaves)\b|n['’]t\b"
)
"""Verbs that no title of a document holds, unless it is a question ("What is allowed on board") or in capitals."""
_PART = re.compile(r"(?:[,:]|\s[-–—]|\s?\()\s*(?:(?:and|so|or|but|then)\s+)?(?!\s)")
_TIED = re.compile(
    r"(?:if|whether|such\s+as|like|including|for|as|which\w*|where|when\w*|or|because|here\s+(?:is|are)|have|has|would\s+like|you\s+can\s+(?:ask|let|tell)"
    r"|i\s+(?:can|will|could)\s+(?:check|look|find|see\s+(?:what|if|whether))"
    r"|(?:(?:[\w-]+\s+){0,2}(?:and|or)\s+)?(?:what\w*|how|anything|if))\b",
    re.IGNORECASE,
)
"""How a part of a sentence begins that says more of the part before it, and nothing by itself."""
_META_CHARS = 300
_FIGURE = re.compile(r"(?<!passage )(?<!source )(?<!document )(?<!passages )(?<!and )\b\d")
_WORD = re.compile(r"\w")


def kind_of(reading: str) -> ClaimKind:
    """Tell a checkable sentence from an abstention and from what claims nothing (greetings, offers, questions, lead-ins)."""
    if not _WORD.search(reading):
        return ClaimKind.NOT_A_CLAIM
    text = reading.strip(" \"'“”*_-–—")
    if _abstains(text) or _abstains(drop_lead_in(text)):
        return ClaimKind.ABSTAINED
    if text.endswith(("?", "？", ":", "：")) or says_nothing(text) or _names_source(text):
        return ClaimKind.NOT_A_CLAIM
    return ClaimKind.CLAIM


def _abstains(text: str) -> bool:
    if not any(word in text for word in _DENIALS):
        return False
    if not (_ABSTAINED.match(text) or _ANSWER_IS_ABSTENTION.search(text)):
        return False
    turn = _TURN.search(text)
    return turn is None or all(_is_empty(part) for part in (text[: turn.start()], turn[1] or turn[2]))


def _is_empty(part: str) -> bool:
    """Whether one half of "..., but ..." abstains too, or is too short to claim anything."""
    return len(part.split()) < _REST_WORDS or bool(_ABSTAINED.match(part))


def _names_source(text: str) -> bool:
    """Whether a line says where an answer is from and nothing else: "Source: meals.md"."""
    line = _SOURCE_LINE.fullmatch(text)
    return line is not None and not is_statement(line["named"])


def is_bracket(text: str) -> bool:
    """Whether a span is a square bracket around something that is no sentence, as a source named in it is."""
    return bool(_BRACKET.fullmatch(text)) and not is_statement(text)


def is_statement(text: str) -> bool:
    """Whether a phrase that should name a source says something instead."""
    return bool(_STATES.search(text)) and not _ASKS.match(text)


def says_nothing(text: str) -> bool:
    """Whether a phrase is a greeting, an offer, a request to pass a message on or another turn of talk without a statement in it."""
    return (
        len(text) <= _META_CHARS
        and not _FIGURE.search(text)
        and any(pattern.fullmatch(text) for pattern in (_META, _PASS_ON))
        and not any(map(_says_something, _PART.split(text)[1:]))
    )


def _says_something(part: str) -> bool:
    """Whether what follows an offer states something: "I can help with that, all fares are refundable"."""
    return (
        len(part.split()) >= _STATED_WORDS
        and is_statement(part)
        and not _TIED.match(part)
        and not _META.fullmatch(part)
    )
