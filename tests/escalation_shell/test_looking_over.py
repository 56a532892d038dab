"""The whole ledger looked over: what was written stays provable, and what was tampered with is named."""

from datetime import timedelta

import pytest

from escalation.looking_over import look_over
from tests.town import DOCTOR, NOON, Town

TOMORROW = NOON + timedelta(days=2)


@pytest.fixture
def alert(town: Town) -> str:
    """An alert with a note, claimed and closed; another one that is still open."""
    id = town.press("dev-0001")
    town.commands.claim(id, DOCTOR)
    town.commands.note(id, DOCTOR, "门锁着")
    town.commands.close(id, DOCTOR, "accidental")
    town.press("dev-0002")
    return id


def test_what_was_written_is_whole(town: Town, alert: str) -> None:
    """Both alerts, all entries; the day is signed once it is over, and only once."""
    first, then, again = (look_over(town.ledger, now) for now in (NOON, TOMORROW, TOMORROW))

    assert (True, 2, town.count("timeline")) == (first.whole, first.alerts, first.entries)
    assert ([], [NOON.date()], []) == (first.signed, then.signed, again.signed)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE timeline SET by = 'x' WHERE alert_id = :a AND seq = 2", "the chain of hashes breaks at entry 2"),
        ("DELETE FROM timeline WHERE alert_id = :a AND type = 'closed'", "entries: stored"),
        ("UPDATE alerts SET outcome = 'treated_home' WHERE id = :a", "outcome: stored treated_home, told accidental"),
        ("UPDATE timeline SET data = '{' WHERE alert_id = :a AND seq = 1", "cannot be read"),
    ],
)
def test_what_was_changed_is_named(town: Town, alert: str, change: str, expected: str) -> None:
    """Which alert and what; the other one is still whole, and nothing is signed."""
    town.change(change, a=alert)

    found = look_over(town.ledger, TOMORROW)

    assert {alert} == {where for where, _ in found.wrong}
    assert any(what.startswith(expected) for _, what in found.wrong)
    assert [] == found.signed


def test_a_whole_alert_that_is_gone_is_found_by_its_day(town: Town, alert: str) -> None:
    """Rows, tracks and story taken away together leave no chain that breaks, but the day's head is signed."""
    look_over(town.ledger, TOMORROW)
    town.change("DELETE FROM attempts WHERE key IN (SELECT key FROM outbox WHERE alert_id = :a)", a=alert)
    for table in ("outbox", "timeline", "tracks"):
        town.change(f"DELETE FROM {table} WHERE alert_id = :a", a=alert)
    town.change("UPDATE inbox SET alert_id = NULL WHERE alert_id = :a", a=alert)
    town.change("DELETE FROM alerts WHERE id = :a", a=alert)

    found = look_over(town.ledger, TOMORROW)

    assert [str(NOON.date())] == [where for where, _ in found.wrong]


def test_a_head_signed_without_the_key_is_no_head(town: Town, alert: str) -> None:
    """Whoever rewrites a day and its head has no key to sign it with."""
    look_over(town.ledger, TOMORROW)
    town.change("UPDATE meta SET value = substr(value, 1, 64) || ' 00' WHERE key LIKE 'day_head%'")

    assert [str(NOON.date())] == [where for where, _ in look_over(town.ledger, TOMORROW).wrong]
