"""An upgrade with alerts open in every state: each goes on from where it stood (P34).

The alerts are made on a ledger of today, carried row by row into one of an earlier age (what that age does not know
stays behind), migrated, and lived on with.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from domain.alerts import Alert, TrackState
from domain.errors import ConfigurationError
from domain.people import Scope
from escalation.timeline import replay
from store import alerts, schema
from store.bulk import read_json
from store.drills import Drills
from store.ledger import Ledger
from tests.town import DISPATCHER, DOCTOR, OFFICE, Town

PROVE = bool(os.environ.get("ANLING_PROVE"))
Open = Callable[..., Ledger]
AGES = sorted(p.name[:4] for p in (Path(schema.__file__).parent / "migrations" / "versions").glob("[0-9]*.py"))
#: carried over first, because others refer to them
_FIRST = ("alerts",)
_OWN = ("alembic_version",)


def _every_state(town: Town) -> dict[str, str]:
    """One alert in each state; state -> id. Ids of homes are used once."""
    found = {"offered": town.press("dev-0001")}
    town.commands.claim(found["offered"], DOCTOR)
    town.commands.offer(found["offered"], DOCTOR, OFFICE)
    Drills(town.ledger, town.clock).open(Scope("driller", "drill"), "rehearsal", ["home-2"], 10)
    found["drill"] = town.press("dev-0002", drill=True)
    found["second step"] = town.press("dev-0002")
    town.forward(60)
    found["claimed"] = town.press("dev-0003")
    town.commands.claim(found["claimed"], DISPATCHER)
    found["closed"] = town.press("dev-0004")
    town.commands.close(found["closed"], DISPATCHER, "accidental")
    found["critical"] = town.press("dev-0004", type="fall")
    found["cancelled at home"] = town.press("stranger-1")
    town.say(town.event("stranger-1", "cancel"))
    return found


def _at_age(ledger: Ledger, age: str) -> None:
    """An empty ledger as it was at that age."""
    with ledger.transaction() as tx:
        config = schema.config_for()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, age)


def _carry(old: Ledger, new: Ledger) -> None:
    """Every row, in the columns that both ages know."""
    here, there = sa.MetaData(), sa.MetaData()
    here.reflect(old.engine)
    there.reflect(new.engine)
    names = sorted(there.tables.keys() & here.tables.keys() - set(_OWN), key=lambda name: name not in _FIRST)
    with old.reading() as source, new.transaction() as target:
        for name in names:
            columns = [c.name for c in there.tables[name].columns if c.name in here.tables[name].columns]
            chosen = sa.select(*(here.tables[name].c[c] for c in columns))
            rows = [dict(row) for row in source.execute(chosen).mappings()]
            if rows:
                target.execute(sa.insert(there.tables[name]), rows)


def _by_name(alert: Alert) -> Alert:
    return replace(alert, tracks=tuple(sorted(alert.tracks, key=lambda t: t.name)))


@pytest.fixture
def upgraded(
    town: Town, tmp_path: Path, open_ledger: Open, request: pytest.FixtureRequest
) -> tuple[Town, dict[str, str]]:
    """The town after its ledger of the given age was migrated, with its alerts."""
    if request.param != AGES[0] and not town.ledger.sqlite and not PROVE:
        pytest.skip("on PostgreSQL from the first age only, from each of them under ANLING_PROVE")
    states = _every_state(town)
    if town.ledger.sqlite:
        ledger = open_ledger(f"sqlite:///{tmp_path / 'earlier.db'}")
    else:
        server = request.getfixturevalue("postgres")
        ledger = open_ledger(server.url(server.create("template1")))
    _at_age(ledger, request.param)
    _carry(town.ledger, ledger)
    schema.upgrade(ledger)
    schema.require_current(ledger)
    return Town(ledger, town.clock), states


@pytest.mark.parametrize("upgraded", AGES, indirect=True)
def test_every_open_alert_goes_on_after_an_upgrade(upgraded: tuple[Town, dict[str, str]]) -> None:
    """From the first age on: no timer, claim, offer or waiting call is lost, and nothing closed rings (P34)."""
    town, states = upgraded
    before = {name: town.alert(id) for name, id in states.items()}
    for name, alert in before.items():
        rows = town.rows("SELECT data FROM timeline WHERE alert_id = :a ORDER BY seq", a=alert.id)
        rebuilt = replay(s for r in rows if (s := read_json(r["data"]).get("set")))
        assert _by_name(replace(rebuilt, entries=alert.entries, head=alert.head)) == _by_name(alert), name
    assert {"offered": "doctor-1", "claimed": "console"} == {
        name: alert.tracks[0].claimant for name, alert in before.items() if alert.tracks[0].claimant
    }

    town.deliver()
    waited = {x.alert_id for phone in town.phones.values() for x in phone.letters}
    town.forward(61)
    town.forward(61)
    town.deliver()
    for wait in (15 * 60, 61, 61):
        town.forward(wait)
    town.deliver()

    after = {name: town.alert(id) for name, id in states.items()}
    assert before["closed"] == after["closed"]
    assert states["closed"] not in {
        x.alert_id for p in town.phones.values() for x in p.letters if x.purpose == "contact"
    }
    assert {states["critical"], states["second step"], states["drill"]} <= waited
    running = {name: alert for name, alert in after.items() if name != "closed"}
    assert {TrackState.CALLING} == {t.state for alert in running.values() for t in alert.tracks}
    assert after["offered"].tracks[0].offer_to is None
    assert after["cancelled at home"].cancel_requested
    asked = {name: {r["person"] for r in town.outbox(alert_id=id, purpose="contact")} for name, id in states.items()}
    assert all("desk-120" in asked[name] for name in running), asked
    drills = [x for x in town.phones["dispatch_120"].letters if x.alert_id == states["drill"]]
    assert drills
    assert all("drill" in x.address for x in drills)
    with town.ledger.reading() as tx:
        due = alerts.next_due(tx)
    assert due is not None
    assert due - town.clock.now() <= timedelta(minutes=5)


def test_an_engine_of_before_refuses_the_migrated_ledger(
    town: Town, open_ledger: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that knows one migration less does not start, and does not migrate back (P34)."""
    monkeypatch.setattr(schema, "HEAD", AGES[-2])

    with pytest.raises(ConfigurationError, match=f"not {AGES[-2]}"):
        schema.require_current(town.ledger)
    with pytest.raises(ConfigurationError, match="start the newer program"):
        schema.upgrade(town.ledger)
    assert AGES[-1] == schema.age(town.ledger)
