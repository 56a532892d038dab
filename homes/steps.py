"""What is tried when a home gives no sign, step by step, out of ``checkins.toml``. Pure."""

import itertools
import re
import tomllib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.checkins import Action, Checkin, Step
from domain.errors import ConfigurationError

TEMPLATE = Path(__file__).parent / "checkins.toml"
_LENGTH = re.compile(r"(-?\d+)([ms])")
_UNIT = {"m": timedelta(minutes=1), "s": timedelta(seconds=1)}
#: a sweep that comes late still leaves a person this long to answer before the next step
PATIENCE = timedelta(minutes=5)


def read_steps(text: str, source: str = "checkins.toml") -> tuple[Step, ...]:
    """The steps in order. Raises ``ConfigurationError`` with all that is wrong: the last one must alert."""
    try:
        said = tomllib.loads(text).get("step", [])
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([f"{source}: {error}"]) from error
    problems: list[str] = []
    steps = [_step(n, one, problems) for n, one in enumerate(said, 1)]
    found = [step for step in steps if step is not None]
    if not problems and (not found or found[-1].action is not Action.ALERT):
        problems.append('the last step must be action = "alert": a home that stays silent may not be forgotten')
    if any(later.after <= sooner.after for sooner, later in itertools.pairwise(found)):
        problems.append("each step must come after the one before it")
    if problems:
        raise ConfigurationError([f"{source}: {problem}" for problem in problems])
    return tuple(found)


def _step(n: int, said: dict[str, object], problems: list[str]) -> Step | None:
    action, length = said.get("action"), _LENGTH.fullmatch(str(said.get("after")))
    if action not in set(Action):
        problems.append(f"step {n}: action {action!r}; write one of {', '.join(Action)}")
    if length is None:
        problems.append(f'step {n}: after {said.get("after")!r}; write minutes or seconds: "10m", "-30s"')
    if action not in set(Action) or length is None:
        return None
    return Step(Action(str(action)), int(length[1]) * _UNIT[length[2]])


def instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """So many minutes into a local day, in UTC; 24:00 is the next midnight. Wall time, whatever clocks do."""
    whole, rest = divmod(minutes, 24 * 60)
    local = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), zone)
    return local.astimezone(ZoneInfo("UTC"))


def next_time(steps: tuple[Step, ...], checkin: Checkin, taken: int, now: datetime) -> datetime:
    """When the step after ``taken`` ones is due: at its time, or a little later when the sweep came late."""
    planned = checkin.by_at + steps[taken].after
    return max(planned, now + min(PATIENCE, steps[taken].after - steps[taken - 1].after))


def passed(steps: tuple[Step, ...], checkin: Checkin, now: datetime) -> int:
    """Where a sweep that came late begins: what only makes sense before the end of the window is left out."""
    taken = checkin.step
    while steps[taken].action is Action.ASK_DEVICE and now >= checkin.by_at and taken + 1 < len(steps):
        taken += 1
    return taken
