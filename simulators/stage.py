"""What all the people and carriers outside share: settings, the log, the line back, and waiting."""

import asyncio
import random
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from simulators.behaviour import Span
from simulators.faults import BadFaults, FaultPlan, parse_faults
from simulators.journal import Journal
from simulators.line import Line
from simulators.people import People


class BadSettings(ValueError):
    """A setting of the world outside is unknown or has the wrong shape."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the world outside is wired to the product."""

    #: Where the product is reached, without a slash at the end; the desk's callbacks go there.
    public_url: str = ""
    twilio_sid: str = "AC" + "0" * 32
    twilio_token: str = field(default="simulated-token", repr=False)
    webhook_secret: str = field(default="", repr=False)
    desk_secret: str = field(default="", repr=False)
    #: Where incoming text messages are posted.
    sms_url: str = ""
    #: Every wait is multiplied by this.
    time_scale: float = 1.0
    #: The carrier answers 429 beyond this; 0 means no limit (P13).
    calls_per_second: int = 0
    #: A share (0 to 1) of all calls and messages goes wrong, each by one of these faults; the seed says which.
    faults: str = ""
    fault_share: float = 0.0
    fault_seed: int = 0

    def changed(self, raw: object) -> "Settings":
        """Return settings with these values; raise ``BadSettings`` for an unknown name or a wrong type."""
        if not isinstance(raw, Mapping):
            raise BadSettings("settings are a JSON object")
        known = {item.name: item.type for item in fields(self)}
        for name, value in raw.items():
            if name not in known:
                raise BadSettings(f"unknown setting {name!r}; known: {', '.join(known)}")
            _check(name, known[name], value)
        return replace(self, **raw)


class Stage:
    """The common ground of everything outside. Lives on one event loop."""

    def __init__(self, settings: Settings, people: People, seed: int | None = None) -> None:
        self.settings = settings
        self.people = people
        self.journal = Journal()
        self.line = Line()
        self.chance = random.Random(seed)
        self._errands: set[asyncio.Task[None]] = set()
        self.line.allow(settings.public_url)
        self.faults = _plan(settings)

    def change(self, raw: object) -> None:
        """Take new settings."""
        changed = self.settings.changed(raw)
        plan = _plan(changed)
        self.settings, self.faults = changed, plan
        self.line.allow(self.settings.public_url)

    def sid(self, prefix: str) -> str:
        """Return a fresh identifier in Twilio's form."""
        return f"{prefix}{self.chance.getrandbits(128):032x}"

    def draw(self, span: Span) -> float:
        """Return some seconds of this span."""
        return self.chance.uniform(*span)

    async def wait(self, seconds: float) -> None:
        """Let so many seconds pass, times the time scale."""
        await asyncio.sleep(seconds * self.settings.time_scale)

    def spawn(self, errand: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start something that goes on by itself; if it breaks, the log says so."""
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._finished)
        return task

    def reset(self) -> None:
        """Everything under way stops, behaviours go back to the start, the log is empty."""
        for task in list(self._errands):
            task.cancel()
        self.people.reset()
        self.faults = _plan(self.settings)
        self.journal.clear()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.journal.went_wrong(0, f"simulator broke: {error!r}")


def _plan(settings: Settings) -> FaultPlan:
    try:
        return parse_faults(settings.faults, settings.fault_share, settings.fault_seed)
    except BadFaults as error:
        raise BadSettings(str(error)) from error


def _check(name: str, kind: Any, value: object) -> None:
    allowed: dict[Any, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float)}
    if isinstance(value, bool) or not isinstance(value, allowed[kind]):
        raise BadSettings(f"{name} must be {'text' if kind is str else 'a number'}")
    if isinstance(value, int | float) and value < 0:
        raise BadSettings(f"{name} must not be negative")
