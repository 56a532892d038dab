"""Right before the dial: whether the call is still wanted, and how often this telephone was called already."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from channels.last_look import LastLook
from channels.routes import e164
from domain.clock import Clock
from domain.contacts import Letter
from domain.errors import AnlingError
from escalation.duty import Roster
from escalation.standing import Standing
from store import calls, outbox
from store.ledger import Ledger

_LOG = structlog.get_logger("anling.looking")
_DAY = timedelta(days=1)
#: (channel, number) -> (person, contact point)
Points = dict[tuple[str, str], set[tuple[str, int]]]


class Looking:
    """The ledger's answers. Safe to use from many threads; reads only, and never raises for a ledger that is away."""

    def __init__(self, ledger: Ledger, standing: Standing, clock: Clock) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._known: tuple[Roster | None, Points] = (None, {})

    def look(self) -> LastLook:
        """As the channels take it."""
        return LastLook(self.wanted, self.spent)

    def wanted(self, letter: Letter) -> bool:
        """False when the alert moved on since the lease (P7). A letter that no row ordered is always wanted."""
        try:
            with self._ledger.reading() as tx:
                row = outbox.get(tx, letter.key)
        except AnlingError as error:
            _LOG.warning("last_look_failed", key=letter.key, error=type(error).__name__)
            return True
        return row is None or row[0].current

    def spent(self, letter: Letter) -> Sequence[float]:
        """Seconds since each earlier call or message to this number within a day, this process's and others'.

        Two senders that dial at the same moment: the attempt that stands first in the ledger goes.
        """
        now, number = self._clock.now(), e164(letter.address)
        try:
            with self._ledger.reading() as tx:
                points = self._points(self._standing.roster(tx)).get((letter.channel, number), set())
                made = calls.made(tx, points, letter.channel, now - _DAY)
        except AnlingError as error:
            _LOG.warning("last_look_failed", key=letter.key, error=type(error).__name__)
            return ()
        mine = next((one for one in made if (one.key, one.n) == (letter.key, letter.attempt)), None)
        before = [one for one in made if one.carried or (mine is not None and one < mine)]
        return [(now - one.started_at) / timedelta(seconds=1) for one in before if one is not mine]

    def _points(self, roster: Roster) -> Points:
        """Whose telephone each number is; several people may share one. Worked out once for a roster."""
        known, points = self._known
        if known is not roster:
            points = {}
            for person in roster.responders.values():
                for point in person.contacts:
                    points.setdefault((point.channel, e164(point.address)), set()).add((person.id, point.n))
            self._known = (roster, points)
        return points
