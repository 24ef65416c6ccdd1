"""What kind of span a sentence is, and what of it a model should read: rules over one sentence at a time.

Every rule errs towards *claim*: a sentence is set aside only if nothing checkable would be lost with it.
"""

import re

from halluguard.records import ClaimKind

_SOURCES = r"(?:passages?|contexts?|documents?|sources?|texts?|excerpts?|snippets?|articles?|search results?|knowledge base)"
_LOOSE = r"(?:information|data|content|materials?|details?|results?|references?|documentation|knowledge|records?|facts)"
_SHOWN = r"(?:given|provided|available|above|retrieved|following|supplied|current)"
_DETERMINER = r"(?:the|this|that|these|those|any|all|my|your|of)"
_NUMBERS = r"(?:\s+#?\d{1,3}(?:\s*(?:,|and|&|or|-|–)\s*(?:and\s+)?#?\d{1,3}){0,6})?"
_AFTER = r"(?:\s+(?:that\s+)?(?:you\s+|i\s+)?(?:was\s+|were\s+|are\s+|is\s+|have\s+|has\s+|been\s+){0,2}(?:given|provided|above|below|supplied|available)(?:\s+(?:to\s+me|here))?)"
_SOURCE_PHRASE = (
    rf"(?:(?:{_DETERMINER}\s+){{0,3}}(?:(?:{_SHOWN}\s+){{0,2}}{_SOURCES}{_NUMBERS}{_AFTER}?"
    rf"|{_SHOWN}\s+{_LOOSE}|{_LOOSE}(?:{_AFTER}|\s+in\s+(?:the\s+)?(?:{_SHOWN}\s+)?{_SOURCES}{_NUMBERS})))"
)
_LINK_WORD = (
    r"(?:however|therefore|alternatively|similarly|instead|then|next|first|second|third|lastly|thus|hence|so|also|additionally|furthermore|moreover|unfortunately|note|please note|"
    r"in summary|in conclusion|overall|finally|but|and|sorry|i'm sorry|i am sorry|i apologi[sz]e|my apologies|again|"
    r"it'?s important to note|it is important to note|it should be noted|please be aware|as an ai(?: language)?(?: model| assistant)?)"
)
_LINKS = rf"(?:{_LINK_WORD}(?:\s+that)?[,:.]?\s+){{0,3}}"
_NOT = r"(?:n['’]t|\s+not)"
_CANNOT = rf"(?:(?:can|could|do|did|am|was){_NOT}|can['’]?t|cannot)"
_INFO = r"(?:information|info|mentions?|details?|answers?|guidance|specifics|indication|advice|instructions?|context|confirmation|access)"
_INFO_AFTER = r"(?=\W*$|\s*[,;]|\s+(?:about|on|regarding|concerning|of|in|from|within|available|provided|that|to|given|as|whether|here|for|with|which|at|related|beyond)\b)"

_ABSTENTIONS = (
    # "Unable to answer based on given passages."
    rf"{_LINKS}it(?:\s+is|['’]s)\s+(?:not\s+possible|impossible|difficult|hard)\s+(?:for\s+me\s+)?to\s+(?:\w+ly\s+)?(?:answer|determine|say|tell|confirm|verify|conclude)\b",
    rf"{_LINKS}(?:i\s+(?:am|was)|i['’]m)?\s*(?:\w+\s+)?(?:unable|not\s+able)\s+to\s+(?:\w+ly\s+)?"
    r"(?:answer|determine|say|tell|find|confirm|verify|respond|know|conclude|assist|help|(?:provide|give|offer|locate|identify|access)\b.{0,60}?\b(?:information|answers?|details?|guidance|recommendations?|advice))\b",
    # "I don't know", "I cannot find that in the documents"
    rf"{_LINKS}i\s+(?:\w+ly\s+)?{_CANNOT}\s+(?:\w+ly\s+)?(?:find|see|know|answer|determine|tell|help|assist|locate|confirm|verify|say|be\s+sure|be\s+certain|respond|advise)\b",
    # "I don't have information on ...", "We cannot provide details", but not "We do not provide refunds"
    rf"{_LINKS}(?:i|we)\s+(?:\w+ly\s+)?{_CANNOT}\s+(?:\w+ly\s+)?(?:have|provide|give|offer|access)\s+(?:[\w-]+\s+){{0,5}}?{_INFO}{_INFO_AFTER}",
    # "There is no information in the context about ...", but not "There is no data cap" nor "no evidence of harm"
    rf"{_LINKS}(?:(?:i|we)\s+have|there\s+(?:is|was|are|were|seems?\s+to\s+be)|there['’]s)\s+(?:no|not\s+(?:enough|any|sufficient)|insufficient)\s+(?:[\w-]+\s+){{0,3}}?{_INFO}{_INFO_AFTER}",
    rf"{_LINKS}there\s+(?:is|was|are|were)\s+no(?:t\s+any)?\s+[^.]{{1,100}}?\s(?:mentioned\s+|provided\s+|given\s+)?(?:in|from|within|by)\s+{_SOURCE_PHRASE}",
    rf"{_LINKS}(?:i['’]m|i\s+am)\s+(?:not\s+(?:sure|certain|aware)|unsure|uncertain)\b",
    # "The passages do not mention ...", "None of the documents say ..."
    rf"{_LINKS}(?:note\s+that\s+)?{_SOURCE_PHRASE}\s+(?:also\s+|only\s+|simply\s+|unfortunately\s+)?(?:do|does|did|has|have){_NOT}\s+(?:\w+ly\s+)?(?:seem\s+to\s+|appear\s+to\s+)?"
    r"(?:mention(?:ed)?|provide|contain|include|specify|specified|state|say|address|discuss|give|offer|explain|describe|cover|indicate|clarify|list|answer|refer|define|detail|"
    r"elaborate|disclose|identify|talk|(?:have|give)\s+(?:\w+\s+){0,2}(?:information|details?|answers?))\b",
    rf"{_LINKS}(?:it|they)\s+(?:also\s+)?(?:do|does|did){_NOT}\s+(?:\w+ly\s+)?(?:mention|specify|address|discuss|elaborate)\b",
    rf"{_LINKS}(?:none|neither|nothing)\s+(?:of|in)\s+{_SOURCE_PHRASE}",
    rf"none\s+(?:is\s+|are\s+|was\s+|were\s+)?(?:mentioned|provided|specified|given|listed)(?:\s+in\s+{_SOURCE_PHRASE})?\W*$",
    # "... is not mentioned in the passages."
    rf"[^.]{{1,200}}?\b(?:is|are|was|were|has|have){_NOT}\s+(?:been\s+)?(?:\w+ly\s+)?(?:mentioned|provided|specified|stated|included|given|available|discussed|addressed|covered|clear|found)\s+"
    rf"(?:anywhere\s+)?(?:in|by|from|within)\s+{_SOURCE_PHRASE}\W*$",
    rf"{_LINKS}it\s+is\s+(?:not\s+clear|unclear|unknown|not\s+(?:specified|stated|mentioned))\b[^.]{{0,200}}\W*$",
    rf"{_LINKS}(?:this|that|such)\s+(?:information|detail)\s+(?:is|was){_NOT}\s+(?:\w+ly\s+)?(?:available|provided|mentioned|included|specified|given|in)\b",
    rf"{_LINKS}(?:the\s+)?(?:answer|question)\s+(?:cannot|can['’]?t|could{_NOT})\s+be\s+(?:determined|answered|found)\b",
    r"(?:no\s+(?:relevant\s+|specific\s+|further\s+|additional\s+)?(?:information|answer|details?)(?:\s+(?:is\s+|are\s+|was\s+|were\s+)?(?:available|provided|found|given|mentioned))?"
    r"|n/a|unknown|unanswerable|not\s+(?:specified|mentioned|stated|provided|available))\W*$",
    r"(?:not\s+enough|insufficient)\s+(?:information|context|details?)\b",
)
_ABSTAINED = re.compile(rf"(?:based\s+on\s+{_SOURCE_PHRASE},\s+|according\s+to\s+{_SOURCE_PHRASE},\s+)?(?:{'|'.join(_ABSTENTIONS)})", re.IGNORECASE)
_ANSWER_IS_ABSTENTION = re.compile(r":\s*(?:unable to answer|not (?:mentioned|specified|provided|stated)|unknown|none mentioned)\b[^.]{0,80}\W*$", re.IGNORECASE)
_DENIALS = ("n't", "n’t", "not", "no", "No", "annot", "naware", "nable", "nknown", "nclear", "nsure", "ncertain", "mpossible", "nsufficient", "ifficult", "hard", "N/", "n/", "nanswerable", "NO", "UN", "cant")
"""Every abstention holds one of these, and most sentences none: the cheap test comes first."""
_TURN = re.compile(r"(?:,\s*|;\s*|\s+)(?:but|however|although|though|yet|nevertheless|except(?:\s+that)?|while|whereas)\b[,\s]+(.+)$", re.IGNORECASE)
_REST_WORDS = 4

_META = re.compile(
    r"""(?:
    (?:sure|certainly|of\s+course|absolutely|okay|ok|great|no\s+problem|got\s+it|understood|definitely|gladly|alright)(?:\s+thing)?
    |(?:(?:sure|certainly|of\s+course|absolutely|okay|ok)\b[,!.]?\s+)?
        (?:i\s+(?:can|will|would|['’]d)|i['’](?:d|ll|m)|i\s+am|we\s+can)\s+(?:be\s+|try\s+to\s+|do\s+my\s+best\s+to\s+|gladly\s+|definitely\s+|certainly\s+|briefly\s+|confidently\s+)?
        (?:(?:(?:happy|glad|here)\s+to\s+)?(?:help|assist|answer)|provide\s+(?:you\s+with\s+)?(?:an?|the|some)\s+(?:brief\s+|short\s+|following\s+)?(?:answer|response|information|guidance|summary))\b[^;]{0,160}
    |(?:happy|glad)\s+to\s+(?:help|assist)\b[^,;]{0,80}
    |(?:hi|hello|hey|greetings|good\s+(?:morning|afternoon|evening|day))\b[\s,!]*(?:there|again|everyone|all|\w+)?
    |welcome(?:\s+back)?|welcome\s+to\s+(?:our|the)\s+(?:chat|support|help)\b[^,;]{0,60}
    |(?:thank\s+you|thanks|many\s+thanks)(?:[\s,]+(?:so\s+much|very\s+much|a\s+lot|again))?(?:\s+for\b[^,;]{0,100})?
    |(?:you['’]re|you\s+are)\s+(?:very\s+|most\s+)?welcome|my\s+pleasure
    |(?:(?:that['’]s|that\s+is|what)\s+an?\s+)?(?:great|good|excellent|interesting)\s+question
    |(?:and\s+)?(?:please\s+)?(?:feel\s+free|(?:do\s+not|don['’]t)\s+hesitate)\s+to\s+(?:ask|reach|contact|let\s+me|call|message|e-?mail|get\s+in\s+touch|write)\b[^;]{0,120}
    |(?:please\s+)?(?:just\s+)?let\s+me\s+know\b[^;]{0,160}|(?:just|please)\s+ask\b[^,;]{0,60}
    |(?:i\s+|we\s+)?hope(?:fully)?,?\s+(?:that\s+)?(?:this|these|it|that|you\s+find|the\s+information)\b[^,;]{0,60}?\b(?:help\w*|useful|answers?|clarif\w+)\b[^,;]{0,60}
    |if\s+you\s+(?:have|need|would\s+like|want|['’]d\s+like|require)\s+[^;]{0,120}(?:let\s+me\s+know|feel\s+free\s+to\s+(?:ask|reach|contact)|(?:just|please)\s+ask|hesitate|happy\s+to\s+help|glad\s+to\s+help|here\s+to\s+help)\b[^;]{0,80}
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
_META_CHARS = 300
_FIGURE = re.compile(r"(?<!passage )(?<!source )(?<!document )(?<!passages )(?<!and )\b\d")
_HERE = re.compile(r"^(?:so\s+)?here(?:['’]s|\s+is|\s+are)?\s+", re.IGNORECASE)
_EMPTY_LEAD = re.compile(
    r"^(?:(?:therefore|thus|so|overall|finally),?\s+)?(?:(?:some|a|an|the|my|your|possible|brief|briefly|short|quick|best|few|complete|detailed|attempt|to|at)\s+){0,5}"
    r"(?:answers?|answer|response|summary|information|breakdown|explanation|you\s+go|what\s+(?:i|we)\s+(?:found|know))\b"
    r"(?!.{0,60}\b(?:about|of|for|regarding)\b).{0,300}$",
    re.IGNORECASE | re.DOTALL,
)

_OPENERS = (
    re.compile(r"^(?:sure|certainly|of course|absolutely|okay|ok|great|sorry)\s*[,!.:]\s+(?=\S)", re.IGNORECASE),
    re.compile(
        rf"^((?:{_LINK_WORD},?\s+){{0,2}})(?:based\s+(?:up)?on|according\s+to|as\s+(?:stated|mentioned|noted|described)\s+in|as\s+per|per|from|given|in)\s+"
        rf"(?:what\s+is\s+(?:stated|said)\s+in\s+)?{_SOURCE_PHRASE}\s*(?:,|:)\s*",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:the\s+|this\s+)?(?:(?:given|provided|retrieved)\s+)?(?:passages?|documents?|sources?|contexts?|excerpts?|snippets?)(?:\s+#?\d{1,3})?\s+(?:also\s+|further\s+|clearly\s+|explicitly\s+|specifically\s+)?"
        r"(?:states?|mentions?|says?|notes?|suggests?|indicates?|explains?|provides?|reports?|confirms?|adds?|shows?|describes?|claims?|reveals?|clarif(?:y|ies))\s+that\s+",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:passage|document|source|doc|excerpt|snippet|chunk)\s+#?\d{1,3}\s*:\s+", re.IGNORECASE),
    re.compile(r"^(?:we|i|one)\s+can\s+(?:say|see|gather|conclude|infer|confirm)\s+that\s+", re.IGNORECASE),
    re.compile(
        r"^((?:therefore|thus|hence|so|overall|in\s+summary|in\s+conclusion|finally),?\s+)?(?:the\s+|my\s+)?(?:final\s+|short\s+|brief\s+|correct\s+)?answer(?:\s+to\s+(?:the|your|this)\s+question)?"
        r"(?:\s+[\"“][^\"”]{1,300}[\"”])?(?:,?\s+based\s+on\s+[^,:]{1,60},?)?(?:\s*:|\s+(?:is|would\s+be)\s*(?::|that\b|,)?)\s+(?=\S)",
        re.IGNORECASE,
    ),
    re.compile(r"^\d{1,2}[.)]\s+(?=\S)"),
)
_CLOSER = re.compile(
    rf"(?:,?\s+(?:as|which\s+is)\s+|,\s+)(?:stated|mentioned|described|noted|explained|shown|outlined|discussed|suggested)\s+(?:in|by)\s+{_SOURCE_PHRASE}(?=\s*[.!]?$)"
    rf"|,?\s+(?:based\s+on|according\s+to)\s+(?:the\s+|this\s+|these\s+)?(?:{_SHOWN}\s+{_SOURCES}|{_SOURCES}\s+(?:\d{{1,3}}|provided|given))(?=\s*[.!]?$)",
    re.IGNORECASE,
)
_NAMES_SOURCE = re.compile(r"(?:tated|ioned|ribed|noted|ained|shown|lined|ussed|ested|based on|according to) ")
_OPENER_START = re.compile(rf"(?:{_LINK_WORD}|sure|certainly|of|absolutely|okay|ok|great|based|according|as|per|from|given|in|the|this|we|one|my|final|answer|{_SOURCES}|{_LOOSE}|doc|chunk|\d)\b", re.IGNORECASE)
_MAX_OPENERS = 4
_SOURCE_LIST = re.compile(r"\W*(?:sources?|references?|citations?|works cited|bibliography|footnotes?|further reading|sources? (?:used|cited))\W*", re.IGNORECASE)
_PRONOUN = re.compile(r"(?:it|they|he|she|this|these|those|that|its|their|his|her)\b", re.IGNORECASE)

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_FINITE = frozenset(
    """is are was were be been am has have had do does did can could may might must will would shall should isn't aren't wasn't weren't don't doesn't
    didn't can't cannot couldn't won't wouldn't shouldn't hasn't haven't it's that's there's he's she's they're you're we're i'm you'll they'll it'll
    you've they've what's here's let's need needs needed cost costs take takes took allow allows include includes require requires start starts
    contain contains apply applies mean means make makes made work works use uses go goes went get gets got give gives gave offer offers provide
    provides come comes came run runs ran last lasts open opens close closes expire expires charge charges pay pays paid begin begins began become
    becomes became keep keeps kept lead leads led leave leaves left live lives lie lies hold holds held know knows knew say says said see sees saw
    want wants help helps show shows show grow grows grew cause causes affect affects receive receives remain remains refer refers range ranges
    depend depends vary varies consist consists belong belongs exist exists occur occurs happen happens follow follows call calls add adds
    arrive arrives depart departs ship ships deliver delivers cover covers accept accepts travel travels fly flies flew return returns refund
    refunds book books board boards serve serves earn earns lose loses lost win wins won wrote write writes send sends sent sell sells sold buy
    buys bought bring brings brought build builds built feel feels felt find finds found think thinks thought tell tells told rise rises rose
    fall falls fell speak speaks spoke seem seems appear appears stay stays prevent prevents produce produces reduce reduces increase
    increases decrease decreases support supports describe describes represent represents state states suggest suggests determine determines
    carry carries operate operates handle handles store stores measure measures weigh weighs equal equals exceed exceeds own owns""".split()
)
_NO_VERB = frozenset({"unlimited", "limited", "united", "speed", "indeed", "hundred", "breed", "sacred", "naked", "hatred"})
_SHORT_WORDS = 12
_FEW_WORDS = 3
_LISTED_WORDS = 8
_FRAGMENT_START = re.compile(
    r"(?:[$€£~]?\d|(?:in|on|at|for|from|within|by|about|around|between|up to|until|since|during|after|before|under|over|via|through|with|without|because|due to|"
    r"an?|the|no|only|just|usually|typically|generally|approximately|roughly|nearly|almost|at least|at most|more than|less than|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|every|each|all|both|most|some|many)\b)",
    re.IGNORECASE,
)
_YES_NO = re.compile(r"(?:yes|no|yep|nope|correct|incorrect|right|wrong|true|false|never|always|maybe|sometimes)\b", re.IGNORECASE)
_YES_NO_WORDS = 6


def kind_of(reading: str) -> ClaimKind:
    """Tell a checkable sentence from an abstention and from what claims nothing (greetings, offers, questions, lead-ins)."""
    if not _WORD.search(reading):
        return ClaimKind.NOT_A_CLAIM
    text = reading.strip(" \"'“”*_-–—")
    if _abstains(text) or _abstains(drop_lead_in(text)):
        return ClaimKind.ABSTAINED
    if text.endswith(("?", "？", ":", "：")):
        return ClaimKind.NOT_A_CLAIM
    if not _FIGURE.search(text) and len(text) <= _META_CHARS and _META.fullmatch(text):
        return ClaimKind.NOT_A_CLAIM
    return ClaimKind.CLAIM


def _abstains(text: str) -> bool:
    if not any(word in text for word in _DENIALS):
        return False
    if not (_ABSTAINED.match(text) or _ANSWER_IS_ABSTENTION.search(text)):
        return False
    turn = _TURN.search(text)
    return turn is None or all(_is_empty(part) for part in (text[: turn.start()], turn[1]))


def _is_empty(part: str) -> bool:
    """Whether one half of "..., but ..." abstains too, or is too short to claim anything."""
    return len(part.split()) < _REST_WORDS or bool(_ABSTAINED.match(part))


def drop_lead_in(reading: str) -> str:
    """Drop what only says where a statement comes from: "Based on the given passages, the fee is $30" -> "The fee is $30".

    A connective in front ("However, ...") stays. The text is returned as it is when nothing would be left.
    """
    text = _CLOSER.sub("", reading) if _NAMES_SOURCE.search(reading) else reading
    for _ in range(_MAX_OPENERS):
        shorter = _drop_opener(text)
        if shorter == text:
            break
        text = shorter
    return text if _WORD.search(text) else reading


def _drop_opener(text: str) -> str:
    if not _OPENER_START.match(text):
        return text
    for pattern in _OPENERS:
        found = pattern.match(text)
        if found and _WORD.search(text, found.end()):
            kept = found[1] if pattern.groups and found[1] and pattern is _OPENERS[1] else ""
            return kept + (text[found.end() :] if kept else _capitalised(text[found.end() :]))
    return text


def _capitalised(text: str) -> str:
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return text[:1].upper() + text[1:] if first.islower() else text


def is_fragment(reading: str, *, listed: bool = False) -> bool:
    """Whether a sentence cannot be checked without its question: "30 days.", "In 1990.", "Yes, you can.".

    Instructions have no finite verb either ("Flip the ribs."), so in prose a fragment of more than a few words must start
    as a number, time or noun does. A `listed` one has a lead-in that suits it either way, so it may be longer.
    """
    words = _WORD.findall(reading[:200])
    if len(words) > _SHORT_WORDS or any(_is_finite(word) for word in words):
        return is_yes_or_no(reading)
    return len(words) <= (_LISTED_WORDS if listed else _FEW_WORDS) or bool(_FRAGMENT_START.match(reading)) or is_yes_or_no(reading)


def is_yes_or_no(reading: str) -> bool:
    """Whether a short sentence answers yes or no, so that only the question says what it claims."""
    return bool(_YES_NO.match(reading)) and len(reading[:200].split()) <= _YES_NO_WORDS


def _is_finite(word: str) -> bool:
    lower = word.replace("’", "'").lower()
    return lower in _FINITE or lower.endswith("n't") or (len(lower) > 4 and lower.endswith("ed") and lower not in _NO_VERB)


def lead_of(reading: str) -> str:
    """Return what a lead-in line gives to the items under it, or the empty string: "Here are the fees:" -> "The fees:"."""
    text = drop_lead_in(reading)
    here = _HERE.match(text)
    rest = text[here.end() :] if here else text
    bare = rest.rstrip(" :")
    if not bare or _META.fullmatch(bare) or _EMPTY_LEAD.match(bare) or bare.lower() in ("steps", "the following", "follows", "the steps"):
        return ""
    return _capitalised(rest)


def is_source_list(heading: str) -> bool:
    """Whether a heading or lead-in opens a list of sources, which claims nothing."""
    return bool(_SOURCE_LIST.fullmatch(heading))


def starts_with_pronoun(reading: str) -> bool:
    """Whether a sentence's subject stands in another one: "It costs $30.", "They ..."."""
    return bool(_PRONOUN.match(reading))
