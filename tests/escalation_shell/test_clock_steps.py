"""Whole calls across a jump of the machine's clock (P38)."""

from datetime import timedelta
from itertools import pairwise

import pytest

from domain.clock import EngineClock
from store.ledger import Ledger
from tests.town import NOON, Town


class Machine(EngineClock):
    """The engine's clock on a machine whose wall clock can be set."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.set_by = timedelta(0)
        super().__init__(None, lambda: NOON + timedelta(seconds=self.seconds) + self.set_by, lambda: self.seconds)

    def forward(self, seconds: float) -> object:
        """Let real seconds pass."""
        self.seconds += seconds
        return self.now()


@pytest.mark.parametrize("hours", [-2, 2])
def test_calls_go_on_across_a_step_of_the_clock(ledger: Ledger, hours: int) -> None:
    """P38: the wall clock is set two hours back or forward while an alert is open: nothing is late, 120 not early.

    Real seconds count: the street office after 60, 120 after 120, and everybody again within the plan's 5 minutes.
    """
    machine = Machine()
    town = Town(ledger, machine)  # type: ignore[arg-type]
    town.settle_in()
    town.press()
    machine.set_by = timedelta(hours=hours)
    asked: dict[str, list[float]] = {}
    for _ in range(90):
        town.deliver()
        for phone in town.phones.values():
            for letter in phone.letters:
                asked.setdefault(letter.responder_id, []).append(machine.seconds)
            phone.letters.clear()
        town.forward(5)

    times = sorted({at for people in asked.values() for at in people})
    firsts = {name: found[0] for name, found in asked.items()}
    assert (0.0, 60.0, 120.0) == (firsts["doctor-1"], firsts["street-1"], firsts["desk-120"])
    assert max(later - at for at, later in pairwise(times)) <= 300
    assert len(asked["doctor-1"]) > 1
