"""A form's fields: what a row looks like in them, and what was typed as the register's own terms. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

#: names of inputs -> what stands in them, in order
Typed = Mapping[str, Sequence[str]]
#: empty lines offered for further contacts or shifts
_SPARE = 2
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d|24:00")


@dataclass(frozen=True, slots=True)
class Field:
    """One question. ``path`` is both its place in the row (``access.gate``) and the name of its input."""

    path: str
    #: text, lines, choice, many, week, yes_no, tick, number, date, dates, time, secret, or rows of ``parts``
    form: str = "text"
    #: which list of choices: a list of the page, or a word family
    of: str = ""
    required: bool = False
    #: what a choice offers besides its list when nothing is chosen: a key of the catalogue
    nothing: str = "edit.nothing"
    parts: tuple["Field", ...] = ()

    @property
    def name(self) -> str:
        """Its word: ``field.NAME``, ``hint.NAME``."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together, under a heading ``edit.WORD``."""

    word: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """All fields of one noun of the register."""

    noun: str
    sections: tuple[Section, ...]
    #: the field that holds the row's id
    key: str = "id"

    def fields(self) -> Iterator[Field]:
        """One after the other."""
        for section in self.sections:
            yield from section.fields


@dataclass(frozen=True, slots=True)
class Said:
    """What was typed, in the register's terms."""

    value: dict[str, Any]
    #: input -> the word of what is wrong, ``wrong.WORD``
    faults: dict[str, str] = field(default_factory=dict)
    #: list -> for each part that counts the number of its row in the form
    rows: dict[str, list[int]] = field(default_factory=dict)


def filled(form: Form, row: Mapping[str, Any]) -> dict[str, list[str]]:
    """A row of the register as the inputs show it."""
    shown: dict[str, list[str]] = {}
    for one in form.fields():
        value = _found(row, one.path)
        if one.form == "rows":
            for n, part in enumerate(value if isinstance(value, list) else []):
                shown |= {f"{one.path}[{n}].{sub.path}": _told(sub, part.get(sub.path)) for sub in one.parts}
                shown |= {f"{one.path}[{n}].kept": [str(part["kept"])]} if "kept" in part else {}
        else:
            shown[one.path] = _told(one, value)
    return {name: said for name, said in shown.items() if said}


def read(form: Form, typed: Typed, new: bool) -> Said:
    """What was typed. What cannot be read is left out and named under ``faults``."""
    said = Said({})
    for one in form.fields():
        if one.path == form.key and not new:
            continue
        if one.form == "rows":
            _put(said.value, one.path, _rows(one, typed, said))
        elif one.form != "secret":
            _put(said.value, one.path, _value(one, one.path, typed, said))
        elif word := _one(typed, one.path):
            _put(said.value, one.path, word)
        elif _one(typed, f"{one.path}-"):
            _put(said.value, one.path, None)
    return Said(_without_nothing(said.value), said.faults, said.rows) if new else said


def row_count(path: str, typed: Typed, more: bool) -> int:
    """How many rows to draw: those there are and some empty ones."""
    return max(_numbers(path, typed), default=-1) + 1 + (_SPARE if more else 0)


def _rows(one: Field, typed: Typed, said: Said) -> list[dict[str, Any]]:
    found: list[tuple[float, int, dict[str, Any]]] = []
    for n in _numbers(one.path, typed):
        part = _row(one, n, typed, said)
        if part is not None:
            found.append((_order(typed, f"{one.path}[{n}].order", n), n, part))
    found.sort(key=lambda row: row[:2])
    said.rows[one.path] = [n for _, n, _ in found]
    return [part for _, _, part in found]


def _row(one: Field, n: int, typed: Typed, said: Said) -> dict[str, Any] | None:
    """None for a row that is empty or was ticked to go."""
    at, kept = f"{one.path}[{n}].", _one(typed, f"{one.path}[{n}].kept")
    asked = [sub for sub in one.parts if not _stays(sub, at, typed)]
    told = any(sub not in asked or _one(typed, f"{at}{sub.path}") for sub in one.parts if sub.required)
    if _one(typed, f"{at}drop") or not told:
        return None
    value = {sub.path: _value(sub, f"{at}{sub.path}", typed, said) for sub in asked}
    return {**value, "kept": int(kept)} if kept.isdigit() else _without_nothing(value)


def _stays(one: Field, at: str, typed: Typed) -> bool:
    """What is only ever written and was left empty: a secret; an address that is a key, of the same channel still."""
    if _one(typed, f"{at}{one.path}"):
        return False
    channel = _one(typed, f"{at}{one.path}_of")
    return one.form == "secret" or bool(channel and channel == _one(typed, f"{at}channel"))


def _numbers(path: str, typed: Typed) -> list[int]:
    pattern = re.compile(rf"{re.escape(path)}\[(\d{{1,3}})\]\.")
    return sorted({int(hit[1]) for name in typed if (hit := pattern.match(name))})


def _order(typed: Typed, name: str, n: int) -> float:
    try:
        return float(_one(typed, name))
    except ValueError:
        return n + 1


def _value(one: Field, name: str, typed: Typed, said: Said) -> Any:
    word = _one(typed, name)
    if one.required and not word:
        said.faults[name] = "required"
    try:
        return _READ.get(one.form, _text)(word, name, typed)
    except ValueError:
        said.faults[name] = one.form
        return None


def _text(word: str, name: str, typed: Typed) -> Any:
    return word or None


def _lines(word: str, name: str, typed: Typed) -> Any:
    return [line.strip() for line in word.splitlines() if line.strip()] or None


def _many(word: str, name: str, typed: Typed) -> Any:
    """Those ticked, and those written besides."""
    chosen = [one.strip() for one in typed.get(name, ()) if one.strip()]
    besides = [line.strip() for line in _one(typed, f"{name}+").splitlines() if line.strip()]
    return list(dict.fromkeys([*chosen, *besides])) or None


def _days(word: str, name: str, typed: Typed) -> Any:
    return [int(day) for day in typed.get(name, ()) if day.isdigit()]


def _dates(word: str, name: str, typed: Typed) -> Any:
    return [date.fromisoformat(one).isoformat() for one in re.split(r"[\s,，;；、]+", word) if one]


def _number(word: str, name: str, typed: Typed) -> Any:
    if not word:
        return None
    value = float(word)
    if value != value or abs(value) > 1e6:
        raise ValueError(word)
    return int(value) if value.is_integer() else value


def _clock(word: str, name: str, typed: Typed) -> Any:
    if not word:
        return None
    if not _TIME.fullmatch(word):
        time.fromisoformat(word)
        return word[:5]
    return word


_READ: dict[str, Callable[[str, str, Typed], Any]] = {
    "text": _text, "choice": _text, "secret": _text, "lines": _lines, "many": _many, "week": _days, "dates": _dates,
    "number": _number, "time": _clock,
    "date": lambda word, name, typed: date.fromisoformat(word).isoformat() if word else None,
    "yes_no": lambda word, name, typed: {"yes": True, "no": False}.get(word),
    "tick": lambda word, name, typed: word == "yes",
}  # fmt: skip


def _told(one: Field, value: Any) -> list[str]:
    """How an input shows a value; nothing for what is only ever written."""
    if value is None or one.form == "secret":
        return []
    match one.form:
        case "yes_no":
            return ["yes" if value else "no"]
        case "tick":
            return ["yes"] if value else []
        case "lines":
            return ["\n".join(_plain(part) for part in _listed(value))]
        case "dates":
            return [" ".join(_plain(part) for part in _listed(value))]
        case "many" | "week":
            return [_plain(part) for part in _listed(value)]
    return [_plain(value)]


def _listed(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [name for name, on in value.items() if on]
    return list(value) if isinstance(value, list | tuple) else [value]


def _plain(value: Any) -> str:
    """What a card of another hand holds is shown by its name."""
    if isinstance(value, dict):
        return str(value.get("id") or value.get("name") or "")
    return str(value)


def _one(typed: Typed, name: str) -> str:
    said = typed.get(name) or ("",)
    return said[0].strip()


def _found(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _put(value: dict[str, Any], path: str, said: Any) -> None:
    *steps, last = path.split(".")
    for step in steps:
        value = value.setdefault(step, {})
    value[last] = said


def _without_nothing(value: Mapping[str, Any]) -> dict[str, Any]:
    """A new row says only what it says."""
    inner = {name: _without_nothing(part) if isinstance(part, dict) else part for name, part in value.items()}
    return {name: part for name, part in inner.items() if part is not None and part != {}}
