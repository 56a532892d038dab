"""Which home a telephone belongs to, for somebody who rings us. In memory, as hashes; made anew when cards change."""

import hashlib
import re
import secrets
import threading
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.ids import new_id
from escalation.tokens import Tokens
from homes.care_line import INBOUND
from store import care, register
from store.care import CareCall
from store.ledger import Ledger, Tx

_LENGTH, _SHORTEST, _BATCH = 8, 6, 500


class HomeNumbers:
    """Finds the home, and makes the call that comes in one of the care line's."""

    def __init__(self, ledger: Ledger, tokens: Tokens, zone: ZoneInfo) -> None:
        self._ledger = ledger
        self._tokens = tokens
        self._zone = zone
        self._salt = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self._edition = ""
        #: hash of a number's last digits -> the home; empty: of more than one home, so of none
        self._homes: dict[bytes, str] = {}

    def answer(self, number: str, now: datetime) -> str | None:
        """The token of the conversation with the one home whose card has this number; None for all others."""
        key = self._key(number)
        if key is None:
            return None
        with self._lock, self._ledger.reading() as tx:
            self._read(tx)
            home = self._homes.get(key)
        if not home:
            return None
        day = now.astimezone(self._zone).date().isoformat()
        call = CareCall(f"{INBOUND}{new_id()}", home, day, None, "voice", number)
        with self._ledger.transaction() as tx:
            care.order(tx, [call], now)
            care.settle(tx, call.key, "sent", now)
        return self._tokens.call(call.key, 1)

    def _read(self, tx: Tx) -> None:
        edition = register.version(tx)
        if edition == self._edition:
            return
        homes: dict[bytes, str] = {}
        for batch in register.in_batches(tx, _BATCH):
            for home, cards in register.residents_of(tx, batch).items():
                for key in {self._key(str(p)) for card in cards for p in card.get("phones") or ()} - {None}:
                    assert key is not None
                    homes[key] = "" if homes.get(key, home) != home else home
        self._edition, self._homes = edition, homes

    def _key(self, number: str) -> bytes | None:
        digits = re.sub(r"\D", "", number)
        if len(digits) < _SHORTEST:
            return None
        return hashlib.blake2b(digits[-_LENGTH:].encode(), key=self._salt, digest_size=16).digest()
