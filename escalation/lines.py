"""The lines as a whole: one through which few calls get through rests; when all are down, somebody is told (P14)."""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol, cast

import structlog

from channels.telephones import NotConfigured
from domain.clock import Clock
from domain.contacts import Channel
from domain.tasks import Task, TaskKind
from store import calls
from store.ledger import Ledger
from store.tasks import reopen_tasks, settle_tasks, waiting

_LOG = structlog.get_logger("anling.lines")
#: how far back calls are counted, how many make a judgement, and of how many different people
_WINDOW = timedelta(minutes=10)
_ENOUGH, _PEOPLE = 8, 4
#: a line of whose calls more than this share failed without ringing rests so many seconds
_SHARE, _REST_S = 0.7, 600.0
#: seconds between two looks
_EVERY_S = 5.0
#: seconds between two questions to the providers, while nobody is called; and while lines are down
_PROBE_S, _PROBE_DOWN_S = 60.0, 20.0
#: ends that a blocked caller number shows; "no-answer" is what people do at night, and says nothing
_BLOCKED = ("failed", "busy", "canceled")
DOWN = "operator/telephones_down"
RESTS = "operator/line_rests"


class Monitored(Protocol):
    """A channel with lines."""

    all_down: bool
    proven: frozenset[str]

    def probe(self) -> None:
        """Ask its providers whether they are there."""
        ...

    def rest(self, line: str, seconds: float, why: str) -> None:
        """Let a line rest."""
        ...

    def down(self) -> Mapping[str, str]:
        """The lines that rest, each with the reason."""
        ...


class Lines:
    """Looks at what came of the calls of the last minutes, in the ledger: no restart forgets it."""

    def __init__(self, ledger: Ledger, clock: Clock, channels: Mapping[str, Channel]) -> None:
        self._ledger = ledger
        self._clock = clock
        #: a channel that nobody configured is neither down nor any help
        self._channels = {
            n: cast(Monitored, c)
            for n, c in channels.items()
            if hasattr(c, "all_down") and not isinstance(c, NotConfigured)
        }
        self._probed = -_PROBE_S
        self._probing: threading.Thread | None = None
        self._looked = -_EVERY_S
        self._said: frozenset[str] = frozenset({"unknown"})

    def look(self) -> None:
        """Once in a few seconds: judge the lines, open and settle the operator's tasks."""
        if not self._channels or time.monotonic() - self._looked < _EVERY_S:
            return
        self._looked = time.monotonic()
        now = self._clock.now()
        voice = self._channels.get("voice")
        if voice is not None:
            with self._ledger.reading() as tx:
                ended = calls.ended(tx, now - _WINDOW)
            for line, share in blocked(ended).items():
                voice.rest(line, _REST_S, f"{share:.0%} of its calls failed without ringing")
        self._probe_aside()
        self._tell()

    def _probe_aside(self) -> None:
        """A thread asks: who waits for a provider that is down must not keep anybody else waiting."""
        pause = _PROBE_DOWN_S if any(c.down() for c in self._channels.values()) else _PROBE_S
        busy = self._probing is not None and self._probing.is_alive()
        if busy or time.monotonic() - self._probed < pause:
            return
        self._probed = time.monotonic()
        self._probing = threading.Thread(target=self.probe, name="probe", daemon=True)
        self._probing.start()

    def probe(self) -> None:
        """Ask every provider whether it is there. Never raises."""
        for name, channel in self._channels.items():
            try:
                channel.probe()
            except Exception as error:  # a question that fails oddly must not end the questions
                _LOG.error("probe_failed", channel=name, error=type(error).__name__)

    def _tell(self) -> None:
        """One task while all telephones are down (full screen at the desk), one for each line that rests."""
        now = self._clock.now()
        wrong = [self._task(f"{RESTS}/{name}/{line}", why) for name, c in self._channels.items()
                 for line, why in c.down().items()]  # fmt: skip
        if all(c.all_down for c in self._channels.values()):
            wrong.append(self._task(DOWN, "every line of every provider fails", top=True))
        keys = frozenset(task.key for task in wrong)
        proven = {f"{RESTS}/{name}/{line}" for name, c in self._channels.items() for line in c.proven}
        said = keys | proven
        if said == self._said:
            return
        with self._ledger.transaction() as tx:
            reopen_tasks(tx, wrong)
            known = [k for k in waiting(tx, [TaskKind.OPERATOR]) if k == DOWN or k.startswith(f"{RESTS}/")]
            # What a process before us has seen fail is mended when something has gone through, not when we start.
            over = [k for k in known if k not in keys and (k in proven or (k == DOWN and proven))]
            settle_tasks(tx, over, now, "it works again")
        self._said = said
        if wrong:
            _LOG.error("lines_down", lines=sorted(keys))

    def _task(self, key: str, why: str, top: bool = False) -> Task:
        now = self._clock.now()
        data = {"cause": key.split("/")[1], "why": why, "full_screen": top}
        return Task(key, TaskKind.OPERATOR, now, now, data=data)


def blocked(ended: Sequence[tuple[str, str, str, str | None]]) -> dict[str, float]:
    """Line -> share of calls that failed without ringing, where it is too large to be the people's doing. Pure."""
    of_line: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line, person, word, _ in ended:
        of_line[line].append((person, word))
    found = {}
    for line, made in of_line.items():
        failed = [person for person, word in made if word in _BLOCKED]
        share = len(failed) / len(made)
        if len(made) >= _ENOUGH and len(set(failed)) >= _PEOPLE and share > _SHARE:
            found[line] = share
    return found
