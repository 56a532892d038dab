"""Platforms that push what other makers' devices said: checked, stored, judged, and only then answered 200."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from api.answers import as_json
from api.callers import address
from api.doors import Doors, doors
from api.problems import iso, problem
from broker_bridge.decoders import DIALECTS, signatures
from domain.events import Message, Receipt

router = APIRouter()

#: where a platform may put the secret: its header, or HTTP Basic (hub id and secret)
_HEADER = "x-anling-secret"
_SIGNED = ("x-anling-signature", "x-signature", "x-hub-signature-256")
#: parameters in which platforms send what they want to hear back when they check an address
_ECHOES = ("msg", "echostr", "challenge", "hub.challenge")
#: wrong secrets from one address in five minutes, after which it is no longer looked for among old hashes
_GUESSES = 20
_WHO = {"WWW-Authenticate": 'Basic realm="anling"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who pushes; ``site`` None: a platform for all sites."""

    site: str | None


@router.post("/ingest/{dialect}")
@router.post("/ingest/{dialect}/{path:path}")
async def push(request: Request, dialect: str, path: str = "") -> Response:
    """200 with the receipt after the commit; 4xx only when nothing was stored (wire.md section 3)."""
    here = doors(request)
    if dialect not in DIALECTS or dialect == "anling":
        return problem(404, f"没有这个方言 {dialect[:40]} / No such dialect; known: {', '.join(sorted(DIALECTS))}")
    body, headers = await request.body(), request.headers
    doubted = f"push\n{address(request, here.app.settings.trusted_proxies)}"

    def take_in() -> Receipt | Response | None:
        # Whoever has the right secret is never made to wait for those who guess from the same address.
        wait = here.throttle.wait([(doubted, _GUESSES)])
        caller = _caller(here, dialect, headers, body, thorough=not wait)
        if caller is None and wait:
            return problem(429, headers={"Retry-After": str(int(wait) + 1)})
        if caller is None:
            here.throttle.failed([doubted])
            return problem(401, "密钥或签名不正确，未保存 / Wrong secret or signature; nothing was stored", _WHO)
        topic = f"http:/{dialect}/{path}" if path else f"http:/{dialect}"
        return here.app.ingest(Message(topic[:512], body, here.app.wall(), site=caller.site))

    receipt = await here.lanes.doors.run(take_in)
    return receipt if isinstance(receipt, Response) else _answer(receipt, iso(here.app.wall()))


@router.api_route("/ingest/{dialect}", methods=["GET", "HEAD"])
@router.api_route("/ingest/{dialect}/{path:path}", methods=["GET", "HEAD"])
async def address_check(request: Request, dialect: str, path: str = "") -> Response:
    """The platform asks whether this address is ours: it hears back what it sent. Nothing is stored."""
    del path
    if dialect not in DIALECTS:
        return problem(404, f"没有这个方言 {dialect[:40]} / No such dialect")
    asked, secret = request.query_params, doors(request).app.settings.ingest_secret
    if dialect == "onenet" and secret and "signature" in asked:
        message = signatures.onenet_address(asked, secret)
        return problem(403, "签名不正确 / Wrong signature") if message is None else _plain(message)
    echo = next((asked[name] for name in _ECHOES if name in asked), None)
    return as_json({"v": 1, "dialect": dialect, "result": "ready"}) if echo is None else _plain(echo)


def _caller(here: Doors, dialect: str, headers: Mapping[str, str], body: bytes, thorough: bool) -> Caller | None:
    """By the installation's secret, a hub's own, or the maker's signature; all compared in constant time."""
    shared = here.app.settings.ingest_secret or ""
    hub, given = _given(headers)
    if signatures.secret(given, shared):
        return Caller(None)
    if given and (found := here.app.accounts.hub_of(dialect, given, hub, thorough)) is not None:
        return Caller(found[1])
    if shared and _is_signed(here, dialect, headers, body, shared):
        return Caller(None)
    return None


def _is_signed(here: Doors, dialect: str, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    if dialect == "onenet" and signatures.onenet(body, secret):
        return True
    if dialect == "iotda" and signatures.iotda(headers, secret, here.app.wall()):
        return True
    return any(signatures.hmac_sha256(body, headers.get(name), secret) for name in _SIGNED)


def _given(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The hub's id, where the platform says one, and the secret."""
    if given := headers.get(_HEADER):
        return None, given
    scheme, _, coded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return None, coded.strip() or None
    if scheme.lower() != "basic":
        return None, None
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    return name or None, secret or None


def _plain(text: str) -> Response:
    return PlainTextResponse(text[:1000], headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"})


def _answer(receipt: Receipt | None, at: str) -> Response:
    """Stored but not yet judged: 503, so that the platform repeats; the repeat is harmless."""
    if receipt is None:
        return problem(503, "已保存，尚未处理完；请重发 / Kept but not judged yet; send it again", {"Retry-After": "1"})
    return as_json({
        "v": 1, "id": receipt.id, "dev": receipt.device or None, "result": receipt.result, "alert": receipt.alert,
        "srv_ts": at, "reason": receipt.reason,
    })  # fmt: skip
