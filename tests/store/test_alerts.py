"""The ledger of alerts: what was decided comes back the same, stale decisions are refused, the chain tells of harm."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.alerts import Entry
from domain.errors import LedgerCollision
from escalation.stage import apply
from store import alerts
from store.alerts import Change, chain_hash
from tests.town import DISPATCHER, NOON, Town


def _verify(town: Town, alert: str) -> bool:
    """Fold the whole chain and compare it with what the alert says its head is."""
    head = ""
    with town.ledger.reading() as tx:
        rows = alerts.timeline(tx, alert)
        kept = alerts.peek(tx, alert)
    for row in rows:
        head = chain_hash(head, row)
        if head != row["hash"]:
            return False
    return kept is not None and (kept.head, kept.entries) == (head, len(rows))


def _eventful(town: Town) -> str:
    alert = town.press()
    town.forward(60)
    town.commands.note(alert, DISPATCHER, "邻居说听到摔倒的声音")
    town.commands.claim(alert, DISPATCHER)
    town.commands.close(alert, DISPATCHER, "treated_home", note="well")
    return alert


def test_what_was_kept_comes_back_the_same(town: Town) -> None:
    """Every field, through both databases."""
    alert = town.press()
    town.forward(60)
    town.commands.claim(alert, DISPATCHER)
    before = town.alert(alert)

    with town.ledger.transaction() as tx:
        (kept,) = alerts.save(tx, [Change(before, replace(before, version=before.version + 1), [])])

    assert replace(before, version=before.version + 1) == kept == town.alert(alert)


@pytest.mark.parametrize("many", [False, True], ids=["one", "among others"])
def test_a_stale_decision_is_refused(town: Town, many: bool) -> None:
    """Somebody decided meanwhile: read again (version is the guard, invariant 4); nothing of the batch is kept."""
    stale = town.alert(town.press("dev-0001"))
    other = town.alert(town.press("dev-0002"))
    town.press("dev-0001")
    changes = [Change(stale, replace(stale, signals=99, version=stale.version + 1), [])]
    if many:
        changes.append(Change(other, replace(other, signals=99, version=other.version + 1), []))

    with pytest.raises(LedgerCollision), town.ledger.transaction() as tx:
        alerts.save(tx, changes)

    assert 0 == town.count("alerts", "signals = 99")


def test_the_chain_of_an_alert_verifies(town: Town) -> None:
    """From the first entry to the head that the alert carries."""
    assert _verify(town, _eventful(town))


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE timeline SET type = 'noted' WHERE alert_id = :a AND seq = 2",
        "UPDATE timeline SET \"by\" = 'nobody' WHERE alert_id = :a AND seq = 2",
        "UPDATE timeline SET data = '{}' WHERE alert_id = :a AND seq = 1",
        "UPDATE timeline SET note = NULL WHERE alert_id = :a AND note IS NOT NULL",
        "UPDATE timeline SET hash = 'x' WHERE alert_id = :a AND seq = 3",
        "UPDATE timeline SET at = (SELECT max(at) FROM timeline) WHERE alert_id = :a AND seq = 1",
        "DELETE FROM timeline WHERE alert_id = :a AND seq = 2",
        "DELETE FROM timeline WHERE alert_id = :a AND seq = (SELECT max(seq) FROM timeline)",
        "UPDATE alerts SET head = 'x' WHERE id = :a",
    ],
    ids=["type", "by", "data", "note", "hash", "time", "entry gone", "last entry gone", "head"],
)
def test_the_chain_tells_of_every_harm(town: Town, harm: str) -> None:
    """Whatever was changed behind our back."""
    alert = _eventful(town)

    town.change(harm, a=alert)

    assert not _verify(town, alert)


def test_two_swapped_entries_are_found_out(town: Town) -> None:
    """Order is part of the chain."""
    alert = _eventful(town)
    town.change("UPDATE timeline SET seq = 100 WHERE alert_id = :a AND seq = 2", a=alert)
    town.change("UPDATE timeline SET seq = 2 WHERE alert_id = :a AND seq = 3", a=alert)
    town.change("UPDATE timeline SET seq = 3 WHERE alert_id = :a AND seq = 100", a=alert)

    assert not _verify(town, alert)


def test_free_text_is_sealed(town: Town) -> None:
    """A note is ciphertext in the row and opens in its place."""
    alert = _eventful(town)

    (row,) = town.rows("SELECT seq, note FROM timeline WHERE type = 'note'")
    plain = town.ledger.sealer.open(row["note"], f"timeline.note|{alert}/{row['seq']}")
    assert "邻居说听到摔倒的声音" == plain.decode()
    assert plain not in bytes(row["note"])


def test_only_what_is_due_is_loaded(town: Town) -> None:
    """Oldest first, open alerts only, at most as many as asked for."""
    first, second, third = (town.press(d) for d in ("dev-0001", "dev-0002", "dev-0003"))
    town.commands.close(third, DISPATCHER, "accidental")

    with town.ledger.transaction() as tx:
        assert {} == alerts.due(tx, NOON, 10)
        assert {first, second} == set(alerts.due(tx, NOON + timedelta(seconds=60), 10))
        assert 1 == len(alerts.due(tx, NOON + timedelta(seconds=60), 1))
        assert NOON + timedelta(seconds=60) == alerts.next_due(tx)


def test_what_another_engine_holds_is_left_to_it(town: Town, open_ledger: Any) -> None:
    """Nobody waits for a locked alert; the others are decided (PostgreSQL)."""
    if town.ledger.sqlite:
        pytest.skip("SQLite has one writer at a time")
    held, free = town.press("dev-0001"), town.press("dev-0002")
    other = open_ledger(town.ledger.url)
    later = NOON + timedelta(seconds=60)

    with town.ledger.transaction() as tx, other.transaction() as second:
        alerts.load(tx, [held])

        assert {free} == set(alerts.due(second, later, 10))


def test_the_newest_time_of_a_decision_is_known(town: Town) -> None:
    """The engine's clock never starts before it."""
    with town.ledger.reading() as tx:
        assert alerts.newest_time(tx) is None
    town.press()
    town.forward(60)

    with town.ledger.reading() as tx:
        assert NOON + timedelta(seconds=60) == alerts.newest_time(tx)


def test_nothing_decided_writes_nothing(town: Town) -> None:
    """An empty stage is free."""
    with town.ledger.transaction() as tx:
        assert [] == alerts.save(tx, [])
        assert {} == apply(tx, town.standing, {}, [], NOON)


def test_entries_follow_one_another(town: Town) -> None:
    """Numbers without gaps, also when one decision writes several."""
    alert = town.press()
    before = town.alert(alert)
    after = replace(before, version=before.version + 1)
    with town.ledger.transaction() as tx:
        alerts.save(tx, [Change(before, after, [Entry("note", "x", NOON, {}, "a"), Entry("note", "x", NOON, {}, "b")])])

    seqs = [r["seq"] for r in town.rows("SELECT seq FROM timeline WHERE alert_id = :a ORDER BY seq", a=alert)]
    assert list(range(1, len(seqs) + 1)) == seqs
    assert _verify(town, alert)
