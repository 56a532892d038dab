"""The seat on a real ledger: tasks by urgency, a code that is asked for, callers who are found, what a close leaves."""

import pytest

from domain.errors import Forbidden, NotFound
from domain.people import Scope
from domain.tasks import Task, TaskKind
from store.finding import Finder
from store.seat import Seat
from store.tasks import open_tasks
from tests.town import DISPATCHER, NOON, OFFICE, SUPERVISOR, Town

WIDE = Scope("desk", "dispatcher")
FAR = Scope("far", "dispatcher", ("310105999",))
AUDITOR = Scope("audit", "auditor")


@pytest.fixture
def seat(town: Town) -> Seat:
    """The desk of the town."""
    return Seat(town.ledger, town.clock)


@pytest.fixture
def finder(town: Town) -> Finder:
    """Who looks for callers."""
    return Finder(town.ledger, town.clock)


def _reads(town: Town) -> list[tuple[str, str, str]]:
    return [(r["what"], r["subject"], r["reason"]) for r in town.rows("SELECT * FROM read_audit ORDER BY id")]


def test_the_most_urgent_task_stands_first(town: Town, seat: Seat) -> None:
    """120 by hand before everything, with the address of its alert; a follow-up last."""
    id = town.press("dev-0001")
    with town.ledger.transaction() as tx:
        open_tasks(tx, [
            Task("f", TaskKind.FOLLOW_UP, NOON, alert=id), Task("c", TaskKind.COVERAGE, NOON),
            Task(f"dial_120:{id}", TaskKind.DIAL_120, NOON, alert=id),
        ])  # fmt: skip
    found = seat.aside(WIDE)

    assert ["dial_120", "coverage", "follow_up"] == [task["kind"] for task in found.tasks]
    assert "示例路1号" == found.tasks[0]["home"]["address"]["text"]
    assert {"dial_120": 1, "coverage": 1, "follow_up": 1} == found.counts


def test_a_code_is_written_down_before_it_is_shown(town: Town, seat: Seat) -> None:
    """Who saw it, of which home, for which alert; other streets and the auditor never see it."""
    id = town.press("dev-0001")
    code = seat.reveal(WIDE, id)

    assert "2580#" == code
    assert [("door code", "home-1", f"alert {id}")] == _reads(town)
    with pytest.raises(NotFound):
        seat.reveal(FAR, id)
    with pytest.raises(Forbidden):
        seat.reveal(AUDITOR, id)


def test_a_sound_that_is_not_heard_is_work(town: Town, seat: Seat) -> None:
    """P37: asked until answered in this shift; "not heard" stands as a task until it is heard."""
    before = seat.wants_sound_test(WIDE)
    seat.sound_tested(WIDE, heard=False)
    wrong = seat.aside(WIDE).counts
    seat.sound_tested(WIDE, heard=True)

    assert (True, False) == (before, seat.wants_sound_test(WIDE))
    assert ({"operator": 1}, {}) == (wrong, seat.aside(WIDE).counts)


CALLERS = [
    ("021 5000 0001", "phone"), ("+862150000001", "phone"), ("老人1", "name"), ("示例路 1 号", "address"),
    ("HOME-1", "id"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "by"), CALLERS)
def test_a_caller_is_found(town: Town, finder: Finder, said: str, by: str) -> None:
    """By number however it is written, by name, by address, by id; the search itself is written down."""
    found = finder.find(WIDE, said).homes

    assert ("home-1", by) == (found[0]["id"], found[0]["by"])
    assert [("search for a home", "home-1", "raise by hand")] == [
        (what, "home-1" if "home-1" in subject else subject, reason) for what, subject, reason in _reads(town)
    ]


def test_nobody_is_found_elsewhere(town: Town, finder: Finder) -> None:
    """Not in other streets, not for an auditor, not for one letter."""
    assert [[], []] == [finder.find(FAR, "老人1").homes, finder.find(WIDE, "老").homes]
    with pytest.raises(Forbidden):
        finder.find(AUDITOR, "老人1")


def test_an_open_alert_is_shown_with_the_home(town: Town, finder: Finder) -> None:
    """Who telephones about what is known already is led to it."""
    id = town.press("dev-0001")

    assert [id] == [home["alert"] for home in finder.find(WIDE, "老人1").homes]


def test_a_close_leaves_a_task(town: Town, seat: Seat) -> None:
    """In the same transaction: no alert ends without somebody asking next day (R2)."""
    id = town.press("dev-0001")
    town.commands.close(id, SUPERVISOR, "treated_home", None, None)

    assert {"follow_up": 1} == seat.aside(WIDE).counts


def test_an_alert_that_was_closed_too_soon(town: Town) -> None:
    """A new one of the same kind for the same home, linked, called from the start; the closed one never changes."""
    id = town.press("dev-0001")
    town.commands.close(id, SUPERVISOR, "accidental", None, None)
    before = town.alert(id)
    again = town.commands.reopen(id, DISPATCHER, "她又按了")

    assert (id, "sos", "home-1") == (again.previous, again.kind.value, again.subject.home)
    assert again.open
    assert before == town.alert(id)
    with pytest.raises(Forbidden):
        town.commands.reopen(id, OFFICE)
