"""Turns the record of a bench run into a table on the console and the text of ``docs/measurements.md``."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from targets import TARGETS, Target

Record = dict[str, Any]
DATABASES = ("sqlite", "postgresql")
NAMES = {"sqlite": "SQLite FULL", "postgresql": "PostgreSQL"}
HEAD = (
    "情形 / scenario",
    "量 / figure",
    "目标 / target",
    *NAMES.values(),
    "原始极限 / raw limit",
    "比 / ratio",
)


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over the rounds: median and range; infinity means never."""

    median: float
    low: float
    high: float
    rounds: int

    def words(self, unit: str) -> str:
        """``12.3 [11..14] ms``; a single round has no range."""
        text = _number(self.median)
        if self.rounds > 1 and self.low != self.high:
            text += f" [{_number(self.low)}..{_number(self.high)}]"
        return text if math.isinf(self.median) else f"{text} {unit}".strip()


def _number(value: float) -> str:
    if math.isinf(value):
        return "never"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One promise with what was measured for it."""

    target: Target
    product: dict[str, Spread]
    raw: Spread | None

    def ratio(self, database: str) -> float | None:
        """The product over the raw limit; None when either is missing or zero."""
        ours = self.product.get(database)
        if ours is None or self.raw is None or not self.raw.median or math.isinf(ours.median):
            return None
        return ours.median / self.raw.median

    def met(self, database: str) -> bool | None:
        """Whether the promise is kept on this database; None when nothing is promised or measured."""
        ours = self.product.get(database)
        return self.target.met(ours.median, self.ratio(database)) if ours else None


def rows(record: Record) -> list[Row]:
    """The promises that this run says something about."""
    found = []
    for target in TARGETS:
        product = {
            name: spread for name in DATABASES if (spread := _spread(record, target, f"anling/{name}"))
        }
        raw = _spread(record, target, f"{target.raw}/sqlite")
        if product or raw:
            found.append(Row(target, product, raw))
    return found


def _spread(record: Record, target: Target, subject: str) -> Spread | None:
    values = [
        math.inf if run["figures"][target.figure] is None else run["figures"][target.figure]
        for run in record["runs"]
        if (run["scenario"], run["subject"]) == (target.scenario, subject) and target.figure in run["figures"]
    ]
    return Spread(statistics.median(values), min(values), max(values), len(values)) if values else None


def _cells(row: Row) -> tuple[str, ...]:
    target = row.target
    ours = [_judged(row, name) for name in DATABASES]
    raw = row.raw.words(target.unit) if row.raw else "-"
    shares = [f"{share:.2f}" if (share := row.ratio(name)) is not None else "-" for name in DATABASES]
    return (target.scenario, f"{target.zh} · {target.en}", target.words, *ours, raw, " / ".join(shares))


def _judged(row: Row, database: str) -> str:
    ours = row.product.get(database)
    if ours is None:
        return "-"
    mark = {True: " ✓", False: " ✗", None: ""}[row.met(database)]
    return ours.words(row.target.unit) + mark


def show(record: Record) -> None:
    """The table, on the console."""
    table = Table(*HEAD, title="安铃 Anling: measurements")
    for row in rows(record):
        table.add_row(*_cells(row))
    console = Console(width=None if Console().is_terminal else 200)
    console.print(table)
    for line in failures(record):
        console.print(line, markup=False)


def failures(record: Record) -> list[str]:
    """What could not be measured, and why."""
    return [
        f"{run['scenario']} {run['subject']} (round {run['round']}): {run['error'].splitlines()[0]}"
        for run in record["runs"]
        if run.get("error")
    ]


def missed(record: Record) -> list[str]:
    """The promises that were measured and not kept."""
    return [
        f"{row.target.zh} · {row.target.en}, {NAMES[name]}: {row.product[name].words(row.target.unit)}, "
        f"promised {row.target.words}"
        for row in rows(record)
        for name in DATABASES
        if row.met(name) is False
    ]


def markdown(record: Record) -> str:
    """The text of ``docs/measurements.md``."""
    return "\n".join(_document(record)) + "\n"


def _document(record: Record) -> Iterator[str]:
    yield "# 实测 Measurements\n"
    yield "本文由 `tests/bench/run.py` 生成, 不手改。产品与原始极限在同一次运行里测量;"
    yield "绝对值随机器变化, 比值较稳。  "
    yield "Made by `tests/bench/run.py`, not by hand. Product and raw limits come from one run:"
    yield "the absolute figures belong to the machine, the ratios travel better.\n"
    if record["size"] != "full":
        yield "**短测, 负载比标注的短。 A short run: its loads are shorter than the labels say.**\n"
    yield from _machine(record)
    yield "\n## 结果 Results\n"
    yield "中位数 [最小..最大]。✓ 达到, ✗ 未达到; 比 = 产品 ÷ 原始极限 (SQLite / PostgreSQL)。  "
    yield "Median [least..most]. ✓ reached, ✗ not reached; ratio = product ÷ raw (SQLite / PostgreSQL).\n"
    yield "| " + " | ".join(HEAD) + " |"
    yield "|" + "---|" * len(HEAD)
    for row in rows(record):
        yield "| " + " | ".join(_cells(row)) + " |"
    yield from _listing("## 未达到 Not reached", missed(record), "全部达到。 Every promise was kept.")
    yield from _listing("## 未能测量 Not measured", failures(record), "无。 Nothing was left out.")
    yield METHOD


def _machine(record: Record) -> Iterator[str]:
    words = {
        "日期 date": record["date"],
        "版本 revision": record["revision"],
        "机器 machine": record["machine"],
        "负载 load average at the start / end": f"{record['load_start']} / {record['load_end']}",
        "软件 software": record["software"],
        "轮数 rounds": f"{record['rounds']} ({record['size']})",
        "磁盘 disk": f"{record['disk']:,.0f} x (512 B + fdatasync) per s",
        "导入 import": ", ".join(
            f"{NAMES[name]} {rate:,.0f} homes/s" for name, rate in record["import"].items()
        ),
    }
    for name, value in words.items():
        yield f"- {name}: {value}"


def _listing(title: str, lines: list[str], otherwise: str) -> Iterator[str]:
    yield f"\n{title}\n"
    yield from ([f"- {line}" for line in lines] or [otherwise])


METHOD = """
## 方法 Method

- Generator, broker (mosquitto), product and sink are separate processes on one machine; they share its cores.
- The load is an open loop at a fixed rate. Latency runs from the instant a press was *due*, not from when it
  was sent, to the instant the webhook request was complete at the sink: a house that stalls cannot hide it.
- Every press has an id of its own and comes from a home of its own; the sink keeps every arrival.
  *Lost* = a press whose home had no contact when nothing had moved for 4 s (at most 25 s): under overload
  that may mean late. A lost press counts as latency "never".
  *Doubled* = a further contact with the same home, role and attempt.
- Each measurement starts with a fresh broker and a fresh copy of the same imported town (200 doctors,
  10 streets); rounds are interleaved. The raw limits are on SQLite for both columns. Telemetry is `vitals` at
  QoS 1, 20,000 offered per second from 5,000 devices, counted by `anling_telemetry_stored_total`.
- Raw limits: `ref` is MQTT by hand, group commit in SQLite FULL with an outbox flag, PUBACK after commit,
  POST over kept-alive connections, with no people and no plan; `paho` is paho-mqtt storing 200 rows or 5 ms
  per commit.
- A 5 ms disk is a preloaded shim in front of fsync and fdatasync of the product (SQLite).
- CPU and memory are those of `anling serve` and its children, from /proc, without broker and PostgreSQL.
- *Consoles*: memory of the product above what it took before the first alert and console, with 50 WebSocket clients
  on 200 open alerts while 20 signals/s arrive; a press is *visible* when its row stands in the one console left
  (Chromium on the same machine, after eight tabs of one session were looked at).
- `python tests/bench/run.py --doc docs/measurements.md` makes this file again.
"""
