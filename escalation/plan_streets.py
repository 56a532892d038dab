"""A street's own plan: the district's template, and only what the street changes in it.

Pure. Tracks and branches are known by their name, steps and notices by their role; ``drop = true`` takes one away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from escalation.durations import seconds
from escalation.plan_lines import Path

Table = Mapping[str, Any]
Problem = Callable[[Path, str], None]
_TABLES = ("severity", "kinds", "voice_check")
_LISTS = {"track": "name", "branch": "name", "notice": "role"}


@dataclass(frozen=True, slots=True)
class _Pair:
    """One item: as the template has it, what the street changes in it, and where the street says so."""

    known: Table | None
    change: Table | None = None
    n: int | None = None

    def value(self, key: str) -> Any:
        return (self.change or {}).get(key, (self.known or {}).get(key))


class Merge:
    """``raw`` is the street's whole plan; ``street_path`` tells where its file says a part of it."""

    def __init__(self, template: Table, street: Table, problem: Problem) -> None:
        self._problem = problem
        self._moved: dict[Path, Path] = {}
        self.raw: dict[str, Any] = {**template, **street}
        for name in _TABLES:
            if name in street:
                self.raw[name] = _over(template.get(name, {}), street[name])
        for name, key in _LISTS.items():
            if _is_list(street.get(name)):
                self.raw[name] = self._items(name, template.get(name, []), street[name], key)
        if _is_list(street.get("raise")):
            known = template.get("raise", [])
            self.raw["raise"] = [*known, *street["raise"]]
            self._moved |= {("raise", len(known) + n): ("raise", n) for n in range(len(street["raise"]))}

    def street_path(self, path: Path) -> Path | None:
        """None for an item of the template that the street does not touch."""
        for n in range(len(path), 0, -1):
            if path[:n] in self._moved:
                return (*self._moved[path[:n]], *path[n:])
        return None if any(isinstance(part, int) for part in path) else path

    def _items(self, name: str, known: list[Table], wanted: list[Table], key: str) -> list[Table]:
        made = []
        for place, pair in enumerate(self._pairs((name,), known, wanted, key)):
            if pair.n is not None:
                self._moved[(name, place)] = (name, pair.n)
            made.append(self._item((name, place), pair))
        return made

    def _item(self, path: Path, pair: _Pair) -> Table:
        item = {**(pair.known or {}), **(pair.change or {})}
        if pair.change is None or pair.n is None or not _is_list(pair.change.get("step")):
            return item
        street = (path[0], pair.n)
        pairs = self._pairs((*street, "step"), (pair.known or {}).get("step", []), pair.change["step"], "role")
        pairs.sort(key=lambda p: seconds(p.value("after")) or 0.0)
        self._moved |= {
            (*path, "step", place): (*street, "step", p.n) for place, p in enumerate(pairs) if p.n is not None
        }
        return item | {"step": [{**(p.known or {}), **(p.change or {})} for p in pairs]}

    def _pairs(self, path: Path, known: list[Table], wanted: list[Table], key: str) -> list[_Pair]:
        """The template's items with the street's changes in their places, new ones at the end."""
        pairs = [_Pair(item) for item in known]
        for n, change in enumerate(wanted):
            name = change.get(key)
            place = next((i for i, p in enumerate(pairs) if p.value(key) == name), None)
            if place is None and change.get("drop"):
                there = ", ".join(str(p.value(key)) for p in pairs)
                self._problem((*path, n), f"the template has no {path[-1]} with {key} {name!r} to drop; it has {there}")
            elif place is None:
                pairs.append(_Pair(None, change, n))
            elif change.get("drop"):
                pairs.pop(place)
            else:
                pairs[place] = _Pair(pairs[place].known, change, n)
        return pairs


def _is_list(value: object) -> bool:
    """Whether it is a list of tables; what is not is left to the reader, who says so."""
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _over(known: object, change: object) -> object:
    """Tables one into the other, setting by setting."""
    if not isinstance(known, dict) or not isinstance(change, dict):
        return change
    return known | {k: _over(known.get(k), v) for k, v in change.items()}
