"""The 120 desk: accepts with a case number, walks its steps with signed callbacks, or rejects."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3

from simulators.listener import Listener
from simulators.running import running
from simulators.signing import anling_signature, anling_signature_holds
from simulators.stage import Settings, Stage
from simulators.world import build, read_world

SECRET = "desk-secret-for-tests"
DOOR = "/callbacks/dispatch-120"


@dataclass
class Scene:
    """A desk and the product that hears from it."""

    stage: Stage
    product: Listener
    url: str

    def contact(self, path: str = "/desk-120", kind: str = "contact", **more: Any) -> tuple[int, Any]:
        """Hand an incident to the desk, signed."""
        body = {"type": kind, "key": "k1", "alert": {"id": "A1", "home": {"id": "H1"}}, "drill": True} | more
        raw, timestamp = json.dumps(body).encode(), str(int(time.time()))
        headers = {
            "X-Anling-Timestamp": timestamp,
            "X-Anling-Signature": anling_signature(SECRET, timestamp, raw),
        }
        answer = urllib3.request("POST", self.url + path, body=raw, headers=headers)
        return answer.status, answer.json()

    def told(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many callbacks and return what they say."""
        return [json.loads(one.body) for one in self.product.expect(DOOR, count)]


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A desk whose seconds last a hundredth."""
    product = Listener()
    quick = {"steps": {"taken": 1, "dispatched": 2, "closed": 3}, "clerk": "6021"}
    people = {
        "desk-120": {"kind": "desk", "behaviour": quick},
        "centre": {"kind": "desk", "behaviour": quick},
    }
    stage = read_world({"desk_secret": SECRET, "time_scale": 0.01, "people": people}, Settings())
    with running(product.app) as product_url, running(build(stage)) as url:
        stage.change({"public_url": product_url})
        yield Scene(stage, product, url)


@pytest.mark.parametrize("path", ["/desk-120", "/desk/desk-120", "/centre", "/desk/new-one"])
def test_an_incident_is_accepted_with_a_case(scene: Scene, path: str) -> None:
    """A desk answers under its own id and under /desk/; accepted comes with a case number."""
    status, answer = scene.contact(path)
    (contact,) = scene.stage.journal.contacts()

    assert (status, answer["result"]) == (200, "accepted")
    assert answer["case"].startswith("120-")
    assert (contact.channel, contact.status, contact.signed) == ("dispatch_120", "accepted", True)
    assert (contact.alert, contact.home, contact.key, contact.drill) == ("A1", "H1", "k1", True)


def test_the_case_is_carried_on(scene: Scene) -> None:
    """Signed callbacks follow in order, each naming the clerk."""
    case = scene.contact()[1]["case"]
    told = scene.told(3)

    assert [one["status"] for one in told] == ["taken", "dispatched", "closed"]
    assert {(case, "6021")} == {(one["case"], one["by"]) for one in told}
    for one in scene.product.heard(DOOR):
        assert anling_signature_holds(SECRET, one.headers, one.body)
        assert not anling_signature_holds(SECRET, one.headers, one.body + b" ")


def test_a_repeat_gets_the_same_case_and_no_second_ambulance(scene: Scene) -> None:
    """Contact again, or update: the same case, and the steps are told once."""
    cases = {scene.contact(kind=kind)[1]["case"] for kind in ("contact", "contact", "update")}
    scene.told(3)
    time.sleep(0.1)

    assert len(cases) == 1
    assert len(scene.product.heard(DOOR)) == 3


def test_another_alert_is_another_case(scene: Scene) -> None:
    """Two residents are two cases."""
    first, second = scene.contact()[1], scene.contact(alert={"id": "A2"})[1]

    assert first["case"] != second["case"]


def test_a_stand_down_ends_the_walk(scene: Scene) -> None:
    """After a stand-down nothing more is told."""
    scene.stage.people.teach("desk-120", {"steps": {"taken": 1, "dispatched": 100}})
    scene.contact()
    scene.told(1)
    scene.contact(kind="stand_down")
    time.sleep(1.2)

    assert [one["status"] for one in scene.told(1)] == ["taken"]


def test_a_desk_rejects_with_a_reason(scene: Scene) -> None:
    """Rejected is an answer with a reason, and nothing follows."""
    scene.stage.people.teach("desk-120", {"desk": "reject", "reason": "too_old"})

    assert scene.contact() == (200, {"result": "rejected", "reason": "too_old"})


def test_a_desk_fails_and_then_works(scene: Scene) -> None:
    """A list of behaviours: 503 first, accepted on the next contact."""
    scene.stage.people.teach("desk-120", [{"desk": "error", "status": 503}, {"steps": {}}])

    assert [scene.contact()[0] for _ in range(2)] == [503, 200]


def test_a_desk_without_a_clerk_names_nobody(scene: Scene) -> None:
    """Without ``by`` no person stands behind the callback."""
    scene.stage.people.teach("desk-120", {"clerk": "", "steps": {"taken": 0}})
    scene.contact()

    assert "by" not in scene.told(1)[0]


def test_a_wrong_seal_is_written_down(scene: Scene) -> None:
    """The log says when the signature of what we received does not hold."""
    urllib3.request(
        "POST", f"{scene.url}/desk-120", json={"type": "contact", "key": "k", "alert": {"id": "A"}}
    )

    assert scene.stage.journal.contacts()[0].signed is False
