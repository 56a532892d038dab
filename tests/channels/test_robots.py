"""Chat robots: a word read from the body, not the status line; signatures by the makers' own rules."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from channels.dingtalk import DingTalk
from channels.exchange import Exchange
from channels.feishu import Feishu
from channels.robot import Robot
from channels.wecom import WeCom
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Purpose, Result

WALL = datetime(2026, 11, 20, 12, 3, tzinfo=UTC)


def send(kind: type[Robot], door: Any, letter: Letter, **changes: Any) -> Result:
    """Send to the door and hang up."""
    robot = kind(Exchange(), lambda: WALL)
    result = robot.send(replace(letter, address=door.url, **changes))
    robot.close()
    return result


def refused(status: int) -> FailedForGood:
    """What a robot's word of refusal becomes."""
    return FailedForGood(f"refused by the robot ({status})", str(status))


def too_many(status: int) -> FailedForNow:
    """What a robot's word of haste becomes."""
    return FailedForNow(f"too many messages ({status})", str(status))


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        (WeCom, {"errcode": 0, "errmsg": "ok"}, Accepted()),
        (WeCom, {"errcode": 93000, "errmsg": "invalid webhook url"}, refused(93000)),
        (WeCom, {"errcode": 45009}, too_many(45009)),
        (DingTalk, {"errcode": 0}, Accepted()),
        (DingTalk, {"errcode": 310000, "errmsg": "sign not match"}, refused(310000)),
        (DingTalk, {"errcode": 130101}, too_many(130101)),
        (Feishu, {"code": 0, "msg": "success"}, Accepted()),
        (Feishu, {"StatusCode": 0, "StatusMessage": "success"}, Accepted()),
        (Feishu, {"code": 19021, "msg": "sign match fail"}, refused(19021)),
        (Feishu, {"code": 11232}, too_many(11232)),
    ],
)  # fmt: skip
def test_http_200_is_not_yet_delivered(
    kind: type[Robot], said: dict[str, Any], expected: Result, door: Any, letter: Letter
) -> None:
    """The platforms answer 200 to what they throw away; only their own status counts."""
    door.answer(200, said)

    assert expected == send(kind, door, letter)


@pytest.mark.parametrize("kind", [WeCom, DingTalk, Feishu])
@pytest.mark.parametrize("body", [b"", b"ok", b"[]", b'{"errcode":"0"}', b'{"msg":"fine"}'])
def test_an_answer_without_a_word_reached_nobody(kind: type[Robot], body: bytes, door: Any, letter: Letter) -> None:
    """Not understood is unknown, never delivered: another way is tried."""
    door.answer(200, body)

    result = send(kind, door, letter)

    assert isinstance(result, FailedForNow)
    assert result.unknown


@pytest.mark.parametrize("kind", [WeCom, DingTalk, Feishu])
def test_a_broken_door_is_for_now_and_a_wrong_one_for_good(kind: type[Robot], door: Any, letter: Letter) -> None:
    """HTTP's own failures as everywhere."""
    door.answer(503)
    busy = send(kind, door, letter)
    door.answer(404)

    assert (FailedForNow, FailedForGood) == (type(busy), type(send(kind, door, letter)))


@pytest.mark.parametrize("kind", [WeCom, DingTalk, Feishu])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_group_reads_where_and_what_and_no_names(
    kind: type[Robot], language: str, door: Any, letter: Letter
) -> None:
    """Address, event and the link to claim; neither the person's name, illness nor door code; a drill says so first."""
    door.answer(200, {"errcode": 0, "code": 0})

    send(kind, door, letter, language=language, drill=True)

    text = str(door.seen[0].json)
    for part in ("示例路100弄5号602室", letter.ack_url, "演练" if language == "zh" else "drill"):
        assert part.lower() in text.lower()
    for secret in ("示例老人一", "高血压", "华法林", "2580#", "+8621"):
        assert secret not in text


def test_who_has_it_goes_out_without_a_link(door: Any, letter: Letter) -> None:
    """After a claim there is nothing to press."""
    door.answer(200, {"errcode": 0})

    send(WeCom, door, letter, purpose=Purpose.INFORM, about={"event": "claimed", "name": "街道一"})

    assert letter.ack_url not in door.seen[0].body.decode()


def test_dingtalk_signs_its_address(door: Any, letter: Letter) -> None:
    """timestamp in ms, sign = urlencoded base64 of HMAC-SHA256(secret, timestamp + newline + secret)."""
    door.answer(200, {"errcode": 0})

    send(DingTalk, door, letter, secret="SECabc")

    asked = parse_qs(urlsplit(door.seen[0].path).query)
    stamp = str(int(WALL.timestamp() * 1000))
    expected = base64.b64encode(hmac.new(b"SECabc", f"{stamp}\nSECabc".encode(), hashlib.sha256).digest()).decode()
    assert {"timestamp": [stamp], "sign": [expected]} == asked


def test_feishu_signs_its_body(door: Any, letter: Letter) -> None:
    """timestamp in s, sign = base64 of HMAC-SHA256(timestamp + newline + secret, nothing)."""
    door.answer(200, {"code": 0})

    send(Feishu, door, letter, secret="word")

    said, stamp = door.seen[0].json, str(int(WALL.timestamp()))
    expected = base64.b64encode(hmac.new(f"{stamp}\nword".encode(), b"", hashlib.sha256).digest()).decode()
    assert (stamp, expected) == (said["timestamp"], said["sign"])
