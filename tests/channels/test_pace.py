"""The pace a provider takes: learned from its refusals, first calls first."""

import threading
import time

from channels.pace import Pace


class Second:
    """A provider that takes so many requests in each second of its own clock."""

    def __init__(self, limit: int) -> None:
        self.limit, self.second, self.count = limit, -1, 0
        self.lock = threading.Lock()

    def takes(self) -> bool:
        with self.lock:
            now = int(time.monotonic() * 10)  # a tenth stands for a second
            self.count = self.count + 1 if now == self.second else 1
            self.second = now
            return self.count <= self.limit


def _send(pace: Pace, provider: Second, rank: int, done: list[int], within: float) -> None:
    until = time.monotonic() + within
    while pace.wait(rank, until):
        pace.landed()
        if provider.takes():
            pace.taken()
            done.append(rank)
            return
        pace.refused()


def test_nothing_waits_while_nothing_is_refused() -> None:
    """No limit is known: no turn is taken."""
    pace = Pace()

    assert all(pace.wait(0, 0.0) and pace.landed() is None for _ in range(1000))


def test_all_get_through_at_the_rate_the_provider_takes() -> None:
    """P13: ten times as many as it takes at once: all are taken, soon."""
    pace, provider, done = Pace(), Second(4), list[int]()
    threads = [threading.Thread(target=_send, args=(pace, provider, 0, done, 8.0)) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 40 == len(done)


def test_a_first_call_goes_before_waiting_repeats() -> None:
    """Invariant 21: who was never called does not stand behind those who were."""
    pace, done = Pace(), list[int]()
    pace.taken()
    pace.refused()
    threads = [threading.Thread(target=_send, args=(pace, Second(99), rank, done, 20.0)) for rank in (1, 1, 1, 0)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()

    assert 0 in done[:2]


def test_who_cannot_be_served_in_time_is_told() -> None:
    """A minute of queueing in a sender would be a silence: the plan must hear of it."""
    pace = Pace()
    pace.refused()
    pace.wait(0, time.monotonic() + 5)

    assert not pace.wait(0, time.monotonic() + 0.1)
