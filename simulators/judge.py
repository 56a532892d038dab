"""The judge of a drill: compares what was expected with what was seen.

Pure. It knows nothing but the drill and the record, so the same record always gets the same verdict.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from simulators.scenario import Drill, ExpectAlert, Expectation, ExpectContact, ExpectReceipt, ExpectSeen, Window

#: Only these ask somebody to come; ``inform`` and ``stand_down`` are news.
ASKING = frozenset({"contact", "update"})


@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody was reached. Times are plan seconds since the start."""

    at: float
    #: responder id where it is known, else the address
    who: str
    channel: str
    type: str
    #: None: it was not said
    drill: bool | None = None
    #: a 120 address that is not marked for drills
    real_desk: bool = False


@dataclass(frozen=True, slots=True)
class TrackView:
    """One track of an alert as the API showed it."""

    name: str
    state: str
    claimed_by: str | None


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert as the API showed it."""

    id: str
    state: str
    kind: str = ""
    severity: str = ""
    signals: int = 1
    cancel_requested: bool = False
    tracks: tuple[TrackView, ...] = ()


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the API showed at one moment: every alert of the drill, open or closed."""

    at: float
    alerts: tuple[AlertView, ...]


@dataclass(frozen=True, slots=True)
class Receipted:
    """A device got a receipt."""

    at: float
    device: str
    result: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a list showed at one moment about the drill's homes, or a command that a device heard."""

    at: float
    #: ``task``, ``checkin`` or ``command``
    what: str
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that was seen, in order."""

    reached: tuple[Reached, ...] = ()
    glimpses: tuple[Glimpse, ...] = ()
    receipts: tuple[Receipted, ...] = ()
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a clock may be off, plan seconds. It never lets anything be earlier than ``early``."""

    early: float = 0.25
    late: float = 0.5


class Sort(Enum):
    """What a finding is about."""

    EXPECTED = "expected"
    UNEXPECTED = "unexpected"
    AFTER_CLOSE = "after_close"
    NOT_A_DRILL = "not_a_drill"
    REAL_DESK = "real_desk"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the verdict. ``came`` is what was seen of it, oldest first."""

    sort: Sort
    good: bool
    expectation: Expectation | None = None
    came: tuple[Reached | Glimpse | Receipted | Seen, ...] = ()
    #: for a fault: what went wrong; else why it is not good
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Case:
    """A drill, its record and the tolerance, together."""

    drill: Drill
    record: Record
    tolerance: Tolerance = field(default_factory=Tolerance)

    def inside(self, at: float, window: Window) -> bool:
        return window[0] - self.tolerance.early <= at <= window[1] + self.tolerance.late


def judge(drill: Drill, record: Record, tolerance: Tolerance | None = None) -> tuple[Finding, ...]:
    """One finding for each expectation, one for each contact that nothing allows, and the standing rules."""
    case = _Case(drill, record, tolerance or Tolerance())
    findings = [_judge_one(case, expectation) for expectation in drill.expects]
    return (*findings, *_unexpected(case), *_after_close(case), *_drill_rules(case))


def _judge_one(case: _Case, expectation: Expectation) -> Finding:
    match expectation:
        case ExpectContact():
            return _contact(case, expectation)
        case ExpectAlert():
            return _alert(case, expectation)
        case ExpectReceipt():
            return _receipt(case, expectation)
        case ExpectSeen():
            return _seen(case, expectation)


def _contact(case: _Case, expectation: ExpectContact) -> Finding:
    came = tuple(one for one in case.record.reached if _fits(case, expectation, one))
    why = ""
    if len(came) < expectation.at_least:
        why = f"{len(came)} < {expectation.at_least}"
    elif expectation.at_most is not None and len(came) > expectation.at_most:
        why = f"{len(came)} > {expectation.at_most}"
    elif _too_close(came, expectation.apart, case.tolerance.early):
        why = f"间隔过短 closer than {expectation.apart:g}s"
    return Finding(Sort.EXPECTED, not why, expectation, came, why)


def _fits(case: _Case, expectation: ExpectContact, one: Reached) -> bool:
    return (
        one.who in expectation.who
        and (not expectation.channels or one.channel in expectation.channels)
        and one.type in expectation.types
        and not one.real_desk
        and case.inside(one.at, expectation.window)
    )


def _too_close(came: Iterable[Reached], apart: float, early: float) -> bool:
    last: dict[tuple[str, str], float] = {}
    for one in came:
        before = last.get((one.who, one.channel))
        if before is not None and one.at - before < apart - early:
            return True
        last[one.who, one.channel] = one.at
    return False


def _alert(case: _Case, expectation: ExpectAlert) -> Finding:
    start, end = expectation.window
    if not expectation.always:
        seen = [one for one in case.record.glimpses if case.inside(one.at, expectation.window)]
        fitting = [one for one in seen if shows(one, expectation.fields)]
        came = tuple(fitting[:1] or seen[-1:])
        why = "" if fitting else "没有出现 never seen"
        return Finding(Sort.EXPECTED, not why, expectation, came, why)
    seen = [one for one in case.record.glimpses if start <= one.at <= end]
    broken = [one for one in seen if not shows(one, expectation.fields)]
    why = "" if seen and not broken else "不总是如此 not all the time" if seen else "没有看到 not looked at"
    return Finding(Sort.EXPECTED, not why, expectation, tuple(broken[:1] or seen[-1:]), why)


def shows(glimpse: Glimpse, fields: Mapping[str, Any]) -> bool:
    """Whether one alert of the glimpse has all the fields (``open`` counts the open alerts of the homes)."""
    wanted = dict(fields)
    number = wanted.pop("open", None)
    if number is not None and number != sum(alert.state == "open" for alert in glimpse.alerts):
        return False
    return not wanted or any(_alert_shows(alert, wanted) for alert in glimpse.alerts)


def _alert_shows(alert: AlertView, wanted: Mapping[str, Any]) -> bool:
    own = {key: value for key, value in wanted.items() if not key.startswith(("track", "claimed_by"))}
    if any(getattr(alert, key) != value for key, value in own.items()):
        return False
    if len(own) == len(wanted):
        return True
    return any(_track_shows(track, wanted) for track in alert.tracks)


def _track_shows(track: TrackView, wanted: Mapping[str, Any]) -> bool:
    claimed_by = wanted.get("claimed_by")
    return (
        wanted.get("track", track.name) == track.name
        and wanted.get("track_state", track.state) == track.state
        # "" is nobody; None is not asked
        and (claimed_by is None or (track.claimed_by or "") == claimed_by)
    )


def _receipt(case: _Case, expectation: ExpectReceipt) -> Finding:
    own = [one for one in case.record.receipts if one.device == expectation.device]
    good = [one for one in own if one.result == "stored" and case.inside(one.at, expectation.window)]
    why = "" if good else "没有 none"
    return Finding(Sort.EXPECTED, not why, expectation, tuple(good[:1] or own[:1]), why)


def _seen(case: _Case, expectation: ExpectSeen) -> Finding:
    looks = [
        one for one in case.record.seen if one.what == expectation.what and case.inside(one.at, expectation.window)
    ]
    fitting = [one for one in looks if any(_row_shows(row, expectation.fields) for row in one.rows)]
    if expectation.never:
        # A command that never came leaves no trace; a list that was never looked at proves nothing.
        looked = bool(looks) or expectation.what == "command"
        why = "出现了 was seen" if fitting else "" if looked else "没有看到 not looked at"
        return Finding(Sort.EXPECTED, not why, expectation, tuple(fitting[:1]), why)
    why = "" if fitting else "没有出现 never seen"
    return Finding(Sort.EXPECTED, not why, expectation, tuple(fitting[:1] or looks[-1:]), why)


def _row_shows(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(row.get(name) == value for name, value in wanted.items())


def _unexpected(case: _Case) -> Iterator[Finding]:
    contacts = [one for one in case.drill.expects if isinstance(one, ExpectContact)]
    for one in case.record.reached:
        allowed = one.type not in ASKING or any(_fits(case, expectation, one) for expectation in contacts)
        if not allowed and not one.real_desk:
            yield Finding(Sort.UNEXPECTED, not case.drill.strict, came=(one,))


def _after_close(case: _Case) -> Iterator[Finding]:
    closed_at = closing_time(case.record.glimpses)
    for one in case.record.reached:
        if closed_at is not None and one.type in ASKING and one.at > closed_at + case.tolerance.late:
            yield Finding(Sort.AFTER_CLOSE, False, came=(one,))


def closing_time(glimpses: Iterable[Glimpse]) -> float | None:
    """When the alert was last seen to become closed with nothing open beside it; None when it did not."""
    closed_at = None
    for glimpse in glimpses:
        if not glimpse.alerts or any(alert.state == "open" for alert in glimpse.alerts):
            closed_at = None
        elif closed_at is None:
            closed_at = glimpse.at
    return closed_at


def _drill_rules(case: _Case) -> Iterator[Finding]:
    """A drill says that it is one, and never reaches a real 120 (wire contract, section 1)."""
    if not case.drill.drill:
        return
    for one in case.record.reached:
        if one.real_desk:
            yield Finding(Sort.REAL_DESK, False, came=(one,))
        elif one.drill is False and one.type in ASKING:
            yield Finding(Sort.NOT_A_DRILL, False, came=(one,))
