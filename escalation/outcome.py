"""What comes of an attempt: accepted, tried again, another way, or the plan moves on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.contacts import Accepted, FailedForGood, FailedForNow, Purpose, Result, Unwanted
from escalation.command import Command, Failed
from escalation.duty import Roster
from escalation.letters import point_of
from escalation.proving import note_refusal
from escalation.stage import apply
from escalation.standing import Standing
from escalation.stops import UNSUBSCRIBED, stop
from store import alerts, calls, outbox
from store.ledger import Tx
from store.outbox import Item, Leased, Settled

#: waits before the same row is tried again after "failed for now"
_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)
#: a blip is forgiven once; from the second failure on the plan moves on while we keep trying
_PATIENCE = 2
#: seconds: whoever is told to wait at least so long is not waited for at all
_LONG = 10.0
_LAST = 40


def settle(
    tx: Tx, standing: Standing, sent: Sequence[tuple[Leased, Result]], now: datetime, plan_too: bool = True
) -> None:
    """Settle attempts; order the next way; tell the plan (if ``plan_too``) about people who cannot be reached."""
    roster = standing.roster(tx)
    settled, following, unreached = [], [], []
    for leased, result in sent:
        if isinstance(result, FailedForNow | FailedForGood) and result.code and result.code in UNSUBSCRIBED:
            _unsubscribed(tx, standing, leased.item, result.code, now)
            roster = standing.roster(tx)
        if isinstance(result, FailedForGood):
            note_refusal(tx, roster.responders.get(leased.item.person), leased.item, result, now)
        another = _another(leased.item, roster) if isinstance(result, FailedForNow | FailedForGood) else None
        settled.append(_settled(leased, result, another, now))
        if another:
            following.append(replace(another, created_at=now))
        if another or _hopeless(leased, result):
            unreached.append(Unreached(leased.item, _reason(result), more=another is not None))
    outbox.settle(tx, settled)
    outbox.put(tx, following)
    calls.release(tx, (x.item.person for x, result in sent if _hung_up(x.item, result)), now)
    if plan_too:
        tell_plan(tx, standing, unreached, now)


@dataclass(frozen=True, slots=True)
class Unreached:
    """A person who did not answer by the way of this row; ``more``: another way is being tried."""

    item: Item
    why: str
    more: bool


def tell_plan(tx: Tx, standing: Standing, unreached: Sequence[Unreached], now: datetime) -> None:
    """The plan asks these people again soon; where every way to them has failed it may move on at once."""
    contacts = [u for u in unreached if u.item.purpose == Purpose.CONTACT]
    if contacts:
        loaded = alerts.load(tx, {u.item.alert_id for u in contacts})
        commands: list[tuple[str, Command]] = [
            (u.item.alert_id, Failed(u.item.track, u.item.gen, u.item.person, u.why, u.more))
            for u in contacts
            if u.item.alert_id in loaded
        ]
        apply(tx, standing, loaded, commands, now)


def fail_over(tx: Tx, standing: Standing, leased: Leased, reason: str, now: datetime) -> None:
    """An attempt that a provider had accepted has failed after all: the next way, or the plan moves on."""
    outbox.finish(tx, leased.item.key, "failed", now, reason)
    another = _another(leased.item, standing.roster(tx))
    if another and leased.current:
        outbox.put(tx, [replace(another, created_at=now)])
    if leased.current:
        tell_plan(tx, standing, [Unreached(leased.item, reason, more=another is not None)], now)


def _unsubscribed(tx: Tx, standing: Standing, item: Item, code: str, now: datetime) -> None:
    """The provider says that this person forbade messages (P25)."""
    point = point_of(standing.roster(tx).responders.get(item.person), item.point, item.channel)
    if point is not None:
        stop(tx, standing, item.person, item.channel, point.address, code, now)


def _hung_up(item: Item, result: Result) -> bool:
    """The telephone does not ring after all: others who waited for this call may dial."""
    return item.channel == "voice" and not isinstance(result, Accepted)


def _another(item: Item, roster: Roster) -> Item | None:
    """The same person by the next way, under a key of its own."""
    person = roster.responders.get(item.person)
    points = {p.n: p for p in person.contacts} if person else {}
    for position, n in enumerate(item.fallbacks):
        if n in points:
            head, _, times = item.key.rpartition("/")
            head = head.rpartition("/")[0]
            channel = points[n].channel
            rest = item.fallbacks[position + 1 :]
            return replace(item, key=f"{head}/{channel}.{n}/{times}", channel=channel, point=n, fallbacks=rest)
    return None


def _settled(leased: Leased, result: Result, another: Item | None, now: datetime) -> Settled:
    item = leased.item
    match result:
        case Accepted():
            return Settled(
                item.key, leased.attempt, "accepted", "accepted", now, now, result.reference, line=result.line
            )
        case FailedForGood():
            return Settled(item.key, leased.attempt, "failed", "failed", now, now, None, result.code, result.reason)
        case FailedForNow():
            word = "unknown" if result.unknown else "failed"
            again = another is None and leased.attempt < _LAST and leased.current
            wait = result.retry_after or _WAITS[min(leased.attempt, len(_WAITS)) - 1]
            status, later = ("pending", now + timedelta(seconds=min(wait, 60.0))) if again else ("failed", now)
            return Settled(item.key, leased.attempt, word, status, now, later, None, result.code, result.reason)
        case Unwanted():
            return Settled(item.key, leased.attempt, "superseded", "superseded", now, now, reason=result.reason)


def _hopeless(leased: Leased, result: Result) -> bool:
    """Whether the plan should stop waiting for this person."""
    match result:
        case Accepted() | Unwanted():
            return False
        case FailedForGood():
            return True
        case FailedForNow():
            return leased.attempt == (1 if (result.retry_after or 0) >= _LONG else _PATIENCE)


def _reason(result: Result) -> str:
    return "" if isinstance(result, Accepted) else result.reason
