"""What watches over the homes in this process: the ticker, and what it rings."""

from pathlib import Path

from anling.parts import Running
from domain.clock import wall_now
from domain.errors import ConfigurationError
from domain.tasks import Task, TaskKind
from escalation.desk_cases import DeskSilence
from homes import rules, rules_devices
from homes.callers import CareCaller, Errands
from homes.care_line import CareLine
from homes.devices import DeviceWatch
from homes.digest import Digest
from homes.falls import FallWatch
from homes.quiet import QuietWatch
from homes.rules_quiet import read_quiet
from homes.steps import TEMPLATE, read_steps
from homes.sweep import Sweep
from homes.ticker import Ticker
from store.tasks import reopen_tasks

#: seconds
_SWEEP, _CALLS, _DESK, _DEVICES, _SIGNS, _QUIET = 10.0, 2.0, 5.0, 30.0, 5.0, 60.0
#: after a start what looks over all homes comes last, one after the other: presses may be waiting
_LATER = (10.0, 2.0, 11.0, 12.0)
#: somebody waits for these: a fall is asked about for some seconds only
_WORDS, _FALLS = 1.0, 1.0


def start_homes(running: Running) -> Ticker:
    """The daily check-in where the engine runs, words for devices where the bridge runs."""
    built = running.house
    ticker = Ticker(built.zone, lambda job: _missed(running, job))
    if running.engine is not None:
        steps = read_steps(*_rules("ANLING_CHECKIN_STEPS", built.settings.checkin_steps or TEMPLATE))
        sweep = Sweep(built.ledger, built.standing, built.clock, steps, built.zone)
        line = CareLine(built.ledger, built.standing, built.clock, built.tokens)
        caller = CareCaller(built.ledger, built.clock, running.channels, line)
        ticker.every(_SWEEP, "checkins", sweep.turn, _LATER[0])
        ticker.every(_CALLS, "care_calls", caller.turn)
        ticker.every(_DESK, "desk_silence", DeskSilence(built.ledger, built.standing, built.clock).turn)
        ticker.every(_DEVICES, "devices", _device_watch(running).turn, _LATER[2])
        text = rules.TEMPLATE.read_text("utf-8")
        digest = Digest(built.ledger, built.standing, built.clock, rules.read_rules(text), built.zone)
        quiet = QuietWatch(built.ledger, built.standing, built.clock, read_quiet(text), built.zone)
        ticker.every(_SIGNS, "signs", digest.turn, _LATER[1])
        ticker.every(_QUIET, "quiet", quiet.turn, _LATER[3])
        falls = FallWatch(built.ledger, built.standing, built.clock, built.intake, built.zone)
        ticker.every(_FALLS, "falls", falls.turn)
    if running.bridge is not None:
        ticker.every(_WORDS, "errands", Errands(built.ledger, built.clock.now, running.bridge.order).turn)
    ticker.start()
    return ticker


def _device_watch(running: Running) -> DeviceWatch:
    built = running.house
    text, name = _rules("ANLING_SUPERVISION", built.settings.supervision or rules_devices.TEMPLATE)
    return DeviceWatch(
        built.ledger, built.standing, built.clock, rules_devices.read_supervision(text, name), built.zone
    )


def _rules(setting: str, file: Path) -> tuple[str, str]:
    """Text and name of a file of rules. Raises ``ConfigurationError``, so that nothing starts without it."""
    try:
        return file.read_text("utf-8"), file.name
    except OSError as error:
        raise ConfigurationError([f"{setting}: {file}: {error.strerror}"]) from error


def _missed(running: Running, job: str) -> None:
    """A job that should have run and did not is for the operator to know (P20)."""
    task = Task(f"job_missed:{job}", TaskKind.OPERATOR, wall_now(), data={"what": "job_missed", "job": job})
    with running.house.ledger.transaction(patient=True) as tx:
        reopen_tasks(tx, [task])
