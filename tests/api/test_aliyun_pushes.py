"""Aliyun's pushes at our door: a key claims, a busy line moves on, what we do not know yet is pushed again."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import aliyun, problems
from api.doors import Doors
from domain.contacts import Accepted
from homes.care_line import CareLine
from tests.town import Town

REFERENCE = "116012^1"


@pytest.fixture
def door(town: Town) -> Iterator[TestClient]:
    """The door, before a town whose telephones are carried by a provider that pushes."""
    town.phones["voice"].answer = lambda letter: Accepted(REFERENCE, pending=True)
    care = CareLine(town.ledger, town.standing, town.clock, town.tokens)
    app = FastAPI()
    settings = SimpleNamespace(aliyun_push_secret="s3cret")
    parts = SimpleNamespace(callbacks=town.callbacks, care=care, settings=settings, doorbell=town.ledger.doorbell)
    app.state.doors = Doors(cast(Any, parts))
    problems.install(app)
    app.include_router(aliyun.router)
    with TestClient(app) as client:
        yield client


def rung(town: Town) -> str:
    """An alert whose doctor's telephone rings."""
    alert = town.press()
    town.deliver()
    return alert


def push(door: TestClient, *reports: dict[str, Any], to: str = "voice", secret: str = "s3cret") -> int:
    """One push; its HTTP status."""
    return door.post(f"/callbacks/aliyun/{secret}/{to}", json=list(reports)).status_code


def test_a_key_claims(door: TestClient, town: Town) -> None:
    """The digit comes while the call goes on (300000), and again at its end: one claim."""
    alert = rung(town)
    key = {"call_id": REFERENCE, "status_code": "300000", "dtmf": "1"}

    statuses = [push(door, key), push(door, {"call_id": REFERENCE, "status_code": "200000", "dtmf": "1"})]

    assert [200, 200] == statuses
    assert "doctor-1" == town.alert(alert).tracks[0].claimant
    assert 1 == town.timeline(alert).count("claimed")


def test_an_answered_call_without_a_key_is_no_claim(door: TestClient, town: Town) -> None:
    """Voicemail listens to everything (P11); a wrong key means nothing."""
    alert = rung(town)

    wrong = {"call_id": REFERENCE, "status_code": "300000", "dtmf": "9"}
    push(door, {"call_id": REFERENCE, "status_code": "200000"}, wrong)

    assert town.alert(alert).tracks[0].claimant is None


def test_a_busy_line_goes_another_way_at_once(door: TestClient, town: Town) -> None:
    """The message follows without waiting for the plan's minute."""
    alert = rung(town)

    push(door, {"call_id": REFERENCE, "status_code": "200002"})

    assert 1 == len(town.outbox(alert_id=alert, channel="sms"))


def test_what_is_not_known_yet_is_pushed_again(door: TestClient, town: Town) -> None:
    """A report before our commit: 503, and the others of the same push are taken all the same (P22)."""
    alert = rung(town)

    status = push(door, {"call_id": "later"}, {"call_id": REFERENCE, "status_code": "300000", "dtmf": "1"})

    assert 503 == status
    assert "doctor-1" == town.alert(alert).tracks[0].claimant


def test_a_stranger_is_not_heard(door: TestClient, town: Town) -> None:
    """Without the secret in the address nothing is taken; nonsense is told what to send."""
    alert = rung(town)

    assert 403 == push(door, {"call_id": REFERENCE, "status_code": "300000", "dtmf": "1"}, secret="guess")
    assert 422 == door.post("/callbacks/aliyun/s3cret/voice", content=b"nonsense").status_code
    assert town.alert(alert).tracks[0].claimant is None


def test_a_text_message_that_comes_back_claims(door: TestClient, town: Town) -> None:
    """Aliyun writes numbers without +86; a code of ours and "1" claim."""
    alert = rung(town)
    reply = {"phone_number": "+85230000001", "content": "1", "sign_name": "安铃"}

    assert 200 == push(door, reply, to="sms")
    assert "doctor-1" == town.alert(alert).tracks[0].claimant
