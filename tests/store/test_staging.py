"""A large import on SQLite: laid out first, then taken over at once; nobody waits meanwhile, and nothing differs."""

import json
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from domain.errors import ConfigurationError
from store import register, staging
from store.ledger import Tx
from store.register import Register
from store.site import parse_site
from tests.town import Town, site

_TABLES = ("homes", "residents", "devices", "hubs", "phone_marks", "responders", "teams", "streets")
_KEPT = "SELECT checkin_since, secret_hash FROM homes JOIN devices ON home_id = homes.id ORDER BY devices.id"


def imported(town: Town, raw: dict[str, Any], **how: Any) -> None:
    """Take it in."""
    Register(town.ledger).load(parse_site(json.dumps(raw).encode()), **how)


def held(town: Town) -> dict[str, list[dict[str, Any]]]:
    """All that the register holds; what is sealed anew each time is left out."""
    drawn = ("access", "card", "contacts", "secret_hash", "checkin_since", "mark")
    rows = {table: town.rows(f"SELECT * FROM {table}") for table in _TABLES}
    plain = {t: [{k: v for k, v in row.items() if k not in drawn} for row in found] for t, found in rows.items()}
    return {table: sorted(found, key=str) for table, found in plain.items()}


def cards(town: Town) -> Any:
    """What the sealed cards say."""
    with town.ledger.reading() as tx:
        return register.residents_of(tx, [f"home-{n}" for n in range(1, 5)]), register.home_of(tx, "home-1")


def full() -> dict[str, Any]:
    """A town in which nothing is left out."""
    raw = site()
    raw["homes"][0] |= {
        "checkin": {"by": "09:30", "window_opens": "05:00"}, "location": {"lat": 31.2, "lon": 121.4, "crs": "WGS84"},
        "choices": {"fall": {"ask_first_s": 20, "agreed_by": "family"}},
    }  # fmt: skip
    raw["hubs"] = [{"id": "hub-0001", "dialect": "z2m", "site": "site-1", "secret": "s" * 24}]
    return raw


def test_both_ways_write_the_same(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns, types, cards, marks; and again over itself, without secrets, which stay as they were."""
    imported(town, full())
    plainly, said = held(town), cards(town)
    since = town.rows(_KEPT)
    monkeypatch.setattr(register, "MANY", 1)
    raw = full()
    for home in raw["homes"]:
        for device in home["devices"]:
            device.pop("secret", None)
    imported(town, raw)
    over = held(town), cards(town)
    after = town.rows(_KEPT)
    for table in ("homes", "residents", "devices", "hubs", "phone_marks"):
        town.change(f"DELETE FROM {table}")
    imported(town, full())

    assert (plainly, said[0]) == (over[0], over[1][0])
    assert (plainly, said[0]) == (held(town), cards(town)[0])
    assert since == after


def test_what_is_refused_at_the_end_leaves_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole or nothing: also when it was only tried, and when a name in it leads nowhere."""
    monkeypatch.setattr(register, "MANY", 1)
    before, lost = held(town), full()
    lost["homes"][3]["street"] = "nowhere"

    def refuse(tx: Tx) -> None:
        raise ConfigurationError(["no"])

    with pytest.raises(ConfigurationError, match="no"):
        imported(town, full(), then=refuse)
    with pytest.raises(ConfigurationError, match="nowhere"):
        imported(town, lost)
    imported(town, full(), dry_run=True)

    assert before == held(town)
    assert 0 == town.count("hubs")


def test_a_press_does_not_wait_while_rows_are_laid_out(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of the layout somebody presses; the import waits for nothing and ends as ever."""
    monkeypatch.setattr(register, "MANY", 1)
    lay_out, pressed = staging.lay_out, []

    def slowly(tx: Tx, table: sa.Table, rows: Any) -> None:
        lay_out(tx, table, rows)
        if table.name == "homes":
            presser = threading.Thread(target=lambda: pressed.append(town.press()))
            presser.start()
            presser.join(5)

    monkeypatch.setattr(staging, "lay_out", slowly)
    imported(town, full())

    assert (1 if town.ledger.sqlite else 0) == len(pressed)
    assert 1 == town.count("hubs")


def test_a_list_of_few_columns_sees_an_edit_made_meanwhile(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sheet does not say comes from the register as it is at the end, not as it was when the file was read."""
    imported(town, full())
    monkeypatch.setattr(register, "MANY", 1)
    lay_out, edits = staging.lay_out, [1]

    def meanwhile(tx: Tx, table: sa.Table, rows: Any) -> None:
        lay_out(tx, table, rows)
        if table.name == "homes" and edits:
            edits.pop()
            raw = full()
            raw["homes"] = [raw["homes"][1] | {"access": {"gate": "北门"}}]
            monkeypatch.setattr(register, "MANY", 99)
            imported(town, raw)
            monkeypatch.setattr(register, "MANY", 1)

    monkeypatch.setattr(staging, "lay_out", meanwhile)
    sheet = {"homes": [{"id": "home-2", "street": "south", "address": {"text": "新路2号"}}]}
    imported(town, sheet, partial=True)

    with town.ledger.reading() as tx:
        home = register.home_of(tx, "home-2") or {}
    assert "新路2号" == home["address"]["text"]
    assert ("北门" if town.ledger.sqlite else "南门") == home["access"]["gate"]
