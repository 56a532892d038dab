"""The database itself refuses what must never be: invariants 1, 2, 9, 10 and 16, by raw SQL."""

import pytest
import sqlalchemy as sa

from domain.errors import LedgerCollision
from tests.town import DISPATCHER, DOCTOR, Town

CALLING = "state = 'calling'"
_TRACK = "UPDATE tracks SET {} WHERE alert_id = :a"
_ALERT = "UPDATE alerts SET {} WHERE id = :a"
_OUTBOX = "UPDATE outbox SET {} WHERE alert_id = :a"

OPEN_REFUSALS = {
    "calling without a next look (1)": _TRACK.format("next_at = NULL"),
    "calling without a timer (1)": _TRACK.format("due_at = NULL"),
    "calling and claimed (1)": _TRACK.format("claimant = 'doctor-1'"),
    "claimed by nobody (1)": _TRACK.format("state = 'claimed', next_at = NULL, claim_until = due_at"),
    "claimed without an end (1)": _TRACK.format("state = 'claimed', next_at = NULL, claimant = 'doctor-1'"),
    "stood down with a timer (2)": _TRACK.format("state = 'stood_down', next_at = NULL"),
    "a state of its own": _TRACK.format("state = 'asleep'"),
    "a severity of its own": _ALERT.format("severity = 'mild'"),
    "closed without an outcome (2)": _ALERT.format("state = 'closed', closed_at = raised_at, closed_by = 'x'"),
    "closed by nobody (2)": _ALERT.format("state = 'closed', closed_at = raised_at, outcome = 'test'"),
    "closed without a time (2)": _ALERT.format("state = 'closed', closed_by = 'x', outcome = 'test'"),
    "an outcome while open (2)": _ALERT.format("outcome = 'test', closed_by = 'x', closed_at = raised_at"),
    "closed while a track calls (2)": _ALERT.format(
        "state = 'closed', closed_by = 'x', closed_at = raised_at, outcome = 'test'"
    ),
    "an outcome not in the list": _ALERT.format(
        "state = 'closed', closed_by = 'x', closed_at = raised_at, outcome = 'bored'"
    ),
    "a lease without an end (10)": _OUTBOX.format("status = 'leased', lease_owner = 'me'"),
    "a lease of nobody (10)": _OUTBOX.format("status = 'leased', lease_until = created_at"),
    "an end on a row that is not leased (10)": _OUTBOX.format("lease_owner = 'me', lease_until = created_at"),
    "finished without a time (10)": _OUTBOX.format("status = 'accepted'"),
    "a time on a row that is not finished (10)": _OUTBOX.format("finished_at = created_at"),
    "a status of its own": _OUTBOX.format("status = 'lost'"),
    "a track without its alert": _TRACK.format("alert_id = 'nobody'"),
}


@pytest.mark.parametrize("statement", OPEN_REFUSALS.values(), ids=OPEN_REFUSALS.keys())
def test_an_open_alert_cannot_be_bent(town: Town, statement: str) -> None:
    """Whoever writes past the code meets the constraint."""
    alert = town.press()

    with pytest.raises(LedgerCollision):
        town.change(statement, a=alert)


def test_a_closed_alert_cannot_call_again(town: Town) -> None:
    """Closed means: all tracks stood down and no timer anywhere (invariant 2)."""
    alert = town.press()
    town.commands.close(alert, DISPATCHER, "accidental")

    with pytest.raises(LedgerCollision):
        town.change(_TRACK.format("state = 'calling', next_at = started_at, due_at = started_at"), a=alert)


def test_a_claimed_track_has_no_next_call(town: Town) -> None:
    """Claimed and calling exclude each other (invariant 1)."""
    alert = town.press()
    town.commands.claim(alert, DOCTOR)

    with pytest.raises(LedgerCollision):
        town.change(_TRACK.format("next_at = claim_until"), a=alert)


def test_a_home_has_one_open_alert(town: Town) -> None:
    """At most one open alert per subject and drill flag (invariant 16)."""
    town.press("dev-0001")
    other = town.press("dev-0003")

    with pytest.raises(LedgerCollision):
        town.change("UPDATE alerts SET subject = 'home:home-1' WHERE id = :a", a=other)


def test_a_drill_stands_beside_a_real_alert(town: Town) -> None:
    """The drill flag is part of the key: a real press is never swallowed by a drill (invariants 15, 16)."""
    drill = town.press("probe-001", drill=True)
    real = town.press("dev-0001")

    assert drill != real
    assert 2 == town.count("alerts", "subject = 'home:home-1' AND state = 'open'")


def test_a_contact_is_in_the_outbox_once(town: Town) -> None:
    """Keys are unique (invariant 9)."""
    town.press()
    columns = ", ".join(town.outbox()[0])

    with pytest.raises(LedgerCollision):
        town.change(f"INSERT INTO outbox ({columns}) SELECT {columns} FROM outbox")


def test_a_message_is_in_the_inbox_once(town: Town) -> None:
    """Device and event id are the natural key."""
    town.press()
    columns = [c for c in town.rows("SELECT * FROM inbox")[0] if c != "id"]

    with pytest.raises(LedgerCollision):
        town.change(f"INSERT INTO inbox (id, {', '.join(columns)}) SELECT 'other', {', '.join(columns)} FROM inbox")


def test_an_entry_is_in_the_timeline_once(town: Town) -> None:
    """Two writers of one alert cannot both write entry 1."""
    town.press()
    columns = ", ".join(town.rows("SELECT * FROM timeline")[0])

    with pytest.raises(LedgerCollision):
        town.change(f"INSERT INTO timeline ({columns}) SELECT {columns} FROM timeline")


def test_the_constraints_of_the_code_are_those_of_the_database(town: Town) -> None:
    """Migrations do not compare CHECKs by themselves: each one that the code names is there."""
    from store.indexes import metadata

    with town.ledger.reading() as tx:
        inspector = sa.inspect(tx.connection)
        for table in metadata.sorted_tables:
            expected = {str(c.name) for c in table.constraints if isinstance(c, sa.CheckConstraint)}
            found = {str(c["name"]) for c in inspector.get_check_constraints(table.name)}

            assert expected == found, table.name
