"""A street on paper for the tests of the pure core: a plan, a roster, and an alert that is told what happens."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.alerts import Actor, Alert, Subject, Track
from domain.contacts import Purpose
from domain.events import Kind
from domain.people import ContactPoint, Responder, Shift, Team
from escalation.command import Command, Raise, Tick
from escalation.decide import decide, raise_alert
from escalation.duty import Roster
from escalation.plan import Plan, parse_plan
from escalation.sheet import Decision, Order

#: a Friday, 11 in the morning in Shanghai
NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
HOME = Subject("home-1", "button-1", "street-1", None, frozenset({"category:lives_alone"}))
CHANGNING = parse_plan(Path("escalation/plans/changning.toml").read_text("utf-8"), "changning.toml")

PHONE = ContactPoint(0, "voice", "+8613800000001")
TEXT = ContactPoint(1, "sms", "+8613800000001")
HOOK = ContactPoint(2, "webhook", "http://127.0.0.1:9/")
DESK = ContactPoint(0, "dispatch_120", "http://127.0.0.1:9/real")
DRILL_DESK = ContactPoint(1, "dispatch_120", "http://127.0.0.1:9/drill", drill=True)


def seconds(n: float) -> timedelta:
    """``n`` seconds."""
    return timedelta(seconds=n)


def person(id: str, role: str, *contacts: ContactPoint, street: str | None = "street-1") -> Responder:
    """A responder; without contacts named, one with a telephone, text messages and a webhook."""
    return Responder(id, id.title(), role, street, "zh", contacts or (PHONE, TEXT, HOOK))


def team(role: str, *members: str, street: str | None = "street-1", id: str | None = None) -> Team:
    """A team whose members are always on duty."""
    return Team(id or f"{role}-{street}", role, street, tuple(Shift(m, always=True) for m in members))


def roster(*people: Responder, teams: tuple[Team, ...] | None = None) -> Roster:
    """These people, always on duty for their role and street unless ``teams`` says otherwise."""
    if teams is None:
        teams = tuple(team(p.role, p.id, street=p.street, id=f"team-{p.id}") for p in people)
    return Roster({p.id: p for p in people}, teams)


DOCTOR, CLERK = person("doctor", "family_doctor"), person("clerk", "street_office")
AMBULANCE = person("ambulance", "dispatch_120", DESK, DRILL_DESK, street=None)
CHIEF = person("chief", "duty_supervisor")
STREET = roster(DOCTOR, CLERK, AMBULANCE)


def actor(who: Responder | str, *roles: str) -> Actor:
    """A responder as one who acts, or a log-in that is no responder."""
    if isinstance(who, Responder):
        return Actor(who.id, who.name, role=who.role, roles=frozenset(roles))
    return Actor(who, who.title(), role=roles[0] if roles else None, roles=frozenset(roles))


@dataclass
class Story:
    """One alert and what happens to it. Times are seconds since it was raised."""

    roster: Roster = STREET
    plan: Plan = CHANGNING
    kind: Kind = Kind.SOS
    drill: bool = False
    #: all decisions, the first one raises
    decisions: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        command = Raise(self.kind, "device:button-1", {"event": "e-1"}, drill=self.drill)
        self.decisions.append(raise_alert("alert-1", HOME, command, NOON, self.roster, self.plan))

    @property
    def alert(self) -> Alert:
        """As it is now."""
        return self.decisions[-1].alert

    @property
    def main(self) -> Track:
        """Its track called ``main``."""
        return self.track("main")

    def track(self, name: str) -> Track:
        """The track called ``name``; it must be there."""
        found = self.alert.track(name)
        assert found is not None
        return found

    def at(self, second: float, command: Command | None = None) -> Decision:
        """Give a command (or let the engine look) at ``second``."""
        decision = decide(self.alert, command or Tick(), NOON + seconds(second), self.roster, self.plan)
        self.decisions.append(decision)
        return decision

    def until(self, second: float) -> list[tuple[float, tuple[str, ...]]]:
        """Let time pass, looking whenever a timer runs out: who was contacted, and when."""
        heard = []
        while (due := next_due(self.alert)) is not None and due <= NOON + seconds(second):
            decision = self.at((due - NOON).total_seconds())
            if contacted(decision):
                heard.append(((due - NOON).total_seconds(), contacted(decision)))
        return heard


def next_due(alert: Alert) -> datetime | None:
    """When the engine must look at it again."""
    return min((t.due_at for t in alert.tracks if t.due_at), default=None)


def orders(decision: Decision, purpose: Purpose) -> list[Order]:
    """What was ordered for one purpose."""
    return [o for o in decision.orders if o.purpose is purpose]


def contacted(decision: Decision) -> tuple[str, ...]:
    """Who is asked to come by this decision."""
    return tuple(o.person for o in orders(decision, Purpose.CONTACT))


def told(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Who is informed, and of what."""
    return tuple((o.person, str((o.about or {}).get("event"))) for o in orders(decision, Purpose.INFORM))
