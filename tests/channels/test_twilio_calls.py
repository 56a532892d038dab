"""Calls and text messages with the real SDK, against a small phone network on this machine."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from channels.last_look import LastLook
from channels.routes import parse_routes
from channels.switchboard import ChannelSettings, build
from channels.telephones import Routed
from channels.twilio_line import TwilioAccount, TwilioLine
from channels.twilio_signature import verify_twilio
from channels.twilio_sms import TwilioSms
from channels.twilio_voice import TwilioVoice
from domain.contacts import Accepted, Doubt, FailedForGood, FailedForNow, Letter, Unwanted
from domain.errors import Unreachable
from tests.waiting import quickest

#: what we rely on of Twilio's own description (``tests/simulators/test_phone_api.py`` holds it against the original)
FACTS = json.loads((Path(__file__).parents[1] / "simulators" / "twilio_facts.json").read_text("utf-8"))["operations"]
ACCOUNTS = "/2010-04-01/Accounts/AC00000000000000000000000000000000"
SID = "CA" + "0" * 32


class Network:
    """Answers the API; keeps the forms; ``calls`` is what a list returns."""

    def __init__(self) -> None:
        self.url = ""
        self.forms: list[tuple[str, dict[str, list[str]]]] = []
        self.queries: list[dict[str, str]] = []
        self.status = 201
        self.body: bytes | None = None
        self.delay = 0.0
        self.refused_from = ""
        self.calls: list[dict[str, Any]] = []

    def answer(self, path: str, form: dict[str, list[str]]) -> tuple[int, bytes]:
        """A created call or message, or what the test wants said."""
        self.forms.append((path, form))
        time.sleep(self.delay)
        if form.get("From") == [self.refused_from]:
            return 400, b'{"code": 32017, "message": "x"}'
        if self.body is not None:
            return self.status, self.body
        sid = SID if "/Calls" in path else "SM" + "0" * 32
        return self.status, json.dumps({"sid": sid, "status": "queued"}).encode()


@pytest.fixture
def network() -> Iterator[Network]:
    """A phone network that reads forms."""
    network = Network()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say(*network.answer(self.path, parse_qs(body, strict_parsing=True)))

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            network.queries.append(dict(parse_qsl(parts.query)))
            name = "calls" if "/Calls" in parts.path else "messages"
            listed = {name: network.calls, "next_page_uri": None, "page": 0, "page_size": 20}
            wanted = listed if parts.path.endswith(f"{name.title()}.json") else (network.calls or [{}])[0]
            status = 200 if network.body is None else network.status
            self._say(status, network.body or json.dumps(wanted).encode())

        def _say(self, status: int, body: bytes) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # the caller may have given up
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    network.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield network
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def called(letter: Letter) -> Letter:
    """The letter, by telephone."""
    return replace(letter, channel="voice", address="+852 3000 0001", drill=True)


def _line(network: Network, timeout: float = 2.0) -> TwilioLine:
    account = TwilioAccount("AC" + "0" * 32, "t0ken", "+85230000000", network.url)
    return TwilioLine(account, timeout, queue=0.2)


def _voice(network: Network) -> TwilioVoice:
    return TwilioVoice(_line(network), "https://anling.example/", lambda one: f"{one.key}#{one.attempt}")


def _sms(network: Network) -> TwilioSms:
    return TwilioSms(_line(network), "https://anling.example", lambda letter: "tok/en")


def _conforms(path: str, form: dict[str, list[str]]) -> None:
    """Check a form against Twilio's own description: known names, all that are required, words from their lists."""
    operation = FACTS["CreateCall" if "/Calls" in path else "CreateMessage"]
    params = operation["params"]
    assert set(form) <= set(params)
    assert set(operation["required"]) <= set(form)
    for name, values in form.items():
        shape, words = params[name]
        assert shape == "array" or 1 == len(values), name
        assert shape != "enum" or set(values) <= set(words), name
        assert shape != "integer" or all(value.isdigit() for value in values), name
        assert shape != "uri" or all(urlsplit(value).scheme in ("http", "https") for value in values), name


def test_a_call_is_asked_for_as_twilio_describes_it(network: Network, called: Letter) -> None:
    """To, From, the address of what to say, the status events; no machine detection."""
    result = _voice(network).send(called)

    path, form = network.forms[0]
    token = "01ALERT00000000000000007K3M%2Fmain%2F0%2F0.1%2Fdoctor-1%2Fwebhook%2F1%231"
    assert Accepted(reference=SID, pending=True, line="twilio:0") == result
    assert f"{ACCOUNTS}/Calls.json" == path
    assert {
        "To": ["+85230000001"],
        "From": ["+85230000000"],
        "Url": [f"https://anling.example/callbacks/twilio/voice?token={token}"],
        "Method": ["POST"],
        "StatusCallback": [f"https://anling.example/callbacks/twilio/status?token={token}"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Timeout": ["30"],
    } == form
    _conforms(path, form)


def test_a_message_is_asked_for_as_twilio_describes_it(network: Network, called: Letter) -> None:
    """To, From, the words (drill first), the status address."""
    result = _sms(network).send(called)

    path, form = network.forms[0]
    assert Accepted(reference="SM" + "0" * 32, pending=True, line="twilio:0") == result
    assert ["+85230000001"] == form["To"]
    assert form["Body"][0].startswith("演练。【安铃】紧急：示例老人一")
    assert "回1" in form["Body"][0]
    assert ["https://anling.example/callbacks/twilio/status?token=tok%2Fen"] == form["StatusCallback"]
    _conforms(path, form)


def test_no_answer_is_asked_of_the_mainland(network: Network, called: Letter) -> None:
    """Twilio brings none back from there."""
    _sms(network).send(replace(called, address="0086 138 0000 0001"))

    form = network.forms[0][1]
    assert (["+8613800000001"], False) == (form["To"], "回1" in form["Body"][0])


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (400, {"code": 21211, "message": "+852300"}, FailedForGood("not a phone number", code="21211")),
        (429, {"code": 20429, "message": "x"}, FailedForNow("too many requests", code="20429")),
        (503, {"code": 20503, "message": "x"}, FailedForNow("service unavailable", code="20503")),
        (401, {"code": 20003, "message": "x"}, FailedForGood("our log-in was refused", code="20003")),
        (400, {"code": 98765, "message": "x"}, FailedForNow("an error we do not know yet", code="98765")),
        (500, b"<html>", FailedForNow("an error we do not know yet", code="500")),
        (502, b"", FailedForNow("an error we do not know yet", code="502")),
        (307, b"{}", FailedForNow("an error we do not know yet", code="307")),
    ],
)
def test_refusals_are_values(
    network: Network, called: Letter, status: int, body: Any, result: object
) -> None:
    """For now or for good; never an exception, never the number in the reason."""
    network.status = status
    network.body = body if isinstance(body, bytes) else json.dumps(body).encode()

    assert [result, result] == [_voice(network).send(called), _sms(network).send(called)]


def test_a_time_out_may_have_dialled(network: Network, called: Letter) -> None:
    """Unknown: the reconciler looks before anybody dials again."""
    network.delay = 1.0
    voice = TwilioVoice(_line(network, 0.3), "https://anling.example", lambda _: "t")

    def send() -> float:
        started = time.monotonic()
        result = voice.send(called)
        assert (True, True) == (isinstance(result, FailedForNow), getattr(result, "unknown", False))
        return time.monotonic() - started

    assert quickest(send, 0.9) < 0.9


def test_nobody_there_dialled_nothing(network: Network, called: Letter) -> None:
    """A refused connection is known not to have been sent."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        network.url = f"http://127.0.0.1:{closed.getsockname()[1]}"

    result = _voice(network).send(called)

    assert FailedForNow("no connection", code="connect") == result


def test_an_unreadable_yes_may_have_dialled(network: Network, called: Letter) -> None:
    """201 and no JSON."""
    network.body = b"<ok/>"

    result = _voice(network).send(called)

    assert FailedForNow("the answer could not be read", code="answer", unknown=True) == result


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"sid": null}'])
def test_a_yes_without_a_name_may_have_dialled(network: Network, called: Letter, body: bytes) -> None:
    """Nobody could ask what became of it: it is looked up and made again, not waited for."""
    network.body = body

    result = _voice(network).send(called)

    assert FailedForNow("the answer could not be read", code="answer", unknown=True) == result


def test_a_gateway_that_speaks_for_the_provider_is_the_providers_fault(network: Network, called: Letter) -> None:
    """An error page of whatever stands between: the line fails, and the second provider is tried."""
    network.status, network.body = 502, b"<html>Bad Gateway</html>"
    voice = _voice(network)

    results = [voice.send(called) for _ in range(3)]

    assert {True} == {result.ours for result in results if isinstance(result, FailedForNow)}
    assert voice.numbers.breaker.all_down


@pytest.mark.parametrize(("pause", "piece"), [(0.2, b" "), (0.0, b" " * 65536)])
def test_an_answer_without_an_end_holds_no_sender(called: Letter, pause: float, piece: bytes) -> None:
    """It drips, or it is endless: given up in time and at a megabyte; it may have dialled."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        network = Network()
        network.url = f"http://127.0.0.1:{door.getsockname()[1]}"
        thread = Thread(target=_drip, args=(door, piece, pause), daemon=True)
        thread.start()
        started = time.monotonic()

        result = TwilioVoice(_line(network, 0.5), "https://anling.example", lambda _: "t").send(called)

    assert (True, True) == (isinstance(result, FailedForNow), getattr(result, "unknown", False))
    assert time.monotonic() - started < 6
    thread.join(5)


def _drip(door: socket.socket, piece: bytes, pause: float) -> None:
    line, _ = door.accept()
    with line, suppress(OSError):
        line.recv(65536)
        line.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 900000000\r\n\r\n")
        for _ in range(10_000):
            line.sendall(piece)
            time.sleep(pause)


def test_the_newest_call_since_is_found(network: Network, called: Letter) -> None:
    """By To, From and time: whole seconds, as Twilio keeps them."""
    since = datetime(2026, 11, 20, 12, 0, 0, 700_000, tzinfo=UTC)
    whole = since.replace(microsecond=0)
    made = [(n, format_datetime(whole + timedelta(seconds=n))) for n in (-60, 0, 5, 3)]
    network.calls = [{"sid": f"CA{n}", "date_created": when} for n, when in [*made, ("-none", None)]]

    found = _voice(network).find("+852 3000 0001", since)

    assert "CA5" == found
    assert ("+85230000001", "+85230000000") == (network.queries[0]["To"], network.queries[0]["From"])


def test_no_call_since_is_none(network: Network, called: Letter) -> None:
    """Then dialling again is safe."""
    since = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    network.calls = [{"sid": "CA1", "date_created": format_datetime(since - timedelta(seconds=1))}]

    assert [None, None] == [_voice(network).find("+852", since), _sms(network).find("+852", since)]


def test_a_question_that_cannot_be_answered_is_no_none(network: Network) -> None:
    """Not to know is not the same as not to have called."""
    network.status, network.body = 503, b'{"code": 20503, "message": "x"}'

    with pytest.raises(Unreachable):
        _voice(network).find("+852", datetime.now(UTC))


def test_a_local_network_is_not_reached_by_a_proxy(
    network: Network, called: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy of the environment is for the real Twilio only."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    result = _voice(network).send(called)

    assert Accepted(reference=SID, pending=True, line="twilio:0") == result


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"calls": 7}'])
def test_a_list_that_cannot_be_read_is_no_none(network: Network, body: bytes) -> None:
    """Neither is an answer in another language."""
    network.status, network.body = 200, body

    with pytest.raises(Unreachable):
        _voice(network).find("+852", datetime.now(UTC))


def test_the_sdk_writes_no_numbers_into_the_log(
    network: Network, called: Letter, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the number nor the words, at any level."""
    caplog.set_level(0)

    _sms(network).send(called)

    assert not any(word in caplog.text for word in ("30000001", "示例老人一"))


def test_a_second_number_takes_over_at_once(network: Network, called: Letter) -> None:
    """P14: the carrier refuses our first caller number: the same letter goes from the second, and so do the next."""
    account = TwilioAccount("AC" + "0" * 32, "t0ken", "+85230000000, +85230000009", network.url)
    voice = TwilioVoice(TwilioLine(account, 2.0, queue=0.2), "https://anling.example", lambda _: "t")
    network.refused_from = "+85230000000"

    results = [voice.send(called), voice.send(called)]

    assert [Accepted(SID, pending=True, line="twilio:1")] * 2 == results
    assert ["+85230000000", "+85230000009", "+85230000009"] == [form["From"][0] for _, form in network.forms]
    assert {"twilio:0": "our number is marked as a nuisance caller"} == voice.numbers.breaker.down()


def test_a_second_provider_takes_over_while_the_first_is_away(network: Network, called: Letter) -> None:
    """P14: no connection to the one: the other carries the letter, and is asked first from the third failure on."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        gone = f"http://127.0.0.1:{closed.getsockname()[1]}"
    dead = TwilioVoice(TwilioLine(TwilioAccount("AC", "t", "+1", gone), 2.0), "https://anling.example", lambda _: "t")
    routes = parse_routes("*=twilio|aliyun", "ANLING_VOICE_ROUTES", [])
    routed = Routed("voice", routes, {"twilio": dead, "aliyun": _voice(network)})

    results = [routed.send(called) for _ in range(4)]

    assert {True} == {isinstance(result, Accepted) for result in results}
    assert (False, {"twilio:0": "no connection"}) == (routed.all_down, dead.numbers.breaker.down())
    assert routed.provider("+852") is not dead


def test_all_providers_down_is_known(network: Network, called: Letter) -> None:
    """P14: then the operator's screen is filled; letters are still tried."""
    network.status, network.body = 503, b'{"code": 20503, "message": "x"}'
    routed = Routed("voice", parse_routes("*=twilio", "X", []), {"twilio": _voice(network)})

    results = [routed.send(called) for _ in range(4)]

    assert (True, 4) == (routed.all_down, len(network.forms))
    assert {FailedForNow} == {type(result) for result in results}


def test_a_doubtful_call_is_looked_up_before_it_is_made(network: Network, called: Letter) -> None:
    """P16: found: no second call. Not found, or somebody else's: dialed. Nobody to ask: dialed all the same."""
    since = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    network.calls = [{"sid": "CA5", "date_created": format_datetime(since)}]

    found = _voice(network).send(replace(called, doubt=Doubt(since)))
    others = _voice(network).send(replace(called, doubt=Doubt(since, frozenset({"CA5"}))))
    told = _voice(network).send(replace(called, doubt=Doubt(since, made="CA9")))
    network.calls = []
    none = _voice(network).send(replace(called, doubt=Doubt(since)))

    assert ["CA5", SID, "CA9", SID] == [r.reference for r in (found, others, told, none) if isinstance(r, Accepted)]
    assert 2 == len(network.forms)


def test_the_status_of_a_call(network: Network) -> None:
    """For rows whose callbacks were lost."""
    network.calls = [{"sid": SID, "status": "no-answer"}]

    assert "no-answer" == _voice(network).status("+852", SID)


def test_a_ringing_call_can_be_stopped(network: Network) -> None:
    """Somebody else has it: let the others sleep."""
    network.status = 200

    _voice(network).stop("+852", SID)

    path, form = network.forms[0]
    assert (f"{ACCOUNTS}/Calls/{SID}.json", {"Status": ["canceled"]}) == (path, form)


@pytest.mark.parametrize(
    ("status", "said", "down"),
    [
        (200, {"sid": "AC0", "status": "active"}, False),
        (200, {"sid": "AC0", "status": "suspended"}, True),
        (404, {"code": 20404, "message": "no such page", "status": 404}, False),
        (401, {"code": 20003, "message": "no", "status": 401}, True),
        (503, {}, True),
    ],
)
def test_the_account_is_asked_for(network: Network, status: int, said: dict[str, Any], down: bool) -> None:
    """P14: a free question tells whether the line lives, while nobody is called."""
    network.status, network.body = status, json.dumps(said).encode()
    voice = _voice(network)

    voice.numbers.probe()

    assert down is voice.numbers.breaker.all_down
    assert down is not bool(voice.numbers.breaker.proven)
    assert [] == network.forms


@pytest.mark.parametrize("make", [TwilioVoice, TwilioSms])
def test_nobody_is_called_for_what_another_has(network: Network, called: Letter, make: Any) -> None:
    """P7: asked once more when the queue of requests is over, right before this one would leave."""
    channel = make(_line(network), "https://anling.example", lambda _: "t", look=LastLook(wanted=lambda _: False))

    assert Unwanted() == channel.send(called)
    assert [] == network.forms
    assert 0 == channel.health().failures


def test_the_switchboard_dials_through_a_local_network(network: Network, called: Letter) -> None:
    """Any number, also of the mainland: it is nobody's telephone."""
    channels: Any = build(
        ChannelSettings(
            twilio_account_sid="AC" + "0" * 32,
            twilio_auth_token="t0ken",
            twilio_from="+85230000000",
            twilio_base_url=network.url,
            public_url="http://127.0.0.1:8000",
            token=lambda _: "t",
        )
    )

    results = [channels[name].send(replace(called, address="+8613800000001")) for name in ("voice", "sms")]

    assert [True, True] == [isinstance(result, Accepted) and result.pending for result in results]
    assert [1, 1] == [channels[name].health().sent for name in ("voice", "sms")]


def test_twilios_signature_is_checked() -> None:
    """Twilio's own example: token 12345, five fields."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234",
        "From": "+14158675309", "To": "+18005551212",
    }  # fmt: skip
    good = "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    assert verify_twilio("12345", url, form, good)
    assert not verify_twilio("12345", url, form | {"Digits": "1"}, good)
    assert not verify_twilio("12345", url.replace("https", "http"), form, good)
    assert not verify_twilio("54321", url, form, good)


@pytest.mark.parametrize("signature", [None, "", "演练", "x" * 10_000])
def test_a_missing_signature_is_none(signature: str | None) -> None:
    """False, never an exception."""
    assert not verify_twilio("12345", "https://anling.example/x", {}, signature)
