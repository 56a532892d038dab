"""``anling decode``: what one payload means, from standard input. Needs no settings and no database."""

import json
import sys
from typing import Annotated

import typer


def decode(
    topic: Annotated[str, typer.Option(help="the maker's own topic; for HTTP http:/{dialect}/{path}")] = "",
    dialect: Annotated[
        str, typer.Option(help="one of the makers' dialects; auto guesses from topic and shape")
    ] = "auto",
    role: Annotated[str | None, typer.Option(help="what the register knows of the device")] = None,
) -> None:
    """Translate one payload from standard input; prints one JSON object. Needs no settings, no database."""
    from broker_bridge.decoders import translate

    said = translate(dialect, topic, sys.stdin.buffer.read(), role)
    events = [{"kind": str(r.kind), "data": dict(r.data), "device": r.device} for r in said.events]
    shown = {"dialect": dialect, "events": events, "unreadable": said.unreadable}
    # plain bytes: a terminal of any language must not stop an answer
    sys.stdout.buffer.write(json.dumps(shown, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()
