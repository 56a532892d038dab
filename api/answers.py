"""How answers leave: JSON bytes, pages of lists, and the same answer for the same request key."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import orjson
from starlette.responses import Response

from api.problems import problem

_MAX_KEPT = 4096


def as_json(content: Any, status: int = 200) -> Response:
    """JSON that no cache keeps: it may hold names and addresses. Bytes are JSON already."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return Response(body, status, headers={"Cache-Control": "no-store"}, media_type="application/json")


class Answers:
    """The answers given to commands that carried an Idempotency-Key, newest 4096, in memory.

    Commands are safe to repeat anyway; this spares the caller the 409 that a repeat of
    their own could meet, and a second alert for one telephone call.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def once(self, caller: str, key: str | None, request: bytes, act: Callable[[], Response]) -> Response:
        """``act()``, or its earlier answer when this caller used the key for the same request."""
        if key is None:
            return act()
        kept = self._find(f"{caller}\n{key}", hashlib.sha256(request).digest())
        if kept.request != hashlib.sha256(request).digest():
            return problem(
                422, "此 Idempotency-Key 已用于另一请求，请换新键 / Key used before; take a new one"
            )
        with kept.lock:
            if kept.answer is None:
                answer = act()
                if answer.status_code >= 500:
                    return answer
                kept.answer = answer
            return kept.answer

    def _find(self, name: str, request: bytes) -> "_Kept":
        with self._lock:
            kept = self._kept.setdefault(name, _Kept(request))
            self._kept.move_to_end(name)
            if len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
            return kept


class _Kept:
    """One key's request and its answer, once there is one."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.lock = threading.Lock()
        self.answer: Response | None = None
