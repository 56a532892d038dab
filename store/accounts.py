"""Log-ins: argon2id passwords, server-side sessions that survive a restart and can be revoked."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.alerts import Actor
from domain.clock import wall_now
from domain.errors import ConfigurationError, Forbidden, NotFound
from domain.people import OPERATOR_ROLES, Scope
from store import hub_secrets
from store.bulk import upsert
from store.ledger import Ledger, Tx
from store.reads import write_down
from store.register import RESPONDERS, STREETS, Register
from store.second_factor import OPERATORS, new_secret, place, use_code
from store.tables import SessionRow

SESSIONS = SessionRow.__table__  # type: ignore[attr-defined]
_SHIFT = timedelta(hours=12)
_SHORTEST = 8
_CLI = "command line"


@dataclass(frozen=True, slots=True)
class Session:
    """An open log-in, as told to the caller once."""

    token: str
    expires_at: datetime
    scope: Scope

    def __repr__(self) -> str:
        return f"Session({self.scope.operator})"


class Accounts:
    """Creates, checks and ends log-ins."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._register = Register(ledger)

    def add(
        self, name: str, role: str, password: str, streets: Sequence[str] = (), responder: str | None = None,
        by: str = _CLI,
    ) -> None:  # fmt: skip
        """Create or replace a log-in, which ends its sessions. Raises ``ConfigurationError`` with all that is wrong."""
        problems = [*self._unknown(role, responder), *_weak(password), *([] if name.strip() else ["the name is empty"])]
        if problems:
            raise ConfigurationError(problems)
        row = {
            "name": name, "role": role, "streets": list(streets), "responder": responder,
            "password_hash": _hasher().hash(password), "disabled": False, "created_at": wall_now(),
        }  # fmt: skip
        with self._ledger.transaction() as tx:
            insert = upsert(tx, OPERATORS)
            kept = {k: insert.excluded[k] for k in row if k not in ("name", "created_at")}
            tx.execute(insert.on_conflict_do_update(index_elements=["name"], set_=kept), [row])
            tx.execute(sa.delete(SESSIONS).where(SESSIONS.c.operator == name))
            write_down(tx, wall_now(), by, "log-in laid down", name, role)

    def introduce(
        self, name: str, role: str, password: str, streets: Sequence[str] = (), responder: str | None = None
    ) -> bool:
        """Create a log-in; False when just that one is there. Raises ``ConfigurationError``."""
        known = next((row for row in self.everybody() if row["name"] == name), None)
        if known is None:
            self.add(name, role, password, streets, responder)
            return True
        same = (role, sorted(streets), responder) == (known["role"], sorted(known["streets"] or ()), known["responder"])
        if not (same and self._opens(name, password)):
            raise ConfigurationError([
                f"log-in {name!r} is there already: `anling user passwd {name}` changes its password,"
                " the console's page of log-ins its role and streets; or take another name"
            ])  # fmt: skip
        return False

    def unknown_streets(self, codes: Sequence[str]) -> list[str]:
        """Those of the codes that the register does not hold (yet)."""
        with self._ledger.reading() as tx:
            known = {code for (code,) in tx.execute(sa.select(STREETS.c.code))}
        return [code for code in codes if code not in known]

    def set_password(self, name: str, password: str, by: str = _CLI) -> None:
        """Change a password and end the log-in's sessions."""
        self._change(name, by, "password changed", password_hash=password_hash(password))

    def disable(self, name: str, by: str = _CLI) -> None:
        """Shut a log-in and end its sessions."""
        self._change(name, by, "log-in shut", disabled=True)

    def enable(self, name: str, by: str = _CLI) -> None:
        """Open a log-in that was shut."""
        self._change(name, by, "log-in opened", disabled=False)

    def ask_codes(self, name: str, by: str = _CLI) -> str:
        """From now on the log-in needs a one-time code too. Returns the ``otpauth:`` address for an app, once."""
        secret, uri = new_secret(name)
        with self._ledger.reading() as tx:
            sealed = tx.sealer.seal(secret.encode(), place(name))
        self._change(name, by, "one-time codes begun", totp=sealed, totp_step=None, spare=None)
        return uri

    def ask_no_codes(self, name: str, by: str = _CLI) -> None:
        """The telephone is lost: the password alone lets in until codes are begun again."""
        self._change(name, by, "one-time codes ended", totp=None, totp_step=None, spare=None)

    def assign(
        self, name: str, role: str, streets: Sequence[str], responder: str | None, by: str = _CLI
    ) -> None:
        """Another role, other streets, another person behind a log-in; ends its sessions. ``ConfigurationError``."""
        if problems := self._unknown(role, responder):
            raise ConfigurationError(problems)
        self._change(name, by, "log-in assigned", role=role, streets=list(streets), responder=responder)

    def _unknown(self, role: str, responder: str | None) -> list[str]:
        """What of a log-in's duties nobody knows."""
        problems = [] if role in OPERATOR_ROLES else [
            f"role {role!r} is unknown; write one of {', '.join(OPERATOR_ROLES)}"
        ]  # fmt: skip
        with self._ledger.reading() as tx:
            known = sa.select(RESPONDERS.c.id).where(RESPONDERS.c.id == responder)
            if responder and not tx.execute(known).first():
                problems.append(f"no responder {responder!r} in the register; enter or import it first")
        return problems

    def sign_out(self, name: str, by: str = _CLI) -> None:
        """End all sessions of a log-in; it may log in again."""
        self._change(name, by, "sessions ended", totp_step=OPERATORS.c.totp_step)

    def _change(self, name: str, by: str, what: str, **values: Any) -> None:
        with self._ledger.transaction() as tx:
            change_log_in(tx, name, wall_now(), by, what, **values)

    def everybody(self) -> list[dict[str, Any]]:
        """All log-ins, without their passwords; ``sessions`` are open now, the newest ``since``."""
        c, s = OPERATORS.c, SESSIONS.c
        is_open = sa.select(s.operator, sa.func.count().label("sessions"), sa.func.max(s.created_at).label("since"))
        is_open = is_open.where(s.expires_at >= wall_now()).group_by(s.operator)
        codes = c.totp.is_not(None).label("totp")
        with self._ledger.reading() as tx:
            here = {row.operator: (row.sessions, row.since) for row in tx.execute(is_open)}
            rows = tx.execute(sa.select(c.name, c.role, c.streets, c.responder, c.disabled, codes).order_by(c.name))
            return [dict(row._mapping) | {"totp": bool(row.totp)} | _open(here.get(row.name)) for row in rows]

    def login(self, username: str, password: str, totp: str | None = None) -> Session:
        """Open a session of 12 hours. Raises ``Forbidden``, in the same time for a wrong name as for a wrong word."""
        row = self._known(username, password)
        token, now = secrets.token_urlsafe(32), wall_now()
        with self._ledger.transaction() as tx:
            if row["totp"] is not None:
                _ask_code(tx, row, totp, now)
            tx.execute(sa.delete(SESSIONS).where(SESSIONS.c.expires_at < now))
            session = {
                "token_hash": digest(token),
                "operator": username,
                "created_at": now,
                "expires_at": now + _SHIFT,
            }
            tx.execute(sa.insert(SESSIONS), [session])
        return Session(token, now + _SHIFT, _scope(row))

    def proved(self, username: str, password: str, totp: str | None = None) -> Scope:
        """Whose name and password these are, without a session. Raises ``Forbidden`` as ``login`` does."""
        row = self._known(username, password)
        if row["totp"] is not None:
            with self._ledger.transaction() as tx:
                _ask_code(tx, row, totp, wall_now())
        return _scope(row)

    def _opens(self, name: str, password: str) -> bool:
        try:
            self._known(name, password)
        except Forbidden:
            return False
        return True

    def _known(self, username: str, password: str) -> Mapping[Any, Any]:
        with self._ledger.reading() as tx:
            row = tx.execute(sa.select(OPERATORS).where(OPERATORS.c.name == username)).mappings().first()
        good = _hasher().verify(password, row["password_hash"] if row else _nobody())
        if row is None or not good or row["disabled"]:
            raise Forbidden("name or password is wrong")
        return row

    def session(self, token: str) -> Scope | None:
        """Whose token it is; None when it has expired or was revoked."""
        query = (
            sa.select(OPERATORS, SESSIONS.c.expires_at)
            .join(SESSIONS, SESSIONS.c.operator == OPERATORS.c.name)
            .where(SESSIONS.c.token_hash == digest(token))
        )
        with self._ledger.reading() as tx:
            row = tx.execute(query).mappings().first()
        if row is None or row["disabled"] or row["expires_at"] < wall_now():
            return None
        return _scope(row)

    def logout(self, token: str) -> None:
        """End one session."""
        with self._ledger.transaction() as tx:
            tx.execute(sa.delete(SESSIONS).where(SESSIONS.c.token_hash == digest(token)))

    def actor(self, scope: Scope) -> Actor:
        """Who acts through this log-in: the linked responder, else the log-in itself."""
        roles = frozenset({scope.role})
        if scope.responder is None:
            return Actor(scope.operator, scope.operator, role=scope.role, roles=roles, streets=scope.streets)
        with self._ledger.reading() as tx:
            query = sa.select(RESPONDERS.c.name, RESPONDERS.c.role).where(RESPONDERS.c.id == scope.responder)
            row = tx.execute(query).first()
        name, role = (row[0], row[1]) if row else (scope.operator, scope.role)
        return Actor(scope.responder, name, role=role, roles=roles, streets=scope.streets)

    def actor_named(self, name: str) -> Actor:
        """The person behind a log-in that is open. Raises ``NotFound``."""
        c = OPERATORS.c
        with self._ledger.reading() as tx:
            row = tx.execute(sa.select(OPERATORS).where(c.name == name, c.disabled.is_(False))).mappings().first()
        if row is None:
            raise NotFound(f"no log-in {name!r}")
        return self.actor(_scope(row))

    def hub_of(
        self, dialect: str, secret: str, id: str | None = None, thorough: bool = True
    ) -> tuple[str, str] | None:
        """Id and site of the hub of this dialect that has this secret; ``id`` where the caller gave one.

        ``thorough``: hashes of before are compared too, one by one.
        """
        return hub_secrets.hub_of(self._ledger, dialect, secret, id, thorough)

    def device_secret_ok(self, device: str, secret: str) -> bool:
        """Whether a device gave its own secret."""
        return self._register.secret_ok(device, secret)


def _open(here: tuple[int, datetime] | None) -> dict[str, Any]:
    return {"sessions": here[0] if here else 0, "since": here[1] if here else None}


def _ask_code(tx: Tx, row: Mapping[Any, Any], totp: str | None, now: datetime) -> None:
    if not use_code(tx, row, totp or "", now):
        raise Forbidden("the one-time code is missing, wrong, or was used already")


def _scope(row: Any) -> Scope:
    return Scope(row["name"], row["role"], tuple(row["streets"] or ()), row["responder"])


def change_log_in(tx: Tx, name: str, at: datetime, by: str, what: str, room: str = "-", /, **values: Any) -> None:
    """Change a log-in and end its sessions; written down as ``what``. Raises ``NotFound``."""
    if tx.execute(sa.update(OPERATORS).where(OPERATORS.c.name == name).values(**values)).rowcount == 0:
        raise NotFound(f"no log-in {name!r}")
    tx.execute(sa.delete(SESSIONS).where(SESSIONS.c.operator == name))
    write_down(tx, at, by, what, name, room)


def password_hash(password: str) -> str:
    """The hash to keep. Raises ``ConfigurationError`` for one that is too short."""
    if problems := _weak(password):
        raise ConfigurationError(problems)
    return str(_hasher().hash(password))


def _weak(password: str) -> list[str]:
    short = len(password) < _SHORTEST
    return [f"the password is too short; give at least {_SHORTEST} characters"] if short else []


def digest(token: str) -> str:
    """What is kept of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _hasher() -> Any:
    """Imported when first needed: it costs memory that an idle bridge does not have to carry."""
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


_NOBODY: list[str] = []


def _nobody() -> str:
    """A hash that no password has, so that an unknown name takes as long as a wrong password."""
    if not _NOBODY:
        _NOBODY.append(_hasher().hash(secrets.token_urlsafe(16)))
    return _NOBODY[0]
