"""Calls and messages under way: whose telephone rings, which call is in vain, and whose end nobody has told us yet.

Only ``escalation`` uses this module; all of it is read from the outbox and its attempts.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.contacts import Doubt
from store.bulk import Update, among, fetch, instant, listed, read_instant, run
from store.ledger import Tx

_LOG = structlog.get_logger("anling.calls")
#: what stands beside a row that waits for a call under way to end
RIDES = "read out in the call that rings"
_DISTANCE = "keeps its distance from the last one"
#: a call rings half a minute; whatever has not ended after this no longer keeps others waiting
RINGING = timedelta(seconds=40)
#: no first call of an alert waits for another one longer than this (P13)
LONGEST_RIDE = timedelta(seconds=45)
#: words of an attempt that may still become another one
LIVE = (
    "sending", "accepted", "queued", "scheduled", "initiated", "ringing", "in-progress", "sent", "unknown",
)  # fmt: skip
_LIVE = ", ".join(f"'{word}'" for word in LIVE)
#: the very words of an index (``ix_outbox_phone``): only with them is it used, also where just calls are asked for
_PHONE = "o.channel IN ('voice', 'sms')"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A telephone row that could be dialed now: what decides whether it should wait."""

    key: str
    person: str
    channel: str
    repeats: int
    created_at: datetime


def waits(tx: Tx, rows: Sequence[Candidate], now: datetime, apart: timedelta) -> dict[str, tuple[datetime, str]]:
    """Row key -> until when it should wait, and why: for a call to the same telephone, or for a repeat's distance.

    ``apart``: what repeats to one telephone keep between them, whatever alerts they are about.
    A second call to somebody whose telephone we ring would meet a busy line; the call that rings reads out
    all of the person's alerts. First contacts wait for nothing else (P13).
    """
    people = {row.person for row in rows}
    if not people:
        return {}
    ringing, lately = _ringing(tx, people, now), _lately(tx, people, now - apart)
    held: dict[str, tuple[datetime, str]] = {}
    for row in rows:
        free = _busy_until(ringing, row) if row.channel == "voice" else None
        if free is not None and free > now and row.created_at + LONGEST_RIDE > now:
            held[row.key] = min(free, row.created_at + LONGEST_RIDE), RIDES
        elif row.repeats and (last := lately.get((row.person, row.channel))) is not None and last + apart > now:
            held[row.key] = last + apart, _DISTANCE
        elif row.channel == "voice":
            ringing.setdefault(row.person, {})[row.key] = now + RINGING
    return held


def _busy_until(ringing: Mapping[str, Mapping[str, datetime]], row: Candidate) -> datetime | None:
    """Until when another call keeps this telephone busy."""
    others = [until for key, until in ringing.get(row.person, {}).items() if key != row.key]
    return max(others, default=None)


def hold(tx: Tx, held: Mapping[str, tuple[datetime, str]]) -> None:
    """These rows wait; whatever ends the call they wait for calls them up sooner."""
    _HOLD(tx, [{"key": key, "until": until, "why": why} for key, (until, why) in held.items()])


def riders(tx: Tx, person: str) -> list[str]:
    """Keys of the rows that wait for a call to this person to end."""
    sql = "SELECT key FROM outbox WHERE status = 'pending' AND person = ? AND reason = ?"
    return [row[0] for row in fetch(tx, sql, person, RIDES)]


def release(tx: Tx, people: Iterable[str], now: datetime) -> None:
    """The call has come to nothing, or has said what it had to: whoever waited for it may dial now."""
    wanted = sorted(set(people))
    if wanted:
        sql = f"SELECT key FROM outbox WHERE status = 'pending' AND reason = ? AND {among(tx, 'person')}"
        rows = fetch(tx, sql, RIDES, listed(tx, wanted))
        _RELEASE(tx, [{"key": key, "now": now} for (key,) in rows])


def doubts(tx: Tx, attempts: Mapping[str, int]) -> dict[str, Doubt]:
    """Row key -> what is doubtful, for rows whose attempt before (key -> number of the next) may have rung."""
    if not attempts:
        return {}
    sql = f"SELECT key, n, started_at, reference FROM attempts WHERE {among(tx, 'key')} AND status IN ({_LIVE})"
    rows = fetch(tx, sql, listed(tx, attempts))
    before = [(key, _moment(tx, key, at), made) for key, n, at, made in rows if n == attempts[key] - 1]
    unsure = {key: (at, made) for key, at, made in before if at is not None}
    if not unsure:
        return {}
    known = references(tx, min(since for since, _ in unsure.values()))
    return {key: Doubt(since, known, made) for key, (since, made) in unsure.items()}


def references(tx: Tx, since: datetime) -> frozenset[str]:
    """The providers' numbers of all calls and messages that are known to be ours since then."""
    sql = (
        "SELECT a.reference FROM outbox o JOIN attempts a ON a.key = o.key"
        f" WHERE {_PHONE} AND o.not_before >= ? AND a.reference IS NOT NULL"
    )
    return frozenset(row[0] for row in fetch(tx, sql, instant(tx, since)))


def answered(tx: Tx, key: str, n: int, at: datetime) -> None:
    """Somebody spoke in this very call: it was made, also when its sender dies before it can say so."""
    sql = "UPDATE attempts SET status = 'accepted', settled_at = ? WHERE key = ? AND n = ? AND status = 'sending'"
    run(tx, sql, [(instant(tx, at), key, n)])


@dataclass(frozen=True, slots=True)
class Underway:
    """One attempt whose end is not known."""

    key: str
    n: int
    person: str
    channel: str
    point: int
    started_at: datetime
    word: str
    reference: str | None
    line: str | None
    #: the row is still wanted: the alert is open, its track calling, nobody has answered it
    current: bool
    row_status: str


def underway(tx: Tx, since: datetime, limit: int = 500) -> list[Underway]:
    """Telephone attempts dealt with since then that have not ended: calls before messages, oldest first.

    Many a message never hears its end; however many there are, no call that rings is overlooked for them.
    """
    sql = (
        "SELECT o.key, a.n, o.person, o.channel, o.point, a.started_at, a.status, a.reference, a.line,"
        " o.purpose, o.gen, l.state, t.state, t.gen, o.status"
        " FROM outbox o JOIN attempts a ON a.key = o.key AND a.n = o.attempts JOIN alerts l ON l.id = o.alert_id"
        " LEFT JOIN tracks t ON t.alert_id = o.alert_id AND t.name = o.track"
        f" WHERE {_PHONE} AND o.not_before > ? AND o.status IN ('accepted', 'answered', 'failed')"
        f" AND a.status IN ({_LIVE}) ORDER BY o.channel DESC, o.not_before LIMIT ?"
    )
    rows = fetch(tx, sql, instant(tx, since), limit)
    return [one for row in rows if (one := _underway(tx, row)) is not None]


def _underway(tx: Tx, row: Sequence[Any]) -> Underway | None:
    key, n, person, channel, point, at, word, reference, line, purpose, gen, alert, track, track_gen, status = row
    wanted = alert == "open" and track == "calling" and track_gen == gen
    began = _moment(tx, key, at)
    if began is None:
        return None
    return Underway(
        key, n, person, channel, point, began, word, reference, line,
        purpose != "contact" or wanted, status,
    )  # fmt: skip


def ended(tx: Tx, since: datetime) -> list[tuple[str, str, str, str | None]]:
    """(line, person, word, code) of telephone calls since then that have come to an end; newest last."""
    sql = (
        "SELECT a.line, o.person, a.status, a.code FROM outbox o JOIN attempts a ON a.key = o.key"
        f" WHERE {_PHONE} AND o.channel = 'voice' AND o.not_before > ? AND a.line IS NOT NULL"
        f" AND a.status NOT IN ({_LIVE}) ORDER BY a.started_at"
    )
    return [(row[0], row[1], row[2], row[3]) for row in fetch(tx, sql, instant(tx, since))]


@dataclass(frozen=True, slots=True, order=True)
class Made:
    """One attempt at a telephone; the earlier one comes first."""

    started_at: datetime
    key: str
    n: int
    #: a provider took it; otherwise nobody knows yet
    carried: bool


def made(tx: Tx, points: Collection[tuple[str, int]], channel: str, since: datetime) -> list[Made]:
    """Attempts since then at these (person, contact point) that a provider took, or may have taken."""
    if not points:
        return []
    sql = (
        "SELECT o.person, o.point, a.started_at, a.key, a.n, a.line FROM outbox o JOIN attempts a ON a.key = o.key"
        f" WHERE {_PHONE} AND o.channel = ? AND o.not_before > ? AND a.started_at > ?"
        f" AND (a.line IS NOT NULL OR a.status IN ('sending', 'unknown')) AND {among(tx, 'o.person')}"
    )
    people, from_then = listed(tx, {person for person, _ in points}), instant(tx, since)
    rows = fetch(tx, sql, channel, from_then, from_then, people)
    return [Made(at, key, n, line is not None)
            for person, point, raw, key, n, line in rows
            if (person, point) in points and (at := _moment(tx, key, raw)) is not None]  # fmt: skip


def calling_for(tx: Tx, person: str) -> list[tuple[str, str, int]]:
    """(alert, newest row, its attempts) of every open alert that still asks this person; oldest alert first."""
    sql = (
        "SELECT o.alert_id, o.key, o.attempts, o.created_at FROM alerts l JOIN outbox o ON o.alert_id = l.id"
        " JOIN tracks t ON t.alert_id = l.id AND t.name = o.track"
        " WHERE l.state = 'open' AND o.person = ? AND o.purpose = 'contact' AND t.state = 'calling' AND t.gen = o.gen"
        " ORDER BY o.alert_id, o.created_at, o.key"
    )
    newest = {alert: (str(alert), str(key), int(n)) for alert, key, n, _ in fetch(tx, sql, person)}
    return list(newest.values())


def _ringing(tx: Tx, people: set[str], now: datetime) -> dict[str, dict[str, datetime]]:
    """Person -> row key -> when the call that rings there, or may ring, will have ended."""
    sql = (
        "SELECT o.person, o.key, a.started_at FROM outbox o JOIN attempts a ON a.key = o.key AND a.n = o.attempts"
        f" WHERE {_PHONE} AND o.channel = 'voice' AND o.not_before > ?"
        f" AND a.status IN ({_LIVE}) AND {among(tx, 'o.person')}"
    )
    dialing = (
        "SELECT o.person, o.key, a.started_at FROM outbox o JOIN attempts a ON a.key = o.key AND a.n = o.attempts"
        f" WHERE o.status = 'leased' AND o.channel = 'voice' AND {among(tx, 'o.person')}"
    )
    rows = fetch(tx, sql, instant(tx, now - RINGING), listed(tx, people)) + fetch(tx, dialing, listed(tx, people))
    found: dict[str, dict[str, datetime]] = {}
    for person, key, started in rows:
        if (at := _moment(tx, key, started)) is not None:
            found.setdefault(person, {})[key] = at + RINGING
    return found


def _lately(tx: Tx, people: set[str], since: datetime) -> dict[tuple[str, str], datetime]:
    """(person, channel) -> when that telephone was last called or written to."""
    sql = (
        "SELECT o.person, o.channel, a.started_at, o.key FROM outbox o JOIN attempts a ON a.key = o.key"
        f" WHERE {_PHONE} AND o.not_before > ? AND {among(tx, 'o.person')}"
    )
    found: dict[tuple[str, str], datetime] = {}
    for person, channel, started, key in fetch(tx, sql, instant(tx, since), listed(tx, people)):
        if (at := _moment(tx, key, started)) is not None:
            found[person, channel] = max(at, found.get((person, channel), at))
    return found


def _moment(tx: Tx, key: str, raw: Any) -> datetime | None:
    """When an attempt began; None where nobody can read it: it counts for nothing, no call waits for it (P6)."""
    try:
        at: datetime | None = read_instant(tx, raw)
    except (TypeError, ValueError) as error:
        _LOG.error("attempt_unusable", key=key, error=type(error).__name__)
        return None
    return at


_HOLD = Update(
    "outbox", "not_before = :until, reason = :why", "key = :key AND status = 'pending'",
    {"until": "timestamptz", "why": "text", "key": "text"},
)  # fmt: skip
_RELEASE = Update(
    "outbox", "not_before = :now, reason = NULL", "key = :key AND status = 'pending'",
    {"now": "timestamptz", "key": "text"},
)  # fmt: skip
