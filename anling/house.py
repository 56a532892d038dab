"""The house: the rooms wired together. Which of them run in this process is up to the command."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from anling.private import make_folder
from anling.settings import Settings
from anling.typed import text_in
from anling.wall import wall_of
from broker_bridge.decode import hear
from domain.clock import EngineClock
from domain.errors import LedgerCollision
from domain.events import Heard, Message
from domain.foreign import Inside, Outside
from domain.people import Responder
from escalation.callbacks import Callbacks
from escalation.commands import Commands
from escalation.conditions import ALWAYS
from escalation.coverage import subject_of
from escalation.engine import Engine
from escalation.foreign import Foreign
from escalation.intake import Intake
from escalation.letters import Letters
from escalation.plan import Plan, parse_plan
from escalation.reread import Reread
from escalation.standing import Standing
from escalation.tokens import Tokens
from store import alerts, plans, pulses
from store.ledger import Ledger, Tx
from store.seal import Sealer

_LOG = structlog.get_logger("anling")
TEMPLATE = Path(__file__).parent.parent / "escalation" / "plans" / "changning.toml"


def open_ledger(settings: Settings) -> Ledger:
    """The ledger of this installation."""
    make_folder(settings.data_dir)
    return Ledger(settings.ledger_url, Sealer(settings.secret()))


class House:
    """What every process of an installation shares: ledger, clock, plan, roster, commands."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self.settings = settings
        self.ledger = ledger
        self.zone = ZoneInfo(settings.timezone)
        self.standing = Standing(self.zone)
        self.tokens = Tokens(settings.secret(), lambda: ledger.sealer.links)
        with ledger.reading() as tx:
            known = [t for t in (alerts.newest_time(tx), pulses.saved_time(tx)) if t]
            wall = wall_of(tx)
        self.clock = EngineClock(max(known, default=None), wall)
        self.commands = Commands(ledger, self.standing, self.clock)
        self.letters = Letters(self._ack_url)
        self.foreign = Foreign(_names, _translate)
        self.intake = Intake(ledger, self.standing, self.clock, hear, self.foreign)

    def has_past(self) -> bool:
        """Whether this installation has taken in anything before: then the broker should know us."""
        with self.ledger.reading() as tx:
            return pulses.saved_time(tx) is not None

    def reread(self) -> Reread:
        """The decoders of today for what lies in quarantine."""
        return Reread(self.ledger, self.standing, self.clock, hear, self.foreign)

    def engine(self) -> Engine:
        """A decision loop on this ledger."""
        return Engine(self.ledger, self.standing, self.clock, self.intake.rejudge)

    def callbacks(self) -> Callbacks:
        """What takes in the words of providers, desks and telephones."""
        return Callbacks(self.ledger, self.standing, self.clock, self.commands, self.letters, self.tokens)

    def enforce_plan(self) -> Plan:
        """Put the plan of the settings in force; without one keep the ledger's, else the district's template."""
        for _ in range(3):
            try:
                return self._enforce()
            except LedgerCollision:
                continue  # a neighbour that started with us has approved the same plan: look again
        return self._enforce()

    def _enforce(self) -> Plan:
        path = self.settings.plan
        with self.ledger.transaction() as tx:
            if path is None and plans.in_force(tx, self.clock.now()) is not None:
                return self.standing.in_force(tx, self.clock.now())
            text, name = text_in(path or TEMPLATE, "ANLING_PLAN"), str(path or TEMPLATE.name)
            plan = parse_plan(text, name, lambda version: plans.text_of(tx, version))
            self._approve(tx, plan)
        for warning in plan.warnings:
            _LOG.warning("plan_warning", text=warning)
        return plan

    def _approve(self, tx: Tx, plan: Plan) -> None:
        """Versions are immutable: another text under a known version gets a version of its own."""
        version, known = plan.version, plans.text_of(tx, plan.version)
        if known is not None and known != plan.text:
            version = f"{version}+{hashlib.sha256(plan.text.encode()).hexdigest()[:8]}"
        now, by = self.clock.now(), "ANLING_PLAN" if self.settings.plan else "template"
        if plans.in_force(tx, now, plan.street) != version:
            plans.put_in_force(tx, plans.Draft(version, plan.text, plan.street, plan.base), by, now, now)

    def on_duty(self, tx: Tx, role: str, street: str | None, at: datetime) -> Sequence[Responder]:
        """Who of ``role`` is, was or will be on duty for a street."""
        return self.standing.roster_at(tx, at).look_up(role, subject_of(street), at)

    def next_role(self, tx: Tx, version: str, track: str, joined: int) -> str | None:
        """The role that surely joins next on a track (a step with a condition may not); None when all have joined."""
        found = self.standing.plan(tx, version).track(track)
        if found is None:
            return None
        return next((tier.role for tier in found.tiers[joined:] if tier.when == ALWAYS), None)

    def _ack_url(self, alert: str, responder: str, track: str) -> str:
        return f"{self.settings.where}/a/{self.tokens.page(alert, responder, track)}"


# Forty decoders are loaded when the first message of another maker comes: after a crash no press of ours
# waits for them.


def _names(message: Message) -> tuple[Outside, ...]:
    from broker_bridge import vendor

    return vendor.names(message)


def _translate(message: Message, known: Mapping[Outside, Inside]) -> tuple[Heard, ...]:
    from broker_bridge import vendor

    return vendor.translate(message, known)
