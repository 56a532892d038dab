"""Commissioning: a home is protected after everything was tried, and not before."""

import pytest

from domain.errors import Forbidden, NotFound, Refused
from domain.people import Scope
from store.commissioning import Commissioning, commissioned
from tests.town import Town

INSTALLER = Scope("installer", "street_office")


def _commissioned(town: Town) -> dict[str, frozenset[str]]:
    with town.ledger.reading() as tx:
        return commissioned(tx)


def test_a_home_is_signed_after_each_device_was_heard(town: Town) -> None:
    """Every missing piece is named at once; what was heard before the installer began does not count."""
    work = Commissioning(town.ledger, town.clock)
    town.press("dev-0001")
    town.clock.forward(60)
    work.start(INSTALLER, "home-1")
    with pytest.raises(Refused) as early:
        work.sign(INSTALLER, "home-1")

    town.press("dev-0001")
    town.say(town.event("band-0001", "sos"), town.event("probe-001", "heartbeat", leaf="telemetry"))
    town.say(town.event("door-0001", "tamper"))
    done = work.sign(INSTALLER, "home-1")

    assert all(name in str(early.value) for name in ("dev-0001", "band-0001", "probe-001", "door-0001"))
    assert (True, "installer", []) == (done["protected"], done["signed_by"], done["missing"])
    assert {"home-1": {"dev-0001", "band-0001", "probe-001", "door-0001"}} == _commissioned(town)


def test_an_installers_press_is_a_drill(town: Town) -> None:
    """While it is tried, a home's press rings nobody in earnest; after half an hour, and elsewhere, it is real."""
    Commissioning(town.ledger, town.clock).start(INSTALLER, "home-2")

    during, elsewhere = town.press("dev-0002"), town.press("dev-0004")
    town.clock.forward(31 * 60)
    after = town.press("dev-0002")

    assert [True, False, False] == [town.alert(id).drill for id in (during, elsewhere, after)]


def test_contacts_are_proved_by_name(town: Town) -> None:
    """Only contacts that the cards name can be proved; a home whose contacts were not reached is not signed."""
    raw = {
        "homes": [{
            "id": "home-9", "street": "north", "access": {"key_holders": ["doctor-1"]},
            "residents": [{"id": "resident-9", "name": "老人九", "contacts": [{"name": "女儿", "phone": "+8521"}]}],
            "devices": [{"id": "dev-0009", "secret": "change-me-9"}],
        }],
    }  # fmt: skip
    town.settle_in(raw)
    work = Commissioning(town.ledger, town.clock)
    work.start(INSTALLER, "home-9")
    town.press("dev-0009")

    with pytest.raises(Refused, match="resident-9:contact:0"):
        work.prove(INSTALLER, "home-9", "nobody")
    work.prove(INSTALLER, "home-9", "resident-9:contact:0")
    with pytest.raises(Refused, match="key_holder:doctor-1: call"):
        work.sign(INSTALLER, "home-9")
    work.prove(INSTALLER, "home-9", "key_holder:doctor-1")

    assert work.sign(INSTALLER, "home-9")["protected"]


def test_only_who_may(town: Town) -> None:
    """An auditor looks at other lists; a stranger's street is not there; nothing is signed that was not begun."""
    work = Commissioning(town.ledger, town.clock)

    with pytest.raises(Forbidden):
        work.start(Scope("a", "auditor"), "home-1")
    with pytest.raises(NotFound):
        work.start(Scope("b", "dispatcher", ("south",)), "home-1")
    with pytest.raises(Refused, match="start the commissioning first"):
        work.sign(INSTALLER, "home-1")
