"""The tables. Constraints repeat the invariants that a database can hold (1, 2, 9, 10, 15, 16)."""

from store.tables.accounts import OperatorRow, ReadAuditRow, SessionRow, ShiftNoteRow
from store.tables.alerts import AlertRow, TimelineRow, TrackRow
from store.tables.base import metadata
from store.tables.checkins import AwayRow, CareCallRow, CheckinRow, ErrandRow
from store.tables.contacts import ContactTestRow, HeardRow, PinRow, StoppedContactRow
from store.tables.desk import DeskCaseRow
from store.tables.duty import DUTY_KINDS, DutyRow, ProofRow
from store.tables.homes import DeviceFaultRow, HourlySignRow, LastSignRow, RuleStateRow
from store.tables.inbox import Inbox
from store.tables.meta import Meta, PulseRow, WatchRow
from store.tables.outbox import OUTBOX_DONE, OUTBOX_OPEN, AttemptRow, OutboxRow
from store.tables.plans import DrillRow, DrillVerdictRow, PlanRow, ProposalRow
from store.tables.register import (
    CardLacksRow,
    CommissioningRow,
    DeviceRow,
    HomeRow,
    HubRow,
    PhoneMarkRow,
    ResidentRow,
    ResponderRow,
    RevokedCertificateRow,
    StreetRow,
    TeamRow,
)
from store.tables.signals import LevelRow
from store.tables.signs import DeviceStateRow, TelemetryRow
from store.tables.tasks import TaskRow

__all__ = [
    "DUTY_KINDS",
    "OUTBOX_DONE",
    "OUTBOX_OPEN",
    "AlertRow",
    "AttemptRow",
    "AwayRow",
    "CardLacksRow",
    "CareCallRow",
    "CheckinRow",
    "CommissioningRow",
    "ContactTestRow",
    "DeskCaseRow",
    "DeviceFaultRow",
    "DeviceRow",
    "DeviceStateRow",
    "DrillRow",
    "DrillVerdictRow",
    "DutyRow",
    "ErrandRow",
    "HeardRow",
    "HomeRow",
    "HourlySignRow",
    "HubRow",
    "Inbox",
    "LastSignRow",
    "LevelRow",
    "Meta",
    "OperatorRow",
    "OutboxRow",
    "PhoneMarkRow",
    "PinRow",
    "PlanRow",
    "ProofRow",
    "ProposalRow",
    "PulseRow",
    "ReadAuditRow",
    "ResidentRow",
    "ResponderRow",
    "RevokedCertificateRow",
    "RuleStateRow",
    "SessionRow",
    "ShiftNoteRow",
    "StoppedContactRow",
    "StreetRow",
    "TaskRow",
    "TeamRow",
    "TelemetryRow",
    "TimelineRow",
    "TrackRow",
    "WatchRow",
    "metadata",
]
