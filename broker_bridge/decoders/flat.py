"""Properties that stand in objects, as one level: each under the name that says what it is about."""

from collections.abc import Iterator, Mapping
from typing import Any

from broker_bridge.decoders.alarm_names import meaning
from broker_bridge.decoders.naming import keys, measures
from broker_bridge.decoders.value import word
from broker_bridge.decoders.vocabulary import BUTTON, CONTAINERS, OWN
from domain.events import Kind

Fields = Mapping[str, Any]


def flat(fields: Fields, depth: int = 4) -> Iterator[tuple[str, Any]]:
    """The properties of all levels; ``{"status": …}`` or ``{"value": …}`` also under the outer name."""
    for name, value in fields.items():
        if not isinstance(value, Mapping):
            yield name, value
            continue
        own = _own(name, value)
        if own is not None:
            yield name, value[own]
        elif _cries(name, value):
            yield name, "unclear"
        if _is_plain(value.get("type")) and word(name) in ("alarm", "event", "warning"):
            yield f"{name}_type", value["type"]
        if depth:
            kept = () if word(name) in CONTAINERS else _OWN_STATE
            yield from flat({key: item for key, item in value.items() if key not in {*kept, own}}, depth - 1)


def _own(name: str, value: Fields) -> str | None:
    """Which property is the state of what the object is called."""
    if word(name) in CONTAINERS:
        return None
    own = next((inner for inner in _OWN_STATE if _is_plain(value.get(inner))), None)
    if own is None and (meaning(name) is not None or not BUTTON.isdisjoint(keys(name))):
        own = next((inner for inner in _SAID_SO if _is_plain(value.get(inner))), None)
    return own


def _cries(name: str, value: Fields) -> bool:
    """``sos: {"lat": …}``: about a cry or a fall, and nothing in it says whether there is one."""
    found = meaning(name)
    if found is None or found.kind not in (Kind.SOS, Kind.FALL):
        return False
    spoken = [inner for inner in value if isinstance(inner, str)]
    return not any(meaning(inner) for inner in spoken) and not all(measures(n) or word(n) in OWN for n in spoken)


_OWN_STATE = ("status", "state", "value")
#: the same, where the object is called after an alarm
_SAID_SO = ("alarm", "active", "triggered", "detected", "pressed")


def _is_plain(value: Any) -> bool:
    return value is not None and not isinstance(value, Mapping | list)
