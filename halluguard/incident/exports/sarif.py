"""SARIF 2.1.0: one result a flagged claim, placed at its line of the log; the exposure graph beside them."""

from typing import Any
from urllib.parse import quote

from halluguard.incident.facts import Facts, Finding
from halluguard.incident.identifiers import SOURCES, Framework
from halluguard.incident.judge import identify
from halluguard.records import UNGROUNDED, Status
from halluguard.report.hostile import one_line

RULES = {
    "ungrounded-citation": "The cited entry says it and the trusted documents deny it.",
    "contradicted-claim": "The trusted documents deny it.",
    "unsupported-claim": "Neither the cited entries nor the trusted documents bear it out.",
    "citation-unknown": "The citation names an id that is nowhere in the log or the store.",
}
RULE_OF = {
    Status.SOURCE_CONFLICT: ("ungrounded-citation", "error"),
    Status.CONTRADICTED: ("contradicted-claim", "error"),
    Status.UNSUPPORTED: ("unsupported-claim", "warning"),
}
"""The rule that a status breaks, and its level."""

MESSAGE = 400


def to_sarif(facts: Facts) -> dict[str, Any]:
    """Return the findings as a SARIF log."""
    results = [one for finding in facts.findings for one in _results(finding, facts)]
    nodes, edges = _graph(facts)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "halluguard",
                "semanticVersion": str(facts.manifest.get("version") or "0.0.0"),
                "informationUri": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html",
                "rules": [
                    {"id": id_, "shortDescription": {"text": text}, "fullDescription": {"text": text}}
                    for id_, text in RULES.items()
                ],
            }
        },
        "originalUriBaseIds": {"LOG": {"description": {"text": "the folder of the conversation log"}}},
        "artifacts": [
            {
                "location": {"uri": quote(facts.log_name), "uriBaseId": "LOG"},
                "hashes": {"sha-256": str(digest)},
            }
            for digest in [((facts.manifest.get("inputs") or {}).get("log") or {}).get("sha256")]
            if digest
        ],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "taxonomies": _taxonomies(facts),
        "properties": {"fingerprint": facts.manifest.get("fingerprint"), "redacted": facts.redacted},
    }
    if edges:
        run["graphs"] = [{"description": {"text": "who was exposed to what"}, "nodes": nodes, "edges": edges}]
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }


def _results(finding: Finding, facts: Facts) -> list[dict[str, Any]]:
    found = []
    if finding.status in UNGROUNDED:
        found.append(_result(finding, facts, *RULE_OF[finding.status]))
    if finding.ghost_ids:
        found.append(_result(finding, facts, "citation-unknown", "warning"))
    return found


def _result(finding: Finding, facts: Facts, rule: str, level: str) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": quote(facts.log_name), "uriBaseId": "LOG"}}
    if finding.line:
        location["region"] = {"startLine": finding.line}
    accused = [{"name": one, "kind": "resource"} for one in finding.accused_ids]
    return {
        "ruleId": rule,
        "ruleIndex": list(RULES).index(rule),
        "kind": "fail",
        "level": level,
        "message": {"text": _message(finding, rule)},
        "locations": [{"physicalLocation": location, **({"logicalLocations": accused} if accused else {})}],
        "partialFingerprints": {"halluguard/v1": f"{finding.turn_id}/{finding.id}/{rule}"},
        "properties": {
            "turn_id": finding.turn_id,
            "claim_id": finding.id,
            "origin": None if finding.origin is None else str(finding.origin),
            "cited_ids": list(finding.cited_ids),
            "support": finding.support,
            "contradiction": finding.contradiction,
        },
    }


def _message(finding: Finding, rule: str) -> str:
    """Write the message; brackets are taken out, as SARIF reads [text](link) in plain messages."""
    text = f" Claim: {finding.text}" if finding.text else ""
    ids = f" Cited: {', '.join(finding.cited_ids)}." if finding.cited_ids else ""
    told = one_line(f"{RULES[rule]}{ids}{text}", MESSAGE)
    return told.replace("[", "(").replace("]", ")").replace("{", "(").replace("}", ")")


def _graph(facts: Facts) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return nodes and edges; entries and answers are told apart as in GraphML, since an id may name one of each."""
    edges = list(dict.fromkeys(_ends(*edge) for one in facts.cascades or () for edge in one.edges))
    ids = dict.fromkeys(node for source, target, _ in edges for node in (source, target))
    return [{"id": node} for node in ids], [
        {"id": f"e{number}", "sourceNodeId": source, "targetNodeId": target, "label": {"text": kind}}
        for number, (source, target, kind) in enumerate(edges, start=1)
    ]


def _ends(source: str, target: str, kind: str) -> tuple[str, str, str]:
    first, second = ("entry", "answer") if kind == "exposure" else ("answer", "entry")
    return f"{first}:{source}", f"{second}:{target}", kind


def _taxonomies(facts: Facts) -> list[dict[str, Any]]:
    chosen = identify(facts)
    return [
        {
            "name": SOURCES[framework].name,
            "version": SOURCES[framework].version,
            "informationUri": SOURCES[framework].url,
            "shortDescription": {"text": "identifiers the findings are consistent with"},
            "taxa": [{"id": one.id, "name": one.name} for one in chosen if one.framework is framework],
        }
        for framework in Framework
        if any(one.framework is framework for one in chosen)
    ]
