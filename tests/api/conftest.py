"""A house of cards behind the doors: the other rooms' names over data in memory."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from api.app import ApiSettings, App, build
from api.server import Server, serve
from domain.alerts import Actor
from domain.contacts import Letter, Purpose
from domain.errors import Forbidden, Held, LedgerUnavailable, NotFound
from domain.events import Message, Receipt
from domain.health import Health
from domain.people import Scope
from escalation.tokens import ResponderToken, Tokens
from store.doorbell import Doorbell
from store.finding import Found

NOW = datetime(2026, 11, 21, 19, 10, 42, tzinfo=UTC)
SECRET = "a-secret-key-of-at-least-32-characters"


PLACE = {"lat": 31.2204, "lon": 121.4237, "crs": "WGS84"}


def iso(at: datetime) -> str:
    """The wire's time."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def alert(
    id: str = "A1",
    kind: str = "sos",
    severity: str = "urgent",
    street: str = "310105001",
    age_s: int = 42,
    **more: Any,
) -> dict[str, Any]:
    """An open, unclaimed alert as ``views`` shows it."""
    now = datetime.now(UTC)
    track = {
        "name": "main", "state": "calling", "next_at": iso(now + timedelta(seconds=18)),
        "next_role": "street_office", "claimant": None, "claim_until": None, "offer": None,
    }  # fmt: skip
    return {
        "id": id, "kind": kind, "severity": severity, "state": "open", "device": None,
        "raised_at": iso(now - timedelta(seconds=age_s)),
        "home": {
            "id": f"home-{id}", "street": street, "address": {"text": "示例路100弄5号602室"},
            "location": PLACE, "spot": [PLACE["lat"], PLACE["lon"] + len(id) / 1000],
        },
        "residents": [{"id": "r1", "name": "示例老人一", "age": 90}], "tracks": [track], "signals": 1,
        "cancel_requested": False, "late": False, "drill": False, "outcome": None, "cause": None,
        "contacts": [{
            "responder": "doctor-1", "name": "家庭医生一", "role": "family_doctor", "purpose": "contact",
            "channel": "voice", "status": "ringing", "at": iso(now),
        }],
    } | more  # fmt: skip


DETAIL: dict[str, Any] = {
    "timeline": [
        {"seq": 1, "at": iso(NOW), "type": "raised", "by": "dev-0001", "data": {"kind": "sos"}, "hash": "00"},
        {"seq": 2, "at": iso(NOW), "type": "called", "by": "engine", "data": {"people": ["doctor-1"]},
         "hash": "01"},
    ],
    "contacts": [{
        "key": "k", "role": "family_doctor", "responder": "doctor-1", "channel": "voice", "attempt": 1,
        "status": "ringing", "at": iso(NOW), "reason": None,
    }],
    "access": {"gate": "示例路南门", "gates": [{"name": "示例路南门", "lat": 31.2194, "lon": 121.4237}],
               "lift": True, "lift_fits_stretcher": False, "door_code": "2580#",
               "key_holders": ["楼组长一"]},
    "medical": [{"conditions": ["hypertension"], "allergies": ["penicillin"], "medicines": ["warfarin"],
                 "mobility": "walks with a stick"}],
}  # fmt: skip


@dataclass
class FakeHouse:
    """Alerts in memory, and every command that was carried out."""

    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: list[tuple[Any, ...]] = field(default_factory=list)
    scopes: dict[str, Scope] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    doorbell: Doorbell = field(default_factory=Doorbell)
    tokens: Tokens = field(default_factory=lambda: Tokens(SECRET))
    parts: dict[str, Health] = field(default_factory=lambda: {"broker": Health(True), "ledger": Health(True)})
    #: raised by the next commands, as a dead database would
    broken: Exception | None = None
    #: what became of the alert before the telephone was picked up
    moved: str | None = None
    #: what fills the screen
    alarming: list[str] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    sound_known: bool = True
    #: what an alert's page shows besides ``DETAIL``, or instead
    more: dict[str, Any] = field(default_factory=dict)
    #: how often the board was read
    reads: int = 0

    def put(self, *alerts: dict[str, Any]) -> None:
        """Store alerts and ring."""
        for one in alerts:
            self.alerts[one["id"]] = one
        self.doorbell.ring()

    def drop(self, id: str) -> None:
        """The alert was closed."""
        del self.alerts[id]
        self.doorbell.ring()

    # -- accounts

    def login(self, username: str, password: str, totp: str | None = None) -> Any:
        if self.passwords.get(username) != password:
            raise Forbidden("wrong")
        token = f"token-{username}-{len(self.scopes)}"
        self.scopes[token] = Scope(username, "dispatcher", (), None)
        return SimpleNamespace(token=token, expires_at=NOW + timedelta(hours=12), scope=self.scopes[token])

    def session(self, token: str) -> Scope | None:
        return self.scopes.get(token)

    def logout(self, token: str) -> None:
        self.scopes.pop(token, None)
        self.doorbell.ring()

    def actor(self, scope: Scope) -> Actor:
        return Actor(scope.responder or scope.operator, scope.operator, role=scope.role)

    def device_secret_ok(self, device: str, secret: str) -> bool:
        return (device, secret) == ("dev-0001", "change-me-0001")

    # -- views

    def _seen(self, scope: Scope) -> list[dict[str, Any]]:
        if isinstance(self.broken, LedgerUnavailable):
            raise self.broken
        return [a for a in self.alerts.values() if scope.sees((a["home"] or {}).get("street"))]

    def board(self, scope: Scope) -> list[dict[str, Any]]:
        self.reads += 1
        return [a for a in self._seen(scope) if a["state"] == "open"]

    def alarms(self) -> list[str]:
        return self.alarming

    def closed_today(self, scope: Scope, limit: int = 50) -> list[dict[str, Any]]:
        return [alert("Z1", state="closed", closed_at=iso(datetime.now(UTC)))]

    def views_alerts(self, scope: Scope, state: str = "open", *_: Any) -> dict[str, Any]:
        return {"items": [a for a in self._seen(scope) if a["state"] == state], "next_cursor": None}

    def alert(self, scope: Scope, id: str) -> dict[str, Any]:
        if id not in {a["id"] for a in self._seen(scope)}:
            raise NotFound("no such alert")
        return self.brief(id)

    def brief(self, id: str) -> dict[str, Any]:
        if id not in self.alerts:
            raise NotFound("no such alert")
        return self.alerts[id] | DETAIL | self.more

    def responder_actor(self, id: str) -> Actor:
        if id == "nobody":
            raise NotFound("no such person")
        return Actor(id, "家庭医生一", role="family_doctor")

    def duty(self, scope: Scope, role: str, street: str | None, at: datetime) -> dict[str, Any]:
        return {"items": [{"id": f"{role}-1", "role": role}], "next_cursor": None, "at": iso(at)}

    # -- the desk

    def aside(self, scope: Scope, limit: int = 30) -> Any:
        counts: dict[str, int] = {}
        for task in self.tasks:
            counts[task["kind"]] = counts.get(task["kind"], 0) + 1
        return SimpleNamespace(counts=counts, tasks=self.tasks[:limit])

    def reveal(self, scope: Scope, id: str) -> str | None:
        self.done.append(("reveal", id, scope.operator))
        return "2580#"

    def sound_tested(self, scope: Scope, heard: bool) -> None:
        self.done.append(("sound", scope.operator, heard))
        self.sound_known = True

    def wants_sound_test(self, scope: Scope) -> bool:
        return not self.sound_known

    def of_alert(self, scope: Scope, id: str) -> list[dict[str, Any]]:
        return [task for task in self.tasks if task["alert_id"] == id]

    def finish(self, scope: Scope, key: str, result: str, note: str | None = None) -> dict[str, Any]:
        self.done.append(("finish", key, result))
        self.tasks = [task for task in self.tasks if task["key"] != key]
        return {"key": key}

    def find(self, scope: Scope, said: str) -> Found:
        self.done.append(("find", said))
        known = {"id": "home-1", "address": {"text": "示例路100弄5号602室"}, "street": "310105001", "by": "phone",
                 "residents": [{"id": "r1", "name": "示例老人一", "birth": "1936-05-01"}], "alert": None}  # fmt: skip
        return Found([known] if said.endswith("0001") else [])

    def empty(self, *_: Any) -> dict[str, Any]:
        return {"items": [], "next_cursor": None}

    # -- commands

    def _do(self, name: str, id: str, actor: Actor, *more: Any) -> dict[str, Any]:
        if self.broken:
            raise self.broken
        if id not in self.alerts:
            raise NotFound("no such alert")
        self.done.append((name, id, actor.id, *more))
        return self.alerts[id]

    def claim(self, id: str, actor: Actor, track: str | None = None, proof: str = "console") -> Any:
        held = self.alerts.get(id, {"tracks": [{}]})["tracks"][0]
        if held.get("claimant") and held["claimant"]["id"] != actor.id:
            raise Held(held["claimant"]["id"], held["claimant"]["name"], NOW)
        found = self._do("claim", id, actor, track, proof)
        until = iso(datetime.now(UTC) + timedelta(minutes=15))
        claimant = {"id": actor.id, "name": actor.name, "role": actor.role}
        found["tracks"] = [
            found["tracks"][0] | {"state": "claimed", "claimant": claimant, "claim_until": until}
        ]
        self.doorbell.ring()
        return SimpleNamespace(id=id)

    def close(
        self, id: str, actor: Actor, outcome: str, cause: str | None = None, note: str | None = None
    ) -> Any:
        self._do("close", id, actor, outcome, cause, note)["state"] = "closed"
        self.doorbell.ring()
        return SimpleNamespace(id=id)

    def raise_by_hand(self, actor: Actor, **said: Any) -> Any:
        if self.broken:
            raise self.broken
        id = f"H{len(self.alerts)}"
        self.put(alert(id, kind=said["kind"]))
        self.done.append(("raise", id, actor.id, said))
        return SimpleNamespace(id=id)

    def simple(self, name: str) -> Callable[..., Any]:
        def command(id: str, actor: Actor, *more: Any) -> Any:
            self._do(name, id, actor, *more)
            return SimpleNamespace(id=id)

        return command

    # -- delivery

    def letter(self, token: str) -> Letter | None:
        if token != "call-1":
            return None
        return Letter(
            "k", Purpose.CONTACT, 1, "A1", "main", "sos", "urgent", NOW, False, "doctor-1", "家庭医生一",
            "family_doctor", "zh", "voice", "+85230000001", None, "http://x/a/t", NOW,
        )  # fmt: skip

    def agenda(self, token: str) -> list[tuple[str, Letter]]:
        own = self.letter(token)
        return [(token, own)] if own else []

    def moved_on(self, letter: Letter) -> str | None:
        return self.moved

    def answered(self, token: str, meaning: str, proof: str = "key_press") -> str:
        if self.broken:
            raise self.broken
        self.done.append(("answered", token, meaning))
        return "recorded" if meaning == "claim" else "declined"

    def status(self, token: str, status: str, reference: str, code: str | None = None) -> None:
        if self.broken:
            raise self.broken
        self.done.append(("status", token, status, reference, code))

    def sms_reply(self, number: str, body: str, stamp: str | None = None) -> str:
        if self.broken:
            raise self.broken
        self.done.append(("sms", number, body))
        return "已登记"

    def desk_secrets(self, case: str) -> tuple[str, ...]:
        """A contact with a secret of its own has case C9."""
        return ("own-secret",) if case == "C9" else ()

    def desk_callback(self, body: dict[str, Any], stamp: str | None = None) -> dict[str, Any]:
        if self.broken:
            raise self.broken
        self.done.append(("desk", body))
        return {"result": "recorded"}

    def read_token(self, token: str) -> ResponderToken | None:
        return self.tokens.read_page(token)

    def ingest(self, message: Message) -> Receipt | None:
        if self.broken:
            raise self.broken
        self.messages.append(message)
        return Receipt("01JD4Z6T8X5V9Q2K7M3B1C0D00", "dev-0001", "dev-0001", "stored", "A1")


def app_of(house: FakeHouse, settings: ApiSettings) -> App:
    """The wiring, with the house in every place."""
    names = ("progress", "voice_check", "summon", "decline", "release", "offer", "accept", "note", "reopen")
    commands = SimpleNamespace(
        claim=house.claim,
        close=house.close,
        raise_by_hand=house.raise_by_hand,
        **{n: house.simple(n) for n in names},
    )
    lists = (
        "inbox", "messages", "drills", "audit", "streets", "homes", "residents", "devices", "hubs",
        "responders", "teams", "users", "plans",
    )  # fmt: skip
    views = SimpleNamespace(
        board=house.board, alarms=house.alarms, closed_today=house.closed_today, alerts=house.views_alerts,
        alert=house.alert,
        brief=house.brief, responder_actor=house.responder_actor, duty=house.duty,
        **dict.fromkeys(lists, house.empty),
    )  # fmt: skip
    drills = SimpleNamespace(
        open=lambda scope, name, homes, minutes: {"id": "D1", "name": name, "homes": homes},
        close=lambda scope, id: {"id": id},
    )
    foresight = SimpleNamespace(rail=lambda id: [], branches=lambda id: [("key_holder", "police")])
    fakes = SimpleNamespace(commands=commands, views=views, drills=drills)
    return App(
        commands=cast(Any, fakes.commands), views=cast(Any, fakes.views), accounts=cast(Any, house),
        register=cast(Any, None), drills=cast(Any, fakes.drills), tasks=cast(Any, house),
        rota=cast(Any, None), foresight=cast(Any, foresight),
        signing=cast(Any, None), commissioning=cast(Any, None), checkins=cast(Any, None), care=None,
        callbacks=cast(Any, house),
        reread=cast(Any, None),
        family=cast(Any, None), numbers=cast(Any, SimpleNamespace(answer=lambda number, now: None)),
        live_state=cast(Any, None), protection=cast(Any, SimpleNamespace(counts=lambda scope: {"unprotected": 3})),
        doorbell=house.doorbell, health=lambda: house.parts, metrics=CollectorRegistry(), ingest=house.ingest,
        settings=settings,
        desk=cast(
            Any,
            SimpleNamespace(seat=house, finder=house, shifts=SimpleNamespace(claims=lambda person: [])),
        ),
    )  # fmt: skip


@pytest.fixture
def house() -> FakeHouse:
    """A house with one dispatcher and nothing going on."""
    here = FakeHouse()
    here.passwords["desk"] = "correct horse"
    here.scopes["t-desk"] = Scope("desk", "dispatcher", (), None)
    here.scopes["t-street"] = Scope("street", "dispatcher", ("310105002",), None)
    return here


@pytest.fixture
def settings() -> ApiSettings:
    """Settings of a small installation behind https://anling.example."""
    return ApiSettings(
        public_url="https://anling.example", secret_key=SECRET, desk_secret="desk-secret",
        twilio_auth_token="twilio-token", twilio_account_sid="AC0",
    )  # fmt: skip


@pytest.fixture
def client(house: FakeHouse, settings: ApiSettings) -> Iterator[TestClient]:
    """A program that talks to the doors without a network."""
    with TestClient(build(app_of(house, settings)), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture
def bearer() -> Mapping[str, str]:
    """The dispatcher's token."""
    return {"Authorization": "Bearer t-desk"}


@dataclass
class Site:
    """A served house: stop it and start it again on the same port."""

    house: FakeHouse
    settings: ApiSettings
    server: Server | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.server = serve(
            app_of(self.house, replace(self.settings, public_url=self.url)), "127.0.0.1", self.port
        )
        self.port = self.server.port

    def stop(self) -> None:
        if self.server:
            self.server.stop()
        self.server = None


@pytest.fixture
def site(house: FakeHouse, settings: ApiSettings) -> Iterator[Site]:
    """A real server on a free port of this machine."""
    here = Site(house, settings)
    here.start()
    yield here
    here.stop()
    assert not [t for t in threading.enumerate() if t.name == "api"]


@pytest.fixture
def make_alert() -> Callable[..., dict[str, Any]]:
    """Makes open alerts."""
    return alert


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs chromium on this machine")
