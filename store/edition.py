"""The register's edition: whoever remembers the register asks whether it has changed since."""

import base64
import os

from store import meta
from store.ledger import Tx

_KEY = "register"


def version(tx: Tx) -> str:
    """Changes whenever the register, duty, or the plan in force does."""
    if tx.edition is None:
        tx.edition = meta.read(tx, _KEY) or "0"
    return tx.edition


def touch(tx: Tx) -> None:
    """Make everybody read the register again."""
    tx.edition = None
    meta.write(tx, _KEY, base64.b32encode(os.urandom(10)).decode())
