"""What the watch found: one thing that is not as it must be, with its reason and its remedy in two languages."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from domain.words import LANGUAGES, Catalogue

_WORDS = Path(__file__).parent / "words"
#: the way from button to phone goes on; somebody must look all the same
MILD = frozenset({"dropped", "providers", "wall_clock", "database_clock", "engine_clock", "deadman"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``about`` holds ids and ``detail`` codes and numbers, never a name or an address."""

    code: str
    count: int = 1
    about: tuple[str, ...] = ()
    detail: str = ""

    @property
    def grave(self) -> bool:
        """Somebody who presses may wait because of it."""
        return self.code not in MILD

    def reason(self, language: str) -> str:
        """What is wrong, as a sentence."""
        said = words().say(f"reason.{self.code}", language)
        more = "; ".join(part for part in (self.detail, ", ".join(self.about[:5])) if part)
        return f"{said} ({more})" if more else said

    def remedy(self, language: str) -> str:
        """What to do next."""
        return words().say(f"remedy.{self.code}", language)

    def plain(self) -> dict[str, object]:
        """As JSON values, for the ledger, the log and the broker."""
        return {"code": self.code, "count": self.count, "about": list(self.about[:5]), "detail": self.detail}


@cache
def words() -> Catalogue:
    """The catalogue, read once."""
    return Catalogue.load(_WORDS / "zh.toml", _WORDS / "en.toml")


def sentences(findings: Iterable[Finding], language: str) -> str:
    """All of them with their remedies, for a message to the operator; the grave ones first."""
    ordered = sorted(findings, key=lambda f: (not f.grave, f.code))
    return " ".join(f"{f.reason(language)} {f.remedy(language)}" for f in ordered[:5])


def shouted(findings: Iterable[Finding]) -> dict[str, str]:
    """The whole message in both languages."""
    kept = list(findings)
    return {code: words().say("shout.now", code, text=sentences(kept, code)) for code in LANGUAGES}


def well_again() -> dict[str, str]:
    """The word when nothing is wrong any more."""
    return {code: words().say("shout.well", code) for code in LANGUAGES}
