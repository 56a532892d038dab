"""Complaints: a device that says it is flat, opened or taken off; noted as a fault, and nobody is called."""

from collections.abc import Iterable
from datetime import datetime

from domain.events import Event, Heard, Kind
from store import faults, tasks
from store.ledger import Tx

COMPLAINTS = frozenset({Kind.TAMPER, Kind.BATTERY_LOW})


def note_complaints(tx: Tx, heard: Iterable[Heard]) -> None:
    """Note what these devices say of themselves; ``clear`` takes it back."""
    for h in heard:
        if h.event is None or h.device is None or h.event.kind not in COMPLAINTS or h.event.stale:
            continue
        if h.event.data.get("state") == "clear":
            _over(tx, h.device, [_fault(h.event)], h.message.received_at)
        else:
            faults.note(tx, [h.device], _fault(h.event), h.message.received_at)


def take_back(tx: Tx, heard: Heard) -> None:
    """What another maker's device says is over (``off``)."""
    off = heard.event.data.get("off") if heard.event else None
    if heard.device is None or not isinstance(off, list | tuple):
        return
    over = [fault for kind in off if isinstance(kind, str) for fault in _OFF.get(kind, ())]
    if over:
        _over(tx, heard.device, over, heard.message.received_at)


_OFF = {"tamper": ("tamper", "not_worn"), "battery_low": ("battery_low",)}


def _over(tx: Tx, device: str, over: Iterable[str], at: datetime) -> None:
    pairs = [(device, fault) for fault in over]
    faults.clear(tx, pairs)
    tasks.settle_tasks(tx, [f"fault:{fault}:{device}" for _, fault in pairs], at, "well again")


def _fault(event: Event) -> str:
    if event.kind is Kind.BATTERY_LOW:
        return "battery_low"
    return "not_worn" if event.data.get("kind") in ("not_worn", "removed") else "tamper"
