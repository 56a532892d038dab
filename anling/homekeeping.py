"""What watches over the homes in this process: the ticker, and what it rings."""

from anling.parts import Running
from anling.settings import Settings
from anling.typed import text_in
from domain.clock import wall_now
from domain.tasks import Task, TaskKind
from escalation.desk_cases import DeskSilence
from homes import rules
from homes.callers import CareCaller, Errands
from homes.care_line import CareLine
from homes.devices import DeviceWatch
from homes.digest import Digest
from homes.falls import FallWatch
from homes.quiet import QuietWatch
from homes.rounds import Rounds
from homes.rules_devices import TEMPLATE as SUPERVISION
from homes.rules_devices import Supervision, read_supervision
from homes.rules_quiet import read_quiet
from homes.steps import TEMPLATE, read_steps
from homes.sweep import Sweep
from homes.ticker import Ticker
from store.tasks import reopen_tasks

#: seconds
_SWEEP, _CALLS, _DESK, _DEVICES, _SIGNS, _QUIET, _ROUNDS = 10.0, 2.0, 5.0, 30.0, 5.0, 60.0, 60.0
#: seconds after the start: what looks over all homes comes last, one after the other, as presses may be waiting
_SIGNS_FIRST, _SWEEP_FIRST, _DEVICES_FIRST, _QUIET_FIRST, _ROUNDS_FIRST = 2.0, 10.0, 11.0, 12.0, 20.0
#: somebody waits for these: a fall is asked about for some seconds only
_WORDS, _FALLS = 1.0, 1.0


def start_homes(running: Running) -> Ticker:
    """The daily check-in where the engine runs, words for devices where the bridge runs."""
    built = running.house
    ticker = Ticker(built.zone, lambda job: _missed(running, job))
    if running.engine is not None:
        file = built.settings.checkin_steps or TEMPLATE
        steps = read_steps(text_in(file, "ANLING_CHECKIN_STEPS"), file.name)
        sweep = Sweep(built.ledger, built.standing, built.clock, steps, built.zone)
        line = CareLine(built.ledger, built.standing, built.clock, built.tokens)
        caller = CareCaller(built.ledger, built.clock, running.channels, line)
        ticker.every(_SWEEP, "checkins", sweep.turn, _SWEEP_FIRST)
        ticker.every(_CALLS, "care_calls", caller.turn)
        ticker.every(_DESK, "desk_silence", DeskSilence(built.ledger, built.standing, built.clock).turn)
        told = _supervision(built.settings)
        devices = DeviceWatch(built.ledger, built.standing, built.clock, told, built.zone)
        rounds = Rounds(built.ledger, built.standing, built.clock, told, built.zone)
        ticker.every(_DEVICES, "devices", devices.turn, _DEVICES_FIRST)
        ticker.every(_ROUNDS, "rounds", rounds.turn, _ROUNDS_FIRST)
        text = rules.TEMPLATE.read_text("utf-8")
        digest = Digest(built.ledger, built.standing, built.clock, rules.read_rules(text), built.zone)
        quiet = QuietWatch(built.ledger, built.standing, built.clock, read_quiet(text), built.zone)
        ticker.every(_SIGNS, "signs", digest.turn, _SIGNS_FIRST)
        ticker.every(_QUIET, "quiet", quiet.turn, _QUIET_FIRST)
        falls = FallWatch(built.ledger, built.standing, built.clock, built.intake, built.zone)
        ticker.every(_FALLS, "falls", falls.turn)
    if running.bridge is not None:
        ticker.every(_WORDS, "errands", Errands(built.ledger, built.clock.now, running.bridge.order).turn)
    ticker.start()
    return ticker


def _supervision(settings: Settings) -> Supervision:
    file = settings.supervision or SUPERVISION
    return read_supervision(text_in(file, "ANLING_SUPERVISION"), file.name)


def _missed(running: Running, job: str) -> None:
    """A job that should have run and did not is for the operator to know (P20)."""
    task = Task(f"job_missed:{job}", TaskKind.OPERATOR, wall_now(), data={"what": "job_missed", "job": job})
    with running.house.ledger.transaction(patient=True) as tx:
        reopen_tasks(tx, [task])
