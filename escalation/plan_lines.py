"""Where things stand in a plan file: the line of each table and setting, and every slip of its grammar at once."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

Path = tuple[str | int, ...]
_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.\-\"' ]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([\w\-\"']+)\s*=(.*)$")
_INNER = re.compile(r"([\w\-]+)\s*=")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')
_AT = re.compile(r"\(at line (\d+)[^)]*\)")
_MOST = 20


def read_toml(text: str) -> tuple[Mapping[str, Any], list[tuple[int, str]]]:
    """The file's tables, and (line, what) for each slip of its grammar: a bad line is left out and reading goes on."""
    lines, slips = text.splitlines(), list[tuple[int, str]]()
    while len(slips) < _MOST:
        try:
            return tomllib.loads("\n".join(lines)), slips
        except tomllib.TOMLDecodeError as error:
            found = _AT.search(str(error))
            number = int(found[1]) if found else len(lines)
            number = next((n for n in range(min(number, len(lines)), 0, -1) if lines[n - 1].strip()), 0)
            slips.append((number or 1, _AT.sub("", str(error)).replace("(at end of document)", "").strip()))
            if not number:
                break
            lines[number - 1] = ""
    return {}, slips


def lines_of(text: str) -> dict[Path, int]:
    """The line of each table (``("track", 0, "step", 1)``) and of each setting in it."""
    return _Scan().run(text)


def line_at(lines: Mapping[Path, int], path: Path) -> int | None:
    """The line of ``path``, else of the nearest table around it."""
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None)


class _Scan:
    """Walks down a TOML file as a reader would, without understanding its values."""

    def __init__(self) -> None:
        self.found: dict[Path, int] = {}
        self.table: Path = ()
        self.counts: dict[Path, int] = {}
        self.depth = 0
        self.long = False

    def run(self, text: str) -> dict[Path, int]:
        for number, line in enumerate(text.splitlines(), 1):
            if line.count('"""') % 2 or line.count("'''") % 2:
                self.long = not self.long
                if not self.long:
                    continue
            elif self.long:
                continue
            bare = _QUOTED.sub('""', line).split("#")[0]
            if self.depth == 0:
                self._line(number, line, bare)
            self.depth = max(0, self.depth + _depth(bare)) if not _HEADER.match(line) else 0
        return self.found

    def _line(self, number: int, line: str, bare: str) -> None:
        header = _HEADER.match(line)
        if header:
            names = [part.strip(" \"'") for part in header[2].split(".")]
            self.table = self._enter(names, many=header[1] == "[[")
            self.found.setdefault(self.table, number)
            return
        key = _KEY.match(line)
        if key:
            path = (*self.table, key[1].strip("\"'"))
            self.found.setdefault(path, number)
            for inner in _INNER.findall(bare.partition("=")[2]):
                self.found.setdefault((*path, inner), number)

    def _enter(self, names: list[str], many: bool) -> Path:
        path: Path = ()
        for name in names[:-1]:
            path = (*path, name)
            if path in self.counts:
                path = (*path, self.counts[path])
        path = (*path, names[-1])
        if not many:
            return path
        self.counts[path] = self.counts.get(path, -1) + 1
        return (*path, self.counts[path])


def _depth(bare: str) -> int:
    return sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}")
