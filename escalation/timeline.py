"""The timeline as the whole truth: what each decision changed, and the alert rebuilt from it.

``delta`` writes the changed fields in plain JSON values; ``replay`` folds them back.
Replaying every entry gives the stored alert exactly (invariant 8).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from itertools import compress
from operator import attrgetter, is_not
from typing import Any

from domain.alerts import Alert, Called, Cause, Outcome, Severity, Stage, Subject, Track, TrackState
from domain.clock import iso
from domain.events import Kind

_ALERT = tuple(f.name for f in fields(Alert) if f.name not in {"tracks", "subject", "entries", "head"})
_TRACK = tuple(f.name for f in fields(Track) if f.name != "called")
_read_alert, _read_track = attrgetter(*_ALERT), attrgetter(*_TRACK)
#: what a new one has unless it is said otherwise
_BLANK = {
    names: tuple(f.default for f in fields(kind) if f.name in names)
    for names, kind in ((_ALERT, Alert), (_TRACK, Track))
}
_TIMES = frozenset({
    "raised_at", "decided_at", "closed_at", "started_at", "round_at", "last_at", "next_at",
    "claimed_at", "claim_until", "offer_until",
})  # fmt: skip
#: what of a delta is no field of the alert by itself
_OTHERWISE = frozenset({"tracks", "subject", "order", "facts"})
_ENUMS: Mapping[str, Any] = {
    "kind": Kind, "severity": Severity, "stage": Stage, "outcome": Outcome, "cause": Cause, "state": TrackState,
}  # fmt: skip


def delta(before: Alert | None, after: Alert) -> dict[str, Any]:
    """Fields of the alert and of its tracks that differ, as JSON values; for a new alert, from a blank one."""
    changed = _changed(_ALERT, _read_alert, before, after)
    if before is None:
        changed["subject"] = _subject(after.subject)
    elif before.subject is not after.subject:
        changed["facts"] = sorted(after.subject.facts)
    old = {t.name: t for t in before.tracks} if before else {}
    tracks = {t.name: _track_delta(old.get(t.name), t) for t in after.tracks if old.get(t.name) is not t}
    if tracks:
        changed["tracks"] = tracks
    new = [t.name for t in after.tracks if t.name not in old]
    if len(new) > 1:
        # The ledger's JSON sorts its keys; the tracks of an alert have an order of their own.
        changed["order"] = new
    return changed


def replay(deltas: Iterable[Mapping[str, Any]]) -> Alert:
    """The alert that these deltas, in order, make. Its chain head is left empty.

    A delta that names the subject makes the alert anew: the first one does, and that of a rescue.
    """
    alert: Alert | None = None
    changes = list(deltas)
    start = max((n for n, change in enumerate(changes) if "subject" in change), default=0)
    for change in changes[start:]:
        values = {k: _value(k, v) for k, v in change.items() if k not in _OTHERWISE}
        tracks = change.get("tracks", {})
        named = dict.fromkeys([*change.get("order", ()), *tracks])
        values["tracks"] = _merge(alert.tracks if alert else (), {name: tracks[name] for name in named})
        if alert is None:
            alert = Alert(subject=_read_subject(change["subject"]), **values)
            continue
        if "facts" in change:
            values["subject"] = replace(alert.subject, facts=frozenset(change["facts"]))
        alert = replace(alert, **values)
    if alert is None:
        raise ValueError("an empty timeline makes no alert")
    return alert


def called_plain(called: Mapping[str, Called]) -> dict[str, Any]:
    """The people of a track as JSON values."""
    return {name: c.plain() for name, c in called.items()}


def read_called(raw: Mapping[str, Any]) -> dict[str, Called]:
    """The inverse of ``called_plain``."""
    return {name: Called.read(values) for name, values in raw.items()}


def _plain(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value


def _changed(names: tuple[str, ...], read: Callable[[Any], tuple[Any, ...]], before: Any, after: Any) -> dict[str, Any]:
    """The named fields that differ. ``read`` gives all of them at once; most are the very same object.

    They stand in an order in which equal instants follow one another: ``iso`` remembers the last.
    """
    known = _BLANK[names] if before is None else read(before)
    now = read(after)
    places = compress(range(len(names)), map(is_not, known, now))
    return {names[n]: _plain(now[n]) for n in places if known[n] != now[n]}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _TIMES:
        return datetime.fromisoformat(value)
    return _ENUMS[name](value) if name in _ENUMS else value


def _subject(subject: Subject) -> dict[str, Any]:
    return {
        "home": subject.home,
        "device": subject.device,
        "street": subject.street,
        "doctor_team": subject.doctor_team,
        "facts": sorted(subject.facts),
    }


def _read_subject(raw: Mapping[str, Any]) -> Subject:
    return Subject(raw["home"], raw["device"], raw["street"], raw["doctor_team"], frozenset(raw["facts"]))


def _track_delta(before: Track | None, after: Track) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if before is None or before.called != after.called:
        changed["called"] = called_plain(after.called)
    return changed | _changed(_TRACK, _read_track, before, after)


def _merge(tracks: tuple[Track, ...], changes: Mapping[str, Mapping[str, Any]]) -> tuple[Track, ...]:
    found = {t.name: t for t in tracks}
    for name, change in changes.items():
        values = {k: _value(k, v) for k, v in change.items() if k != "called"}
        if "called" in change:
            values["called"] = read_called(change["called"])
        found[name] = replace(found[name], **values) if name in found else Track(**values)
    return tuple(found.values())
