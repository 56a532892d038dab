"""What was wrong with a row, beside the field that it is about and in the reader's language. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from api.language import Speech
from api.refusals import in_words

#: the noun that a site file's reader puts before a problem
_SOURCE = re.compile(r"^(streets|homes|residents|devices|hubs|responders|teams): (?=\w+[\[.]|\w+: )")
_ROW = re.compile(r"^\w+\[\d+\](?:\.(?:residents|devices)\[\d+\])?\.?")
_PART = re.compile(r"^(\w+)\[(\d+)\]")
#: answers that are read together, and so refused in one breath
_CARDS = {"checkin": ("by", "window_opens", "ways"), "location": ("lat", "lon", "crs")}
_EACH = re.compile(r"; (?=(?:by|window_opens|ways|lat|lon|crs): |window_opens must)")
#: what the checks say -> our word for it
_WORDS = (
    (re.compile(r"Field required|at least 1 character|: missing;", re.I), "required"),
    (re.compile(r"should match pattern"), "pattern"),
    (re.compile(r"unknown role|Input should be '"), "choice"),
    (re.compile(r"^no (street|team|responder|home) "), "unknown"),
    (re.compile(r"is not yours"), "foreign"),
    (re.compile(r"stands twice"), "twice"),
    (re.compile(r"log-in of our own"), "reserved"),
    (re.compile(r"must be before by"), "window"),
    (re.compile(r"^write some of"), "ways"),
    (re.compile(r"too short"), "short"),
    (re.compile(r"is no telephone number"), "telephone"),
)  # fmt: skip
#: patterns of fields that have a word of their own
_PATTERNS = {"id": "id", "code": "id", "from": "time", "to": "time", "site": "site"}


@dataclass(frozen=True, slots=True)
class Faults:
    """Sentences beside inputs, and those that belong to none."""

    beside: dict[str, list[str]] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)

    def add(self, name: str | None, sentence: str) -> None:
        """Each sentence once."""
        found = self.rest if name is None else self.beside.setdefault(name, [])
        if sentence not in found:
            found.append(sentence)

    def __len__(self) -> int:
        return len(self.rest) + sum(map(len, self.beside.values()))


def placed(
    problems: Iterable[str], names: Collection[str], rows: Mapping[str, list[int]], say: Speech, faults: Faults
) -> None:
    """Add each problem beside the input it names, unless that has one already. ``rows``: a list's parts in the form."""
    known = set(faults.beside)
    for problem in problems:
        for where, what in _parted(problem):
            name = _input(where, names, rows)
            if name in known:
                continue
            faults.add(name, _sentence(where, what, say, named=name is not None))


def _parted(problem: str) -> list[tuple[str, str]]:
    """(where, what); the problems of a check-in, and of a place, come in one."""
    said = _SOURCE.sub("", problem)
    if re.match(r"\w+: id '.*", said):
        return [("id", said)]
    where, _, what = _ROW.sub("", said).partition(": ")
    if where in _CARDS:
        return [_of_card(where, part) for part in _EACH.split(what.removeprefix("Value error, "))]
    return [(where, what)] if what else [("", problem)]


def _of_card(card: str, part: str) -> tuple[str, str]:
    """What is wrong with one answer of several that are read together."""
    name, of, what = part.partition(": ")
    if of and name in _CARDS[card]:
        return f"{card}.{name}", part if what.startswith("missing") else what
    return f"{card}.{_CARDS[card][0]}", part


def _input(where: str, names: Collection[str], rows: Mapping[str, list[int]]) -> str | None:
    """The input, else the nearest one around it."""
    if hit := _PART.match(where):
        list_, n = hit[1], int(hit[2])
        if n < len(rows.get(list_, ())):
            where = f"{list_}[{rows[list_][n]}]{where[hit.end() :]}"
    if where == "street" and where not in names:
        where = "home"
    while where:
        if where in names:
            return where
        where = re.sub(r"(\[\d+\]|\.?\w+)$", "", where)
    return None


def _sentence(where: str, what: str, say: Speech, named: bool) -> str:
    for pattern, word in _WORDS:
        if pattern.search(what):
            last = re.sub(r"\[\d+\]$", "", where).rpartition(".")[2]
            word = _PATTERNS.get(last, word) if word == "pattern" else word
            return say(f"wrong.{word}") if named else f"{where}: {say(f'wrong.{word}')}"
    if "--allow-gaps" in what:
        return say("wrong.give_hours")
    if "nobody of 120" in what:
        return say("wrong.hole", hole=in_words(what.partition(": nobody of 120")[0], say.lang))
    said = in_words(what, say.lang)
    return said if named or not where else f"{where}{say('site.colon')}{said}"
