"""An answer read under one deadline and up to one size, for a client library that would wait and read for ever.

``requests`` counts its time-out anew with every byte: an answer that drips would hold a sender.
"""

import time
from typing import Any

from urllib3.exceptions import HTTPError

#: no answer of a provider that we understand is longer
LARGEST = 1024 * 1024
_PIECE = 64 * 1024


def bounded(adapter: type, seconds: float) -> Any:
    """The same adapter of ``requests``, whose answers end ``seconds`` after their head at the latest."""

    class Bounded(adapter):  # type: ignore[misc]
        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            kwargs["stream"] = True
            response = super().send(request, *args, **kwargs)
            response._content = _read(response.raw, time.monotonic() + seconds)
            response._content_consumed = True
            return response

    return Bounded


def _read(raw: Any, until: float) -> bytes:
    """All of it. ``OSError`` when it does not come in time, ``ValueError`` when it is too long."""
    pieces: list[bytes] = []
    try:
        while piece := raw.read1(_PIECE, decode_content=True):
            pieces.append(piece)
            if time.monotonic() > until:
                raise TimeoutError("the answer drips")
            if sum(map(len, pieces)) > LARGEST:
                raise ValueError("the answer is too long")
    except HTTPError as error:
        raw.close()
        raise ConnectionError("the line broke in the answer") from error
    except (TimeoutError, ValueError):
        raw.close()
        raise
    return b"".join(pieces)
