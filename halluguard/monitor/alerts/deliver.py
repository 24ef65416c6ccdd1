"""Bring an alert to its channels: routed by level, escalated, limited, tried again, and left in the outbox until then."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from halluguard.monitor.alerts.alert import Alert
from halluguard.monitor.alerts.channels import DeliveryError, send
from halluguard.monitor.alerts.outbox import Due, Outbox
from halluguard.monitor.alerts.settings import AlertSettings

HOUR_S = 3600.0
_LEASE_TIMEOUTS = 30
"""How many of a channel's time limits one attempt can take at most: a mail has that many steps. Till then no other process tries."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one call did: alerts raised, told before, sent, left in the outbox, and what went wrong (no secret in it)."""

    raised: int
    repeated: int
    escalated: int
    sent: int
    waiting: int
    problems: tuple[str, ...]


def deliver(
    settings: AlertSettings,
    alerts: tuple[Alert, ...] = (),
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    environment: Mapping[str, str] = os.environ,
) -> Delivered:
    """Keep new alerts, escalate open ones, and send whatever is due, also from earlier calls.

    Args:
        settings: channels, routes, limits.
        alerts: new ones.
        clock: seconds since the epoch.
        sleep: waits between attempts.
        environment: where secrets are.

    """
    outbox, now = Outbox(settings.outbox), clock()
    raised = sum(
        outbox.add(
            alert,
            channels_for(settings, alert.level),
            now=now,
            repeat_after_s=settings.repeat_after_minutes * 60,
        )
        for alert in alerts
    )
    escalated = _escalate(settings, outbox, now)
    sent, problems = 0, []
    for due in outbox.due(now):
        taken, problem = _bring(due, settings, outbox, clock=clock, sleep=sleep, environment=environment)
        sent += taken
        problems += [problem] if problem else []
    return Delivered(
        raised, len(alerts) - raised, escalated, sent, outbox.waiting(), tuple(dict.fromkeys(problems))
    )


def channels_for(settings: AlertSettings, level: str) -> tuple[str, ...]:
    """Return the channels of a level; a level without a route takes that of the next graver one, else of the gravest there is."""
    order = ("SEV3", "SEV2", "SEV1", "SEV0")
    graver = [name for name in order[order.index(level) :] if name in settings.routes]
    milder = [name for name in reversed(order[: order.index(level)]) if name in settings.routes]
    return settings.routes[(graver + milder)[0]]


def _escalate(settings: AlertSettings, outbox: Outbox, now: float) -> int:
    """Take the steps that are due and return for how many alerts; a channel that several of them name is told once."""
    count = 0
    for alert in outbox.unacknowledged():
        due = [step for step in settings.escalation if now - alert.raised >= step.after_minutes * 60]
        if len(due) > alert.step:
            names = tuple(dict.fromkeys(name for step in due[alert.step :] for name in step.to))
            count += outbox.escalate(alert.alert.id, names, step=len(due), now=now)
    return count


def _bring(
    due: Due,
    settings: AlertSettings,
    outbox: Outbox,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    environment: Mapping[str, str],
) -> tuple[bool, str]:
    """Try one delivery until it is made or the attempts of this call are used up; returns whether it is, and what went wrong."""
    channel = settings.channels.get(due.channel)
    if channel is None:
        return False, f"channel {due.channel} is no longer in the settings; its alerts wait"
    if outbox.sent_since(due.channel, clock() - HOUR_S) >= settings.per_hour:
        outbox.postpone(due.number, clock() + settings.retry.longest_wait_s)
        return False, f"channel {due.channel}: {settings.per_hour} alerts in the last hour; the rest wait"
    problem, seen = "", due.due
    for attempt in range(1, settings.retry.attempts + 1):
        lease = clock() + _LEASE_TIMEOUTS * channel.timeout_s
        if not outbox.claim(due.number, seen=seen, until=lease):
            return False, problem  # another process has it, or someone took the alert over
        try:
            problem = send(due.alert, channel, environment, step=due.step)
        except DeliveryError as error:
            problem = str(error)
            wait = settings.retry.wait_s(attempt)
            seen = clock() + wait
            outbox.mark_failed(due.number, due=seen, problem=problem)
            if attempt < settings.retry.attempts:
                sleep(wait)
        else:
            outbox.mark_sent(due.number, clock(), problem=problem)
            return True, problem
    return False, problem
