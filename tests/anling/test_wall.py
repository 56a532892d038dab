"""The wall clock of an installation: machines that disagree about the time must not disagree about a timer."""

from datetime import datetime, timedelta

import pytest

from anling.wall import wall_of
from domain.clock import wall_now
from store.ledger import Ledger


@pytest.mark.parametrize("hours", [2, -2])
def test_a_machine_whose_clock_is_wrong_goes_by_the_databases(ledger: Ledger, hours: int) -> None:
    """On PostgreSQL every process sets and reads timers by one clock (P38); SQLite has one machine and its clock."""

    def wrong() -> datetime:
        return wall_now() + timedelta(hours=hours)

    with ledger.reading() as tx:
        shared = wall_of(tx, wrong)
        postgres = tx.postgres

    assert postgres == (abs(shared() - wall_now()) < timedelta(seconds=2))
    assert postgres == (shared is not wrong)


def test_a_machine_whose_clock_is_right_keeps_it(ledger: Ledger) -> None:
    """A difference of a moment moves nothing."""
    with ledger.reading() as tx:
        assert wall_now is wall_of(tx)
