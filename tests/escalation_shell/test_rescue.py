"""Poison rows: whatever stands in the ledger, its home is called, the operator is told, and no other waits (P6)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from domain.alerts import Alert, TrackState
from domain.people import Scope
from escalation.timeline import replay
from store import alerts
from store.bulk import read_json
from store.drills import Drills
from store.edition import touch
from tests.town import DOCTOR, NOON, SUPERVISOR, Town
from tests.waiting import eventually

#: what stands in the rows of an alert, and which databases can hold it
HARM = {
    "unknown kind": "UPDATE alerts SET kind = 'dragon' WHERE id = :a",
    "facts are no list": "UPDATE alerts SET facts = '7' WHERE id = :a",
    "called is no table": "UPDATE tracks SET called = '[1]' WHERE alert_id = :a",
    "called has holes": "UPDATE tracks SET called = '{\"doctor-1\": [null]}' WHERE alert_id = :a",
    "called without names": "UPDATE tracks SET called = 'null' WHERE alert_id = :a",
    "a track too many": "UPDATE tracks SET name = 'x', joined = 99 WHERE alert_id = :a",
}
BROKEN_JSON = {
    "broken JSON": "UPDATE tracks SET called = '{\"doctor-1\": [\"family_d' WHERE alert_id = :a",
    "broken facts": "UPDATE alerts SET facts = '' WHERE id = :a",
    "an instant that is none": "UPDATE tracks SET due_at = '' WHERE alert_id = :a",
    "a start that is none": "UPDATE tracks SET started_at = 'yesterday' WHERE alert_id = :a",
}


def _run(town: Town, *seen: Any) -> None:
    """A real engine until all of ``seen`` holds."""
    engine = town.engine()
    engine.start()
    try:
        for holds in seen:
            eventually(holds)
    finally:
        engine.stop()


def _asked(town: Town, alert: str) -> set[str]:
    return {r["person"] for r in town.outbox(alert_id=alert, purpose="contact")}


def _by_name(alert: Alert) -> Alert:
    return replace(alert, tracks=tuple(sorted(alert.tracks, key=lambda t: t.name)))


def _told(town: Town, alert: str) -> list[str]:
    rows = town.rows("SELECT data FROM tasks WHERE alert_id = :a AND done_at IS NULL", a=alert)
    return [read_json(r["data"])["how"] for r in rows]


@pytest.mark.parametrize("harm", [*HARM, *BROKEN_JSON])
def test_a_poisoned_alert_is_called_and_shown_and_no_other_waits(town: Town, harm: str) -> None:
    """The next tier of the corrupt alert is asked as on any night, and the operator has a task (P6)."""
    if not town.ledger.sqlite and harm in BROKEN_JSON:
        pytest.skip("PostgreSQL holds no such value")
    bad, good = town.press("dev-0001"), town.press("dev-0003")
    town.change((HARM | BROKEN_JSON)[harm], a=bad)
    town.clock.forward(60)

    _run(town, lambda: "street-1" in _asked(town, good), lambda: "street-1" in _asked(town, bad))

    if harm not in ("a track too many",):
        assert ["rebuilt from its timeline"] == _told(town, bad)
    assert [] == _told(town, good)
    assert town.alert(bad).tracks[0].state is TrackState.CALLING


def test_a_rescued_alert_goes_on_as_any_other(town: Town) -> None:
    """Its timeline still rebuilds it exactly (invariant 8), its chain is whole, a person claims and closes it (P6)."""
    bad = town.press()
    town.change("UPDATE alerts SET kind = 'dragon' WHERE id = :a", a=bad)
    town.clock.forward(60)
    _run(town, lambda: "street-1" in _asked(town, bad))
    town.commands.claim(bad, DOCTOR)
    town.commands.close(bad, SUPERVISOR, "treated_home")

    with town.ledger.reading() as tx:
        kept, rows = alerts.peek(tx, bad), alerts.timeline(tx, bad)

    assert kept is not None
    rebuilt = replay(s for r in rows if (s := json.loads(r["data"]).get("set")))
    assert _by_name(replace(rebuilt, entries=kept.entries, head=kept.head)) == _by_name(kept)
    head = ""
    for row in rows:
        head = alerts.chain_hash(head, row)
        assert head == row["hash"]
    assert "rescued" in [r["type"] for r in rows]


@pytest.mark.parametrize("state", ["calling", "claimed"])
def test_an_alert_whose_timeline_is_broken_too_is_called_anew(town: Town, state: str) -> None:
    """From what can be read of its row, by the plan in force: the first tier is asked, older calls are void (P6)."""
    bad = town.press(type="fall")
    if state == "claimed":
        town.commands.claim(bad, DOCTOR)
    town.change("UPDATE alerts SET kind = 'dragon' WHERE id = :a", a=bad)
    town.change("UPDATE timeline SET data = '{}' WHERE alert_id = :a", a=bad)
    town.clock.forward(1000)
    before = {r["key"] for r in town.outbox(alert_id=bad)}

    _run(town, lambda: town.count("tasks") == 1)

    assert ["called anew by the plan in force"] == _told(town, bad)
    fresh = [r for r in town.outbox(alert_id=bad) if r["key"] not in before]
    assert {"doctor-1", "street-1", "desk-120"} == {r["person"] for r in fresh}
    assert all(r["gen"] > 0 for r in fresh)
    town.deliver()
    assert {"accepted"} == {r["status"] for r in town.outbox(alert_id=bad) if r["key"] not in before}
    with town.ledger.reading() as tx:
        rows = alerts.timeline(tx, bad)
    rebuilt = replay(s for r in rows if (s := json.loads(r["data"]).get("set")))
    kept = town.alert(bad)
    assert _by_name(replace(rebuilt, entries=kept.entries, head=kept.head)) == _by_name(kept)


def test_a_claimed_alert_is_rebuilt_with_its_claim(town: Town) -> None:
    """Nobody loses what they had taken: the claim runs out at its own time (P6, P8)."""
    bad = town.press()
    town.commands.claim(bad, DOCTOR)
    town.change("UPDATE alerts SET kind = 'dragon' WHERE id = :a", a=bad)
    town.change("UPDATE tracks SET due_at = :t WHERE alert_id = :a", a=bad, t=NOON.isoformat(timespec="microseconds"))

    _run(town, lambda: town.count("tasks") == 1)

    assert "doctor-1" == town.alert(bad).tracks[0].claimant


def test_a_lost_plan_is_a_task(town: Town) -> None:
    """The alert runs by another plan, and somebody is told that its own is gone (P6)."""
    alert = town.press()
    town.change("UPDATE alerts SET plan = 'unknown-plan' WHERE id = :a", a=alert)
    town.clock.forward(60)

    _run(town, lambda: "street-1" in _asked(town, alert), lambda: town.count("tasks") == 1)

    assert ["plan:unknown-plan"] == [r["key"] for r in town.rows("SELECT key FROM tasks")]


def test_a_row_that_cannot_be_read_is_a_task_until_it_can(town: Town) -> None:
    """A team whose shifts nobody can read, a drill whose homes nobody can read: passed over; the operator is told
    once of each, until it is mended (P6)."""
    drill = Drills(town.ledger, town.clock).open(Scope("driller", "drill"), "evening", ["home-1"], 10)["id"]
    (kept,) = town.rows("SELECT shifts FROM teams WHERE id = 'doctors-n'")
    shifts = kept["shifts"] if isinstance(kept["shifts"], str) else json.dumps(kept["shifts"])
    harm = "UPDATE teams SET shifts = :s WHERE id = 'doctors-n'"

    def put(value: str) -> None:
        town.change(harm, s=value)
        with town.ledger.transaction() as tx:
            touch(tx)

    def tasks() -> list[tuple[str, bool]]:
        return [(r["key"], r["done_at"] is None) for r in town.rows("SELECT key, done_at FROM tasks ORDER BY key")]

    keys = [f"unread:drills:{drill}", "unread:teams:doctors-n"]
    put("[7]")
    town.change("UPDATE drills SET homes = '7'")
    _run(town, lambda: tasks() == [(key, True) for key in keys])
    put(shifts)
    town.change("""UPDATE drills SET homes = '["home-1"]'""")

    _run(town, lambda: tasks() == [(key, False) for key in keys])


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE homes SET address = '[[' WHERE id = 'home-1'",
        "UPDATE outbox SET fallbacks = '7' WHERE alert_id = :a",
        "UPDATE outbox SET about = '[1]' WHERE alert_id = :a",
        "UPDATE teams SET shifts = '{}' WHERE id = 'doctors-n'",
        "UPDATE teams SET shifts = '[{}]' WHERE id = 'doctors-n'",
    ],
    ids=["address", "fallbacks", "about", "shifts are no list", "a shift without hours"],
)
def test_a_poisoned_row_beside_the_alert_stops_no_call(town: Town, harm: str) -> None:
    """The neighbour's telephone rings, and somebody is asked for the home itself (P5, P6)."""
    if "[[" in harm and not town.ledger.sqlite:
        pytest.skip("PostgreSQL holds no broken JSON")
    bad, _ = town.press("dev-0001"), town.press("dev-0002")
    town.change(harm, **({"a": bad} if ":a" in harm else {}))
    town.change("UPDATE meta SET value = 'changed' WHERE key = 'register'")
    town.deliver()
    town.forward(60)
    town.deliver()

    asked = {(x.alert_id == bad, x.responder_id) for phone in town.phones.values() for x in phone.letters}
    assert (False, "doctor-2") in asked
    assert (True, "street-1") in asked
