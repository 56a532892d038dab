"""Which homes could call for help now: every home is in exactly one state, and the number cannot be hidden."""

from datetime import timedelta

import pytest

from domain.errors import Forbidden, NotFound
from domain.people import Scope
from store import aways, faults
from store.protection import Protection
from tests.town import Town

CHIEF = Scope("chief", "supervisor")
SIGNED = (
    "INSERT INTO commissionings (home_id, opened_at, opened_by, proved, signed_at, signed_by) VALUES"
    " (:home, '2026-11-20T04:00:00.000000+00:00', 'x', '{}', '2026-11-20T04:00:00.000000+00:00', 'x')"
)


@pytest.fixture
def accepted(town: Town) -> Town:
    """Homes 1 to 3 were accepted by an installer and their buttons heard; home 4 was only imported."""
    for n in (1, 2, 3):
        town.change(SIGNED, home=f"home-{n}")
    town.intake.telemetry([town.event(f"dev-000{n}", "heartbeat", leaf="telemetry") for n in (1, 2, 3, 4)])
    return town


def protection(town: Town) -> Protection:
    """As a process that has just started."""
    return Protection(town.ledger, town.clock)


def test_every_home_is_in_one_state(accepted: Town) -> None:
    """Imported only: enrolled. Accepted: protected, until its buttons fall silent or nobody is there."""
    with accepted.ledger.transaction() as tx:
        faults.note(tx, ["dev-0002"], "silent", accepted.clock.now())
        aways.begin(tx, "home-3", "hospital", accepted.clock.now(), None, "x")

    page = protection(accepted).page(CHIEF)

    assert {"homes": 4, "unprotected": 3, "suspended": 1, "enrolled": 1, "silent": 1, "protected": 1} == {
        k: v for k, v in page.items() if isinstance(v, int)
    }
    assert [("home-2", "silent"), ("home-3", "suspended"), ("home-4", "enrolled")] == [
        (i["home"], i["state"]) for i in page["items"]
    ]
    assert {"north": (2, 1), "south": (2, 2)} == {
        street: (n["homes"], n["unprotected"]) for street, n in page["streets"].items()
    }


def test_a_button_that_never_spoke_protects_nobody(accepted: Town) -> None:
    """A signature without a device that was ever heard is no protection."""
    accepted.change("DELETE FROM device_states WHERE device_id = 'dev-0002'")

    assert ["home-2"] == [i["home"] for i in protection(accepted).page(CHIEF, "silent")["items"]]


def test_back_from_hospital_is_protected_again(accepted: Town) -> None:
    """The times away end by themselves or by a word."""
    shown = protection(accepted)
    with accepted.ledger.transaction() as tx:
        aways.begin(tx, "home-1", "away", accepted.clock.now(), accepted.clock.now() + timedelta(hours=1), "x")
    before = shown.counts(CHIEF)["suspended"]
    accepted.clock.forward(3601)

    assert (1, 0) == (before, shown.counts(CHIEF)["suspended"])


def test_a_home_that_has_ended_counts_nowhere(accepted: Town) -> None:
    """Nobody lives there any more; a press from there still raises an alert."""
    shown = protection(accepted)

    assert {"home": "home-1", "state": "ended"} == shown.end(CHIEF, "home-1")
    assert 3 == shown.page(CHIEF)["homes"]
    assert accepted.alert(accepted.press("dev-0001")).open
    assert {"home": "home-1", "state": "protected"} == shown.resume(CHIEF, "home-1")


def test_pages_and_streets(accepted: Town) -> None:
    """A street sees its own; a list goes on where it stopped; only a supervisor ends a home."""
    shown = protection(accepted)
    south = Scope("x", "street_office", ("south",))
    first = shown.page(CHIEF, "protected", limit=2)
    second = shown.page(CHIEF, "protected", 2, first["next_cursor"])

    assert ["home-1", "home-2", "home-3"] == [i["home"] for i in (*first["items"], *second["items"])]
    assert (2, ["south"]) == (shown.page(south)["homes"], list(shown.page(south)["streets"]))
    with pytest.raises(Forbidden):
        shown.end(south, "home-2")
    with pytest.raises(NotFound):
        shown.end(Scope("x", "supervisor", ("north",)), "home-2")
