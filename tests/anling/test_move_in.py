"""The demo's installer accepts homes by the same commands as a real one, and leaves nobody ringing."""

import json
from pathlib import Path

import sqlalchemy as sa

from anling.house import House
from anling.move_in import move_in
from anling.settings import Settings
from domain.people import Scope
from simulators.street import make_street
from store.ledger import Ledger
from store.protection import Protection
from store.register import Register
from store.sight import rows_of
from store.site import parse_site

BOSS = Scope("demo", "supervisor")


def test_most_homes_are_protected_and_nothing_rings(ledger: Ledger, tmp_path: Path) -> None:
    """Ten of twelve: the two with another maker's hub wait for a real installer. Each test is closed as a test."""
    site = parse_site(json.dumps(make_street(12, "http://127.0.0.1:9", 1).site).encode())
    Register(ledger).load(site)
    built = House(Settings(data_dir=tmp_path), ledger)
    built.enforce_plan()

    moved = move_in(built, site, "demo")
    again = move_in(built, site, "demo")

    counts = Protection(ledger, built.clock).counts(BOSS)
    with ledger.reading() as tx:
        alerts = rows_of(tx, sa.text("SELECT state, outcome, drill FROM alerts"))
    assert (10, 10) == (moved, again)
    assert 2 == counts["unprotected"]
    assert {("closed", "test", True)} == {(a["state"], a["outcome"], bool(a["drill"])) for a in alerts}
    assert 10 == len(alerts)


def test_a_home_with_another_device_since_waits_and_hinders_nobody(ledger: Ledger, tmp_path: Path) -> None:
    """Somebody tried the console's form in the demo; at its next start that home is unprotected, no more."""
    street = make_street(2, "http://127.0.0.1:9", 1).site
    Register(ledger).load(parse_site(json.dumps(street).encode()))
    built = House(Settings(data_dir=tmp_path), ledger)
    built.enforce_plan()
    first = street["homes"][0]
    more = {"id": "dev-more", "dialect": "anling", "role": "sos_button", "secret": "long enough"}
    Register(ledger).load(parse_site(json.dumps({"homes": [first | {"devices": [more]}]}).encode()), partial=True)

    move_in(built, parse_site(json.dumps(street).encode()), "demo")

    with ledger.reading() as tx:
        states = {row["state"] for row in rows_of(tx, sa.text("SELECT state FROM alerts"))}
    assert ({"closed"}, "enrolled") == (states, Protection(ledger, built.clock).resume(BOSS, first["id"])["state"])
