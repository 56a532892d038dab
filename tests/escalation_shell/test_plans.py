"""Plans in the ledger: two signatures, a street's own, facts of a home pinned; real runs as the rehearsal foretold."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain.clock import iso
from domain.errors import Forbidden, NotFound, Refused
from domain.events import Kind
from domain.people import Scope
from escalation.foresight import Foresight
from escalation.plan import parse_plan
from escalation.rehearsal import next_due, rehearse
from escalation.retrace import retrace
from escalation.scene import scene_of
from escalation.signing import Signing
from escalation.standing import Standing
from store import plans
from store.accounts import Accounts
from store.plans import Draft
from store.proofs import prove
from store.register import touch
from store.signers import same_person
from tests.town import NOON, OFFICE, PLAN, Town, site

TEMPLATE = Path("escalation/plans/changning.toml").read_text("utf-8")
NORTH = """
version = "north-1"
base = "town-1"
street = "north"
[[track]]
name = "main"
[[track.step]]
role = "street_office"
after = "45s"
channels = ["webhook"]
"""
ALL = Scope("chief", "administrator")


def with_cards() -> dict[str, Any]:
    """The town, where home 1 has somebody with dementia, a key holder and a daughter who are registered."""
    raw = site()
    raw["responders"] += [
        {"id": "keys-1", "name": "楼组长", "role": "key_holder", "street": "north",
         "contacts": [{"channel": "voice", "address": "+85230000007"}]},
        {"id": "keys-2", "name": "另一家的", "role": "key_holder", "street": "north",
         "contacts": [{"channel": "voice", "address": "+85230000008"}]},
        {"id": "daughter", "name": "女儿", "role": "family",
         "contacts": [{"channel": "sms", "address": "+85230000009"}]},
    ]  # fmt: skip
    home = raw["homes"][0]
    home["access"]["key_holders"] = ["keys-1"]
    home["residents"][0]["medical"]["conditions"] = ["高血压", "阿尔茨海默病"]
    home["residents"][0]["contacts"] = [{"name": "女儿", "relation": "daughter", "responder": "daughter"}]
    return raw


def approve(town: Town, version: str, text: str, street: str | None = None, days: float = 0) -> None:
    """Two people sign it, in force after ``days``."""
    with town.ledger.transaction() as tx:
        plans.propose(tx, Draft(version, text, street, "town-1" if street else None), "wang", NOON)
        plans.second_person(tx, version, "li", NOON + timedelta(days=days), NOON + timedelta(seconds=1))


@pytest.fixture
def cared(town: Town) -> Town:
    """The town with cards, under the district's template."""
    town.settle_in(with_cards())
    approve(town, "changning-2026.1", TEMPLATE)
    return town


def run_for_real(town: Town, alert: str, until: timedelta) -> list[tuple[Any, ...]]:
    """Tick the engine whenever a timer runs out; what the outbox was given, in order."""
    while (due := next_due(town.alert(alert))) is not None and due <= NOON + until:
        town.clock.forward((due - town.clock.now()).total_seconds())
        town.engine().tick(due)
    query = "SELECT key, track, person, role, channel, repeats, created_at FROM outbox WHERE alert_id = :a"
    return sorted(
        (_second(r["created_at"]), r["key"].replace(alert, "*"), r["track"], r["person"], r["role"], r["channel"],
         r["repeats"])
        for r in town.rows(query, a=alert)
    )  # fmt: skip


def _second(at: Any) -> str:
    """An instant of either database, as text to the second."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return str(moment.astimezone(UTC).isoformat()[:19])


@pytest.mark.parametrize("text", [PLAN, TEMPLATE, TEMPLATE.replace('after = "60s"', 'after = "45s"')])
@pytest.mark.parametrize("kind", ["sos", "fall", "geofence_exit", "water_leak"])
def test_a_real_run_is_what_was_foretold(town: Town, text: str, kind: str) -> None:
    """P31: plan simulator = real run, event by event: keys, people, ways, repeats and instants."""
    town.settle_in(with_cards())
    version = parse_plan(text).version if text != TEMPLATE else "changning-2026.1"
    approve(town, f"{version}-x", text)
    with town.ledger.reading() as tx:
        subject, roster, plan = scene_of(tx, town.standing, "home-1", NOON)
    foretold = rehearse(plan, roster, subject, Kind(kind), NOON, rounds=2)
    expected = sorted(
        (line.at.isoformat()[:19], (line.key or "").replace("rehearsal", "*"), line.track, line.responder, line.role,
         line.channels[0], line.repeats)
        for line in foretold.lines if line.key
    )  # fmt: skip

    happened = run_for_real(town, town.press(type=kind), timedelta(seconds=foretold.lines[-1].after))

    assert expected == happened


def test_the_proposer_may_not_approve(town: Town) -> None:
    """Four eyes: the same name in another spelling is the same person; what nobody proposed nobody approves."""
    with town.ledger.transaction() as tx:
        plans.propose(tx, Draft("p-1", PLAN), "Wang", NOON)
        with pytest.raises(Refused, match="a second person must"):
            plans.second_person(tx, "p-1", " wang ", NOON, NOON)
        with pytest.raises(Refused, match="nobody has proposed p-2"):
            plans.second_person(tx, "p-2", "li", NOON, NOON)

    assert "town-1" == town.alert(town.press()).plan


def test_two_log_ins_of_one_person_are_one(town: Town) -> None:
    """Linked to the same responder, or to two at whose one telephone somebody has answered; unlinked ones are two."""
    accounts = Accounts(town.ledger)
    for name, responder in (("a", "doctor-1"), ("b", "doctor-1"), ("c", "street-1"), ("d", None)):
        accounts.add(name, "supervisor", "a long password", responder=responder)
    with town.ledger.transaction() as tx:
        apart = same_person(tx, "a", "c")
        for responder in ("doctor-1", "street-1"):
            prove(tx, responder, "voice", "+85230000001", NOON)

        assert not apart
        assert (True, True, False) == (same_person(tx, "a", "B"), same_person(tx, "a", "c"), same_person(tx, "a", "d"))
        plans.propose(tx, Draft("p-1", PLAN), "a", NOON)
        with pytest.raises(Refused, match="by no log-in"):
            plans.second_person(tx, "p-1", "b", NOON, NOON)


def test_an_approved_text_never_changes(town: Town) -> None:
    """A new text needs a new version, already when it is proposed."""
    with town.ledger.transaction() as tx, pytest.raises(Refused, match="a version of its own"):
        plans.propose(tx, Draft("town-1", PLAN + "# another"), "wang", NOON)


def test_the_running_plan_is_not_moved_into_the_future(town: Town) -> None:
    """Signed once more with a later date it would leave every press till then without a plan: refused."""
    with town.ledger.transaction() as tx:
        running = plans.text_of(tx, "town-1") or ""
        plans.propose(tx, Draft("town-1", running), "wang", NOON)

    with pytest.raises(Refused, match="in force"), town.ledger.transaction() as tx:
        plans.second_person(tx, "town-1", "li", NOON + timedelta(days=30), NOON + timedelta(seconds=1))

    assert "town-1" == town.alert(town.press()).plan


def test_before_the_first_plan_begins_it_is_called_by_all_the_same(town: Town) -> None:
    """Whoever moved the dates about in the ledger: too early by the plan that comes is better than by none."""
    with town.ledger.transaction() as tx:
        tx.execute(sa.update(plans.PLANS).values(effective_from=NOON + timedelta(days=30)))
        touch(tx)

    alert = town.press()

    assert "town-1" == town.alert(alert).plan


def test_a_plan_takes_effect_on_its_day_and_open_alerts_keep_theirs(town: Town) -> None:
    """R1: effective from a date; an alert is bound to the version it was raised with."""
    approve(town, "later-1", PLAN.replace("town-1", "later-1"), days=1)
    before = town.press()
    town.clock.forward(86400)
    after = town.press("dev-0002")

    assert ("town-1", "later-1") == (town.alert(before).plan, town.alert(after).plan)


def test_a_street_has_its_own(town: Town) -> None:
    """R4: the north's office is asked after 45 s, the south's after 60, by alerts pinned to either plan."""
    approve(town, "north-1", NORTH, "north")
    north, south = town.press("dev-0001"), town.press("dev-0002")

    assert ("north-1", "town-1") == (town.alert(north).plan, town.alert(south).plan)
    assert [45.0, 60.0] == [
        ((next_due(town.alert(a)) or NOON) - NOON).total_seconds() for a in (north, south)
    ]  # fmt: skip


def test_what_a_card_says_is_pinned_as_codes(cared: Town) -> None:
    """Only codes and ids that the plan asks for; nothing of it for a home whose cards say nothing."""
    known, other = cared.alert(cared.press(type="geofence_exit")), cared.alert(cared.press("dev-0002"))

    assert {"category:lives_alone", "dementia", "key_holder:keys-1", "family:daughter"} == known.subject.facts
    assert {"category:lives_alone"} == other.subject.facts
    assert ("critical", "urgent") == (known.severity, other.severity)


def test_a_plan_that_asks_nothing_reads_no_card(town: Town) -> None:
    """The facts of an alert are the category alone."""
    town.settle_in(with_cards())

    assert {"category:lives_alone"} == town.alert(town.press()).subject.facts


def test_a_door_that_stays_shut(cared: Town) -> None:
    """The whole way: claimed, at the door, cannot get in; this home's key holder is called, and no other's."""
    alert = cared.press()
    cared.clock.forward(60)
    cared.engine().tick(cared.clock.now())
    cared.commands.claim(alert, OFFICE)
    cared.commands.progress(alert, OFFICE, "access_failed")
    asked = [r["person"] for r in cared.outbox(alert_id=alert) if r["track"] == "entry"]
    told = [(r["person"], r["purpose"]) for r in cared.outbox(alert_id=alert) if r["role"] == "family"]

    assert ["keys-1"] == asked
    assert [("daughter", "inform")] == told


def test_the_timeline_makes_the_alert_again(cared: Town) -> None:
    """Invariant 8 in the ledger itself, with branches, facts and several tracks begun at once; the chain is whole."""
    alert = cared.press(type="fall")
    cared.commands.voice_check(alert, OFFICE, "no_answer")
    cared.commands.claim(alert, OFFICE)
    cared.commands.progress(alert, OFFICE, "access_failed")
    with cared.ledger.reading() as tx:
        found = retrace(tx, alert)

    assert ({}, None, True) == (found.differences, found.broken_at, found.equal)
    assert ["dispatch_120", "family_doctor", "street_office"] == [t.name for t in found.alert.tracks][:3]


def test_a_changed_row_is_noticed(cared: Town) -> None:
    """What somebody altered in the ledger is named, field by field."""
    alert = cared.press()
    cared.change("UPDATE alerts SET signals = 7 WHERE id = :a", a=alert)
    with cared.ledger.reading() as tx:
        found = retrace(tx, alert)
        with pytest.raises(NotFound):
            retrace(tx, "none")

    assert {"signals": (7, 1)} == found.differences


def test_foresight_shows_no_card(cared: Town) -> None:
    """The console sees who would be called; that somebody has dementia is in the audited card alone."""
    found = Foresight(cared.ledger, cared.standing).explain(ALL, "home-1", "geofence_exit", NOON)

    assert ("changning-2026.1", "critical") == (found["plan"], found["severity"])
    assert "dementia" not in json.dumps(found)


def test_foresight_stays_in_its_street(cared: Town) -> None:
    """Another street's home is not there; a kind that raises nothing is refused with those that do."""
    foresight = Foresight(cared.ledger, cared.standing)

    with pytest.raises(NotFound):
        foresight.explain(Scope("li", "dispatcher", ("south",)), "home-1", "sos", NOON)
    with pytest.raises(Refused, match="write one of checkin_missed"):
        foresight.explain(ALL, "home-1", "lunch", NOON)


def test_log_ins_sign_for_their_streets(town: Town) -> None:
    """A street's supervisor signs the street's plan and no other; two of the district sign the district's."""
    signing = Signing(town.ledger, town.clock)
    wang, li = Scope("wang", "supervisor", ("north",)), Scope("li", "administrator")
    with pytest.raises(Forbidden, match="not of your streets"):
        signing.propose(wang, PLAN.replace("town-1", "town-2"))
    signing.propose(wang, NORTH)

    signed = signing.approve(li, "north-1", NOON - timedelta(days=300))

    assert ("north", "approved", iso(NOON)) == tuple(signed[k] for k in ("street", "state", "effective_from"))
    assert "north-1" == town.alert(town.press()).plan


def test_two_versions_are_compared(town: Town) -> None:
    """A street's plan, still waiting for its second person, against the template."""
    with town.ledger.transaction() as tx:
        plans.propose(tx, Draft("north-1", NORTH, "north", "town-1"), "wang", NOON)

    assert [{"what": "track main step street_office", "was": "after 1m by webhook", "is": "after 45s by webhook"}] == (
        Foresight(town.ledger, Standing()).diff("town-1", "north-1")["changes"]
    )
