"""Two engines and two senders, whoever goes first: the same outbox as one of each (invariant 22, P19).

A scheduler takes one stage after another (look and tick; take over, lease, call, settle) in an order that only the
seed decides. The ledger is a real SQLite file; its writers take turns, so that stages are all that can interleave.
"""

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Result
from store.ledger import Ledger
from store.seal import Sealer
from tests.escalation_shell.stages import Pair
from tests.town import DISPATCHER, SECRET, Town, site

PROVE = bool(os.environ.get("ANLING_PROVE"))
#: nights, and orders in which each is lived through
NIGHTS, ORDERS = (200, 50) if PROVE else (20, 10)
DEVICES = ("dev-0001", "dev-0002", "dev-0003", "dev-0004")
WAITS = (1.0, 15.0, 60.0, 61.0, 300.0, 1000.0)
Deed = tuple[str, str, float]


def night(seed: int) -> list[Deed]:
    """What happens, at moments when nothing else is going on."""
    chance = random.Random(seed)
    deeds = [("press", d, 0.0) for d in chance.sample(DEVICES, chance.randint(1, 3))]
    words = ("press", "fall", "claim", "decline", "release", "close", "cancel", "pass", "pass", "pass")
    return deeds + [(chance.choice(words), chance.choice(DEVICES), chance.choice(WAITS)) for _ in range(4)]


def luck(seed: int) -> Callable[[Letter], Result]:
    """What comes of a call: always the same for the same person, way and try."""

    def answer(letter: Letter) -> Result:
        named = f"{seed}/{letter.home and letter.home['id']}/{letter.responder_id}/{letter.channel}"
        n = sha256(f"{named}/{letter.attempt if _busy(seed) else 0}".encode()).digest()[0]
        if n < 40:
            return FailedForGood("gone")
        return FailedForNow("busy", retry_after=0.5) if n < 80 and _busy(seed) else Accepted(f"r-{letter.key}")

    return answer


def _busy(seed: int) -> bool:
    """In every second night lines are busy: a new contact and the retry that it replaces may then pass each other."""
    return seed % 2 == 1


def _deadly(seed: int) -> bool:
    """In every fourth night a sender dies now and then, with calls in hand or made."""
    return seed % 4 == 2


def do(town: Town, deed: Deed) -> None:
    """Let it happen."""
    what, device, wait = deed
    if what == "pass":
        town.clock.forward(wait)
    elif what in ("press", "fall", "cancel"):
        town.say(town.event(device, {"press": "sos"}.get(what, what)))
    else:
        for row in town.rows("SELECT id FROM alerts WHERE state = 'open' AND device_id = :d", d=device):
            act(town, row["id"], what)


def act(town: Town, alert: str, what: str) -> None:
    """A person's command, if it may be given now."""
    holder = any(t.claimant == DISPATCHER.id for t in town.alert(alert).tracks)
    if what == "close":
        town.commands.close(alert, DISPATCHER, "accidental")
    elif what == "claim" or holder:
        {"claim": town.commands.claim, "decline": town.commands.decline, "release": town.commands.release}[what](
            alert, DISPATCHER
        )


def separate() -> dict[str, Any]:
    """The town with a doctor for each home: what waits for another alert's call to one telephone (P13) may pass,
    or be passed by, the contact that replaces it, when time jumps over both moments at once.
    """
    raw = site()
    for n in (3, 4):
        phone = f"+8523000000{n}"
        ways = [{"channel": "voice", "address": phone}, {"channel": "sms", "address": phone}]
        doctor = {"id": f"doctor-{n}", "name": f"家庭医生{n}", "role": "family_doctor", "contacts": ways}
        raw["responders"].append(doctor)
        shifts = [{"responder": f"doctor-{n}", "always": True}]
        raw["teams"].append({"id": f"doctors-{n}", "role": "family_doctor", "street": None, "shifts": shifts})
        next(home for home in raw["homes"] if home["id"] == f"home-{n}")["family_doctor_team"] = f"doctors-{n}"
    return raw


class Nights:
    """Lives through nights on copies of one settled ledger."""

    def __init__(self, migrated: Path) -> None:
        shared = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(prefix="anling-nights-", dir=shared if shared.is_dir() else None))
        shutil.copy(migrated, self.folder / "settled.db")
        ledger = Ledger(f"sqlite:///{self.folder / 'settled.db'}", Sealer(SECRET))
        Town(ledger).settle_in(separate())
        ledger.close()
        #: of the last night: keys of accepted calls, and what was in the hands of those who died
        self.accepted: list[str] = []
        self.lost = Counter[str]()
        #: alerts of which a repeat was: it may have rung, and keeps its distance from itself when it is made again
        self.late: set[str] = set()
        self.alone = lru_cache(maxsize=None)(self._alone)

    def live(self, seed: int, many: int, order: int) -> tuple[list[Any], list[Any]]:
        """(outbox, every call made, as ``key`` and ``attempt``), with chance taken out of the ids."""
        file = self.folder / "night.db"
        for left in self.folder.glob("night.db*"):
            left.unlink()
        shutil.copy(self.folder / "settled.db", file)
        ledgers = [Ledger(f"sqlite:///{file}", Sealer(SECRET), pool_size=2) for _ in range(many)]
        try:
            return self._live(ledgers, seed, order)
        finally:
            for ledger in ledgers:
                ledger.close()

    def _live(self, ledgers: list[Ledger], seed: int, order: int) -> tuple[list[Any], list[Any]]:
        first = Town(ledgers[0])
        towns = [first, *(first.sibling(ledger) for ledger in ledgers[1:])]
        for town in towns:
            town.phones = first.phones
        for phone in first.phones.values():
            phone.answer = luck(seed)
        pair, chance = Pair(towns), random.Random(order)
        self.lost = Counter[str]()
        for deed in night(seed):
            do(towns[chance.randrange(len(towns))], deed)
            rest(pair, chance, self.lost if _deadly(seed) and len(ledgers) > 1 else None)
        self.accepted = [x.key for p in first.phones.values() for x in p.letters if isinstance(p.answer(x), Accepted)]
        said = [(x.key, x.attempt) for phone in first.phones.values() for x in phone.letters]
        repeats = [(key, 0) for key in self.lost if not key.endswith("/1")]
        self.late = {_alert(key) for key, _ in named(first, repeats)}
        return outbox(first), sorted(named(first, said))

    def _alone(self, seed: int) -> tuple[list[Any], list[Any]]:
        return self.live(seed, 1, 0)


def rest(pair: Pair, chance: random.Random, lost: Counter[str] | None) -> None:
    """Stages in any order, until a whole round of them has found nothing to do. ``lost``: senders may die, too."""
    while True:
        steps = list(pair.steps())
        chance.shuffle(steps)
        done = [step() for step in steps]
        if not any(done):
            return
        if lost is not None and chance.random() < 0.1:
            lost.update(key for key, _ in chance.choice(pair.senders).die())


def named(town: Town, rows: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Alerts by the order in which they were raised, in place of their ids."""
    numbers = {r["id"]: f"A{n}" for n, r in enumerate(town.rows("SELECT id FROM alerts ORDER BY id"))}
    for key, value in rows:
        alert, _, rest = key.partition("/")
        yield f"{numbers[alert]}/{rest}", value


def _alert(key: str) -> str:
    return key.partition("/")[0]


def outbox(town: Town) -> list[Any]:
    """What was ordered, and what became of it."""
    rows = [(r["key"], (r["person"], r["gen"], r["repeats"], r["status"], r["attempts"])) for r in town.outbox()]
    return sorted(named(town, rows))


def _keys(nights: Nights, rows: list[Any]) -> list[str]:
    """What was ordered for the alerts that no death has put off."""
    return [key for key, _ in rows if _alert(key) not in nights.late]


def _accepted_once(nights: Nights) -> None:
    """Once, and once more for each death of its sender (invariant 12). Tries that failed are made again on purpose."""
    assert all(n <= 1 + nights.lost[key] for key, n in Counter(nights.accepted).items())


@pytest.fixture(scope="module")
def nights(migrated_file: Path) -> Iterator[Nights]:
    """The nights of this module."""
    made = Nights(migrated_file)
    yield made
    shutil.rmtree(made.folder)


@pytest.mark.timeout(3600)
def test_two_of_each_order_and_say_what_one_would(nights: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    """200 interleavings, 10,000 under ANLING_PROVE: the outbox is the same, and each call is made once (P19)."""
    for seed in range(NIGHTS):
        for order in range(ORDERS):
            alone = nights.alone(seed)
            ordered, said = nights.live(seed, 2, order)

            if _busy(seed) or _deadly(seed):
                assert _keys(nights, alone[0]) == _keys(nights, ordered), (seed, order)
            else:
                assert alone == (ordered, said), (seed, order)
            assert len(set(said)) == len(said), (seed, order)
            _accepted_once(nights)
        if PROVE and seed % 10 == 9:
            with capsys.disabled():
                print(f" {(seed + 1) * ORDERS} interleavings", end="", flush=True)
