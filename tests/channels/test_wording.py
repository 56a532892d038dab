"""What people hear and read: complete, in both languages, and in a drill beginning with that word."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels import twiml, wording
from domain.alerts import Cause, Outcome, Severity, Stage, Step
from domain.callers import Said
from domain.contacts import Letter, Purpose
from domain.events import Kind
from domain.people import OPERATOR_ROLES, ROLES

ABOUTS: tuple[dict[str, Any], ...] = (
    {},
    {"event": "claimed", "name": "王医生"},
    {"event": "claimed"},
    {"event": "progress", "name": "王医生", "step": "at_door"},
    {"event": "progress", "step": "at_door"},
    {"event": "signal", "kind": "fall", "signals": 2},
    {"event": "released", "name": "王医生"},
    {"event": "expired", "name": "王医生"},
    {"event": "offered", "name": "王医生"},
    {"event": "cancel"},
    {"event": "something new", "name": "王医生"},
    {"event": "closed", "name": "王医生", "outcome": "treated_home"},
)

RESULTS = ("recorded", "declined", "wrong", "already_taken", "closed", "not_recorded")


def _everything(letter: Letter) -> Iterator[str]:
    """Whatever may be said or sent for this letter, with every purpose, role and event."""
    now = letter.raised_at + timedelta(minutes=2)
    for purpose in Purpose:
        for about in ABOUTS:
            one = replace(letter, purpose=purpose, about=about)
            yield wording.voice(one, now)
            yield wording.sms(one, now)
            yield wording.sms(one, now, replies=False)
            yield _first_said(twiml.answer_twiml(one, "https://anling.example/g", now))
    for role in ROLES:
        yield wording.voice(replace(letter, role=role), now)
    for result in RESULTS:
        yield wording.after_key(letter, result, "王医生")
        yield wording.after_key(letter, result)
    for result in (*RESULTS, "repeat", "none"):
        yield _first_said(twiml.after_key_twiml(letter, result, "https://anling.example/g", now, "王医生"))
    yield wording.silence(letter)


def _first_said(document: str) -> str:
    found = re.search(r"<Say[^>]*>([^<]*)</Say>", document)
    assert found
    return found[1]


@pytest.mark.parametrize(("language", "word"), [("zh", "演练"), ("en", "This is a drill")])
def test_in_a_drill_everything_begins_with_that_word(letter: Letter, language: str, word: str) -> None:
    """Nobody runs before hearing that it is practice (invariant 15)."""
    drill = replace(letter, drill=True, language=language)

    said = list(_everything(drill))

    assert [] == [text for text in said if not text.startswith(word)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_in_earnest_nothing_says_drill(letter: Letter, language: str) -> None:
    """The word would cost a life."""
    said = list(_everything(replace(letter, language=language)))

    assert [] == [text for text in said if "演练" in text or "drill" in text.lower()]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_said_half(letter: Letter, language: str) -> None:
    """No braces, no ``None``, no double stops."""
    said = list(_everything(replace(letter, language=language)))

    assert [] == [text for text in said if re.search(r"[{}]|None|。。|，，|\.\.|, ,", text)]


def test_every_sentence_in_the_code_is_in_the_catalogue() -> None:
    """Each dotted key that ``wording`` names exists."""
    tree = ast.parse(Path(wording.__file__).read_text("utf-8"))
    named = {
        node.value for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        and re.fullmatch(r"[a-z_]+\.[a-z_]+", node.value)
    } - {"zh.toml", "en.toml"}  # fmt: skip

    assert set() == named - wording.words().keys()


@pytest.mark.parametrize(
    ("group", "values"),
    [
        ("kind", Kind), ("what", Kind), ("severity", Severity), ("step", Step), ("outcome", Outcome),
        ("cause", Cause), ("stage", Stage), ("role", (*ROLES, *OPERATOR_ROLES)), ("key", (*RESULTS, "taken")),
    ],
)  # fmt: skip
def test_every_value_has_a_name_and_every_name_a_value(group: str, values: Any) -> None:
    """The closed lists of the domain and the catalogue are the same lists."""
    named = {key.partition(".")[2] for key in sorted(wording.words().keys()) if key.startswith(f"{group}.")}

    assert {str(value) for value in values} == named


def test_a_call_to_the_doctor(letter: Letter, noon: datetime) -> None:
    """Who, age, where, floor, what, how long ago, health, and what is asked."""
    said = wording.voice(letter, noon + timedelta(minutes=2, seconds=10))

    assert (
        "安铃紧急求助。示例老人一，90岁，示例路100弄5号602室，6楼。按下了呼救按钮，2分钟前。"
        "病史：高血压。过敏：青霉素。用药：华法林。请您立即联系老人并前往。"
    ) == said


def test_a_call_to_the_doctor_in_english(letter: Letter, noon: datetime) -> None:
    """The same in English."""
    said = wording.voice(replace(letter, language="en-GB"), noon)

    assert (
        "Anling urgent call for help. 示例老人一, aged 90, 示例路100弄5号602室, floor 6."
        " pressed the help button, just now. Conditions: 高血压. Allergies: 青霉素. Medicines: 华法林."
        " Please contact the resident and go there now."
    ) == said


@pytest.mark.parametrize(
    ("role", "asked", "told", "untold"),
    [
        ("street_office", "派人上门", "南门", "高血压"),
        ("dispatch_120", "派救护车", "电梯放不下担架", "2580"),
        ("dispatch_120", "派救护车", "华法林", "2580"),
        ("key_holder", "带钥匙", "南门", "华法林"),
        ("family", "联系老人", "示例老人一", "高血压"),
        ("someone_new", "立即前往", "示例老人一", "高血压"),
    ],
)
def test_each_role_hears_its_own(
    letter: Letter, noon: datetime, role: str, asked: str, told: str, untold: str
) -> None:
    """The way in for who comes, the card for who treats; a door code is never spoken into a voicemail."""
    said = wording.voice(replace(letter, role=role), noon)

    assert (True, True, False) == (asked in said, told in said, untold in said)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"residents": ()}, "一位老人"),
        ({"residents": ({"name": "甲"},)}, "甲，示例路"),
        ({"residents": ({"age": 87},)}, "一位老人，87岁"),
        ({"residents": ({"name": "甲", "birth": "?"}, {"name": "乙", "age": 91})}, "甲；乙，91岁"),
        ({"home": None, "device": "dev-9"}, "未登记设备dev-9"),
        ({"home": None, "device": "call-1", "said": Said("公园南门", None)}, "公园南门"),
        ({"home": None, "device": None}, "地址不详"),
        ({"home": {"id": "h"}}, "地址不详"),
        ({"home": {"id": "h", "address": {"road": "示例路", "room": "602", "floor": None}}}, "示例路，602室"),
        ({"kind": "moonquake"}, "moonquake"),
        ({"severity": "critical"}, "危急"),
        ({"language": ""}, "安铃"),
    ],
)
def test_what_is_not_known_does_not_stop_the_call(
    letter: Letter, noon: datetime, changes: dict[str, Any], words: str
) -> None:
    """It is left out or said to be missing."""
    said = wording.voice(replace(letter, **changes), noon)

    assert words in said


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (-30, "刚刚", "just now"),  # a clock that runs behind
        (59, "刚刚", "just now"),
        (60, "1分钟前", "1 minute ago"),
        (119, "1分钟前", "1 minute ago"),
        (120, "2分钟前", "2 minutes ago"),
        (3599, "59分钟前", "59 minutes ago"),
        (3600, "1小时前", "1 hour ago"),
        (90000, "25小时前", "25 hours ago"),
    ],
)
def test_how_long_ago(noon: datetime, seconds: int, zh: str, en: str) -> None:
    """In whole minutes, then hours."""
    now = noon + timedelta(seconds=seconds)

    assert (zh, en) == (wording.ago(noon, now, "zh"), wording.ago(noon, now, "en"))


def test_the_keys(letter: Letter) -> None:
    """1, 2, 3; for a critical call the digit that only a listener knows."""
    plain = wording.keys(letter)
    critical = wording.keys(replace(letter, digit="7"))

    assert "收到请按 1，不能前往请按 2，重听请按 3。" == plain
    assert critical.startswith("请按 7 确认")
    assert "按 1" not in critical


@pytest.mark.parametrize(
    ("about", "said", "need_not"),
    [
        ({"event": "claimed", "name": "王医生"}, "王医生已接手", True),
        ({"event": "claimed"}, "已有人接手", True),
        ({"event": "signal", "kind": "fall"}, "又发来信号：跌倒", False),
        ({"event": "released"}, "无人接手", False),
        ({"event": "expired"}, "接手时间已过", False),
        ({"event": "progress", "step": "inside", "name": "王医生"}, "王医生已进入", False),
        ({"event": "anything else"}, "有变化", False),
        ({}, "有变化", False),
    ],
)
def test_only_a_claim_says_you_need_not_go(
    letter: Letter, noon: datetime, about: dict[str, Any], said: str, need_not: bool
) -> None:
    """The reader of every other notice may be the very person who must go."""
    told = replace(letter, purpose=Purpose.INFORM, about=about)

    for text in (wording.sms(told, noon), wording.chat(told, noon)):
        assert (True, need_not) == (said in text, "不必前往" in text)
    assert wording.who(letter, noon) not in wording.chat(told, noon)


def test_the_end_says_how(letter: Letter, noon: datetime) -> None:
    """Outcome in words; without one, simply closed."""
    closed = replace(letter, purpose=Purpose.STAND_DOWN, about={"event": "closed", "outcome": "treated_home"})

    said = [wording.sms(one, noon) for one in (closed, replace(closed, about={}))]

    assert ["已结束：在家处置" in said[0], "已结束，您不必" in said[1]] == [True, True]


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("drill", [False, True])
@pytest.mark.parametrize("kind", ["sos", "fall", "smoke", "gas", "inactivity", "checkin_missed"])
def test_a_text_message_fits_one_segment(
    letter: Letter, noon: datetime, severity: Severity, drill: bool, kind: str
) -> None:
    """70 Chinese characters: longer ones cost twice and may arrive in pieces."""
    later = noon + timedelta(minutes=12)

    said = wording.sms(replace(letter, severity=severity, drill=drill, kind=kind), later)

    assert len(said) <= 70, said


def test_a_text_message_asks_for_an_answer_only_where_one_can_arrive(letter: Letter, noon: datetime) -> None:
    """A "1" that nobody receives would be a claim that nobody has."""
    asked = wording.sms(letter, noon)
    called = wording.sms(letter, noon, replies=False)

    assert ("回1" in asked, "编号7K3M" in asked, "回1" in called) == (True, True, False)


def test_the_lamp_at_home_speaks_both_languages() -> None:
    """Each stage, in zh and en."""
    said = {str(stage): wording.stage(stage) for stage in Stage}

    assert all(set(words) == {"zh", "en"} for words in said.values())
    assert "有人正在赶来" == said["coming"]["zh"]


@pytest.mark.parametrize("code", ["zh", "en", "en-GB", "sh", ""])
def test_every_text_message_that_comes_back_is_answered(code: str) -> None:
    """In the person's language; only one answer says that the claim is recorded."""
    keys = (
        "recorded", "declined", "taken", "none_open", "which", "not_understood", "unknown", "which_of_two",
        "open_now", "nothing_open", "no_such_code", "closed_by", "started", "flagged",
    )  # fmt: skip

    said = [wording.reply(key, code, name="王医生", codes="7K3M, 9Q2A", code="7K3M", open="") for key in keys]

    named = {key.partition(".")[2] for key in sorted(wording.words().keys()) if key.startswith("reply.")}
    assert set(keys) == named
    assert 1 == sum("请前往。" in one or "please go." in one for one in said)


def test_an_unknown_name_is_said_as_it_is() -> None:
    """A word of a newer release must not stop an older console."""
    known = [wording.name_of("kind", "sos", code) for code in ("zh", "en")]
    named = [*known, wording.name_of("kind", "x", "zh")]

    assert ["呼救按钮", "help button", "x"] == named
