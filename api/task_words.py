"""What a task is about, in one line and in the reader's language: where, who, why. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from api.language import Speech
from api.pages import address

Data = Mapping[str, Any]


def about(task: Mapping[str, Any], say: Speech) -> str:
    """No code and no raw value reaches the screen, also from a task of a newer engine."""
    data = task.get("data") or {}
    said = _SAID.get(str(task.get("kind")), _why)(data, say)
    return " · ".join(part for part in (_place(task), *said) if part)


def _place(task: Mapping[str, Any]) -> str:
    if task.get("home"):
        return address(task)
    return str(task.get("device_id") or "")


def _fault(data: Data, say: Speech) -> list[str]:
    """Which of the devices, and what is wrong with it."""
    return [_word(say, "device", data.get("role")), _word(say, "fault", data.get("fault"))]


def _incident(data: Data, say: Speech) -> list[str]:
    homes, devices = data.get("homes"), data.get("devices")
    return [say("why.network_incident", homes=homes, devices=devices)] if homes and devices else []


def _coverage(data: Data, say: Speech) -> list[str]:
    """A hole in the duty, somebody nobody can reach, a calendar that nobody has confirmed."""
    said = [_word(say, "role", data.get("role"))]
    if data.get("hours"):
        said.append(say("why.hours", n=f"{data['hours']:g}"))
    if data.get("responder"):
        said.append(str(data["responder"]))
    if data.get("cause") == "contact_stopped":
        said += [_word(say, "channel", data.get("channel")), say("why.contact_stopped")]
    if data.get("year"):
        said.append(say("why.calendar", year=data["year"]))
    return [*said, _word(say, "mute", data.get("reason")) or _word(say, "gap", data.get("reason"))]


def _request(data: Data, say: Speech) -> list[str]:
    return [_word(say, "request", data.get("request")), _word(say, "outcome", data.get("outcome"))]


def _closed(data: Data, say: Speech) -> list[str]:
    return [_word(say, "kind", data.get("kind")), _word(say, "outcome", data.get("outcome"))]


def _unreadable(data: Data, say: Speech) -> list[str]:
    return [str(data.get("site") or "")]


def _why(data: Data, say: Speech) -> list[str]:
    """What the system says of itself: its own sentence where it has one, else the word for the code."""
    told = data.get("reason")
    if isinstance(told, Mapping):
        remedy = data.get("remedy")
        return [str(told.get(say.lang) or ""), str(remedy.get(say.lang) or "") if isinstance(remedy, Mapping) else ""]
    known = [_word(say, "why", data.get(key)) for key in ("reason", "cause", "what", "why", "code")]
    said = list(dict.fromkeys(word for word in known if word))
    if data.get("how"):
        said = [say("why.rescued")]
    return [*said, *(str(data[key]) for key in ("version", "place", "job") if data.get(key))]


_SAID: Mapping[str, Callable[[Data, Speech], list[str]]] = {
    "device_fault": _fault, "network_incident": _incident, "coverage": _coverage, "service": _request,
    "follow_up": _closed, "review": _closed, "unreadable": _unreadable,
}  # fmt: skip


def _word(say: Speech, family: str, code: object) -> str:
    """The word for a code; nothing where there is none."""
    key = f"{family}.{code}"
    return say(key) if say.knows(key) and not say.needs(key) else ""
