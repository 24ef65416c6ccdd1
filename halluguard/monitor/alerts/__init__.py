"""Alerts to webhook, Slack and e-mail, kept in an outbox file until they are delivered.

`load_settings` reads the YAML, `Outbox` keeps what is due, `deliver` sends it, `alert_of` makes an alert of a monitor's result.
"""

from halluguard.monitor.alerts.alert import Alert, alert_of
from halluguard.monitor.alerts.deliver import Delivered, deliver
from halluguard.monitor.alerts.outbox import Outbox
from halluguard.monitor.alerts.settings import AlertSettings, load_settings
from halluguard.monitor.alerts.tend import ready_alerts, tend_alerts

__all__ = [
    "Alert",
    "AlertSettings",
    "Delivered",
    "Outbox",
    "alert_of",
    "deliver",
    "load_settings",
    "ready_alerts",
    "tend_alerts",
]
