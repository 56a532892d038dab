"""The telephone call as a document."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as xml

import pytest

from channels import twiml
from domain.contacts import Letter, Purpose

URL = "https://anling.example/callbacks/twilio/gather?token=a&x=1"


def _said(node: xml.Element) -> list[str]:
    return [say.text or "" for say in node.iter("Say")]


def test_the_message_is_said_three_times_with_the_keys(letter: Letter, noon: datetime) -> None:
    """Gather, gather, gather, then goodbye and the end; each Gather falls through to the next."""
    document = xml.fromstring(twiml.answer_twiml(letter, URL, noon))

    assert ["Gather", "Gather", "Gather", "Say", "Hangup"] == [node.tag for node in document]
    asks = {"input": "dtmf", "numDigits": "1", "action": URL, "method": "POST", "timeout": "8"}
    assert [asks] * 3 == [gather.attrib for gather in document[:3]]
    for gather in document[:3]:
        message, keys = _said(gather)
        assert ("示例老人一" in message, "请按 1" in keys) == (True, True)


@pytest.mark.parametrize(
    ("language", "voice"), [("zh", ("cmn-CN", "Polly.Zhiyu")), ("en", ("en-US", "Polly.Joanna"))]
)
def test_it_speaks_the_persons_language(letter: Letter, noon: datetime, language: str, voice: Any) -> None:
    """Chinese unless English was asked for."""
    document = xml.fromstring(twiml.answer_twiml(replace(letter, language=language), URL, noon))

    assert {voice} == {(say.get("language"), say.get("voice")) for say in document.iter("Say")}


def test_a_critical_call_speaks_its_digit(letter: Letter, noon: datetime) -> None:
    """So that neither a voicemail nor a pocket presses it (P11)."""
    document = xml.fromstring(twiml.answer_twiml(replace(letter, digit="8"), URL, noon))

    assert all("请按 8 确认" in _said(gather)[1] for gather in document.iter("Gather"))


@pytest.mark.parametrize("purpose", [Purpose.INFORM, Purpose.STAND_DOWN])
def test_news_ask_for_no_key(letter: Letter, noon: datetime, purpose: Purpose) -> None:
    """Said twice, then the end."""
    document = xml.fromstring(twiml.answer_twiml(replace(letter, purpose=purpose), URL, noon))

    assert ["Say", "Say", "Hangup"] == [node.tag for node in document]


@pytest.mark.parametrize(
    ("digits", "digit", "meaning"),
    [
        ("1", None, "claim"),
        ("1", "1", "claim"),
        ("2", None, "decline"),
        ("3", None, "repeat"),
        ("4", None, "wrong"),
        ("0", None, "wrong"),
        ("#", None, "wrong"),
        ("*", None, "wrong"),
        ("11", None, "wrong"),
        ("１", None, "wrong"),
        ("", None, "none"),
        (" ", None, "none"),
        (None, None, "none"),
        ("7", "7", "claim"),
        ("1", "7", "wrong"),  # habit, or the noise of a voicemail
        ("8", "7", "wrong"),
        ("2", "7", "decline"),
        ("3", "7", "repeat"),
    ],
)
def test_what_keys_mean(letter: Letter, digits: str | None, digit: str | None, meaning: str) -> None:
    """Only the digit that was asked for claims."""
    assert meaning == twiml.digits_meaning(digits, replace(letter, digit=digit))


def test_spoken_digits_are_no_menu_keys(letter: Letter) -> None:
    """A random digit is never one that declines, repeats, or is pressed by habit."""
    meanings = {twiml.digits_meaning(digit, letter) for digit in twiml.SPOKEN_DIGITS}

    assert {"wrong"} == meanings


@pytest.mark.parametrize(
    ("result", "words", "tags"),
    [
        ("recorded", "已登记，请前往", ["Say", "Hangup"]),
        ("declined", "不能前往", ["Say", "Hangup"]),
        ("already_taken", "李医生已经接手", ["Say", "Hangup"]),
        ("closed", "已经结束", ["Say", "Hangup"]),
        ("wrong", "按键不对", ["Gather", "Gather", "Say", "Hangup"]),
        ("not_recorded", "没有登记成功", ["Gather", "Gather", "Say", "Hangup"]),
        ("repeat", "安铃紧急求助", ["Gather", "Gather", "Gather", "Say", "Hangup"]),
        ("none", "安铃紧急求助", ["Gather", "Gather", "Gather", "Say", "Hangup"]),
    ],
)
def test_after_a_key(letter: Letter, noon: datetime, result: str, words: str, tags: list[str]) -> None:
    """Each result says what is so, and asks again only where a key is still wanted."""
    document = xml.fromstring(twiml.after_key_twiml(letter, result, URL, noon, "李医生"))

    assert words in _said(document)[0]
    assert tags == [node.tag for node in document]


def test_nothing_but_recorded_says_recorded(letter: Letter, noon: datetime) -> None:
    """A caller who hears "已登记，请前往" is in the ledger (P10)."""
    others = ("declined", "already_taken", "closed", "wrong", "not_recorded", "repeat", "none")

    said = [twiml.after_key_twiml(letter, result, URL, noon, "李医生") for result in others]

    assert not any("请前往。" in document for document in said)


def test_an_unknown_result_is_a_mistake_of_ours(letter: Letter, noon: datetime) -> None:
    """Not a silent call."""
    with pytest.raises(KeyError):
        twiml.after_key_twiml(letter, "recroded", URL, noon)


def test_names_are_text(letter: Letter, noon: datetime) -> None:
    """Markup, control characters and half characters in a name end no call."""
    odd = replace(letter, residents=({"name": "<Hangup/>\x00\x1b\ud83d&甲𠮷"},))

    document = twiml.answer_twiml(odd, URL, noon)

    document.encode("utf-8")
    assert "<Hangup/>&甲𠮷" in _said(xml.fromstring(document))[0]


def test_a_last_word_without_a_letter() -> None:
    """For calls whose row is gone."""
    document = xml.fromstring(twiml.closed_twiml("en", "This call is over."))

    assert ["This call is over."] == _said(document)
    assert "Hangup" == document[-1].tag
