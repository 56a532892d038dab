"""The core under everything at once: random plans, rosters with holes, clocks that step, all commands by all actors."""

import json
import os
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.alerts import TRANSITIONS, Actor, Alert, Outcome, Severity, Step, Track, TrackState, VoiceCheck
from domain.contacts import Purpose
from domain.errors import Forbidden, Held, Refused
from domain.events import Kind
from domain.people import Responder
from escalation.command import (
    Accept,
    Cancel,
    Claim,
    Close,
    Command,
    Decline,
    Failed,
    Note,
    Offer,
    Progress,
    Raise,
    Release,
    Signal,
    Summon,
    Tick,
    VoiceChecked,
)
from escalation.decide import decide, raise_alert
from escalation.duty import Roster
from escalation.plan import Plan, parse_plan
from escalation.plan_parts import Tier
from escalation.sheet import Decision, circumstances
from escalation.timeline import replay
from tests.escalation.core import CHANGNING, DESK, DRILL_DESK, HOME, HOOK, NOON, PHONE, TEXT, next_due, seconds, team

PROVE = bool(os.environ.get("ANLING_PROVE"))
ROLES = ("family_doctor", "street_office", "dispatch_120", "duty_supervisor")
PEOPLE = tuple(f"p{n}" for n in range(7))
ROLE_OF = {p: ROLES[n % len(ROLES)] for n, p in enumerate(PEOPLE)}
PERSONS = (
    *(Actor(p, p, role=ROLE_OF[p]) for p in PEOPLE),
    Actor("desk", "Desk", role="dispatcher", roles=frozenset({"dispatcher"})),
    Actor("tester", "Tester", role="drill", roles=frozenset({"drill"})),
)
NOBODY = (Actor("button", "Button", sort="device"), Actor("engine", "Engine", sort="engine"))
ACTORS = st.sampled_from(PERSONS + NOBODY)
#: conditions that come and go: by what is reported, by the hour, by the kind
WHENS = (
    '{step = ["access_failed", "at_door"]}', '{voice_check = "no_answer"}', '{between = ["11:00", "11:20"]}',
    '{kind = "fall", category = "lives_alone"}', '{severity = ["critical"]}', '{weekday = 7}',
)  # fmt: skip
KINDS = st.sampled_from((Kind.SOS, Kind.FALL, Kind.WATER_LEAK))


def durations(low: int, high: int) -> st.SearchStrategy[str]:
    """A wait as a plan writes it."""
    return st.integers(low, high).map(lambda n: f"{n}s")


@st.composite
def steps(draw: st.DrawFn) -> str:
    """One to three steps of a track, in order."""
    afters = sorted(draw(st.lists(st.sampled_from((0, 0, 10, 60, 400)), min_size=1, max_size=3)))
    return "".join(
        f'[[track.step]]\nrole = "{draw(st.sampled_from(ROLES))}"\nafter = "{after}s"\n'
        f"channels = {draw(st.sampled_from((['voice'], ['webhook', 'sms'], [])))}\n".replace("'", '"')
        + draw(st.sampled_from(("", "", "", *(f"when = {when}\n" for when in WHENS))))
        for after in afters
    )


@st.composite
def beside(draw: st.DrawFn) -> str:
    """Branches, a notice, a condition that makes it graver; or nothing of the kind."""
    text = ""
    for name in draw(st.lists(st.sampled_from(("door", "near")), max_size=2, unique=True)):
        rests, needed = (draw(st.sampled_from(("true", "false"))) for _ in range(2))
        text += f'[[branch]]\nname = "{name}"\nwhen = {draw(st.sampled_from(("{}", *WHENS)))}\n'
        text += f"rests = {rests}\nneeded = {needed}\n{draw(steps()).replace('track', 'branch')}"
    if draw(st.booleans()):
        role = draw(st.sampled_from(ROLES))
        text += f'[[notice]]\nrole = "{role}"\non = ["claimed", "critical", "closed", "access_failed"]\n'
    if draw(st.booleans()):
        text += f'[[raise]]\nwhen = {draw(st.sampled_from(WHENS))}\nto = "critical"\n'
    return text


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """The district's own plan, or any that ``parse_plan`` accepts."""
    if draw(st.integers(0, 3)) == 0:
        return CHANGNING
    text = 'version = "random"\n'
    if draw(st.booleans()):
        text += f'max_gap = "{draw(durations(5, 600))}"\n'
    for severity in Severity:
        text += f'[severity.{severity}]\nclaim_for = "{draw(durations(1, 900))}"\n'
        text += f'offer_for = "{draw(durations(1, 300))}"\n'
        text += f'repeat_every = "{draw(durations(5, 600))}"\nretry_after = "{draw(durations(0, 120))}"\n'
        text += f'min_gap = "{draw(durations(0, 60))}"\n'
    text += '[kinds]\ndefault = "urgent"\nfall = "critical"\nwater_leak = "routine"\n'
    names = draw(st.lists(st.sampled_from(("main", "second", *ROLES[:3])), min_size=1, max_size=4, unique=True))
    for name in names:
        severities = draw(st.lists(st.sampled_from([str(s) for s in Severity]), min_size=1, max_size=3, unique=True))
        text += f'[[track]]\nname = "{name}"\nfor = {json.dumps(severities)}\n{draw(steps())}'
    return parse_plan(text + draw(beside()))


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    """Anybody may be off duty, or without any way to be reached."""
    people, teams = {}, []
    for id in PEOPLE:
        ways = (DESK, DRILL_DESK) if ROLE_OF[id] == "dispatch_120" else (PHONE, TEXT, HOOK)
        kept = tuple(w for w in ways if draw(st.integers(0, 3)))
        people[id] = Responder(id, id, ROLE_OF[id], "street-1", "zh", kept)
    for role in ROLES:
        members = [p for p in PEOPLE if ROLE_OF[p] == role or draw(st.integers(0, 9)) == 0]
        on_duty = [p for p in members if draw(st.integers(0, 3))]
        teams.append(team(role, *on_duty))
    return Roster(people, tuple(teams))


class Core(RuleBasedStateMachine):
    """One alert from the press to the end, and each promise of the design checked after each decision."""

    @initialize(plan=plans(), roster=rosters(), kind=KINDS, drill=st.booleans())
    def raised(self, plan: Plan, roster: Roster, kind: Kind, drill: bool) -> None:
        self.plan, self.roster, self.now = plan, roster, NOON
        self.keys: set[str] = set()
        self.sets: list[str] = []
        #: people, or the days that a condition asks for, have changed since the last decision
        self.bent = False
        self.asked: dict[tuple[str, str], datetime] = {}
        self.heard: dict[str, datetime] = {}
        command = Raise(kind, "device:button-1", drill=drill)
        decision = raise_alert("A", HOME, command, NOON, roster, plan)
        assert decision == raise_alert("A", HOME, command, NOON, roster, plan)
        assert decision.gaps or any(o.purpose is Purpose.CONTACT for o in decision.orders), "invariant 19"
        self.alert = decision.alert
        self._check(None, decision, None)

    # what may happen

    @rule(wait=st.sampled_from((0, 1, 7, 15, 60, 130, 700, 7200)))
    def time_passes(self, wait: int) -> None:
        """The engine looks whenever a timer runs out."""
        end = self.now + seconds(wait)
        for _ in range(400):
            due = next_due(self.alert)
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self._do(Tick())
            self._not_silent()
        self.now = max(self.now, end if (due := next_due(self.alert)) is None or due > end else self.now)

    @rule(wait=st.sampled_from((1, 59, 3600, 172800)))
    def outage(self, wait: int) -> None:
        """Nobody looks for a while; one look afterwards puts everything right."""
        self.now += seconds(wait)
        self._do(Tick())
        self.heard = dict.fromkeys(self.heard, self.now)

    @rule(back=st.sampled_from((0, 1, 90, 7200)), command=st.sampled_from((Tick(), Cancel("device:button-1"))))
    def wall_clock_steps_back(self, back: int, command: Command) -> None:
        """An earlier ``now`` moves no timer and no decision time (P38)."""
        self._do(command, self.now - seconds(back))

    @rule(roster=rosters())
    def shifts_change(self, roster: Roster) -> None:
        self.roster, self.bent = roster, True
        self.heard = dict.fromkeys(self.heard, self.now)

    @rule(kind=KINDS)
    def signal(self, kind: Kind) -> None:
        self._do(Signal(kind, "device:button-1"))

    @rule()
    def cancel(self) -> None:
        self._do(Cancel("device:button-1"))

    @rule(person=st.sampled_from(PEOPLE), stale=st.booleans(), more=st.booleans(), n=st.integers(0, 9))
    def failure(self, person: str, stale: bool, more: bool, n: int) -> None:
        """A way to a person has failed, with or without ``more`` ways to try; also for a call of long ago."""
        track = self.alert.tracks[n % len(self.alert.tracks)]
        self._do(Failed(track.name, track.gen - stale, person, "busy", more))

    @precondition(lambda self: any(t.called for t in self.alert.tracks if t.state is TrackState.CALLING))
    @rule(more=st.booleans())
    def everybody_fails(self, more: bool) -> None:
        """Nobody of those who were called can be reached: whoever comes next is asked, nobody falls silent."""
        for track in [t for t in self.alert.tracks if t.state is TrackState.CALLING]:
            for person in track.called:
                self._do(Failed(track.name, track.gen, person, "no answer", more))

    @rule(who=ACTORS)
    def decline(self, who: Actor) -> None:
        self._do(Decline(who))
        self.heard = dict.fromkeys(self.heard, self.now)

    @precondition(lambda self: any(t.called for t in self.alert.tracks))
    @rule(n=st.integers(0, 9))
    def somebody_asked_declines(self, n: int) -> None:
        asked = sorted({person for t in self.alert.tracks for person in t.called})
        self.decline(next(a for a in PERSONS if a.id == asked[n % len(asked)]))

    @rule(who=ACTORS, n=st.integers(0, 9))
    def claim(self, who: Actor, n: int) -> None:
        names = [t.name for t in self.alert.tracks] + [None, None, "no such track"]
        self._do(Claim(who, names[n % len(names)]))

    @rule(who=ACTORS, step=st.sampled_from(Step))
    def progress(self, who: Actor, step: Step) -> None:
        self._do(Progress(who, step))

    @rule(who=ACTORS, force=st.booleans())
    def release(self, who: Actor, force: bool) -> None:
        self._do(Release(who, force=force))

    @rule(who=ACTORS, to=ACTORS)
    def offer(self, who: Actor, to: Actor) -> None:
        self._do(Offer(who, to))

    @precondition(lambda self: any(t.claimant for t in self.alert.tracks))
    @rule(to=ACTORS)
    def holder_offers(self, to: Actor) -> None:
        self._do(Offer(self._holder(), to))

    @precondition(lambda self: any(t.claimant for t in self.alert.tracks))
    @rule()
    def holder_releases(self) -> None:
        self._do(Release(self._holder()))

    @precondition(lambda self: any(t.offer_to for t in self.alert.tracks))
    @rule()
    def offer_accepted(self) -> None:
        to = next(t.offer_to for t in self.alert.tracks if t.offer_to)
        self._do(Accept(next(a for a in PERSONS if a.id == to)))

    @rule(who=ACTORS)
    def accept(self, who: Actor) -> None:
        self._do(Accept(who))

    @rule(who=ACTORS, result=st.sampled_from(VoiceCheck))
    def voice_check(self, who: Actor, result: VoiceCheck) -> None:
        self._do(VoiceChecked(who, result))

    @rule(who=ACTORS, role=st.sampled_from(("dispatch_120", "key_holder", "street_office")))
    def summon(self, who: Actor, role: str) -> None:
        self._do(Summon(who, role))

    @rule(who=ACTORS)
    def note(self, who: Actor) -> None:
        self._do(Note(who, "the door is green"))

    @rule(outcome=st.sampled_from((Outcome.TEST, Outcome.TREATED_HOME)), sure=st.integers(0, 3))
    def the_driller_closes(self, outcome: Outcome, sure: int) -> None:
        """A drill account ends a drill as a test, and nothing else whatsoever (invariant 3)."""
        before = self.alert
        if sure == 0:
            self._do(Close(PERSONS[-1], outcome, force=True))
        if not (before.drill and outcome is Outcome.TEST):
            assert before.open == self.alert.open, "invariant 3"

    @rule(who=ACTORS, force=st.booleans(), sure=st.integers(0, 3), outcome=st.sampled_from([*Outcome]))
    def close(self, who: Actor, force: bool, sure: int, outcome: Outcome) -> None:
        if sure == 0:
            self._do(Close(who, outcome, force=force))

    # what must hold

    @invariant()
    def timers_and_claims(self) -> None:
        """Invariants 1, 2, 5, 6, 17."""
        alert = self.alert
        for track in alert.tracks:
            self._check_track(track)
        live = [t for t in alert.tracks if t.state is not TrackState.STOOD_DOWN]
        assert alert.open == bool(live), "invariant 2"
        if alert.open:
            wanted = {t.name for t in self.plan.tracks_for(alert.severity)}
            held = [t for t in live if t.name not in wanted]
            assert wanted <= {t.name for t in live}, "invariant 17"
            kept = self.plan.names_from(alert.severity)
            assert all(t.claimant or t.name in kept or self.plan.branch(t.name) for t in held)

    @invariant()
    def timeline_is_the_truth(self) -> None:
        """Invariant 8: what the timeline says, read back from JSON, is the alert."""
        assert self.alert == replay(json.loads(s) for s in self.sets)

    def _check_track(self, track: Track) -> None:
        rule = self.plan.rule(self.alert.severity)
        claimed = (track.claimant, track.claim_until, track.claimed_at)
        match track.state:
            case TrackState.CALLING:
                assert track.next_at is not None, "invariant 1"
                assert claimed == (None, None, None), "invariant 1"
                assert track.last_at is not None
                assert track.next_at - track.last_at <= self.plan.max_gap, "invariant 5"
            case TrackState.CLAIMED:
                assert None not in claimed, "invariant 1"
                assert track.next_at is None, "invariant 1"
                assert track.claim_until is not None
                assert self.alert.decided_at is not None
                assert track.claim_until - self.alert.decided_at <= rule.claim_for, "invariant 6"
                assert (track.offer_to is None) == (track.offer_until is None)
                assert track.offer_until is None or track.offer_until <= track.claim_until, "invariant 6"
            case TrackState.STOOD_DOWN:
                assert track.due_at is None, "invariant 2"
                assert claimed == (None, None, None)
                assert track.next_at is None

    def _holder(self) -> Actor:
        holder = next(t.claimant for t in self.alert.tracks if t.claimant)
        return next(a for a in PERSONS if a.id == holder)

    def _do(self, command: Command, now: datetime | None = None) -> None:
        before, at = self.alert, now or self.now
        try:
            decision = decide(before, command, at, self.roster, self.plan)
        except (Held, Refused, Forbidden):
            return
        assert decision == decide(before, command, at, self.roster, self.plan), "invariant 9: not deterministic"
        who = getattr(command, "actor", None)
        assert who is None or who.person, "only persons act"
        self.alert = decision.alert
        self._check(before, decision, command)

    def _check(self, before: Alert | None, decision: Decision, command: Command | None) -> None:
        after = decision.alert
        if not decision.changed:
            assert (before, ()) == (after, decision.orders)
            return
        self.sets += [json.dumps(e.data["set"]) for e in decision.entries if "set" in e.data]
        assert "set" in decision.entries[-1].data
        assert sum("set" in e.data for e in decision.entries) == 1
        if before is not None:
            self._check_rising(before, after, command)
            self._check_meaning(before, after, command)
        for track in after.tracks:
            self._check_change(before.track(track.name) if before else None, track, before, command)
        self._check_orders(decision)
        if isinstance(command, Tick):
            due = next_due(after)
            assert after.decided_at is not None
            assert due is None or due > after.decided_at, "invariant 5: overdue after a look"
        self.bent = False

    def _check_rising(self, before: Alert, after: Alert, command: Command | None) -> None:
        assert before.open, "invariant 4: a closed alert never changes"
        assert before.severity.rank <= after.severity.rank, "invariant 4"
        assert before.signals <= after.signals, "invariant 4"
        assert before.version + 1 == after.version, "invariant 4"
        assert before.decided_at is not None
        assert after.decided_at is not None
        assert before.decided_at <= after.decided_at, "invariant 4"
        assert {t.name for t in before.tracks} <= {t.name for t in after.tracks}
        if not after.open:
            assert isinstance(command, Close), "invariant 3"
            assert after.outcome is not None
            assert "drill" not in command.actor.roles or (after.drill and after.outcome is Outcome.TEST), "invariant 3"

    def _check_meaning(self, before: Alert, after: Alert, command: Command | None) -> None:
        """What each command may touch at all."""
        match command:
            case Cancel():
                assert after.cancel_requested
                assert before.severity is after.severity, "invariant 3: a cancel stops"
                assert self._kept(before, after), "invariant 3: a cancel stops"
            case Signal():
                assert not after.cancel_requested
                assert before.signals + command.count == after.signals, "invariant 4"
                assert self.plan.severity_of(command.kind).rank <= after.severity.rank, "invariant 4"
            case Note():
                assert self._kept(before, after)
            case VoiceChecked():
                worse = self.plan.voice_check.get(command.result, before.severity)
                assert worse.rank <= after.severity.rank
            case Failed():
                pairs = [(before.track(t.name), t) for t in after.tracks if self._old(before, t)]
                assert len(before.tracks) == len(pairs), "invariant 14"
                assert all(
                    old is not None and (
                        (old.state, old.claimant, old.gen) == (new.state, new.claimant, new.gen)
                        or self._turns(old, new)
                    )
                    for old, new in pairs
                ), "invariant 14"  # fmt: skip
            case Close():
                assert all(t.state is TrackState.STOOD_DOWN for t in after.tracks), "invariant 2"
                assert all(
                    (n := after.track(o.name)) is not None and n.gen > o.gen
                    for o in before.tracks if o.state is not TrackState.STOOD_DOWN
                ), "invariant 7"  # fmt: skip

    def _kept(self, before: Alert, after: Alert) -> bool:
        """The same tracks; when a condition may have come true meanwhile, nothing less than these."""
        if not self.bent:
            return before.tracks == after.tracks
        pairs = [(old, after.track(old.name)) for old in before.tracks]
        return all(
            new is not None and (self._turns(old, new) or (
                (old.state, old.claimant, old.gen) == (new.state, new.claimant, new.gen)
                and old.called.keys() <= new.called.keys()
            ))
            for old, new in pairs
        )  # fmt: skip

    def _turns(self, old: Track, new: Track) -> bool:
        """A branch whose people have come or gone since the last decision: it resumes, or rests if it is not needed."""
        branch = self.plan.branch(old.name)
        if not self.bent or branch is None:
            return False
        if old.state is TrackState.STOOD_DOWN:
            return new.state is TrackState.CALLING
        anybody = any(self.roster.on_duty(t.role, HOME, self.now, self.alert.drill) for t in branch.tiers)
        return new.state is TrackState.STOOD_DOWN and not branch.needed and not anybody

    def _old(self, before: Alert, track: Track) -> bool:
        """Not a branch that begins because its condition has come true meanwhile."""
        return not self.bent or before.track(track.name) is not None

    def _check_change(self, old: Track | None, new: Track, before: Alert | None, command: Command | None) -> None:
        if old is None:
            self.heard[new.name] = self.now
            if new.claimant:
                assert before is not None
                holders = [t.claimant for t in before.tracks]
                assert new.claimant in holders, "invariant 13: an inherited claim"
            return
        if old is new:
            return
        assert (old.state, new.state) in TRANSITIONS
        assert old.gen <= new.gen, "invariant 7"
        if (old.state, old.claimant) == (new.state, new.claimant):
            return
        assert old.gen < new.gen, "invariant 7"
        assert not isinstance(command, Failed) or self._turns(old, new), "invariant 14"
        self.heard[new.name] = self.now
        if new.claimant and old.claimant:
            assert isinstance(command, Accept), "invariant 13"
            assert old.offer_to == command.actor.id == new.claimant, "invariant 13"
        elif new.claimant:
            assert isinstance(command, Claim), "invariant 13"
            assert command.actor.id == new.claimant
        elif old.state is TrackState.STOOD_DOWN:
            assert self.plan.branch(new.name), "only a branch resumes"
        elif new.state is TrackState.CALLING:
            handed_back = isinstance(command, Summon) and command.actor.id == old.claimant
            assert handed_back or isinstance(command, Tick | Release | Decline), "invariant 13"

    def _check_orders(self, decision: Decision) -> None:
        after = decision.alert
        assert after.decided_at is not None
        for order in decision.orders:
            assert order.key not in self.keys, "invariant 9"
            self.keys.add(order.key)
            assert order.points
            track = after.track(order.track)
            assert track is not None
            if after.drill and (order.role == "dispatch_120" or ROLE_OF.get(order.person) == "dispatch_120"):
                assert all(p.drill for p in order.points), "invariant 15"
            if order.purpose is Purpose.CONTACT:
                assert track.state is TrackState.CALLING, "invariant 11"
                assert order.gen == track.gen, "invariant 11"
                spot = (order.track, order.person)
                least = min(self.plan.rule(s).min_gap for s in Severity)
                if spot in self.asked:
                    assert after.decided_at - self.asked[spot] >= least, "invariant 18"
                self.asked[spot] = after.decided_at
                self.heard[order.track] = self.now

    def _holds(self, tier: Tier) -> bool:
        alert = self.alert
        return tier.when.holds(circumstances(alert.subject, alert.kind, alert.severity, self.now, self.roster))

    def _not_silent(self) -> None:
        """Invariant 20: who calls and has somebody to call, calls within ``max_gap``."""
        for track in self.alert.tracks:
            if track.state is not TrackState.CALLING:
                continue
            tiers = (self.plan.track(track.name) or self.plan.tracks[0]).tiers
            held = [t for t in tiers if self._holds(t)] or tiers
            joined = [t for t in tiers[: track.joined] if t in held]
            if not joined and self.plan.branch(track.name) is not None:
                continue  # a branch whose first step waits may wait: the ladder beside it does not
            roles = {t.role for t in joined or held}
            if any(self.roster.on_duty(r, HOME, self.now, self.alert.drill) for r in roles):
                silent = self.now - self.heard[track.name]
                # a first step that the plan itself puts later than ``max_gap`` is told by the plan's own check
                first = timedelta(0) if joined else min(t.after for t in held)
                allowed = max(self.plan.max_gap, first, timedelta(seconds=1))
                assert silent <= allowed, f"invariant 20: {silent} on {track.name}"


TestCore = Core.TestCase
TestCore.settings = settings(
    max_examples=3000 if PROVE else 40, stateful_step_count=60 if PROVE else 30, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
