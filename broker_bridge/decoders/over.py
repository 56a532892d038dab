"""Which lasting states a message says are over: ``off`` in a reading's data, so that the next one is news again."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from broker_bridge.decoders import charge
from broker_bridge.decoders.alarm_names import meaning
from broker_bridge.decoders.names import ROLES
from broker_bridge.decoders.naming import keys, parts
from broker_bridge.decoders.reading import Reading
from broker_bridge.decoders.value import LOW, word
from broker_bridge.decoders.vocabulary import BARE
from broker_bridge.decoders.worded import Word, worded
from domain.events import Kind

Named = Mapping[str, Any]

_LASTING = frozenset({Kind.SOS, Kind.FALL, Kind.SMOKE, Kind.GAS, Kind.WATER_LEAK, Kind.TAMPER, Kind.INACTIVITY,
                      Kind.GEOFENCE_EXIT, Kind.BATTERY_LOW})  # fmt: skip


def off(named: Named, role: str | None, said: Iterable[Reading]) -> list[str]:
    """The kinds that these properties say are not, without those that any of them says is."""
    on = {str(reading.kind) for reading in said}
    return sorted({str(kind) for name, value in named.items() for kind in _over(name, value, role)} - on)


def _over(name: str, value: Any, role: str | None) -> Iterator[Kind]:
    told = worded(value)
    if told is Word.NO and not BARE.isdisjoint(keys(name)):
        yield ROLES.get(role or "", Kind.SOS)
    elif told is Word.NO and (found := meaning(name)) is not None and found.kind in _LASTING:
        yield found.kind
    elif told is Word.YES and not {"wear", "wearing", "worn", "install"}.isdisjoint(parts(name)):
        yield Kind.TAMPER
    elif "geofence" in parts(name) and word(value) == "inside":
        yield Kind.GEOFENCE_EXIT
    elif word(name) == "detection_status" and word(value) not in ("", "fall"):
        yield Kind.FALL
    elif (full := charge.level({name: value})) is not None and full > LOW:
        yield Kind.BATTERY_LOW
