"""STOP: a person forbids messages; the contact point counts as none, and whoever keeps the roster is told (P25)."""

from datetime import datetime, timedelta

from channels import aliyun_codes
from domain.tasks import Task, TaskKind
from escalation.coverage import gaps
from escalation.duty import Roster
from escalation.standing import Standing
from store import proofs, register, stopped
from store.ledger import Tx
from store.tasks import reopen_tasks, settle_tasks

#: the provider's codes for a person who unsubscribed there
UNSUBSCRIBED = frozenset({"21610", "30630"}) | aliyun_codes.UNSUBSCRIBED
#: how far ahead it is looked whether a tier has lost its last person
_AHEAD = timedelta(days=7)


def stop(tx: Tx, standing: Standing, person: str, channel: str, address: str, why: str, now: datetime) -> None:
    """No more of this channel to this person. What that leaves uncovered stands in a task for the roster's keeper."""
    before = standing.roster(tx)
    if stopped.stopped(tx).get((person, channel)) == address or person not in before.responders:
        return
    stopped.stop(tx, person, channel, address, now, why)
    proofs.refuse(tx, person, channel, address, now, "stop")
    register.touch(tx)
    after = standing.roster(tx)
    known = after.responders[person]
    data = {
        "cause": "contact_stopped", "responder": person, "channel": channel, "why": why,
        "left": sorted({p.channel for p in known.contacts}),
        "uncovered": _uncovered(before, after, person, now),
    }  # fmt: skip
    task = Task(_key(person, channel), TaskKind.COVERAGE, now, now + timedelta(hours=24), known.street, data=data)
    reopen_tasks(tx, [task])


def allow(tx: Tx, person: str, channel: str, now: datetime) -> bool:
    """The person wants messages again; the task is done by that. Returns whether they had been stopped."""
    if not stopped.allow(tx, person, channel):
        return False
    register.touch(tx)
    settle_tasks(tx, [_key(person, channel)], now, "the person wants messages again")
    return True


def _uncovered(before: Roster, after: Roster, person: str, now: datetime) -> list[dict[str, str | None]]:
    """Tiers that had somebody at every hour of the next days and have no longer, each once."""
    teams = [t for t in before.teams if any(person in (s.responder, s.deputy) for s in t.shifts)]
    places = {(t.role, t.street) for t in teams} or {(before.responders[person].role, before.responders[person].street)}
    found: list[dict[str, str | None]] = []
    for role, street in sorted(places, key=str):
        lost = set(gaps(after, role, street, now, now + _AHEAD)) - set(gaps(before, role, street, now, now + _AHEAD))
        if lost:
            first = min(gap.start for gap in lost)
            found.append({"role": role, "street": street, "from": first.isoformat()})
    return found


def _key(person: str, channel: str) -> str:
    return f"coverage/stopped/{person}/{channel}"
