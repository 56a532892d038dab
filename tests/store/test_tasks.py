"""Tasks: opened once, done by somebody, opened again when it is wrong again."""

from dataclasses import replace

import pytest

from domain.errors import NotFound, Refused
from domain.people import Scope
from domain.tasks import Task, TaskKind
from store.notes import LOST
from store.tasks import Tasks, open_tasks, reopen_tasks, settle_tasks, waiting
from tests.town import Town

DESK = Scope("desk", "dispatcher")


def fault(town: Town, street: str | None = None) -> Task:
    return Task("fault:b-1", TaskKind.DEVICE_FAULT, town.clock.now(), street=street, device="b-1", data={"pct": 3})


def test_the_same_task_opened_twice_is_one(town: Town) -> None:
    """A natural key makes repeats harmless."""
    for _ in range(2):
        with town.ledger.transaction() as tx:
            open_tasks(tx, [fault(town)])

    page = Tasks(town.ledger, town.clock).page(DESK)

    assert [("fault:b-1", "device_fault", {"pct": 3})] == [(t["key"], t["kind"], t["data"]) for t in page["items"]]


def test_done_says_who_and_what(town: Town) -> None:
    """A task leaves the open list with a person and a result; a second person hears that it is done."""
    tasks = Tasks(town.ledger, town.clock)
    with town.ledger.transaction() as tx:
        open_tasks(tx, [fault(town)])

    done = tasks.finish(DESK, "fault:b-1", "battery changed", "换了电池")

    assert ("desk", "battery changed", "换了电池") == (done["done_by"], done["result"], done["note"])
    assert [] == tasks.page(DESK)["items"]
    assert ["fault:b-1"] == [t["key"] for t in tasks.page(DESK, "done")["items"]]
    with pytest.raises(Refused, match="done already, by desk"):
        tasks.finish(DESK, "fault:b-1", "again")


@pytest.mark.parametrize(("closed_by", "refused"), [("desk", True), ("doctor-1", True), ("desk-2", False)])
def test_nobody_reviews_the_own_close(town: Town, closed_by: str, refused: bool) -> None:
    """A red alert closed as accidental is looked at by another log-in, also when one acts as a linked responder."""
    tasks, scope = Tasks(town.ledger, town.clock), replace(DESK, responder="doctor-1")
    review = Task("review:A1", TaskKind.REVIEW, town.clock.now(), data={"closed_by": closed_by})
    with town.ledger.transaction() as tx:
        open_tasks(tx, [review])

    if refused:
        with pytest.raises(Refused, match="another log-in must look at it"):
            tasks.finish(scope, "review:A1", "seen")
    else:
        assert "seen" == tasks.finish(scope, "review:A1", "seen")["result"]


def test_a_damaged_note_hides_no_task(town: Town) -> None:
    """The list of what was done is shown whole, the note with a word that it cannot be read (P6)."""
    tasks = Tasks(town.ledger, town.clock)
    with town.ledger.transaction() as tx:
        open_tasks(tx, [fault(town)])
    tasks.finish(DESK, "fault:b-1", "battery changed", "换了电池")
    town.change("UPDATE tasks SET note = :x", x=b"\x01" + b"damaged" * 8)

    assert [LOST] == [task["note"] for task in tasks.page(DESK, "done")["items"]]


def test_what_is_wrong_again_is_open_again(town: Town) -> None:
    """A cause that went and came back is to do again; one that never went is not touched."""
    with town.ledger.transaction() as tx:
        open_tasks(tx, [fault(town)])
        settle_tasks(tx, ["fault:b-1"], town.clock.now(), "spoke again")
        gone = waiting(tx, [TaskKind.DEVICE_FAULT])
        reopen_tasks(tx, [fault(town)])
        reopen_tasks(tx, [replace(fault(town), device="other")])
        back = waiting(tx, [TaskKind.DEVICE_FAULT])

    assert ([], ["fault:b-1"]) == (gone, back)
    assert ["b-1"] == [t["device_id"] for t in Tasks(town.ledger, town.clock).page(DESK)["items"]]


def test_another_street_is_not_seen(town: Town) -> None:
    """Lists and answers keep to the log-in's streets."""
    tasks = Tasks(town.ledger, town.clock)
    with town.ledger.transaction() as tx:
        open_tasks(tx, [fault(town, "310105001")])
    elsewhere = Scope("other", "dispatcher", ("999",))

    assert [] == tasks.page(elsewhere)["items"]
    with pytest.raises(NotFound):
        tasks.finish(elsewhere, "fault:b-1", "x")
