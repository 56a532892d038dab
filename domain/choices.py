"""What a home has chosen of the rules, by whose word; bounded, so that no choice can silence anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

#: the longest that a fall may wait for a word from the home, seconds (owner: the district's health commission)
MOST_S = 60
ASKING = ("device", "voice")
#: who may agree to it for a home; a code, because a home's rules are not sealed
AGREED_BY = ("resident", "family", "guardian", "family_doctor", "street_office")


@dataclass(frozen=True, slots=True)
class AskFirst:
    """A fall is asked about before anybody is called, for so long. Only ever a delay."""

    wait: timedelta
    #: ``device``: those of the home ask; ``voice``: the home's telephones ring
    ways: tuple[str, ...]
    #: of the device that noticed it; empty: of any
    roles: frozenset[str] = frozenset()

    def fits(self, role: str) -> bool:
        """Whether what a device of this role notices is asked about."""
        return not self.roles or role in self.roles


def read_choices(said: Mapping[str, Any] | None, problems: list[str]) -> AskFirst | None:
    """``{"fall": {"ask_first_s": 30, "agreed_by": "resident"}}``; what is wrong is added to ``problems``.

    None, that is "call at once", for a home that chose nothing and for one whose choice cannot be read.
    """
    if said is None:
        return None
    unknown = sorted(said.keys() - {"fall"})
    fall = said.get("fall")
    found = [f"choices: unknown {', '.join(unknown)}; write fall"] if unknown else []
    if fall is None:
        problems += found
        return None
    if not isinstance(fall, Mapping):
        problems += [*found, 'choices: fall: write {"ask_first_s": 30, "agreed_by": "resident"}']
        return None
    found += _wrong(fall)
    problems += found
    if found or not fall["ask_first_s"]:
        return None
    ways, roles = fall.get("ways", ["device"]), fall.get("roles", [])
    return AskFirst(timedelta(seconds=fall["ask_first_s"]), tuple(ways), frozenset(roles))


def _wrong(fall: Mapping[str, Any]) -> list[str]:
    found = []
    wait, ways, roles = fall.get("ask_first_s"), fall.get("ways", ["device"]), fall.get("roles", [])
    if unknown := sorted(fall.keys() - {"ask_first_s", "ways", "roles", "agreed_by", "agreed_at"}):
        found.append(f"choices: fall: unknown {', '.join(unknown)}")
    if not isinstance(wait, int) or isinstance(wait, bool) or not 0 <= wait <= MOST_S:
        found.append(f"choices: fall: ask_first_s: write whole seconds, 0 (at once) to {MOST_S}")
    if not isinstance(ways, list) or not ways or not all(way in ASKING for way in ways):
        found.append(f"choices: fall: ways: write some of {', '.join(ASKING)}")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        found.append("choices: fall: roles: write a list of device roles, or leave it out")
    if fall.get("agreed_by") not in AGREED_BY:
        found.append(f"choices: fall: agreed_by: somebody must have agreed: one of {', '.join(AGREED_BY)}")
    return found
