"""STIX 2.1: an incident with the incident-core extension, reduced to what both of its published revisions allow."""

from typing import Any

from halluguard.incident.exports.ids import moment_of, stable_uuid, utc
from halluguard.incident.facts import Facts
from halluguard.incident.identifiers import Framework
from halluguard.incident.judge import identify, judge_determination, judge_kinds, propose_severity
from halluguard.incident.record import title_of
from halluguard.incident.wording import rate_told, reach_told
from halluguard.report.hostile import one_line

EXTENSION = "extension-definition--ef765651-680c-498d-9894-99799f2fa126"
_CRITICALITY = {"none": 0, "SEV3": 25, "SEV2": 50, "SEV1": 75, "SEV0": 100}


def to_stix(facts: Facts) -> dict[str, Any] | None:
    """Return a bundle; None where no time is known to date it with."""
    moment = moment_of(facts)
    if moment is None:
        return None
    stamp = utc(moment)
    common = {"spec_version": "2.1", "created": stamp, "modified": stamp}
    maker = f"identity--{stable_uuid(facts, 'identity')}"
    incident_id = f"incident--{stable_uuid(facts, 'incident')}"
    level, rule = propose_severity(facts)
    objects: list[dict[str, Any]] = [
        {"type": "identity", "id": maker, **common, "name": "halluguard", "identity_class": "system"},
        {
            "type": "incident",
            "id": incident_id,
            "created_by_ref": maker,
            **common,
            "name": one_line(title_of(facts), 200),
            "description": f"Ungrounded: {rate_told(facts)}. Reached: {reach_told(facts)}. {level} proposed: {rule}. "
            f"Kinds: {', '.join(judge_kinds(facts))}. Consistent with: {', '.join(one.id for one in identify(facts))}.",
            "labels": [kind.replace(" ", "-") for kind in judge_kinds(facts)],
            "extensions": {EXTENSION: _extension(facts, level)},
        },
    ]
    for one in identify(facts):
        if one.framework is Framework.ATLAS:
            pattern = f"attack-pattern--{stable_uuid(facts, one.id)}"
            objects += [
                {
                    "type": "attack-pattern",
                    "id": pattern,
                    **common,
                    "name": one.name,
                    "external_references": [{"source_name": "mitre-atlas", "external_id": one.id}],
                },
                {
                    "type": "relationship",
                    "id": f"relationship--{stable_uuid(facts, 'consistent', one.id)}",
                    **common,
                    "relationship_type": "related-to",
                    "description": one.told,
                    "source_ref": incident_id,
                    "target_ref": pattern,
                },
            ]
    return {"type": "bundle", "id": f"bundle--{stable_uuid(facts, 'bundle')}", "objects": objects}


def _extension(facts: Facts, level: str) -> dict[str, Any]:
    scores = [
        {
            "name": f"halluguard {row['id']} of {one.id}",
            "value": row["value"],
            "description": f"n = {row['n']}, interval {row['low']} to {row['high']}, {row['quality']}",
        }
        for one in (facts.cascades or ())[:3]
        for row in one.scores
        if row["value"] is not None
    ]
    extension: dict[str, Any] = {
        "extension_type": "property-extension",
        "determination": judge_determination(facts),
        "investigation_status": "closed" if facts.header.ended_at else "new",
        "criticality": _CRITICALITY[level],
        "detection_methods": ["automated-tool"],
    }
    if scores:
        extension["scores"] = scores
    if facts.reach.users is not None:
        extension["impacted_entity_counts"] = {"individuals": facts.reach.users}
    return extension
