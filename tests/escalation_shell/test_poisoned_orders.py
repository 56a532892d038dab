"""A row that nobody can read, in any table that every decision looks into, costs no press its call (P6)."""

import pytest
import sqlalchemy as sa

from escalation.looking import Looking
from escalation.reconciler import Reconciler
from store.register import touch
from tests.town import DISPATCHER, NOON, Town

AT, NEVER = NOON.isoformat(), "9999-01-01T00:00:00+00:00"
ROWS = {
    "an installer's window": "insert into commissionings(home_id, opened_at, opened_by, proved)"
    " values ('home-1', 'garbage', 'x', '{}')",
    "an absence": "insert into duty_history(at, \"by\", kind, subject, value)"
    f" values ('{AT}', 'x', 'absence', 'a', '?!')",
    "when duty changed": "insert into duty_history(at, \"by\", kind, subject, value)"
    " values ('zzz', 'x', 'absence', 'a', null)",
    "a plan's text": "insert into plans(version, text, approved_by, effective_from, approved_at)"
    f" values ('zz', 'garbage', 'x', '{AT}', '{AT}')",
    "a plan's date": "insert into plans(version, text, approved_by, effective_from, approved_at)"
    " values ('zz', 'garbage', 'x', 'garbage', 'garbage')",
    "a drill's homes": "insert into drills(id, name, homes, opened_at, opened_by, closes_at)"
    f" values ('d', 'x', 'garbage', '{AT}', 'x', '{NEVER}')",
    "who wants no messages": "insert into stopped_contacts(responder_id, channel, address, at, why)"
    " values ('doctor-1', 'voice', 'x', 'garbage', 'x')",
    "a team": "update teams set shifts = 'garbage' where id = (select min(id) from teams)",
}


# PostgreSQL's columns are typed: such values do not get in there
@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("known", [True, False], ids=["running", "just started"])
@pytest.mark.parametrize("what", ROWS)
def test_a_row_that_nobody_can_read_costs_no_press_its_call(town: Town, what: str, known: bool) -> None:
    """Whoever is left is called at once, also with the word "drill" in the press; the bad row is logged."""
    if known:
        with town.ledger.reading() as tx:
            town.standing.roster(tx)
    with town.ledger.transaction() as tx:
        tx.execute(sa.text(ROWS[what]))
        touch(tx)

    alert = town.press(drill=True)

    assert town.alert(alert).open
    with town.ledger.reading() as tx:
        assert tx.execute(sa.text("select count(*) from outbox")).scalar()


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("word", ["accepted", "completed"])
def test_an_attempt_whose_moment_nobody_can_read_costs_nobody_a_call(town: Town, word: str) -> None:
    """Neither the next call to that telephone, nor what is asked of the provider about all others (P6)."""
    alert = town.press("dev-0001")
    town.deliver()
    town.change(f"UPDATE attempts SET started_at = 'garbage', status = '{word}'")
    looking = Looking(town.ledger, town.standing, town.clock)
    town.clock.forward(1)
    town.commands.close(alert, DISPATCHER, "accidental")

    again = town.press("dev-0003")
    town.deliver()
    Reconciler(town.ledger, town.standing, town.clock, dict(town.phones), town.callbacks).turn()

    assert again == town.phones["voice"].letters[-1].alert_id
    assert [] == list(looking.spent(town.phones["voice"].letters[0]))
