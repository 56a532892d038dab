"""The ring of keys in the ledger: while keys are changed, whoever has one of the two learns the other.

Only ciphertext lies here. ``forward`` is the new key, sealed with the old one: it is there while the change goes
on. Earlier keys lie sealed with the new one for good: what a timeline holds stays inside as it was sealed first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from domain.clock import wall_now
from domain.errors import ConfigurationError, Unreadable
from store import meta
from store.ledger import Ledger, Tx
from store.seal import Sealer, key_name

_LOG = structlog.get_logger("anling.store")
_KEY = "key_ring"
_CHECK, _CHECK_PLACE = "seal_check", "meta.seal_check"
#: links and call-backs signed with an earlier key count so long
_LINKS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys that a ledger has had."""

    #: the present one first
    secrets: tuple[str, ...]
    #: for each of ``secrets`` when it stopped sealing; None for the present one
    since: tuple[datetime | None, ...]
    #: values may still be sealed with the one before
    changing: bool

    def recent(self, now: datetime) -> list[str]:
        """Earlier keys with which links may have been signed that still count."""
        return [
            secret
            for secret, since in zip(self.secrets, self.since, strict=True)
            if since is not None and now - since < _LINKS
        ]


def read(tx: Tx, secret: str) -> Ring | None:
    """The ring as whoever has ``secret`` can read it; None when the keys were never changed, or by others.

    Raises ``Unreadable`` for a ring that is none.
    """
    kept = meta.read(tx, _KEY)
    try:
        return None if kept is None else _ring(orjson.loads(kept), secret)
    except (ValueError, LookupError, TypeError) as error:
        raise Unreadable("the ring of keys in the ledger is damaged; restore it from a backup") from error


def _ring(raw: Any, secret: str) -> Ring | None:
    mine = Sealer(secret)
    present = secret if raw["present"] == key_name(secret) else _opened(mine, raw["forward"], "forward")
    if present is None:
        return None
    by_present = Sealer(present)
    earlier = [(_opened(by_present, key["sealed"], key["name"]), key["since"]) for key in raw["earlier"]]
    found = [(old, datetime.fromisoformat(since)) for old, since in earlier if old is not None]
    secrets = (present, *(old for old, _ in found))
    return Ring(secrets, (None, *(since for _, since in found)), raw["forward"] is not None)


def learn(ledger: Ledger) -> Ring | None:
    """Take the ring's keys into the ledger's sealer; None when they were never changed.

    A damaged ring is told and passed over: what the key here opens must go on.
    """
    try:
        ring = known(ledger)
    except Unreadable as error:
        _LOG.error("key_ring_damaged", error=str(error))
        return None
    if ring is not None:
        ledger.sealer.know(ring.secrets)
        ledger.sealer.links = (ring.secrets[0], *ring.recent(wall_now()))
    return ring


def known(ledger: Ledger) -> Ring | None:
    """The ring, read with any key that this process has. Raises ``Unreadable`` for one that is damaged."""
    with ledger.reading() as tx:
        found = (read(tx, secret) for secret in dict.fromkeys((ledger.sealer.secret, *ledger.sealer.secrets)))
        return next((ring for ring in found if ring is not None), None)


def begin(tx: Tx, ring: Sequence[tuple[str, datetime]], new: str) -> None:
    """From now on ``new`` seals. ``ring``: the keys so far with when each ended, the newest first."""
    by_new, old = Sealer(new), Sealer(ring[0][0])
    earlier = [
        {"name": key_name(secret), "sealed": by_new.seal(secret.encode(), _place(key_name(secret))).hex(),
         "since": since.isoformat()}
        for secret, since in ring
    ]  # fmt: skip
    forward = old.seal(new.encode(), _place("forward")).hex()
    _write(tx, {"present": key_name(new), "forward": forward, "earlier": earlier})


def finish(tx: Tx) -> None:
    """The old key alone opens nothing any more."""
    raw = orjson.loads(meta.read(tx, _KEY) or "{}")
    _write(tx, raw | {"forward": None})
    meta.write(tx, _CHECK, _check(tx))


def verify_key(ledger: Ledger) -> None:
    """Refuse to run with another secret key than the ledger was written with: cards and numbers would not open."""
    ledger.sealer.refresh = lambda: learn(ledger)
    learn(ledger)
    with ledger.transaction() as tx:
        kept = meta.read(tx, _CHECK)
        if kept is None:
            meta.begin(tx, {_CHECK: _check(tx)})
            return
        try:
            tx.sealer.open(bytes.fromhex(kept), _CHECK_PLACE)
        except Unreadable as error:
            raise ConfigurationError([
                "ANLING_SECRET_KEY (or secret.key in the data folder) is not the one this ledger was written with;"
                " give back the old key, or the new one after `anling keys rotate`: without it no card and no telephone"
                " number can be read"
            ]) from error


def _check(tx: Tx) -> str:
    """A word that only the keys of this ledger open."""
    return tx.sealer.seal(b"anling", _CHECK_PLACE).hex()


def _write(tx: Tx, raw: dict[str, Any]) -> None:
    meta.write(tx, _KEY, orjson.dumps(raw).decode())


def _opened(sealer: Sealer, sealed: str | None, name: str) -> str | None:
    plain = sealer.peek(bytes.fromhex(sealed), _place(name)) if sealed else None
    return None if plain is None else plain.decode()


def _place(name: str) -> str:
    return f"meta.key_ring|{name}"
