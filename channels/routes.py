"""Which provider carries a telephone number, by how the number begins. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

MAINLAND = "+86"

#: ``none`` is a wish: this country is not called from here
PROVIDERS = ("twilio", "aliyun", "none")

#: a mobile number, or an area code and a number of seven or eight digits
_AT_HOME = re.compile(r"1[3-9]\d{9}|0[1-9]\d{1,2}[2-8]\d{6,7}", re.ASCII)

_SEPARATORS = str.maketrans("", "", " \t-()./\u00a0\u3000")


@dataclass(frozen=True, slots=True)
class Routes:
    """Prefix to provider; the longest prefix wins, ``*`` is for every other number.

    ``twilio|aliyun``: the second takes over while the first one is down.
    """

    by_prefix: Mapping[str, str]

    def provider(self, number: str) -> str | None:
        """Who carries it first; None when no route fits."""
        return next(iter(self.providers(number)), None)

    def providers(self, number: str) -> tuple[str, ...]:
        """Who carries it, in order; empty when no route fits."""
        fitting = [prefix for prefix in self.by_prefix if prefix != "*" and number.startswith(prefix)]
        named = self.by_prefix.get(max(fitting, key=len, default="*"))
        return tuple(named.split("|")) if named else ()

    def named(self) -> frozenset[str]:
        """Every provider of any route."""
        return frozenset(one for who in self.by_prefix.values() for one in who.split("|"))

    def mainland(self) -> frozenset[str]:
        """Every provider that would be asked to carry some mainland number."""
        longer = {w for prefix, who in self.by_prefix.items() if prefix.startswith(MAINLAND) for w in who.split("|")}
        return frozenset(longer | set(self.providers(MAINLAND) or ("none",)))


def parse_routes(text: str, setting: str, problems: list[str]) -> Routes:
    """Read ``+86=aliyun,*=twilio``; what is wrong goes to ``problems`` with its remedy."""
    by_prefix: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        prefix, _, provider = (side.strip() for side in part.partition("="))
        if not (prefix == "*" or (prefix.startswith("+") and prefix[1:].isascii() and prefix[1:].isdigit())):
            problems.append(f"{setting}: {part!r} does not begin with + and digits, or *; write +86=aliyun")
        elif any(one not in PROVIDERS for one in provider.split("|")):
            problems.append(f"{setting}: {part!r} names no provider; use one of {', '.join(PROVIDERS)}")
        elif prefix in by_prefix:
            problems.append(f"{setting}: {prefix} is there twice; keep one")
        else:
            by_prefix[prefix] = provider
    return Routes(by_prefix)


def e164(address: str) -> str:
    """The number as providers want it: in plain digits, without separators, ``+`` for a leading ``00``.

    Without a country's code what is written as at home is a mainland number: 138…, 021….
    """
    plain = unicodedata.normalize("NFKC", address).strip().removeprefix("tel:").translate(_SEPARATORS)
    if plain.startswith("00"):
        return "+" + plain[2:]
    return MAINLAND + plain.removeprefix("0") if _AT_HOME.fullmatch(plain) else plain
