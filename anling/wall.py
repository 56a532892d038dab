"""The wall clock that the machines of one installation share: the database's, where it has one of its own."""

from collections.abc import Callable
from datetime import datetime

import structlog

from domain.clock import STEP, wall_now
from store import audit
from store.ledger import Tx

_LOG = structlog.get_logger("anling")


def wall_of(tx: Tx, wall: Callable[[], datetime] = wall_now) -> Callable[[], datetime]:
    """This machine's clock, put right where it is more than two seconds from the database's (P38).

    A timer set by one machine is looked at by another: an hour between the two would be an hour of silence.
    """
    database = audit.clock(tx)
    if database is None or abs(apart := database - wall()) <= STEP:
        return wall
    _LOG.error("clock_apart_from_database", seconds=round(apart.total_seconds()))
    return lambda: wall() + apart
