"""The phone network's API, asked by Twilio's own client and held against Twilio's published description."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonschema
import pytest
import urllib3
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped, unused-ignore]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped, unused-ignore]
from twilio.rest import Client  # type: ignore[import-untyped, unused-ignore]

from simulators import twilio_params
from simulators.running import running
from simulators.stage import Settings, Stage
from simulators.twilio_params import Param
from simulators.world import build, read_world

HERE = Path(__file__).resolve().parent
FACTS = json.loads((HERE / "twilio_facts.json").read_text("utf-8"))
SPEC = HERE.parents[2] / "shared" / "twilio" / "twilio_api_v2010.min.json"
TO, FROM = "+85230000001", "+85230000009"
TABLES: Mapping[str, Mapping[str, Param]] = {
    "CreateCall": twilio_params.CREATE_CALL,
    "UpdateCall": twilio_params.UPDATE_CALL,
    "ListCall": twilio_params.LIST_CALLS,
    "CreateMessage": twilio_params.CREATE_MESSAGE,
    "ListMessage": twilio_params.LIST_MESSAGES,
}
HANGUP = "<Response><Hangup/></Response>"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Network:
    """A running phone network and Twilio's client for it."""

    url: str
    stage: Stage
    client: Client

    def call(self, **more: Any) -> Any:
        """Place a call that only hangs up."""
        return self.client.calls.create(**{"to": TO, "from_": FROM, "twiml": HANGUP} | more)


def client(url: str, sid: str, token: str) -> Client:
    """Return Twilio's client, pointed at ``url``."""
    made = Client(sid, token, http_client=TwilioHttpClient(timeout=8, pool_connections=False))
    made.api.base_url = url
    return made


@pytest.fixture
def network() -> Iterator[Network]:
    """A phone network at a hundredth of real time."""
    stage = read_world({"time_scale": 0.01}, Settings())
    with running(build(stage)) as url:
        settings = stage.settings
        yield Network(url, stage, client(url, settings.twilio_sid, settings.twilio_token))


def facts_from(spec: dict[str, Any]) -> dict[str, Any]:
    """Return what we rely on of Twilio's OpenAPI: parameters with shapes, and the two resources."""
    schemas = spec["components"]["schemas"]
    operations = {}
    for path in spec["paths"].values():
        for method in ("get", "post"):
            operation = path.get(method)
            if operation and operation["operationId"] in TABLES:
                operations[operation["operationId"]] = _operation(operation, schemas)
    resources = {
        name: _resource(schemas[f"api.v2010.account.{name}"], schemas) for name in ("call", "message")
    }
    return {"operations": operations, "resources": resources}


def _operation(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        rows, required = schema["properties"], schema.get("required", [])
    else:
        rows = {row["name"]: row["schema"] for row in operation["parameters"] if row["in"] == "query"}
        required = []
    return {
        "required": sorted(required),
        "params": {name: _shape(row, schemas) for name, row in rows.items()},
    }


def _shape(row: dict[str, Any], schemas: dict[str, Any]) -> list[Any]:
    row = schemas[row["$ref"].rsplit("/", 1)[1]] if "$ref" in row else row
    if "enum" in row:
        return ["enum", sorted(row["enum"])]
    if "pattern" in row:
        return ["sid", [row["pattern"][1:3]]]
    known = ("uri", "endpoint", "phone-number", "date-time")
    return [row["format"] if row.get("format") in known else row["type"], []]


def _resource(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON schema with only types, patterns and enums; nullable written the JSON schema way."""
    properties = {}
    for name, row in schema["properties"].items():
        row = schemas[row["$ref"].rsplit("/", 1)[1]] if "$ref" in row else row
        kind = [row["type"], "null"] if row.get("nullable") else row["type"]
        properties[name] = {"type": kind} | {key: row[key] for key in ("pattern", "enum") if key in row}
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


@pytest.mark.skipif(not SPEC.exists(), reason="Twilio's description is not beside this repository")
def test_the_facts_are_twilios() -> None:
    """The small copy of facts in this folder is what Twilio's OpenAPI says."""
    facts = facts_from(json.loads(SPEC.read_text("utf-8")))

    assert facts == FACTS


@pytest.mark.parametrize("name", list(TABLES))
def test_the_table_of_parameters_is_twilios(name: str) -> None:
    """Every parameter of the API is in our table with the same shape, and no other."""
    table = {key: [param.kind, sorted(param.words)] for key, param in TABLES[name].items()}
    required = sorted(key for key, param in TABLES[name].items() if param.required)

    assert FACTS["operations"][name] == {"required": required, "params": table}


def test_our_answers_have_twilios_shape(network: Network) -> None:
    """Calls and messages, as created and as listed, fit Twilio's schema."""
    sid = network.call().sid
    message = network.client.messages.create(to=TO, from_=FROM, body="演练：请回复 1").sid
    for resource, item in (("call", f"Calls/{sid}"), ("message", f"Messages/{message}")):
        status, shown = ask(network, f"{item}.json")
        _, listed = ask(network, f"{resource.title()}s.json")

        assert status == 200
        for one in (shown, *listed[f"{resource}s"]):
            jsonschema.validate(one, FACTS["resources"][resource])


def ask(network: Network, path: str, token: str | None = None) -> tuple[int, Any]:
    """GET something of the account with HTTP Basic credentials."""
    settings = network.stage.settings
    headers = urllib3.make_headers(basic_auth=f"{settings.twilio_sid}:{token or settings.twilio_token}")
    url = f"{network.url}/2010-04-01/Accounts/{settings.twilio_sid}/{path}"
    answer = urllib3.request("GET", url, headers=headers)
    return answer.status, answer.json()


def test_a_wrong_token_is_refused_in_twilios_words(network: Network) -> None:
    """Without the right credentials nothing is shown: 401 and the error 20003."""
    status, error = ask(network, "Calls.json", token="guess")

    assert (status, error["code"], error["status"]) == (401, 20003, 401)
    assert {"code", "message", "more_info", "status"} == set(error)


def test_a_readiness_probe_finds_its_account(network: Network) -> None:
    """The account itself can be fetched, as a cheap question whether the provider is there."""
    account = network.client.api.v2010.accounts(network.stage.settings.twilio_sid).fetch()

    assert account.status == "active"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"to": ""}, 21201),
        ({"from_": ""}, 21213),
        ({"to": "12"}, 21211),  # no plus sign, too short
        ({"from_": "street"}, 21212),
        ({"twiml": "", "url": "ftp://example.invalid/x"}, 21205),
        ({"twiml": ""}, 21205),  # neither words nor an address
        ({"status_callback": "/relative"}, 21609),
        ({"status_callback_event": ["answered", "hung-up"]}, 21626),
        ({"timeout": "soon"}, 21208),
        ({"method": "PUT"}, 20001),
    ],
)
def test_a_call_that_twilio_would_refuse_is_refused(
    network: Network, asked: dict[str, Any], code: int
) -> None:
    """A wrong parameter gives 400 with Twilio's code, and nobody's telephone rings (P15)."""
    with pytest.raises(TwilioRestException) as refused:
        network.call(**asked)

    assert (400, code) == (refused.value.status, refused.value.code)
    assert network.stage.journal.contacts() == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"to": ""}, 21604),
        ({"from_": ""}, 21603),
        ({"body": ""}, 21602),
        ({"body": "长" * 1601}, 21617),
    ],
)
def test_a_message_that_twilio_would_refuse_is_refused(
    network: Network, asked: dict[str, Any], code: int
) -> None:
    """A message without a receiver, a sender or words, or with too many words, is not sent."""
    with pytest.raises(TwilioRestException) as refused:
        network.client.messages.create(**{"to": TO, "from_": FROM, "body": "1"} | asked)

    assert (400, code) == (refused.value.status, refused.value.code)


def test_an_unknown_parameter_is_written_down(network: Network) -> None:
    """Twilio ignores a misspelt parameter without a word; here the log shows it."""
    settings = network.stage.settings
    headers = urllib3.make_headers(basic_auth=f"{settings.twilio_sid}:{settings.twilio_token}")
    url = f"{network.url}/2010-04-01/Accounts/{settings.twilio_sid}/Calls.json"
    fields = {"To": TO, "From": FROM, "Twiml": HANGUP, "StatusCallbackEvents": "answered"}
    answer = urllib3.request("POST", url, headers=headers | FORM, body=urlencode(fields))

    assert answer.status == 201
    assert "StatusCallbackEvents" in network.stage.journal.errors()[0]["message"]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(429, 429, 20429), (503, 503, 20503), (21211, 400, 21211), (21215, 400, 21215)],
)
def test_a_carrier_can_refuse(network: Network, fault: int, status: int, code: int) -> None:
    """A behaviour makes the carrier fail once; the next call in turn goes through (P15)."""
    network.stage.people.teach(TO, [{"api_error": fault}, {}])

    with pytest.raises(TwilioRestException) as refused:
        network.call()
    assert (status, code) == (refused.value.status, refused.value.code)
    assert network.call().status == "queued"


def test_a_carrier_has_a_limit(network: Network) -> None:
    """Beyond the agreed calls per second the answer is 429 (P13)."""
    network.stage.change({"calls_per_second": 2})
    answers = []
    for _ in range(8):
        try:
            answers.append(network.call().status)
        except TwilioRestException as error:
            answers.append(error.status)

    assert {"queued", 429} == set(answers)


def test_calls_are_found_again(network: Network) -> None:
    """After an unknown outcome the product finds the call by number, time and status (P12, P16)."""
    before = datetime.now(UTC) - timedelta(seconds=5)
    network.stage.people.teach("+85230000002", {"answers": "busy"})
    mine, other = network.call(), network.call(to="+85230000002")
    calls = network.client.calls

    assert [mine.sid] == [call.sid for call in calls.list(to=TO, from_=FROM, start_time_after=before)]
    assert calls.list(to=TO, start_time_after=datetime.now(UTC) + timedelta(minutes=1)) == []
    assert calls.list(to=TO, start_time_before=before) == []
    assert {mine.sid, other.sid} == {call.sid for call in calls.list()}


def test_lists_come_in_pages(network: Network) -> None:
    """The client walks through pages, newest first, each call once."""
    sids = [network.call().sid for _ in range(5)]

    assert sids[::-1] == [call.sid for call in network.client.calls.list(page_size=2)]


def test_an_unknown_call_is_404(network: Network) -> None:
    """Asking for a call that never was gives 20404."""
    with pytest.raises(TwilioRestException) as refused:
        network.client.calls("CA" + "0" * 32).fetch()

    assert (refused.value.status, refused.value.code) == (404, 20404)


def test_a_slow_api_has_done_its_work(network: Network) -> None:
    """When the answer comes too late for the client, the call exists all the same."""
    network.stage.people.teach(TO, {"api_slow": 200})
    hasty = client(network.url, network.stage.settings.twilio_sid, network.stage.settings.twilio_token)
    hasty.http_client = TwilioHttpClient(timeout=0.3, pool_connections=False)
    with pytest.raises(Exception, match=r"[Tt]imed out"):
        hasty.calls.create(to=TO, from_=FROM, twiml=HANGUP)

    assert len(network.client.calls.list(to=TO)) == 1


def test_sids_look_like_twilios(network: Network) -> None:
    """A call is CA and 32 hex digits, a message SM and 32."""
    message = network.client.messages.create(to=TO, from_=FROM, body="1")

    assert re.fullmatch("CA[0-9a-f]{32}", network.call().sid)
    assert re.fullmatch("SM[0-9a-f]{32}", message.sid)
