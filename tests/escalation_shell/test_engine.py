"""The engine: what is due is decided, whatever happened meanwhile, and one bad alert keeps no other waiting."""

from datetime import timedelta

import pytest

from domain.errors import LedgerUnavailable
from escalation.timeline import replay
from store import alerts
from tests.town import DISPATCHER, DOCTOR, NOON, Town
from tests.waiting import eventually


def test_the_ladder_climbs_by_itself(town: Town) -> None:
    """Doctor at once, street office after a minute, 120 after two."""
    alert = town.press()
    seen = []
    for _ in range(3):
        seen.append(sorted({r["person"] for r in town.outbox(alert_id=alert, purpose="contact")}))
        town.forward(60)

    assert [["doctor-1"], ["doctor-1", "street-1"], ["desk-120", "doctor-1", "street-1"]] == seen


def test_nothing_happens_before_its_time(town: Town) -> None:
    """A tick too early decides nothing and writes nothing."""
    alert = town.press()
    before = town.timeline(alert)

    town.forward(59.9)

    assert before == town.timeline(alert)


def test_after_a_downtime_each_tier_is_contacted_once(town: Town) -> None:
    """One decision activates every tier whose turn has passed; no replay (P17)."""
    alert = town.press()

    town.forward(3600)

    fresh = [r["person"] for r in town.outbox(alert_id=alert) if r["created_at"] != town.outbox()[0]["created_at"]]
    assert ["desk-120", "doctor-1", "street-1"] == sorted(fresh)


def test_nobody_answering_is_asked_for_ever(town: Town) -> None:
    """Two days: no silence longer than the plan's largest gap, everybody in each round (P1)."""
    alert = town.press()
    gap = timedelta(minutes=5)
    last = NOON
    while town.clock.now() < NOON + timedelta(hours=3):
        with town.ledger.reading() as tx:
            due = alerts.next_due(tx)
        assert due is not None
        assert due - last <= gap
        town.forward((due - town.clock.now()).total_seconds())
        last = due

    asked = {r["person"] for r in town.outbox(alert_id=alert) if r["repeats"] >= 30}
    assert {"doctor-1", "street-1", "desk-120"} == asked


def test_a_forgotten_claim_resumes_the_calls(town: Town) -> None:
    """At its deadline, from the same tier (P8)."""
    alert = town.press()
    town.forward(60)
    town.commands.claim(alert, DOCTOR)
    before = len(town.outbox(purpose="contact"))

    town.forward(15 * 60)

    assert "calling" == town.alert(alert).tracks[0].state
    assert {"doctor-1", "street-1"} == {r["person"] for r in town.outbox(purpose="contact")[before:]}


def test_the_timeline_rebuilds_the_alert(town: Town) -> None:
    """Replaying every entry gives the stored alert exactly, also from the ledger's own text (invariant 8)."""
    import json
    from dataclasses import replace

    alert = town.press()
    town.press()
    town.forward(60)
    town.say(town.event(type="cancel"))
    town.commands.claim(alert, DOCTOR)
    town.say(town.event(type="fall"))
    town.forward(1200)
    town.commands.close(alert, DISPATCHER, "treated_home", "fall", "well")
    rows = town.rows("SELECT data FROM timeline WHERE alert_id = :a ORDER BY seq", a=alert)

    rebuilt = replay(s for r in rows if (s := json.loads(r["data"]).get("set")))

    kept = town.alert(alert)
    by_name = lambda a: replace(a, tracks=tuple(sorted(a.tracks, key=lambda t: t.name)))  # noqa: E731
    assert by_name(kept) == by_name(replace(rebuilt, entries=kept.entries, head=kept.head))


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE alerts SET plan = 'unknown-plan' WHERE id = :a",
        "UPDATE alerts SET kind = 'dragon' WHERE id = :a",
        "UPDATE alerts SET plan = '' WHERE id = :a",
    ],
    ids=["unknown plan", "unknown kind", "no plan"],
)
def test_a_corrupt_alert_keeps_no_other_waiting(town: Town, harm: str) -> None:
    """The others are called on time; it is set aside, or runs by the plan that is in force (P6)."""
    bad, good = town.press("dev-0001"), town.press("dev-0003")
    town.change(harm, a=bad)
    town.clock.forward(60)
    engine = town.engine()
    engine.start()

    try:
        eventually(lambda: "street-1" in {r["person"] for r in town.outbox(alert_id=good)})
    finally:
        engine.stop()


def test_an_alert_of_a_lost_plan_runs_by_the_one_in_force(town: Town) -> None:
    """Called by another plan sooner than by none (P6)."""
    alert = town.press()
    town.change("UPDATE alerts SET plan = 'unknown-plan' WHERE id = :a", a=alert)

    town.forward(60)

    assert {"doctor-1", "street-1"} == {r["person"] for r in town.outbox(alert_id=alert)}


def test_a_plan_that_no_longer_reads_keeps_nobody_waiting(town: Town) -> None:
    """A stricter program after an upgrade: the newest readable plan runs it (P34)."""
    from store import plans

    with town.ledger.transaction() as tx:
        older, before = plans.Draft("town-0", "version = 'town-0'\nnonsense = 1\n"), NOON - timedelta(days=1)
        plans.put_in_force(tx, older, "test", before, before)
    alert = town.press()
    town.change("UPDATE alerts SET plan = 'town-0' WHERE id = :a", a=alert)

    town.forward(60)

    assert {"doctor-1", "street-1"} == {r["person"] for r in town.outbox(alert_id=alert)}


def test_a_running_engine_acts_when_time_comes_and_judges_what_was_left(town: Town) -> None:
    """Woken by commits and by its own safety poll."""
    alert = town.press()
    town.change("UPDATE inbox SET outcome = 'pending', alert_id = NULL")
    engine = town.engine()
    engine.start()

    try:
        town.clock.forward(60)
        eventually(lambda: "street-1" in {r["person"] for r in town.outbox(alert_id=alert)})
        eventually(lambda: town.count("inbox", "outcome = 'pending'") == 0)
    finally:
        engine.stop()

    assert engine.ticks >= 1


def test_the_engine_outlives_a_ledger_that_is_away(town: Town) -> None:
    """It tries again until the ledger is back; then it acts at once."""
    alert = town.press()
    town.change("ALTER TABLE outbox RENAME TO elsewhere")
    engine = town.engine()
    engine.start()

    try:
        town.clock.forward(60)
        with pytest.raises(LedgerUnavailable):
            town.engine().tick(town.clock.now())
        town.change("ALTER TABLE elsewhere RENAME TO outbox")
        eventually(lambda: "street-1" in {r["person"] for r in town.outbox(alert_id=alert)})
    finally:
        engine.stop()


def test_a_timer_is_in_the_ledger_and_nowhere_else(town: Town) -> None:
    """Kill everything, start anew: another engine on another connection acts (P17)."""
    alert = town.press()
    town.clock.forward(60)

    reborn = town.sibling()
    reborn.engine().tick(town.clock.now())

    assert {"doctor-1", "street-1"} == {r["person"] for r in town.outbox(alert_id=alert)}


def test_a_timer_that_says_otherwise_than_its_track_is_put_right(town: Town) -> None:
    """Looked at once, not for ever: an engine that turns on the spot has no time for others (P6, P34)."""
    alert = town.press()
    town.change("UPDATE tracks SET due_at = :past", past=NOON.isoformat(timespec="microseconds"))
    engine = town.engine()

    looks = [engine.tick(town.clock.forward(1)) for _ in range(2)]

    assert [1, 0] == looks
    with town.ledger.reading() as tx:
        assert town.alert(alert).tracks[0].next_at == alerts.next_due(tx)
