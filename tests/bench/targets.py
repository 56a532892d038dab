"""What the house promises, as numbers; the raw limit each is compared with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One promised figure. ``limit`` None: shown, not promised."""

    scenario: str
    figure: str
    zh: str
    en: str
    unit: str
    limit: float | None = None
    at_least: bool = False
    #: the raw limit measured in the same run: ``ref``, ``paho`` or none
    raw: str = "ref"
    #: the product's share of the raw limit must reach this
    ratio: float | None = None

    def met(self, value: float, ratio: float | None) -> bool | None:
        """Whether the figure keeps the promise; None when nothing is promised."""
        if self.ratio is not None and (ratio is None or ratio < self.ratio):
            return False
        if self.limit is None:
            return None
        return value >= self.limit if self.at_least else value <= self.limit

    @property
    def words(self) -> str:
        """The promise, readable."""
        if self.limit is None:
            return "-"
        if not self.limit:
            return "0"
        share = f", ≥ {self.ratio:g} of raw" if self.ratio else ""
        return f"{'≥' if self.at_least else '≤'} {self.limit:,g} {self.unit}{share}".strip()


TARGETS = (
    Target("latency", "p50_1", "每秒 1 次: p50", "1/s, p50", "ms", 10),
    Target("latency", "p99_1", "每秒 1 次: p99", "1/s, p99", "ms", 50),
    Target("latency", "p50_50", "每秒 50 次: p50", "50/s, p50", "ms", 10),
    Target("latency", "p99_50", "每秒 50 次: p99", "50/s, p99", "ms", 50),
    Target("latency", "lost_50", "丢失", "lost", "", 0),
    Target("latency", "doubled_50", "重复", "doubled", "", 0),
    Target("storm", "p50", "5000 户 10 秒: p50", "5,000 homes in 10 s, p50", "ms"),
    Target("storm", "p99", "5000 户 10 秒: p99", "5,000 homes in 10 s, p99", "ms", 250),
    Target("storm", "lost", "丢失", "lost", "", 0),
    Target("storm", "doubled", "重复", "doubled", "", 0),
    Target(
        "sustained",
        "best",
        "持续 (无丢失): 最高",
        "sustained, nothing lost, best of all offered",
        "/s",
        1000,
        at_least=True,
    ),
    Target("sustained", "rate_1000", "给出 1000/s", "offered 1,000/s", "/s"),
    Target("sustained", "rate_2000", "给出 2000/s", "offered 2,000/s", "/s"),
    Target("sustained", "rate_3000", "给出 3000/s", "offered 3,000/s", "/s"),
    Target("sustained", "p99_1000", "给出 1000/s: p99", "offered 1,000/s, p99", "ms"),
    Target("sustained", "cpu_ms_1000", "每次按铃 CPU", "CPU per press at 1,000/s", "ms", 1),
    Target("sustained", "lost_1000", "给出 1000/s: 丢失", "offered 1,000/s, lost", "", 0),
    Target("sustained", "lost_3000", "给出 3000/s: 未到", "offered 3,000/s, not arrived at the close", ""),
    Target(
        "telemetry",
        "rate",
        "遥测落库",
        "telemetry stored",
        "/s",
        10_000,
        at_least=True,
        raw="paho",
        ratio=0.5,
    ),
    Target("telemetry", "lost", "遥测丢失", "telemetry not stored", "", 0, raw="paho"),
    Target("mixed", "p99", "同时 5000 心跳/s: p99", "with 5,000 heartbeats/s, p99", "ms", 50),
    Target("mixed", "lost", "丢失", "lost", "", 0),
    Target("fsync", "rate", "慢盘 (5 ms) 落库", "stored on a 5 ms disk", "/s", 2000, at_least=True),
    Target("fsync", "lost", "丢失", "lost", "", 0),
    Target("slow", "p50", "慢运营商 (200 ms): p50", "200 ms provider at 500/s, p50", "ms"),
    Target("slow", "p99", "慢运营商 (200 ms): p99", "200 ms provider at 500/s, p99", "ms", 250),
    Target("slow", "lost", "丢失", "lost", "", 0),
    Target("slow", "doubled", "重复", "doubled", "", 0),
    Target("kill", "again", "kill -9 到再次呼叫", "kill -9 to contacting again", "s", 2),
    Target("kill", "lost", "丢失", "lost", "", 0),
    Target("kill", "doubled", "重复", "doubled", ""),
    Target("idle", "cpu", "空闲 CPU", "idle CPU, of one core", "%", 2, raw=""),
    Target("idle", "rss", "空闲内存", "idle resident memory", "MB", 150, raw=""),
    Target("consoles", "memory", "50 个控制台, 200 条未结: 内存", "50 consoles, 200 open: memory", "MB", 50, raw=""),
    Target("consoles", "live", "其中实时", "of them live", "", 50, at_least=True, raw=""),
    Target("consoles", "tabs", "一个浏览器 8 个标签页: 实时", "eight tabs: live", "", 8, at_least=True, raw=""),
    Target("consoles", "row_p95", "按铃到行可见: p95", "press to row visible, p95", "ms", 1000, raw=""),
    Target("timers", "tick_sqlite", "十万未结, 千个到时", "100,000 open, a tick of 1,000", "ms", 2000, raw=""),
    Target("timers", "tick_postgresql", "十万未结, 千个到时", "100,000 open, a tick of 1,000", "ms", 1000, raw=""),
    Target("timers", "tick_cpu_ms", "其中自身 CPU", "of this, CPU of our own", "ms", raw=""),
    Target("timers", "idle_ms", "十万未结, 空看", "100,000 open, an idle look", "ms", 5, raw=""),
    Target("checkins", "slowest_s", "三万户报平安, 最慢一轮", "30,000 homes, the slowest sweep", "s", 10, raw=""),
    Target("timers", "decide_us", "一次决定", "one decision", "µs", 50, raw=""),
)
