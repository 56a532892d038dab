"""A plan of faults: which contacts go wrong, and how; the same seed gives the same ones, in whatever order."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simulators.behaviour import Behaviour

#: fault -> what it changes in how somebody behaves
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "busy": {"answers": "busy"},
    "no_answer": {"answers": "ignore"},
    "voicemail": {"answers": "voicemail"},
    "noise": {"answers": "noise", "presses": 5},
    "wrong_digit": {"answers": "wrong_digit"},
    "hangup": {"answers": "hangup"},
    "429": {"api_error": 429},
    "503": {"api_error": 503},
    "timeout": {"api_slow": 12.0},
    "refused": {"api_error": 21211},
    "stop": {"api_error": 21610},
    "undelivered": {"sms": "undelivered"},
    "stuck": {"sms": "stuck"},
    "lost": {"callbacks": "lost"},
    "late": {"callbacks": "late"},
    "twice": {"callbacks": "twice"},
    "reversed": {"callbacks": "reversed"},
    "early": {"callbacks": "early"},
}


class BadFaults(ValueError):
    """A fault that does not exist; the message lists those that do."""


@dataclass(slots=True)
class FaultPlan:
    """Bends the behaviour of a ``share`` of all contacts by one of ``kinds`` each."""

    kinds: tuple[str, ...] = ()
    share: float = 0.0
    seed: int = 0
    #: what was bent so far: (who, channel, number of the contact, fault)
    bent: list[tuple[str, str, int, str]] = field(default_factory=list)
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def bend(self, behaviour: Behaviour, who: str, channel: str) -> Behaviour:
        """How this contact goes. Neither the order nor the number of other people's contacts matters."""
        number = self._counts.get((who, channel), 0) + 1
        self._counts[who, channel] = number
        chance = random.Random(f"{self.seed}/{who}/{channel}/{number}")
        if not self.kinds or chance.random() >= self.share:
            return behaviour
        fault = chance.choice(self.kinds)
        self.bent.append((who, channel, number, fault))
        return replace(behaviour, **FAULTS[fault])


def parse_faults(text: str, share: float, seed: int) -> FaultPlan:
    """``"busy,429,lost"`` as a plan; ``"all"`` is every fault there is. Raises ``BadFaults``."""
    names = tuple(FAULTS) if text == "all" else tuple(filter(None, (part.strip() for part in text.split(","))))
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        raise BadFaults(f"unknown fault {', '.join(unknown)}; known: {', '.join(FAULTS)}")
    return FaultPlan(names, share, seed)
