"""Alert settings from a YAML file. Secrets are named by environment variable and never written anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from halluguard.errors import SettingError
from halluguard.monitor.alerts.alert import LEVELS

KINDS = ("webhook", "slack", "email")
TLS = ("starttls", "ssl", "none")


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
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingError(f"{path}: cannot be read as YAML ({_first_line(error)})") from error
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
        str(name): _channel(str(name), value) for name, value in (document.get("channels") or {}).items()
    }
    if not channels:
        raise ValueError("channels: none given")
    routes = {str(level): _names(to) for level, to in (document.get("routes") or {}).items()}
    steps = tuple(
        Step(float(step["after_minutes"]), _names(step["to"])) for step in document.get("escalation") or ()
    )
    _verify(channels, routes, steps)
    return AlertSettings(
        outbox=path.parent / str(document.get("outbox", "alerts.sqlite")),
        channels=channels,
        routes=routes,
        escalation=tuple(sorted(steps, key=lambda step: step.after_minutes)),
        repeat_after_minutes=float(document.get("repeat_after_minutes", 24 * 60)),
        per_hour=int((document.get("rate_limit") or {}).get("per_hour", 12)),
        retry=Retry(**(document.get("retry") or {})),
    )


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


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
