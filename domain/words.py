"""Every word a person hears or reads, in Chinese and English, from one checked catalogue.

A sentence that is missing in one language would be found at three in the morning by the
person who needed it; so both languages are compared when they are loaded.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

from domain.errors import ConfigurationError

LANGUAGES = ("zh", "en")


class Catalogue:
    """Sentences by key, alike in both languages. Asking for one that is not there is a ``KeyError``."""

    def __init__(self, zh: Mapping[str, Any], en: Mapping[str, Any]) -> None:
        """Take both languages (tables may be nested: ``kind.sos``); all differences at once, or none."""
        problems: list[str] = []
        self._words = {"zh": _flat(zh, "zh", problems), "en": _flat(en, "en", problems)}
        problems += _differences(self._words["zh"], self._words["en"])
        if problems:
            raise ConfigurationError(problems)

    @classmethod
    def load(cls, path_zh: Path | str, path_en: Path | str) -> "Catalogue":
        """Read two TOML files; a file that cannot be read is a ``ConfigurationError`` too."""
        problems: list[str] = []
        zh, en = _read(Path(path_zh), problems), _read(Path(path_en), problems)
        if problems:
            raise ConfigurationError(problems)
        return cls(zh, en)

    def joined(self, other: "Catalogue") -> "Catalogue":
        """Both catalogues in one. A sentence that stands in both is a ``ConfigurationError``."""
        twice = sorted(self.keys() & other.keys())
        if twice:
            raise ConfigurationError([f"{key}: stands in two catalogues; keep one" for key in twice])
        whole = Catalogue({}, {})
        whole._words = {language: self._words[language] | other._words[language] for language in LANGUAGES}
        return whole

    def say(self, key: str, language: str, /, **values: object) -> str:
        """The sentence with its values filled in; ``KeyError`` for a missing key, language or value."""
        return self._words[language][key].format_map(values)

    def __contains__(self, key: object) -> bool:
        return key in self._words["zh"]

    def keys(self) -> frozenset[str]:
        """All keys, dotted."""
        return frozenset(self._words["zh"])

    def needs(self, key: str) -> frozenset[str]:
        """The values that a sentence asks for."""
        return _placeholders(self._words["zh"][key])


def _read(path: Path, problems: list[str]) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path.name}: cannot be read ({error}); restore the file from the release")
        return {}


def _flat(table: Mapping[str, Any], language: str, problems: list[str]) -> dict[str, str]:
    """Dotted keys to sentences; what is no sentence, or cannot be filled in, is a problem."""
    sentences: dict[str, str] = {}
    for key, value in _leaves(table, ""):
        fault = _fault(value)
        if fault:
            problems.append(f"{language}: {key}: {fault}")
        sentences[key] = value if isinstance(value, str) else ""
    return sentences


def _leaves(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _fault(value: object) -> str | None:
    if not isinstance(value, str):
        return "is not a sentence; write it in quotes"
    if not value.strip():
        return "is empty; write the sentence"
    try:
        odd = [name for name in _placeholders(value) if not name.isidentifier()]
    except ValueError as error:
        return f"has a broken placeholder ({error}); write {{name}}, and {{{{ for a brace"
    return f"has placeholders that are not plain names: {', '.join(sorted(odd))}" if odd else None


def _placeholders(sentence: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


def _differences(zh: Mapping[str, str], en: Mapping[str, str]) -> list[str]:
    problems = [f"en: {key}: is missing; translate it" for key in sorted(zh.keys() - en.keys())]
    problems += [f"zh: {key}: is missing; translate it" for key in sorted(en.keys() - zh.keys())]
    for key in sorted(zh.keys() & en.keys()):
        if _fault(zh[key]) or _fault(en[key]):
            continue
        ours, theirs = _placeholders(zh[key]), _placeholders(en[key])
        if ours != theirs:
            odd = ", ".join(sorted(ours ^ theirs))
            problems.append(f"{key}: {{{odd}}} is in one language only; use it in both or in neither")
    return problems
