"""Engines and senders without threads: every stage a step of its own, so that a test decides who goes first."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from domain.contacts import Letter, Result
from escalation.delivery import Delivery, Sent
from store import alerts, outbox
from store.outbox import Leased
from tests.town import Phone, Town

#: a process of this machine before its last start: whoever looks knows that it is gone
DEAD = f"{socket.gethostname()}/an-earlier-boot/1/1"
Step = Callable[[], bool]


class Sender(Delivery):
    """A sender of another machine, whose stages are taken one at a time. ``size``: how many rows it takes at once."""

    def __init__(self, town: Town, name: str, size: int = 4) -> None:
        super().__init__(
            town.ledger, town.standing, town.clock, dict(town.phones), town.letters, town.commands, size
        )
        self._town = town
        self._owner = f"machine-{name}/boot/1/1"
        self.hand: list[tuple[Leased, Letter | None]] = []
        self.back: list[Sent] = []
        self.deaths = 0

    @property
    def idle(self) -> bool:
        """Holds nothing and owes nothing."""
        return not self.hand and not self.back

    def take_over(self) -> bool:
        """Give back what dead senders had taken."""
        with self._ledger.reading() as tx:
            lost = DEAD in outbox.lease_owners(tx) or outbox.overdue(tx, self._clock.now())
        if lost:
            self._reclaim()
        return lost

    def lease(self) -> bool:
        """Take rows, when the hands are free; those that are void go by."""
        for _ in range(5):
            if not self.idle or not self._ready():
                break
            self.hand = self._lease(self._size)
        return bool(self.hand)

    def call(self) -> bool:
        """Dial one."""
        if not self.hand:
            return False
        leased, letter = self.hand.pop(0)
        self.back.append(Sent(leased, letter, self._say(leased, letter)))
        return True

    def settle(self) -> bool:
        """Write down what came back."""
        if not self.back:
            return False
        group, self.back = self.back, []
        with self._ledger.transaction() as tx:
            self._settle_in(tx, group, True)
        for sent in group:
            self._claimed(sent)
        return True

    def die(self) -> list[tuple[str, int]]:
        """Whatever it held is forgotten; the machine says so. Returns (key, attempt) of what it held."""
        held = [(x.item.key, x.attempt) for x in [x for x, _ in self.hand] + [sent.leased for sent in self.back]]
        self._town.change("UPDATE outbox SET lease_owner = :d WHERE lease_owner = :o", d=DEAD, o=self._owner)
        self.hand, self.back = [], []
        self.deaths += 1
        return held

    def _ready(self) -> bool:
        with self._ledger.reading() as tx:
            return outbox.ready(tx, self._clock.now())


@dataclass
class Pair:
    """``n`` engines and as many senders, each with a town of its own, on one ledger and one clock."""

    towns: list[Town]
    senders: list[Sender] = field(init=False)

    def __post_init__(self) -> None:
        self.senders = [Sender(town, str(n)) for n, town in enumerate(self.towns)]
        self.engines = [town.engine() for town in self.towns]

    def steps(self) -> Iterator[Step]:
        """Every stage that somebody could take now; each says whether it did anything."""
        for engine, town in zip(self.engines, self.towns, strict=True):
            yield lambda e=engine, t=town: _due(t) and e.tick(t.clock.now()) > 0  # type: ignore[misc]
        died = any(sender.deaths for sender in self.senders)
        for sender in self.senders:
            yield from (sender.lease, sender.call, sender.settle, *([sender.take_over] if died else []))


def _due(town: Town) -> bool:
    with town.ledger.reading() as tx:
        following = alerts.next_due(tx)
    return following is not None and following <= town.clock.now()


def answering(answer: Callable[[Letter], Result]) -> dict[str, Phone]:
    """Telephones that answer by a rule, one for all senders of a test."""
    return {name: Phone(name, answer) for name in ("voice", "sms", "webhook", "dispatch_120")}
