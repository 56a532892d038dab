"""Reading the quarantine again, after a decoder was mended: exactly once, and what lay for long is marked late."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from domain.clock import Clock
from domain.errors import LedgerCollision, LedgerUnavailable
from domain.events import Heard, Kind, Message
from escalation.arrivals import arrival_of
from escalation.foreign import Foreign, Told
from escalation.judge import judge
from escalation.standing import Standing
from store import inbox
from store.inbox import Arrival, Verdict
from store.ledger import Ledger, Tx
from store.reads import write_down

_LOG = structlog.get_logger("anling.reread")
_LATE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of reading the quarantine again."""

    tried: int
    understood: int
    #: alerts that were raised or joined by it
    alerts: tuple[str, ...]


class Reread:
    """Tries the decoders of today on what those of then could not read."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, hear: Callable[[Message], Heard], foreign: Foreign
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._hear = hear
        self._foreign = foreign

    def __call__(self, ids: Sequence[str] | None = None, by: str = "command line") -> Found:
        """Everything that is still unread, or only these rows. What nobody understands stays as it is.

        Who asked (``by``) is written down with what came of it.
        """
        done: list[tuple[str, ...] | None] = []
        with self._ledger.transaction() as tx:
            for message, row in inbox.unread(tx, ids):
                done.append(self._one(tx, message, row))
            found = Found(len(done), sum(d is not None for d in done), tuple(a for d in done if d for a in d))
            subject = ids[0] if ids and len(ids) == 1 else f"{found.tried} messages"
            write_down(tx, self._clock.now(), by, "read again", subject, f"understood {found.understood}")
        return found

    def _one(self, tx: Tx, message: Message, row: str) -> tuple[str, ...] | None:
        """The alerts that it raised or joined; None when it still means nothing. One bad row costs no other."""
        try:
            with tx.savepoint():
                return self._read(tx, message, row)
        except (LedgerCollision, LedgerUnavailable):
            raise
        except Exception as error:
            _LOG.error("not_read_again", row=row, error=type(error).__name__)
            return None

    def _read(self, tx: Tx, message: Message, row: str) -> tuple[str, ...] | None:
        told = self._foreign.told(tx, [self._hear(message)])[0]
        now = self._clock.now()
        news = [_late(h, now) for h in told.news if h.event and h.event.kind is not Kind.UNKNOWN]
        if not news and not any(h.event and h.event.kind is not Kind.UNKNOWN for h in told.calm):
            return None
        self._foreign.keep(tx, [told])
        arrivals = [(arrival_of(h), h) for h in news]
        known = inbox.known(tx, {a.natural_key for a, _ in arrivals}) if arrivals else {}
        fresh = [(a, h) for a, h in arrivals if a.natural_key not in known]
        if not fresh:
            return self._needs_nobody(tx, row, told)
        return self._judge(tx, [(replace(fresh[0][0], id=row), fresh[0][1]), *fresh[1:]], now)

    def _judge(self, tx: Tx, fresh: Sequence[tuple[Arrival, Heard]], now: datetime) -> tuple[str, ...]:
        """The first thing it says takes the row that lay in quarantine, the others get rows of their own."""
        inbox.reread(tx, [fresh[0][0]])
        inbox.put(tx, [a for a, _ in fresh[1:]], {})
        verdicts = judge(tx, self._standing, [(a.id, h) for a, h in fresh], now, {})
        inbox.judge(tx, list(verdicts.values()))
        self._foreign.remember(tx, [(h, verdicts[a.id].alert_id) for a, h in fresh])
        return tuple(dict.fromkeys(v.alert_id for v in verdicts.values() if v.alert_id))

    def _needs_nobody(self, tx: Tx, row: str, told: Told) -> tuple[str, ...]:
        heard = (*told.news, *told.calm)[0]
        inbox.reread(tx, [replace(arrival_of(heard), id=row, natural_key=f"{row}:read-later")])
        inbox.judge(tx, [Verdict(row, "noted", reason="read later: nothing in it asks for a person")])
        return ()


def _late(heard: Heard, now: datetime) -> Heard:
    """Read only now: late when it has lain for ten minutes."""
    if heard.event is None or now - heard.message.received_at <= _LATE:
        return heard
    return replace(heard, event=replace(heard.event, late=True))
