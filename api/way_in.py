"""The access card as steps in the order in which a crew takes them: gate, car, lift, floor, door, keys."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.language import Speech


def way_in(alert: Mapping[str, Any], names: Mapping[str, str], say: Speech) -> list[str]:
    """One sentence for each step that the card knows; the door's code is not among them."""
    card = alert.get("access") or {}
    written = (alert.get("home") or {}).get("address")
    return list(_steps(card, written if isinstance(written, Mapping) else {}, names, say))


def _steps(card: Mapping[str, Any], address: Mapping[str, Any], names: Mapping[str, str], say: Speech) -> Iterator[str]:
    if card.get("gate"):
        yield say("way.gate", gate=_text(card["gate"], names, say))
    if card.get("parking"):
        yield say("way.parking", parking=_text(card["parking"], names, say))
    floor, room = address.get("floor"), address.get("room")
    if card.get("lift") is not None:
        yield _lift(card, floor, say)
    if floor or room:
        yield say("way.room", floor=floor or "—", room=room or "—")
    if card.get("door"):
        yield say("way.door", door=_text(card["door"], names, say))
    if card.get("key_holders"):
        yield say("way.keys", names=_text(card["key_holders"], names, say))
    if card.get("key_safe"):
        yield say("way.safe", place=_text(card["key_safe"], names, say))
    if card.get("police_station"):
        yield say("way.police", station=_text(card["police_station"], names, say))


def _lift(card: Mapping[str, Any], floor: Any, say: Speech) -> str:
    if not card["lift"]:
        return say("way.stairs", floor=floor or "—")
    return say("way.lift_stretcher" if card.get("lift_fits_stretcher") else "way.lift_narrow")


def _text(value: Any, names: Mapping[str, str], say: Speech) -> str:
    if isinstance(value, list | tuple):
        return say("site.comma").join(_text(one, names, say) for one in value)
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("id") or value.get("place") or "")
    return names.get(str(value), str(value))
