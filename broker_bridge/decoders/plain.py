"""A message of nobody we know: our own words for what happened, else its properties by their names."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body, measurements, traits, value
from broker_bridge.decoders.alarm_names import meaning
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.names import FALLS, UNSURE
from broker_bridge.decoders.presses import SOS_ROLES, press
from broker_bridge.decoders.properties import tell
from broker_bridge.decoders.reading import Reading, Translation, sort, unknown, unreadable
from broker_bridge.decoders.states import alarm
from broker_bridge.decoders.vocabulary import CONTAINERS
from domain.events import RAISING, Kind

Fields = Mapping[str, Any]


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """What its words and its names tell; what they do not is ``unknown``."""
    said, why = body.fields_or_form(payload)
    if said is None:
        bare = _bare(topic, payload, role)
        return sort(bare) if bare else unreadable(why or "", None)
    layers = [said, *(item for key, item in said.items() if value.word(key) in _LAYERS and isinstance(item, dict))]
    if (own := _own_value(topic, said)) is not None:
        layers.append(own)
    device = next((n for layer in layers for key in _NAMES if (n := value.name(layer.get(key)))), None)
    ts = next((t for key in _TIMES if (t := moment(said.get(key)))), None)
    simulated = any(value.truth(layer.get(key)) for layer in layers for key in ("isSimulated", "is_simulated"))
    told = _once(_told(said, layers, role) or list(_by_topic(topic)))
    if not told:
        return unknown(device, topic)
    return sort([replace(one, device=device, ts=ts, drill=one.drill or (simulated and one.kind in RAISING))
                 for one in told])  # fmt: skip


def _bare(topic: str, payload: bytes, role: str | None) -> list[Reading]:
    """``home/bath/fall`` with no more than ``1``: the topic's last level is the property; a lone word may be a cry."""
    text = body.text(payload)
    if not text or len(text) > _LONGEST or not text.isprintable():
        return []
    if (cry := _verb(text, role)) is not None:
        return [cry]
    levels = [level for level in topic.split("/") if value.word(level) not in _NO_NAME]
    return [one for one in tell({levels[-1]: text}, role) if one.kind is not Kind.UNKNOWN] if levels else []


def _own_value(topic: str, said: Fields) -> dict[str, Any] | None:
    """``hm/status/Smoke/ALARM_STATUS`` with ``{"val": 1, "ts": …}``: the topic's last level names the value."""
    level = topic.rpartition("/")[2]
    return {level: said["val"]} if "val" in said and value.word(level) not in _NO_NAME else None


def _by_topic(topic: str) -> Iterator[Reading]:
    """``bracelet/fall/detected`` with only place and time in it: that it was sent says it."""
    levels = topic.rstrip("/").split("/")
    found = meaning(levels[-2]) if len(levels) > 1 and value.word(levels[-1]) in ("detected", "triggered") else None
    if found is not None and found.kind in RAISING:
        yield alarm(found, "alarm")


def _once(told: list[Reading]) -> list[Reading]:
    """One cry for each kind: the same fall may stand in two of the fields. A drill hides no real one."""
    first = {(one.kind, one.drill): one for one in reversed(told)}
    return [one for one in told if one.kind not in RAISING or one is first[one.kind, one.drill]]


def _told(said: Fields, layers: list[dict[str, Any]], role: str | None) -> list[Reading]:
    told = [r for key in _WORDS if isinstance(said.get(key), str) if (r := _verb(said[key], role)) is not None]
    told += [r for layer in layers for r in _flow(layer)] + list(_alarm(said))
    flat = {key: item for layer in layers for key, item in _flat(layer).items()}
    told += [r for r in traits.read(flat, None, role) if r.kind is not Kind.HEARTBEAT]
    if not told:
        rest = {key: item for layer in reversed(layers) for key, item in layer.items()
                if key not in _VERBS and key not in _NAMES} | _pairs(layers)  # fmt: skip
        spoken = tell(rest, role)
        told = [r for r in spoken if r.kind not in (Kind.HEARTBEAT, Kind.UNKNOWN)]
        if not told and any(k in said for k in ("battery", "rssi", "uptime")):
            unclear = [r for r in spoken if r.kind is Kind.UNKNOWN and role in SOS_ROLES]
            told = unclear or traits.read(flat, None, role)
    return told


def _verb(said: str, role: str | None) -> Reading | None:
    """``client.heartbeat``, ``gateway_status``: a sign of life; a cry for help in so many words is one."""
    words = set(value.word(said).split("_"))
    if words & {"heartbeat", "keepalive", "online", "ping", "alive"} or value.word(said) == "gateway_status":
        return Reading(Kind.HEARTBEAT, {})
    if words & {"offline", "disconnect", "disconnected"}:
        return Reading(Kind.OFFLINE, {})
    if value.word(said) in FALLS:
        return Reading(Kind.FALL, {"confidence": UNSURE[value.word(said)]} if value.word(said) in UNSURE else {})
    found = press(said, None)
    return found if found is not None and found.kind is Kind.SOS else None


def _alarm(said: Fields) -> Iterator[Reading]:
    """``event: "alarm"`` with ``type: "smoke"``: the one says that it is an alarm, the other of what."""
    spoken = [said[key] for key in _WORDLESS if isinstance(said.get(key), str)]
    if value.truth(said.get("alarm")) or any(value.word(one) in ("alarm", "alert", "warning") for one in spoken):
        yield from (alarm(found, "alarm") for one in spoken if (found := meaning(one)) and found.kind in RAISING)


def _flow(layer: Fields) -> Iterator[Reading]:
    """A fall radar that goes on about one fall (Vayyar Care and its kin): it calls, and then it has done so."""
    state = value.word(layer.get("status")) if "statusUpdateTimestamp" in layer else ""
    if state in ("calling", "on_call"):
        yield Reading(Kind.FALL, level=True)
    elif state in ("finished", "fall_exit", "canceled"):
        yield Reading(Kind.HEARTBEAT, {"off": [str(Kind.FALL)]})


def _pairs(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """``status: [{"code": "sos_state", "value": true}]``: a list of properties, each with its name."""
    found = measurements.named(layers)
    for layer in layers:
        for item in layer.values():
            found |= measurements.named(item)
    return found


def _flat(said: Fields) -> dict[str, Any]:
    return {k: v for k, v in said.items() if not isinstance(v, dict | list) and k not in _WORDLESS}


#: characters of a bare value
_LONGEST = 40
#: levels of a topic under the property's own
_NO_NAME = frozenset({"", "state", "status", "value", "event", "get"})
#: objects whose properties are the message's own
_LAYERS = CONTAINERS | {"state", "attributes"}
#: say what sort of message it is, or what is to be done
_VERBS = ("method", "action", "type", "cmd", "command", "msgtype")
_WORDLESS = (*_VERBS, "event", "event_type")
_WORDS = (*_WORDLESS, "status")
_NAMES = ("device_id", "deviceId", "dev_id", "devId", "imei", "IMEI", "mac", "client_id", "gateway", "machine_id",
          "sn", "id")  # fmt: skip
_TIMES = ("timestamp", "time", "ts", "Time")
