"""The Things Stack v3: uplinks with a decoded payload from which everything false, 0 or empty was left out."""

from collections.abc import Mapping
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.lora import dated, finish, told
from broker_bridge.decoders.place import place
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from broker_bridge.decoders.value import count, name, truth
from domain.events import Kind

Fields = Mapping[str, Any]


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``v3/{app}@{tenant}/devices/{device}/{event}``; a webhook says the same by its field."""
    device = _from_topic(topic)
    fields, why = body.fields(payload)
    if fields is None:
        return unreadable(why or "", device)
    if isinstance(fields.get("data"), dict) and "end_device_ids" not in fields:
        fields = {**fields["data"], "simulated": fields.get("simulated")}
    device = device or _from_fields(fields)
    drill = truth(fields.get("simulated")) is True
    if isinstance(uplink := fields.get("uplink_message"), dict):
        readings = _uplink(uplink, role)
        return sort(finish(readings, device, _when(fields, uplink), _same(fields, uplink), drill))
    if isinstance(fields.get("join_accept"), dict):
        joined = [Reading(Kind.HEARTBEAT, {"state": "joined"})]
        return sort(finish(joined, device, fields.get("received_at"), None, drill))
    if (solved := body.part(fields, "location_solved", "location")) is not None:
        return sort(finish(_solved(solved), device, fields.get("received_at"), None, drill))
    quiet = topic.rsplit("/", 1)[-1] in _QUIET or any(part.startswith("downlink") for part in fields)
    return noise(device, "a downlink") if quiet else unknown(device, ", ".join(fields)[:64])


def _uplink(uplink: Fields, role: str | None) -> list[Reading]:
    """An empty decoded payload is all false; a missing one was not decoded, and nobody knows what it says."""
    codec = uplink.get("decoded_payload")
    if isinstance(codec, dict):
        return told(codec, role, omits=True)
    if not uplink.get("frm_payload") or not count(uplink.get("f_port")):
        return [Reading(Kind.HEARTBEAT)]
    return [Reading(Kind.UNKNOWN, said=f"not decoded, f_port {str(uplink.get('f_port'))[:8]}")]


def _solved(where: Any) -> list[Reading]:
    found = place(body.part(where, "latitude"), body.part(where, "longitude"), "WGS84", body.part(where, "accuracy"))
    return [Reading(Kind.LOCATION, found)] if found else [Reading(Kind.UNKNOWN, said="location")]


def _when(fields: Fields, uplink: Fields) -> Any:
    return uplink.get("received_at") or fields.get("received_at")


def _same(fields: Fields, uplink: Fields) -> str | None:
    """The session and its frame counter: ``f_cnt`` begins anew with each join, and its 0 is left out."""
    session = name(uplink.get("session_key_id")) or name(body.part(fields, "end_device_ids", "dev_addr"))
    return dated(f"{session}-{count(uplink.get('f_cnt')) or 0}", _when(fields, uplink)) if session else None


def _from_topic(topic: str) -> str | None:
    levels = topic.split("/")
    return levels[levels.index("devices") + 1][:200] or None if "devices" in levels[:-1] else None


def _from_fields(fields: Fields) -> str | None:
    ids = fields.get("end_device_ids")
    return name(body.part(ids, "device_id")) or name(body.part(ids, "dev_eui"))


_QUIET = frozenset({"queued", "sent", "ack", "nack", "failed", "push", "replace", "normalized", "data"})
