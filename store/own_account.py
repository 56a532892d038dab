"""One's own log-in: one-time codes begun and ended by the person who carries the telephone, and the password."""

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from domain.clock import wall_now
from domain.errors import Forbidden, Refused, Unreadable
from domain.people import Scope
from store.accounts import SESSIONS, Accounts, digest, password_hash
from store.ledger import Ledger, Tx
from store.reads import write_down
from store.second_factor import OPERATORS, new_secret, new_spares, place, spares_left, step_of

#: how long an offered secret may be confirmed
_OFFER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret that does not count yet. It lies nowhere but in the page, sealed."""

    secret: str
    #: puts it into an app
    uri: str
    sealed: str

    def __repr__(self) -> str:
        return "Offer(…)"


class OwnAccount:
    """What a log-in may do for itself, and nobody for it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._accounts = Accounts(ledger)

    def has_codes(self, scope: Scope) -> bool:
        """Whether this log-in is asked for a one-time code."""
        mine = sa.select(OPERATORS.c.totp).where(OPERATORS.c.name == scope.operator)
        with self._ledger.reading() as tx:
            return tx.execute(mine).scalar() is not None

    def offer(self, scope: Scope) -> Offer:
        """A new secret for an app; from here on nothing has changed. ``Refused`` while codes are in use."""
        if self.has_codes(scope):
            raise Refused("one-time codes are in use already; end them first")
        secret, uri = new_secret(scope.operator)
        until = (wall_now() + _OFFER).timestamp()
        with self._ledger.reading() as tx:
            sealed = tx.sealer.seal(orjson.dumps([secret, until]), _offered(scope))
        return Offer(secret, uri, base64.urlsafe_b64encode(sealed).decode())

    def again(self, scope: Scope, sealed: str) -> Offer:
        """The same offer once more. ``Refused`` when it is too old, or of another log-in."""
        secret = self._opened(scope, sealed)
        _, uri = new_secret(scope.operator, secret)
        return Offer(secret, uri, sealed)

    def confirm(self, scope: Scope, token: str, sealed: str, code: str) -> list[str]:
        """From now on codes are asked for; the code that proved it is spent. Other sessions end.

        Returns the spare codes; nobody can read them again.
        """
        secret, now = self._opened(scope, sealed), wall_now()
        step = step_of(secret, code, now)
        if step is None:
            raise Forbidden("this code is not right; wait for the next one and look at the telephone's clock")
        c = OPERATORS.c
        with self._ledger.transaction() as tx:
            kept = tx.sealer.seal(secret.encode(), place(scope.operator))
            spares, hashes = new_spares(tx, scope.operator)
            fresh = sa.update(OPERATORS).where(c.name == scope.operator, c.totp.is_(None))
            if not tx.execute(fresh.values(totp=kept, totp_step=step, spare=hashes)).rowcount:
                raise Refused("one-time codes are in use already; end them first")
            _settled(tx, scope, token, "one-time codes begun")
        return spares

    def spares_left(self, scope: Scope) -> int:
        """How many spare codes of this log-in have not been used."""
        mine = sa.select(OPERATORS.c.name, OPERATORS.c.spare).where(OPERATORS.c.name == scope.operator)
        with self._ledger.reading() as tx:
            return sum(spares_left(tx, row) for row in tx.execute(mine).mappings())

    def renew_spares(self, scope: Scope, token: str, password: str, code: str) -> list[str]:
        """Other spare codes; those of before let nobody in. Asks for password and code, which may be a spare one."""
        if not self.has_codes(scope):
            raise Refused("no one-time codes are in use")
        self._accounts.proved(scope.operator, password, code)
        with self._ledger.transaction() as tx:
            spares, hashes = new_spares(tx, scope.operator)
            tx.execute(sa.update(OPERATORS).where(OPERATORS.c.name == scope.operator).values(spare=hashes))
            _settled(tx, scope, token, "spare codes made anew")
        return spares

    def end_codes(self, scope: Scope, token: str, password: str, code: str) -> None:
        """The password alone lets in again. Asks for password and code; other sessions end."""
        if not self.has_codes(scope):
            raise Refused("no one-time codes are in use")
        self._accounts.proved(scope.operator, password, code)
        self._change(scope, token, "one-time codes ended", totp=None, totp_step=None, spare=None)

    def new_password(self, scope: Scope, token: str, old: str, new: str, code: str) -> None:
        """Another password; asks for the old one, and for a code where codes are in use. Other sessions end."""
        hashed = password_hash(new)
        self._accounts.proved(scope.operator, old, code)
        self._change(scope, token, "password changed", password_hash=hashed)

    def _change(self, scope: Scope, token: str, what: str, **values: Any) -> None:
        with self._ledger.transaction() as tx:
            tx.execute(sa.update(OPERATORS).where(OPERATORS.c.name == scope.operator).values(**values))
            _settled(tx, scope, token, what)

    def _opened(self, scope: Scope, sealed: str) -> str:
        try:
            with self._ledger.reading() as tx:
                secret, until = orjson.loads(tx.sealer.open(base64.urlsafe_b64decode(sealed), _offered(scope)))
        except (Unreadable, ValueError, binascii.Error) as error:
            raise Refused("begin again: this offer is not of this log-in") from error
        if wall_now().timestamp() > until:
            raise Refused("begin again: this offer is older than a quarter of an hour")
        return str(secret)


def _offered(scope: Scope) -> str:
    return f"totp.offer|{scope.operator}"


def _settled(tx: Tx, scope: Scope, token: str, what: str) -> None:
    """Whoever else was logged in under this name is not any more."""
    c = SESSIONS.c
    tx.execute(sa.delete(SESSIONS).where(c.operator == scope.operator, c.token_hash != digest(token)))
    write_down(tx, wall_now(), scope.operator, what, scope.operator, "by itself")
