"""The report as Markdown for a ticket, a pull request or a step summary.

Text from the log, the store and the documents stands in code spans and code blocks only, where nothing in it is
a link, an image, a tag or a mention.
"""

from collections.abc import Iterable, Iterator, Sequence

from halluguard.records import Status
from halluguard.report import wording
from halluguard.report.brief import brief
from halluguard.report.data import Culprit, FlaggedClaim, Grouping, ReportData, SuspectCard, WorstAnswer
from halluguard.report.differences import Segment
from halluguard.report.hostile import code_block, code_span
from halluguard.report.spread import describe_spread
from halluguard.report.statuses import ORIGINS, VERDICTS, WORDINGS, is_flagged
from halluguard.report.wording import counted, interval, moment, percent

MARK = "<!-- generator: halluguard -->"
"""What the page begins with: by it a report among trusted documents is known, and read as none of them."""
NAMED_DAYS = 31
"""How many days a table names, the latest."""
_BAR = 20
_GROUPING_TITLES = {
    "day": "By day",
    "source": "By source cited",
    "model": "By model",
    "index_version": "By index version",
}


def render_markdown(data: ReportData) -> str:
    """Return the report as Markdown; a pure function of `data`."""
    sections = (
        _head(data), _happened(data), _statuses(data), _where(data), _answers(data), _suspects(data), _spread(data), _limits(data), _method(data),
        _glossary(),
    )  # fmt: skip
    return "\n\n".join(block for section in sections for block in section) + "\n"


def _head(data: ReportData) -> Iterator[str]:
    yield MARK
    yield f"# {wording.headline(data)}"
    if wording.lede(data):
        yield wording.lede(data)
    for notice in wording.notices(data):
        yield f"> **{'Attention.' if notice.grave else 'Note.'}** {notice.text}" + (
            f" {code_span(notice.quoted)}" if notice.quoted else ""
        )
    for point in brief(data):
        yield f"**{point.name}.** " + "".join(
            code_span(words.text) if words.quoted else words.text for words in point.words
        )
    if data.other_rates:
        rows = [
            (name, percent(rate.value), interval(rate), f"{rate.hits:,} of {rate.total:,}")
            for name, rate in data.other_rates
        ]
        yield _table(("Rate", "Value", "95% interval", "Count"), rows)


def _happened(data: ReportData) -> Iterator[str]:
    yield "## What happened"
    yield wording.finding(data)
    if data.findings.culprits:
        yield _table(
            ("Entry", "Source", "Claims", "Answers", "First seen", "Last seen"),
            map(_culprit_row, data.findings.culprits),
        )
    left_out = data.findings.n_culprits - len(data.findings.culprits)
    if left_out:
        yield f"{left_out:,} more are not named here."
    if data.findings.rollup:
        shares = [(share.level, code_span(share.key), f"{share.accused:,} of {share.total:,}", f"{share.p_value:.2g}")
                  for share in data.findings.rollup]  # fmt: skip
        yield _table(("Level", "Group", "Accused entries", "p"), shares)
    if data.findings.origins:
        yield _table(
            ("Where the flagged claims come from", "Claims"),
            [(ORIGINS[origin], f"{count:,}") for origin, count in data.findings.origins],
        )


def _culprit_row(culprit: Culprit) -> tuple[str, ...]:
    return (
        code_span(culprit.entry_id), code_span(culprit.source) if culprit.source else "—", f"{culprit.n_claims:,}",
        f"{culprit.n_turns:,}", moment(culprit.first_seen), moment(culprit.last_seen),
    )  # fmt: skip


def _statuses(data: ReportData) -> Iterator[str]:
    whole = sum(count for _, count in data.statuses)
    if not whole:
        return
    yield "## What became of the claims"
    yield _table(
        ("Status", "Claims", "Share", ""),
        [
            (
                ("⚑ " if is_flagged(status) else "") + WORDINGS[status].name,
                f"{count:,}",
                percent(count / whole),
                _bar(count / whole),
            )
            for status, count in data.statuses
            if count
        ],
    )
    yield "⚑ counts as ungrounded."


def _bar(share: float) -> str:
    filled = round(_BAR * share)
    return "█" * filled + "░" * (_BAR - filled)


def _where(data: ReportData) -> Iterator[str]:
    if data.groupings:
        yield "## Where and when it concentrates"
    for grouping in data.groupings:
        yield f"### {_GROUPING_TITLES[grouping.name]}"
        if grouping.name == "source":
            yield "A claim that cites several sources counts under each."
        if len(grouping.groups) > NAMED_DAYS:
            yield f"The last {NAMED_DAYS} of {len(grouping.groups):,}."
        yield _table(("", "Rate", "95% interval", "Claims", ""), _group_rows(grouping))


def _group_rows(grouping: Grouping) -> Iterator[tuple[str, ...]]:
    shown = grouping.groups[-NAMED_DAYS:]
    for group in shown:
        rate = group.rate
        name = code_span(group.key) if group.key else wording.NOT_STATED
        yield (
            name,
            percent(rate.value),
            interval(rate),
            f"{rate.hits:,} of {rate.total:,}",
            _bar(rate.value or 0.0),
        )
    if grouping.n_rest:
        rest = grouping.rest
        yield (
            f"{grouping.n_rest:,} more",
            percent(rest.value),
            "",
            f"{rest.hits:,} of {rest.total:,}" if rest.total else "",
            _bar(rest.value or 0.0) if rest.total else "",
        )


def _answers(data: ReportData) -> Iterator[str]:
    if not data.worst:
        return
    yield "## The worst answers"
    yield "One answer for each fault, the gravest and most repeated first."
    for number, answer in enumerate(data.worst, start=1):
        yield from _answer(number, answer)
    if data.n_worst_left_out:
        yield f"{counted(data.n_worst_left_out, 'further answer')} with other faults are in `claims.parquet`."


def _answer(number: int, answer: WorstAnswer) -> Iterator[str]:
    when = f", {moment(answer.timestamp)}" if answer.timestamp else ""
    yield f"### {number}. Turn {code_span(answer.turn_id)}{when}"
    if answer.question:
        yield f"Asked: {code_span(answer.question)}"
    yield code_block(
        "".join(_marked_span(span.text, span.status, span.number, span.n_left_out) for span in answer.spans)
    )
    for claim in answer.claims:
        yield from _claim(claim)
    if answer.n_claims_left_out:
        yield f"{counted(answer.n_claims_left_out, 'further flagged claim')} of this answer marked above."
    if answer.n_alike:
        named = ", ".join(code_span(turn_id) for turn_id in answer.alike)
        more = (
            f" and {answer.n_alike - len(answer.alike):,} more" if answer.n_alike > len(answer.alike) else ""
        )
        yield f"The same fault in {counted(answer.n_alike, 'other answer')}: {named}{more}."


def _marked_span(text: str, status: Status | None, number: int | None, n_left_out: int) -> str:
    """Frame a flagged claim in brackets with its number and status, since a code block has no colours."""
    if n_left_out:
        return f"[… {n_left_out:,} characters not shown …]"
    return f"⟦{number} {WORDINGS[status].mark}: {text}⟧" if number and status else text


def _claim(claim: FlaggedClaim) -> Iterator[str]:
    yield f"**{claim.number} {WORDINGS[claim.status].name}.** {WORDINGS[claim.status].meaning}"
    trusted = f"Trusted {_id(claim.trusted.id)}" if claim.trusted else ""
    if claim.trusted and claim.comparison:
        ours = (
            "The answer"
            if claim.compared == "claim" or claim.cited is None
            else f"Cited {_id(claim.cited.id)}"
        )
        yield f"{ours} against {trusted}:"
        yield _compared(claim.comparison)
    elif claim.cited and claim.cited.text:
        yield f"Cited {_id(claim.cited.id)}:"
        yield code_block(claim.cited.text)
    if claim.ghost_ids:
        yield "Cites ids that are nowhere: " + ", ".join(map(code_span, claim.ghost_ids))
    if claim.outcome:
        yield f"Trace: {code_span(claim.outcome)}"


def _id(passage_id: str) -> str:
    return code_span(passage_id) if passage_id else "text"


def _compared(segments: Sequence[Segment]) -> str:
    """Write two texts one under the other, the differing words in double brackets."""
    left = "".join(_bracketed(segment.left, segment.same) for segment in segments)
    right = "".join(_bracketed(segment.right, segment.same) for segment in segments)
    return code_block(
        "- " + left.replace("\n", "\n- ") + "\n+ " + right.replace("\n", "\n+ "), language="diff"
    )


def _bracketed(words: str, same: bool) -> str:
    inner = words.strip()
    return words if same or not inner else words.replace(inner, f"⟦{inner}⟧", 1)


def _suspects(data: ReportData) -> Iterator[str]:
    if data.suspects is None:
        return
    yield "## Suspect entries of the store"
    yield (
        ", ".join(f"{count:,} {VERDICTS[verdict].lower()}" for verdict, count in data.suspects.counts)
        or "No entry stands out."
    )
    for card in data.suspects.cards:
        yield from _suspect(card)
    if data.suspects.n_left_out:
        yield f"{counted(data.suspects.n_left_out, 'further suspect')} are in `suspects.parquet`."


def _suspect(card: SuspectCard) -> Iterator[str]:
    yield f"### {code_span(card.entry_id)}: {VERDICTS[card.verdict].lower()}"
    facts = [
        f"source {code_span(card.source)}" if card.source else "source not stated",
        f"ingested {moment(card.ingested_at)}",
    ]
    facts += [f"batch {code_span(card.batch)}"] if card.batch else []
    facts += [f"{counted(card.n_claims, 'flagged claim')} in {counted(card.n_turns, 'answer')}"]
    yield ", ".join(facts) + "."
    if card.comparison and card.trusted:
        yield f"Against trusted {_id(card.trusted.id)}:"
        yield _compared(card.comparison)
    elif card.text:
        yield code_block(card.text)
    if card.reasons:
        rows = ((code_span(reason.code), "" if reason.figure is None else f"{reason.figure:.3g}",
                 code_span(reason.detail) if reason.detail else "") for reason in card.reasons)  # fmt: skip
        yield _table(("Reason", "Figure", "Detail"), rows)
    if card.turn_ids:
        more = (
            f" and {card.n_touched - len(card.turn_ids):,} more"
            if card.n_touched > len(card.turn_ids)
            else ""
        )
        yield f"Retrieved in {counted(card.n_touched, 'answer')}: {', '.join(map(code_span, card.turn_ids))}{more}."


def _spread(data: ReportData) -> Iterator[str]:
    spread = describe_spread(data.cascade)
    if spread is None:
        return
    yield "## How far it spread"
    yield f"**{spread.regime.replace('_', ' ').capitalize()}.** {spread.meaning} Rule: {code_span(spread.rule)}"
    if spread.told:
        yield spread.told
    for claim in spread.claims:
        yield f"### {code_span(claim.claim)}"
        rows = [
            (row["name"], row["figure"], row["interval"], code_span(row["reading"])) for row in claim.scores
        ]
        yield _table(("Score", "Figure", "Interval", "Reading"), rows)


def _limits(data: ReportData) -> Iterator[str]:
    yield "## What the log could not show"
    yield (
        "\n".join(f"- {code_span(line)}" for line in data.not_shown)
        or "Nothing is known to be missing from the log."
    )


def _method(data: ReportData) -> Iterator[str]:
    yield "## How this was made"
    yield _table(("", ""), [(name, code_span(value)) for name, value in data.method])


def _glossary() -> Iterator[str]:
    yield "## What the statuses mean"
    yield "\n".join(f"- **{words.name}.** {words.meaning}" for words in WORDINGS.values())


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
