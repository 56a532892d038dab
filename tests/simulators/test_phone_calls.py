"""Calls as people take them: they press, ignore, are engaged, let the machine answer, or the line is bad."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.responses import Response
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped, unused-ignore]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped, unused-ignore]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped, unused-ignore]
from twilio.rest import Client  # type: ignore[import-untyped, unused-ignore]

from simulators.journal import Contact
from simulators.listener import Listener, document
from simulators.running import running
from simulators.stage import Settings, Stage
from simulators.world import build, read_world

DOCTOR, US = "+85230000001", "+85230000009"
EVENTS = ["initiated", "ringing", "answered", "completed"]
ASK = (
    '<Response><Gather numDigits="1" action="/gather" timeout="4" actionOnEmptyResult="true">'
    '<Say language="cmn-CN">示例老人一跌倒。接警请按 7，无法前往请按 9</Say></Gather></Response>'
)
THANKS = '<Response><Say language="cmn-CN">已登记</Say><Hangup/></Response>'


@dataclass
class Scene:
    """A telephone network and the product it calls back."""

    stage: Stage
    product: Listener
    product_url: str
    client: Client

    def call(self, behaviour: object = None, **more: Any) -> Any:
        """Call the doctor, who behaves like this."""
        if behaviour is not None:
            self.stage.people.teach(DOCTOR, behaviour)
        asked: dict[str, Any] = {
            "to": DOCTOR,
            "from_": US,
            "url": f"{self.product_url}/voice?alert=A1&key=k1",
        }
        asked |= {"status_callback": f"{self.product_url}/status", "status_callback_event": EVENTS}
        return self.client.calls.create(**asked | more)

    def statuses(self, count: int = 4) -> list[str]:
        """Wait for so many status callbacks and return what they say."""
        return [one.form["CallStatus"] for one in self.product.expect("/status", count)]

    def contact(self) -> Contact:
        """Return the only contact there was."""
        (contact,) = self.stage.journal.contacts()
        return contact


@pytest.fixture
def scene() -> Iterator[Scene]:
    """The network at a fiftieth of real time; the product asks for a 7 and says thank you."""
    product = Listener()
    product.answers = {"/voice": document(ASK), "/gather": document(THANKS)}
    people = {"doctor-1": {"phone": DOCTOR, "behaviour": {"answers": "press", "spoken_code": True}}}
    stage = read_world({"time_scale": 0.02, "people": people}, Settings())
    with running(product.app) as product_url, running(build(stage)) as url:
        http = TwilioHttpClient(timeout=8, pool_connections=False)
        client = Client(stage.settings.twilio_sid, stage.settings.twilio_token, http_client=http)
        client.api.base_url = url
        yield Scene(stage, product, product_url, client)


def test_a_doctor_hears_the_code_and_presses_it(scene: Scene) -> None:
    """The digit spoken in the call comes back to the action of the question, and the log has it all."""
    call = scene.call()
    scene.statuses()
    (pressed,) = scene.product.heard("/gather")
    contact = scene.contact()

    assert ("7", call.sid, "in-progress") == (
        pressed.form["Digits"],
        pressed.form["CallSid"],
        pressed.form["CallStatus"],
    )
    assert (
        contact.who,
        contact.channel,
        contact.key,
        contact.alert,
        contact.pressed,
    ) == ("doctor-1", "voice", "k1", "A1", "7")
    assert [sentence["language"] for sentence in contact.said] == ["cmn-CN", "cmn-CN"]
    assert (contact.spoken or "").endswith("已登记")


def test_a_call_goes_through_its_states_in_order(scene: Scene) -> None:
    """Callbacks tell initiated, ringing, in-progress, completed, numbered from 0; the resource agrees."""
    call = scene.call()
    told = scene.product.expect("/status", 4)

    assert call.status == "queued"
    assert [one.form["CallStatus"] for one in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert [one.form["SequenceNumber"] for one in told] == ["0", "1", "2", "3"]
    assert {call.sid} == {one.form["CallSid"] for one in told}
    assert call.fetch().status == "completed"


def test_without_events_only_the_end_is_told(scene: Scene) -> None:
    """As at Twilio: no StatusCallbackEvent means the last one only."""
    scene.call(status_callback_event=["completed"], twiml="<Response><Hangup/></Response>")

    assert scene.statuses(1) == ["completed"]


@pytest.mark.parametrize(
    ("behaviour", "end", "pressed"),
    [
        ({"answers": "ignore"}, "no-answer", None),
        ({"answers": "sms_reply"}, "no-answer", None),  # answers messages, not calls
        ({"answers": "press", "after": 30}, "no-answer", None),  # rings longer than the product waits
        ({"answers": "busy"}, "busy", None),
        ({"answers": "decline"}, "busy", None),
        ({"answers": "voicemail"}, "completed", None),
        ({"answers": "hangup"}, "completed", None),
        ({"answers": "press", "digit": "9"}, "completed", "9"),
        ({"answers": "press", "think": 60}, "completed", None),  # thinks too long
        ({"answers": "wrong_digit", "spoken_code": True}, "completed", "2"),
    ],
)
def test_people_are_different(
    scene: Scene, behaviour: dict[str, object], end: str, pressed: str | None
) -> None:
    """Each behaviour ends the call its own way; only who presses is heard to press (P11, P12)."""
    call = scene.call(behaviour, timeout=20, status_callback_event=["completed"])

    assert [end] == scene.statuses(1)
    assert (end, pressed) == (call.fetch().status, scene.contact().pressed)


def test_silence_is_told_only_when_asked_for(scene: Scene) -> None:
    """With actionOnEmptyResult the action hears empty digits; without it the document goes on."""
    scene.call({"answers": "voicemail"})
    (silent,) = scene.product.expect("/gather")
    scene.product.answers["/voice"] = document(ASK.replace(' actionOnEmptyResult="true"', ""))
    scene.call()
    scene.statuses(8)

    assert silent.form["Digits"] == ""
    assert len(scene.product.heard("/gather")) == 1


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("key=k1&alert=A1&home=H1", ("k1", "A1", "H1")),
        ("token=t1", ("t1", None, None)),
        ("", (None, None, None)),
    ],
)
def test_a_call_is_known_by_its_addresses(
    scene: Scene, query: str, named: tuple[str | None, str | None, str | None]
) -> None:
    """Key, alert and home in the log come from the product's own addresses; a token serves as the key."""
    scene.call({"answers": "busy"}, url=f"{scene.product_url}/voice?{query}", status_callback="")
    contact = scene.contact()

    assert named == (contact.key, contact.alert, contact.home)


def test_behaviours_take_turns(scene: Scene) -> None:
    """A list means one behaviour per call; the last one repeats."""
    ends = []
    scene.stage.people.teach(DOCTOR, [{"answers": "busy"}, {"answers": "press", "digit": "1"}])
    for number in range(1, 4):
        scene.call(status_callback_event=["completed"])
        ends.append(scene.statuses(number)[-1])

    assert ends == ["busy", "completed", "completed"]


def test_every_request_is_sealed_as_twilio_does(scene: Scene) -> None:
    """Twilio's own validator accepts all of them, also with Chinese, a query, and GET."""
    scene.call(method="GET", twiml="", url=f"{scene.product_url}/voice?name=%E7%A4%BA%E4%BE%8B&key=k1")
    scene.statuses()
    validator = RequestValidator(scene.stage.settings.twilio_token)

    assert {"GET", "POST"} == {one.method for one in scene.product.heard()}
    for one in scene.product.heard():
        params = {} if one.method == "GET" else one.form
        seal = one.headers["x-twilio-signature"]
        assert validator.validate(scene.product_url + one.target, params, seal)
        assert not validator.validate(scene.product_url + one.target + "x", params, seal)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("twice", ["initiated"] * 2 + ["ringing"] * 2 + ["in-progress"] * 2 + ["completed"] * 2),
        ("reversed", ["completed", "in-progress", "ringing", "initiated"]),
    ],
)
def test_callbacks_are_repeated_or_out_of_order(scene: Scene, line: str, told: list[str]) -> None:
    """A bad line repeats callbacks or brings the last one first (P21)."""
    scene.call({"answers": "press", "callbacks": line})

    assert told == scene.statuses(len(told))


def test_callbacks_get_lost(scene: Scene) -> None:
    """On a line that loses callbacks the call goes on, and only asking shows how it ended."""
    call = scene.call({"answers": "press", "callbacks": "lost"})
    scene.product.expect("/gather")
    wait_for(lambda: call.fetch().status == "completed")

    assert scene.product.heard("/status") == []


def test_late_callbacks_come_after_the_end(scene: Scene) -> None:
    """Late callbacks arrive when the call is long over."""
    call = scene.call({"answers": "busy", "callbacks": "late", "callback_delay": 20})
    wait_for(lambda: call.fetch().status == "busy")

    assert scene.product.heard("/status") == []
    assert sorted(scene.statuses(2)) == ["busy", "initiated"]


def test_a_callback_can_come_before_the_answer_of_the_api(scene: Scene) -> None:
    """An early line tells the product about a call whose sid it does not know yet (P22)."""
    call = scene.call({"answers": "press", "callbacks": "early"})
    told_before = [one.form["CallSid"] for one in scene.product.heard("/status")]

    assert told_before
    assert {call.sid} == set(told_before)


def test_the_product_can_end_a_call(scene: Scene) -> None:
    """``canceled`` stops a ringing call; an ended call cannot be ended again (21220)."""
    call = scene.call({"answers": "press", "after": 600}, timeout=600)
    scene.statuses(2)
    ended = call.update(status="canceled")

    assert ended.status == "canceled"
    assert scene.statuses(3)[-1] == "canceled"
    with pytest.raises(TwilioRestException) as refused:
        call.update(status="completed")
    assert refused.value.code == 21220


def test_the_product_can_change_what_a_call_says(scene: Scene) -> None:
    """Another document takes over a call in progress: "already taken by …" (P7)."""
    call = scene.call({"answers": "voicemail"}, twiml='<Response><Pause length="600"/></Response>')
    scene.statuses(3)
    call.update(twiml="<Response><Say>已由街道接手</Say></Response>")

    assert scene.statuses(4)[-1] == "completed"
    assert scene.contact().spoken == "已由街道接手"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response(status_code=500), 11200),
        (Response("<Response><Say>", media_type="text/xml"), 12100),
        (Response("<Reply/>", media_type="text/xml"), 12102),
        (Response("<Response><Speak>x</Speak></Response>", media_type="text/xml"), 12200),
        (Response("{}", media_type="application/json"), 12300),
    ],
)
def test_a_broken_document_is_an_application_error(scene: Scene, answer: Response, code: int) -> None:
    """The caller hears an apology, the call is over, and the log has Twilio's code."""
    scene.product.answers["/voice"] = lambda heard: answer
    scene.call()
    scene.statuses()

    assert [code] == [error["code"] for error in scene.stage.journal.errors()]
    assert "application error" in (scene.contact().spoken or "")


def test_a_fallback_address_saves_the_call(scene: Scene) -> None:
    """When the document cannot be fetched, the fallback is, with the reason."""
    scene.product.answers["/voice"] = lambda heard: Response(status_code=503)
    scene.product.answers["/spare"] = document(THANKS)
    scene.call(fallback_url=f"{scene.product_url}/spare")
    (spare,) = scene.product.expect("/spare")

    assert spare.form["ErrorCode"] == "11200"


def test_redirects_are_followed_relative_to_the_document(scene: Scene) -> None:
    """Redirect goes on with another document; its address may be relative."""
    scene.product.answers["/voice"] = document("<Response><Redirect>again?n=2</Redirect></Response>")
    scene.product.answers["/again"] = document(THANKS)
    scene.call()
    scene.statuses()

    assert [one.target for one in scene.product.heard("/again")] == ["/again?n=2"]
    assert scene.contact().spoken == "已登记"


def test_documents_without_an_end_are_stopped(scene: Scene) -> None:
    """A document that redirects to itself for ever ends the call with an error."""
    scene.product.answers["/voice"] = document("<Response><Redirect>/voice</Redirect></Response>")
    scene.call()
    scene.statuses()

    assert "never end" in scene.stage.journal.errors()[0]["message"]


def test_a_machine_is_told_from_a_human(scene: Scene) -> None:
    """With MachineDetection the product hears who answered; without it nothing is said."""
    scene.call({"answers": "voicemail"}, machine_detection="Enable")
    scene.statuses()
    (asked,) = scene.product.heard("/voice")

    assert asked.form["AnsweredBy"] == "machine_start"


def test_the_outside_never_calls_far(scene: Scene) -> None:
    """A callback to another machine is refused and written down, not sent."""
    scene.call(url="http://192.0.2.1/voice", status_callback="http://192.0.2.1/status")
    wait_for(lambda: scene.contact().status == "completed")

    assert all("refused" in error["message"] for error in scene.stage.journal.errors())
    assert scene.product.heard() == []


def test_a_rehearsal_is_heard_as_one(scene: Scene) -> None:
    """A call that says 演练 is marked as a drill in the log."""
    scene.call(twiml="<Response><Say>这是演练</Say></Response>")
    scene.statuses()

    assert scene.contact().drill is True


def wait_for(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Return when the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
