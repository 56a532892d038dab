"""Which language a page speaks: the reader's choice, else the browser's, else Chinese."""

from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection

from domain.words import LANGUAGES, Catalogue

COOKIE = "anling_lang"

_WORDS = Path(__file__).parent / "words"


def load() -> Catalogue:
    """The words of all pages, both languages checked against each other."""
    whole = Catalogue.load(_WORDS / "zh.toml", _WORDS / "en.toml")
    for name in ("leaves", "forms"):
        whole = whole.joined(Catalogue.load(_WORDS / f"{name}.zh.toml", _WORDS / f"{name}.en.toml"))
    return whole


def chosen(conn: HTTPConnection) -> str:
    """``?lang=``, then the cookie, then Accept-Language, then ``zh``."""
    asked = (conn.query_params.get("lang"), conn.cookies.get(COOKIE), *_accepted(conn))
    return next((lang for lang in asked if lang in LANGUAGES), "zh")


def _accepted(conn: HTTPConnection) -> list[str]:
    parts = conn.headers.get("accept-language", "").split(",")
    return [part.split(";")[0].strip()[:2].lower() for part in parts]


class Speech:
    """The catalogue in one language, as pages and templates use it."""

    def __init__(self, words: Catalogue, lang: str) -> None:
        self._words = words
        self.lang = lang
        self._keys = words.keys()

    def __call__(self, key: str, /, **values: Any) -> str:
        """The sentence; ``KeyError`` when it is missing."""
        return self._words.say(key, self.lang, **values)

    def knows(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self._keys

    def needs(self, key: str) -> frozenset[str]:
        """The values a sentence asks for."""
        return self._words.needs(key)

    def named(self, family: str, code: object) -> str:
        """The word for a code, ``kind.sos``; the code itself when it has none (a newer engine's)."""
        key = f"{family}.{code}"
        return self(key) if key in self._keys else str(code)

    def became(self, status: object, reason: object = None) -> str:
        """What came of asking somebody, in one word: why it failed where there is a word for that, else the status."""
        cause = str(reason or "").partition(":")[0]
        return self.named("status", cause if self.knows(f"status.{cause}") else status)

    def part(self, families: tuple[str, ...]) -> dict[str, str]:
        """All sentences of some families, placeholders left as they are, for the browser."""
        keys = [k for k in sorted(self._keys) if k.partition(".")[0] in families]
        return {k: self(k, **{name: f"{{{name}}}" for name in self._words.needs(k)}) for k in keys}
