"""Mainland voice and text, against a stand-in that reads requests with the SDK's own models."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from channels.aliyun import SMS_BUDGET, VOICE_BUDGET, AliyunSms, AliyunVoice, Budget, out_id
from channels.aliyun_codes import FOR_GOOD, FOR_NOW, OURS, call_word, classify
from channels.aliyun_line import AliyunAccount, AliyunLine
from channels.aliyun_templates import Templates, read_templates
from channels.last_look import LastLook
from channels.routes import parse_routes
from channels.telephones import Routed
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Purpose, Unwanted
from domain.errors import Unreachable

# the SDK's own modules use what Python is about to drop
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
EXAMPLE = Path(__file__).parents[2] / "docs/aliyun.example.toml"


class StandIn:
    """Aliyun on this machine: notes what was asked, answers as told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.answer: dict[str, Any] = {"Code": "OK", "CallId": "116012^1", "BizId": "9006195"}
        self.status = 200
        #: said in place of the answer
        self.raw: bytes | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                asked = dict(parse_qsl(urlsplit(self.path).query)) | dict(parse_qsl(body))
                outer.asked.append(asked | {"Action": self.headers.get("x-acs-action") or asked.get("Action", "")})
                said = json.dumps(outer.answer).encode() if outer.raw is None else outer.raw
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def aliyun() -> Iterator[StandIn]:
    """The stand-in."""
    made = StandIn()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def templates() -> Templates:
    """Those of the example file."""
    problems: list[str] = []
    read = read_templates(EXAMPLE, problems)
    assert [] == problems
    assert read is not None
    return read


@pytest.fixture
def lines(aliyun: StandIn, templates: Templates) -> Callable[[str], AliyunLine]:
    """Lines to the stand-in."""
    account = AliyunAccount("id", "secret", "02100000000", templates, aliyun.url)
    return lambda kind: AliyunLine(account, kind)


@pytest.fixture
def mainland(letter: Letter) -> Letter:
    """The letter, to a mainland telephone."""
    return replace(letter, address="+8613800000001", channel="voice")


def test_a_call_asks_for_a_key(aliyun: StandIn, lines: Any, mainland: Letter) -> None:
    """IvrCall with the approved template, our variables, both keys, and a name for the attempt of at most 15 bytes."""
    from alibabacloud_dyvmsapi20170525.models import IvrCallRequest

    result = AliyunVoice(lines("voice"), Budget(VOICE_BUDGET)).send(replace(mainland, digit="7"))

    asked = aliyun.asked[0]
    request = IvrCallRequest().from_map(asked)
    assert Accepted("116012^1", pending=True, line="aliyun:voice") == result
    assert ("13800000001", "02100000000", "TTS_000000001") == (
        request.called_number, request.called_show_number, request.start_code)  # fmt: skip
    variables = json.loads(request.start_tts_params)
    assert ("7", "示例路100弄5号602室") == (variables["digit"], variables["where"][:13])
    assert {"7", "2"} == {value for name, value in asked.items() if name.endswith(".Key")}
    assert 15 == len(request.out_id)
    assert request.out_id == out_id(mainland)


def test_a_message_by_template(aliyun: StandIn, lines: Any, mainland: Letter) -> None:
    """SendSms with the signature; the code to answer with is a variable."""
    from alibabacloud_dysmsapi20170525.models import SendSmsRequest

    result = AliyunSms(lines("sms"), Budget(SMS_BUDGET)).send(replace(mainland, channel="sms"))

    request = SendSmsRequest().from_map(aliyun.asked[0])
    assert Accepted("9006195", pending=True, line="aliyun:sms") == result
    assert ("安铃", "SMS_000000001") == (request.sign_name, request.template_code)
    assert "7K3M" == json.loads(request.template_param)["code"]


def test_a_drill_says_so_though_the_template_is_fixed(aliyun: StandIn, lines: Any, mainland: Letter) -> None:
    """The first variable begins with the word drill (invariant 15)."""
    AliyunSms(lines("sms"), Budget(SMS_BUDGET)).send(replace(mainland, drill=True))

    assert json.loads(aliyun.asked[0]["TemplateParam"])["severity"].startswith("演练")


@pytest.mark.parametrize(
    ("code", "kind", "ours"),
    [
        *((code, FailedForNow, None) for code in FOR_NOW),
        *((code, FailedForGood, False) for code in FOR_GOOD),
        *((code, FailedForGood, True) for code in OURS),
        ("isv.SOMETHING_NEW", FailedForNow, False),
        (None, FailedForNow, False),
    ],
)
def test_each_code_is_for_now_or_for_good(code: str | None, kind: type, ours: bool | None) -> None:
    """Known ones by the table; an unknown one may work another time, and is loud (P15)."""
    result = classify(code)

    assert isinstance(result, kind)
    assert ours in (None, result.ours)


def test_a_refusal_with_http_200_is_a_refusal(aliyun: StandIn, lines: Any, mainland: Letter) -> None:
    """Business errors come as HTTP 200 and raise nothing; only Code counts."""
    aliyun.answer = {"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "13800000001 is wrong"}

    result = AliyunVoice(lines("voice"), Budget(VOICE_BUDGET)).send(mainland)

    assert FailedForGood("not a telephone number", code="isv.MOBILE_NUMBER_ILLEGAL") == result
    assert "13800000001" not in str(result)


def test_a_broken_line_is_for_now(lines: Any, mainland: Letter, templates: Templates) -> None:
    """Nobody there: another way, and the line rests after some failures."""
    line = AliyunLine(AliyunAccount("id", "secret", "021", templates, "http://127.0.0.1:9"), "voice")

    result = AliyunVoice(line, Budget(VOICE_BUDGET)).send(mainland)

    assert isinstance(result, FailedForNow)


@pytest.mark.parametrize("said", [b"", b"null", b"<html>", b'{"RequestId": "1"}'])
def test_a_yes_that_cannot_be_read_may_have_dialled(
    aliyun: StandIn, lines: Any, mainland: Letter, said: bytes
) -> None:
    """HTTP 200 without a Code: the line is at fault, and the call may ring."""
    aliyun.raw = said

    result = AliyunVoice(lines("voice"), Budget(VOICE_BUDGET)).send(mainland)

    assert (True, True) == (getattr(result, "unknown", None), getattr(result, "ours", None))


def test_an_answer_that_drips_holds_no_sender(mainland: Letter, templates: Templates) -> None:
    """The SDK would wait for every byte anew; we wait so long and no longer."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        account = AliyunAccount("id", "secret", "021", templates, f"http://127.0.0.1:{door.getsockname()[1]}")
        line = AliyunLine(account, "voice", seconds=1.5)

        result = AliyunVoice(line, Budget(VOICE_BUDGET)).send(mainland)

    assert FailedForNow("no answer in time", code="TimeoutError", unknown=True) == result


def test_a_number_gets_its_share_and_no_more(aliyun: StandIn, lines: Any, mainland: Letter) -> None:
    """One call a minute, five an hour, twenty a day; beyond that the next way is tried, another person still rings."""
    now = [0.0]
    voice = AliyunVoice(lines("voice"), Budget(VOICE_BUDGET, lambda: now[0]))
    first, second = voice.send(mainland), voice.send(mainland)
    other = voice.send(replace(mainland, address="+8613800000002"))
    taken = 1
    for minute in range(1, 24 * 60):
        now[0] = minute * 60.0 + 1
        taken += isinstance(voice.send(mainland), Accepted)

    assert (True, True) == (isinstance(first, Accepted), isinstance(other, Accepted))
    assert FailedForNow("this number has had its share", code="budget", retry_after=60.0) == second
    assert 20 == taken


def test_other_countries_are_not_carried(lines: Any, letter: Letter) -> None:
    """Aliyun's voice reaches the mainland only."""
    result = AliyunVoice(lines("voice"), Budget(VOICE_BUDGET)).send(replace(letter, address="+85230000001"))

    assert FailedForGood("not a mainland number", code="address") == result


def test_the_route_leads_there(aliyun: StandIn, lines: Any, mainland: Letter) -> None:
    """``+86=aliyun`` carries mainland numbers; what the number has had too much of fails for now."""
    voice = AliyunVoice(lines("voice"), Budget(VOICE_BUDGET))
    routed = Routed("voice", parse_routes("+86=aliyun", "ANLING_VOICE_ROUTES", []), {"aliyun": voice})

    assert isinstance(routed.send(mainland), Accepted)
    assert "budget" == getattr(routed.send(mainland), "code", None)
    assert {} == routed.down()


def test_a_call_can_be_asked_about(aliyun: StandIn, lines: Any) -> None:
    """The reconciler's question: the detail is JSON inside JSON."""
    aliyun.answer = {"Code": "OK", "Data": json.dumps({"state": "200002"})}

    assert "busy" == AliyunVoice(lines("voice"), Budget(VOICE_BUDGET)).status("+86138", "116012^1")
    assert "11000000300005" == aliyun.asked[0]["ProdId"]


@pytest.mark.parametrize("data", [None, "{}", "[]", json.dumps({"state": ""})])
def test_what_is_not_known_yet_is_asked_again(aliyun: StandIn, lines: Any, data: str | None) -> None:
    """The details of a call come minutes after its end; an empty answer says nothing about the person."""
    aliyun.answer = {"Code": "OK", "Data": data}

    with pytest.raises(Unreachable):
        AliyunVoice(lines("voice"), Budget(VOICE_BUDGET)).status("+86138", "116012^1")


def test_a_share_that_the_provider_counts_is_not_waited_for(aliyun: StandIn, lines: Any, mainland: Letter) -> None:
    """Aliyun's own refusal of a number says when: the plan goes on at once, as with our own count."""
    aliyun.answer = {"Code": "isv.BUSINESS_LIMIT_CONTROL"}

    result = AliyunVoice(lines("voice"), Budget(VOICE_BUDGET)).send(mainland)

    assert 60.0 == getattr(result, "retry_after", None)


def test_the_second_provider_is_asked_about_its_own_call(aliyun: StandIn, lines: Any) -> None:
    """A call made while the first was down: the first does not know it, the second does."""

    class Lost(AliyunVoice):
        def status(self, to: str, reference: str) -> str:
            raise Unreachable("never heard of it")

    aliyun.answer = {"Code": "OK", "Data": json.dumps({"state": "200002"})}
    carriers = {"twilio": Lost(lines("voice"), Budget(VOICE_BUDGET)), "aliyun": AliyunVoice(lines("voice"), Budget(()))}
    routed = Routed("voice", parse_routes("+86=twilio|aliyun", "ANLING_VOICE_ROUTES", []), carriers)

    assert "busy" == routed.status("+8613800000001", "116012^1")


def test_what_others_spent_counts_too(aliyun: StandIn, lines: Any, mainland: Letter) -> None:
    """The ledger knows the calls of before a restart and of other processes; the stricter of the two holds."""
    known = {"+8613800000001": [30.0], "+8613800000002": [61.0, 400.0, 900.0, 1000.0, 3500.0]}
    look = LastLook(spent=lambda letter: known.get(letter.address, ()))
    voice = AliyunVoice(lines("voice"), Budget(VOICE_BUDGET), look=look)

    waits = [getattr(voice.send(replace(mainland, address=n)), "retry_after", None) for n in (*known, "+8613800000003")]

    assert [30.0, 100.0, None] == waits
    assert 1 == len(aliyun.asked)


def test_nobody_is_called_for_what_another_has(aliyun: StandIn, lines: Any, mainland: Letter) -> None:
    """P7: looked at once more right before the dial; nothing is spent on it."""
    budget = Budget(VOICE_BUDGET)

    result = AliyunVoice(lines("voice"), budget, look=LastLook(wanted=lambda _: False)).send(mainland)

    assert Unwanted() == result
    assert [] == aliyun.asked
    assert budget.take("+8613800000001") is None


@pytest.mark.parametrize(
    ("code", "word"),
    [("200000", "completed"), ("200002", "busy"), ("200101", "ringing"), ("299999", "no-answer"),
     ("200008", "completed"), ("200103", "in-progress"), ("200004", "failed"), ("200100", "completed")],
)
def test_ends_of_calls_in_everybodys_words(code: str, word: str) -> None:
    """An unknown end is no claim."""
    assert word == call_word(code)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sign =", "cannot be read"),
        ('[voice.contact]\ncode = "T"\nvariables = {a = "mood"}', "variables mood; write some of who"),
        ('[voice.contact]\nvariables = {a = "who"}', "code is missing"),
        ('[voice.hello]\ncode = "T"', "write one of contact"),
        ('[voice.update]\ncode = "T"', "contact is missing"),
        ('[voice.contact]\ncode = "T"', "after_key"),
        ('[sms.contact]\ncode = "T"', "sign is missing"),
    ],
)
def test_a_wrong_template_file_says_what_to_write(text: str, told: str, tmp_path: Path) -> None:
    """At the start, not at three in the morning."""
    (tmp_path / "t.toml").write_text(text)
    problems: list[str] = []

    assert read_templates(tmp_path / "t.toml", problems) is None
    assert any(told in problem for problem in problems)


def test_a_purpose_without_a_template_goes_another_way(lines: Any, mainland: Letter) -> None:
    """Nothing is said that was not approved."""
    result = AliyunVoice(lines("voice"), Budget(VOICE_BUDGET)).send(replace(mainland, purpose=Purpose.INFORM))

    assert FailedForGood("no approved template for inform", code="template") == result
