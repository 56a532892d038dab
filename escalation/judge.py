"""Judging: what a message that was heard means for the homes' alerts. Works on a whole batch at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.alerts import Alert, Subject
from domain.events import EMERGENCIES, EMERGENCY_ROLES, RAISING, Event, Heard, Kind
from domain.ids import new_id
from escalation import asked_first, own_word
from escalation.command import Cancel, Raise, Signal
from escalation.decide import decide, raise_alert
from escalation.duty import Roster
from escalation.early_cancels import EarlyCancel, early_cancels, ref_of, take
from escalation.gentle import ask_back, is_request, open_request
from escalation.plan_parts import Plan
from escalation.sheet import Decision
from escalation.stage import keep
from escalation.standing import Standing
from escalation.subjects import known_subjects
from store import alerts, inbox
from store.drills import homes_in_drill
from store.inbox import Verdict
from store.ledger import Tx
from store.register import Speaker, speakers
from store.rule_states import RuleState

#: of an event's data only these enter the timeline: nothing that says where somebody is or how well
_REMEMBERED = ("trigger", "press", "confidence", "zone", "state", "medium", "kind")
_SKEW = timedelta(seconds=60)
_LATE = timedelta(minutes=10)
_CANCEL_BEFORE = timedelta(minutes=10)
_GOOD_CLOCKS = frozenset({"ntp", "cell"})


@dataclass(frozen=True, slots=True)
class Case:
    """One message to be judged, with what the register knows of its sender."""

    row: str
    heard: Heard
    speaker: Speaker | None
    subject: Subject
    #: the kind of alert that it raises, if any
    kind: Kind | None


@dataclass(slots=True)
class Session:
    """The open alerts of one batch as they change, message by message."""

    now: datetime
    roster: Roster
    standing: Standing
    tx: Tx
    drills: frozenset[str]
    installing: frozenset[str]
    open: dict[tuple[str, bool], Alert]
    previous: Mapping[str, str]
    cancels: dict[str, list[EarlyCancel]]
    decisions: list[Decision] = field(default_factory=list)
    #: street -> its plan
    plans: dict[str | None, Plan] = field(default_factory=dict)
    #: subject key -> the subject with what its plan asks about the home
    facts: dict[str, Subject] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    #: home -> the question about a fall that waits there for a word
    waiting: dict[str, RuleState] = field(default_factory=dict)
    #: row -> for how long the home was asked first; such rows wait no more. None: falls may wait
    asked: Mapping[str, float] | None = None


def judge(
    tx: Tx, standing: Standing, rows: Sequence[tuple[str, Heard]], now: datetime,
    asked: Mapping[str, float] | None = None,
) -> dict[str, Verdict]:  # fmt: skip
    """Judge messages and keep what they change. Returns a verdict for each row id, and for cancels matched late.

    ``asked``: the rows have waited already (seconds), nobody is asked first any more.
    """
    known = speakers(tx, (h.device for _, h in rows if h.device))
    cases = [_case(row, heard, _registered(heard, known)) for row, heard in rows]
    drills = homes_in_drill(tx, now) if any(h.event and h.event.drill for _, h in rows) else frozenset()
    touched = [c for c in cases if _touches(c)]
    subjects = {c.subject.key for c in touched}
    newest = alerts.newest_of(tx, subjects) if subjects else {}
    live = {(key, drill) for key, (_, is_open) in newest.items() if is_open for drill in (False, True)}
    devices = {c.heard.device for c in touched if c.heard.device}
    session = Session(
        now,
        standing.roster(tx),
        standing,
        tx,
        drills,
        standing.installing(tx, now),
        alerts.open_of(tx, live) if live else {},
        {key: id for key, (id, _) in newest.items()},
        early_cancels(tx, devices, now - _CANCEL_BEFORE) if devices else {},
        waiting=asked_first.waiting(tx, ((c.heard, c.speaker) for c in cases)),
        asked=asked,
    )
    _look_up(session, cases)
    for case in cases:
        session.verdicts[case.row] = _one(session, case)
    keep(tx, session.decisions)
    return session.verdicts


def _registered(heard: Heard, known: Mapping[str, Speaker]) -> Speaker | None:
    """The sender as registered; a gateway's child must be registered to that very gateway."""
    speaker = known.get(heard.device or "")
    if speaker is None or heard.event is None:
        return speaker
    if heard.event.gateway is not None and speaker.gateway != heard.event.gateway:
        return None
    return speaker


def _case(row: str, heard: Heard, speaker: Speaker | None) -> Case:
    return Case(row, heard, speaker, _subject(heard, speaker), _kind(heard.event, speaker))


def _subject(heard: Heard, s: Speaker | None) -> Subject:
    if s is None or s.home is None:
        return Subject(None, heard.device or "nobody")
    facts = frozenset({f"category:{s.category}"}) if s.category else frozenset()
    return Subject(s.home, s.device, s.street, s.doctor_team, facts)


def _touches(case: Case) -> bool:
    """Whether this message may raise, join or change an alert."""
    return case.kind is not None or (case.heard.event is not None and case.heard.event.kind is Kind.CANCEL)


def _kind(event: Event | None, speaker: Speaker | None) -> Kind | None:
    """The kind of alert that this message raises, if any."""
    if event is not None and event.stale:
        return None
    if event is None or event.kind is Kind.UNKNOWN:
        return Kind.UNREADABLE if speaker is not None and speaker.role in EMERGENCY_ROLES else None
    if event.kind not in RAISING or event.data.get("state") == "clear":
        return None
    if speaker is None and event.kind not in EMERGENCIES:
        return None
    return event.kind


def _one(session: Session, case: Case) -> Verdict:
    event = case.heard.event
    if case.kind is not None:
        return _raise_or_join(session, case, case.kind)
    if event is None:
        return Verdict(case.row, "unreadable", reason=_why_unread(case.heard))
    if event.stale:
        return Verdict(case.row, "noted", reason="from the broker's memory, not newer than the device's last sign")
    if event.kind is Kind.CHECKIN_OK and case.speaker and case.speaker.home and asked_first.is_fresh(case.heard):
        own_word.by_button(session.tx, case.speaker.home, event.data.get("mode"), session.now)
    if event.kind in asked_first.ANSWERS and (answer := _answer(session, case)) is not None:
        return answer
    if event.kind is Kind.CANCEL:
        return _cancel(session, case, event)
    if event.kind is Kind.UNKNOWN:
        return Verdict(case.row, "fault", reason=_why_unread(case.heard))
    if case.speaker is None:
        return Verdict(case.row, "fault", reason="unknown device")
    reason = "; ".join(event.faults)[:200] or None
    return Verdict(case.row, "fault" if event.kind in (Kind.TAMPER, Kind.BATTERY_LOW) else "noted", reason=reason)


def _raise_or_join(session: Session, case: Case, kind: Kind) -> Verdict:
    subject, drill = case.subject, _drill(session, case)
    pair = (subject.key, drill)
    data = _data(session, case, drill)
    by = f"device:{case.heard.device}"
    alert = session.open.get(pair)
    event, speaker = case.heard.event, case.speaker
    if alert is None and event and speaker and speaker.home and is_request(kind, event.data) and not event.faults:
        open_request(session.tx, case.heard, speaker, session.now)
        return Verdict(case.row, "noted", reason="a request, no emergency: a task for the street's services")
    if alert is None and kind is Kind.FALL and speaker and _waits(session, case, speaker, drill):
        return Verdict(case.row, "noted", reason="the home is asked first, for some seconds")
    if alert is not None:
        plan = session.standing.plan(session.tx, alert.plan)
        decision = decide(alert, Signal(kind, by, data), session.now, session.roster, plan)
    else:
        decision = _raise(session, case, subject, Raise(
            kind, by, data, drill, late=_late(case), replayed=case.heard.message.retain,
            cancelled=_cancelled(session, case), previous=session.previous.get(subject.key),
        ))  # fmt: skip
        ask_back(session.tx, kind, case.heard, session.now)
    session.decisions.append(decision)
    session.open[pair] = decision.alert
    return Verdict(case.row, "raised" if alert is None else "joined", decision.alert.id, _why_unread(case.heard))


def _why_unread(heard: Heard) -> str | None:
    """What the quarantine says of a message that nobody could read and that called people all the same."""
    if heard.event is None:
        return heard.unreadable
    return f"unknown type {heard.event.said!r}"[:200] if heard.event.kind is Kind.UNKNOWN else None


def _waits(session: Session, case: Case, speaker: Speaker, drill: bool) -> bool:
    """A fall of a home that chose to be asked first; not while it is accepted, nor what it seems to have cancelled."""
    if session.asked is not None or speaker.home in session.installing or _late(case) or _cancelled(session, case):
        return False
    return asked_first.asks_first(session.tx, case.row, case.heard, speaker, session.now, drill)


def _answer(session: Session, case: Case) -> Verdict | None:
    """The verdict on a word that answers a question about a fall; the fall's own is written beside it."""
    question = session.waiting.get(case.speaker.home or "") if case.speaker else None
    verdict = question and asked_first.answered(session.tx, question, case.heard, session.now)
    if not question or not verdict:
        return None
    del session.waiting[question.home]
    session.verdicts[verdict.id] = verdict
    return Verdict(case.row, "noted", reason=inbox.ANSWERED)


def _raise(session: Session, case: Case, subject: Subject, command: Raise) -> Decision:
    alert_id = new_id()
    for early in take(session.cancels, case.heard):
        session.verdicts[early.row] = Verdict(early.row, "noted", alert_id, "came before what it refers to")
    plan = _plan_for(session, subject.street)
    return raise_alert(alert_id, session.facts.get(subject.key, subject), command, session.now, session.roster, plan)


def _look_up(session: Session, cases: Sequence[Case]) -> None:
    """What the plans ask of the homes that may raise an alert now: one look for each plan and batch."""
    asking: dict[str, tuple[Plan, list[Subject]]] = {}
    for case in cases:
        if case.kind is not None and case.subject.home is not None:
            plan = _plan_for(session, case.subject.street)
            if plan.asks and (case.subject.key, False) not in session.open:
                asking.setdefault(plan.version, (plan, []))[1].append(case.subject)
    for plan, subjects in asking.values():
        session.facts |= known_subjects(session.tx, plan, subjects)


def _plan_for(session: Session, street: str | None) -> Plan:
    """The plan for what is raised in a street, looked up once for the batch."""
    plan = session.plans.get(street)
    if plan is None:
        plan = session.plans[street] = session.standing.known(session.tx, session.now, street)
    return plan


def _cancelled(session: Session, case: Case) -> bool:
    return any(early.means(case.heard) for early in session.cancels.get(case.heard.device or "", ()))


def _cancel(session: Session, case: Case, event: Event) -> Verdict:
    """Noted on the newest open alert of that home, never closing it; kept when it comes too early."""
    subject = case.subject
    real, drill = session.open.get((subject.key, False)), session.open.get((subject.key, True))
    alert = drill if event.drill and drill else real or drill
    if alert is None:
        if case.heard.device:
            session.cancels.setdefault(case.heard.device, []).append(EarlyCancel(case.row, ref_of(event.data)))
        return Verdict(case.row, "noted", reason="no open alert to cancel")
    ref = {"ref": named} if (named := ref_of(event.data)) else {}
    plan = session.standing.plan(session.tx, alert.plan)
    command = Cancel(f"device:{case.heard.device}", {"event": event.id, **ref})
    decision = decide(alert, command, session.now, session.roster, plan)
    session.decisions.append(decision)
    session.open[(subject.key, alert.drill)] = decision.alert
    return Verdict(case.row, "joined", alert.id)


def _drill(session: Session, case: Case) -> bool:
    """A drill is believed in an open window, from a probe, as a detector's own test; and an installer's presses are.

    Everything else is real.
    """
    event, speaker = case.heard.event, case.speaker
    if event is None:
        return False
    if event.data.get("state") == "test" or (speaker is not None and speaker.home in session.installing):
        return True
    if not event.drill or speaker is None:
        return False
    return speaker.role == "probe" or speaker.home in session.drills


def _late(case: Case) -> bool:
    event = case.heard.event
    if event is not None and event.late:
        return True
    if event is None or event.ts is None or event.clock not in _GOOD_CLOCKS:
        return False
    return case.heard.message.received_at - event.ts > _LATE


def _data(session: Session, case: Case, drill: bool) -> dict[str, Any]:
    """What the timeline remembers of the message."""
    event = case.heard.event
    data: dict[str, Any] = {"device": case.heard.device}
    if case.speaker is None:
        data["unregistered"] = True
    if event is None:
        return data | {"unreadable": case.heard.unreadable}
    data["event"] = event.id
    data |= {k: event.data[k] for k in _REMEMBERED if isinstance(event.data.get(k), str | int | float | bool)}
    if event.drill and not drill:
        data["drill_not_believed"] = True
    if event.clock == "unsynced" or (event.ts and abs(case.heard.message.received_at - event.ts) > _SKEW):
        data["clock_skew"] = True
    if session.asked and session.asked.get(case.row):
        data["asked_first_s"] = round(session.asked[case.row])
    if event.faults:
        data["faults"] = list(event.faults)[:5]
    return data
