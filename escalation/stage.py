"""One stage of the path: load, decide, keep, in one transaction. Used by whoever issues commands."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from domain.alerts import Alert
from escalation.command import Command
from escalation.decide import decide
from escalation.sheet import Decision, Order
from escalation.standing import Standing
from store import alerts, outbox
from store.alerts import Change
from store.ledger import Tx
from store.outbox import Item


def apply(
    tx: Tx, standing: Standing, loaded: Mapping[str, Alert], commands: Iterable[tuple[str, Command]], now: datetime
) -> dict[str, Alert]:
    """Decide each command on its alert, in order, and keep what came of it. Returns the alerts as they are now.

    ``loaded`` holds the alerts, locked in this transaction. Raises what ``decide`` raises.
    """
    roster = standing.roster(tx)
    current, decisions = dict(loaded), []
    for alert_id, command in commands:
        alert = current[alert_id]
        decision = decide(alert, command, now, roster, standing.plan(tx, alert.plan))
        if decision.changed:
            decisions.append(decision)
            current[alert_id] = decision.alert
    for kept in keep(tx, decisions):
        current[kept.id] = kept
    return current


def keep(tx: Tx, decisions: Sequence[Decision]) -> list[Alert]:
    """Write decisions: alerts, tracks, timeline and outbox together. Several of one alert become one change."""
    if not decisions:
        return []
    merged: dict[str, Change] = {}
    for d in decisions:
        known = merged.get(d.alert.id)
        entries = [*known.entries, *d.entries] if known else list(d.entries)
        merged[d.alert.id] = Change(known.before if known else d.before, d.alert, entries)
    kept = alerts.save(tx, list(merged.values()))
    outbox.put(tx, [_item(d, order) for d in decisions for order in d.orders])
    return kept


def _item(decision: Decision, order: Order) -> Item:
    first, *rest = order.points
    alert = decision.alert
    return Item(
        order.key, alert.id, order.track, order.gen, str(order.purpose), order.person, order.role, first.channel,
        first.n, tuple(p.n for p in rest), alert.drill, order.repeats, order.about, alert.decided_at or alert.raised_at,
    )  # fmt: skip
