"""What a sweep found, what it looked at, and what it could not look at."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from halluguard.forensics.integrity.codes import DAMAGE, WEAR
from halluguard.records import Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason against one entry; `index` counts the store's entries from 0, None where the store lacks the entry."""

    entry_id: str
    index: int | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The findings of a sweep in the order of the store, with the counts they are taken over.

    `checked` gives, by check, how many entries it looked at; `not_checked` why a check did not run; `figures` the
    calibration and timing-free measures worth showing.
    """

    n_entries: int
    findings: tuple[Finding, ...]
    container: tuple[Reason, ...]
    checked: Mapping[str, int]
    not_checked: Mapping[str, str]
    figures: Mapping[str, float]

    def by_entry(self) -> dict[str, tuple[Reason, ...]]:
        """Return the reasons against each entry id, in the order of the store."""
        grouped: dict[str, list[Reason]] = defaultdict(list)
        for finding in self.findings:
            grouped[finding.entry_id].append(finding.reason)
        return {key: tuple(reasons) for key, reasons in grouped.items()}

    def counts(self) -> dict[str, int]:
        """Return how many entries each code was found in, sorted by code."""
        return dict(sorted(Counter(finding.reason.code for finding in self.findings).items()))

    @property
    def is_damaged(self) -> bool:
        """Whether the container or an entry is not what was once put in."""
        return bool(self.damaged_ids) or any(reason.code not in WEAR for reason in self.container)

    @property
    def damaged_ids(self) -> tuple[str, ...]:
        """Ids of entries whose text or vector is not what was once put in, in the order of the store."""
        return tuple(dict.fromkeys(one.entry_id for one in self.findings if one.reason.code in DAMAGE))
