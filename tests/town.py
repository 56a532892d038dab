"""A small town for tests: two streets, four homes, a doctor, a street office, a desk; all rooms real, time by hand."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from broker_bridge import vendor
from broker_bridge.decode import hear
from domain.alerts import Actor, Alert
from domain.clock import ManualClock
from domain.contacts import Accepted, Channel, Letter, Result
from domain.events import Heard, Message, Receipt
from domain.ids import new_id
from escalation.callbacks import Callbacks
from escalation.commands import Commands
from escalation.delivery import Delivery
from escalation.engine import Engine
from escalation.foreign import Foreign
from escalation.intake import Intake
from escalation.letters import Letters
from escalation.reread import Reread
from escalation.standing import Standing
from escalation.tokens import Tokens
from store import alerts, plans
from store.bulk import instant
from store.ledger import Ledger
from store.register import Register
from store.site import parse_site
from tests.waiting import eventually

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
SECRET = "a secret of more than thirty-two characters"

DOCTOR = Actor("doctor-1", "家庭医生一", role="family_doctor")
OTHER_DOCTOR = Actor("doctor-2", "家庭医生二", role="family_doctor")
OFFICE = Actor("street-1", "街道值班一", role="street_office")
DESK = Actor("desk-120", "120 调度席", role="dispatch_120")
DISPATCHER = Actor("console", "值班员", role="dispatcher", roles=frozenset({"dispatcher"}))
SUPERVISOR = Actor("chief", "班长", role="supervisor", roles=frozenset({"supervisor"}))
DRILLER = Actor("driller", "演练员", role="drill", roles=frozenset({"drill"}))

PLAN = """
version = "town-1"
[severity.urgent]
claim_for = "15m"
repeat_every = "5m"
retry_after = "60s"
min_gap = "15s"
[kinds]
default = "urgent"
fall = "critical"
[[track]]
name = "main"
for = ["routine", "urgent"]
[[track.step]]
role = "family_doctor"
after = "0s"
channels = ["voice", "sms"]
[[track.step]]
role = "street_office"
after = "60s"
channels = ["webhook"]
[[track.step]]
role = "dispatch_120"
after = "120s"
channels = ["dispatch_120"]
[[track]]
name = "family_doctor"
for = ["critical"]
[[track.step]]
role = "family_doctor"
after = "0s"
channels = ["voice", "sms"]
[[track]]
name = "street_office"
for = ["critical"]
[[track.step]]
role = "street_office"
after = "0s"
channels = ["webhook"]
[[track]]
name = "dispatch_120"
for = ["critical"]
[[track.step]]
role = "dispatch_120"
after = "0s"
channels = ["dispatch_120"]
"""


def _home(n: int, street: str, *devices: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"home-{n}", "street": street, "address": {"text": f"示例路{n}号", "floor": n},
        "access": {"gate": "南门", "door_code": "2580#"},
        "residents": [{
            "id": f"resident-{n}", "name": f"老人{n}", "birth": "1936-05-01", "phones": [f"+8621500000{n:02}"],
            "medical": {"conditions": ["高血压"]},
        }],
        "devices": [{"id": f"dev-000{n}", "role": "sos_button", "secret": f"change-me-{n}"}, *devices],
    }  # fmt: skip


def site() -> dict[str, Any]:
    """The town's site file; change it before it is imported."""
    return {
        "streets": [{"code": "north", "name": "北街道"}, {"code": "south", "name": "南街道"}],
        "responders": [
            {"id": "doctor-1", "name": "家庭医生一", "role": "family_doctor", "street": "north", "contacts": [
                {"channel": "voice", "address": "+85230000001"}, {"channel": "sms", "address": "+85230000001"}]},
            {"id": "doctor-2", "name": "家庭医生二", "role": "family_doctor", "street": "south", "language": "en",
             "contacts": [{"channel": "voice", "address": "+85230000002"}]},
            {"id": "street-1", "name": "街道值班一", "role": "street_office", "street": "north",
             "contacts": [{"channel": "webhook", "address": "http://127.0.0.1:9/street-1"}]},
            {"id": "desk-120", "name": "120 调度席", "role": "dispatch_120", "contacts": [
                {"channel": "dispatch_120", "address": "http://127.0.0.1:9/desk"},
                {"channel": "dispatch_120", "address": "http://127.0.0.1:9/desk-drill", "drill": True}]},
        ],
        "teams": [
            {"id": "doctors-n", "role": "family_doctor", "street": "north",
             "shifts": [{"responder": "doctor-1", "always": True}]},
            {"id": "doctors-s", "role": "family_doctor", "street": "south",
             "shifts": [{"responder": "doctor-2", "always": True}]},
            {"id": "office", "role": "street_office", "street": None,
             "shifts": [{"responder": "street-1", "always": True}]},
            {"id": "desk", "role": "dispatch_120", "shifts": [{"responder": "desk-120", "always": True}]},
        ],
        "homes": [
            _home(1, "north", {"id": "band-0001", "role": "wristband"}, {"id": "probe-001", "role": "probe"},
                  {"id": "door-0001", "role": "door_sensor"}),
            _home(2, "south"),
            _home(3, "north", {"id": "gate-0003", "role": "gateway"},
                  {"id": "cord-0003", "role": "pull_cord", "gateway": "gate-0003"}),
            _home(4, "south"),
        ],
    }  # fmt: skip


class Phone:
    """A channel that notes what it was given. ``answer`` says what comes of a letter, and may do anything at all."""

    def __init__(self, name: str, answer: Callable[[Letter], Result] | None = None) -> None:
        self.name = name
        self.answer = answer or (lambda letter: Accepted(f"ref-{letter.key}-{letter.attempt}"))
        self.letters: list[Letter] = []
        self._lock = threading.Lock()

    def send(self, letter: Letter) -> Result:
        """Note it and answer."""
        with self._lock:
            self.letters.append(letter)
        return self.answer(letter)

    def asked(self) -> list[str]:
        """Who was written to, in order."""
        return [letter.responder_id for letter in self.letters]


@dataclass
class Town:
    """All rooms on one ledger, without broker, web server or threads of their own."""

    ledger: Ledger
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))

    def __post_init__(self) -> None:
        self.standing = Standing(now=self.clock.now)
        self.tokens = Tokens(SECRET)
        self.commands = Commands(self.ledger, self.standing, self.clock)
        self.letters = Letters(lambda *names: "http://anling.example/a/" + self.tokens.page(*names))
        foreign = Foreign(vendor.names, vendor.translate)
        self.intake = Intake(self.ledger, self.standing, self.clock, hear, foreign)
        self.reread = Reread(self.ledger, self.standing, self.clock, hear, foreign)
        self.callbacks = Callbacks(self.ledger, self.standing, self.clock, self.commands, self.letters, self.tokens)
        self.phones = {name: Phone(name) for name in ("voice", "sms", "webhook", "dispatch_120")}

    def settle_in(self, raw: dict[str, Any] | None = None, plan: str = PLAN) -> None:
        """Import the register and put the plan in force."""
        Register(self.ledger).load(parse_site(json.dumps(raw or site()).encode()))
        with self.ledger.transaction() as tx:
            plans.put_in_force(tx, plans.Draft("town-1", plan), "test", NOON, NOON)

    def sibling(self, ledger: Ledger | None = None) -> "Town":
        """Another process of the same installation, on the same clock."""
        return Town(ledger or self.ledger, self.clock)

    # -- what homes say

    def event(self, device: str = "dev-0001", type: str = "sos", **fields: Any) -> Heard:
        """One event as the bridge hands it over. ``retain`` is the broker's, all else the envelope's."""
        retain = fields.pop("retain", False)
        leaf = fields.pop("leaf", "event")
        body = {"v": 1, "id": new_id(), "type": type, "data": {}} | fields
        body = {k: v for k, v in body.items() if v is not None}
        return self.heard(f"anling/v1/up/{device}/{leaf}", json.dumps(body).encode(), retain)

    def heard(self, topic: str, payload: bytes, retain: bool = False) -> Heard:
        """Any message."""
        return hear(Message(topic, payload, self.clock.now(), retain=retain))

    def say(self, *heard: Heard) -> list[Receipt | None]:
        """Hand over a batch."""
        return self.intake(list(heard))

    def press(self, device: str = "dev-0001", **fields: Any) -> str:
        """A press; the id of its alert."""
        (receipt,) = self.say(self.event(device, **fields))
        assert receipt is not None
        assert receipt.alert is not None
        return receipt.alert

    # -- what the ledger holds

    def alert(self, id: str) -> Alert:
        """The alert as it stands."""
        with self.ledger.reading() as tx:
            found = alerts.peek(tx, id)
        assert found is not None
        return found

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Raw SQL."""
        with self.ledger.reading() as tx:
            return [dict(r) for r in tx.execute(sa.text(query), values).mappings()]

    def count(self, table: str, where: str = "1 = 1") -> int:
        """How many rows."""
        return int(self.rows(f"SELECT count(*) AS n FROM {table} WHERE {where}")[0]["n"])

    def change(self, statement: str, **values: Any) -> None:
        """Raw SQL that writes."""
        with self.ledger.transaction() as tx:
            tx.execute(sa.text(statement), values)

    def outbox(self, **where: str) -> list[dict[str, Any]]:
        """Outbox rows, in order of their keys."""
        chosen = " AND ".join([f"{name} = :{name}" for name in where] or ["1 = 1"])
        return self.rows(f"SELECT * FROM outbox WHERE {chosen} ORDER BY created_at, key", **where)

    def timeline(self, alert: str) -> list[str]:
        """The types of an alert's entries."""
        return [r["type"] for r in self.rows("SELECT type FROM timeline WHERE alert_id = :a ORDER BY seq", a=alert)]

    def entry(self, alert: str, type: str) -> dict[str, Any]:
        """The data of the last entry of that type."""
        found = self.rows("SELECT data FROM timeline WHERE alert_id = :a AND type = :t ORDER BY seq", a=alert, t=type)
        return dict(json.loads(found[-1]["data"]))

    # -- what runs

    def engine(self) -> Engine:
        """An engine of one's own."""
        return Engine(self.ledger, self.standing, self.clock, self.intake.rejudge)

    def forward(self, seconds: float) -> None:
        """Let time pass in one step, and decide what is due then."""
        self.engine().tick(self.clock.forward(seconds))

    def delivery(self, channels: Sequence[Channel] | None = None, size: int = 32) -> Delivery:
        """A sender of one's own."""
        mine = {c.name: c for c in channels} if channels is not None else dict(self.phones)
        return Delivery(self.ledger, self.standing, self.clock, mine, self.letters, self.commands, size)

    @contextmanager
    def sending(self, channels: Sequence[Channel] | None = None, size: int = 32) -> Iterator[Delivery]:
        """A sender that runs, and has come to rest when the block ends."""
        delivery = self.delivery(channels, size)
        delivery.start()
        try:
            yield delivery
        finally:
            delivery.stop()

    def deliver(self) -> None:
        """Send everything that is ready now."""
        with self.sending():
            self.quiet()

    def quiet(self) -> None:
        """Wait until nothing that is ready now waits."""

        def still() -> bool:
            with self.ledger.reading() as tx:
                ready = "status = 'leased' OR (status = 'pending' AND not_before <= :now)"
                query = sa.text(f"SELECT count(*) FROM outbox WHERE {ready}")
                now = instant(tx, self.clock.now())
                return tx.execute(query, {"now": now}).scalar() == 0

        eventually(still)


def together(*work: Callable[[], Any]) -> list[Any]:
    """Run them at the same moment, each in a thread; what each returned or raised, in order."""
    gate = threading.Barrier(len(work))
    results: list[Any] = [None] * len(work)

    def run(n: int) -> None:
        gate.wait()
        try:
            results[n] = work[n]()
        except Exception as error:
            results[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
