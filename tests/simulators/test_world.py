"""The world outside as a whole: webhook responders, the control API, the process, and a storm."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
from starlette.responses import Response

from simulators.listener import Listener
from simulators.running import running
from simulators.signing import anling_signature
from simulators.stage import BadSettings, Settings, Stage
from simulators.world import BadWorld, build, main, read_world

ROOT = Path(__file__).resolve().parents[2]
SECRET = "webhook-secret-for-tests"


@dataclass
class Scene:
    """The outside and a product."""

    stage: Stage
    product: Listener
    product_url: str
    url: str

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send JSON and return the status and the JSON answer."""
        answer = urllib3.request(method, self.url + path, json=body)
        return answer.status, answer.json()

    def contact(self, who: str = "doctor-1", kind: str = "contact") -> tuple[int, Any]:
        """Send a responder a signed contact."""
        body = {
            "type": kind, "key": "k1", "alert": {"id": "A1", "home": {"id": "H1"}}, "drill": False,
            "responder": {"id": who}, "ack_url": f"{self.product_url}/a/token",
        }  # fmt: skip
        raw = json.dumps(body).encode()
        headers = {"X-Anling-Timestamp": "1", "X-Anling-Signature": anling_signature(SECRET, "1", raw)}
        answer = urllib3.request("POST", f"{self.url}/{who}", body=raw, headers=headers)
        return answer.status, answer.json()

    def acts(self, count: int) -> list[dict[str, str]]:
        """Wait for so many requests to the page of the alert."""
        return [json.loads(one.body) for one in self.product.expect("/a/token", count)]


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Everybody outside, at a hundredth of real time."""
    product = Listener()
    stage = read_world({"webhook_secret": SECRET, "time_scale": 0.01}, Settings(), seed=7)
    with running(product.app) as product_url, running(build(stage)) as url:
        yield Scene(stage, product, product_url, url)


@pytest.mark.parametrize(
    ("behaviour", "answer"),
    [
        ({}, (200, {})),
        ({"webhook": "claim"}, (200, {"ack": "claim", "responder": "doctor-1"})),
        ({"webhook": "claim_later"}, (200, {})),
        ({"webhook": "error", "status": 429}, (429, {"error": "simulated"})),
        ({"webhook": "error", "status": 404}, (404, {"error": "simulated"})),
        ({"webhook": "accept", "delay": 20}, (200, {})),
    ],
)
def test_a_responder_answers_its_own_way(scene: Scene, behaviour: object, answer: tuple[int, Any]) -> None:
    """What was set through the control API is what the webhook answers."""
    scene.ask("PUT", "/_sim/people/doctor-1", behaviour)

    assert answer == scene.contact()


def test_a_responder_claims_later_and_reports(scene: Scene) -> None:
    """The page of the alert hears a claim, then each step; the log has our answers to them."""
    progress = [{"step": "en_route", "after": 1}, {"step": "at_door", "after": 3}]
    scene.stage.people.teach("doctor-1", {"webhook": "claim_later", "progress": progress})
    scene.contact()
    acts = scene.acts(3)
    wait_for(lambda: len(scene.stage.journal.contacts()[0].replies) == 3)

    assert acts == [
        {"action": "claim"},
        {"action": "progress", "step": "en_route"},
        {"action": "progress", "step": "at_door"},
    ]
    assert [reply["http"] for reply in scene.stage.journal.contacts()[0].replies] == [200, 200, 200]


def test_a_responder_declines(scene: Scene) -> None:
    """A decline goes to the page too."""
    scene.stage.people.teach("doctor-1", {"webhook": "decline"})
    scene.contact()

    assert scene.acts(1) == [{"action": "decline"}]


def test_news_is_not_claimed(scene: Scene) -> None:
    """inform, update and stand_down are taken and never answered with a claim."""
    scene.stage.people.teach("doctor-1", {"webhook": "claim"})

    assert [scene.contact(kind=kind)[1] for kind in ("inform", "update", "stand_down")] == [{}, {}, {}]


def test_a_refused_claim_is_written_down(scene: Scene) -> None:
    """When our page says no, the log says so."""
    scene.product.answers["/a/token"] = lambda heard: Response(status_code=409)
    scene.stage.people.teach("doctor-1", {"webhook": "claim_later"})
    scene.contact()
    wait_for(lambda: bool(scene.stage.journal.errors()))

    assert scene.stage.journal.errors()[0]["code"] == 409


def test_contacts_are_read_in_order(scene: Scene) -> None:
    """``after`` gives what came since, with everything a drill judges by."""
    for who in ("doctor-1", "street-1", "doctor-2"):
        scene.contact(who)
    _, all_of_them = scene.ask("GET", "/_sim/contacts?after=0")
    _, rest = scene.ask("GET", f"/_sim/contacts?after={all_of_them['items'][0]['seq']}")
    first = all_of_them["items"][0]

    assert [item["who"] for item in rest["items"]] == ["street-1", "doctor-2"]
    assert all_of_them["next"] == rest["next"] == all_of_them["items"][-1]["seq"]
    assert tuple(
        first[name]
        for name in ("who", "channel", "type", "key", "alert", "home", "drill", "signed", "status")
    ) == ("doctor-1", "webhook", "contact", "k1", "A1", "H1", False, True, "200")
    assert abs(first["at"] - time.time()) < 60
    assert first["body"]["alert"]["id"] == "A1"


def test_what_changed_can_be_asked_for(scene: Scene) -> None:
    """``changed_after`` gives a contact again when it went on."""
    scene.contact()
    _, before = scene.ask("GET", "/_sim/contacts?changed_after=0")
    scene.stage.journal.touch(scene.stage.journal.contacts()[0])
    _, after = scene.ask("GET", f"/_sim/contacts?changed_after={before['next']}")

    assert [item["seq"] for item in after["items"]] == [1]


def test_a_reset_begins_anew_and_numbers_go_on(scene: Scene) -> None:
    """After a reset the log is empty, behaviours are the first ones, what was under way has stopped."""
    scene.stage.people.teach("doctor-1", {"webhook": "claim_later", "claim_after": 60})
    scene.contact()
    scene.ask("POST", "/_sim/reset")
    _, empty = scene.ask("GET", "/_sim/contacts?after=1")
    scene.contact()
    _, one = scene.ask("GET", "/_sim/contacts?after=1")
    time.sleep(0.8)

    assert (empty["items"], [item["seq"] for item in one["items"]]) == ([], [2])
    assert scene.product.heard("/a/token") == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/_sim/people/doctor-1", {"answers": "perhaps"}),
        ("PUT", "/_sim/people/doctor-1", []),
        ("PUT", "/_sim/settings", {"colour": "red"}),
        ("PUT", "/_sim/settings", {"time_scale": "fast"}),
        ("PUT", "/_sim/settings", {"time_scale": -1}),
        ("PUT", "/_sim/settings", []),
        ("POST", "/_sim/sms", {"from": "+85230000001"}),
        ("POST", "/_sim/sms", {"from": "+85230000001", "to": "+85230000009", "body": "1"}),  # no sms_url yet
        ("GET", "/_sim/contacts?after=soon", None),
    ],
)
def test_a_mistaken_drill_is_told(scene: Scene, method: str, path: str, body: object) -> None:
    """The control API answers 400 with a reason; a drill must not pass by a typing error."""
    status, answer = scene.ask(method, path, body)

    assert status == 400
    assert answer["error"]


def test_people_and_settings_are_set_by_drills(scene: Scene) -> None:
    """Behaviours are shown as they were set; secrets are not shown."""
    scene.ask("PUT", "/_sim/people/nurse-7", {"phone": "+85230000007", "behaviour": {"answers": "busy"}})
    scene.ask("PUT", "/_sim/settings", {"webhook_secret": "another", "time_scale": 0.5})
    _, people = scene.ask("GET", "/_sim/people")

    assert people["nurse-7"] == {
        "phone": "+85230000007",
        "kind": "person",
        "behaviour": [{"answers": "busy"}],
    }
    assert (scene.stage.settings.webhook_secret, scene.stage.settings.time_scale) == ("another", 0.5)
    assert scene.ask("GET", "/_sim/health") == (200, {"status": "ok"})


def test_secrets_are_not_shown_in_errors() -> None:
    """The settings can be printed without giving a secret away."""
    shown = repr(Settings(twilio_token="t0p", webhook_secret="t1p", desk_secret="t2p"))

    assert not any(secret in shown for secret in ("t0p", "t1p", "t2p"))


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"persons": {}}, "unknown section"),
        ({"people": {"doctor-1": {"behaviour": {"x": 1}}}}, "doctor-1"),
        ({"time_scale": "slow"}, "time_scale"),
    ],
)
def test_a_mistaken_people_file_is_refused(raw: dict[str, Any], complaint: str) -> None:
    """The world does not start with a file it cannot fully use."""
    with pytest.raises(BadWorld, match=complaint):
        read_world(raw, Settings())


def test_the_example_can_be_used() -> None:
    """people.example.json is a whole world: everybody of the example street, and the desk."""
    raw = json.loads((ROOT / "simulators" / "people.example.json").read_text("utf-8"))
    people = read_world(raw, Settings()).people

    assert people.find("+85230000001").id == "doctor-1"
    assert people.find("desk-120").kind == "desk"


def test_settings_know_their_types() -> None:
    """A true is no number."""
    with pytest.raises(BadSettings):
        Settings().changed({"calls_per_second": True})


def test_a_storm_is_taken(scene: Scene) -> None:
    """2,000 contacts from 16 senders all arrive once and are logged; more than 200 a second."""
    pool = urllib3.PoolManager(maxsize=16)
    started = time.monotonic()
    with ThreadPoolExecutor(16) as senders:
        body = json.dumps({"type": "contact", "key": "k"}).encode()
        answers = list(
            senders.map(lambda n: pool.request("POST", f"{scene.url}/d-{n}", body=body).status, range(2000))
        )
    rate = 2000 / (time.monotonic() - started)

    assert {200} == set(answers)
    assert len({contact.who for contact in scene.stage.journal.contacts()}) == 2000
    assert rate > 200


def test_the_process_runs_from_its_command_line(tmp_path: Path) -> None:
    """``python -m simulators.world`` with a people and a secrets file is up, known and stoppable."""
    people, secrets = tmp_path / "people.json", tmp_path / "secrets.json"
    people.write_text(json.dumps({"people": {"doctor-1": {"phone": "+85230000001"}}}))
    secrets.write_text(json.dumps({"twilio": {"sid": "AC" + "1" * 32, "token": "t"}, "webhook_secret": "w"}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "simulators.world", "--port", str(port), "--people", str(people)]
    command += ["--secrets-file", str(secrets), "--seed", "1", "--time-scale", "0.1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            wait_for(lambda: answers(f"http://127.0.0.1:{port}/_sim/health"), 20)
            account = f"http://127.0.0.1:{port}/2010-04-01/Accounts/AC{'1' * 32}.json"
            headers = urllib3.make_headers(basic_auth=f"AC{'1' * 32}:t")
            status = urllib3.request("GET", account, headers=headers).status
        finally:
            process.terminate()

    assert status == 200


def test_a_mistaken_command_line_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, or is not JSON, is named."""
    broken = tmp_path / "broken.json"
    broken.write_text("{")

    assert [main(["--people", str(path)]) for path in (tmp_path / "none.json", broken)] == [2, 2]
    assert "broken.json" in capsys.readouterr().err


def answers(url: str) -> bool:
    """True when somebody answers there."""
    try:
        return urllib3.request("GET", url, retries=False, timeout=1).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def wait_for(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Return when the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
