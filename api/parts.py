"""What the API is given by the wiring: the other rooms' objects and its own settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry

from api.ground import PAPER, Ground
from domain.clock import Clock, wall_now
from domain.events import Message, Receipt
from domain.health import Health
from domain.networks import Network
from escalation.callbacks import Callbacks
from escalation.commands import Commands
from escalation.foresight import Foresight
from escalation.reread import Reread
from escalation.rota import Rota
from escalation.signing import Signing
from homes.care_line import CareLine
from homes.checkins import Checkins
from homes.family import Family
from homes.live_state import LiveState
from homes.numbers import HomeNumbers
from records.editor import Editor
from records.imports import Imports
from records.reports import Reports
from store.accounts import Accounts
from store.commissioning import Commissioning
from store.doorbell import Doorbell
from store.drills import Drills
from store.due_cards import DueCards
from store.finding import Finder
from store.home_lists import HomeLists
from store.ledger import Ledger
from store.own_account import OwnAccount
from store.people_lists import PeopleLists
from store.protection import Protection
from store.register import Register
from store.seat import Seat
from store.shifts import Shifts
from store.tasks import Tasks
from store.views import Views


class Troupe(Protocol):
    """Plays a drill when somebody at the console asks for one."""

    def pieces(self) -> Sequence[tuple[str, str, str]]:
        """Name and title (zh, en) of each."""

    def playing(self) -> str | None:
        """The one that runs now."""

    def play(self, name: str) -> None:
        """Begin one. Raises ``NotFound`` or ``Refused``."""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What the doors need to know. Secrets are never shown by ``repr``."""

    #: how browsers and providers reach us; signatures are checked against it, never against the request
    public_url: str
    secret_key: str
    host: str = "127.0.0.1"
    port: int = 8080
    #: signs ``/callbacks/dispatch-120``; without one that door stays shut
    desk_secret: str | None = None
    twilio_auth_token: str | None = None
    twilio_account_sid: str | None = None
    secure_cookies: bool = False
    #: lets platforms push to ``/ingest/{dialect}``; signatures of makers are checked with it
    ingest_secret: str | None = None
    #: part of the address that Aliyun pushes to; without it that door stays shut
    aliyun_push_secret: str = ""
    #: proxies whose word on where a request comes from is believed
    trusted_proxies: tuple[Network, ...] = ()
    #: what lies under the pins of the map
    ground: Ground = PAPER

    def __repr__(self) -> str:
        return f"ApiSettings({self.public_url})"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages beside the board read and change besides the rooms that programs use too."""

    homes: HomeLists
    #: tasks, door codes, the sound test
    seat: Seat
    #: who telephones?
    finder: Finder
    shifts: Shifts
    people: PeopleLists
    imports: Imports
    #: single rows of the register
    editor: Editor
    own: OwnAccount
    reports: Reports
    #: cards to complete
    due: DueCards

    @classmethod
    def over(cls, ledger: Ledger, clock: Clock, zone: ZoneInfo, rota: Rota) -> "Desk":
        """All of it on one ledger."""
        return cls(
            HomeLists(ledger, clock), Seat(ledger, clock), Finder(ledger, clock), Shifts(ledger, clock),
            PeopleLists(ledger), Imports(ledger, zone), Editor(ledger, zone),
            OwnAccount(ledger), Reports(ledger, clock, zone, rota.coverage), DueCards(ledger, clock),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class App:
    """Everything the doors open to. Made once, by ``anling``."""

    commands: Commands
    views: Views
    accounts: Accounts
    register: Register
    drills: Drills
    tasks: Tasks
    rota: Rota
    #: what the plan would do
    foresight: Foresight
    signing: Signing
    commissioning: Commissioning
    checkins: Checkins
    protection: Protection
    live_state: LiveState
    #: what families say behind their link
    family: Family
    #: whose telephone it is that rings us
    numbers: HomeNumbers
    #: answers of the care calls; None: this process takes none
    care: CareLine | None
    #: what comes back from providers, desks and links
    callbacks: Callbacks
    doorbell: Doorbell
    health: Callable[[], Mapping[str, Health]]
    metrics: CollectorRegistry
    ingest: Callable[[Message], Receipt | None]
    settings: ApiSettings
    #: the pages beside the board
    desk: Desk
    #: the decoders of today, for what lies in quarantine
    reread: Reread
    #: plays drills in the demo; None: they are begun from outside only
    troupe: Troupe | None = None
    wall: Callable[[], datetime] = wall_now
