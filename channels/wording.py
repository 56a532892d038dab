"""What is said to whom: the sentences of a call, a text message, a lamp, from a letter. Pure.

A fact that is missing leaves its part out, or is said to be missing: a call without an age
or a name is better than no call. In a drill every sentence begins with the word drill.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from domain.addresses import outside
from domain.ages import years
from domain.contacts import Letter, Purpose
from domain.words import LANGUAGES, Catalogue

_WORDS = Path(__file__).parent / "words"

#: who is told about the person's health, and who about the way in
_MEDICAL_ROLES = frozenset({"family_doctor", "dispatch_120"})
_ACCESS_ROLES = frozenset({"street_office", "dispatch_120", "key_holder", "police", "neighbour", "volunteer"})


@cache
def words() -> Catalogue:
    """The catalogue, read once."""
    return Catalogue.load(_WORDS / "zh.toml", _WORDS / "en.toml")


def language(code: str | None) -> str:
    """``en`` for English, ``zh`` for every other (Chinese first)."""
    return "en" if (code or "").lower().startswith("en") else "zh"


def name_of(group: str, value: str, code: str) -> str:
    """The name of a ``kind``, ``severity``, ``role``, ``step``, ``outcome`` or ``cause``.

    A value that the catalogue does not have is said as it is.
    """
    key = f"{group}.{value}"
    return words().say(key, language(code)) if key in words() else str(value)


def stage(value: str) -> dict[str, str]:
    """What the lamp or the voice at home says, in both languages."""
    return {code: words().say(f"stage.{value}", code) for code in LANGUAGES}


def voice(letter: Letter, now: datetime) -> str:
    """What a call says first, without the keys: who, where, what, how long ago, and what is asked."""
    if _caring(letter):
        asks = {"fall": "fall", "in": "caller"}.get(str(letter.about.get("asks")), _listener(letter))
        return _spoken(letter, _say(letter, f"care.{asks}", who=who(letter, now), where=where(letter)))
    if is_test(letter):
        return _spoken(letter, _say(letter, "test.voice", name=letter.responder_name))
    match letter.purpose:
        case Purpose.INFORM | Purpose.STAND_DOWN:
            return _spoken(letter, _notice(letter, now))
        case Purpose.UPDATE:
            return _spoken(letter, _say(letter, "voice.update", **facts(letter, now), more=_more(letter)))
    return _spoken(
        letter, _say(letter, "voice.contact", **facts(letter, now), more=_more(letter), ask=_ask(letter))
    )


def several(letter: Letter, others: Sequence[Letter], now: datetime) -> str:
    """Said first when more than one alert waits for this person: how many, and which (P13)."""
    each = [_say(letter, "voice.one_of", who=who(x, now), where=where(x),
                 what=name_of("what", x.kind, letter.language)) for x in others]  # fmt: skip
    listed = _say(letter, "who.between").join(each)
    return _spoken(letter, _say(letter, "voice.several", n=len(others) + 1, others=listed))


def tested(language_of: str) -> str:
    """The answer to a "1" that answered a test message."""
    return words().say("test.texted", language(language_of))


def caller(key: str, language_of: str) -> str:
    """What somebody hears who rings our number: ``none_open`` ``ask_codes`` ``wrong_codes``."""
    return words().say(f"caller.{key}", language(language_of))


def keys(letter: Letter) -> str:
    """Which keys to press; a critical call asks for the digit that only a listener knows."""
    if _caring(letter):
        more = letter.about.get("asks") == "in"
        if letter.about.get("asks") == "fall":
            return _say(letter, "care.fall_keys")
        return _say(letter, "care.caller_keys" if more else f"care.{_listener(letter)}_keys")
    if is_test(letter):
        return _say(letter, "test.keys", digit=letter.digit)
    if letter.digit and letter.digit != "1":
        return _say(letter, "voice.keys_critical", digit=letter.digit)
    return _say(letter, "voice.keys")


def silence(letter: Letter) -> str:
    """Said when nobody pressed a key."""
    if _caring(letter):
        return _spoken(letter, _say(letter, "care.silence"))
    return _spoken(letter, _say(letter, "voice.silence"))


def after_key(letter: Letter, result: str, name: str | None = None) -> str:
    """The answer to a key: ``recorded`` ``declined`` ``wrong`` ``already_taken`` ``closed`` ``not_recorded``.

    ``recorded`` is for after the commit only (P10). ``name``: who has taken it.
    """
    if _caring(letter) and f"care.{result}" in words():
        return _spoken(letter, _say(letter, f"care.{result}"))
    if is_test(letter):
        said = _say(letter, "test.recorded" if result == "recorded" else "test.again", digit=letter.digit)
    elif result == "already_taken":
        said = _say(letter, "key.already_taken", name=name) if name else _say(letter, "key.taken")
    else:
        said = _say(letter, f"key.{result}")
    return _spoken(letter, said)


def reply(key: str, language_of: str, /, **values: object) -> str:
    """The answer to a text message: ``recorded`` ``declined`` ``taken`` ``none_open`` ``which`` …"""
    return words().say(f"reply.{key}", language(language_of), **values)


def sms(letter: Letter, now: datetime, *, replies: bool = True) -> str:
    """The text message. ``replies``: whether an answer by SMS can come back (not from +86 by Twilio)."""
    if _caring(letter):
        return _spoken(letter, _say(letter, "care.sms", who=who(letter, now), where=where(letter)))
    if is_test(letter):
        return _spoken(letter, _say(letter, "test.sms"))
    if letter.purpose in (Purpose.INFORM, Purpose.STAND_DOWN):
        return _spoken(letter, _say(letter, "sms.other", text=_notice(letter, now)))
    code = reply_code(letter.alert_id)
    reply = _say(letter, "sms.reply", code=code) if replies else _say(letter, "sms.no_reply")
    return _spoken(letter, _say(letter, f"sms.{letter.purpose}", **facts(letter, now), reply=reply))


def chat(letter: Letter, now: datetime) -> str:
    """A message for a group or a mailbox: a head line, then markdown. Many read it: no names, no illnesses."""
    told = {name: said for name, said in facts(letter, now).items() if name != "who"}
    if letter.purpose in (Purpose.INFORM, Purpose.STAND_DOWN):
        news = _notice(letter, now, _say(letter, "chat.somebody"))
        text = _say(letter, "chat.news", text=news, ago=told["ago"])
    else:
        text = _say(letter, f"chat.{letter.purpose}", **told, link=letter.ack_url)
    return _spoken(letter, text)


def is_test(letter: Letter) -> bool:
    """A person tries the own telephone; nobody needs help."""
    return letter.about.get("event") == "test"


def reply_code(alert_id: str) -> str:
    """The last four letters of the alert's id: which of several open alerts an SMS answer means (P26)."""
    return "".join(letter for letter in alert_id if letter.isalnum())[-4:].upper()


def ago(raised_at: datetime, now: datetime, code: str) -> str:
    """How long ago, in words; a clock that runs behind says "just now"."""
    minutes = int((now - raised_at).total_seconds() // 60)
    if minutes < 1:
        return words().say("ago.now", language(code))
    unit, n = ("hour", minutes // 60) if minutes >= 60 else ("minute", minutes)
    if n == 1:
        return words().say(f"ago.{unit}", language(code))
    return words().say(f"ago.{unit}s", language(code), n=n)


def who(letter: Letter, now: datetime) -> str:
    """Names and ages, when the letter may carry them."""
    people = [_person(letter, resident, now) for resident in letter.residents]
    return _say(letter, "who.between").join(people) or _say(letter, "who.nobody")


def where(letter: Letter) -> str:
    """Address, floor and room; nothing is said twice, nothing that is known is left out."""
    address = (letter.home or {}).get("address") or {"text": letter.said and letter.said.place}
    text = outside(address)
    if not text:
        known = letter.device if letter.home is None else None
        return _say(letter, "where.device", device=known) if known else _say(letter, "where.unknown")
    parts = [_say(letter, "where.address", text=text)]
    if _given(address.get("floor")):
        parts.append(_say(letter, "where.floor", floor=address["floor"]))
    if _given(address.get("room")) and str(address["room"]) not in text:
        parts.append(_say(letter, "where.room", room=address["room"]))
    return _say(letter, "where.between").join(parts)


def _say(letter: Letter, key: str, /, **values: object) -> str:
    return words().say(key, language(letter.language), **values)


def _spoken(letter: Letter, text: str) -> str:
    """Drill first, so that nobody runs before hearing it (invariant 15)."""
    return _say(letter, "drill") + text if letter.drill else text


def drill_word(code: str | None) -> str:
    """What every word of a drill begins with."""
    return words().say("drill", language(code))


def facts(letter: Letter, now: datetime) -> dict[str, str]:
    """Severity, who, where, what happened and how long ago, each as words."""
    code = letter.language
    return {
        "severity": name_of("severity", letter.severity, code),
        "who": who(letter, now),
        "where": where(letter),
        "what": name_of("what", letter.kind, code),
        "ago": ago(letter.raised_at, now, code),
    }


def _notice(letter: Letter, now: datetime, whom: str | None = None) -> str:
    """``inform`` and ``stand_down``, by ``about["event"]``; of ``whom``, where no name may be read.

    Only a claim and an end say "you need not go". An event that is not known here is told
    without advice: the reader may be the very person who must go.
    """
    about, code = letter.about, letter.language
    values = {
        "who": whom or who(letter, now),
        "where": where(letter),
        "kind": name_of("kind", letter.kind, code),
        "name": about.get("name"),
        "signal": name_of("kind", about.get("kind") or letter.kind, code),
        "step": name_of("step", about.get("step") or "", code),
        "outcome": name_of("outcome", about.get("outcome") or "", code),
        "text": about.get("text") or "",
        "n": about.get("count"),
    }
    return _say(letter, _notice_key(letter), **values)


def _caring(letter: Letter) -> bool:
    """A call of the daily check-in, not of an alert."""
    return letter.about.get("event") == "care"


def asks_home(letter: Letter) -> bool:
    """A conversation with somebody of the home about the home, so that they may say that nobody is there."""
    return _caring(letter) and letter.role == "resident" and letter.about.get("asks") != "fall"


def _listener(letter: Letter) -> str:
    return "resident" if letter.role == "resident" else "neighbour"


def _notice_key(letter: Letter) -> str:
    about = letter.about
    if letter.purpose is Purpose.STAND_DOWN:
        return "stand_down.outcome" if about.get("outcome") else "stand_down.closed"
    match about.get("event"):
        case "claimed":
            return "inform.claimed" if about.get("name") else "inform.someone"
        case "progress" if about.get("step"):
            return "inform.step" if about.get("name") else "inform.progress"
        case "watch" if about.get("text"):
            return "inform.watch"
        case "signal" | "released" | "expired" | "offered" | "cancel" | "round" as event:
            return f"inform.{event}"
        case "news" if f"inform.{_news(about)}" in words():
            return f"inform.{_news(about)}"
    return "inform.other"


def _news(about: Mapping[str, Any]) -> str:
    return f"news_{about.get('news')}"


def _ask(letter: Letter) -> str:
    key = f"ask.{letter.role}"
    return _say(letter, key if key in words() else "ask.other")


def _more(letter: Letter) -> str:
    """Health for those who treat, the way in for those who come. No door code: it may be voicemail."""
    parts = _health(letter) if letter.role in _MEDICAL_ROLES else []
    parts += _way_in(letter) if letter.role in _ACCESS_ROLES else []
    return "".join(parts)


def _health(letter: Letter) -> list[str]:
    parts, between = [], _say(letter, "medical.between")
    for card in letter.medical:
        for key in ("conditions", "allergies", "medicines"):
            listed = _listed(card.get(key))
            if listed:
                parts.append(_say(letter, f"medical.{key}", list=between.join(listed)))
        if _given(card.get("mobility")):
            parts.append(_say(letter, "medical.mobility", text=card["mobility"]))
    return parts


def _way_in(letter: Letter) -> list[str]:
    access = letter.access
    parts = []
    if _given(access.get("gate")):
        parts.append(_say(letter, "way.gate", gate=access["gate"]))
    if access.get("lift") is not None:
        parts.append(_say(letter, "way.lift" if access["lift"] else "way.no_lift"))
    if access.get("lift") and access.get("lift_fits_stretcher") is False:
        parts.append(_say(letter, "way.no_stretcher"))
    if _given(access.get("door")):
        parts.append(_say(letter, "way.door", door=access["door"]))
    return parts


def _person(letter: Letter, resident: Mapping[str, Any], now: datetime) -> str:
    name = resident.get("name") or _say(letter, "who.nobody")
    age = resident.get("age")
    known = age if _given(age) else years(resident.get("birth"), now.date())
    if known is None:
        return _say(letter, "who.named", name=name)
    return _say(letter, "who.aged", name=name, age=known)


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return [str(one) for one in value] if isinstance(value, Iterable) else []


def _given(value: object) -> bool:
    return value is not None and value != ""
