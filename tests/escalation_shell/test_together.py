"""Several engines and senders on one ledger: the same outbox as one, whoever is faster (invariant 22, P19)."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Result
from store.ledger import Ledger
from tests.town import DISPATCHER, DOCTOR, Town, together
from tests.waiting import eventually

DEVICES = ("dev-0001", "dev-0002", "dev-0003", "dev-0004")


def _deeds(seed: int) -> list[tuple[str, str, float]]:
    """A night: presses, falls, claims, and time that passes."""
    chance = random.Random(seed)
    deeds = [("press", device, 0.0) for device in DEVICES]
    for _ in range(8):
        what = chance.choice(("press", "fall", "claim", "close", "pass", "pass", "pass"))
        deeds.append((what, chance.choice(DEVICES), chance.choice((1.0, 15.0, 60.0, 61.0, 300.0, 1000.0))))
    return deeds


def _do(town: Town, deed: tuple[str, str, float], tick: Callable[[], None]) -> None:
    what, device, seconds = deed
    if what in ("press", "fall"):
        town.press(device, type="sos" if what == "press" else "fall")
    elif what == "pass":
        town.clock.forward(seconds)
    else:
        for row in town.rows("SELECT id FROM alerts WHERE state = 'open' AND device_id = :d", d=device):
            _act(town, what, row["id"])
    tick()


def _act(town: Town, what: str, alert: str) -> None:
    if what == "claim":
        town.commands.claim(alert, DISPATCHER)
    else:
        town.commands.close(alert, DISPATCHER, "accidental")


def _ordered(town: Town) -> list[tuple[Any, ...]]:
    """The outbox without what is made by chance: ids become the order in which alerts were raised."""
    numbers = {r["id"]: f"A{n}" for n, r in enumerate(town.rows("SELECT id FROM alerts ORDER BY id"))}
    return sorted(
        (r["key"].replace(r["alert_id"], numbers[r["alert_id"]]), r["person"], r["channel"], r["repeats"], r["gen"])
        for r in town.outbox()
    )


@pytest.mark.parametrize("seed", range(5))
def test_three_engines_order_what_one_would(
    town: Town, seed: int, tmp_path: Any, migrated_file: Any, open_ledger: Callable[..., Ledger]
) -> None:
    """They tick at the same moments on connections of their own; nothing is ordered twice and nothing is missed."""
    import shutil

    shutil.copy(migrated_file, tmp_path / "alone.db")
    alone = Town(open_ledger(f"sqlite:///{tmp_path / 'alone.db'}"))
    alone.settle_in()
    engines = [town.sibling(open_ledger(town.ledger.url)).engine() for _ in range(3)]
    single = alone.engine()

    for deed in _deeds(seed):
        _do(town, deed, lambda: _all_tick(town, engines))
        _do(alone, deed, lambda: single.tick(alone.clock.now()) and None)

    assert _ordered(alone) == _ordered(town)


def _all_tick(town: Town, engines: list[Any]) -> None:
    now = town.clock.now()
    results = together(*(lambda e=e: e.tick(now) for e in engines))  # type: ignore[misc]
    assert [] == [r for r in results if isinstance(r, Exception)]
    # Whoever found a row locked left it to the other; one more look makes sure that somebody has done it.
    engines[0].tick(now)


@pytest.mark.parametrize("seed", range(5))
def test_two_senders_say_everything_once(town: Town, seed: int, open_ledger: Callable[..., Ledger]) -> None:
    """Engines and senders run while homes press and people claim: each accepted key was said exactly once (P19)."""
    chance = random.Random(seed)
    towns = [town, town.sibling(open_ledger(town.ledger.url))]
    towns[1].phones = town.phones
    lock = threading.Lock()

    def answer(letter: Letter) -> Result:
        with lock:
            pause, luck = chance.random() * 0.02, chance.random()
        time.sleep(pause)
        if luck < 0.1:
            return FailedForGood("gone")
        return FailedForNow("busy", retry_after=0.01) if luck < 0.2 else Accepted(f"r-{letter.key}")

    for phone in town.phones.values():
        phone.answer = answer
    engines = [t.engine() for t in towns]
    senders = [t.delivery() for t in towns]
    for part in (*engines, *senders):
        part.start()

    try:
        for deed in _deeds(seed + 100):
            _do(towns[chance.randrange(2)], deed, lambda: time.sleep(0.03))
        town.clock.forward(1)
        town.quiet()
        eventually(lambda: _settled(town))
    finally:
        for part in (*senders, *engines):
            part.stop()

    said = [(x.key, x.attempt) for phone in town.phones.values() for x in phone.letters]
    accepted = {r["key"] for r in town.outbox(status="accepted")}
    assert sorted(set(said)) == sorted(said)
    assert accepted <= {key for key, _ in said}
    assert len(said) == town.count("attempts")
    assert 0 == town.count("attempts", "status = 'sending'")


def _settled(town: Town) -> bool:
    return town.count("outbox", "status = 'leased'") == 0


def test_a_claim_in_one_process_stops_the_sender_of_another(town: Town, open_ledger: Callable[..., Ledger]) -> None:
    """The ledger decides, not a memory."""
    other = town.sibling(open_ledger(town.ledger.url))
    alert = town.press()
    other.commands.claim(alert, DOCTOR)

    town.deliver()

    assert [] == town.phones["voice"].letters
