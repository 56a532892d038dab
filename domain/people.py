"""People and places: who lives there, who comes, how to reach them and how to get in."""

from dataclasses import dataclass
from datetime import date

ROLES = (
    "family_doctor", "street_office", "dispatch_120", "key_holder", "neighbour", "volunteer",
    "police", "family", "duty_supervisor",
)  # fmt: skip

#: what a log-in may be
OPERATOR_ROLES = (
    "administrator", "supervisor", "dispatcher", "family_doctor", "street_office", "dispatch_120",
    "auditor", "drill", "probe",
)  # fmt: skip
#: who answers for a street or the district: changes the register and duty, signs plans, acts over others' heads
LEADS = frozenset({"administrator", "supervisor"})
#: who sits at the desk
DESK = LEADS | {"dispatcher"}

#: the streets of probes begin with this; no site file can name such a street
PROBE_MARK = "~"


def is_probe(street: str | None) -> bool:
    """Whether a street belongs to a probe of the watch: its people are asked by its own presses and by no other."""
    return street is not None and street.startswith(PROBE_MARK)


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """One way to reach one person."""

    #: position in the person's own order, 0 first
    n: int
    channel: str
    address: str
    secret: str | None = None
    #: usable in drills; for the 120 desk the only kind a drill may use (invariant 15)
    drill: bool = False

    def __repr__(self) -> str:
        return f"ContactPoint({self.channel}, …)"


@dataclass(frozen=True, slots=True)
class Responder:
    """Somebody who may be asked to come."""

    id: str
    name: str
    role: str
    street: str | None = None
    language: str = "zh"
    contacts: tuple[ContactPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """When a responder of a team is on duty, in Asia/Shanghai wall time. ``24:00`` is the day's end."""

    responder: str
    always: bool = False
    #: 1 Monday … 7 Sunday
    weekdays: tuple[int, ...] = ()
    start: str = "00:00"
    end: str = "24:00"
    dates: tuple[date, ...] = ()
    deputy: str | None = None
    #: ``workday`` or ``holiday`` of the Chinese calendar, besides the weekdays; None: both
    days: str | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """A group that covers a role for a street (None: the whole district)."""

    id: str
    role: str
    street: str | None
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is reading or acting through a log-in, and which streets they may see (empty: all)."""

    operator: str
    role: str
    streets: tuple[str, ...] = ()
    responder: str | None = None

    def sees(self, street: str | None) -> bool:
        """Whether something in ``street`` may be shown; what has no street is shown to everybody."""
        return not self.streets or street is None or street in self.streets

    @property
    def persons(self) -> frozenset[str]:
        """The names under which what this log-in does is written down."""
        return frozenset(name for name in (self.operator, self.responder) if name)
