"""Other makers' messages before they are judged: who speaks, what is news, what only lasts.

A hub sends the same state again with every report and at every start; a press comes as several
messages. What is news goes to the judge like a message of our own; what is not is kept all the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from domain.events import EMERGENCY_ROLES, RAISING, TELEMETRY, Heard, Kind, Message
from domain.foreign import Inside, Names, Outside, Translate
from domain.tasks import Task, TaskKind
from escalation.arrivals import digest
from escalation.complaints import take_back
from store import foreign, levels, tasks, telemetry
from store.ledger import Tx
from store.levels import Level

_LOG = structlog.get_logger("anling.foreign")
#: a state that is still set this long after its alert was closed asks for a person again
QUIET = timedelta(minutes=10)
#: faults (a flat battery, an open case) that stay are told once in this time
_FAULT_AGAIN = timedelta(hours=24)
_CALM = TELEMETRY | {Kind.OFFLINE}


@dataclass(frozen=True, slots=True)
class Told:
    """One message of a maker, taken apart."""

    #: for the judge, most urgent first
    news: tuple[Heard, ...]
    #: signs of life, states that last, logs: kept, nobody is called
    calm: tuple[Heard, ...]


class Foreign:
    """Takes other makers' messages apart with what the register knows."""

    def __init__(self, names: Names, translate: Translate) -> None:
        self._names = names
        self._translate = translate

    def told(self, tx: Tx, batch: Sequence[Heard]) -> list[Told]:
        """Each message of the batch; those of our own protocol are their own news."""
        theirs = [h.message for h in batch if h.dialect is not None]
        named = {id(m): self._named(m) for m in theirs}
        known = foreign.inside(tx, {o for wanted in named.values() for o in wanted})
        taken = {id(m): self._apart(tx, m, named[id(m)], known) for m in theirs}
        memory = self._memory(tx, [h for group in taken.values() for h in group])
        return [self._sorted(taken[id(h.message)], memory) if h.dialect is not None else Told((h,), ()) for h in batch]

    def keep(self, tx: Tx, told: Iterable[Told]) -> None:
        """Keep what needs nobody: raw for some days, the newest sign of each device, the end of what lasted."""
        calm = [h for t in told for h in t.calm]
        if not calm:
            return
        placed = [h if h.device else replace(h, device=_place(h.message)) for h in calm]
        telemetry.keep(tx, [h for h in placed if _is_alive(h)])
        telemetry.keep(tx, [h for h in placed if not _is_alive(h)], alive=False)
        levels.set_off(tx, [
            (h.device, kind, h.message.received_at)
            for t in told for h in (*t.calm, *t.news) if h.device and h.event
            for kind in h.event.data.get("off") or () if isinstance(kind, str)
        ])  # fmt: skip
        for h in (h for t in told for h in (*t.calm, *t.news) if h.event and h.event.data.get("off")):
            take_back(tx, h)

    def remember(self, tx: Tx, judged: Iterable[tuple[Heard, str | None]]) -> None:
        """Which alert heard of which lasting state; and a task where nobody may have been named by a cry."""
        judged = list(judged)
        levels.set_on(tx, [
            (h.device, str(h.event.kind), h.message.received_at, alert)
            for h, alert in judged if h.device and h.event and h.event.level and not h.event.stale
        ])  # fmt: skip
        lost = [h for h, alert in judged if alert is None and h.event is None and _site(h.message)]
        tasks.open_tasks(tx, [_task(h) for h in lost if foreign.may_be_urgent(tx, _site(h.message), EMERGENCY_ROLES)])

    def _named(self, message: Message) -> tuple[Outside, ...]:
        try:
            return self._names(message)
        except Exception as error:  # the bytes are kept, whatever they did to us
            _LOG.error("names_not_read", error=type(error).__name__)
            return ()

    def _apart(
        self, tx: Tx, message: Message, named: Sequence[Outside], known: Mapping[Outside, Inside]
    ) -> tuple[Heard, ...]:
        """What it says; the end of a hub is the end of every device behind it."""
        try:
            heard = self._translate(message, {o: known[o] for o in named if o in known})
        except Exception as error:  # as above
            _LOG.error("message_not_translated", error=type(error).__name__)
            return (Heard(message, None, None, None, f"translation failed: {type(error).__name__}"),)
        hubs = [o for o in named if o.hub]
        if not hubs or not any(h.event and h.event.kind is Kind.OFFLINE for h in heard):
            return heard
        ids = {id for found in foreign.behind(tx, hubs).values() for id in found}
        gone = next(h for h in heard if h.event and h.event.kind is Kind.OFFLINE)
        return (*heard, *(_for(gone, id) for id in sorted(ids)))

    def _memory(self, tx: Tx, heard: Sequence[Heard]) -> "Memory":
        lasting = {h.device for h in heard if h.device and h.event and (h.event.level or h.message.retain)}
        return Memory(
            levels.of(tx, lasting) if lasting else {},
            foreign.last_seen(tx, lasting) if any(h.message.retain for h in heard) else {},
        )

    def _sorted(self, heard: Sequence[Heard], memory: "Memory") -> Told:
        marked = [memory.marked(h) for h in heard]
        calm = tuple(h for h in marked if _is_calm(h) or memory.repeats(h))
        news = tuple(h for h in marked if h not in calm)
        return Told(news, calm)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the ledger knows of the devices of one batch."""

    levels: Mapping[tuple[str, str], Level]
    seen: Mapping[str, datetime]

    def marked(self, heard: Heard) -> Heard:
        """From the broker's memory without an id: news only if newer than the device's last sign.

        A state counts as newer when the device last said the opposite, or nothing at all.
        """
        event, device = heard.event, heard.device
        if event is None or device is None or not heard.message.retain or not event.nameless:
            return heard
        last = self.seen.get(device)
        if last is None or (event.ts is not None and event.ts > last):
            return heard
        level = self.levels.get((device, str(event.kind)))
        if event.ts is None and event.level and level is not None and not level.is_on:
            return heard
        # it comes again at every start of ours: one row for all of them
        return replace(heard, event=replace(event, stale=True, id=f"{event.kind}-{digest(heard.message.payload)}"))

    def repeats(self, heard: Heard) -> bool:
        """A state that has been told of, whose alert is open, or was closed a moment ago."""
        event, device = heard.event, heard.device
        if event is None or device is None or not event.level or event.stale:
            return False
        level = self.levels.get((device, str(event.kind)))
        if level is None or not level.is_on:
            return False
        at = heard.message.received_at
        if event.kind not in RAISING or level.alert is None:
            return at - level.told_at < _FAULT_AGAIN
        return level.open or (level.closed_at is not None and at - level.closed_at < QUIET)


def _is_calm(heard: Heard) -> bool:
    return heard.event is not None and (heard.event.noise or heard.event.kind in _CALM)


def _is_alive(heard: Heard) -> bool:
    """A sign of life of a device of ours. What the broker remembers is none; that it has gone is remembered rightly.

    Strangers (phones and tags that walk by a radio hub) have no state that anybody asks for.
    """
    if heard.device is None or "/" in heard.device:
        return False
    return not heard.message.retain or (heard.event is not None and heard.event.kind is Kind.OFFLINE)


def _for(heard: Heard, device: str) -> Heard:
    assert heard.event is not None
    return replace(heard, device=device, event=replace(heard.event, device=device))


def _site(message: Message) -> str:
    parts = message.topic.split("/")
    return message.site or (parts[2] if parts[0] == "vendor" and len(parts) > 3 else "")


def _place(message: Message) -> str:
    """Where it came from, for what names no device."""
    return "/".join(message.topic.split("/")[:3])[:200]


def _task(heard: Heard) -> Task:
    """It names no device, but one that is pressed for help stands behind this hub."""
    at, site = heard.message.received_at, _site(heard.message)
    data = {"site": site, "topic": heard.message.topic[:200], "why": (heard.unreadable or "")[:200]}
    return Task(f"unreadable/{site}/{at:%Y-%m-%d}", TaskKind.UNREADABLE, at, due_at=at, data=data)
