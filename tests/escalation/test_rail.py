"""The rail and what a close leaves behind: both pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.alerts import Alert, Called, Cause, Outcome, Severity, Subject, Track, TrackState
from domain.events import Kind
from escalation.aftercare import owed
from escalation.plan import parse_plan
from escalation.rail import rail
from tests.town import PLAN

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
MAIN = Track(
    "main", TrackState.CALLING, NOON, joined=1, next_at=NOON + timedelta(seconds=60), last_at=NOON,
    called={"doctor-1": Called("family_doctor", NOON, 1)},
)  # fmt: skip
ALERT = Alert("A1", Subject("home-1", None, "s-1"), Kind.SOS, Severity.URGENT, NOON, "town-1", tracks=(MAIN,))


def _stops(alert: Alert) -> list[tuple[str, str]]:
    return [(step.role, step.place) for step in rail(parse_plan(PLAN), alert)]


def test_a_calling_alert_shows_who_is_asked_and_who_comes_when() -> None:
    """The present step, the later ones with their times less what was saved, then the next round."""
    pulled = replace(ALERT, tracks=(replace(MAIN, saved=20.0),))
    steps = rail(parse_plan(PLAN), pulled)

    assert [
        ("family_doctor", "now"), ("street_office", "next"), ("dispatch_120", "next"), ("everybody", "next"),
    ] == _stops(ALERT)  # fmt: skip
    assert NOON + timedelta(seconds=40) == steps[1].at
    assert ("doctor-1",) == steps[0].people


def test_a_claim_stops_the_rail_where_it_stood() -> None:
    """Who has it is the present step; what is to come is spared, with no time that would be a lie."""
    claimed = replace(
        MAIN, state=TrackState.CLAIMED, claimant="doctor-1", claim_until=NOON + timedelta(minutes=15), next_at=None
    )
    steps = rail(parse_plan(PLAN), replace(ALERT, tracks=(claimed,)))

    assert [
        ("family_doctor", "past"), ("held", "now"), ("street_office", "spared"), ("dispatch_120", "spared"),
    ] == [(s.role, s.place) for s in steps]  # fmt: skip
    assert [None, None] == [s.at for s in steps[2:]]


def _closed(outcome: Outcome, cause: Cause | None = None, **more: object) -> Alert:
    return replace(ALERT, closed_at=NOON, closed_by="desk", outcome=outcome, cause=cause, **more)  # type: ignore[arg-type]


OWED = [
    (_closed(Outcome.TREATED_HOME), ["follow_up"]),
    (_closed(Outcome.ACCIDENTAL), ["follow_up"]),
    (_closed(Outcome.ACCIDENTAL, severity=Severity.CRITICAL), ["review", "follow_up"]),
    # company is a service, not an emergency (R35)
    (_closed(Outcome.WELFARE_ONLY, Cause.LONELY), ["service"]),
    (_closed(Outcome.TEST), []),
    (_closed(Outcome.DUPLICATE), []),
    (_closed(Outcome.TREATED_HOME, drill=True), []),
    (ALERT, []),
]


@pytest.mark.parametrize(("alert", "kinds"), OWED)
def test_what_a_close_leaves_behind(alert: Alert, kinds: list[str]) -> None:
    """Follow-up within 24 h after everything real; a critical one closed as accidental is reviewed as well (R2)."""
    tasks = owed(alert)

    assert kinds == [task.kind.value for task in tasks]
    assert all(task.due_at == NOON + timedelta(hours=24) and task.alert == "A1" for task in tasks)
