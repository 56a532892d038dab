"""The second factor: one-time codes from an app (RFC 6238), each good once; spare codes for a lost telephone."""

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.passwords import check_secret, hash_secret
from store.ledger import Tx
from store.reads import write_down
from store.tables import OperatorRow

OPERATORS = OperatorRow.__table__  # type: ignore[attr-defined]
#: seconds for which a code stands
_STEP_S = 30
#: codes of the half minute before and after count too: clocks differ
_AROUND = (0, -1, 1)
#: spare codes given out together, and the digits of each: a telephone's keyboard for numbers is enough
_SPARES, _DIGITS = 10, 10


def new_secret(name: str, secret: str | None = None) -> tuple[str, str]:
    """A secret (a new one unless given), and the ``otpauth:`` address that puts it into an app."""
    import pyotp

    secret = secret or pyotp.random_base32()
    return secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Anling")


def use_code(tx: Tx, row: Mapping[Any, Any], code: str, now: datetime) -> bool:
    """Whether ``code`` lets this log-in in now: the app's, then neither it nor an earlier one does again; or a spare
    one, which is gone then and written down."""
    said = "".join(code.split())
    if len(said) == _DIGITS:
        return _use_spare(tx, row, said, now)
    step = step_of(tx.sealer.open(row["totp"], place(row["name"])).decode(), said, now)
    return step is not None and _spend(tx, row["name"], step)


def new_spares(tx: Tx, name: str) -> tuple[list[str], bytes]:
    """Spare codes to be shown once, and what is kept of them: their salted hashes, sealed."""
    codes = [f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}" for _ in range(_SPARES)]
    return codes, tx.sealer.seal_json([hash_secret(code) for code in codes], _spare_place(name))


def spares_left(tx: Tx, row: Mapping[Any, Any]) -> int:
    """How many spare codes have not been used."""
    return len(tx.sealer.open_json(row["spare"], _spare_place(row["name"])) or ())


def _use_spare(tx: Tx, row: Mapping[Any, Any], said: str, now: datetime) -> bool:
    """Of two that come with the same code at the same time only one finds the hashes as they were."""
    place = _spare_place(row["name"])
    kept = tx.sealer.open_json(row["spare"], place) or []
    left = [one for one in kept if not check_secret(said, one)]
    if len(left) == len(kept):
        return False
    c = OPERATORS.c
    same = sa.update(OPERATORS).where(c.name == row["name"], c.spare == row["spare"])
    if not tx.execute(same.values(spare=tx.sealer.seal_json(left, place))).rowcount:
        return False
    write_down(tx, now, row["name"], "log-in used a spare code", row["name"], f"{len(left)} left")
    return True


def _spare_place(name: str) -> str:
    return f"operators.spare|{name}"


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
