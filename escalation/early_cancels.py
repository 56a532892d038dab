"""Early cancels: a "false alarm" that came before the press it is about, kept until that press comes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from domain.events import Heard
from store import inbox
from store.ledger import Tx


@dataclass(frozen=True, slots=True)
class EarlyCancel:
    """A kept cancel: its row in the inbox, and the press that it names, if any."""

    row: str
    ref: str | None = None

    def means(self, press: Heard) -> bool:
        """Whether it is about this press; one that names none is about its device's next press."""
        return self.ref is None or (press.event is not None and press.event.id == self.ref)


def early_cancels(tx: Tx, devices: Iterable[str], since: datetime) -> dict[str, list[EarlyCancel]]:
    """Device -> its cancels since then that no alert has taken."""
    found: dict[str, list[EarlyCancel]] = {}
    for device, row, raw in inbox.loose_cancels(tx, devices, since):
        found.setdefault(device, []).append(EarlyCancel(row, _named(raw)))
    return found


def take(kept: dict[str, list[EarlyCancel]], press: Heard) -> list[EarlyCancel]:
    """Those about this press, which are kept no longer."""
    mine = kept.pop(press.device or "", [])
    if press.device:
        kept[press.device] = [early for early in mine if not early.means(press)]
    return [early for early in mine if early.means(press)]


def ref_of(data: Any) -> str | None:
    """The press that a cancel names."""
    ref = data.get("ref") if isinstance(data, dict) else None
    return ref if isinstance(ref, str) and ref else None


def _named(raw: bytes) -> str | None:
    """As our own envelope has it; other makers' cancels name no press."""
    try:
        envelope = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return ref_of(envelope.get("data")) if isinstance(envelope, dict) else None
