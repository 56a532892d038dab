"""What the rooms below refuse is said in English; here it becomes Chinese for whoever reads Chinese. Pure."""

import re
import tomllib
from functools import cache
from pathlib import Path

from records.sheets import HEADS

_TABLE = Path(__file__).parent / "words" / "refusals.toml"
_VALUE = re.compile(r"\{(\w+)\}")
#: between what a line is about and what is wrong with it; between several wrongs
_OF, _AND = ": ", "; "
#: a value that may hold anything, other sentences too
_REST = "rest"
#: the name of a list's column, or several
_COLUMN = "column"


def in_words(said: str, lang: str) -> str:
    """The same in the reader's language; what nobody foresaw, and what a person or a file wrote, as it is."""
    return said if lang == "en" else _known(said) or _several(said)


def _whole(said: str) -> str | None:
    for pattern, chinese in _table():
        if hit := pattern.fullmatch(said):
            return _VALUE.sub(lambda value: _value(hit, value[1]), chinese)
    return None


def _value(hit: re.Match[str], name: str) -> str:
    if name == _COLUMN:
        return "、".join(HEADS.get(one, one) for one in hit[name].split(", "))
    return in_words(hit[name], "zh") if name == _REST else hit[name]


def _last(said: str) -> str | None:
    """``where: where: what``, where the table knows the what."""
    for colon in re.finditer(_OF, said):
        if what := _whole(said[colon.end() :]):
            return f"{in_words(said[: colon.start()], 'zh')}：{what}"
    return None


def _several(said: str) -> str:
    """One wrong after the other, each as long as the table knows it; else what it is about, and the rest as it is."""
    parts, told = said.split(_AND), []
    while parts:
        known = ((n, _known(_AND.join(parts[:n]))) for n in range(len(parts), 0, -1))
        n, words = next(((n, found) for n, found in known if found), (1, _headed(parts[0])))
        told.append(words)
        parts = parts[n:]
    return "；".join(told)


def _known(said: str) -> str | None:
    return _whole(said) or _last(said)


def _headed(said: str) -> str:
    head, of, rest = said.partition(_OF)
    return f"{_whole(head) or head}：{in_words(rest, 'zh')}" if of else said


@cache
def _table() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those that begin with a word before those that begin with a value; longer ones first: they say more."""
    rows = tomllib.loads(_TABLE.read_text("utf-8"))["said"]
    ordered = sorted(rows.items(), key=lambda row: (row[0].startswith("{"), -len(_VALUE.sub("", row[0]))))
    return tuple((_pattern(english), chinese) for english, chinese in ordered)


def _pattern(english: str) -> re.Pattern[str]:
    """Each value stands for as little as may be, and for no sentence of its own."""
    parts = _VALUE.split(english)
    held = {part: ".+" if part == _REST else "(?:(?!: |; ).)+?" for part in parts[1::2]}
    return re.compile("".join(f"(?P<{p}>{held[p]})" if n % 2 else re.escape(p) for n, p in enumerate(parts)), re.S)
