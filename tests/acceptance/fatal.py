"""Runs ``anling`` and pulls its plug at one exact place: ``python fatal.py POINT N COMMAND…``.

The product has no hooks for this: one of its functions is wrapped from outside, and its
process gets SIGKILL at the n-th time that it comes by. ``raise:POINT`` has the function
raise something nobody foresaw instead, once.
"""

import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def always(_arguments: tuple[Any, ...], _result: Any) -> bool:
    """Every call counts."""
    return True


def emergency(arguments: tuple[Any, ...], _result: Any) -> bool:
    """A batch with a press in it; devices also say hello."""
    return any(isinstance(one, list | tuple) and any(_is_press(h) for h in one) for one in arguments)


def some(_arguments: tuple[Any, ...], result: Any) -> bool:
    """Something was done."""
    return bool(result)


def event(arguments: tuple[Any, ...], _result: Any) -> bool:
    """Arrivals, one of them on an event topic."""
    arrivals = (one for a in arguments if isinstance(a, list | tuple) for one in a)
    return any(str(getattr(getattr(one, "message", None), "topic", "")).endswith("/event") for one in arrivals)


def _is_press(heard: Any) -> bool:
    return getattr(getattr(heard, "event", None), "kind", None) == "sos"


@dataclass(frozen=True, slots=True)
class Point:
    """Where the plug is pulled: at the beginning or the end of one function."""

    place: str
    end: bool = False
    counts: Callable[[tuple[Any, ...], Any], bool] = always


#: hand-over -> place; the order is that of the path from button to phone. The seven of a send (P16) are those from
#: ``before-lease`` to ``after-settle``
POINTS = {
    "keys-half-way": Point("store.resealing:_write_batch", end=True),
    "keys-before-end": Point("anling.rotation:_swap", end=True),
    "restore-before-place": Point("store.copying:_set_aside", end=True),
    "sweep-opened": Point("store.checkins:open_day", end=True, counts=some),
    "sweep-asked": Point("store.checkins:move_all", end=True),
    "intake-before-commit": Point("escalation.intake:Intake._take", end=True, counts=emergency),
    "intake-after-commit": Point("escalation.intake:Intake.__call__", end=True, counts=emergency),
    "between-receipt-and-puback": Point("broker_bridge.session:Lane.ack", counts=event),
    "before-lease": Point("escalation.delivery:Delivery._lease"),
    "lease-before-commit": Point("store.outbox:start", end=True),
    "lease-before-dial": Point("escalation.delivery:Delivery._send"),
    "inside-the-dial": Point("channels.exchange:_hear"),
    "dial-before-settle": Point("escalation.delivery:Delivery._settle"),
    "settle-before-commit": Point("escalation.delivery:Delivery._settle_in", end=True),
    "after-settle": Point("escalation.delivery:Delivery._claimed"),
    "tick-before-commit": Point("escalation.engine:apply", end=True),
    "tick-after-commit": Point("escalation.engine:Engine.tick", end=True, counts=some),
    "claim-before-commit": Point("escalation.commands:Commands._command", end=True),
    "claim-after-commit": Point("escalation.commands:Commands.claim", end=True),
}

#: where something unforeseen is raised
SURPRISES = {
    "on-message": Point("broker_bridge.session:Arrival"),
    "deliver": Point("broker_bridge.queues:FairQueue.put"),
    "intake": Point("escalation.intake:Intake.__call__", counts=emergency),
    "judge": Point("escalation.intake:judge"),
    "receipt": Point("broker_bridge.bridge:ack_topic"),
    "engine": Point("escalation.engine:apply"),
    "settle": Point("escalation.delivery:settle"),
}


class Surprise(Exception):
    """Nobody foresaw it."""


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _raise() -> None:
    raise Surprise("nobody foresaw this")


def arm(point: Point, times: int, strike: Callable[[], None]) -> None:
    """Wrap the function: its ``times``-th call strikes."""
    module, _, path = point.place.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    real = getattr(owner, name)
    calls = 0

    def passed(arguments: tuple[Any, ...], result: Any) -> None:
        nonlocal calls
        counted = point.counts(arguments, result)
        calls += counted
        if counted and calls == times:
            strike()

    @functools.wraps(real)
    def fatal(*arguments: Any, **named: Any) -> Any:
        if not point.end:
            passed(arguments, None)
        result = real(*arguments, **named)
        if point.end:
            passed(arguments, result)
        return result

    setattr(owner, name, fatal)


if __name__ == "__main__":
    verb, _, name = sys.argv[1].rpartition(":")
    if verb == "raise":
        arm(SURPRISES[name], int(sys.argv[2]), _raise)
    else:
        arm(POINTS[name], int(sys.argv[2]), _kill)
    sys.argv = ["anling", *sys.argv[3:]]
    importlib.import_module("anling.cli").main()
