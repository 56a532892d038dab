"""Who really pushed: the signatures of cloud platforms, checked over what came, in constant time.

Pure. The door of HTTP pushes asks here before anything is believed; a body that does not hold is kept, not read.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import unquote

from broker_bridge.decoders import body
from broker_bridge.decoders.moment import moment
from broker_bridge.decoders.value import name

Headers = Mapping[str, str]

#: a signed time further away than this is a replay
LEEWAY = timedelta(minutes=10)


def onenet(payload: bytes, token: str) -> bool:
    """OneNET: ``msg_signature`` is Base64(MD5(token + nonce + msg)), the message exactly as it was sent.

    Source: OneNET HTTP push, developer's manual, "data reception".
    """
    fields, _ = body.fields(payload)
    if fields is None:
        return False
    nonce = name(fields.get("nonce"))
    said = name(fields.get("msg_signature")) or name(fields.get("signature"))
    message = _as_sent(payload, fields.get("msg"))
    if not token or nonce is None or said is None or message is None:
        return False
    return _same(base64.b64encode(_md5(token.encode() + nonce.encode() + message)).decode(), said)


def onenet_address(query: Mapping[str, str], token: str) -> str | None:
    """OneNET's check of an address (GET): what to answer, None when the signature does not hold.

    ``signature`` is Base64(MD5(token + nonce + msg)), sent percent-encoded, perhaps twice.
    """
    nonce, message, said = (query.get(key) for key in ("nonce", "msg", "signature"))
    if not token or nonce is None or message is None or said is None:
        return None
    wanted = base64.b64encode(_md5((token + nonce + message).encode())).decode()
    return message if _same(wanted, said) or _same(wanted, unquote(said).replace(" ", "+")) else None


def iotda(headers: Headers, token: str, now: datetime) -> bool:
    """Huawei IoTDA: ``signature`` is hex(SHA-256) over token, timestamp and nonce in the order of the alphabet.

    Timestamp and nonce come in the headers and the body is not covered, so an old time is refused. Recalled
    from the platform's manual and not yet tried against it: commissioning must show one push that holds.
    """
    found = {key.lower(): item for key, item in headers.items()}
    stamp, nonce, said = (found.get(key) for key in ("timestamp", "nonce", "signature"))
    if not token or not stamp or not nonce or not said or not _is_fresh(stamp, now):
        return False
    ordered = "".join(sorted((token, stamp, nonce)))
    plain = hashlib.sha256(ordered.encode()).hexdigest()
    return _same(plain, said.lower())


def hmac_sha256(payload: bytes, said: str | None, secret: str) -> bool:
    """The usual ``X-…-Signature``: HMAC-SHA256 of the body, in hex or Base64, with or without ``sha256=``."""
    if not secret or not said:
        return False
    digest = hmac.new(secret.encode(), payload, hashlib.sha256).digest()
    plain = said.strip().removeprefix("sha256=")
    return _same(digest.hex(), plain.lower()) or _same(base64.b64encode(digest).decode(), plain)


def secret(said: str | None, wanted: str) -> bool:
    """A secret sent along (``X-Anling-Secret``), for platforms that sign nothing, as CTWing does."""
    return bool(wanted) and said is not None and _same(wanted, said)


def _as_sent(payload: bytes, message: object) -> bytes | None:
    """The bytes of ``msg`` as they stand in the body: an object must not be written anew before it is hashed."""
    if isinstance(message, str):
        return message.encode()
    start = payload.find(b'"msg"')
    start = payload.find(b":", start) + 1 if start >= 0 else 0
    end = _end(payload, start) if start > 0 else None
    return payload[start:end].strip() if end is not None else None


def _end(payload: bytes, start: int) -> int | None:
    """Where the object or list that begins after ``start`` ends; quotes and escapes respected."""
    depth, quoted, escaped = 0, False, False
    for at in range(start, len(payload)):
        sign = payload[at : at + 1]
        if escaped:
            escaped = False
        elif sign == b"\\":
            escaped = quoted
        elif sign == b'"':
            quoted = not quoted
        elif not quoted and sign in (b"{", b"["):
            depth += 1
        elif not quoted and sign in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return at + 1
    return None


def _is_fresh(stamp: str, now: datetime) -> bool:
    at = moment(stamp)
    return at is not None and abs(now - at) <= LEEWAY


def _md5(value: bytes) -> bytes:
    """The maker's choice, not ours: MD5 proves the token here, it protects nothing else."""
    return hashlib.md5(value, usedforsecurity=False).digest()


def _same(wanted: str, said: str) -> bool:
    try:
        return hmac.compare_digest(wanted.encode(), said.encode())
    except UnicodeEncodeError:
        return False
