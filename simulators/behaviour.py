"""How somebody behaves when we reach out: answers, ignores, presses, refuses, or the line is bad.

A misspelt field is an error, never a silent default: a drill that asks for something
unknown must not pass by accident.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

#: Seconds from..to; one is drawn each time. A plain number means both ends are equal.
Span = tuple[float, float]

ANSWERS = ("press", "ignore", "busy", "voicemail", "decline", "wrong_digit", "noise", "hangup", "sms_reply")
SMS_FATES = ("delivered", "undelivered", "failed", "stuck")
CALLBACKS = ("normal", "lost", "twice", "late", "early", "reversed")
WEBHOOKS = ("accept", "claim", "claim_later", "decline", "error")
DESKS = ("accept", "reject", "error")
REASONS = ("address", "type", "too_old", "other")
DESK_STATUSES = (
    "taken",
    "dispatched",
    "on_scene",
    "patient_on_board",
    "at_hospital",
    "handed_over",
    "closed",
    "cancelled",
)
DESK_WALK = (
    ("taken", 5.0),
    ("dispatched", 20.0),
    ("on_scene", 420.0),
    ("patient_on_board", 900.0),
    ("at_hospital", 1500.0),
    ("handed_over", 1800.0),
    ("closed", 1860.0),
)


class BadBehaviour(ValueError):
    """The behaviour asked for does not exist; the message lists every mistake."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One way to react. All seconds are multiplied by the time scale."""

    #: What happens when the telephone rings.
    answers: str = "ignore"
    #: The key or keys pressed when asked.
    digit: str = "1"
    #: Ringing before the telephone is answered or declined.
    after: Span = (3.0, 3.0)
    #: From hearing the question to pressing, hanging up or typing.
    think: Span = (1.0, 1.0)
    #: Press the digit the voice asks for instead of ``digit``.
    spoken_code: bool = False
    #: How many questions of one call are answered; then silence.
    presses: int = 1
    #: What becomes of a text message.
    sms: str = "delivered"
    #: Twilio's error code of a message that did not arrive (30003 when not given).
    sms_error: int | None = None
    #: The words of an SMS reply; ``digit`` when empty.
    text: str = ""
    #: The carrier refuses: an HTTP status (429, 503) or one of Twilio's codes (21211).
    api_error: int | None = None
    #: The carrier does what was asked, and answers so many seconds later.
    api_slow: float = 0.0
    #: How status callbacks travel.
    callbacks: str = "normal"
    #: Delay of late callbacks.
    callback_delay: float = 30.0
    #: What a webhook responder does with a contact.
    webhook: str = "accept"
    #: HTTP status of ``webhook = error`` and ``desk = error``.
    status: int = 500
    #: Seconds before a webhook or the desk answers.
    delay: float = 0.0
    #: Seconds from the contact to a later claim or decline.
    claim_after: Span = (5.0, 5.0)
    #: Steps reported after the claim: (step, seconds after the claim).
    progress: tuple[tuple[str, float], ...] = ()
    #: What the 120 desk does with an incident.
    desk: str = "accept"
    #: Why the desk rejects.
    reason: str = "address"
    #: The desk's callbacks: (status, seconds after acceptance).
    steps: tuple[tuple[str, float], ...] = DESK_WALK
    #: The clerk's number, sent as ``by``; empty means no person is named.
    clerk: str = "6021"


def parse_behaviour(raw: object) -> Behaviour:
    """Read one behaviour from JSON; raise ``BadBehaviour`` with all mistakes at once."""
    if not isinstance(raw, Mapping):
        raise BadBehaviour("a behaviour is a JSON object")
    errors: list[str] = []
    values: dict[str, Any] = {}
    for name, value in raw.items():
        try:
            values[name] = _READERS[name](value)
        except KeyError:
            errors.append(f"unknown field {name!r}")
        except (TypeError, ValueError) as error:
            errors.append(f"{name}: {error}")
    if errors:
        raise BadBehaviour("; ".join(errors))
    return Behaviour(**values)


def parse_turns(raw: object) -> tuple[Behaviour, ...]:
    """Read one behaviour or a list of them, one per contact in turn; the last repeats."""
    listed = raw if isinstance(raw, list) else [raw]
    if not listed:
        raise BadBehaviour("an empty list of behaviours")
    return tuple(parse_behaviour(item) for item in listed)


def behaviour_json(behaviour: Behaviour) -> dict[str, Any]:
    """Return only the fields that differ from the default, in the form ``parse_behaviour`` reads."""
    shown = {field.name: getattr(behaviour, field.name) for field in fields(behaviour)}
    plain = {f.name: f.default for f in fields(behaviour) if f.default is not MISSING}
    return {name: _plain(name, value) for name, value in shown.items() if value != plain[name]}


def _plain(name: str, value: Any) -> Any:
    if name == "steps":
        return dict(value)
    if name == "progress":
        return [{"step": step, "after": after} for step, after in value]
    return list(value) if isinstance(value, tuple) else value


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
        return str(value)

    return read


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"{value!r} is not a number of seconds")
    return float(value)


def _span(value: Any) -> Span:
    if not isinstance(value, list):
        return (_seconds(value), _seconds(value))
    low, high = (_seconds(end) for end in value)
    if low > high:
        raise ValueError(f"{value!r} runs backwards")
    return (low, high)


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{value!r} is not a whole number from {low} to {high}")
        return value

    return read


def _maybe(read: Callable[[Any], int]) -> Callable[[Any], int | None]:
    return lambda value: None if value is None else read(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _keys(value: Any) -> str:
    if not _text(value) or set(value) - set("0123456789*#"):
        raise ValueError(f"{value!r} are not telephone keys")
    return str(value)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _steps(value: Any) -> tuple[tuple[str, float], ...]:
    if not isinstance(value, Mapping):
        raise ValueError('steps look like {"taken": 5, "dispatched": 20}')
    known = _one_of(*DESK_STATUSES)
    walk = [(known(status), _seconds(after)) for status, after in value.items() if after is not None]
    return tuple(sorted(walk, key=lambda step: step[1]))


def _progress(value: Any) -> tuple[tuple[str, float], ...]:
    if not isinstance(value, list):
        raise ValueError('progress looks like [{"step": "en_route", "after": 5}]')
    return tuple((_text(item["step"]), _seconds(item["after"])) for item in value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "answers": _one_of(*ANSWERS),
    "digit": _keys,
    "after": _span,
    "think": _span,
    "spoken_code": _switch,
    "presses": _whole(0, 20),
    "sms": _one_of(*SMS_FATES),
    "sms_error": _maybe(_whole(10000, 99999)),
    "text": _text,
    "api_error": _maybe(_whole(400, 99999)),
    "api_slow": _seconds,
    "callbacks": _one_of(*CALLBACKS),
    "callback_delay": _seconds,
    "webhook": _one_of(*WEBHOOKS),
    "status": _whole(400, 599),
    "delay": _seconds,
    "claim_after": _span,
    "progress": _progress,
    "desk": _one_of(*DESKS),
    "reason": _one_of(*REASONS),
    "steps": _steps,
    "clerk": _text,
}
