"""How full a sensor's battery is, and whether it is low: by the maker's own word, or by its per cent."""

from collections.abc import Mapping
from typing import Any

from broker_bridge.decoders.naming import parts, words
from broker_bridge.decoders.reading import Reading
from broker_bridge.decoders.value import LOW, percent, truth, word
from broker_bridge.decoders.vocabulary import BATTERY
from broker_bridge.decoders.worded import Word, worded
from domain.events import Kind

Named = Mapping[str, Any]

#: say "low" by a word or a yes; a number over 1 under such a name is nobody's level
_STATES = words(
    "batterystate batterystatus batterylow lowbattery batteryalarm lowbatteryalarm batterylowalarm battstatus "
    "lowpower powerlow lowvoltage batterylowvoltage undervoltage batterydefect"
)
#: a figure that may carry its judgement with it: ``"2.4(low battery)"``
_VOLTS = words("volt volts voltage bat batt battery batv")
_FINE = words("batteryok battok")
_SUPPLIED = words("externalpower externalpowersource acconnected charging ischarging mainspower dcpower")
_LOW_WORDS = words("low empty critical flat very_low low_battery lowbattery")


def level(named: Named) -> float | None:
    """Per cent; 3.3 is volts, and a ``battery_state`` is not a level."""
    for name, value in named.items():
        found = percent(value)
        if found is None or isinstance(value, bool) or BATTERY.isdisjoint(_spelt(name)):
            continue
        if found == int(found) or found > 5:
            return found
    return None


def low(named: Named) -> Reading | None:
    """Once, with the level where one is known; not for 0 % of a device that hangs on the mains."""
    full = level(named)
    supplied = any(truth(value) is True for name, value in named.items() if not _SUPPLIED.isdisjoint(_spelt(name)))
    if not _said(named) and (full is None or full > LOW or supplied):
        return None
    return Reading(Kind.BATTERY_LOW, {} if full is None else {"battery_pct": full}, level=True)


def speaks_of(name: str) -> bool:
    """The property is about the battery's state, and read here."""
    return not (_STATES | _FINE).isdisjoint(_spelt(name))


def _said(named: Named) -> bool:
    for name, value in named.items():
        if isinstance(value, str) and not _VOLTS.isdisjoint(parts(name)) and "low battery" in value.lower():
            return True
        if not _STATES.isdisjoint(_spelt(name)) and (worded(value) is Word.YES or word(value) in _LOW_WORDS):
            return True
        if not _FINE.isdisjoint(_spelt(name)) and truth(value) is False:
            return True
    return False


def _spelt(name: str) -> tuple[str, ...]:
    whole = parts(name)
    return "".join(whole), "".join(part for part in whole if not part.isdigit())
