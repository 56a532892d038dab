"""The drill file: TOML, read strictly, every fault named at once with its place and what to do.

Times are plan seconds (``"90s"``, ``"2m"``), counted from the start of the drill.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulators.scenario import (
    Act,
    Drill,
    ExpectAlert,
    Expectation,
    ExpectContact,
    ExpectReceipt,
    ExpectSeen,
    PracticeHome,
    Window,
)

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class BadDrill(ValueError):
    """The drill file cannot be used. ``errors`` lists every fault with its place and what to do."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def parse_drill(raw: Mapping[str, Any], where: str) -> Drill:
    """Read a drill from parsed TOML. Raises BadDrill with all faults at once; ``where`` names the file."""
    reader = _Reader(where)
    drill = reader.drill(raw)
    if reader.errors:
        raise BadDrill(reader.errors)
    return drill


def seconds(value: object) -> float:
    """``"90s"``, ``"2m"``, ``"1m30s"`` or a number, in seconds. Raises ValueError for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    if isinstance(value, str) and re.fullmatch(f"(?:{_DURATION.pattern})+", value):
        return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(value))
    raise ValueError(f'{value!r} 不是时长 / is not a duration: write "90s" or "2m"')


_TOP = frozenset(
    {"title", "homes", "drill", "deadline", "unexpected", "pace", "people", "behaviour", "practice", "act", "expect"}
)
#: verb → what may stand beside it
_VERBS: Mapping[str, frozenset[str]] = {
    "press": frozenset({"kind", "data"}),
    "cancel": frozenset(),
    "tell": frozenset({"kind", "data", "metres"}),
    "cut": frozenset(),
    "restore": frozenset(),
    "away": frozenset({"kind", "status"}),
    "claim_as": frozenset({"track", "status"}),
    "progress_as": frozenset({"step", "note", "track", "status", "optional"}),
    "release_as": frozenset({"track", "status"}),
    "decline_as": frozenset({"status"}),
    "voice_check_as": frozenset({"result", "status"}),
    "note_as": frozenset({"text", "status"}),
    "close_as": frozenset({"outcome", "cause", "note", "status"}),
    "sms_as": frozenset({"text"}),
    "behave": frozenset({"as"}),
}
_CONTACT_KEYS = frozenset({"contact", "channel", "type", "within", "count", "at_least", "at_most", "apart"})
_PRACTICE_KEYS = frozenset({"id", "copies", "devices", "phones", "key_holders", "checkin", "dementia", "ask_first_s"})
_CHANNELS = frozenset({"webhook", "voice", "sms", "dispatch_120"})
_TYPES = frozenset({"contact", "update", "inform", "stand_down"})
_ALERT_FIELDS = frozenset(
    {"state", "kind", "severity", "signals", "cancel_requested", "track", "track_state", "claimed_by", "open"}
)
_SEEN_FIELDS = {
    "task": frozenset({"kind", "home", "device"}),
    "checkin": frozenset({"home", "state", "way"}),
    "command": frozenset({"device", "cmd"}),
}
_WAYS = frozenset({"activity", "button", "voice", "visit", "family", "desk"})


def _spread(acts: Iterable[Act], practice: Iterable[PracticeHome]) -> Iterator[Act]:
    """An act on a device of which there are numbered copies is an act on each of them."""
    known = [name for home in practice for name in (home.id, *home.devices)]
    for act in acts:
        copies = [name for name in known if re.fullmatch(rf"{re.escape(act.target)}-\d\d", name)]
        yield from (replace(act, target=name) for name in copies or [act.target])


class _Reader:
    """Reads one file and gathers its faults."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.errors: list[str] = []

    def drill(self, raw: Mapping[str, Any]) -> Drill:
        self._known(raw, _TOP, "top")
        title = raw.get("title") if isinstance(raw.get("title"), dict) else {}
        if not title or not title.get("zh") or not title.get("en"):
            self._fault("title", '缺标题 / no title: write title = { zh = "…", en = "…" }')
        rows = enumerate(self._rows(raw, "practice"), 1)
        practice = tuple(home for n, row in rows for home in self._practice(row, f"practice[{n}]"))
        named = self._names(raw.get("homes"), "homes") if "homes" in raw or not practice else ()
        homes = (*named, *(home.id for home in practice))
        deadline = self._seconds(raw.get("deadline"), "deadline")
        acts = [self._act(row, f"act[{n}]", deadline) for n, row in enumerate(self._rows(raw, "act"), 1)]
        if not acts:
            self._fault("act", "没有动作 / nothing is done: add [[act]] with a press")
        expects = [
            self._expect(row, f"expect[{n}]", deadline)
            for n, row in enumerate(self._rows(raw, "expect"), 1)
        ]
        if not expects:
            self._fault("expect", "没有预期 / nothing is expected: a drill without [[expect]] proves nothing")
        return Drill(
            name=Path(self.where).stem,
            zh=str((title or {}).get("zh", "")),
            en=str((title or {}).get("en", "")),
            homes=homes,
            drill=self._one_of(raw.get("drill", True), (True, False), "drill"),
            people=self._people(raw),
            behaviour={who: self._behaviour(how, who) for who, how in self._table(raw, "behaviour").items()},
            acts=tuple(sorted(_spread((act for act in acts if act), practice), key=lambda act: act.at)),
            expects=tuple(expect for expect in expects if expect),
            deadline=deadline,
            strict=self._one_of(raw.get("unexpected", "fail"), ("fail", "report"), "unexpected") == "fail",
            practice=practice,
            wall=self._one_of(raw.get("pace", "plan"), ("plan", "wall"), "pace") == "wall",
        )

    def _practice(self, row: Mapping[str, Any], place: str) -> list[PracticeHome]:
        """One home, or ``copies`` of it, numbered."""
        self._known(row, _PRACTICE_KEYS, place)
        one = self._practice_home(row, place)
        copies = self._count(row, "copies", place, 1) or 1
        numbers = [f"-{n:02d}" for n in range(1, copies + 1)] if copies > 1 else [""]
        return [replace(one, id=one.id + n, devices=tuple(d + n for d in one.devices)) for n in numbers]

    def _practice_home(self, row: Mapping[str, Any], place: str) -> PracticeHome:
        asked = row.get("checkin")
        rule = asked if isinstance(asked, dict) else {}
        self._known(rule, frozenset({"minutes", "ways"}), f"{place}.checkin")
        minutes = self._count(rule, "minutes", f"{place}.checkin", 1) if asked is not None else None
        ids = self._names(row.get("id"), f"{place}.id")
        return PracticeHome(
            id=ids[0] if ids else "",
            devices=self._names(row.get("devices"), f"{place}.devices"),
            phones=self._names(row["phones"], f"{place}.phones") if "phones" in row else (),
            key_holders=self._names(row["key_holders"], f"{place}.key_holders") if "key_holders" in row else (),
            window_min=minutes,
            ways=self._choice(rule.get("ways", ["button", "voice"]), _WAYS, f"{place}.checkin.ways"),
            ask_first_s=self._count(row, "ask_first_s", place, None),
            dementia=self._one_of(row.get("dementia", False), (True, False), f"{place}.dementia"),
        )

    def _people(self, raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        people = self._table(raw, "people")
        return {who: self._names(known, f"people.{who}") for who, known in people.items()}

    def _act(self, row: Mapping[str, Any], place: str, deadline: float) -> Act | None:
        verbs = [verb for verb in _VERBS if verb in row]
        if len(verbs) != 1 or not isinstance(row[verbs[0]], str):
            self._fault(place, f"要且只要一个动作 / exactly one of: {', '.join(_VERBS)} with a name")
            return None
        verb = verbs[0]
        self._known(row, _VERBS[verb] | {"at", verb}, place)
        at = self._seconds(row.get("at"), f"{place}.at")
        if at > deadline:
            self._fault(f"{place}.at", "在结束之后 / lies after the deadline: move it or raise the deadline")
        detail = {key: value for key, value in row.items() if key not in ("at", verb)}
        self._count(row, "metres", place, None)
        if verb == "behave":
            detail = dict(self._behaviour(row.get("as"), place))
        return Act(at, verb, row[verb], detail)

    def _expect(self, row: Mapping[str, Any], place: str, deadline: float) -> Expectation | None:
        what = [key for key in ("contact", "alert", "receipt", *_SEEN_FIELDS) if key in row]
        if len(what) != 1:
            self._fault(place, "要且只要一个 / exactly one of: contact, alert, receipt, task, checkin, command")
            return None
        window = self._window(row.get("within"), f"{place}.within", deadline)
        if what[0] == "contact":
            return self._contact(row, place, window)
        if what[0] == "alert":
            return self._alert(row, place, window)
        if what[0] in _SEEN_FIELDS:
            return self._seen(row, what[0], place, window)
        self._known(row, frozenset({"receipt", "within"}), place)
        return ExpectReceipt(str(row["receipt"]), window)

    def _contact(self, row: Mapping[str, Any], place: str, window: Window) -> ExpectContact:
        self._known(row, _CONTACT_KEYS, place)
        count = self._count(row, "count", place, None)
        return ExpectContact(
            who=self._names(row["contact"], f"{place}.contact"),
            channels=self._choice(row.get("channel", []), _CHANNELS, f"{place}.channel"),
            types=self._choice(row.get("type", ["contact", "update"]), _TYPES, f"{place}.type"),
            window=window,
            at_least=count if count is not None else self._count(row, "at_least", place, 1) or 0,
            at_most=count if count is not None else self._count(row, "at_most", place, None),
            apart=self._seconds(row.get("apart", 0), f"{place}.apart"),
        )

    def _alert(self, row: Mapping[str, Any], place: str, window: Window) -> ExpectAlert:
        self._known(row, frozenset({"alert", "within", "always"}), place)
        fields = row["alert"] if isinstance(row["alert"], dict) else {}
        if not fields:
            self._fault(f"{place}.alert", '要有内容 / must say something, like { state = "open" }')
        self._known(fields, _ALERT_FIELDS, f"{place}.alert")
        always = self._one_of(row.get("always", False), (True, False), f"{place}.always")
        return ExpectAlert(fields, window, always)

    def _seen(self, row: Mapping[str, Any], what: str, place: str, window: Window) -> ExpectSeen:
        self._known(row, frozenset({what, "within", "never"}), place)
        fields = row[what] if isinstance(row[what], dict) else {}
        if not fields:
            self._fault(f"{place}.{what}", "要有内容 / must say something: a table of " + ", ".join(_SEEN_FIELDS[what]))
        self._known(fields, _SEEN_FIELDS[what], f"{place}.{what}")
        never = self._one_of(row.get("never", False), (True, False), f"{place}.never")
        return ExpectSeen(what, fields, window, never)

    def _window(self, value: Any, place: str, deadline: float) -> Window:
        if not isinstance(value, list) or len(value) != 2:
            self._fault(place, '缺时间窗 / no window: write within = ["0s", "3s"]')
            return (0.0, 0.0)
        start, end = (self._seconds(edge, place) for edge in value)
        if not start <= end <= deadline:
            self._fault(place, "先后颠倒或超过结束 / must run forward and end by the deadline")
        return (start, end)

    def _behaviour(self, how: Any, place: str) -> dict[str, Any]:
        if not isinstance(how, dict) or not how:
            self._fault(f"behaviour.{place}", '要是表 / must be a table, like { answers = "ignore" }')
            return {}
        return {key: self._plain(value) for key, value in how.items()}

    def _plain(self, value: Any) -> Any:
        """Durations as numbers, everything else as it is."""
        if isinstance(value, str) and _DURATION.fullmatch(value):
            return seconds(value)
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        return {key: self._plain(item) for key, item in value.items()} if isinstance(value, dict) else value

    def _seconds(self, value: Any, place: str) -> float:
        try:
            return seconds(value)
        except ValueError as error:
            self._fault(place, str(error))
            return 0.0

    def _count(self, row: Mapping[str, Any], key: str, place: str, default: int | None) -> int | None:
        value = row.get(key, default)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value
        self._fault(f"{place}.{key}", f"{value!r} 不是次数 / is not a number of times: write 0, 1, 2 …")
        return default

    def _names(self, value: Any, place: str) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if isinstance(listed, list) and listed and all(isinstance(item, str) and item for item in listed):
            return tuple(listed)
        self._fault(place, '要名称 / wants a name or a list of names: "doctor-1" or ["street-1", "street-2"]')
        return ()

    def _choice(self, value: Any, allowed: frozenset[str], place: str) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if isinstance(listed, list) and all(item in allowed for item in listed):
            return tuple(listed)
        self._fault(place, f"{value!r} 不认识 / is unknown: one of {', '.join(sorted(allowed))}")
        return ()

    def _one_of(self, value: Any, allowed: tuple[Any, ...], place: str) -> Any:
        if any(value is one or (isinstance(one, str) and value == one) for one in allowed):
            return value
        self._fault(place, f"{value!r} 不认识 / is unknown: one of {', '.join(map(str, allowed))}")
        return allowed[0]

    def _table(self, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
        value = raw.get(key, {})
        if isinstance(value, dict):
            return value
        self._fault(key, f"要是表 / must be a table: [{key}]")
        return {}

    def _rows(self, raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        value = raw.get(key, [])
        if isinstance(value, list) and all(isinstance(row, dict) for row in value):
            return value
        self._fault(key, f"要是表的数组 / must be tables: [[{key}]]")
        return []

    def _known(self, row: Mapping[str, Any], allowed: frozenset[str], place: str) -> None:
        for key in sorted(set(row) - allowed):
            self._fault(f"{place}.{key}", f"不认识 / is unknown: one of {', '.join(sorted(allowed))}")

    def _fault(self, place: str, what: str) -> None:
        self.errors.append(f"{self.where}: {place}: {what}")
