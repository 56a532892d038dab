"""An alert's timeline as sentences, in the reader's language."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from api.language import Speech
from api.pages import clock
from domain.errors import NotFound
from store.views import Views

#: which word family explains a value of an entry
_FAMILIES = {
    "kind": "kind",
    "severity": "severity",
    "step": "step",
    "outcome": "outcome",
    "result": "voice",
    "role": "role",
    "track": "role",
}


#: a report of the 120 desk as the engine notes it: ``[dispatched] clerk 6021 two crews``
_DESK = re.compile(r"\[(?P<status>\w+)\](?: clerk (?P<by>\S+))?(?: (?P<more>.+))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence and when it happened."""

    at: str
    text: str
    note: str
    type: str


def story(alert: Mapping[str, Any], names: Mapping[str, str], say: Speech) -> list[Line]:
    """The newest first; steps of the clock that changed nothing a person cares about are left out."""
    entries = [e for e in alert.get("timeline") or () if e["type"] != "ticked"]
    return [_line(entry, names, say) for entry in reversed(entries)]


def mentioned(alert: Mapping[str, Any]) -> set[str]:
    """The people an alert speaks of: who was contacted or called, to whom it was offered, who has a key."""
    found = set((alert.get("access") or {}).get("key_holders") or ())
    found |= {c["responder"] for c in alert.get("contacts") or ()}
    for track in alert["tracks"]:
        found |= {c["responder"] for c in track.get("called") or ()}
        found |= {(track.get("offer") or {}).get("to")}
    for entry in alert.get("timeline") or ():
        data = entry.get("data") or {}
        found |= {entry["by"], data.get("to"), data.get("person"), data.get("claimant")}
    return {id for id in found if id and id != "engine"}


def names_of(alert: Mapping[str, Any], views: Views) -> dict[str, str]:
    """The names of the people an alert speaks of; who is in no register keeps the id. Reads the ledger."""
    names = {}
    for id in mentioned(alert):
        with suppress(NotFound):
            names[id] = views.responder_actor(id).name
    return names


def _line(entry: Mapping[str, Any], names: Mapping[str, str], say: Speech) -> Line:
    data = dict(entry.get("data") or {})
    by = str(entry.get("by") or "")
    values = {key: _word(key, value, names, say) for key, value in data.items() if key != "set"}
    values |= {"by": names.get(by, by), "type": entry["type"]}
    values.setdefault("name", values["by"])
    key = f"entry.{entry['type']}"
    text = _filled(say, key if say.knows(key) else "entry.other", values)
    note = entry.get("note") or data.get("note") or data.get("text") or ""
    return Line(clock(entry["at"]), text, plainly(str(note), say), entry["type"])


def plainly(note: str, say: Speech) -> str:
    """What the 120 desk's program reported, in the reader's words; what a person wrote stays as it is."""
    said = _DESK.match(note)
    if said is None or not say.knows(f"desk.{said['status']}"):
        return note
    status, by = say.named("desk", said["status"]), said["by"]
    told = say("entry.desk_said_by", status=status, by=by) if by else say("entry.desk_said", status=status)
    return f"{told}{say('site.comma')}{said['more']}" if said["more"] else told


def _filled(say: Speech, key: str, values: Mapping[str, str]) -> str:
    """The sentence; what an entry does not tell is a dash, never an error page."""
    return say(key, **(dict.fromkeys(say.needs(key), "—") | dict(values)))


def _word(key: str, value: object, names: Mapping[str, str], say: Speech) -> str:
    if isinstance(value, list | tuple):
        return say("site.comma").join(_word(key, one, names, say) for one in value)
    if key in _FAMILIES:
        return say.named(_FAMILIES[key], value)
    return names.get(str(value), str(value))
