"""Reading the quarantine again: which messages one may ask for, in parts that keep nobody waiting for the ledger."""

from collections.abc import Sequence

from api.parts import App
from domain.errors import Forbidden
from domain.people import DESK, Scope
from escalation.reread import Found

#: messages in one transaction
_AT_ONCE = 50
#: at most so many for one question
_MOST = 2000


def read_again(app: App, scope: Scope, ids: Sequence[str] | None = None) -> Found:
    """Those of ``ids``, or all, that are unread and in one's streets. Raises ``Forbidden``."""
    if scope.role not in DESK:
        raise Forbidden("only the desk reads the quarantine again")
    mine = [id for id in _unread(app, scope) if ids is None or id in set(ids)]
    parts = [app.reread(mine[n : n + _AT_ONCE], scope.operator) for n in range(0, len(mine), _AT_ONCE)]
    alerts = tuple(dict.fromkeys(alert for part in parts for alert in part.alerts))
    return Found(sum(p.tried for p in parts), sum(p.understood for p in parts), alerts)


def _unread(app: App, scope: Scope) -> list[str]:
    """The newest of what nobody could read."""
    found: list[str] = []
    cursor: str | None = None
    while len(found) < _MOST:
        page = app.views.inbox(scope, 500, cursor, True)
        found += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return found[:_MOST]
