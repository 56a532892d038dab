"""The bytes of a maker's message as text, JSON or form; bounded in size and depth, never raising."""

from typing import Any
from urllib.parse import parse_qsl

from broker_bridge.payload import LIMIT, read_value

Fields = dict[str, Any]
#: fields of a form that are read
_FIELDS = 500


def value(payload: bytes) -> tuple[Any, str | None]:
    """Any JSON value, cleaned (no NaN, no NUL, no depth over 16); ``(None, why)`` when it is none."""
    if len(payload) > LIMIT:
        return None, f"payload: {len(payload)} bytes, over {LIMIT}"
    found, faults = read_value(payload)
    return (None, "; ".join(faults)) if found is None and faults else (found, None)


def fields(payload: bytes) -> tuple[Fields | None, str | None]:
    """A JSON object; ``(None, why)`` when it is none."""
    found, why = value(payload)
    if why is not None:
        return None, why
    if not isinstance(found, dict):
        return None, f"payload: JSON, but {type(found).__name__} and not an object"
    return found, None


def form(payload: bytes) -> tuple[dict[str, str] | None, str | None]:
    """A form (``a=1&b=2``); of a name that comes twice the first."""
    try:
        pairs = parse_qsl(text(payload), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return None, "payload: not a form"
    found: dict[str, str] = {}
    for name, said in pairs:
        found.setdefault(name.strip(), said.strip())
    if not found or not any("=" in part for part in text(payload).split("&")):
        return None, "payload: not a form"
    return found, None


def fields_or_form(payload: bytes) -> tuple[Fields | None, str | None]:
    """A JSON object, or a form where the platform posts one."""
    found, why = fields(payload)
    if found is not None or payload.lstrip()[:1] in (b"{", b"["):
        return found, why
    posted, no_form = form(payload)
    return (None, no_form) if posted is None else (dict(posted), None)


def text(payload: bytes) -> str:
    """Plain text, without the blanks and NULs around it; broken characters are replaced."""
    return payload[:LIMIT].decode("utf-8", "replace").strip(" \t\r\n\0\ufeff")


def part(found: Any, *names: str) -> Any:
    """A value inside nested objects; None when any level is missing or no object."""
    for name in names:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def objects(found: Any) -> list[Fields]:
    """The objects of a list, or one object as a list of one."""
    if isinstance(found, dict):
        return [found]
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
