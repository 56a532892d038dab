"""The core is quick: a storm of alerts waits for providers and disks, never for a decision."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from statistics import median
from time import perf_counter

import pytest

from domain.alerts import Alert, Track, changed
from domain.events import Kind
from escalation.command import Raise, Tick
from escalation.decide import decide, raise_alert
from escalation.sheet import Decision
from tests.escalation.core import CHANGNING, HOME, NOON, STREET, Story, seconds

#: microseconds; a quiet machine takes about 50, a crowded one several times that
LIMIT = 400.0
STORY = Story()
STORY.until(60)


def press() -> Decision:
    """The button."""
    return raise_alert("alert-2", HOME, Raise(Kind.SOS, "device:button-1"), NOON, STREET, CHANGNING)


def three_people() -> Decision:
    """The third step: doctor, street and 120."""
    return decide(STORY.alert, Tick(), NOON + seconds(120), STREET, CHANGNING)


def test_a_changed_value_is_as_frozen_as_before() -> None:
    """The quick way to a new value gives what ``dataclasses.replace`` gives, of the same type, and locked."""
    made, track = changed(STORY.alert, version=9), changed(STORY.main, gen=7)

    assert (replace(STORY.alert, version=9), replace(STORY.main, gen=7)) == (made, track)
    assert (Alert, Track) == (type(made), type(track))
    with pytest.raises(FrozenInstanceError):
        track.gen = 8  # type: ignore[misc]


@pytest.mark.parametrize("work", [press, three_people])
def test_a_decision_takes_microseconds(work: Callable[[], Decision]) -> None:
    """The median of a thousand decisions that contact somebody stays far below a commit."""
    spent = []
    for _ in range(1000):
        start = perf_counter()
        work()
        spent.append((perf_counter() - start) * 1e6)

    assert median(spent) < LIMIT
