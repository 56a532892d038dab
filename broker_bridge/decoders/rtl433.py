"""rtl_433: a radio receiver that hears the alarm sensors of many makers, one way, each press several times.

One model, one set of fields; what they share are the names: ``alarm``, ``event``, ``battery_ok`` (1 is good),
``subtype``, ``cmd``. Local time without a zone.
"""

from typing import Any

from broker_bridge.decoders import body, names, traits, value
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.presses import SOS_ROLES, press
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unreadable
from domain.events import Kind

Fields = dict[str, Any]


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """One transmission as JSON (``…/events``), or one field of it as text (``…/devices/MODEL/ID/field``)."""
    if "/devices/" in topic and payload.lstrip()[:1] != b"{":
        return _field(topic.partition("/devices/")[2].split("/"), payload, role)
    if topic.endswith(("/states", "/log")):
        return noise(None, "the receiver's own state")
    said, why = body.fields(payload)
    if said is None:
        return unreadable(why or "", None)
    return sort(read(said, role))


def read(said: Fields, role: str | None) -> list[Reading]:
    """What one transmission tells; also for gateways that pass on the same fields."""
    number = value.name(said.get("id")) or value.name(said.get("senderid")) or value.name(said.get("address"))
    model = value.name(said.get("model"))
    device = "/".join(part for part in (model, number) if part) or None
    told = _told(said, value.word(model), role)
    plain = traits.read(_without(said), device, role, moment(said.get("time")))
    battery = _level(said)
    rest = [r for r in plain if r.kind is not Kind.HEARTBEAT and not _same(r, told)]
    common = {**plain[0].data} if not told else {}
    made = [_as(r, device, said, battery) for r in told] + rest
    return made or [Reading(Kind.HEARTBEAT, {**common, **battery}, device, ts=moment(said.get("time")))]


def _told(said: Fields, model: str, role: str | None) -> list[Reading]:
    """The alarm bits, by the device's kind where it says so itself, else by its role."""
    if spoken := _spoken(said, role):
        return spoken
    kind = value.word(said.get("subtype"))
    if kind in _SUBTYPES:
        return _subtype(kind, said, role)
    if role in SOS_ROLES:
        return [] if _is_supervision(said) else [Reading(Kind.SOS, {"trigger": "radio"})]
    if _alarm_bit(said):
        own = next((k for words, k in _MODELS if words in model), None) or traits.role_kind(role)
        if own is not None:
            return [Reading(own, {"state": "alarm"} if own is not Kind.FALL else {}, level=True)]
        return [] if "contact_open" in said else [Reading(Kind.UNKNOWN, said="alarm bit of a device without a role")]
    if "smoke" in model and "alarm" not in said:
        # it transmits for nothing else than smoke and its test button
        return [Reading(Kind.SMOKE, {"state": "alarm"})]
    return _contact(said)


def _spoken(said: Fields, role: str | None) -> list[Reading]:
    """Sensors whose receiver writes the event in words ("Fire alarm", "Water Leak", "PANIC")."""
    for name in ("text", "extradata", "cmd", "event", "button", "state", "class"):
        words = set(value.word(said.get(name)).replace("/", "_").split("_"))
        if words & {"contact", "door", "window"} and (state := words & {"open", "closed", "close"}):
            return [_opening("open" in state, role)]
        if words & {"mute", "muted", "pairing"}:
            continue
        for wanted, kind, data in _WORDS:
            if words & wanted and not words & {"no", "normal", "restored", "low"}:
                testing = "test" in words and kind in names.STATED
                return [Reading(kind, data | ({"state": "test"} if testing else {}), drill=testing)]
        if name in ("cmd", "button") and words - {""} and (found := press(said[name], role)):
            return [found] if found.kind in (Kind.SOS, Kind.CANCEL) else []
    return []


def _opening(opened: bool, role: str | None) -> Reading:
    """A contact; one that the register calls an emergency button was pulled."""
    if role not in SOS_ROLES:
        return Reading(Kind.ACTIVITY, {"kind": "door", "state": "open" if opened else "closed"})
    return Reading(Kind.SOS, {"trigger": "contact"}) if opened else Reading(Kind.HEARTBEAT, {"off": [str(Kind.SOS)]})


def _subtype(kind: str, said: Fields, role: str | None) -> list[Reading]:
    """The sensor's own class; its switches say whether it is at rest (supervision) or set off."""
    switches = [value.word(said[f"switch{n}"]) for n in range(1, 6) if f"switch{n}" in said]
    set_off = "open" in switches or not switches
    found, data = _SUBTYPES[kind]
    if found is Kind.ACTIVITY and kind == "contact":
        return [_opening(set_off, role)]
    return [Reading(found, data)] if set_off else []


def _contact(said: Fields) -> list[Reading]:
    """Door contacts: open or closed, in the fields of several makers; a word of its own is no supervision."""
    word = next((w for key in ("state", "event") if (w := value.word(said.get(key))) in _CONTACTS), None)
    if word is not None and not value.truth(said.get("heartbeat")):
        return [Reading(Kind.ACTIVITY, {"kind": "door", "state": _CONTACTS[word]})]
    for name, opens in (("contact_open", True), ("closed", False), ("opened", True), ("reed_open", True)):
        state = value.truth(said.get(name))
        if state is not None and not _is_supervision(said):
            return [Reading(Kind.ACTIVITY, {"kind": "door", "state": "open" if state is opens else "closed"})]
    return []


def _is_supervision(said: Fields) -> bool:
    """The hourly "I am here", a low battery or a restore: nobody pressed anything."""
    if value.truth(said.get("heartbeat")) or value.truth(said.get("supervised")) or value.truth(said.get("restore")):
        return not _alarm_bit(said)
    bits = [name for name in _BITS if name in said]
    return bool(bits) and not any(_set(said[name]) or _is_unclear(said[name]) for name in bits)


def _is_unclear(said: Any) -> bool:
    """Neither yes nor no: it may have been set."""
    return said not in (None, "") and value.truth(said) is None and not value.word(said)


def _alarm_bit(said: Fields) -> bool:
    return value.truth(said.get("alarm")) is True


def _set(bit: Any) -> bool:
    """A bit, a word, or an event byte in hex ("90")."""
    return value.truth(bit) is True or value.word(bit) == "open" or (isinstance(bit, int) and bit > 1)


def _level(said: Fields) -> Fields:
    """``battery_ok`` is 0, 1 or the charge as a part of 1."""
    level = value.number(said.get("battery_ok"), 0, 1)
    return {"battery_pct": level * 100} if level is not None and 0 < level < 1 else {}


def _without(said: Fields) -> Fields:
    """The fields that mean the same everywhere."""
    return {k: v for k, v in said.items() if k not in _OWN}


def _same(reading: Reading, told: list[Reading]) -> bool:
    return any(r.kind is reading.kind for r in told)


def _as(reading: Reading, device: str | None, said: Fields, battery: Fields) -> Reading:
    return Reading(
        reading.kind, {**reading.data, **battery}, device, ts=moment(said.get("time")), drill=reading.drill,
        level=reading.level, said=reading.said,
    )  # fmt: skip


def _field(levels: list[str], payload: bytes, role: str | None) -> Translation:
    """``MODEL/[CHANNEL/]ID/field`` with the value as text."""
    name, device = levels[-1], "/".join(levels[:-1]) or None
    said = {name: body.text(payload)}
    if name in ("alarm", "event") and role in SOS_ROLES and value.truth(said[name]):
        return sort([Reading(Kind.SOS, {"trigger": "radio"}, device)])
    return sort(traits.read(_without(said) if name != "battery_ok" else said, device, role))


_OWN = frozenset({
    "time", "model", "id", "channel", "event", "state", "contact_open", "reed_open", "closed", "alarm", "heartbeat",
    "subtype", "text", "message", "cmd", "button", "opened", "senderid", "status", "pressure", "water_flow", "test",
})  # fmt: skip
_CONTACTS = {"open": "open", "opened": "open", "close": "closed", "closed": "closed"}
_BITS = ("alarm", "event", "contact_open", "reed_open", "motion", "state", "xactivity", "opened")
#: words of a model's name that say what its alarm bit is about
_MODELS = (("smoke", Kind.SMOKE), ("leak", Kind.WATER_LEAK), ("water", Kind.WATER_LEAK), ("gas", Kind.GAS))
_SUBTYPES: dict[str, tuple[Kind, Fields]] = {
    "panic": (Kind.SOS, {"trigger": "panic"}),
    "smoke": (Kind.SMOKE, {"state": "alarm"}),
    "heat": (Kind.SMOKE, {"state": "alarm", "cause": "heat"}),
    "contact": (Kind.ACTIVITY, {}),
    "motion": (Kind.ACTIVITY, {"kind": "motion", "state": "on"}),
    "co": (Kind.GAS, {"state": "alarm", "medium": "CO"}),
    "water": (Kind.WATER_LEAK, {"state": "alarm"}),
}
_WORDS: tuple[tuple[set[str], Kind, Fields], ...] = (
    ({"panic", "sos", "emergency", "help", "medical"}, Kind.SOS, {"trigger": "panic"}),
    ({"fire", "smoke"}, Kind.SMOKE, {"state": "alarm"}),
    ({"test"}, Kind.SMOKE, {"state": "test"}),
    ({"carbon", "co"}, Kind.GAS, {"state": "alarm", "medium": "CO"}),
    ({"gas"}, Kind.GAS, {"state": "alarm"}),
    ({"water", "leak", "wet", "flood"}, Kind.WATER_LEAK, {"state": "alarm"}),
    ({"motion", "tripped"}, Kind.ACTIVITY, {"kind": "motion", "state": "on"}),
)
