"""Duty as it was laid down, change by change: what holds now, and what held at any instant before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
import structlog

from domain.duty import Absence, Changes, Deputy, Holiday, Override, Swap
from domain.people import ContactPoint, Responder, Shift, Team
from store.bulk import read_json
from store.ledger import Tx
from store.tables import DutyRow

_LOG = structlog.get_logger("anling.duty")
HISTORY = DutyRow.__table__  # type: ignore[attr-defined]
#: what was there when recording began holds for all time before
_BEFORE = datetime(1970, 1, 1, tzinfo=UTC)
_REGISTERED = ("team", "responder")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing laid down about duty, in the words of a site file; no value: withdrawn."""

    kind: str
    subject: str
    value: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Laid:
    """Everything that held at one instant. Responders have their channels, not their addresses."""

    responders: Mapping[str, Responder]
    teams: tuple[Team, ...]
    changes: Changes


def record(tx: Tx, entries: Iterable[Entry], at: datetime, by: str) -> int:
    """Lay down what is not laid down already; returns how many entries were new. The caller touches the edition."""
    wanted = {(e.kind, e.subject): e for e in entries}
    known = _latest(tx, sa.true()) if wanted else {}
    rows = [
        {"at": at, "kind": e.kind, "subject": e.subject, "value": e.value and dict(e.value), "by": by,
         "ends_at": _ends(e.value)}
        for key, e in wanted.items()
        if known.get(key) != (e.value and dict(e.value))
    ]  # fmt: skip
    if rows:
        tx.execute(sa.insert(HISTORY), rows)
    return len(rows)


def follow(tx: Tx, responders: Iterable[Responder], teams: Iterable[Team], at: datetime, by: str) -> int:
    """Lay down teams and responders as the register has them now; what is gone from it is withdrawn."""
    now = [Entry("responder", r.id, _responder_value(r)) for r in responders]
    now += [Entry("team", t.id, _team_value(t)) for t in teams]
    named = {(e.kind, e.subject) for e in now}
    known = _latest(tx, HISTORY.c.kind.in_(_REGISTERED))
    gone = [Entry(kind, subject, None) for kind, subject in known if (kind, subject) not in named]
    return record(tx, [*now, *gone], at if known else _BEFORE, by)


def changes(tx: Tx, zone: tzinfo, since: datetime) -> Changes:
    """What bends the shifts now; of what ended before ``since`` nothing."""
    c = HISTORY.c
    still = c.kind.not_in(_REGISTERED) & sa.or_(c.ends_at.is_(None), c.ends_at >= since)
    return _changes(_rows(tx, sa.true(), still), zone, tx.unread)


def changes_of(entries: Iterable[Entry], zone: tzinfo) -> Changes:
    """What these entries bend, without any ledger."""
    return _changes([(e.kind, e.subject, e.value) for e in entries if e.value is not None], zone, set())


def as_of(tx: Tx, at: datetime, zone: tzinfo) -> Laid:
    """What held at ``at``, as it was laid down then: later edits change nothing about it."""
    rows = _rows(tx, HISTORY.c.at <= at, sa.true())
    people = {s: _responder(s, v) for kind, s, v in rows if kind == "responder"}
    teams = [team_of(s, v["role"], v["street"], v["shifts"], tx.unread) for kind, s, v in rows if kind == "team"]
    return Laid(people, tuple(sorted(teams, key=lambda team: team.id)), _changes(rows, zone, tx.unread))


def newest(tx: Tx, at: datetime | None = None) -> tuple[int, datetime]:
    """Number and instant of the last change until ``at``."""
    c = HISTORY.c
    query = sa.select(sa.func.max(c.n), sa.func.max(c.at)) if at is None else (
        sa.select(sa.func.max(c.n), sa.func.max(c.at)).where(c.at <= at)
    )  # fmt: skip
    n, when = tx.execute(query).one()
    return n or 0, when or _BEFORE


def edits(tx: Tx, start: datetime, end: datetime) -> list[datetime]:
    """When, after ``start`` and before ``end``, something was laid down."""
    at = HISTORY.c.at
    return [when for (when,) in tx.execute(sa.select(at).where(at > start, at < end).distinct().order_by(at))]


def value_of(tx: Tx, kind: str, subject: str) -> Mapping[str, Any] | None:
    """What is laid down now under a kind and id."""
    c = HISTORY.c
    query = sa.select(c.value).where(c.kind == kind, c.subject == subject).order_by(c.n.desc()).limit(1)
    return tx.execute(query).scalar()


def page(tx: Tx, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """Who laid down what, and when; the newest first."""
    query = sa.select(HISTORY).order_by(HISTORY.c.n.desc()).limit(limit)
    if before is not None:
        query = query.where(HISTORY.c.n < before)
    return [dict(row) for row in tx.execute(query).mappings()]


def team_of(id: str, role: str, street: str | None, shifts: Any, unread: set[str]) -> Team:
    """A team whose shifts cannot be read is an empty one: a gap that is shown, and no decision fails (P6)."""
    try:
        return Team(id, role, street, tuple(_shift(s) for s in read_json(shifts)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        unread.add(f"teams|{id}")
        _LOG.error("team_unusable", team=id, error=type(error).__name__)
        return Team(id, role, street)


def _rows(tx: Tx, until: Any, which: Any) -> list[tuple[str, str, Any]]:
    """The last entry of each subject that fulfils ``until``, if it is not withdrawn and is one of ``which``."""
    c = HISTORY.c
    last = sa.select(sa.func.max(c.n)).where(until).group_by(c.kind, c.subject)
    query = sa.select(c.kind, c.subject, c.value).where(c.n.in_(last), which).order_by(c.n)
    return [(kind, subject, value) for kind, subject, value in tx.execute(query) if value is not None]


def _latest(tx: Tx, which: Any) -> dict[tuple[str, str], Any]:
    return {(kind, subject): value for kind, subject, value in _rows(tx, sa.true(), which)}


def _changes(rows: Sequence[tuple[str, str, Any]], zone: tzinfo, unread: set[str]) -> Changes:
    read: dict[str, list[Any]] = {kind: [] for kind in _READ}
    for kind, subject, value in rows:
        if kind in _READ:
            try:
                read[kind].append(_READ[kind](subject, value, zone))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                # One that cannot be read bends nothing, and stops no decision (P6).
                unread.add(f"{kind}|{subject}")
                _LOG.error("duty_unusable", kind=kind, subject=subject, error=type(error).__name__)
    return Changes(*(tuple(read[kind]) for kind in _READ))


def _span(value: Mapping[str, Any], zone: tzinfo) -> tuple[datetime, datetime]:
    """Wall time where no zone is said."""
    said = (datetime.fromisoformat(value[name]) for name in ("from", "until"))
    start, end = (at if at.tzinfo else at.replace(tzinfo=zone) for at in said)
    return start, end


def _override(id: str, v: Mapping[str, Any], zone: tzinfo) -> Override:
    return Override(id, v["team"], *_span(v, zone), v.get("responder"), v.get("instead_of"))


def _swap(id: str, v: Mapping[str, Any], zone: tzinfo) -> Swap:
    back = v.get("return_date")
    day = date.fromisoformat(v["date"])
    return Swap(id, v["team"], day, v["giver"], v["taker"], date.fromisoformat(back) if back else None)


def _absence(id: str, v: Mapping[str, Any], zone: tzinfo) -> Absence:
    return Absence(id, v["responder"], *_span(v, zone), v.get("deputy"))


def _deputy(responder: str, v: Mapping[str, Any], zone: tzinfo) -> Deputy:
    return Deputy(responder, v["deputy"])


def _holiday(day: str, v: Mapping[str, Any], zone: tzinfo) -> Holiday:
    return Holiday(date.fromisoformat(day), v["day"] == "workday")


#: in the order of the fields of ``Changes``
_READ: Mapping[str, Callable[[str, Mapping[str, Any], tzinfo], Any]] = {
    "override": _override, "swap": _swap, "absence": _absence, "deputy": _deputy, "holiday": _holiday,
}  # fmt: skip


def _ends(value: Mapping[str, Any] | None) -> datetime | None:
    """A day after the last moment at which the entry means anything, in whatever zone its wall time is."""
    last = value and (value.get("until") or max(value.get("date") or "", value.get("return_date") or ""))
    if not last:
        return None
    end = datetime.fromisoformat(last)
    return (end if end.tzinfo else end.replace(tzinfo=UTC)) + timedelta(days=3)


def _shift(raw: Mapping[str, Any]) -> Shift:
    return Shift(
        raw["responder"], raw["always"], tuple(raw["weekdays"]), raw["from"], raw["to"],
        tuple(date.fromisoformat(d) for d in raw["dates"]), raw["deputy"], raw.get("days"),
    )  # fmt: skip


def _team_value(team: Team) -> dict[str, Any]:
    shifts = [
        {"responder": s.responder, "always": s.always, "weekdays": list(s.weekdays), "from": s.start, "to": s.end,
         "dates": [day.isoformat() for day in s.dates], "deputy": s.deputy, "days": s.days}
        for s in team.shifts
    ]  # fmt: skip
    return {"role": team.role, "street": team.street, "shifts": shifts}


def _responder_value(person: Responder) -> dict[str, Any]:
    """Without addresses: history is not sealed."""
    return {
        "name": person.name, "role": person.role, "street": person.street,
        "channels": [[c.channel, c.drill] for c in person.contacts],
    }  # fmt: skip


def _responder(id: str, value: Mapping[str, Any]) -> Responder:
    points = tuple(ContactPoint(n, channel, "", None, drill) for n, (channel, drill) in enumerate(value["channels"]))
    return Responder(id, value["name"], value["role"], value["street"], contacts=points)
