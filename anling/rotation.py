"""Another secret key, while everything goes on: begun in the ledger, carried out value by value, ended by the key file.

Killed at any moment it is typed again and goes on: as long as it is not ended both keys open everything.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from anling import key_file
from anling.settings import Settings
from domain.clock import wall_now
from store import key_ring, pulses, resealing
from store.key_ring import Ring
from store.ledger import Ledger
from store.seal import key_name

#: by then every running process has beaten, and heard of the new key
_HEARD_S = 7.0
_PASSES = 5


@dataclass(frozen=True, slots=True)
class Rotated:
    """How far it has come."""

    #: sealed anew in this run
    values: int
    #: values that no key opens; they were lost before
    unreadable: int
    #: the old key opens nothing any more
    ended: bool
    #: where the new key is, while it must be carried into ANLING_SECRET_KEY by hand
    new_key: Path | None = None
    #: where the old one is kept, for backups of before
    old_key: Path | None = None


def rotate(
    settings: Settings, ledger: Ledger, leaked: bool = False,
    told: Callable[[str, int], None] = lambda column, done: None,
) -> Rotated:  # fmt: skip
    """Begin, or go on where it was interrupted. ``leaked``: links signed with the old key stop counting at once."""
    ring = key_ring.known(ledger)
    key_ring.learn(ledger)
    if ring is None or not ring.changing:
        _begin(settings, ledger, ring, leaked)
        _until_everybody_has_heard(ledger)
    values, unreadable = _reseal(ledger, told)
    present = ledger.sealer.secrets[0]
    if settings.secret_key and settings.secret_key != present:
        return Rotated(values, unreadable, False, new_key=_new_file(settings))
    kept = None if settings.secret_key else _swap(settings, present)
    with ledger.transaction() as tx:
        key_ring.finish(tx)
    _new_file(settings).unlink(missing_ok=True)
    return Rotated(values, unreadable, True, old_key=kept)


def _begin(settings: Settings, ledger: Ledger, ring: Ring | None, leaked: bool) -> None:
    now = wall_now()
    since = now - timedelta(days=365) if leaked else now
    earlier = zip(ring.secrets, ring.since, strict=True) if ring else ()
    known = [(settings.secret(), since), *((secret, at) for secret, at in earlier if at is not None)]
    new = _new_key(settings)
    with ledger.transaction() as tx:
        key_ring.begin(tx, known, new)
    key_ring.learn(ledger)


def _until_everybody_has_heard(ledger: Ledger) -> None:
    with ledger.reading() as tx:
        alive = pulses.alive(tx, wall_now())
    if alive:
        time.sleep(_HEARD_S)


def _reseal(ledger: Ledger, told: Callable[[str, int], None]) -> tuple[int, int]:
    """Once more until nothing was left: somebody may have sealed with the old key meanwhile."""
    values = unreadable = 0
    for _ in range(_PASSES):
        done = resealing.reseal(ledger, told)
        unreadable = done.pop("unreadable", 0)
        values += sum(done.values())
        if not any(done.values()):
            break
    return values, unreadable


def _new_file(settings: Settings) -> Path:
    return settings.data_dir / f"{key_file.NAME}.new"


def _new_key(settings: Settings) -> str:
    """On the disk before anything is sealed with it; one that an interrupted run has made is taken again."""
    path = _new_file(settings)
    if not path.exists():
        key_file.lay_down(path, key_file.fresh())
    return key_file.read(path)


def _swap(settings: Settings, present: str) -> Path | None:
    """The new key in the file's place, the old one beside it; at every instant one of the two is there."""
    path = key_file.place(settings.data_dir)
    old = key_file.read(path)
    if old == present:
        return None
    kept = path.with_name(f"{key_file.NAME}.old-{key_name(old)[:8]}")
    if not kept.exists():
        os.link(path, kept)
    key_file.replace(path, present)
    return kept
