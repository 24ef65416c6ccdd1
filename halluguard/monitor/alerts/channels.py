"""Send one alert over one channel. A failure names its kind only: addresses are secrets."""

import http.client
import json
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from halluguard.monitor.alerts.alert import Alert, delivery_id, email_message, slack_payload
from halluguard.monitor.alerts.settings import Channel

_FAILURES = (OSError, ValueError, http.client.HTTPException)
"""Whatever an address, a login or the other side can get wrong; `smtplib`'s errors are OSErrors."""


class DeliveryError(Exception):
    """A channel did not take an alert; the text holds no secret."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would send the alert to an address nobody set."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def send(
    alert: Alert, channel: Channel, environment: Mapping[str, str] = os.environ, *, step: int = 0
) -> str:
    """Send an alert, and when the other side has taken it return what was wrong with it yet, mostly nothing.

    Raises DeliveryError where nobody has it. An alert that some recipients of a mail refused is sent: again would tell the others twice.
    `step` is that of the escalation, 0 for the first time: the other side must not take a later one for a repeat.
    """
    if channel.kind == "email":
        return _mail(alert, channel, environment, step=step)
    payload = slack_payload(alert) if channel.kind == "slack" else alert.as_dict()
    _post(payload, channel, environment, key=delivery_id(alert, step))
    return ""


def _secret(name: str, channel: Channel, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "")
    if not value:
        raise DeliveryError(f"channel {channel.name}: environment variable {name} is not set")
    return value


def _post(payload: Mapping[str, Any], channel: Channel, environment: Mapping[str, str], *, key: str) -> None:
    url = _address(channel, environment)
    try:
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            url,
            data=json.dumps(payload, ensure_ascii=False).encode(),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Idempotency-Key": key,
                "User-Agent": "halluguard",
            },
            method="POST",
        )
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=channel.timeout_s) as reply:
            reply.read(1024)
    except urllib.error.HTTPError as error:
        error.close()
        raise DeliveryError(f"channel {channel.name}: HTTP status {error.code}") from None
    except _FAILURES as error:
        raise DeliveryError(f"channel {channel.name}: {_kind(error)}") from None


def _address(channel: Channel, environment: Mapping[str, str]) -> str:
    url = _secret(channel.url_env, channel, environment)
    try:
        usable = urlsplit(url).scheme in ("http", "https")
    except ValueError:  # such as an open bracket in the host
        usable = False
    if not usable:
        raise DeliveryError(f"channel {channel.name}: {channel.url_env} holds no http or https address")
    return url


def _mail(alert: Alert, channel: Channel, environment: Mapping[str, str], *, step: int) -> str:
    try:
        message = email_message(alert, sender=channel.sender, to=channel.to, step=step)
        with _connect(channel) as server:
            if channel.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if channel.user_env:
                user = _secret(channel.user_env, channel, environment)
                server.login(user, _secret(channel.password_env, channel, environment))
            refused = server.send_message(message)
    except _FAILURES as error:
        raise DeliveryError(f"channel {channel.name}: {_kind(error)}") from None
    return (
        f"channel {channel.name}: {len(refused)} of {len(channel.to)} recipients refused" if refused else ""
    )


def _connect(channel: Channel) -> smtplib.SMTP:
    if channel.tls == "ssl":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(channel.host, channel.port, timeout=channel.timeout_s, context=context)
    return smtplib.SMTP(channel.host, channel.port, timeout=channel.timeout_s)


def _kind(error: BaseException) -> str:
    """Name a failure without its text, which may hold an address or a login."""
    reason = getattr(error, "reason", None)
    code = getattr(error, "smtp_code", None)
    name = type(reason if isinstance(reason, BaseException) else error).__name__
    return f"{name} {code}" if code else name
