"""The situations that are measured, each on a fresh town: what is asked of the house, in numbers.

A scenario takes a subject and gives figures by name; ``targets`` knows what they must be.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from consoles import PASSWORD, Consoles, enter, seen, tabs
from loads import Load, Outcome, outcome, soon
from presses import Order
from stage import Sink
from subjects import Grounds, Running, Subject
from sweeps import measure as measure_sweeps
from timers import database, measure

STORED = "anling_telemetry_stored_total"
TELEMETRY_DEVICES = 5000
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Size:
    """How long each load lasts, in seconds, and how many homes the town has."""

    homes: int
    calm: tuple[float, float]
    storm: tuple[int, float]
    sustained: tuple[int, ...]
    sustained_for: float
    telemetry: float
    mixed: float
    fsync: tuple[int, float]
    slow: float
    kill: float
    idle: float
    #: open alerts with timers
    open: int


FULL = Size(30_000, (12, 8), (5000, 10), (1000, 2000, 3000), 10, 8, 6, (3000, 6), 6, 10, 20, 100_000)
QUICK = Size(6_000, (8, 4), (5000, 10), (1000,), 5, 5, 4, (3000, 2), 4, 8, 8, 20_000)
#: tries the bench out, measures nothing worth keeping
TINY = Size(600, (4, 2), (200, 2), (100, 200), 2, 2, 2, (200, 2), 2, 5, 2, 5_000)


@dataclass(slots=True)
class Bench:
    """What a scenario needs: the grounds, the sink, the size, the shim."""

    grounds: Grounds
    sink: Sink
    size: Size
    shim: Path
    _runs: int = 0

    def order(self, running: Running, kind: str, rate: float, seconds: float, first: int = 0) -> Order:
        """An order with a run name of its own, starting soon."""
        self._runs += 1
        run = f"bench-{self._runs:04d}-{kind}"
        return Order(running.mqtt_port, kind, rate, seconds, run, soon(), first)

    def press(self, running: Running, rate: float, seconds: float, first: int = 0) -> Outcome:
        """Presses at a fixed rate, each from a home of its own, starting at home ``first``."""
        self.sink.reset()
        order = self.order(running, "sos", rate, seconds, first)
        return outcome(order, Load(order).finish(), self.sink)


def _verdict(result: Outcome) -> Figures:
    return {
        "p50": result.ms(0.5),
        "p99": result.ms(0.99),
        "lost": result.lost,
        "doubled": result.doubled,
        "generator_p99": result.generator_p99 * 1000,
    }


def _tagged(figures: Figures, tag: str) -> Figures:
    return {f"{name}_{tag}": value for name, value in figures.items()}


def latency(bench: Bench, subject: Subject) -> Figures:
    """A calm day: one press a second, then fifty."""
    with bench.grounds.running(subject) as running:
        slow = bench.press(running, 1, bench.size.calm[0])
        fast = bench.press(running, 50, bench.size.calm[1], first=100)
    return _tagged(_verdict(slow), "1") | _tagged(_verdict(fast), "50")


def storm(bench: Bench, subject: Subject) -> Figures:
    """A power cut or an earthquake: 5,000 homes press within 10 s."""
    presses, seconds = bench.size.storm
    with bench.grounds.running(subject) as running:
        return _verdict(bench.press(running, presses / seconds, seconds))


def sustained(bench: Bench, subject: Subject) -> Figures:
    """As many presses a second as the house can carry from button to phone."""
    figures: Figures = {}
    for offered in bench.size.sustained:
        with bench.grounds.running(subject) as running:
            before = running.cpu_seconds()
            result = bench.press(running, offered, bench.size.sustained_for)
            cpu = (running.cpu_seconds() - before) / max(1, len(result.latencies)) * 1000
        figures |= _tagged(_verdict(result) | {"rate": _pace(result, offered), "cpu_ms": cpu}, str(offered))
    first = bench.size.sustained[0]
    kept = [figures[f"rate_{offered}"] for offered in bench.size.sustained if not figures[f"lost_{offered}"]]
    figures["best"] = max(kept, default=0.0)
    return figures | {"cpu_ms": figures[f"cpu_ms_{first}"], "lost": figures[f"lost_{first}"]}


def _pace(result: Outcome, offered: int) -> float:
    """The rate kept: the offered one when nothing was lost and the last press came through within 250 ms."""
    return offered if not result.lost and result.latencies[-1] <= 0.25 else result.rate


def telemetry(bench: Bench, subject: Subject) -> Figures:
    """Signs of life far beyond what a city sends: durable vitals (QoS 1) per second, offered 20,000."""
    with bench.grounds.running(subject) as running:
        if running.counter(STORED) is None:
            return {}
        seconds = bench.size.telemetry
        order = bench.order(running, "vitals", min(20_000, 33 * bench.grounds.homes), seconds)
        order = replace(order, homes=min(TELEMETRY_DEVICES, bench.grounds.homes), receipts=False)
        before = running.counter(STORED) or 0.0
        load = Load(order)
        rate = _stored_rate(running, order)
        sent = load.finish()["sent"]
        missing = sent - (_stored_all(running, before + sent) - before)
    return {"rate": rate, "lost": missing}


def _stored_rate(running: Running, order: Order) -> float:
    """Stored per second, from a quarter into the load until its end."""
    time.sleep(max(0.0, order.start + order.seconds / 4 - time.monotonic()))
    first, begin = running.counter(STORED) or 0.0, time.monotonic()
    time.sleep(max(0.0, order.start + order.seconds - time.monotonic()))
    last, finish = running.counter(STORED) or 0.0, time.monotonic()
    return (last - first) / (finish - begin)


def _stored_all(running: Running, expected: float) -> float:
    """The counter once it has reached ``expected`` or stands still for 3 s."""
    last, moved = -1.0, time.monotonic()
    while time.monotonic() - moved < 3:
        now = running.counter(STORED) or 0.0
        if now >= expected:
            return now
        if now != last:
            last, moved = now, time.monotonic()
        time.sleep(0.2)
    return last


def mixed(bench: Bench, subject: Subject) -> Figures:
    """Fifty presses a second while 5,000 heartbeats a second flow, and have flowed for a while."""
    flow = bench.size.mixed * 2
    with bench.grounds.running(subject) as running:
        noise = bench.order(running, "heartbeat", min(5000, 8 * bench.grounds.homes), flow + bench.size.mixed + 2)
        load = Load(replace(noise, homes=min(TELEMETRY_DEVICES, bench.grounds.homes), receipts=False))
        time.sleep(flow)
        result = bench.press(running, 50, bench.size.mixed)
        load.finish()
    return _verdict(result)


def fsync(bench: Bench, subject: Subject) -> Figures:
    """A disk whose flush takes 5 ms: presses stored (with receipt) per second."""
    offered, seconds = bench.size.fsync
    with bench.grounds.running(subject, preload=bench.shim) as running:
        result = bench.press(running, offered, seconds)
    return _verdict(result) | {"rate": result.receipt_rate, "unreceipted": result.sent - result.receipts}


def slow(bench: Bench, subject: Subject) -> Figures:
    """A provider that needs 200 ms to answer, 500 presses a second: arrivals must not wait for answers."""
    with bench.grounds.running(subject) as running:
        order = bench.order(running, "sos", 500, min(bench.size.slow, bench.grounds.homes / 500))
        bench.sink.reset(delay_ms=200)
        result = outcome(order, Load(order).finish(), bench.sink)
    return _verdict(result)


def kill(bench: Bench, subject: Subject) -> Figures:
    """kill -9 in the middle of presses, restarted at once: seconds until somebody is contacted again."""
    with bench.grounds.running(subject) as running:
        bench.sink.reset()
        order = bench.order(running, "sos", 20, bench.size.kill)
        order = replace(order, repeat=True, settle=20.0)
        load = Load(order)
        time.sleep(max(0.0, order.start + order.seconds * 0.4 - time.monotonic()))
        running.kill()
        restart = running.start()
        result = outcome(order, load.finish(), bench.sink)
    after = [at for at in result.arrivals if at >= restart]
    again = after[0] - restart if after else float("inf")
    return {
        "again": again,
        "lost": result.lost,
        "doubled": result.doubled,
        "unreceipted": result.sent - result.receipts,
    }


def idle(bench: Bench, subject: Subject) -> Figures:
    """A quiet night: what the house costs when nothing happens."""
    with bench.grounds.running(subject) as running:
        time.sleep(bench.size.idle)
        before, begin = running.cpu_seconds(), time.monotonic()
        time.sleep(bench.size.idle / 2)
        spent = (running.cpu_seconds() - before) / (time.monotonic() - begin)
        return {"cpu": spent * 100, "rss": running.rss_mb()}


def consoles(bench: Bench, subject: Subject) -> Figures:
    """Fifty consoles on 200 open alerts with 20 signals a second; then eight tabs of a browser and twenty presses."""
    with bench.grounds.running(subject) as running:
        running.order(["user", "add", "bench", "--role", "dispatcher", "--password-stdin"], PASSWORD)
        token = enter(running.url, "bench")
        time.sleep(2)
        idle_mb = running.rss_mb()
        bench.press(running, 100, 2)
        with Consoles(running.url, token) as looking:
            bench.press(running, 20, 4)
            figures = {"memory": running.rss_mb() - idle_mb, "live": float(looking.live)}
        with tabs(running.url, token) as pages:
            return figures | (seen(pages, lambda: _pressed(bench, running)) if pages else {})


def _pressed(bench: Bench, running: Running) -> list[float]:
    """Twenty presses from homes that have not pressed yet; when each was due, by the wall clock."""
    order = bench.order(running, "sos", 4, 5, first=300)
    wall = time.time() - time.monotonic()
    Load(order).finish()
    return [order.due(number) + wall for number in range(order.total)]


def timers(bench: Bench, subject: Subject) -> Figures:
    """Very many open alerts: a tick in which 1,000 timers run out, an idle look, one decision."""
    with database(subject.database) as url:
        found = measure(url, bench.size.open, 0)
    return found | {f"tick_{subject.database}": found["tick_ms"]}


def checkins(bench: Bench, subject: Subject) -> Figures:
    """One sweep of the daily check-in over all homes: the slowest of the four of a morning."""
    with database(subject.database) as url:
        return measure_sweeps(url, bench.size.homes)


SCENARIOS: dict[str, Callable[[Bench, Subject], Figures]] = {
    "latency": latency,
    "storm": storm,
    "sustained": sustained,
    "telemetry": telemetry,
    "mixed": mixed,
    "fsync": fsync,
    "slow": slow,
    "kill": kill,
    "idle": idle,
    "consoles": consoles,
    "timers": timers,
    "checkins": checkins,
}
