"""One alert proved from its own papers: the chain, the replay, the calls and the end. Pure, and written apart.

Nothing here is shared with what decides: the timeline is folded again from its JSON, and
compared with the rows field by field.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any

import orjson

from domain.alerts import Alert, Track
from domain.clock import iso
from store.audit import Story
from watch.finding import Finding
from watch.hands import claims, dials, generations
from watch.limits import Limits

#: what stands in the rows under another name, or is no part of the story
_APART = frozenset({"tracks", "subject", "entries", "head", "called"})
_NOT_ACCEPTED = frozenset({"sending", "failed", "unknown", "superseded"})
_NOBODY = ("engine", "system", "device:")


def prove(story: Story, limits: Limits, real_desks: frozenset[tuple[str, int]] = frozenset()) -> Iterator[Finding]:
    """What is wrong with this alert. ``real_desks``: (responder, contact point) that a drill may not use."""
    id = str(story.alert["id"])
    wrong = (
        ("chain", _chain(story)),
        ("replay", _replay(story)),
        ("closing", _closing(story)),
        ("contacts", _contacts(story)),
        ("accepts", _accepts(story)),
        ("storm", _storm(story, limits)),
        ("critical", _critical(story, limits)),
        ("drill_120", _drill_desk(story, real_desks)),
        ("generations", generations(story)),
        ("claims", claims(story)),
        ("dials", dials(story)),
    )
    for code, detail in wrong:
        if detail:
            yield Finding(code, about=(id,), detail=detail)


def _chain(story: Story) -> str:
    """Each entry's hash covers the one before; the alert knows the last (design, "Ledgers")."""
    head = ""
    for number, row in enumerate(story.entries, 1):
        if row["seq"] != number:
            return f"entry {number} is missing"
        parts = (head, row["alert_id"], str(number), row["at"].isoformat(), row["type"], row["by"], row["data"], "")
        head = sha256("|".join(parts).encode() + bytes(row["note"] or b"")).hexdigest()
        if head != row["hash"]:
            return f"entry {number} does not match its hash"
    known = (story.alert["entries"], story.alert["head"])
    return "" if known == (len(story.entries), head) else "the last entries are missing"


def _replay(story: Story) -> str:
    """Replaying the timeline gives the stored state exactly (invariant 8)."""
    alert: dict[str, Any] = {}
    tracks: dict[str, dict[str, Any]] = {}
    for row in story.entries:
        change = orjson.loads(row["data"]).get("set") or {}
        for name, values in (change.get("tracks") or {}).items():
            tracks.setdefault(name, {}).update(values)
        alert.update({k: v for k, v in change.items() if k != "tracks"})
    stored = {str(row["name"]): row for row in story.tracks}
    if stored.keys() != tracks.keys():
        return "other tracks"
    odd = _differences(Alert, alert, story.alert)
    for name, values in tracks.items():
        odd += [f"{name}.{field}" for field in _differences(Track, values, stored[name])]
        if _same(values.get("called") or {}) != _same(stored[name]["called"]):
            odd.append(f"{name}.called")
    return ", ".join(sorted(odd))


def _differences(kind: type[Alert] | type[Track], folded: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    blank = {f.name: f.default for f in fields(kind) if f.default is not MISSING}
    names = [f.name for f in fields(kind) if f.name not in _APART and f.name in row]
    return [name for name in names if _same(folded.get(name, blank.get(name))) != _same(row[name])]


def _same(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return iso(value)
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def _closing(story: Story) -> str:
    """Only a person with an outcome closes; a drill may be closed as a test (invariants 2, 3)."""
    ends = [row for row in story.entries if row["type"] == "closed"]
    if story.alert["state"] == "open":
        return "open, and its story says closed" if ends else ""
    if len(ends) != 1 or not story.alert["outcome"]:
        return "closed without its one last word"
    return "closed by nobody" if str(ends[0]["by"]).startswith(_NOBODY) else ""


def _contacts(story: Story) -> str:
    """Every contact decided is in the outbox (invariant 9)."""
    said: Counter[tuple[str, str]] = Counter()
    for row in story.entries:
        if row["type"] == "called":
            data = orjson.loads(row["data"])
            said.update((data["track"], person) for person in data["people"])
    kept = Counter((row["track"], row["person"]) for row in story.contacts if row["purpose"] == "contact")
    lost = [f"{track}: {person}" for (track, person), times in said.items() if kept[(track, person)] < times]
    return ", ".join(lost[:5])


def _accepts(story: Story) -> str:
    """A provider accepts each key once, and once more for each crash (invariant 12)."""
    taken = Counter(a["key"] for a in story.attempts if a["status"] not in _NOT_ACCEPTED)
    unknown = Counter(a["key"] for a in story.attempts if a["status"] == "unknown")
    return ", ".join([key for key, times in taken.items() if times > 1 + unknown[key]][:5])


def _storm(story: Story, limits: Limits) -> str:
    """Repeats to one person keep their distance (invariant 18)."""
    asked: dict[tuple[str, str], dict[int, datetime]] = {}
    for row in story.contacts:
        if row["purpose"] == "contact":
            times = asked.setdefault((row["track"], row["person"]), {})
            known = times.get(row["repeats"])
            times[row["repeats"]] = min(known, row["created_at"]) if known else row["created_at"]
    close = [person for (_, person), times in asked.items() if _too_close(times, limits)]
    return ", ".join(close[:5])


def _too_close(times: Mapping[int, datetime], limits: Limits) -> bool:
    ordered = [times[n] for n in sorted(times)]
    return any(later - earlier < limits.distance for earlier, later in pairwise(ordered))


def _critical(story: Story, limits: Limits) -> str:
    """An open critical alert has a track for each tier that its plan names (invariant 17)."""
    if story.alert["severity"] != "critical" or story.alert["state"] != "open":
        return ""
    wanted = limits.critical.get(str(story.alert["plan"]), frozenset())
    return ", ".join(sorted(wanted - {str(row["name"]) for row in story.tracks}))


def _drill_desk(story: Story, real_desks: frozenset[tuple[str, int]]) -> str:
    """Nothing of a drill ever reaches a real 120 (invariant 15)."""
    if not story.alert["drill"]:
        return ""
    used = [row["key"] for row in story.contacts if (row["person"], row["point"]) in real_desks]
    return ", ".join(used[:5])


def proved(stories: Sequence[Story], limits: Limits, real_desks: frozenset[tuple[str, int]]) -> list[Finding]:
    """What is wrong with these alerts; a story that cannot even be read is wrong too."""
    found: list[Finding] = []
    for story in stories:
        try:
            found += prove(story, limits, real_desks)
        except (LookupError, TypeError, ValueError) as error:
            found.append(Finding("replay", about=(str(story.alert["id"]),), detail=type(error).__name__))
    return found
