"""The signed webhook, against a real web server."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from channels.exchange import Exchange
from channels.signature import verify
from channels.webhook import Webhook
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Purpose, Result

WALL = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def send(door: Any) -> Callable[[Letter], Result]:
    """Send to the door and hang up."""

    def sending(letter: Letter) -> Result:
        webhook = Webhook(["ours", "older"], Exchange(), lambda: WALL)
        result = webhook.send(replace(letter, address=door.url))
        webhook.close()
        return result

    return sending


def test_the_body_is_the_public_contract(door: Any, letter: Letter, send: Any) -> None:
    """Exact names of wire.md section 5."""
    send(replace(letter, residents=(), access={}, medical=()))

    assert {
        "type": "contact",
        "key": letter.key,
        "alert": {
            "id": "01ALERT00000000000000007K3M",
            "home": letter.home,
            "kind": "sos",
            "severity": "urgent",
            "track": "main",
            "raised_at": "2026-11-20T12:00:00Z",
        },
        "responder": {"id": "doctor-1", "name": "家庭医生一"},
        "role": "family_doctor",
        "attempt": 1,
        "drill": False,
        "ack_url": "http://127.0.0.1:8000/a/token",
        "sent_at": "2026-11-20T12:00:00Z",
    } == door.seen[0].json


def test_it_is_signed_over_the_bytes_that_arrive(door: Any, letter: Letter, send: Any) -> None:
    """By the first of our secrets, with the wall clock's time, which the receiver compares with its own."""
    send(letter)

    seen = door.seen[0]
    stamp, signature = seen.headers["X-Anling-Timestamp"], seen.headers["X-Anling-Signature"]
    assert verify(["ours"], stamp, signature, seen.body, WALL)


def test_a_contacts_own_secret_wins(door: Any, letter: Letter, send: Any) -> None:
    """Each receiver may have its own."""
    send(replace(letter, secret="theirs"))

    seen = door.seen[0]
    stamp, signature = seen.headers["X-Anling-Timestamp"], seen.headers["X-Anling-Signature"]
    assert verify(["theirs"], stamp, signature, seen.body, WALL)


def test_without_any_secret_the_letter_still_goes(door: Any, letter: Letter) -> None:
    """Unsigned is better than unsent."""
    webhook = Webhook()

    result = webhook.send(replace(letter, address=door.url))

    webhook.close()
    assert Accepted() == result
    assert "X-Anling-Signature" not in door.seen[0].headers


def test_names_travel_only_in_letters_that_carry_them(door: Any, letter: Letter, send: Any) -> None:
    """Residents, the way in and the medical card: what the letter has, no more."""
    send(letter)
    send(replace(letter, residents=(), access={}, medical=()))

    carried = [set(seen.json["alert"]) & {"residents", "access", "medical"} for seen in door.seen]
    assert [{"residents", "access", "medical"}, set()] == carried


def test_an_unregistered_device_has_no_home(door: Any, letter: Letter, send: Any) -> None:
    """The subject of such an alert is the device."""
    send(replace(letter, home=None, device="dev-9"))

    alert = door.seen[0].json["alert"]
    assert (None, {"id": "dev-9"}) == (alert["home"], alert["device"])


def test_a_drill_is_marked(door: Any, letter: Letter, send: Any) -> None:
    """The receiver can tell (invariant 15)."""
    send(replace(letter, drill=True))

    assert door.seen[0].json["drill"] is True


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_type_is_the_purpose(door: Any, letter: Letter, send: Any, purpose: Purpose) -> None:
    """contact, update, inform, stand_down."""
    send(replace(letter, purpose=purpose, about={"event": "claimed", "name": "王医生"}))

    assert (purpose.value, "王医生") == (door.seen[0].json["type"], door.seen[0].json["about"]["name"])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Accepted),
        (201, Accepted),
        (204, Accepted),
        (301, FailedForGood),
        (400, FailedForGood),
        (401, FailedForGood),
        (404, FailedForGood),
        (408, FailedForGood),  # "other 4xx = failed for good"
        (410, FailedForGood),
        (429, FailedForNow),
        (500, FailedForNow),
        (501, FailedForNow),
        (503, FailedForNow),
        (599, FailedForNow),
    ],
)
def test_what_each_status_means(door: Any, letter: Letter, send: Any, status: int, kind: type) -> None:
    """2xx accepted, 429 and 5xx for now, the rest for good."""
    door.answer(status)

    result = send(letter)

    assert kind is type(result)


def test_a_throttled_receiver_says_when(door: Any, letter: Letter, send: Any) -> None:
    """``Retry-After`` is handed on."""
    door.answer(429, Retry_After="12")

    result = send(letter)

    assert FailedForNow("http 429", code="429", retry_after=12.0) == result


@pytest.mark.parametrize(
    ("body", "claimed_by"),
    [
        (b'{"ack":"claim","responder":"doctor-2"}', "doctor-2"),
        (b'{"ack":"claim","responder":" doctor-2 "}', "doctor-2"),
        (b'{"ack":"claim"}', None),  # a claim by nobody would silence the ladder
        (b'{"ack":"claim","responder":""}', None),
        (b'{"ack":"claim","responder":7}', None),
        (b'{"ack":"claimed","responder":"doctor-2"}', None),
        (b'{"responder":"doctor-2"}', None),
        (b'["claim"]', None),
        (b"claim", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b'{"ack":"claim","responder":"x"', None),
    ],
)
def test_an_answer_may_claim(
    door: Any, letter: Letter, send: Any, body: bytes, claimed_by: str | None
) -> None:
    """Only a whole one that names a person; anything else in a 2xx is plain acceptance."""
    door.answer(200, body)

    result = send(letter)

    assert Accepted(claimed_by=claimed_by) == result


def test_odd_values_do_not_stop_a_letter(door: Any, letter: Letter, send: Any) -> None:
    """Read-only mappings, sets, half characters, huge numbers: written as well as JSON can."""
    odd: Any = MappingProxyType({"lift": {3, 1}, "gate": "\ud83d", "n": 2**80, 5: letter})

    result = send(replace(letter, access=odd, home=MappingProxyType(dict(letter.home or {}))))

    assert Accepted() == result
    assert [1, 3] == door.seen[0].json["alert"]["access"]["lift"]


def test_health_tells_how_it_goes(door: Any, letter: Letter) -> None:
    """Failures in a row, the last reason, the times; a success starts anew."""
    webhook = Webhook(["s"])
    readings = []
    for status in (500, 404, 200):
        door.answer(status)
        webhook.send(replace(letter, address=door.url))
        readings.append((webhook.health().failures, webhook.health().reason))

    webhook.close()
    assert [(1, "http 500"), (2, "http 404"), (0, "http 404")] == readings
    assert webhook.health().last_ok is not None
    assert (3, "webhook") == (webhook.health().sent, webhook.name)


def test_a_fault_of_ours_is_a_value(letter: Letter) -> None:
    """One bad letter must not stop the sender of the next (P5), nor put a name into the log."""
    result = Webhook(["s"]).send(replace(letter, sent_at=None, address=None))  # type: ignore[arg-type]

    assert FailedForNow("fault in the channel", code="AttributeError", unknown=True) == result
