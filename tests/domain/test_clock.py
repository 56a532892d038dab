"""The engine's clock: a wall clock that is set wrong moves nothing at once (P38)."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.clock import EngineClock

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine:
    """A machine whose wall clock can be set, and whose seconds pass when told."""

    def __init__(self) -> None:
        self.ticks = 1000.0
        self.set_by = timedelta(0)

    def wall(self) -> datetime:
        """What the wall clock shows."""
        return NOON + timedelta(seconds=self.ticks - 1000) + self.set_by

    def clock(self, newest: datetime | None = None) -> EngineClock:
        """An engine that starts now."""
        return EngineClock(newest, self.wall, lambda: self.ticks)

    def pass_time(self, clock: EngineClock, seconds: float, step: float = 1.0) -> timedelta:
        """Let real seconds pass, looking at the clock as an engine does; how much engine time passed."""
        began = clock.now()
        for _ in range(int(seconds / step)):
            self.ticks += step
            clock.now()
        return clock.now() - began


@pytest.mark.parametrize("step", [-2 * HOUR, 2 * HOUR])
def test_a_step_of_the_wall_clock_moves_nothing(step: timedelta) -> None:
    """P38: two hours back or forward while an alert is open: minutes stay minutes, and the step is told."""
    machine = Machine()
    clock = machine.clock()
    machine.pass_time(clock, 60)

    machine.set_by = step
    passed = machine.pass_time(clock, 300)

    assert timedelta(seconds=300) == passed
    assert step == clock.wall_step()


@pytest.mark.parametrize("step", [-2 * HOUR, 2 * HOUR])
def test_a_step_that_stays_is_followed_slowly(step: timedelta) -> None:
    """After ten minutes engine time leans towards the wall clock, never by more than a tenth, until both agree."""
    machine = Machine()
    clock = machine.clock()
    machine.set_by = step
    machine.pass_time(clock, 605)

    leaning = machine.pass_time(clock, 1000)
    machine.pass_time(clock, 72_000, step=5)

    assert timedelta(seconds=100) == abs(leaning - timedelta(seconds=1000))
    assert abs(clock.wall_step()) <= timedelta(milliseconds=100)
    assert timedelta(seconds=60) == machine.pass_time(clock, 60)


def test_a_step_that_is_taken_back_leaves_no_trace() -> None:
    """Somebody corrects the clock within ten minutes: nothing ever leaned."""
    machine = Machine()
    clock = machine.clock()
    machine.set_by = HOUR
    machine.pass_time(clock, 300)

    machine.set_by = timedelta(0)
    machine.pass_time(clock, 1200)

    assert timedelta(0) == clock.wall_step()


def test_a_small_difference_is_left_alone() -> None:
    """Two seconds are nobody's business: time runs by the second."""
    machine = Machine()
    clock = machine.clock()
    machine.set_by = timedelta(seconds=1.9)

    assert timedelta(seconds=3600) == machine.pass_time(clock, 3600)


def test_it_never_starts_before_what_the_ledger_knows() -> None:
    """A machine whose clock was set back before the start goes on from the newest engine time (P9)."""
    machine = Machine()

    clock = machine.clock(newest=NOON + HOUR)

    assert NOON + HOUR == clock.now()


def test_a_long_silence_does_not_overshoot() -> None:
    """Nobody asked for a day while time leaned: it arrives at the wall clock and not beyond."""
    machine = Machine()
    clock = machine.clock()
    machine.set_by = HOUR
    machine.pass_time(clock, 605)

    machine.ticks += 86_400

    assert clock.now() <= machine.wall()
    assert clock.wall_step() < timedelta(milliseconds=1)
