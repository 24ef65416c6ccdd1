"""A MISP event: the incident, the entries behind it as data-set components, and the record as a report."""

from dataclasses import dataclass
from typing import Any

from halluguard.incident.exports.ids import moment_of, stable_uuid
from halluguard.incident.facts import Facts
from halluguard.incident.identifiers import SOURCES
from halluguard.incident.judge import identify, judge_determination, judge_kinds, propose_severity
from halluguard.incident.record import title_of
from halluguard.incident.wording import rate_told, reach_told
from halluguard.report.hostile import one_line

_THREAT = {"SEV0": "1", "SEV1": "1", "SEV2": "2", "SEV3": "3", "none": "4"}
_CRITICALITY = {"SEV0": "Extreme", "SEV1": "High", "SEV2": "Moderate", "SEV3": "Low", "none": "Low"}
NAMED_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class _Template:
    """An object template of the MISP project."""

    name: str
    category: str
    uuid: str
    version: str


_INCIDENT = _Template("incident", "misc", "38597424-f9bb-4865-9b4b-819172df0334", "1")
_REPORT = _Template("report", "misc", "70a68471-df22-4e3f-aa1a-5a3be19f82df", "8")
_ENTRY = _Template("ai-dataset-component", "file", "2a7519c7-dbc9-441f-abd1-d1fc9e8e46ea", "1")


def to_misp(facts: Facts) -> dict[str, Any] | None:
    """Return an event; None where no time is known to date it with."""
    moment = moment_of(facts)
    if moment is None:
        return None
    level, rule = propose_severity(facts)
    title = one_line(title_of(facts), 200)
    summary = f"Ungrounded: {rate_told(facts)}. Reached: {reach_told(facts)}. {level} proposed: {rule}. Kinds: {', '.join(judge_kinds(facts))}."
    objects = [
        _object(facts, _INCIDENT, [
            ("name", title), ("description", summary), ("determination", judge_determination(facts)),
            ("criticality", _CRITICALITY[level]),
        ]),
        _object(facts, _REPORT, [("title", title), ("summary", summary)]),
        *(_object(facts, _ENTRY, [
            ("dataset-name", one_line(entry.source or entry.id, 200)),
            ("dataset-version", one_line(entry.batch or "not recorded", 200)),
            ("dataset-origin", one_line(entry.id, 200)),
        ], key=entry.id) for entry in facts.entries[:NAMED_ENTRIES] if entry.action),
    ]  # fmt: skip
    return {
        "Event": {
            "uuid": stable_uuid(facts, "event"),
            "info": title,
            "date": (facts.header.occurred_at or facts.first_false_answer or moment).date().isoformat(),
            "threat_level_id": _THREAT[level],
            "analysis": "2" if facts.header.ended_at else "0",
            "distribution": "0",
            "published": False,
            "Tag": [
                {"name": f'halluguard:consistent-with="{one.framework}:{one.id}"'} for one in identify(facts)
            ],
            "Object": objects,
            "Attribute": [
                {
                    "uuid": stable_uuid(facts, "attribute", str(one.framework), one.id),
                    "type": "text",
                    "category": "Other",
                    "to_ids": False,
                    "value": one.told,
                    "comment": f"{SOURCES[one.framework].name} {SOURCES[one.framework].version}",
                }
                for one in identify(facts)
            ],
        }
    }


def _object(
    facts: Facts, template: _Template, rows: list[tuple[str, str]], *, key: str = ""
) -> dict[str, Any]:
    return {
        "uuid": stable_uuid(facts, "object", template.name, key),
        "name": template.name,
        "meta-category": template.category,
        "template_uuid": template.uuid,
        "template_version": template.version,
        "Attribute": [
            {
                "uuid": stable_uuid(facts, "object", template.name, key, relation),
                "object_relation": relation,
                "type": "text",
                "category": "Other",
                "to_ids": False,
                "value": value,
            }
            for relation, value in rows
        ],
    }
