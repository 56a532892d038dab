"""Theengs Gateway and OpenMQTTGateway: Bluetooth advertisements, repeated for seconds, decoded to flat properties.

BTHome devices count their packets: (address, packet) is one press however often it is heard. A sensor's
largest value (255, 127.99) is its word for "broken".
"""

import re
from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body, rtl433, traits, value
from broker_bridge.decoders.presses import SOS_ROLES, bthome, press
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unreadable
from domain.events import Kind


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """One advertisement (``…/BTtoMQTT/{address}``), a radio code, or the gateway's own state."""
    levels = topic.split("/")
    last = levels[-1]
    if last == "LWT":
        return _will(body.text(payload))
    said, why = body.fields(payload)
    if said is None:
        return unreadable(why or "", _address(levels, {}))
    if last == "SYStoMQTT":
        return Translation((Reading(Kind.HEARTBEAT, {"uptime_s": value.number(said.get("uptime"))}, hub=True),))
    if "RTL_433toMQTT" in levels:
        return sort(rtl433.read(said, role))
    if any(level.startswith("MQTTto") or level == "commands" for level in levels):
        return noise(None, "a command")
    if not _CODES.isdisjoint(levels):
        return _code(said, levels, role)
    if "LORAtoMQTT" in levels and (heard := _spoken(said.get("message"), role)) is not None:
        return sort([replace(heard, device=value.name(said.get("id")) or last)])
    return sort(_advertisement(said, _address(levels, said), role))


def _advertisement(said: dict[str, Any], device: str | None, role: str | None) -> list[Reading]:
    packet = value.count(said.get("packet"))
    rest = {_NAMES.get(k, k): v for k, v in said.items() if k not in _NOT_OURS}
    if value.word(said.get("type")) == "body" and "tempc" in said:
        rest["body_temperature"] = said["tempc"]
    told = traits.read(rest, device, role)
    pressed = [found for name in said if _BUTTON.fullmatch(name) and (found := bthome(said[name], role)) is not None]
    pressed = [r for r in pressed if r.kind is not Kind.HEARTBEAT] or pressed[:1]
    if pressed:
        common = traits.facts({value.word(k): v for k, v in rest.items()})
        told = [r for r in told if r.kind is not Kind.HEARTBEAT]
        told += [Reading(r.kind, {**common, **r.data}, device, said=r.said) for r in pressed]
    if role in SOS_ROLES and "gpio" in said:
        told = [Reading(Kind.SOS, {"trigger": "contact"}, device) if value.word(said["gpio"]) in ("high", "on", "1")
                else Reading(Kind.HEARTBEAT, {"off": [str(Kind.SOS)]}, device)]  # fmt: skip
    if role in SOS_ROLES and not pressed and _is_closed(said):
        told = [Reading(Kind.UNKNOWN, {}, device, said="encrypted or not decoded")]
    return [replace(r, id=f"{device}-{packet}-{r.kind}") for r in told] if packet is not None and device else told


def _is_closed(said: dict[str, Any]) -> bool:
    """Encrypted, or raw data that the gateway has no decoder for: somebody may have pressed."""
    encrypted = said.get("encr") not in (None, 0, False) or ("ctr" in said and "cipher" in said)
    raw = "servicedata" in said or "manufacturerdata" in said
    return bool(encrypted) or (raw and "model" not in said and "brand" not in said)


def _address(levels: list[str], said: dict[str, Any]) -> str | None:
    """The device's own address without colons; some gateways name it in the topic only."""
    for found in (said.get("mac"), said.get("id"), levels[-1]):
        plain = (value.name(found) or "").replace(":", "").replace("-", "").upper()
        if len(plain) == 12 and all(c in "0123456789ABCDEF" for c in plain):
            return plain
    return value.name(said.get("id")) or (levels[-1] if levels[-1] not in ("BTtoMQTT", "undecoded") else None)


def _will(text: str) -> Translation:
    online = value.word(text) == "online"
    return Translation((Reading(Kind.HEARTBEAT if online else Kind.OFFLINE, {"state": value.word(text)}, hub=True),))


def _code(said: dict[str, Any], levels: list[str], role: str | None) -> Translation:
    """A remote of the 433 MHz sort sends its own number and nothing else; the number may stand in the topic."""
    inner = said["message"] if isinstance(said.get("message"), dict) else said
    device = next((found for key in _NUMBERS if (found := value.name(inner.get(key)))), None)
    device = device or (levels[-1] if not levels[-1].endswith("toMQTT") else None)
    kind = traits.role_kind(role)
    if kind is not None:
        return sort([Reading(kind, {"trigger": "radio"} if kind is Kind.SOS else {"state": "alarm"}, device)])
    told = traits.read({key: item for key, item in inner.items() if key != "value"}, device, role)
    return sort(told)


def _spoken(said: Any, role: str | None) -> Reading | None:
    """What a board of one's own sends over LoRa: one word."""
    found = press(said, role) if isinstance(said, str) else None
    return found if found is not None and (found.kind is Kind.SOS or role in SOS_ROLES) else None


#: topics of gateways for plain radio and infrared codes, and what their numbers are called
_CODES = frozenset({"433toMQTT", "IRtoMQTT", "RF2toMQTT", "PilighttoMQTT", "SRFBtoMQTT", "RFtoMQTT"})
_NUMBERS = ("value", "id", "address", "systemcode", "unitcode")
_BUTTON = re.compile(r"button_?\d{0,2}|press|btn")
#: what looks like one of our names and is none: room temperature and air pressure, names, settings
_NOT_OURS = frozenset(
    {"type", "tempc", "tempf", "temp", "hum", "pres", "model", "name", "track", "cont", "acts", "time"}
)
_NAMES = {"act_bpm": "bpm", "batt": "battery", "pres_det": "presence", "light_det": "light", "leaking": "leak"}
