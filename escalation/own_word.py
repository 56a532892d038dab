"""A home's own word that nobody is there: with the family, in hospital, back again; by telephone, button or link.

It ends nothing but questions: no check-in and no rule asks meanwhile, a press calls as ever. Nobody looked
into it, so it is bounded, and a sign of life at home ends it.
"""

from datetime import datetime, timedelta

from domain.checkins import CheckinState
from store import aways, checkins
from store.ledger import Tx

#: for so long it counts, when no day was named (owner: the district's civil affairs bureau)
LONGEST = {"away": timedelta(days=7), "hospital": timedelta(days=30)}
#: a day that is named lies no farther ahead
FARTHEST = timedelta(days=60)
#: getting out of the door is no sign that somebody has come back
GRACE = timedelta(minutes=30)


def gone(
    tx: Tx, home: str, kind: str, way: str, now: datetime, day: str | None = None, until: datetime | None = None
) -> None:
    """``away`` or ``hospital`` from now on. ``day``: the local day whose open question is settled with it."""
    end = min(until, now + FARTHEST) if until is not None and until > now else now + LONGEST[kind]
    aways.end(tx, home, now, aways.own(way))
    aways.begin(tx, home, kind, now, end, aways.own(way))
    if day is not None:
        checkins.settle(tx, day, home, CheckinState.EXCUSED, kind, now, aways.own(way))


def back(tx: Tx, home: str, way: str, now: datetime) -> bool:
    """At home again; False when nobody was away."""
    return aways.end(tx, home, now, aways.own(way))


def by_button(tx: Tx, home: str, mode: object, now: datetime) -> None:
    """``checkin_ok`` with ``{"mode": "away"|"hospital"|"home"}``; anything else says nothing of it."""
    if isinstance(mode, str) and mode in LONGEST:
        gone(tx, home, mode, "button", now)
    elif mode == "home":
        back(tx, home, "button", now)


def seen_again(tx: Tx, now: datetime) -> int:
    """End what homes have said themselves where somebody has moved since. Returns how many."""
    found = [home for home, since, life in aways.own_with_life(tx, now) if life > since + GRACE]
    for home in found:
        aways.end(tx, home, now, "sign of life")
    return len(found)
