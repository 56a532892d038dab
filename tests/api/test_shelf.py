"""Hot lists: read once, never older than the last commit."""

import threading

from api.shelf import OLDEST_S, Shelf
from store.doorbell import Doorbell


class Seconds:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_was_read_is_handed_out_until_a_commit() -> None:
    """One read for many askers; after a commit the next asker reads anew."""
    bell, reads = Doorbell(), iter([b"1", b"2"])
    shelf = Shelf(bell.watch())
    first = [shelf.fetch("k", lambda: next(reads)) for _ in range(3)]
    bell.ring()
    second = [shelf.peek("k"), shelf.fetch("k", lambda: next(reads)), shelf.peek("k")]

    assert ([b"1"] * 3, [None, b"2", b"2"]) == (first, second)


def test_a_commit_during_the_read_leaves_nothing_behind() -> None:
    """What may have been read before the commit is given to its asker only."""
    bell = Doorbell()
    shelf = Shelf(bell.watch())

    def read() -> bytes:
        bell.ring()
        return b"perhaps old"

    assert b"perhaps old" == shelf.fetch("k", read)
    assert shelf.peek("k") is None


def test_nothing_is_older_than_a_second() -> None:
    """A lost doorbell costs a second."""
    seconds = Seconds()
    shelf = Shelf(Doorbell().watch(), seconds)
    shelf.fetch("k", lambda: b"1")
    seconds.now += OLDEST_S

    assert shelf.peek("k") is None


def test_who_comes_during_a_read_waits_for_it() -> None:
    """Eight askers at once are one read."""
    shelf, gate, reads = Shelf(Doorbell().watch()), threading.Event(), []

    def read() -> bytes:
        reads.append(1)
        gate.wait(2)
        return b"1"

    askers = [threading.Thread(target=shelf.fetch, args=("k", read)) for _ in range(8)]
    for asker in askers:
        asker.start()
    gate.set()
    for asker in askers:
        asker.join()

    assert [1] == reads


def test_a_failed_read_is_nobodys_answer() -> None:
    """The next asker tries again."""
    shelf = Shelf(Doorbell().watch())

    def broken() -> bytes:
        raise OSError

    try:
        shelf.fetch("k", broken)
    except OSError:
        answer = shelf.fetch("k", lambda: b"1")

    assert b"1" == answer
