"""The outbox: an SQLite file that holds every alert until each of its channels has it.

What is due is written before anything is sent and marked after; what a process that died between the two had claimed is sent again
when its claim ends, never not at all.
Alerts are kept without any secret: a delivery names its channel only.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from halluguard.errors import SettingError
from halluguard.monitor.alerts.alert import LEVELS, Alert

_DELIVERIES = """
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, alert_id TEXT NOT NULL REFERENCES alerts(id), channel TEXT NOT NULL,
    due REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, delivered REAL, problem TEXT NOT NULL DEFAULT '',
    step INTEGER NOT NULL DEFAULT 0, UNIQUE (alert_id, channel, step)
)
"""
_TABLES = f"""
CREATE TABLE IF NOT EXISTS alerts (
    id TEXT PRIMARY KEY, dedup_key TEXT NOT NULL, level TEXT NOT NULL, raised REAL NOT NULL, repeats INTEGER NOT NULL DEFAULT 0,
    acknowledged REAL, step INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL
);
{_DELIVERIES};
CREATE INDEX IF NOT EXISTS alerts_by_key ON alerts(dedup_key, raised);
"""
_WITH_STEPS = (
    "ALTER TABLE deliveries RENAME TO deliveries_before",
    _DELIVERIES,
    (
        "INSERT INTO deliveries (number, alert_id, channel, due, attempts, delivered, problem) "
        "SELECT number, alert_id, channel, due, attempts, delivered, problem FROM deliveries_before"
    ),
    "DROP TABLE deliveries_before",
)
"""An outbox written before steps were kept could tell a channel of an alert only once."""


@dataclass(frozen=True, slots=True)
class Due:
    """One alert that one channel has not got yet, since when it is due; `step` of the escalation is 0 for the first time."""

    number: int
    channel: str
    attempts: int
    step: int
    due: float
    alert: Alert


@dataclass(frozen=True, slots=True)
class Open:
    """An alert that nobody acknowledged, with the escalation steps already taken."""

    alert: Alert
    raised: float
    step: int


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox file; several processes may use it at once. Times are seconds since the epoch, given by the caller."""

    path: Path

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise SettingError(
                f"{self.path}: the outbox cannot be opened ({error}). Name another `outbox` in the alert settings"
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._open()
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_TABLES)
            connection.execute("BEGIN IMMEDIATE")
            _keep_steps(connection)
            yield connection
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise SettingError(
                f"{self.path}: not a usable outbox ({error}). Move it away; alerts in it are not sent"
            ) from error
        finally:
            connection.close()  # rolls back what was not committed

    def add(self, alert: Alert, channels: Sequence[str], *, now: float, repeat_after_s: float) -> bool:
        """Keep an alert for its channels; False where the same trouble was raised before and not at a graver level.

        A repeat within `repeat_after_s` is counted with the first one.
        """
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT id, level FROM alerts WHERE dedup_key = ? AND raised > ? ORDER BY raised DESC",
                (alert.dedup_key, now - repeat_after_s),
            ).fetchall()
            if any(LEVELS.index(level) >= LEVELS.index(alert.level) for _, level in rows):
                connection.execute("UPDATE alerts SET repeats = repeats + 1 WHERE id = ?", (rows[0][0],))
                return False
            body = json.dumps(alert.as_dict(), ensure_ascii=False)
            inserted = connection.execute(
                "INSERT OR IGNORE INTO alerts (id, dedup_key, level, raised, body) VALUES (?, ?, ?, ?, ?)",
                (alert.id, alert.dedup_key, alert.level, now, body),
            ).rowcount
            self._route(connection, alert.id, channels, step=0, now=now)
            return bool(inserted)

    @staticmethod
    def _route(
        connection: sqlite3.Connection, alert_id: str, channels: Sequence[str], *, step: int, now: float
    ) -> None:
        """Note what is to be sent; a channel that still waits for the alert is not told of it twice."""
        connection.executemany(
            "INSERT OR IGNORE INTO deliveries (alert_id, channel, step, due) SELECT ?, ?, ?, ? WHERE NOT EXISTS "
            "(SELECT 1 FROM deliveries WHERE alert_id = ? AND channel = ? AND delivered IS NULL)",
            [(alert_id, channel, step, now, alert_id, channel) for channel in channels],
        )

    def due(self, now: float) -> list[Due]:
        """Return what is to be sent now, the gravest and oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT number, channel, attempts, deliveries.step, due, body FROM deliveries JOIN alerts ON alerts.id = alert_id "
                "WHERE delivered IS NULL AND due <= ? ORDER BY level, raised, number",
                (now,),
            ).fetchall()
        return [
            Due(number, channel, attempts, step, due, Alert.from_dict(json.loads(body)))
            for number, channel, attempts, step, due, body in rows
        ]

    def claim(self, number: int, *, seen: float, until: float) -> bool:
        """Take a delivery for one attempt, which no other process makes before `until`.

        False where it is no longer due as it was `seen`: another process has claimed or made it, or it was taken back.
        """
        with self._transaction() as connection:
            return bool(
                connection.execute(
                    "UPDATE deliveries SET due = ? WHERE number = ? AND delivered IS NULL AND due = ?",
                    (until, number, seen),
                ).rowcount
            )

    def waiting(self) -> int:
        """Return how many deliveries are not made yet."""
        with self._transaction() as connection:
            return int(
                connection.execute("SELECT COUNT(*) FROM deliveries WHERE delivered IS NULL").fetchone()[0]
            )

    def sent_since(self, channel: str, since: float) -> int:
        """Return how many alerts a channel has got since a time."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT COUNT(*) FROM deliveries WHERE channel = ? AND delivered > ?", (channel, since)
            ).fetchone()
        return int(row[0])

    def mark_sent(self, number: int, now: float, *, problem: str = "") -> None:
        """Note that a channel has an alert; `problem` as for a failed attempt, where a part of it was refused."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET delivered = ?, attempts = attempts + 1, problem = ? WHERE number = ?",
                (now, problem, number),
            )

    def mark_failed(self, number: int, *, due: float, problem: str) -> None:
        """Note a failed attempt and when to try again; `problem` must hold no address or secret."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET attempts = attempts + 1, due = ?, problem = ? WHERE number = ?",
                (due, problem, number),
            )

    def postpone(self, number: int, due: float) -> None:
        """Leave a delivery for later without counting an attempt."""
        with self._transaction() as connection:
            connection.execute("UPDATE deliveries SET due = ? WHERE number = ?", (due, number))

    def acknowledge(self, dedup_key: str, now: float) -> int:
        """Note that someone has taken over; returns how many open alerts the key names. They escalate no further.

        What escalation steps have not sent yet is taken back; the first telling of an alert is not.
        """
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM deliveries WHERE step > 0 AND delivered IS NULL "
                "AND alert_id IN (SELECT id FROM alerts WHERE dedup_key = ?)",
                (dedup_key,),
            )
            return connection.execute(
                "UPDATE alerts SET acknowledged = ? WHERE dedup_key = ? AND acknowledged IS NULL",
                (now, dedup_key),
            ).rowcount

    def unacknowledged(self) -> list[Open]:
        """Return the alerts nobody has taken over, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT body, raised, step FROM alerts WHERE acknowledged IS NULL ORDER BY raised, id"
            ).fetchall()
        return [Open(Alert.from_dict(json.loads(body)), raised, step) for body, raised, step in rows]

    def escalate(self, alert_id: str, channels: Sequence[str], *, step: int, now: float) -> bool:
        """Route an open alert to the channels of an escalation step, once; False where that is done, or the alert taken over."""
        with self._transaction() as connection:
            taken = connection.execute(
                "UPDATE alerts SET step = ? WHERE id = ? AND step < ? AND acknowledged IS NULL",
                (step, alert_id, step),
            ).rowcount
            if taken:
                self._route(connection, alert_id, channels, step=step, now=now)
            return bool(taken)


def _keep_steps(connection: sqlite3.Connection) -> None:
    """Give an outbox of an earlier version the step in its deliveries; nothing in it is lost."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(deliveries)")}
    if "step" not in columns:
        for statement in _WITH_STEPS:
            connection.execute(statement)
