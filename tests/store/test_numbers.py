"""Telephone numbers are found by keyed marks, kept by every write of the register; nothing is in the clear."""

import json

import pytest
import sqlalchemy as sa

from domain.people import Scope
from store import finding, numbers, schema
from store.finding import Finder
from store.meta import META
from store.register import Register
from store.site import parse_site
from tests.town import Town

EVERYWHERE = Scope("desk", "dispatcher", (), None)


def _home(id: str, phone: str, kin: str, street: str = "north") -> bytes:
    resident = {"id": f"{id}-r", "name": "某某", "phones": [phone], "contacts": [{"name": "女儿", "phone": kin}]}
    home = {"id": id, "street": street, "category": "lives_alone", "address": {"text": "示例路 9 号"},
            "residents": [resident], "devices": []}  # fmt: skip
    return json.dumps({"streets": [{"code": street, "name": "N"}], "homes": [home]}).encode()


def _load(town: Town, *said: str) -> None:
    Register(town.ledger).load(parse_site(_home(*said), "site.json"))


def _with(town: Town, number: str, *streets: str) -> list[str]:
    with town.ledger.reading() as tx:
        return numbers.homes_with(tx, number, streets, 12)


def test_a_number_leads_home_however_it_is_written(town: Town) -> None:
    """With country code, without, with blanks; the contact's too; only within the reader's streets."""
    _load(town, "home-9", "+8621 5555 0009", "138 0000 0009")

    assert ["home-9"] == _with(town, "02155550009")
    assert ["home-9"] == _with(town, "+8613800000009", "north")
    assert [] == _with(town, "+8613800000009", "south")
    with town.ledger.reading() as tx:
        assert "55550009" not in str(tx.execute(sa.select(numbers.MARKS)).all())


def test_an_edited_card_forgets_the_old_number(town: Town) -> None:
    """Who moved or changed the number is found by the new one alone."""
    _load(town, "home-9", "+862155550009", "")
    _load(town, "home-9", "+862155550010", "")

    assert ([], ["home-9"]) == (_with(town, "55550009"), _with(town, "55550010"))


def test_an_older_ledger_is_read_once(town: Town) -> None:
    """Cards written before there were marks are found before (by opening them) and after the next start."""
    _load(town, "home-9", "+862155550009", "")
    with town.ledger.transaction() as tx:
        tx.execute(sa.delete(numbers.MARKS))
        tx.execute(sa.delete(META).where(META.c.key == "phone_marks"))
    finder = Finder(town.ledger, town.clock)

    before = [home["id"] for home in finder.find(EVERYWHERE, "021 5555 0009").homes]
    schema.upgrade(town.ledger)

    assert (["home-9"], ["home-9"]) == (before, _with(town, "55550009"))


def test_a_name_is_looked_for_in_bounded_time(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is over, what was found is shown, and that it is not all."""
    monkeypatch.setattr(finding, "_BATCH", 1)
    for number in range(3):
        _load(town, f"a-home-{number}", "+862155550009", "")

    hasty = Finder(town.ledger, town.clock, patience=-1.0).find(EVERYWHERE, "某某")
    patient = Finder(town.ledger, town.clock).find(EVERYWHERE, "某某")

    assert (1, False) == (len(hasty.homes), hasty.whole)
    assert (3, True) == (len(patient.homes), patient.whole)
