"""One load and what became of it: the generator's process, the sink's book, and the arithmetic between."""

import json
import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from presses import Order
from stage import HERE, Sink
from town import home

#: seconds without a new arrival after which what is missing counts as lost
PATIENCE = 4.0
#: seconds after the last press after which we stop waiting in any case
LONGEST_DRAIN = 25.0


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank; infinity when there is nothing to rank."""
    if not values:
        return float("inf")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(round(share * len(ordered), 6)) - 1)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the presses of one order; times in seconds from the scheduled instant."""

    sent: int
    #: scheduled press -> first contact at the sink, of every home contacted, in the order of the presses
    latencies: tuple[float, ...]
    #: homes that pressed and had no contact when we stopped waiting
    lost: int
    #: contacts beyond the first with the same home, role and attempt
    doubled: int
    #: contacts per second, from the first press to the last first contact
    rate: float
    #: receipts per second, from the first press to the last receipt
    receipt_rate: float
    receipts: int
    #: how late the generator itself was, 99th percentile
    generator_p99: float
    #: monotonic instants of the first contacts, in order
    arrivals: tuple[float, ...]

    def ms(self, share: float) -> float:
        """A percentile of the latency in milliseconds; what was lost counts as never."""
        missing = (float("inf"),) * self.lost
        return percentile(self.latencies + missing, share) * 1000


class Load:
    """A generator process under way."""

    def __init__(self, order: Order) -> None:
        self.order = order
        command = [sys.executable, str(HERE / "presses.py"), json.dumps(asdict(order))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)

    def finish(self) -> dict[str, Any]:
        """Wait for it; its tally."""
        out, _ = self._process.communicate(timeout=self.order.seconds + self.order.settle + 60)
        if self._process.returncode:
            raise RuntimeError("the generator failed; its traceback is above")
        tally: dict[str, Any] = json.loads(out)
        return tally


def soon() -> float:
    """The start of an order: time enough for a generator to connect."""
    return time.monotonic() + 0.8


def outcome(order: Order, tally: dict[str, Any], sink: Sink) -> Outcome:
    """Wait until every press has its contact or nothing moves any more, then count."""
    contacts = _drain(order, sink)
    first: dict[str, float] = {}
    for entry in contacts:
        first[entry["home"]] = min(entry["at"], first.get(entry["home"], float("inf")))
    due = {home(order.first + number): order.due(number) for number in range(order.total)}
    reached = {name: first[name] for name in due if name in first}
    same = Counter(
        (entry["home"], entry["role"], entry["attempt"]) for entry in contacts if entry["home"] in due
    )
    receipts = sorted(tally["receipts"].values())
    return Outcome(
        sent=tally["sent"],
        latencies=tuple(at - due[name] for name, at in reached.items()),
        lost=len(due) - len(reached),
        doubled=sum(times - 1 for times in same.values()),
        rate=_rate(order, sorted(reached.values())),
        receipt_rate=_rate(order, receipts),
        receipts=len(receipts),
        generator_p99=percentile(tally["lateness"], 0.99),
        arrivals=tuple(sorted(reached.values())),
    )


def _rate(order: Order, instants: list[float]) -> float:
    return len(instants) / (instants[-1] - order.start) if instants else 0.0


def _drain(order: Order, sink: Sink) -> list[dict[str, Any]]:
    until = time.monotonic() + LONGEST_DRAIN
    count, moved = -1, time.monotonic()
    while time.monotonic() < until:
        now = sink.count()
        if now != count:
            count, moved = now, time.monotonic()
        if count >= order.total or time.monotonic() - moved > PATIENCE:
            break
        time.sleep(0.1)
    return _late_ones(order, sink, until)


def _late_ones(order: Order, sink: Sink, until: float) -> list[dict[str, Any]]:
    """The contacts; when doubles had filled the count, wait a little for the homes still missing."""
    contacts = sink.contacts()
    until = min(until, time.monotonic() + PATIENCE)
    while len({entry["home"] for entry in contacts}) < order.total and time.monotonic() < until:
        time.sleep(0.5)
        contacts = sink.contacts()
    return contacts
