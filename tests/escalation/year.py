"""A year of one district on a virtual clock: the real decisions, made-up homes, people, telephones and bad luck.

    .venv/bin/python tests/escalation/year.py --homes 30000 --days 365 --doc docs/measurements.md

Rates for each home and day: 0.02 presses (Minhang reports 0.011, Macau 0.049) and 0.01 alarms of detectors (Yangpu),
of which one to three in a hundred are emergencies; more by day than by night. ``--rate 3`` gives the highest reported.
"""

import argparse
import heapq
import math
import random
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from domain.alerts import Actor, Alert, Outcome, Severity, Step, Subject, TrackState, VoiceCheck
from domain.contacts import Purpose
from domain.errors import Forbidden, Held, Refused
from domain.events import Kind
from domain.people import ContactPoint, Responder, Shift, Team
from escalation.command import (
    Accept,
    Cancel,
    Claim,
    Close,
    Command,
    Decline,
    Failed,
    Offer,
    Progress,
    Raise,
    Release,
    Signal,
    Tick,
    VoiceChecked,
)
from escalation.decide import decide, raise_alert
from escalation.duty import Roster
from escalation.plan import Plan, parse_plan
from escalation.sheet import Decision, Order
from escalation.timeline import replay

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STREETS = 10
DOCTORS_EACH = 20
PLAN = parse_plan(Path("escalation/plans/changning.toml").read_text("utf-8"), "changning.toml")
#: alarms for each home and day, by kind
RATES = ((Kind.SOS, 0.02), (Kind.FALL, 0.004), (Kind.SMOKE, 0.001), (Kind.WATER_LEAK, 0.002), (Kind.INACTIVITY, 0.003))
#: how much of a day's alarms each hour (UTC) has: Shanghai sleeps from 16 to 22 UTC
HOURS = [4, 4, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 5, 4, 3, 2, 2, 1, 1, 1, 2, 5, 7, 6]
MAX_GAP = PLAN.max_gap
DRILLER = Actor("driller", "driller", role="drill", roles=frozenset({"drill"}))
CHIEF = Actor("chief", "chief", role="supervisor", roles=frozenset({"supervisor"}))
Deed = Callable[[str, datetime], None]


@dataclass(slots=True)
class Case:
    """One alert while it is open."""

    alert: Alert
    #: when a person first had it, and first stood at the door; seconds after it was raised
    claimed: float | None = None
    arrived: float | None = None
    contacts: int = 0
    gaps: int = 0
    keys: set[str] = field(default_factory=set)
    #: (track, person) -> when last contacted
    asked: dict[tuple[str, str], datetime] = field(default_factory=dict)
    #: what each decision changed; kept for one alert in fifty
    story: list[Any] | None = None


class Figures:
    """What the year was like, by severity (that at the end) and over all."""

    def __init__(self) -> None:
        self.claimed = {s: array("d") for s in Severity}
        self.arrived = {s: array("d") for s in Severity}
        self.contacts = {s: array("d") for s in Severity}
        self.counts: Counter[str] = Counter()
        self.gaps: Counter[str] = Counter()

    def close(self, case: Case) -> None:
        severity = case.alert.severity
        if case.alert.drill:
            self.counts["drills"] += 1
            return
        self.counts[f"alerts {severity}"] += 1
        self.contacts[severity].append(case.contacts)
        if case.claimed is not None:
            self.claimed[severity].append(case.claimed)
        if case.arrived is not None:
            self.arrived[severity].append(case.arrived)


class District:
    """Homes that call, people who come or do not, and the one clock that they share."""

    def __init__(self, homes: int, days: int, seed: int, rate: float = 1.0, plan: Plan = PLAN) -> None:
        self.chance, self.plan, self.homes, self.rate = random.Random(seed), plan, homes, rate
        self.end = BEGIN + timedelta(days=days)
        self.roster, self.dead = people(self.chance)
        self.open: dict[str, Case] = {}
        self.at_home: dict[tuple[str, bool], str] = {}
        self.figures = Figures()
        self._heap: list[tuple[datetime, int, str, Deed]] = []
        self._number = count()
        self.decisions = 0

    def run(self, progress: Callable[[int, int], None] = lambda day, open: None) -> Figures:
        """Live through it, day by day, and on until the last alert is closed."""
        day = BEGIN
        while day < self.end:
            for at, home, kind, drill in self._alarms(day):
                self._later(at, "", lambda _, now, h=home, k=kind, d=drill: self._alarm(h, k, d, now))
            day += timedelta(days=1)
            self._until(day)
            progress((day - BEGIN).days, len(self.open))
        self._until(self.end + timedelta(days=3))
        return self.figures

    # homes

    def _alarms(self, day: datetime) -> Iterator[tuple[datetime, int, Kind, bool]]:
        for kind, rate in RATES:
            for _ in range(_poisson(self.chance, self.homes * rate * self.rate)):
                hour = self.chance.choices(range(24), HOURS)[0]
                at = day + timedelta(hours=hour, seconds=self.chance.random() * 3600)
                yield at, self.chance.randrange(self.homes), kind, False
        if day.day <= STREETS:
            yield day + timedelta(hours=3), self.chance.randrange(self.homes), Kind.SOS, True

    def _alarm(self, home: int, kind: Kind, drill: bool, now: datetime) -> None:
        id = self.at_home.get((f"home-{home}", drill))
        if id is not None:
            self._do(id, Signal(kind, "device"), now)
            return
        street = home % STREETS
        subject = Subject(f"home-{home}", f"button-{home}", f"street-{street}", f"team-{home % (STREETS * 4)}")
        id = f"A{next(self._number)}"
        case = Case(None, story=[] if self.chance.random() < 0.02 else None)  # type: ignore[arg-type]
        decision = raise_alert(id, subject, Raise(kind, "device", drill=drill), now, self.roster, self.plan)
        assert decision.gaps or any(o.purpose is Purpose.CONTACT for o in decision.orders), "invariant 19"
        self.open[id], self.at_home[f"home-{home}", drill] = case, id
        self._keep(id, case, decision, now)
        if drill:
            over = Close(DRILLER, Outcome.TEST, force=True)
            self._later(now + timedelta(minutes=10), id, lambda i, t: self._do(i, over, t))
            return
        if self.chance.random() < 0.2:
            self._later(now + self._wait(20), id, lambda i, t: self._do(i, Signal(kind, "device"), t))
        if self.chance.random() < 0.1:
            self._later(now + self._wait(30), id, lambda i, t: self._do(i, Cancel("device"), t))
        if self.chance.random() < 0.3:
            said = self.chance.choices([*VoiceCheck], [70, 10, 20])[0]
            self._later(now + self._wait(40), id, lambda i, t: self._do(i, VoiceChecked(CHIEF, said), t))

    # people

    def _called(self, id: str, order: Order, now: datetime) -> None:
        """A telephone rings; what comes of it depends on whose it is, and on luck."""
        person, luck = order.person, self.chance.random()
        failure = Failed(order.track, order.gen, person, "no answer", more=len(order.points) > 1)
        who = Actor(person, person, role=order.role)
        if person in self.dead:
            final = Failed(order.track, order.gen, person, "number not in service")
            self._later(now + timedelta(seconds=2), id, lambda i, t: self._do(i, final, t))
        elif luck < (0.93 if order.role == "dispatch_120" else 0.6):
            claim = Claim(who, order.track, "key_press")
            wait = self._wait(12 if order.role == "dispatch_120" else 22)
            self._later(now + wait, id, lambda i, t: self._claims(i, claim, t))
        elif luck < 0.95:
            wait = 5.0 if luck < 0.75 else 40.0
            self._later(now + timedelta(seconds=wait), id, lambda i, t: self._do(i, failure, t))
        elif luck < 0.98:
            self._later(now + self._wait(25), id, lambda i, t: self._do(i, Decline(who), t))

    def _claims(self, id: str, claim: Claim, now: datetime) -> None:
        """Has it; and then goes, forgets it, gives it back or hands it on."""
        case = self.open.get(id)
        if case is None or not self._do(id, claim, now):
            return
        who, luck = claim.actor, self.chance.random()
        if not any(t.claimant == who.id for t in case.alert.tracks):
            return
        if luck < 0.03:
            self.figures.counts["claims forgotten"] += 1
        elif luck < 0.05:
            self._later(now + self._wait(60), id, lambda i, t: self._do(i, Release(who), t))
        elif luck < 0.07:
            to = self.chance.choice([*self.roster.responders.values()])
            other = Actor(to.id, to.name, role=to.role)
            self._later(now + self._wait(30), id, lambda i, t: self._do(i, Offer(who, other), t))
            self._later(now + self._wait(80), id, lambda i, t: self._takes_over(i, other, t))
        else:
            self._goes(id, who, now)

    def _takes_over(self, id: str, who: Actor, now: datetime) -> None:
        if self._do(id, Accept(who), now):
            self._goes(id, who, now)

    def _goes(self, id: str, who: Actor, now: datetime) -> None:
        """On the way, at the door, with the resident, and an end."""
        at = now + self._wait(40)
        self._later(at, id, lambda i, t: self._do(i, Progress(who, Step.EN_ROUTE), t))
        door = at + min(self._wait(420), timedelta(minutes=14))
        self._later(door, id, lambda i, t: self._do(i, Progress(who, Step.AT_DOOR), t))
        outcome = self.chance.choices(
            (Outcome.ACCIDENTAL, Outcome.WELFARE_ONLY, Outcome.EQUIPMENT, Outcome.TREATED_HOME,
             Outcome.EMERGENCY_HOSPITAL),
            (60, 25, 9, 4, 2),
        )[0]  # fmt: skip
        closer = who if self.chance.random() < 0.8 else CHIEF
        over = door + min(self._wait(600), timedelta(minutes=14))
        self._later(over, id, lambda i, t: self._do(i, Close(closer, outcome, force=True), t))

    # the machine

    def _do(self, id: str, command: Command, now: datetime) -> bool:
        """Give a command; False when the alert is over or says no."""
        case = self.open.get(id)
        if case is None:
            return False
        try:
            decision = decide(case.alert, command, now, self.roster, self.plan)
        except (Held, Refused, Forbidden):
            return False
        self._keep(id, case, decision, now)
        return True

    def _keep(self, id: str, case: Case, decision: Decision, now: datetime) -> None:
        self.decisions += 1
        alert = decision.alert
        if not decision.changed:
            return
        check(decision)
        case.alert = alert
        if case.story is not None:
            case.story += [e.data["set"] for e in decision.entries if "set" in e.data]
        for gap in decision.gaps:
            self.figures.gaps[f"{gap.role}: {gap.reason}"] += 1
        self._note_times(case, now)
        for order in decision.orders:
            assert order.key not in case.keys, "invariant 9"
            case.keys.add(order.key)
            if order.purpose is Purpose.CONTACT:
                self._check_contact(case, order, now)
                self._called(id, order, now)
        if alert.open:
            due = min(t.due_at for t in alert.tracks if t.due_at)
            self._later(max(due, now), id, self._look)
        else:
            self._over(id, case)

    def _check_contact(self, case: Case, order: Order, now: datetime) -> None:
        case.contacts += 1
        last = case.asked.get((order.track, order.person))
        assert last is None or now - last >= timedelta(seconds=15), "invariant 18"
        case.asked[order.track, order.person] = now
        if case.alert.drill and order.role == "dispatch_120":
            assert all(p.drill for p in order.points), "invariant 15"

    def _note_times(self, case: Case, now: datetime) -> None:
        since = (now - case.alert.raised_at).total_seconds()
        if case.claimed is None and any(t.state is TrackState.CLAIMED for t in case.alert.tracks):
            case.claimed = since
        if case.arrived is None and case.alert.stage == "arrived":
            case.arrived = since

    def _look(self, id: str, now: datetime) -> None:
        case = self.open.get(id)
        if case is not None and any(t.due_at and t.due_at <= now for t in case.alert.tracks):
            self._do(id, Tick(), now)
            assert all(t.due_at is None or t.due_at > now for t in case.alert.tracks), "invariant 5"

    def _over(self, id: str, case: Case) -> None:
        del self.open[id]
        del self.at_home[case.alert.subject.home or "", case.alert.drill]
        self.figures.close(case)
        if case.story is not None:
            self.figures.counts["rebuilt"] += 1
            assert replay(case.story) == case.alert, "invariant 8"

    def _later(self, at: datetime, id: str, deed: Deed) -> None:
        heapq.heappush(self._heap, (at, next(self._number), id, deed))

    def _until(self, end: datetime) -> None:
        heap = self._heap
        while heap and heap[0][0] < end:
            at, _, id, deed = heapq.heappop(heap)
            deed(id, at)

    def _wait(self, median: float) -> timedelta:
        """Most people need about ``median`` seconds, a few very much longer."""
        return timedelta(seconds=median * math.exp(self.chance.gauss(0, 0.6)))


def check(decision: Decision) -> None:
    """The promises that one decision can break."""
    before, alert = decision.before, decision.alert
    for t in alert.tracks:
        calling, claimed = t.state is TrackState.CALLING, t.state is TrackState.CLAIMED
        assert calling == (t.next_at is not None), "invariant 1"
        assert claimed == (t.claimant is not None) == (t.claim_until is not None), "invariant 1"
        assert not calling or (t.last_at and t.next_at and t.next_at - t.last_at <= MAX_GAP), "invariant 5"
        assert t.offer_until is None or (t.claim_until and t.offer_until <= t.claim_until), "invariant 6"
    live = {t.name for t in alert.tracks if t.state is not TrackState.STOOD_DOWN}
    assert alert.open == bool(live), "invariant 2"
    if alert.open and alert.severity is Severity.CRITICAL:
        assert {"family_doctor", "street_office", "dispatch_120"} <= live, "invariant 17"
    if before is None:
        return
    assert before.open, "invariant 4"
    assert before.severity.rank <= alert.severity.rank, "invariant 4"
    assert before.signals <= alert.signals, "invariant 4"
    assert before.version + 1 == alert.version, "invariant 4"
    assert all((new := alert.track(t.name)) and t.gen <= new.gen for t in before.tracks), "invariant 7"
    assert alert.open or (alert.outcome and alert.closed_by), "invariant 3"


def people(chance: random.Random) -> tuple[Roster, frozenset[str]]:
    """Doctors, street offices, a desk, supervisors; shifts with holes, and one telephone in twenty that is dead."""
    responders: dict[str, Responder] = {}
    teams: list[Team] = []

    def add(id: str, role: str, street: str | None, *points: ContactPoint) -> str:
        mine = points or (ContactPoint(0, "voice", f"+86{id}"), ContactPoint(1, "sms", f"+86{id}"))
        responders[id] = Responder(id, id, role, street, "zh", mine)
        return id

    for n in range(STREETS):
        street = f"street-{n}"
        doctors = [add(f"doctor-{n}-{m}", "family_doctor", street) for m in range(DOCTORS_EACH)]
        for m in range(4):
            teams.append(Team(f"team-{n + m * STREETS}", "family_doctor", street, tuple(_week(chance, doctors[m::4]))))
        clerks = [add(f"clerk-{n}-{m}", "street_office", street) for m in range(6)]
        teams.append(Team(f"office-{n}", "street_office", street, tuple(_week(chance, clerks))))
    rehearsal = ContactPoint(1, "dispatch_120", "http://120/drill", drill=True)
    desk = ContactPoint(0, "dispatch_120", "http://120/"), rehearsal
    seats = [add(f"seat-{n}", "dispatch_120", None, *desk) for n in range(3)]
    teams.append(Team("desk", "dispatch_120", None, tuple(Shift(s, always=True) for s in seats[:2])))
    chiefs = [add(f"chief-{n}", "duty_supervisor", None) for n in range(2)]
    teams.append(Team("chiefs", "duty_supervisor", None, tuple(_week(chance, chiefs))))
    dead = frozenset(p for p in responders if "seat" not in p and chance.random() < 0.05)
    return Roster(responders, tuple(teams)), dead


def _week(chance: random.Random, members: list[str]) -> Iterator[Shift]:
    """Day and night shifts of a week; one in twelve is empty."""
    for day in range(1, 8):
        for start, end in (("08:00", "20:00"), ("20:00", "08:00")):
            if chance.random() > 1 / 12:
                yield Shift(chance.choice(members), weekdays=(day,), start=start, end=end)
                if chance.random() < 0.4:
                    yield Shift(chance.choice(members), weekdays=(day,), start=start, end=end)


def _poisson(chance: random.Random, mean: float) -> int:
    """How many; by the normal curve, which is near enough from thirty up."""
    if mean > 30:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, n = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        n += 1
    return n


def percentile(values: "array[float]", share: float) -> float:
    """The value that ``share`` of all do not exceed."""
    found = sorted(values)
    return found[min(len(found) - 1, int(share * len(found)))] if found else math.nan


def table(district: District, seconds: float) -> str:
    """The response times, as Markdown."""
    f = district.figures
    lines = [
        "| 级别 severity | 呼救 alerts | 接警 claim p50 | p95 | p99 | 到门口 at the door p50 | p95 | 呼叫 contacts |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for s in reversed(Severity):
        claimed = " | ".join(f"{percentile(f.claimed[s], share):.0f} s" for share in (0.5, 0.95, 0.99))
        door = " | ".join(f"{percentile(f.arrived[s], share) / 60:.1f} min" for share in (0.5, 0.95))
        each = sum(f.contacts[s]) / max(1, len(f.contacts[s]))
        lines.append(f"| {s} | {f.counts[f'alerts {s}']:,} | {claimed} | {door} | {each:.1f} |")
    days = (district.end - BEGIN).days
    gaps = "; ".join(f"{what} {n:,}" for what, n in f.gaps.most_common(6)) or "none"
    return "\n".join([
        f"{district.homes:,} homes, {days} days, {district.decisions:,} decisions in {seconds:.0f} s; "
        f"{f.counts['drills']:,} drills; {f.counts['claims forgotten']:,} claims forgotten and called again; "
        f"{f.counts['rebuilt']:,} timelines rebuilt; still open after three more days: {len(district.open)}.",
        f"Gaps in duty: {gaps}.", "", *lines, "",
    ])  # fmt: skip


def main() -> int:
    """Live through it, print the table, and write it into the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=30_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--rate", type=float, default=1.0, help="times the usual number of alarms")
    parser.add_argument("--doc", type=Path)
    options = parser.parse_args()
    district, start = District(options.homes, options.days, options.seed, options.rate), time.monotonic()

    def show(day: int, open: int) -> None:
        if day % 10 == 0:
            spent = time.monotonic() - start
            print(f"day {day}: {district.decisions:,} decisions, {open} open, {spent:.0f} s", flush=True)

    district.run(show)
    text = table(district, time.monotonic() - start)
    print(text)
    if options.doc:
        write(options.doc, text)
    return 0


def write(doc: Path, text: str) -> None:
    """Put it between its marks in the document; the rest stays."""
    head, rest = doc.read_text("utf-8").split("<!-- year -->\n", 1)
    _, tail = rest.split("<!-- /year -->", 1)
    doc.write_text(f"{head}<!-- year -->\n{text}<!-- /year -->{tail}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
