"""Tables of other makers' messages: one line is one message, and what it must come to."""

import json
from typing import Any

from broker_bridge.decoders import translate
from domain.events import RAISING

#: dialect, topic, payload, role, kinds (the main one first), what the first one's data must hold
Line = tuple[str, str, Any, str | None, str, dict[str, Any]]


def as_bytes(payload: Any) -> bytes:
    """A payload as it lies on the wire: text as it is, anything else as JSON."""
    return payload.encode() if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False).encode()


def check(line: Line) -> None:
    """Kinds in order of urgency, nothing else that raises, and the data that people need."""
    dialect, topic, payload, role, kinds, data = line
    said = translate(dialect, topic, as_bytes(payload), role)
    found = [str(reading.kind) for reading in said.events]
    assert kinds.split() == found[: len(kinds.split())]
    assert {k for k in found if k in RAISING} <= set(kinds.split())
    assert data == {key: said.events[0].data.get(key) for key in data}
