"""Signs of life and clocks, judged by our own seconds."""

from datetime import UTC, datetime, timedelta
from typing import Any

from watch.clocks import Clocks
from watch.signs import SILENT, EngineTime, Signs

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def pulse(part: str, at: datetime = NOON, instance: str = "one", **more: Any) -> dict[str, Any]:
    """One row of pulses."""
    return {"part": part, "instance": instance, "at": at, "ok": True, "detail": "ok", "age_s": 0.1} | more


ALL = [pulse(part) for part in ("broker", "engine", "senders", "providers")]


def test_fresh_pulses_are_well() -> None:
    """All parts speak."""
    signs = Signs()
    signs.hear(ALL, 100.0)

    assert [] == signs.judge(101.0)


def test_a_pulse_that_does_not_change_is_silence() -> None:
    """Whatever any wall clock says: the same stamp for seven of our seconds is a part that stands (P33)."""
    signs = Signs()
    signs.hear(ALL, 100.0)
    later = [row | {"at": NOON + timedelta(hours=-2)} for row in ALL if row["part"] != "engine"]
    signs.hear([ALL[1], *later], 100.5 + SILENT)

    assert ["engine"] == [f.code for f in signs.judge(100.5 + SILENT)]


def test_one_of_two_is_enough() -> None:
    """While a second engine speaks, the first may go."""
    signs = Signs()
    signs.hear([*ALL, pulse("engine", instance="two")], 100.0)
    moved = [row | {"at": NOON + timedelta(seconds=20)} for row in ALL]

    signs.hear([*moved, pulse("engine", instance="two")], 120.0)

    assert [] == signs.judge(120.0)


def test_a_part_that_says_it_is_ill() -> None:
    """Its own word, or the age of its loop, is believed."""
    signs = Signs()
    ill = [pulse("engine", ok=False, detail="engine loop stands still"), pulse("senders", age_s=9.0)]
    signs.hear([ALL[0], ALL[3], *ill], 100.0)

    assert ["engine", "senders"] == [f.code for f in signs.judge(100.0)]


def test_what_nobody_runs_is_missed() -> None:
    """Four parts must speak; the lamps come with the bridge."""
    assert ["bridge", "engine", "senders", "providers"] == [f.code for f in Signs().judge(0.0)]


def test_engine_time_goes_on_without_an_engine() -> None:
    """A frozen engine saves no time any more: ours goes on from its last, so that what is due is seen to be."""
    time = EngineTime()
    before = time.now(50.0, NOON)
    time.hear(NOON - timedelta(hours=3), 100.0)

    assert (NOON, NOON - timedelta(hours=3) + timedelta(seconds=30)) == (before, time.now(130.0, NOON))


def test_engine_time_keeps_to_the_freshest_word() -> None:
    """A time that was read late does not set us back; an engine that started anew does."""
    time = EngineTime()
    time.hear(NOON, 100.0)
    time.hear(NOON + timedelta(seconds=1), 103.0)
    late = time.now(103.0, NOON)

    time.hear(NOON - timedelta(hours=1), 106.0)

    assert NOON + timedelta(seconds=3) == late
    assert NOON - timedelta(hours=1) + timedelta(seconds=2.5) == time.now(106.0, NOON)


def test_clocks_apart() -> None:
    """P38: a step of our own clock is told for ten minutes; a database or engine elsewhere as long as it is."""
    clocks = Clocks(NOON, 0.0)
    second = timedelta(seconds=1)

    well = clocks.judge(NOON + second, 1.0, NOON, NOON + 2 * second)
    stepped = clocks.judge(NOON + timedelta(hours=2), 2.0, None, NOON + 2 * second)
    after = clocks.judge(NOON + timedelta(hours=2, seconds=700), 702.0, NOON + timedelta(hours=2), None)

    assert [] == well
    assert ["wall_clock", "engine_clock"] == [f.code for f in stepped]
    assert ["database_clock"] == [f.code for f in after]
