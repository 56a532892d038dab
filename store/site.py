"""The site file: streets, responders, teams, homes, devices; checked whole before anything is written.

Every problem is reported at once, in the file's own terms (``homes[3].devices[0].id: …``).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain.calendar import within
from domain.cards import is_birth, read_location
from domain.checkins import read_rule
from domain.choices import read_choices
from domain.contacts import CHANNELS
from domain.errors import ConfigurationError
from domain.people import ROLES
from store.site_duty import SiteAbsence, SiteDeputy, SiteHoliday, SiteOverride, SiteSwap

_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
DEVICE_ID = r"^[a-z0-9][a-z0-9-]{2,63}$"
#: one level of an MQTT topic: no slash, no wildcard, no blank or line break, whatever the script
_LEVEL = r"^[^\s\x00-\x1f\x7f/+#$%]{1,128}$"
#: our own log-ins at the broker
RESERVED = frozenset({"bridge-alarm", "bridge-tele", "bridge-vendor", "monitor", "watch"})
_TIME = r"^(([01]?\d|2[0-3]):[0-5]\d|24:00)$"


#: channels that dial what stands there
_TELEPHONE = frozenset({"voice", "sms"})
#: as short as 120
_FEWEST_DIGITS = 3

_Kind = TypeVar("_Kind", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True)


class SiteContact(_Part):
    """One way to reach a responder."""

    channel: str
    address: str = Field(min_length=1)
    secret: str | None = None
    drill: bool = False

    @field_validator("channel")
    @classmethod
    def _channel(cls, value: str) -> str:
        if value not in CHANNELS:
            raise ValueError(f"no channel {value!r}; write one of {', '.join(CHANNELS)}")
        return value

    @field_validator("address")
    @classmethod
    def _dialled(cls, value: str, told: ValidationInfo) -> str:
        """Something in it must be there to dial (P4): nobody would be reached by "unknown"."""
        if told.data.get("channel") in _TELEPHONE and sum(letter.isdigit() for letter in value) < _FEWEST_DIGITS:
            raise ValueError(f"{value!r} is no telephone number; write +8613800000001")
        return value


class SiteResponder(_Part):
    """Somebody who may come."""

    id: str = Field(pattern=_ID)
    name: str
    role: str
    street: str | None = None
    language: Literal["zh", "en"] = "zh"
    contacts: list[SiteContact] = []

    @field_validator("role")
    @classmethod
    def _role(cls, value: str) -> str:
        return known_role(value)


class SiteShift(_Part):
    """When a responder of a team is on duty."""

    responder: str = Field(min_length=1)
    always: bool = False
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = []
    start: str = Field("00:00", alias="from", pattern=_TIME)
    end: str = Field("24:00", alias="to", pattern=_TIME)
    dates: list[Annotated[date, AfterValidator(within)]] = []
    deputy: str | None = None
    days: Literal["workday", "holiday"] | None = None


class SiteTeam(_Part):
    """Who covers a role."""

    id: str = Field(pattern=_ID)
    role: str
    street: str | None = None
    shifts: list[SiteShift] = []

    @field_validator("role")
    @classmethod
    def _role(cls, value: str) -> str:
        return known_role(value)


class SiteStreet(_Part):
    """A street office's area."""

    code: str = Field(pattern=_ID)
    name: str


class SiteDevice(_Part):
    """A device of a home."""

    id: str = Field(pattern=DEVICE_ID)
    dialect: str = "anling"
    role: str = "sos_button"
    secret: str | None = None
    gateway: str | None = None
    site: str | None = None
    external: str | None = None


class SiteResident(_Part):
    """Somebody who lives there."""

    id: str = Field(pattern=_ID)
    name: str
    phones: list[str] | None = None
    medical: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _born(self) -> Self:
        birth = (self.model_extra or {}).get("birth")
        if birth not in (None, "") and not is_birth(birth):
            raise ValueError(f"birth: {birth!r} is no date; write 1936-05-01, or 1936")
        return self


class SiteHome(_Part):
    """A home."""

    id: str = Field(pattern=_ID)
    street: str = Field(min_length=1)
    category: Literal["lives_alone", "all_elderly"] = "lives_alone"
    address: dict[str, Any] = {}
    location: dict[str, Any] | None = None
    family_doctor_team: str | None = None
    access: dict[str, Any] = {}
    residents: list[SiteResident] = []
    devices: list[SiteDevice] = []
    checkin: dict[str, Any] | None = None
    choices: dict[str, Any] | None = None

    @field_validator("location")
    @classmethod
    def _location(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return _understood(read_location, value)

    @field_validator("choices")
    @classmethod
    def _choices(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return _understood(read_choices, value)

    @field_validator("checkin")
    @classmethod
    def _checkin(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return _understood(read_rule, value)


class SiteHub(_Part):
    """A hub that speaks for other makers' devices. Dialect and site become a line of the broker's rights."""

    id: str = Field(pattern=DEVICE_ID)
    dialect: str = Field(pattern=r"^[a-z0-9]{2,32}$")
    site: str = Field(pattern=_LEVEL)
    secret: str | None = None


class Site(_Part):
    """A whole site file."""

    streets: list[SiteStreet] = []
    responders: list[SiteResponder] = []
    teams: list[SiteTeam] = []
    hubs: list[SiteHub] = []
    homes: list[SiteHome] = []
    overrides: list[SiteOverride] = []
    swaps: list[SiteSwap] = []
    absences: list[SiteAbsence] = []
    deputies: list[SiteDeputy] = []
    holidays: list[SiteHoliday] = []


def _understood(read: Callable[[Any, list[str]], object], value: dict[str, Any] | None) -> dict[str, Any] | None:
    """The value itself, when its reader has nothing to say against it."""
    problems: list[str] = []
    read(value, problems)
    if problems:
        raise ValueError("; ".join(problems))
    return value


class Misread(ConfigurationError):
    """A site file with mistakes in it. ``rough``: as far as it could be read, to ask whom else it names in vain."""

    def __init__(self, problems: Sequence[str], rough: Site) -> None:
        super().__init__(problems)
        self.rough = rough


def known_role(value: str) -> str:
    """A role from the closed list, or what to write instead."""
    if value not in ROLES:
        raise ValueError(f"unknown role {value!r}; write one of {', '.join(ROLES)}")
    return value


def parse_site(raw: bytes, source: str = "site file") -> Site:
    """Read a site file. Raises ``ConfigurationError`` with every problem found."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ConfigurationError([f"{source}: not JSON: {error}"]) from error
    return check_site(value, source)


def check_site(value: Any, source: str = "site file") -> Site:
    """A site file's value, checked. Raises ``ConfigurationError`` with every problem found."""
    try:
        site = Site.model_validate(value)
    except ValidationError as error:
        wrong = [f"{source}: {_where(e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        site = rough(value)
        raise Misread([*wrong, *(f"{source}: {p}" for p in _doubles(site))], site) from error
    problems = [f"{source}: {p}" for p in _doubles(site)]
    if problems:
        raise Misread(problems, site)
    return site


def rough(value: Any) -> Site:
    """A file that is wrong somewhere, as far as it says who is there and who is named; nothing of it is checked."""
    homes = [
        _bare(
            SiteHome, id=_word(h, "id"), street=_word(h, "street"), family_doctor_team=_word(h, "family_doctor_team"),
            residents=[_bare(SiteResident, id=_word(r, "id")) for r in _items(h, "residents")],
            devices=[_bare(SiteDevice, id=_word(d, "id")) for d in _items(h, "devices")],
        )
        for h in _items(value, "homes")
    ]  # fmt: skip
    teams = [
        _bare(SiteTeam, id=_word(t, "id"), street=_word(t, "street") or None, shifts=[
            _bare(SiteShift, responder=_word(s, "responder"), deputy=_word(s, "deputy") or None)
            for s in _items(t, "shifts")
        ])
        for t in _items(value, "teams")
    ]  # fmt: skip
    people = [(_word(r, "id"), _word(r, "street") or None) for r in _items(value, "responders")]
    return _bare(
        Site, homes=homes, teams=teams,
        streets=[_bare(SiteStreet, code=_word(s, "code")) for s in _items(value, "streets")],
        responders=[_bare(SiteResponder, id=id, street=street) for id, street in people],
        hubs=[_bare(SiteHub, id=_word(h, "id")) for h in _items(value, "hubs")],
    )  # fmt: skip


def _bare(kind: type[_Kind], **fields: Any) -> _Kind:
    return kind.model_construct(**fields)


def _items(value: Any, name: str) -> list[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _word(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _where(loc: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.lstrip(".") or "top level"


def _doubles(site: Site) -> Iterator[str]:
    """Ids that stand twice, and shifts of responders nobody declared here (they may be in the ledger already)."""
    lists: dict[str, list[str]] = {
        "streets": [s.code for s in site.streets],
        "responders": [r.id for r in site.responders],
        "teams": [t.id for t in site.teams],
        "homes": [h.id for h in site.homes],
        "residents": [r.id for h in site.homes for r in h.residents],
        "devices": [d.id for h in site.homes for d in h.devices] + [h.id for h in site.hubs],
        "overrides": [o.id for o in site.overrides],
        "swaps": [s.id for s in site.swaps],
        "absences": [a.id for a in site.absences],
        "deputies": [d.responder for d in site.deputies],
        "holidays": [h.date for h in site.holidays],
    }
    for name, ids in lists.items():
        seen: set[str] = set()
        for id in ids:
            if id and id in seen:
                yield f"{name}: id {id!r} stands twice; give each its own"
            if name == "devices" and id in RESERVED:
                yield f"{name}: id {id!r} is a log-in of our own at the broker; choose another"
            seen.add(id)
