"""Signs of life: how long each part has been silent, by our own seconds and not by anybody's clock. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from watch.finding import Finding

#: seconds: pulses come every two
SILENT = 6.5
#: seconds that a loop may stand, as its own process says
STILL = 8.0
#: how old a saved engine time may be while an engine runs
_BEAT = timedelta(seconds=2.5)
#: part -> what is wrong when it is silent
_PARTS = {
    "broker": "bridge", "engine": "engine", "senders": "senders", "reconciler": "senders", "providers": "providers",
    "lamps": "lamps",
}  # fmt: skip
#: parts of which some process must speak; lamps come with the bridge
_NEEDED = ("broker", "engine", "senders", "providers")


@dataclass(frozen=True, slots=True)
class _Heard:
    at: datetime
    #: monotonic second at which this pulse was first seen
    seen: float
    ok: bool
    detail: str
    age: float


class Signs:
    """Remembers when each part's pulse was last seen to change."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], _Heard] = {}

    def hear(self, rows: Iterable[Mapping[str, Any]], now: float) -> None:
        """One reading of all pulses at monotonic second ``now``."""
        kept: dict[tuple[str, str], _Heard] = {}
        for row in rows:
            key = (row["part"], row["instance"])
            known = self._heard.get(key)
            if known is not None and known.at == row["at"]:
                kept[key] = known
            else:
                kept[key] = _Heard(row["at"], now, row["ok"], row["detail"], row["age_s"] or 0.0)
        self._heard = kept

    def judge(self, now: float) -> list[Finding]:
        """Parts that no process speaks for, or that say themselves that they are ill."""
        return [found for part in _PARTS if (found := self._one(part, now))]

    def _one(self, part: str, now: float) -> Finding | None:
        voices = [(heard, instance) for (name, instance), heard in self._heard.items() if name == part]
        if not voices:
            return Finding(_PARTS[part], detail="no process runs it") if part in _NEEDED else None
        heard, instance = max(voices, key=lambda voice: (voice[0].seen, voice[0].ok))
        silent = now - heard.seen
        if silent > SILENT:
            return Finding(_PARTS[part], about=(instance,), detail=f"silent for {silent:.0f} s")
        if not heard.ok:
            return Finding(_PARTS[part], about=(instance,), detail=heard.detail)
        if part in ("engine", "senders", "lamps") and heard.age > STILL:
            return Finding(_PARTS[part], about=(instance,), detail=f"still for {heard.age:.0f} s")
        return None


class EngineTime:
    """The engine's time, carried on by our own seconds when nobody saves it any more."""

    def __init__(self) -> None:
        self._saved: datetime | None = None
        self._anchor: tuple[datetime, float] | None = None

    def hear(self, saved: datetime | None, now: float) -> None:
        """The newest engine time in the ledger, read at monotonic second ``now``: a beat old at the most."""
        if saved is None or saved == self._saved:
            return
        known, self._saved = self._anchor, saved
        carried = known[0] + timedelta(seconds=now - known[1]) if known else saved
        self._anchor = (max(saved, min(carried, saved + _BEAT)), now)

    def now(self, now: float, wall: datetime) -> datetime:
        """What the engine's clock shows; the wall clock where no engine has ever run."""
        if self._anchor is None:
            return wall
        return self._anchor[0] + timedelta(seconds=now - self._anchor[1])
