"""Zigbee2MQTT: one topic for each device, flat properties, a bridge that speaks for itself.

Friendly names may hold blanks and slashes, so the depth of a topic says nothing. Device states are
cached and sent again with every report (``cache_state``); only actions are moments.
"""

from broker_bridge.decoders import body, names, traits, value
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.presses import press
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from domain.events import Kind


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """A device's state, its availability, a legacy text action, or the bridge's own state."""
    _, _, name = topic.partition("/")
    if name == "bridge" or name.startswith("bridge/"):
        return _bridge(name.removeprefix("bridge").strip("/"), payload)
    head, _, last = name.rpartition("/")
    if last == "availability":
        return _availability(head, payload)
    if last in ("set", "get") and head:
        return noise(head, "a command")
    if not payload.strip():
        return noise(name or None, "the topic was cleared")
    said, why = body.fields(payload)
    if said is not None:
        ts = moment(said.get("last_seen"))
        return sort(traits.read(said, name or None, role, ts)) if said else unknown(name or None)
    return _attribute(head, last, payload, role) if head else unreadable(why or "", name or None)


def _attribute(device: str, name: str, payload: bytes, role: str | None) -> Translation:
    """One property as plain text: the legacy ``/action`` topic, and the output mode "attribute"."""
    said = body.text(payload)
    whole = f"{device}/{name}"
    if len(said) > 200 or said[:1] in "{[" or "\ufffd" in said:
        return unreadable("payload: neither a JSON object nor a property's text", whole)
    if name in names.ACTIONS and (reading := press(said, role)):
        return sort([Reading(reading.kind, reading.data, device)])
    if value.word(name) in KNOWN:
        return sort(traits.read({name: said}, device, role))
    return unknown(device, f"{name}={said}") if _looks_like_property(said) else unreadable("payload: not JSON", whole)


def _looks_like_property(said: str) -> bool:
    return value.number(said) is not None or value.truth(said) is not None


def _availability(device: str, payload: bytes) -> Translation:
    """JSON, or plain text of older versions. Passive devices are reported after a day: never a promise."""
    said, _ = body.value(payload)
    word = value.word(body.part(said, "state") if isinstance(said, dict) else body.text(payload).strip('"'))
    if word in ("online", "offline"):
        return Translation((Reading(Kind.HEARTBEAT if word == "online" else Kind.OFFLINE, {"state": word}, device),))
    return noise(device, "availability was cleared") if not payload.strip() else unknown(device, word)


def _bridge(what: str, payload: bytes) -> Translation:
    if what == "state":
        return _bridge_state(payload)
    if what == "event":
        return _bridge_event(payload)
    if what in ("health", "info", "response/health_check"):
        said, why = body.fields(payload)
        if said is None:
            return unreadable(why or "")
        return Translation((Reading(Kind.HEARTBEAT, {"bridge": what}, hub=True),))
    return noise(None, what)


def _bridge_state(payload: bytes) -> Translation:
    """The hub's own will: offline means every device of that home is."""
    said, _ = body.value(payload)
    word = value.word(body.part(said, "state") if isinstance(said, dict) else body.text(payload).strip('"'))
    kind = {"online": Kind.HEARTBEAT, "offline": Kind.OFFLINE}.get(word)
    if kind is None:
        return unknown(None, word)
    return Translation((Reading(kind, {"state": word}, hub=True),))


def _bridge_event(payload: bytes) -> Translation:
    """A device joined, spoke up, or left the network."""
    said, why = body.fields(payload)
    if said is None:
        return unreadable(why or "")
    about, type = said.get("data"), value.word(said.get("type"))
    device = value.name(body.part(about, "friendly_name")) or value.name(body.part(about, "ieee_address"))
    if type == "device_leave":
        return Translation((Reading(Kind.OFFLINE, {"state": "left"}, device),))
    if type in ("device_joined", "device_announce", "device_interview"):
        return Translation((Reading(Kind.HEARTBEAT, {"state": type}, device),))
    return noise(device, type)


KNOWN = frozenset({
    *names.ALARMS, *names.ROLE_ALARMS, *names.LOWS, *names.BATTERIES, *names.MOVES, *names.QUANTITIES, *names.VITALS,
    "linkquality", "last_seen", "temperature", "humidity", "illuminance", "voltage", "state", "pressure", "power",
    "illuminance_lux", "device_temperature", "test", "trouble", "battery_defect", "power_outage_count",
})  # fmt: skip
