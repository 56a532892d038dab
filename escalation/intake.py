"""Intake: store first, judge after, acknowledge last. One transaction for a whole batch of messages."""

from collections.abc import Callable, Mapping, Sequence

import structlog

from domain.clock import Clock
from domain.errors import LedgerCollision, LedgerUnavailable
from domain.events import Heard, Kind, Message, Receipt
from escalation.arrivals import arrival_of, digest
from escalation.complaints import COMPLAINTS, note_complaints
from escalation.foreign import Foreign, Told
from escalation.judge import judge
from escalation.standing import Standing
from store import inbox, telemetry
from store.inbox import Arrival, Kept, Verdict
from store.ledger import Ledger, Tx

_LOG = structlog.get_logger("anling.intake")
_SIGNS = frozenset({Kind.HEARTBEAT, Kind.OFFLINE})


class Intake:
    """Takes batches of messages into the ledger and says what each device may be told."""

    def __init__(
        self,
        ledger: Ledger,
        standing: Standing,
        clock: Clock,
        hear: Callable[[Message], Heard],
        foreign: Foreign | None = None,
    ) -> None:
        self._ledger = ledger
        self._foreign = foreign
        self._standing = standing
        self._clock = clock
        self._hear = hear

    def __call__(self, batch: Sequence[Heard]) -> list[Receipt | None]:
        """Keep and judge. Raises ``LedgerUnavailable`` when the ledger did not take it: nothing was acknowledged."""
        careful = False
        for _ in range(4):
            try:
                with self._ledger.transaction() as tx:
                    return self._take(tx, batch, careful)
            except LedgerCollision as error:
                _LOG.info("intake_collided", error=str(error))
            except LedgerUnavailable:
                raise
            except Exception as error:
                if careful:
                    raise
                # One message of the batch cannot be judged: start over, each message on its own.
                _LOG.error("batch_not_judged", error=type(error).__name__, messages=len(batch))
                careful = True
        raise LedgerUnavailable("the ledger refused the batch again and again; try later")

    def rejudge(self) -> int:
        """Judge again what could not be judged when it came. Returns how many now are."""
        with self._ledger.reading() as tx:
            if not inbox.any_pending(tx):
                return 0
        with self._ledger.transaction() as tx:
            rows = [(row, self._again(tx, message, key)) for message, row, key in inbox.pending(tx)]
            verdicts = self._judge_each(tx, rows, {row: 0.0 for row, _ in rows})
            inbox.judge(tx, list(verdicts.values()))
        return len(verdicts)

    def judge_now(self, tx: Tx, row: str, asked_s: float) -> str | None:
        """Judge a kept message that the home was asked about for so many seconds; the id of its alert."""
        message, key = inbox.one(tx, row)
        verdicts = judge(tx, self._standing, [(row, self._again(tx, message, key))], self._clock.now(), {row: asked_s})
        inbox.judge(tx, list(verdicts.values()))
        return verdicts[row].alert_id

    def telemetry(self, batch: Sequence[Heard]) -> int:
        """Keep a group of telemetry messages. Returns how many were kept."""
        with self._ledger.transaction(patient=True) as tx:
            return telemetry.keep(tx, batch)

    def quarantine(self, heard: Heard, reason: str) -> None:
        """Keep, unjudged, a message that nothing else could be done with; it is shown."""
        with self._ledger.transaction() as tx:
            arrival = arrival_of(heard)
            if arrival.natural_key not in inbox.known(tx, [arrival.natural_key]):
                inbox.put(tx, [arrival], {arrival.id: Verdict(arrival.id, "unreadable", reason=reason[:200])})

    def _again(self, tx: Tx, message: Message, key: str) -> Heard:
        """A kept message heard anew; of several things that it says, the one that this row is about."""
        heard = self._hear(message)
        if heard.dialect is None:
            return heard
        news = self._told(tx, [heard])[0].news
        return next((h for h in news if arrival_of(h).natural_key == key), news[0] if news else heard)

    def _told(self, tx: Tx, batch: Sequence[Heard]) -> list[Told]:
        if self._foreign is None or not any(h.dialect for h in batch):
            return [Told((h,), ()) for h in batch]
        return self._foreign.told(tx, batch)

    def _remember(self, tx: Tx, judged: Sequence[tuple[Heard, Verdict]]) -> None:
        if self._foreign is not None:
            self._foreign.remember(tx, [(h, v.alert_id) for h, v in judged])

    def _take(self, tx: Tx, batch: Sequence[Heard], careful: bool) -> list[Receipt | None]:
        if self._foreign is None or not any(h.dialect for h in batch):
            return self._settle(tx, batch, careful)
        told = self._foreign.told(tx, batch)
        self._foreign.keep(tx, told)
        receipts = iter(self._settle(tx, [h for t in told for h in t.news], careful))
        return [_whole(heard, [next(receipts) for _ in t.news]) for heard, t in zip(batch, told, strict=True)]

    def _settle(self, tx: Tx, batch: Sequence[Heard], careful: bool) -> list[Receipt | None]:
        signs = [h for h in batch if _is_sign(h)]
        arrivals = [None if _is_sign(h) else arrival_of(h) for h in batch]
        keys = {a.natural_key for a in arrivals if a}
        known = inbox.known(tx, keys) if keys else {}
        fresh: dict[str, tuple[Arrival, Heard]] = {}
        for arrival, heard in zip(arrivals, batch, strict=True):
            if arrival and arrival.natural_key not in known:
                fresh.setdefault(arrival.natural_key, (arrival, heard))
        rows = [(a.id, h) for a, h in fresh.values()]
        verdicts = self._judge_each(tx, rows) if careful else self._judge_all(tx, rows)
        inbox.put(tx, [a for a, _ in fresh.values()], verdicts)
        ours = {a.id for a, _ in fresh.values()}
        inbox.judge(tx, [v for id, v in verdicts.items() if id not in ours])
        if any(a.kind in COMPLAINTS for a, _ in fresh.values()):
            note_complaints(tx, [h for _, h in fresh.values()])
        telemetry.seen(tx, [*signs, *(h for _, h in fresh.values() if not (h.event and h.event.stale))])
        theirs = [(h, verdicts[a.id]) for a, h in fresh.values() if a.id in verdicts and _is_foreign(h)]
        if theirs:
            self._remember(tx, theirs)
        return [
            _receipt(heard, arrival, known, fresh, verdicts) if arrival else None
            for arrival, heard in zip(arrivals, batch, strict=True)
        ]

    def _judge_all(self, tx: Tx, rows: Sequence[tuple[str, Heard]]) -> dict[str, Verdict]:
        return judge(tx, self._standing, rows, self._clock.now()) if rows else {}

    def _judge_each(
        self, tx: Tx, rows: Sequence[tuple[str, Heard]], asked: Mapping[str, float] | None = None
    ) -> dict[str, Verdict]:
        """One by one, so that a bad message costs no neighbour its alert; it stays pending and is shown."""
        verdicts: dict[str, Verdict] = {}
        for row in rows:
            try:
                with tx.savepoint():
                    verdicts |= judge(tx, self._standing, [row], self._clock.now(), asked)
            except (LedgerCollision, LedgerUnavailable):
                raise
            except Exception as error:  # the engine tries again, and the console shows it
                _LOG.error("message_not_judged", row=row[0], error=type(error).__name__)
        return verdicts


def _is_sign(heard: Heard) -> bool:
    """Status, wills and command results: last values, not messages that need a person.

    A heartbeat on the topic of events is kept as a message: its device repeats it until it has a receipt.
    """
    event = heard.event
    return event is not None and event.kind in _SIGNS and not (heard.to and heard.message.topic.endswith("/event"))


def _is_foreign(heard: Heard) -> bool:
    return heard.message.topic.startswith(("vendor/", "http:/")) and heard.to in (None, "")


def _whole(heard: Heard, receipts: Sequence[Receipt | None]) -> Receipt | None:
    """One answer for a message that said several things: the one with an alert, else the first."""
    if heard.dialect is None:
        return receipts[0] if receipts else None
    given = [r for r in receipts if r is not None]
    if len(given) < len(receipts):
        return None
    best = next((r for r in given if r.alert), given[0] if given else None)
    if best is not None or not heard.message.topic.startswith("http:"):
        return best
    return Receipt(digest(heard.message.payload), "", "", "stored")


def _receipt(
    heard: Heard,
    arrival: Arrival,
    known: dict[str, Kept],
    fresh: dict[str, tuple[Arrival, Heard]],
    verdicts: dict[str, Verdict],
) -> Receipt | None:
    """What the device may be told; None while the message waits to be judged (the receipt waits for the alert)."""
    if heard.to is None or (heard.device is None and heard.to):
        return None
    kept = known.get(arrival.natural_key)
    verdict = verdicts.get(fresh[arrival.natural_key][0].id) if kept is None else None
    outcome = kept.outcome if kept else verdict.outcome if verdict else "pending"
    if outcome == "pending":
        return None
    alert = kept.alert_id if kept else verdict.alert_id if verdict else None
    rejected = outcome in ("unreadable", "rejected") and alert is None
    reason = _reason(heard, kept, verdict, rejected)
    result = "rejected" if rejected else "stored"
    return Receipt(arrival.event_id or "", heard.device or "", heard.to, result, alert, reason, kept is not None)


def _reason(heard: Heard, kept: Kept | None, verdict: Verdict | None, rejected: bool) -> str | None:
    if rejected:
        return (kept.reason if kept else verdict.reason if verdict else None) or "unreadable"
    if heard.event is not None and heard.event.id.startswith("sha256:"):
        return "no usable id; the hash of the payload stands for it"
    return None
