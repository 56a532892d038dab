"""The telephone call as a document: what is said, which key is waited for, and how it ends. Pure.

Nothing but a key pressed by a listener means anything: an answered call may be a voicemail
(P11). ``recorded`` is only said once the claim is in the ledger (P10).
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from xml.etree import ElementTree as xml

from channels import wording
from domain.contacts import Letter, Purpose

Meaning = Literal["claim", "decline", "repeat", "away", "hospital", "back", "wrong", "none"]
#: further keys of whoever is asked at home, or rings us from there
_AT_HOME: dict[str, Meaning] = {"4": "away", "5": "hospital", "6": "back"}

#: digits for critical calls: none that a menu uses, so that no habit presses it
SPOKEN_DIGITS = "456789"

#: how often the message is said
LOOPS = 3

#: seconds to wait for a key after each time
WAIT = 8

_VOICES = {
    "zh": {"language": "cmn-CN", "voice": "Polly.Zhiyu"},
    "en": {"language": "en-US", "voice": "Polly.Joanna"},
}

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: results after which a key is still wanted
_ASKING_AGAIN = ("wrong", "not_recorded")


def digits_meaning(digits: str | None, letter: Letter) -> Meaning:
    """What the pressed keys mean for this letter; the digit that was asked for comes first."""
    pressed = (digits or "").strip()
    if not pressed:
        return "none"
    if pressed == (letter.digit or "1"):
        return "claim"
    if pressed in _AT_HOME and wording.asks_home(letter):
        return _AT_HOME[pressed]
    return {"2": "decline", "3": "repeat"}.get(pressed, "wrong")  # type: ignore[return-value]


def answer_twiml(letter: Letter, gather_url: str, now: datetime, others: Sequence[Letter] = ()) -> str:
    """What an answered call hears: the message and the keys three times, then the end.

    ``others``: further alerts that wait for this person; they are named first and come one after another (P13).
    """
    response = xml.Element("Response")
    said = wording.voice(letter, now)
    if letter.purpose in (Purpose.INFORM, Purpose.STAND_DOWN):
        _say(response, letter, said)
        _say(response, letter, said)
    else:
        several = [wording.several(letter, others, now)] if others else []
        for _ in range(LOOPS):
            _gather(response, letter, gather_url, *several, said, wording.keys(letter))
        _say(response, letter, wording.silence(letter))
    return _document(response)


def after_key_twiml(
    letter: Letter, result: str, gather_url: str, now: datetime, name: str | None = None, then: str | None = None
) -> str:
    """The answer to a key; ``then`` is the address of what comes next, when there is more.

    ``result``: ``recorded`` · ``declined`` · ``repeat`` · ``none`` · ``wrong`` · ``already_taken``
    (by ``name``) · ``closed`` · ``not_recorded`` (the ledger did not take it: press again).
    """
    if result in ("repeat", "none"):
        return answer_twiml(letter, gather_url, now)
    response = xml.Element("Response")
    said = wording.after_key(letter, result, name)
    if result in _ASKING_AGAIN:
        _gather(response, letter, gather_url, said, wording.keys(letter))
        _gather(response, letter, gather_url, wording.voice(letter, now), wording.keys(letter))
        _say(response, letter, wording.silence(letter))
    else:
        _say(response, letter, said)
    return _document(response, None if result in _ASKING_AGAIN else then)


def next_twiml(url: str) -> str:
    """Go on at another address."""
    return _document(xml.Element("Response"), url)


def code_twiml(url: str, text: str) -> str:
    """Ask a strange telephone for the two codes (P27)."""
    response = xml.Element("Response")
    asks = {"input": "dtmf", "numDigits": "10", "finishOnKey": "#", "action": url, "method": "POST", "timeout": "15"}
    gather = xml.SubElement(response, "Gather", asks)
    for _ in range(2):
        xml.SubElement(gather, "Say", _VOICES["zh"]).text = _sayable(text)
    return _document(response)


def closed_twiml(language: str, text: str) -> str:
    """Say ``text`` and hang up: for a call whose letter is not known any more."""
    response = xml.Element("Response")
    xml.SubElement(response, "Say", _VOICES[wording.language(language)]).text = _sayable(text)
    return _document(response)


def _gather(response: xml.Element, letter: Letter, url: str, *said: str) -> None:
    asks = {"input": "dtmf", "numDigits": "1", "action": url, "method": "POST", "timeout": str(WAIT)}
    gather = xml.SubElement(response, "Gather", asks)
    for text in said:
        _say(gather, letter, text)


def _say(parent: xml.Element, letter: Letter, text: str) -> None:
    xml.SubElement(parent, "Say", _VOICES[wording.language(letter.language)]).text = _sayable(text)


def _sayable(text: str) -> str:
    """Without the characters that XML forbids: one of them in a name would end the call."""
    return _FORBIDDEN.sub("", text)


def _document(response: xml.Element, then: str | None = None) -> str:
    if then is None:
        xml.SubElement(response, "Hangup")
    else:
        xml.SubElement(response, "Redirect", {"method": "POST"}).text = then
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(response, encoding="unicode")
