"""Stable identifiers: the same incident gets the same UUIDs, so that exports of one run can be matched."""

import hashlib
import uuid
from datetime import UTC, datetime

from halluguard.incident.facts import Facts


def stable_uuid(facts: Facts, *parts: str) -> str:
    """Return the UUID of a part of an incident; the run's fingerprint and the title make the incident.

    It is shaped as version 4, which STIX asks for, and made from a digest.
    """
    name = "\x1f".join([str(facts.manifest.get("fingerprint", "")), facts.header.title, *parts])
    return str(uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4))


def moment_of(facts: Facts) -> datetime | None:
    """Return the time an export is dated with: when it was reported, else the end of the log; None where neither is known."""
    return facts.header.reported_at or facts.report.last_turn


def utc(moment: datetime) -> str:
    """Write a time as STIX and SARIF want it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
