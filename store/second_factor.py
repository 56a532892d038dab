"""The second factor: one-time codes from an app (RFC 6238), each good once."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.ledger import Tx
from store.tables import OperatorRow

OPERATORS = OperatorRow.__table__  # type: ignore[attr-defined]
#: seconds for which a code stands
_STEP_S = 30
#: codes of the half minute before and after count too: clocks differ
_AROUND = (0, -1, 1)


def new_secret(name: str, secret: str | None = None) -> tuple[str, str]:
    """A secret (a new one unless given), and the ``otpauth:`` address that puts it into an app."""
    import pyotp

    secret = secret or pyotp.random_base32()
    return secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Anling")


def use_code(tx: Tx, row: Mapping[Any, Any], code: str, now: datetime) -> bool:
    """Whether ``code`` lets this log-in in now. From then on neither it nor an earlier one does."""
    step = step_of(tx.sealer.open(row["totp"], place(row["name"])).decode(), code, now)
    return step is not None and _spend(tx, row["name"], step)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The half minute whose code this is; None when it is of none around now."""
    import pyotp

    counter, said = int(now.timestamp()) // _STEP_S, "".join(code.split())
    right = [n for n in _AROUND if hmac.compare_digest(pyotp.HOTP(secret).at(counter + n).encode(), said.encode())]
    return counter + right[0] if right else None


def place(name: str) -> str:
    """Where the secret is sealed to."""
    return f"operators.totp|{name}"


def _spend(tx: Tx, name: str, step: int) -> bool:
    """Of two that come with the same code at the same time only one is let in."""
    c = OPERATORS.c
    fresh = sa.or_(c.totp_step.is_(None), c.totp_step < step)
    return bool(tx.execute(sa.update(OPERATORS).where(c.name == name, fresh).values(totp_step=step)).rowcount)
