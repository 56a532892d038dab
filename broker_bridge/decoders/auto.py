"""A hub whose dialect nobody wrote down: guessed from topic and shape. Never a kind is guessed.

What fits no dialect is read by the names of its fields alone; what they do not tell is ``unknown``.
"""

import re
from collections.abc import Mapping

from broker_bridge.decoders import anling, body, plain
from broker_bridge.decoders.hubs import HUBS
from broker_bridge.decoders.platforms import PLATFORMS
from broker_bridge.decoders.reading import Decoder, Translation

_DECODERS: Mapping[str, Decoder] = {"anling": anling.decode, **HUBS, **PLATFORMS}


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """By the dialect that topic or shape belong to, else by the names of the fields."""
    name = guess(topic, payload)
    decoder = _DECODERS.get(name or "")
    return decoder(topic, payload, role) if decoder else plain.decode(topic, payload, role)


def guess(topic: str, payload: bytes) -> str | None:
    """The dialect, or None when neither topic nor shape is known."""
    for pattern, name in _TOPICS:
        if pattern.search(topic) and not (name == "tasmota" and b'"val"' in payload):
            return name
    said, _ = body.fields(payload)
    keys = set(said or ())
    found = next((name for wanted, name in _SHAPES if wanted <= keys), None)
    # the maker's own gateway writes the codec's values beside the envelope
    return "milesight" if found == "chirpstack" and keys.isdisjoint(_DECODED) else found


_TOPICS = tuple((re.compile(pattern), name) for pattern, name in (
    (r"^anling/v1/|^http:/anling/", "anling"),
    (r"(^|/)thing/(event|property|service)/", "onenet"), (r"^\$oc/devices/", "iotda"),
    (r"^http:/(pushData|jjt)(/|$)", "jjt"),
    (r"^http:/aiqiangua(/|$)", "aiqiangua"), (r"^http:/withings(/|$)", "withings"), (r"^http:/onenet(/|$)", "onenet"),
    (r"^http:/ctwing(/|$)", "ctwing"), (r"^http:/iotda(/|$)", "iotda"), (r"^http:/g616(/|$)", "g616"),
    (r"^http:/eldercare(/|$)", "eldercare"), (r"^http:/dexa(/|$)", "dexa"), (r"^http:/traccar(/|$)", "traccar"),
    (r"^http:/chirpstack(/|$)", "chirpstack"), (r"^http:/ttn(/|$)", "ttn"), (r"^http:/milesight(/|$)", "milesight"),
    (r"^http:/thingsboard(/|$)", "thingsboard"), (r"^http:/owntracks(/|$)", "owntracks"),
    (r"^zigbee2mqtt/|/bridge/(state|logging|health|devices|event|info)$", "z2m"),
    (r"^homeassistant(/|$)", "homeassistant"),
    (r"^application/[^/]+/device/[^/]+/event/", "chirpstack"),
    (r"^v3/[^/]+/devices/[^/]+/", "ttn"),
    (r"^owntracks/", "owntracks"),
    (r"^shellies/|/events/rpc$|^shelly[^/]*/|/status/(input|switch|smoke|flood|devicepower|bthome)", "shelly"),
    (r"/[A-Za-z0-9_]+toMQTT(/|$)|^home/[^/]+/LWT$", "theengs"),
    (r"(^|/)rtl_433(/|$)", "rtl433"),
    (r"(^|/)(tele|stat)/|/(LWT|SENSOR|STATE|RESULT)$|^tasmota/discovery/", "tasmota"),
    (r"^zwave(js)?2?(mqtt)?/|/(notification|\d+)/endpoint_\d+/", "zwavejs"),
    (r"^traccar/", "traccar"),
    (r"(^|/)g616/", "g616"),
    (r"^p/[ud]/\d+/", "dexa"),
    (r"^v1/(devices/me|gateway)/|^v2/[at](/|$)", "thingsboard"),
    (r"^vs37\d|^milesight/", "milesight"),
    (r"(^|/)(binary_sensor|sensor|text_sensor|event|switch|light|button|number|select)/[^/]+/state$", "esphome"),
    (r"^[^/]+/(status|debug)$", "esphome"),
))  # fmt: skip
_DECODED = frozenset({"object", "objectJSON", "deviceInfo"})
#: keys that stand together in one dialect only
_SHAPES: tuple[tuple[frozenset[str], str], ...] = tuple((frozenset(keys.split()), name) for keys, name in (
    ("v id type data", "anling"), ("end_device_ids", "ttn"), ("deviceInfo", "chirpstack"),
    ("devEUI fPort", "chirpstack"),
    ("_type tst", "owntracks"), ("ZbReceived", "tasmota"), ("ZbInfo", "tasmota"), ("IBEACON", "tasmota"),
    ("method params", "shelly"), ("notify_data resource", "iotda"), ("msg msg_signature", "onenet"),
    ("msg nonce signature", "onenet"), ("messageType deviceId", "ctwing"), ("model battery_ok", "rtl433"),
    ("position device", "traccar"), ("event device", "traccar"), ("device_info trigger_data", "milesight"),
    ("event_type event_data", "homeassistant"), ("entity_id state", "homeassistant"), ("model_id brand", "theengs"),
    ("nodeId value", "zwavejs"), ("linkquality", "z2m"),
))  # fmt: skip
