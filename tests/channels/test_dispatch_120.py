"""The 120 desk, against a real web server; and what its callbacks mean."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.dispatch_120 import STATUSES, DeskStatus, Dispatch120, desk_status
from channels.signature import verify
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Purpose
from domain.errors import Refused

WALL = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)


def _send(door: Any, letter: Letter) -> Any:
    desk = Dispatch120(["s3cret"], ["+862160000000"], wall=lambda: WALL)
    result = desk.send(replace(letter, address=door.url, role="dispatch_120", channel="dispatch_120"))
    desk.close()
    return result


def test_the_crew_gets_what_it_needs(door: Any, letter: Letter) -> None:
    """Incident, person, address and access, location with datum, medical summary, timeline; signed."""
    door.answer(200, {"result": "accepted", "case": "120-7"})

    result = _send(door, replace(letter, timeline=({"at": letter.raised_at, "type": "raised"},)))

    seen = door.seen[0]
    assert Accepted(reference="120-7") == result
    assert {
        "kind": "sos", "severity": "urgent", "raised_at": "2026-11-20T12:00:00Z",
        "call_back_numbers": ["+862160000000", "+862150000001"],
    } == seen.json["incident"]  # fmt: skip
    assert "示例老人一" == seen.json["person"]["name"]
    assert ("示例路100弄5号602室", 6) == (seen.json["address"]["text"], seen.json["access"]["floor"])
    assert ("南门", True, False, "2580#") == tuple(
        seen.json["access"][key] for key in ("gate", "lift", "lift_fits_stretcher", "door_code")
    )
    assert {"lat": 31.2204, "lon": 121.4237, "crs": "WGS84", "datum": "WGS84"} == seen.json["location"]
    assert ["华法林"] == seen.json["medical"][0]["medicines"]
    assert [{"at": "2026-11-20T12:00:00Z", "type": "raised"}] == seen.json["timeline"]
    assert verify(
        "s3cret", seen.headers["X-Anling-Timestamp"], seen.headers["X-Anling-Signature"], seen.body, WALL
    )


def test_the_envelope_is_the_webhooks(door: Any, letter: Letter) -> None:
    """The same fields, so that one receiver can read both."""
    _send(door, letter)

    fields = {"type", "key", "alert", "responder", "role", "attempt", "drill", "ack_url", "sent_at"}
    assert fields <= set(door.seen[0].json)


@pytest.mark.parametrize(
    ("purpose", "case", "type"),
    [
        (Purpose.CONTACT, None, "contact"),
        (Purpose.CONTACT, "120-7", "update"),  # a repeat to an open case
        (Purpose.UPDATE, "120-7", "update"),
        (Purpose.UPDATE, None, "contact"),  # the desk does not know it yet
        (Purpose.INFORM, "120-7", "inform"),
        (Purpose.STAND_DOWN, "120-7", "stand_down"),
    ],
)
def test_repeats_are_updates_of_the_case(
    door: Any, letter: Letter, purpose: Purpose, case: str | None, type: str
) -> None:
    """An open case is never opened twice."""
    _send(door, replace(letter, purpose=purpose, case=case))

    assert (type, case) == (door.seen[0].json["type"], door.seen[0].json["case"])


@pytest.mark.parametrize("reason", ["address", "type", "too_old", "other"])
def test_a_rejection_names_its_reason(door: Any, letter: Letter, reason: str) -> None:
    """For good, with the reason, so that somebody telephones instead."""
    door.answer(200, {"result": "rejected", "reason": reason})

    result = _send(door, letter)

    assert FailedForGood(f"rejected: {reason}", code=reason) == result


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (200, {"result": "rejected", "reason": "moon"}, FailedForGood("rejected: other", code="other")),
        (200, {"result": "rejected"}, FailedForGood("rejected: other", code="other")),
        (422, {"result": "rejected", "reason": "type"}, FailedForGood("rejected: type", code="type")),
        (200, {"result": "accepted", "case": 7}, Accepted(reference="7")),
        (200, {"result": "accepted"}, Accepted(note="accepted without a case number")),
        (200, b"thanks", Accepted(note="the desk's answer was not understood")),
        (500, {"result": "accepted", "case": "7"}, FailedForNow("http 500", code="500")),
        (403, b"", FailedForGood("http 403", code="403")),
    ],
)
def test_every_answer_means_something(
    door: Any, letter: Letter, status: int, body: Any, result: object
) -> None:
    """Accepted is delivery, never a claim."""
    door.answer(status, body)

    assert result == _send(door, letter)


def test_a_drill_is_marked(door: Any, letter: Letter) -> None:
    """In the envelope; that it only goes to drill addresses is decided before."""
    _send(door, replace(letter, drill=True))

    assert door.seen[0].json["drill"] is True


def test_an_unknown_home_is_reported_all_the_same(door: Any, letter: Letter) -> None:
    """The device is all we know."""
    door.answer(200, {"result": "accepted", "case": "1"})

    result = _send(door, replace(letter, home=None, device="dev-9", residents=(), access={}, medical=()))

    assert Accepted(reference="1") == result
    assert (None, None, {"id": "dev-9"}) == (
        door.seen[0].json["address"], door.seen[0].json["location"], door.seen[0].json["alert"]["device"],
    )  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_is_read(status: str) -> None:
    """All eight of the contract."""
    body = f'{{"case":"120-7","status":"{status}","at":"2026-11-20T12:00:00Z","by":"A12","note":"两人"}}'

    said = desk_status(body.encode())

    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert DeskStatus("120-7", status, at, "A12", "两人") == said


@pytest.mark.parametrize(
    ("body", "by", "at"),
    [
        (b'{"case":120,"status":"taken"}', None, None),
        (b'{"case":"c","status":"taken","by":12}', "12", None),
        (b'{"case":"c","status":"taken","by":"  "}', None, None),  # a blank is nobody
        (b'{"case":"c","status":"taken","by":true}', None, None),
        (b'{"case":"c","status":"taken","by":null,"at":"yesterday"}', None, None),
        (b'{"case":"c","status":"taken","at":"2026-11-20T12:00:00"}', None, None),  # which zone?
        (b'{"case":"c","status":"taken","at":7}', None, None),
    ],
)
def test_odd_details_do_not_cost_the_status(body: bytes, by: str | None, at: datetime | None) -> None:
    """A crew's clock or a missing clerk's number is left out, the status stands."""
    said = desk_status(body)

    assert ("taken", by, at) == (said.status, said.by, said.at)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ["JSON"]),
        (b"[]", ["JSON"]),
        (b"\xff", ["JSON"]),
        (b'{"status":"arrived"}', ["case", "status"]),  # both at once
        (b'{"case":"","status":"taken"}', ["case"]),
        (b'{"case":"c","status":null}', ["status", "on_scene"]),
        (b'{"case":"c","status":["taken"]}', ["status"]),
    ],
)
def test_what_cannot_be_read_says_what_would_be(body: bytes, words: list[str]) -> None:
    """Refused with the whole list of what is wrong."""
    with pytest.raises(Refused) as refused:
        desk_status(body)

    assert all(word in str(refused.value) for word in words)


def test_a_note_is_bounded() -> None:
    """A clerk's note, not a novel."""
    said = desk_status(b'{"case":"c","status":"taken","note":"%s"}' % (b"x" * 5000))

    assert 2000 == len(said.note or "")


def test_nobodys_words_show_in_a_log() -> None:
    """Its repr names case and status only."""
    assert "DeskStatus(c, taken)" == repr(DeskStatus("c", "taken", None, "A12", "张阿姨"))
