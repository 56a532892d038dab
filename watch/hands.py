"""Through whose hands each line of calling went, and whether it was dialed only while it called. Pure.

Read from the timeline alone: what each decision changed (``set``) beside what it says happened.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson

from store.audit import Story

#: how long after a line has changed hands a dial may still begin: it was leased before
DIALING = timedelta(seconds=10)
#: what gives a claim back to the ladder
_BACK = frozenset({"released", "claim_expired", "declined", "summoned"})


@dataclass(frozen=True, slots=True)
class Hand:
    """One line of calling after one decision."""

    at: datetime
    gen: int
    state: str
    claimant: str | None
    offer_to: str | None
    #: what the decision says happened: word of the timeline -> by whom
    happened: Mapping[str, frozenset[str]]
    #: who held any line of this alert before the decision
    holders: frozenset[str]


def generations(story: Story) -> str:
    """A line's generation never falls, and rises whenever the line changes hands or state (invariant 7)."""
    return _first(_generations(hands) for hands in hands_of(story).values())


def claims(story: Story) -> str:
    """A claim changes hands only by claim, accept of what was offered, release or expiry (invariant 13)."""
    return _first(_claims(name, hands) for name, hands in hands_of(story).items())


def dials(story: Story) -> str:
    """Nobody is dialed for a generation that is over (invariant 11); every way out of calling begins a new one."""
    known, odd = hands_of(story), []
    wanted = {row["key"]: row for row in story.contacts if row["purpose"] == "contact"}
    for tried in story.attempts:
        row = wanted.get(tried["key"])
        if row is not None and tried["status"] != "superseded":
            before = [h for h in known.get(row["track"], ()) if h.at < tried["started_at"] - DIALING]
            if before and before[-1].gen > row["gen"]:
                odd.append(str(row["key"]))
    return ", ".join(odd[:5])


def hands_of(story: Story) -> dict[str, list[Hand]]:
    """Each line of this alert, decision by decision; those that a decision left alone are not repeated."""
    found: dict[str, list[Hand]] = {}
    happened: dict[str, frozenset[str]] = {}
    for row in story.entries:
        data = orjson.loads(row["data"])
        happened[row["type"]] = happened.get(row["type"], frozenset()) | {str(row["by"])}
        change = data.get("set")
        if change is None:
            continue
        if "subject" in change:
            found = {}  # made anew: the raise, or a rescue
        holders = frozenset(hands[-1].claimant or "" for hands in found.values()) - {""}
        for name, values in (change.get("tracks") or {}).items():
            found.setdefault(name, []).append(_hand(found.get(name), values, row["at"], happened, holders))
        happened = {}
    return found


def _hand(
    before: list[Hand] | None, values: Mapping[str, Any], at: datetime, happened: Mapping[str, frozenset[str]],
    holders: frozenset[str],
) -> Hand:  # fmt: skip
    last = before[-1] if before else Hand(at, 0, "", None, None, {}, frozenset())
    return Hand(
        at, values.get("gen", last.gen), values.get("state", last.state), values.get("claimant", last.claimant),
        values.get("offer_to", last.offer_to), happened, holders,
    )  # fmt: skip


def _generations(hands: list[Hand]) -> Iterator[str]:
    for old, new in pairwise(hands):
        if new.gen < old.gen:
            yield f"{old.gen} -> {new.gen}"
        elif new.gen == old.gen and (new.state, new.claimant) != (old.state, old.claimant):
            yield f"{old.state} -> {new.state} in generation {new.gen}"


def _claims(name: str, hands: list[Hand]) -> Iterator[str]:
    first = hands[0]
    if first.claimant is not None and first.claimant not in first.holders:
        yield f"{name}: begun as claimed"
    for old, new in pairwise(hands):
        if new.claimant == old.claimant:
            continue
        if new.claimant is None:
            right = new.state != "calling" or bool(_BACK & new.happened.keys())
        elif old.claimant is None:
            right = new.claimant in new.happened.get("claimed", ())
        else:
            right = old.offer_to == new.claimant and new.claimant in new.happened.get("accepted", ())
        if not right:
            yield f"{name}: {old.claimant or 'nobody'} -> {new.claimant or 'nobody'}"


def _first(found: Iterable[Iterator[str]]) -> str:
    return ", ".join([wrong for of_one in found for wrong in of_one][:5])
