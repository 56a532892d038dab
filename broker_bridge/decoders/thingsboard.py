"""ThingsBoard: telemetry of a device (named by its log-in) and of a gateway's many devices in one message."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from broker_bridge.decoders import body
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.properties import tell
from broker_bridge.decoders.reading import Reading, Translation, noise, sort, unknown, unreadable
from broker_bridge.decoders.value import name, number
from domain.events import Kind

Fields = Mapping[str, Any]


def decode(topic: str, payload: bytes, role: str | None) -> Translation:
    """``v1/devices/me/…``, ``v1/gateway/…``, the short ``v2/…``, or a rule chain's push over HTTP."""
    leaf = topic.rstrip("/").rsplit("/", 1)[-1]
    if "/rpc/" in f"/{topic}/" or "/request/" in topic or "/response/" in topic or leaf in ("claim", "provision"):
        return noise(None, leaf)
    found, why = body.value(payload)
    if why is not None or not isinstance(found, dict | list):
        return unreadable(why or "payload: no ThingsBoard object")
    if "/gateway/" in f"/{topic}":
        return _gateway(leaf, found, role)
    device, values = _pushed(found)
    told = [replace(one, device=device) for one in _entries(values, role)]
    return sort([_fact(one) for one in told] if leaf in ("attributes", "a") else told)


def _gateway(leaf: str, found: Any, role: str | None) -> Translation:
    if not isinstance(found, dict):
        return unknown(None, leaf)
    if leaf in ("connect", "disconnect"):
        kind = Kind.HEARTBEAT if leaf == "connect" else Kind.OFFLINE
        return sort([Reading(kind, {"state": leaf}, name(found.get("device")))])
    told = [
        replace(_fact(one) if leaf == "attributes" else one, device=str(device)[:200])
        for device, values in found.items()
        for one in _entries(values, role)
    ]  # fmt: skip
    return sort(told)


def _fact(one: Reading) -> Reading:
    """An attribute with a name nobody knows is a fact about the device, and a sign of life."""
    return Reading(Kind.HEARTBEAT, device=one.device, ts=one.ts) if one.kind is Kind.UNKNOWN and _is_quiet(one) else one


def _is_quiet(one: Reading) -> bool:
    return ":" not in (one.said or "")


def _pushed(found: Any) -> tuple[str | None, Any]:
    """A rule chain's REST call: the message with the device's name beside it."""
    if not isinstance(found, dict):
        return None, found
    device = name(body.part(found, "metadata", "deviceName")) or name(found.get("deviceName"))
    if device is None:
        return None, found
    inner = next(
        (found[key] for key in ("msg", "values", "telemetry", "data") if isinstance(found.get(key), dict)), None
    )
    at = body.part(found, "metadata", "ts") or found.get("ts")
    plain = {key: item for key, item in found.items() if key not in ("deviceName", "deviceType", "metadata", "ts")}
    return device, {"ts": number(at), "values": inner or plain}


def _entries(values: Any, role: str | None) -> Iterator[Reading]:
    """``{…}``, ``{"ts": …, "values": {…}}``, or a list of either."""
    entries = body.objects(values)
    if not entries:
        yield Reading(Kind.UNKNOWN, said="no values")
    for entry in entries:
        inner = entry.get("values")
        at = moment(entry.get("ts"))
        plain = inner if isinstance(inner, dict) else {key: item for key, item in entry.items() if key != "ts"}
        for one in tell(plain, role):
            yield replace(one, ts=at)
