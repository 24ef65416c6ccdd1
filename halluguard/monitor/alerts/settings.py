"""Alert settings from a YAML file. Secrets are named by environment variable and never written anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from halluguard.errors import SettingError, first_line
from halluguard.monitor.alerts.alert import LEVELS
from halluguard.report.hostile import one_line

KINDS = ("webhook", "slack", "email")
TLS = ("starttls", "ssl", "none")
_LONGEST_MINUTES = 1e9


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alerts go. `url_env`, `user_env` and `password_env` name environment variables that hold the secrets."""

    name: str
    kind: str
    url_env: str = ""
    host: str = ""
    port: int = 25
    tls: str = "starttls"
    sender: str = ""
    to: tuple[str, ...] = ()
    user_env: str = ""
    password_env: str = ""
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the escalation path: channels told where nobody acknowledged for this long."""

    after_minutes: float
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retry:
    """Waits between attempts grow by `factor` up to `longest_wait_s`; `attempts` is a number a call, the outbox keeps the rest."""

    attempts: int = 4
    first_wait_s: float = 1.0
    factor: float = 2.0
    longest_wait_s: float = 60.0

    def wait_s(self, attempt: int) -> float:
        """Return the wait after the attempt with this number, counted from 1."""
        return min(self.longest_wait_s, self.first_wait_s * self.factor ** (attempt - 1))


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Channels, which levels go where, what follows without an answer, and how often at most."""

    outbox: Path
    channels: Mapping[str, Channel]
    routes: Mapping[str, tuple[str, ...]]
    escalation: tuple[Step, ...] = ()
    repeat_after_minutes: float = 24 * 60
    per_hour: int = 12
    retry: Retry = field(default_factory=Retry)


def load_settings(path: Path) -> AlertSettings:
    """Read alert settings; raises SettingError with the field for unknown names, missing parts and secrets in the file."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # PyYAML lets 2026-13-45 raise
        raise SettingError(f"{path}: cannot be read as YAML ({first_line(error)})") from error
    try:
        return _build(path, document)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise SettingError(f"{path}: {_told(error)}") from error


def _build(path: Path, document: Any) -> AlertSettings:
    if not isinstance(document, dict):
        raise TypeError("expected a mapping with outbox, channels and routes")
    known = {"outbox", "channels", "routes", "escalation", "repeat_after_minutes", "rate_limit", "retry"}
    if unknown := sorted(set(map(str, document)) - known):
        raise ValueError(f"unknown field {unknown[0]!r}. Known: {', '.join(sorted(known))}")
    channels = {
        str(name): _channel(str(name), value) for name, value in _mapping(document, "channels").items()
    }
    if not channels:
        raise ValueError("channels: none given")
    routes = {str(level): _names(to) for level, to in _mapping(document, "routes").items()}
    steps = tuple(_step(number, step) for number, step in enumerate(_list(document, "escalation"), start=1))
    _verify(channels, routes, steps)
    limit = _mapping(document, "rate_limit", {"per_hour"})
    return AlertSettings(
        outbox=path.parent / str(document.get("outbox", "alerts.sqlite")),
        channels=channels,
        routes=routes,
        escalation=tuple(sorted(steps, key=lambda step: step.after_minutes)),
        repeat_after_minutes=_number(
            "repeat_after_minutes", document.get("repeat_after_minutes", 24 * 60), 0, _LONGEST_MINUTES
        ),
        per_hour=_whole("rate_limit.per_hour", limit.get("per_hour", 12), 1_000_000),
        retry=_retry(_mapping(document, "retry", set(Retry.__dataclass_fields__))),
    )


def _retry(given: Mapping[str, Any]) -> Retry:
    usual = Retry()
    return Retry(
        attempts=_whole("retry.attempts", given.get("attempts", usual.attempts), 100),
        first_wait_s=_number("retry.first_wait_s", given.get("first_wait_s", usual.first_wait_s), 0, 86_400),
        factor=_number("retry.factor", given.get("factor", usual.factor), 1, 100),
        longest_wait_s=_number(
            "retry.longest_wait_s", given.get("longest_wait_s", usual.longest_wait_s), 0, 86_400
        ),
    )


def _step(number: int, value: Any) -> Step:
    where = f"escalation[{number}]"
    if not isinstance(value, dict) or set(value) != {"after_minutes", "to"} or not _names(value["to"]):
        raise ValueError(f"{where}: expected after_minutes and to, found {_shown(value)}")
    return Step(
        _number(f"{where}.after_minutes", value["after_minutes"], 0, _LONGEST_MINUTES), _names(value["to"])
    )


def _mapping(document: Mapping[str, Any], name: str, known: set[str] | None = None) -> Mapping[Any, Any]:
    """Return a mapping of the settings, empty where it is not given; `known` fields only, where they are said."""
    value = document.get(name) or {}
    if not isinstance(value, dict):
        raise TypeError(f"{name}: expected a mapping, found {_shown(value)}")
    if known is not None and (unknown := sorted(set(map(str, value)) - known)):
        raise ValueError(f"{name}: unknown field {unknown[0]!r}. Known: {', '.join(sorted(known))}")
    return value


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name) or []
    if not isinstance(value, list):
        raise TypeError(f"{name}: expected a list, found {_shown(value)}")
    return value


def _number(name: str, value: Any, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError(f"{name} is {_shown(value)}. Expected a number from {least:g} to {most:g}")
    return float(value)


def _whole(name: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{name} is {_shown(value)}. Expected a whole number from 1 to {most}")
    return value


def _shown(value: Any) -> str:
    return one_line(repr(value), 60)


def _channel(name: str, value: Any) -> Channel:
    if not isinstance(value, dict):
        raise TypeError(f"channels.{name}: expected a mapping")
    for secret in ("url", "password", "token", "user"):
        if secret in value:
            raise ValueError(
                f"channels.{name}: {secret} stands in the file. Put it into an environment variable and name that "
                f"with {secret}_env"
            )
    known = set(Channel.__dataclass_fields__) - {"name"}
    if unknown := sorted(set(map(str, value)) - known):
        raise ValueError(f"channels.{name}: unknown field {unknown[0]!r}")
    channel = Channel(name=name, **{**value, "to": _names(value.get("to"))})
    needed = ("host", "sender", "to") if channel.kind == "email" else ("url_env",)
    _number(f"channels.{name}.timeout_s", channel.timeout_s, 0.1, 3600)
    _whole(f"channels.{name}.port", channel.port, 65_535)
    for part in ("url_env", "host", "sender", "user_env", "password_env"):
        if not isinstance(given := getattr(channel, part), str):
            raise TypeError(f"channels.{name}.{part} is {_shown(given)}. Expected a text")
    if channel.user_env and not channel.password_env:
        raise ValueError(f"channels.{name}: password_env is missing beside user_env")
    for part in needed:
        if not getattr(channel, part):
            raise ValueError(f"channels.{name}: {part} is missing")
    if channel.kind not in KINDS:
        raise ValueError(f"channels.{name}: kind {channel.kind!r} is none of {', '.join(KINDS)}")
    if channel.tls not in TLS:
        raise ValueError(f"channels.{name}: tls {channel.tls!r} is none of {', '.join(TLS)}")
    return channel


def _names(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),) if value else ()


def _verify(
    channels: Mapping[str, Channel], routes: Mapping[str, tuple[str, ...]], steps: tuple[Step, ...]
) -> None:
    for level, names in routes.items():
        if level not in LEVELS:
            raise ValueError(f"routes: {level!r} is none of {', '.join(LEVELS)}")
        if not names:
            raise ValueError(
                f"routes.{level}: no channel given, so its alerts would go nowhere. Name one, or leave the level out: "
                "its alerts then take the route of the next graver one"
            )
        for name in names:
            if name not in channels:
                raise ValueError(f"routes.{level}: no channel {name!r}")
    for step in steps:
        for name in step.to:
            if name not in channels:
                raise ValueError(f"escalation: no channel {name!r}")
    if not routes:
        raise ValueError("routes: none given, so no alert would go anywhere")


def _told(error: Exception) -> str:
    return f"field {error} is missing" if isinstance(error, KeyError) else str(error)
