"""Text messages: delivered, lost, stuck, answered, and refused after STOP."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped, unused-ignore]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped, unused-ignore]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped, unused-ignore]
from twilio.rest import Client  # type: ignore[import-untyped, unused-ignore]

from simulators.listener import Listener, document
from simulators.running import running
from simulators.stage import Settings, Stage
from simulators.world import build, read_world

DOCTOR, US = "+85230000001", "+85230000009"


@dataclass
class Scene:
    """A text message network and the product it tells."""

    stage: Stage
    product: Listener
    product_url: str
    url: str
    client: Client

    def send(self, behaviour: object, body: str = "回复1") -> Any:
        """Write to the doctor, who behaves like this."""
        self.stage.people.teach(DOCTOR, behaviour)
        status = f"{self.product_url}/status"
        return self.client.messages.create(to=DOCTOR, from_=US, body=body, status_callback=status)


@pytest.fixture
def scene() -> Iterator[Scene]:
    """The network at a fiftieth of real time; the product thanks for every message."""
    product = Listener()
    product.answers["/sms"] = document("<Response><Message>已登记</Message></Response>")
    people = {"doctor-1": {"phone": DOCTOR}}
    stage = read_world({"time_scale": 0.02, "people": people}, Settings())
    with running(product.app) as product_url, running(build(stage)) as url:
        stage.change({"sms_url": f"{product_url}/sms"})
        http = TwilioHttpClient(timeout=8, pool_connections=False)
        client = Client(stage.settings.twilio_sid, stage.settings.twilio_token, http_client=http)
        client.api.base_url = url
        yield Scene(stage, product, product_url, url, client)


@pytest.mark.parametrize(
    ("behaviour", "told", "error"),
    [
        ({}, ["sent", "delivered"], None),
        ({"sms": "undelivered"}, ["sent", "undelivered"], "30003"),
        ({"sms": "failed", "sms_error": 30007}, ["sent", "failed"], "30007"),
        ({"sms": "stuck"}, ["sent"], None),
        ({"callbacks": "reversed"}, ["delivered", "sent"], None),
    ],
)
def test_a_message_meets_its_fate(
    scene: Scene, behaviour: object, told: list[str], error: str | None
) -> None:
    """Status callbacks say how far it came, with Twilio's error when it did not arrive (P15)."""
    message = scene.send(behaviour)
    heard = scene.product.expect("/status", len(told))

    assert message.status == "queued"
    assert told == [one.form["MessageStatus"] for one in heard]
    assert error in [one.form.get("ErrorCode") for one in heard]
    assert {message.sid} == {one.form["MessageSid"] for one in heard}


def test_a_person_answers_by_message(scene: Scene) -> None:
    """``sms_reply`` sends the digit back, sealed; the thanks for it are not answered again."""
    scene.send({"answers": "sms_reply", "digit": "1"})
    (reply,) = scene.product.expect("/sms")
    validator = RequestValidator(scene.stage.settings.twilio_token)

    assert tuple(reply.form[name] for name in ("From", "To", "Body", "SmsStatus")) == (
        DOCTOR,
        US,
        "1",
        "received",
    )
    assert validator.validate(scene.product_url + "/sms", reply.form, reply.headers["x-twilio-signature"])
    wait_for(lambda: len(scene.stage.journal.contacts()) == 2)
    spoken = [(contact.type, contact.spoken) for contact in scene.stage.journal.contacts()]
    assert spoken == [("contact", "回复1"), ("reply", "已登记")]
    assert len(scene.product.heard("/sms")) == 1


def test_a_person_writes_unasked(scene: Scene) -> None:
    """The control API makes a person send a message; the answer to it is logged as a reply."""
    asked = {"from": "doctor-1", "to": US, "body": "收到"}
    answer = urllib3.request("POST", f"{scene.url}/_sim/sms", json=asked)
    (heard,) = scene.product.expect("/sms")
    (contact,) = scene.stage.journal.contacts()

    assert (answer.json(), heard.form["From"], heard.form["Body"]) == ({"http": 200}, DOCTOR, "收到")
    assert (
        contact.who,
        contact.channel,
        contact.type,
        contact.spoken,
    ) == ("doctor-1", "sms", "reply", "已登记")


def test_stop_ends_messages_until_start(scene: Scene) -> None:
    """After STOP the carrier refuses with 21610; START lets messages through again (P25)."""

    def write(body: str) -> None:
        asked = {"from": DOCTOR, "to": US, "body": body}
        urllib3.request("POST", f"{scene.url}/_sim/sms", json=asked)

    write(" stop ")
    with pytest.raises(TwilioRestException) as refused:
        scene.send({})
    write("START")

    assert refused.value.code == 21610
    assert scene.send({}).status == "queued"


def test_messages_are_found_again(scene: Scene) -> None:
    """A message is listed by receiver and fetched by sid, with its words."""
    message = scene.send({}, "演练：测试")
    scene.product.expect("/status", 2)

    assert [message.sid] == [found.sid for found in scene.client.messages.list(to=DOCTOR)]
    assert (message.fetch().body, message.fetch().status) == ("演练：测试", "delivered")
    assert scene.stage.journal.contacts()[0].drill is True


def wait_for(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Return when the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
