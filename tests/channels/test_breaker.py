"""Which lines are used: one that fails rests, another takes its place, and all down still means trying (P14)."""

import pytest

from channels.breaker import REST, Breaker


class Ticks:
    """A clock by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    """Monotonic seconds."""
    return Ticks()


@pytest.fixture
def lines(ticks: Ticks) -> Breaker:
    """Two caller numbers."""
    return Breaker(("a", "b"), ticks)


def test_a_blip_moves_nothing(lines: Breaker) -> None:
    """P14: twice is a blip."""
    lines.failed("a", "no connection")
    lines.failed("a", "no connection")

    assert (["a", "b"], {}) == (lines.order(), lines.down())


def test_the_third_failure_in_a_row_brings_the_second_line(lines: Breaker) -> None:
    """P14: and says why."""
    for _ in range(3):
        lines.failed("a", "no connection")

    assert (["b", "a"], {"a": "no connection"}) == (lines.order(), lines.down())


def test_a_refused_number_rests_at_once(lines: Breaker) -> None:
    """P14: it will not mend itself in a moment."""
    lines.failed("a", "our number is marked as a nuisance caller", hard=True)

    assert ["b", "a"] == lines.order()


def test_a_rested_line_is_tried_by_one_letter(lines: Breaker, ticks: Ticks) -> None:
    """Half open: one success and it is in health, one failure and it rests again."""
    lines.failed("a", "x", hard=True)
    ticks.now = REST + 1
    tried = lines.order()
    lines.failed("a", "x", hard=True)
    again = lines.order()
    lines.worked("a")

    assert (["a", "b"], ["b", "a"], ["a", "b"]) == (tried, again, lines.order())


def test_all_down_means_trying_all_the_same(lines: Breaker) -> None:
    """Fail open: a line that may be dead is better than none."""
    lines.failed("a", "x", hard=True)
    lines.failed("b", "x", hard=True)

    assert (True, {"a", "b"}) == (lines.all_down, set(lines.order()))


def test_down_until_something_goes_through(lines: Breaker, ticks: Ticks) -> None:
    """A rest that ends has mended nothing yet."""
    lines.failed("a", "x", hard=True)
    lines.failed("b", "x", hard=True)
    ticks.now = 3600
    before = lines.all_down
    lines.worked("b")

    assert (True, False) == (before, lines.all_down)


def test_an_ordered_rest_outlasts_a_single_success(lines: Breaker, ticks: Ticks) -> None:
    """Most of its calls were blocked: that one letter was accepted says little."""
    lines.rest("a", 600, "blocked")
    lines.worked("a")
    during = lines.order()
    ticks.now = 601
    lines.worked("a")

    assert (["b", "a"], ["a", "b"]) == (during, lines.order())
