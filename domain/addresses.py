"""Addresses in words: as they were written, else put together from their parts. A crew that reads none stands still."""

from collections.abc import Mapping
from typing import Any

_PARTS = ("road", "lane", "estate", "building", "unit")


def written(address: object) -> str:
    """In one line, with the room where only parts are known; empty when nothing is."""
    if isinstance(address, str):
        return address
    if not isinstance(address, Mapping):
        return ""
    return _said(address, "text") or "".join(_said(address, name) for name in (*_PARTS, "room"))


def whole(address: object) -> str:
    """As ``written``, with floor and room behind it where it does not say them; for whoever must find the door."""
    text = written(address)
    if not isinstance(address, Mapping):
        return text
    floor, room = _said(address, "floor"), _said(address, "room")
    behind = (f"{floor}楼" if floor and f"{floor}楼" not in text else "") + (f"{room}室" if room not in text else "")
    return f"{text} {behind}".strip()


def outside(address: Mapping[str, Any]) -> str:
    """As ``written``, up to the house's door: floor and room are said apart."""
    return _said(address, "text") or "".join(_said(address, name) for name in _PARTS)


def _said(address: Mapping[str, Any], name: str) -> str:
    value = address.get(name)
    return "" if value is None else str(value)
