"""Leaving: nobody goes while they hold an alert; a supervisor may, and it is noted on each."""

from typing import Any

from api.parts import App
from domain.people import Scope

_LEFT = "交班未移交，由主管确认退出 / Logged out with this claim open, on a supervisor's own word"


def open_claims(app: App, scope: Scope) -> list[dict[str, Any]]:
    """What the person behind this log-in holds."""
    return app.desk.shifts.claims(app.accounts.actor(scope).id)


def noted(app: App, scope: Scope, alerts: list[str]) -> None:
    """On each of these alerts: its holder has left."""
    for alert in dict.fromkeys(alerts):
        app.commands.note(alert, app.accounts.actor(scope), _LEFT)
