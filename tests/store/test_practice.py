"""Practice homes on a real ledger: only where nothing but probes speaks is an alarm a drill."""

import pytest

from domain.events import Kind
from escalation.alarms import alarm
from store.practice import is_practice
from tests.town import NOON, Town, site


@pytest.fixture
def practice(town: Town) -> Town:
    """Home 8 has nothing but a probe, home 9 has nothing at all."""
    raw = site()
    raw["homes"].append({"id": "home-8", "street": "north", "devices": [{"id": "probe-008", "role": "probe"}]})
    raw["homes"].append({"id": "home-9", "street": "north"})
    town.settle_in(raw)
    return town


def test_only_a_home_of_probes_is_for_practice(practice: Town) -> None:
    """A home with a button beside a probe is somebody's, and so is one whose devices nobody has entered."""
    with practice.ledger.reading() as tx:
        found = {home: is_practice(tx, home) for home in ("home-1", "home-8", "home-9", "nowhere")}

    assert {"home-1": False, "home-8": True, "home-9": False, "nowhere": False} == found


def test_what_a_rule_raises_there_is_a_drill(practice: Town) -> None:
    """A missed check-in of a practice home tells everybody that it is a drill, and never reaches a real 120."""
    with practice.ledger.transaction() as tx:
        for home in ("home-1", "home-8"):
            alarm(tx, practice.standing, home, Kind.CHECKIN_MISSED, "checkin", {"day": "2026-11-20"}, NOON)

    raised = {row["home_id"]: bool(row["drill"]) for row in practice.rows("SELECT home_id, drill FROM alerts")}
    assert {"home-1": False, "home-8": True} == raised
