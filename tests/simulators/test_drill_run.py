"""The drill runner from end to end: a real broker, simulated devices, and a small town that may misbehave."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import uvicorn
from paho.mqtt.enums import CallbackAPIVersion
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.drill import DrillSettings, load_drill, main, run
from simulators.drillfile import BadDrill, parse_drill
from simulators.judge import Sort
from simulators.scenario import Drill
from simulators.street import make_street
from simulators.verdict import Verdict

SCALE = 0.02


@dataclass
class Town:
    """Product and world in one: takes presses over MQTT, asks people by a fixed plan, shows both over HTTP.

    ``vices`` make it misbehave: ``keyholder``, ``silent_street``, ``cancel_closes``, ``second_alert``,
    ``real_desk``, ``not_told``, ``calls_after_close``, ``calls_twice``, ``no_receipt``, ``refuses_close``.
    """

    mqtt_port: int
    scale: float = SCALE
    vices: frozenset[str] = frozenset()
    url: str = ""
    alerts: list[dict[str, Any]] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    windows: list[dict[str, Any]] = field(default_factory=list)
    verdicts: dict[str, Any] = field(default_factory=dict)
    behaviour: dict[str, Any] = field(default_factory=dict)
    taught: list[tuple[str, Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    #: a contact that names no alert, made when a drill alert is raised
    stray: dict[str, Any] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, "town")
        self.client.on_message = self.pressed
        self.client.on_connect = lambda *_: self.client.subscribe("anling/v1/up/+/event", 1)
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.connect("127.0.0.1", self.mqtt_port)
        self.client.loop_start()
        assert ready.wait(10)
        self.clock = threading.Thread(target=self.tick, daemon=True)
        self.clock.start()

    def stop(self) -> None:
        self.over.set()
        self.clock.join()
        self.client.disconnect()
        self.client.loop_stop()

    def pressed(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        body, dev = json.loads(message.payload), message.topic.split("/")[3]
        with self.lock:
            alert = self.take(body)
        if "no_receipt" not in self.vices:
            receipt = {"v": 1, "id": body["id"], "dev": dev, "result": "stored", "alert": alert["id"]}
            self.client.publish(f"anling/v1/down/{dev}/ack", json.dumps(receipt), 1)

    def take(self, body: dict[str, Any]) -> dict[str, Any]:
        self.log.append(f"{body['type']} drill={body['drill']} window={bool(self.windows)}")
        mine = (one for one in self.alerts if one["state"] == "open" and one["drill"] == body["drill"])
        alert = next(mine, None)
        if alert and body["id"] in alert["ids"]:
            return alert
        if body["type"] == "cancel" and alert:
            alert["cancel_requested"] = True
            if "cancel_closes" in self.vices:
                self.close(alert)
        elif alert and "second_alert" not in self.vices:
            alert["signals"] += 1
        else:
            track = {"name": "main", "state": "calling", "claimant": None}
            alert = {
                "id": f"a-{len(self.alerts) + 1}", "home": {"id": "home-0001"}, "kind": body["type"],
                "severity": "urgent", "state": "open", "signals": 1, "cancel_requested": False,
                "drill": body["drill"], "tracks": [track],
                "ids": set(), "raised": time.time(), "done": set(), "resumed": 0.0,
            }
            self.alerts.append(alert)
            if self.stray is not None and body["drill"]:
                first = {"seq": len(self.contacts) + 1, "at": time.time(), "type": "contact"}
                self.contacts.append(first | self.stray)
        alert["ids"].add(body["id"])
        return alert

    def tick(self) -> None:
        while not self.over.wait(0.01):
            with self.lock:
                for alert in self.alerts:
                    self.ladder(alert)

    def ladder(self, alert: dict[str, Any]) -> None:
        age = (time.time() - alert["raised"]) / self.scale
        claimed = alert["tracks"][0]["state"] == "claimed"
        if claimed and age > alert["until"]:
            self.log.append("claim ran out")
            alert["tracks"][0].update(state="calling", claimant=None)
            alert.update(raised=time.time() - 60 * self.scale, done={("doctor-1", 0)})
            return
        late = alert["state"] == "closed" and "calls_after_close" in self.vices
        if claimed or (alert["state"] != "open" and not late):
            return
        for who, channel, at in self.plan():
            for number in range(1 + (age > 420)):
                if age >= (420 if number else at) and (who, number) not in alert["done"]:
                    alert["done"].add((who, number))
                    self.ask(alert, who, channel)
        if late and ("late", 0) not in alert["done"] and time.time() > alert["closed_at"] + 0.5:
            alert["done"].add(("late", 0))
            self.ask(alert, "doctor-1", "voice")
        if "calls_twice" in self.vices and age > 8 and ("twice", 0) not in alert["done"]:
            alert["done"].add(("twice", 0))
            self.ask(alert, "doctor-1", "voice")

    def plan(self) -> list[tuple[str, str, float]]:
        # The second doctor-1 is the repeat after no answer.
        plan = [("doctor-1", "voice", 0.0), ("street-1", "webhook", 60.0), ("doctor-1 ", "voice", 70.0)]
        plan.append(("desk-120-drill", "dispatch_120", 120.0))
        if "silent_street" in self.vices:
            plan.pop(1)
        if "keyholder" in self.vices:
            plan.append(("keyholder-1", "voice", 1.0))
        if "real_desk" in self.vices:
            plan.append(("desk-120", "dispatch_120", 1.0))
        return plan

    def ask(self, alert: dict[str, Any], who: str, channel: str) -> None:
        who = who.strip()
        told = alert["drill"] and "not_told" not in self.vices
        body = {"ack_url": f"{self.url}/a/{who}", "drill": told}
        self.contacts.append({
            "seq": len(self.contacts) + 1, "at": time.time(), "who": who, "channel": channel,
            "type": "contact", "alert": alert["id"], "home": "home-0001", "drill": told, "spoken": None,
            "body": body,
        })
        if self.behaviour.get(who, {}).get("answers") == "press":
            threading.Timer(5 * self.scale, self.claim, [alert, who]).start()

    def claim(self, alert: dict[str, Any], who: str) -> None:
        with self.lock:
            if alert["state"] != "open":
                return
            until = (time.time() - alert["raised"]) / self.scale + 900
            alert["tracks"][0].update(state="claimed", claimant={"id": who})
            alert["until"] = until

    def close(self, alert: dict[str, Any]) -> None:
        alert.update(state="closed", closed_at=time.time())
        alert["tracks"][0].update(state="stood_down", claimant=None)

    def app(self) -> Starlette:
        doors: list[tuple[str, str, Callable[..., Any]]] = [
            ("POST", "/api/v1/session", self.session),
            ("POST", "/api/v1/drills", self.open_window),
            ("POST", "/api/v1/drills/{id}/close", self.close_window),
            ("POST", "/api/v1/drills/{id}/verdict", self.file_verdict),
            ("GET", "/api/v1/alerts", self.list_alerts),
            ("GET", "/api/v1/alerts/{id}", self.show_alert),
            ("POST", "/api/v1/alerts/{id}/{verb}", self.command),
            ("POST", "/a/{who}", self.page),
            ("GET", "/_sim/health", self.session),
            ("GET", "/_sim/people", self.people),
            ("PUT", "/_sim/people/{who}", self.teach),
            ("GET", "/_sim/contacts", self.list_contacts),
        ]
        return Starlette(routes=[Route(path, door, methods=[method]) for method, path, door in doors])

    async def session(self, request: Request) -> Response:
        if request.method == "POST" and (await request.json())["password"] != "right":
            return JSONResponse({"title": "wrong password", "detail": "检查密码 / check the password"}, 401)
        return JSONResponse({"token": "t", "roles": ["drill"]})

    async def open_window(self, request: Request) -> Response:
        self.windows.append(await request.json())
        return JSONResponse({"id": f"d-{len(self.windows)}"}, 201)

    async def file_verdict(self, request: Request) -> Response:
        self.verdicts[request.path_params["id"]] = await request.json()
        return JSONResponse({}, 201)

    async def close_window(self, request: Request) -> Response:
        self.log.append(f"closed {request.path_params['id']}")
        return JSONResponse({})

    async def list_alerts(self, request: Request) -> Response:
        wanted = request.query_params
        with self.lock:
            found = [
                shown(one) for one in self.alerts
                if one["state"] == wanted["state"]
                and wanted.get("drill", str(one["drill"]).lower()) == str(one["drill"]).lower()
                and wanted.get("home", one["home"]["id"]) == one["home"]["id"]
            ]
        return JSONResponse({"items": found, "next_cursor": None})

    async def show_alert(self, request: Request) -> Response:
        with self.lock:
            return JSONResponse(shown(self.find(request)))

    async def command(self, request: Request) -> Response:
        verb, body = request.path_params["verb"], await request.json()
        self.log.append(f"{verb} {body.get('outcome') or body.get('step') or ''}".strip())
        if verb == "close" and "refuses_close" in self.vices:
            return JSONResponse({"detail": "held by somebody"}, 409)
        with self.lock:
            if verb == "close":
                self.close(self.find(request))
            return JSONResponse(shown(self.find(request)))

    async def page(self, request: Request) -> Response:
        body = await request.json()
        self.log.append(f"page {request.path_params['who']} {body['action']} {body.get('step')}")
        return JSONResponse({})

    async def people(self, request: Request) -> Response:
        return JSONResponse({"doctor-1": {"behaviour": [{"answers": "busy"}]}})

    async def teach(self, request: Request) -> Response:
        who, how = request.path_params["who"], await request.json()
        self.taught.append((who, how))
        self.behaviour[who] = how
        return JSONResponse({})

    async def list_contacts(self, request: Request) -> Response:
        after = int(request.query_params["after"])
        with self.lock:
            items = [one for one in self.contacts if one["seq"] > after]
        return JSONResponse({"items": items, "next": items[-1]["seq"] if items else after})

    def find(self, request: Request) -> dict[str, Any]:
        return next(one for one in self.alerts if one["id"] == request.path_params["id"])


def shown(alert: dict[str, Any]) -> dict[str, Any]:
    hidden = ("ids", "done", "raised", "resumed", "until", "closed_at")
    contacts = [{"responder": "keyholder-1", "reference": "CA-ours"}] if alert["drill"] else []
    return {**{key: value for key, value in alert.items() if key not in hidden}, "contacts": contacts}


Build = Callable[..., Town]


@pytest.fixture
def build(broker: Any) -> Iterator[Build]:
    """Builds a town on the test's broker and takes it down afterwards."""
    running: list[tuple[Town, uvicorn.Server, threading.Thread]] = []

    def make(*vices: str, scale: float = SCALE) -> Town:
        town = Town(broker.port, scale, frozenset(vices))
        sock = socket.create_server(("127.0.0.1", 0))
        town.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(town.app(), log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
        thread.start()
        town.start()
        running.append((town, server, thread))
        return town

    yield make
    for town, server, thread in running:
        server.should_exit = True
        thread.join()
        town.stop()


@pytest.fixture
def perform(broker: Any, tmp_path: Path) -> Callable[[Drill, Town], Verdict]:
    """Runs a drill against a town."""

    def go(drill: Drill, town: Town) -> Verdict:
        wired = settings(town, broker.url, tmp_path)
        # The longest drill is run faster still.
        return run(drill, replace(wired, time_scale=town.scale))

    return go


def settings(town: Town, url: str, folder: Path, password: str = "right") -> DrillSettings:
    site = folder / "site.json"
    site.write_text(json.dumps(make_street(2, "http://127.0.0.1:9000", 1).site))
    return DrillSettings(town.url, url, town.url, site, "drill", password, SCALE, 0.3)


Perform = Callable[[Drill, Town], Verdict]


def bad(verdict: Verdict) -> set[Sort]:
    return {finding.sort for finding in verdict.findings if not finding.good}


@pytest.mark.parametrize(
    "name",
    [
        "button", "cancel_is_not_close", "two_presses_one_alert",
        pytest.param("nobody_answers", marks=pytest.mark.slow),
    ],
)
def test_a_good_town_passes(name: str, build: Build, perform: Perform) -> None:
    """Every drill of the house passes where everything is done right."""
    verdict = perform(load_drill(name), build())

    assert verdict.passed, verdict.text()


@pytest.mark.slow
def test_a_claim_that_goes_silent(build: Build, perform: Perform) -> None:
    """P8: the claim runs out and the calls resume; the drill sees it."""
    town = build(scale=SCALE / 2)

    verdict = perform(load_drill("doctor_claims_then_silence"), town)

    assert verdict.passed, verdict.text()
    assert "claim ran out" in town.log


def test_the_window_is_open_before_anything_is_pressed(build: Build, perform: Perform) -> None:
    """The drill is announced first, presses carry the flag, at the end the window is closed and the verdict left."""
    town = build()

    verdict = perform(load_drill("button"), town)

    assert [{"name": "button", "homes": ["home-0001"], "minutes": 3}] == town.windows
    assert "sos drill=True window=True" == town.log[0]
    assert "closed d-1" == town.log[-1]
    assert {"d-1": verdict.filed()} == town.verdicts


def test_the_doctor_answers_on_the_page(build: Build, perform: Perform) -> None:
    """What a responder does goes through the page sent to that person; the close through the account."""
    town = build()

    perform(load_drill("button"), town)

    steps = ["page doctor-1 progress en_route", "page doctor-1 progress with_resident"]
    assert [*steps, "close test"] == town.log[1:4]


def test_behaviours_are_set_and_given_back(build: Build, perform: Perform) -> None:
    """People behave as the drill says, in plan seconds, and afterwards as before."""
    town = build()

    perform(load_drill("button"), town)

    who, how = town.taught[0]
    assert ("doctor-1", "press", 3.0) == (who, how["answers"], how["after"])
    assert ("doctor-1", {"behaviour": [{"answers": "busy"}]}) == town.taught[-1]


@pytest.mark.parametrize(
    ("vice", "name", "sort"),
    [
        ("keyholder", "button", Sort.UNEXPECTED),
        ("real_desk", "cancel_is_not_close", Sort.REAL_DESK),
        ("not_told", "button", Sort.NOT_A_DRILL),
        ("silent_street", "cancel_is_not_close", Sort.EXPECTED),
        ("cancel_closes", "cancel_is_not_close", Sort.EXPECTED),
        ("second_alert", "two_presses_one_alert", Sort.EXPECTED),
        ("calls_twice", "two_presses_one_alert", Sort.EXPECTED),
        ("calls_after_close", "button", Sort.AFTER_CLOSE),
        ("no_receipt", "button", Sort.EXPECTED),
        ("refuses_close", "button", Sort.FAULT),
    ],
)
def test_a_vice_is_found(vice: str, name: str, sort: Sort, build: Build, perform: Perform) -> None:
    """Each thing that a town may do wrong fails a drill, and for the right reason."""
    verdict = perform(load_drill(name), build(vice))

    assert sort in bad(verdict), verdict.text()


def test_what_was_opened_is_closed_even_when_it_fails(build: Build, perform: Perform) -> None:
    """A failed drill leaves no open alert and no open window behind."""
    town = build()
    raw = {
        "title": {"zh": "按", "en": "Press"}, "homes": ["home-0001"], "deadline": "20s",
        "act": [{"at": "0s", "press": "dev-0001"}],
        "expect": [{"contact": "street-1", "within": ["0s", "5s"]}],
    }

    verdict = perform(parse_drill(raw, "x.toml"), town)

    assert not verdict.passed
    assert ["closed"] == [alert["state"] for alert in town.alerts]
    assert "closed d-1" == town.log[-1]


def test_it_does_not_start_on_an_open_alert(build: Build, perform: Perform) -> None:
    """With a leftover in the home nothing is pressed: the verdict, which the console shows too, says what to close."""
    town = build()
    town.take({"type": "sos", "drill": True, "id": "old"})

    verdict = perform(load_drill("button"), town)

    assert not verdict.passed
    assert "a-1" in verdict.text()
    assert "a-1" in json.dumps(town.verdicts["d-1"])
    assert 1 == len(town.alerts)
    assert "closed d-1" == town.log[-1]


def test_texts_wait_until_the_telephone_has_one_alert(build: Build, perform: Perform) -> None:
    """P26: who is asked for somebody else's alert too cannot answer by a bare "1"; the verdict says what to close."""
    town = build()
    town.take({"type": "sos", "drill": True, "id": "old"})["home"] = {"id": "home-0002"}
    raw = {
        "title": {"zh": "短信", "en": "Texts"}, "homes": ["home-0001"], "deadline": "5s",
        "act": [{"at": "0s", "press": "dev-0001"}, {"at": "1s", "sms_as": "keyholder-1", "text": "1"}],
        "expect": [{"contact": "doctor-1", "within": ["0s", "5s"]}],
    }

    verdict = perform(parse_drill(raw, "x.toml"), town)

    assert (False, 1) == (verdict.passed, len(town.alerts))
    assert "keyholder-1 还在被呼叫处理警情 a-1" in verdict.text()


def test_a_run_without_the_flag_leaves_strangers_alone(build: Build, perform: Perform) -> None:
    """Refused because of somebody's real alert, it closes nothing: that alert is not its own."""
    town = build()
    town.take({"type": "sos", "drill": False, "id": "real"})
    raw = {
        "title": {"zh": "按", "en": "Press"}, "homes": ["home-0001"], "deadline": "5s", "drill": False,
        "act": [{"at": "0s", "press": "dev-0001"}],
        "expect": [{"contact": "doctor-1", "within": ["0s", "5s"]}],
    }

    verdict = perform(parse_drill(raw, "x.toml"), town)

    assert not verdict.passed
    assert ["open"] == [alert["state"] for alert in town.alerts]


@pytest.mark.parametrize(("sid", "ours"), [("CA-ours", True), ("CA-theirs", False)])
def test_a_call_that_names_no_alert(sid: str, ours: bool, build: Build, perform: Perform) -> None:
    """Beside somebody else's alert, an unanswered call is ours only if the alert's own contacts say so."""
    town = build()
    town.take({"type": "sos", "drill": False, "id": "real"})
    town.alerts[0].update(id="a-0", home={"id": "home-0002"}, done={"never"}, raised=time.time() + 3600)
    town.stray = {"who": "keyholder-1", "channel": "voice", "sid": sid, "spoken": None, "drill": None}

    verdict = perform(load_drill("button"), town)

    assert ours == (Sort.UNEXPECTED in bad(verdict)), verdict.text()


def test_names_that_the_site_does_not_know(build: Build, perform: Perform) -> None:
    """A drill for another street is refused before anything happens, with all names at once."""
    raw = {
        "title": {"zh": "按", "en": "Press"}, "homes": ["home-9"], "deadline": "20s",
        "behaviour": {"nobody": {"a": 1}},
        "act": [{"at": "0s", "press": "dev-9"}],
        "expect": [{"contact": "street-1", "within": ["0s", "5s"]}],
    }

    with pytest.raises(BadDrill) as caught:
        perform(parse_drill(raw, "x.toml"), build())

    assert 3 == len(caught.value.errors)


def test_a_wrong_password_is_said_plainly(build: Build, broker: Any, tmp_path: Path) -> None:
    """The API's own words come through; the password does not."""
    verdict = run(load_drill("button"), settings(build(), broker.url, tmp_path, "wrong-secret"))

    assert "check the password" in verdict.text()
    assert "wrong-secret" not in verdict.text()


def test_the_command_line(
    build: Build, broker: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 0 with the verdict on standard output and the progress on standard error."""
    town = build()
    wired = settings(town, broker.url, tmp_path)
    secret = tmp_path / "password"
    secret.write_text("right\n")
    where = ["--api", town.url, "--world", town.url, "--mqtt", broker.url, "--site", str(wired.site)]
    who = ["--user", "drill", "--password-file", str(secret)]

    status = main(["button", *where, *who, "--time-scale", str(SCALE), "--json"])

    out = capsys.readouterr()
    assert 0 == status
    assert json.loads(out.out)["passed"] is True
    assert "press dev-0001" in out.err


def test_a_missing_site_file_is_status_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What keeps a drill from starting is told on standard error."""
    secret = tmp_path / "password"
    secret.write_text("right")

    where = ["--site", str(tmp_path / "no.json")]
    status = main(["button", *where, "--user", "u", "--password-file", str(secret)])

    assert 2 == status
    assert "no.json" in capsys.readouterr().err
