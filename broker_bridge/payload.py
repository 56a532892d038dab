"""Bytes to a JSON object, as far as anybody can: a cry for help may be written badly.

Pure and total. What comes out can always be written as JSON again: no NaN, no NUL, no
broken characters, no number over 64 bits, no depth over ``DEPTH``.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

import orjson

#: bytes; longer payloads are kept cut and not read
LIMIT = 128 * 1024
#: levels of nesting that are kept
DEPTH = 16

_CALM = 2**63
_URGENT = ("sos", "fall", "smoke", "gas")

Fields = dict[str, Any]


def read(payload: bytes) -> tuple[Fields | None, tuple[str, ...]]:
    """The object and what was odd about it; ``(None, (why,))`` when it cannot be read."""
    if _odd(payload):
        return _patiently(payload)
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _patiently(payload)
    return (value, ()) if type(value) is dict else (None, (_not_an_object(value),))


def read_value(payload: bytes) -> tuple[Any, tuple[str, ...]]:
    """Any JSON value, for makers who send lists or bare words; ``(None, (why,))`` when it cannot be read."""
    if not _odd(payload):
        try:
            value = orjson.loads(payload)
        except orjson.JSONDecodeError:
            return _leniently(payload)
        # a name that comes twice says two things; the fast reader would hide the first
        if payload.count(b":") <= 1 or _names(value) >= payload.count(b'":'):
            return value, ()
    return _leniently(payload)


def _names(value: Any) -> int:
    """How many names its objects have."""
    if isinstance(value, dict):
        return len(value) + sum(_names(item) for item in value.values())
    return sum(_names(item) for item in value) if isinstance(value, list) else 0


def _odd(payload: bytes) -> bool:
    """The fast reader would take it, but hide something from us."""
    return (
        payload.count(b'"type"') > 1
        or payload.count(b'"drill"') > 1
        or b"\\u0000" in payload
        or payload.count(b"{") + payload.count(b"[") > DEPTH
    )


def _patiently(payload: bytes) -> tuple[Fields | None, tuple[str, ...]]:
    value, faults = _leniently(payload)
    if value is None and faults:
        return None, faults
    return (value, faults) if isinstance(value, dict) else (None, (_not_an_object(value),))


def _leniently(payload: bytes) -> tuple[Any, tuple[str, ...]]:
    if not payload.strip(b" \t\r\n\0"):
        return None, ("payload: empty",)
    why = "payload: not JSON"
    for text, fault in _texts(payload):
        try:
            value = json.loads(text, strict=False, object_pairs_hook=_pairs, parse_int=_whole)
        except (ValueError, RecursionError) as error:
            why = f"payload: not JSON ({_short(error)})"
            continue
        faults = list(fault)
        return _clean(value, 0, faults), tuple(dict.fromkeys(faults))
    return None, (why,)


def _texts(payload: bytes) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The readings to try, best first. Makers in China send GB 18030 without saying so."""
    body = payload.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\0")
    for encoding, fault in (("utf-8", ()), ("gb18030", ("payload: GB 18030, not UTF-8",))):
        try:
            yield body.decode(encoding), fault
        except UnicodeDecodeError:
            continue
    yield body.decode("utf-8", "replace"), ("payload: not UTF-8",)


def _whole(digits: str) -> int | float:
    """A number that nobody can hold is none, but does not take the press with it."""
    return int(digits) if len(digits) <= 20 else math.inf


def _pairs(pairs: list[tuple[str, Any]]) -> Fields:
    """Of two ``type`` the more urgent counts, of yes and no the yes; a drill must be one in every mention."""
    fields: Fields = {}
    for key, value in pairs:
        if key in fields and _keeps(key, fields[key], value):
            continue
        fields[key] = value
    return fields


def _keeps(key: str, old: Any, new: Any) -> bool:
    if key == "type":
        return _is_urgent(old) and not _is_urgent(new)
    if key == "drill":
        return old is not True
    return old is True and new is False


def _is_urgent(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() in _URGENT


def _clean(value: Any, depth: int, faults: list[str]) -> Any:
    if isinstance(value, str):
        return _text(value, faults)
    if isinstance(value, dict | list):
        return _nested(value, depth, faults)
    if isinstance(value, float) and not math.isfinite(value):
        faults.append("payload: a number that is none")
        return None
    if isinstance(value, int) and not -_CALM <= value < _CALM:
        faults.append("payload: a number over 64 bits")
        return None
    return value


def _nested(value: Fields | list[Any], depth: int, faults: list[str]) -> Any:
    if depth >= DEPTH:
        faults.append(f"payload: deeper than {DEPTH} levels")
        return None
    if isinstance(value, dict):
        return {_text(k, faults): _clean(v, depth + 1, faults) for k, v in value.items()}
    return [_clean(item, depth + 1, faults) for item in value]


def _text(value: str, faults: list[str]) -> str:
    if "\0" not in value and value.isascii():
        return value
    whole = value.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if whole != value:
        faults.append("payload: broken characters")
    return whole


def _not_an_object(value: Any) -> str:
    return f"payload: JSON, but {type(value).__name__} and not an object"


def _short(error: Exception) -> str:
    """The reader's complaint without the payload's own words."""
    return error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
