"""Other makers' messages into ours: one small pure decoder for each dialect of wire.md section 2."""

from collections.abc import Mapping

from broker_bridge.decoders import anling, auto
from broker_bridge.decoders.hubs import HUBS
from broker_bridge.decoders.platforms import PLATFORMS
from broker_bridge.decoders.reading import Decoder, Reading, Translation, unreadable
from broker_bridge.payload import LIMIT

__all__ = ["DIALECTS", "Reading", "Translation", "translate"]

DIALECTS: Mapping[str, Decoder] = {"anling": anling.decode, **HUBS, **PLATFORMS, "auto": auto.decode}


def translate(dialect: str, topic: str, payload: bytes, role: str | None = None) -> Translation:
    """What one message of a maker says. Total: whatever the bytes do to a decoder, they are kept and shown."""
    decoder = DIALECTS.get(dialect)
    if decoder is None:
        return unreadable(f"no decoder for dialect {dialect[:40]!r}; known are {', '.join(sorted(DIALECTS))}")
    if len(payload) > LIMIT:
        return unreadable(f"payload: {len(payload)} bytes, over {LIMIT}")
    try:
        return decoder(topic, payload, role)
    except Exception as error:  # total by contract
        return unreadable(f"decoder {dialect} failed: {type(error).__name__}")
