"""The rota on a real ledger: absences in one step, swaps and overrides, refusals, tasks for holes, proofs."""

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.errors import ConfigurationError, Forbidden, NotFound, Refused
from domain.people import ContactPoint, Scope
from escalation.admission import admission
from escalation.dutywatch import DutyWatch
from escalation.rota import Rota
from store import proofs, register
from store.bulk import fetch, read_json
from store.register import Register
from store.site import parse_site
from store.site_duty import SiteAbsence, SiteOverride, SiteSwap
from tests.town import NOON, Town, site

SHANGHAI = ZoneInfo("Asia/Shanghai")
BOSS = Scope("boss", "supervisor")
NORTH = Scope("chief", "supervisor", ("north",))
DOCTOR = Scope("doc", "family_doctor", ("north",), "doctor-1")
DESK = Scope("desk", "dispatcher")


@pytest.fixture
def rota(town: Town) -> Rota:
    """Every contact point counts as configured."""
    return Rota(town.ledger, town.standing, town.clock, lambda point: True)


def absence(**said: Any) -> SiteAbsence:
    """Doctor 1, tomorrow."""
    given = {"id": "x", "responder": "doctor-1", "from": "2026-11-21", "until": "2026-11-21"} | said
    return SiteAbsence.model_validate(given)


def override(**said: Any) -> SiteOverride:
    """Hours of tomorrow."""
    given = {"id": "o", "from": "2026-11-21T08:00", "until": "2026-11-21T20:00"} | said
    return SiteOverride.model_validate(given)


def on(rota: Rota, hour: int, role: str = "family_doctor", street: str = "north") -> list[str]:
    """Who is on duty tomorrow at ``hour``."""
    told = rota.on(BOSS, datetime(2026, 11, 21, hour, tzinfo=SHANGHAI), street)
    return [p["id"] for row in told["items"] if row["role"] == role for p in row["people"]]


def test_away_in_one_step(rota: Rota) -> None:
    """The doctor says so with the own log-in; the deputy comes, or the gap is told at once."""
    alone = rota.absent(DOCTOR, absence())
    nobody = on(rota, 12)
    covered = rota.absent(DOCTOR, absence(deputy="doctor-2"))

    assert [("family_doctor", "north", "away", 24.0)] == [
        (g["role"], g["street"], g["reason"], g["hours"]) for g in alone["gaps"]
    ]
    assert ([], [], ["doctor-2"]) == (nobody, covered["gaps"], on(rota, 12))


def test_taking_it_back(rota: Rota, town: Town) -> None:
    """Who may say so may take it back; the history keeps both, with name and hour."""
    rota.absent(DOCTOR, absence())
    town.clock.forward(60)

    rota.withdraw(DOCTOR, "absence", "x")

    assert ["doctor-1"] == on(rota, 12)
    rows = rota.changes(BOSS, 2)["items"]
    assert [("x", "doc", None), ("x", "doc", "doctor-1")] == [
        (r["subject"], r["by"], r["value"] and r["value"]["responder"]) for r in rows
    ]
    assert timedelta(seconds=60) == datetime.fromisoformat(rows[0]["at"]) - datetime.fromisoformat(rows[1]["at"])


def test_overrides_and_swaps(rota: Rota) -> None:
    """A supervisor moves people within the streets of the log-in."""
    rota.override(NORTH, override(team="doctors-n", responder="doctor-2", instead_of="doctor-1"))
    before = on(rota, 12), on(rota, 21)
    swap = {"id": "s", "team": "doctors-n", "date": "2026-11-21", "giver": "doctor-1", "taker": "doctor-2"}
    rota.swap(NORTH, SiteSwap.model_validate(swap))

    assert ((["doctor-2"], ["doctor-1"]), ["doctor-2"]) == (before, on(rota, 21))


def test_who_may_not(rota: Rota) -> None:
    """Another's absence, another street's team, the whole district's desk; strangers are named."""
    with pytest.raises(Forbidden):
        rota.absent(DOCTOR, absence(responder="doctor-2"))
    with pytest.raises(Forbidden):
        rota.absent(NORTH, absence(responder="doctor-2"))
    with pytest.raises(Forbidden):
        rota.absent(DESK, absence())
    with pytest.raises(Forbidden):
        rota.override(NORTH, override(team="doctors-s", responder="doctor-1"))
    with pytest.raises(Forbidden):
        rota.override(NORTH, override(team="desk", responder="doctor-1"))
    with pytest.raises(Forbidden):
        rota.changes(DOCTOR)
    with pytest.raises(Refused, match=r"ghost.*ghosts"):
        rota.override(BOSS, override(team="ghosts", responder="ghost"))
    with pytest.raises(NotFound):
        rota.withdraw(BOSS, "absence", "never")


def test_no_edit_takes_the_last_desk_away_unasked(rota: Rota, town: Town) -> None:
    """P4: refused with the hours named, nothing laid down; possible when said so, and never for an absence."""
    leaving = override(team="desk", instead_of="desk-120")
    with pytest.raises(Refused, match="from 2026-11-21 08:00 to 2026-11-21 20:00"):
        rota.override(BOSS, leaving)
    refused = town.count("duty_history", "kind = 'override'")

    allowed = rota.override(BOSS, leaving, allow_gaps=True)
    ill = rota.absent(BOSS, absence(responder="desk-120"))

    assert (0, "taken_off", "away") == (refused, allowed["gaps"][0]["reason"], ill["gaps"][0]["reason"])
    assert {None} == {g["street"] for g in allowed["gaps"]}


def test_the_gaps_of_an_edit_are_those_of_its_own_hours(rota: Rota) -> None:
    """However far ahead: half a year from now too, the desk may not go unasked; and a swap is judged by its days."""
    far = {"from": "2027-05-01", "until": "2027-05-02"}
    ill = rota.absent(DOCTOR, absence(**far))
    with pytest.raises(Refused):
        rota.override(BOSS, override(team="desk", instead_of="desk-120", **far))
    swap = {"id": "s", "team": "desk", "date": "2027-06-01", "giver": "desk-120", "taker": "doctor-1"}
    rota.absent(BOSS, absence(id="d1", **{"from": "2027-06-01", "until": "2027-06-01"}))

    with pytest.raises(Refused):
        rota.swap(BOSS, SiteSwap.model_validate(swap))

    assert [48.0] == [g["hours"] for g in ill["gaps"]]


def test_coverage_and_calendar(rota: Rota) -> None:
    """Within the streets of the asker; who is on, without a hole, for roles and teams."""
    rota.absent(DOCTOR, absence())

    report = rota.coverage(BOSS, 14)
    shown = rota.calendar(NORTH, NOON, 3)

    assert ["away"] == [g["reason"] for g in report["gaps"]]
    assert {"doctor-1", "doctor-2", "street-1", "desk-120"} == {u["responder"] for u in report["unproved"]}
    (doctors,) = [r for r in shown["roles"] if r["role"] == "family_doctor"]
    assert [["doctor-1"], [], ["doctor-1"]] == [[p["id"] for p in w["people"]] for w in doctors["watches"]]
    ends = [w["until"] for w in doctors["watches"]]
    assert ends[:-1] == [w["from"] for w in doctors["watches"]][1:]
    assert {"doctors-n", "office", "desk"} == {t["team"] for t in shown["teams"]}
    with pytest.raises(Forbidden):
        rota.coverage(NORTH, 14, "south")


def test_the_calendar_of_the_past_is_what_was_laid_down_then(rota: Rota, town: Town) -> None:
    """An edit in the middle of the window changes what comes after it, not what was before."""
    town.clock.forward(3600)
    rota.override(BOSS, override(team="doctors-n", responder="doctor-2", instead_of="doctor-1", **{
        "from": "2026-11-20", "until": "2026-11-20"}))  # fmt: skip

    (doctors,) = [t for t in rota.calendar(BOSS, NOON - timedelta(hours=2), 0.25)["teams"] if t["team"] == "doctors-n"]

    watches = [(w["from"], [p["id"] for p in w["people"]]) for w in doctors["watches"]]
    assert [["doctor-1"], ["doctor-2"]] == [people for _, people in watches]
    assert NOON + timedelta(hours=1) == datetime.fromisoformat(watches[1][0])


def _watch(town: Town, rota: Rota) -> DutyWatch:
    return DutyWatch(town.ledger, town.standing, town.clock, rota)


def open_tasks(town: Town) -> list[str]:
    """Keys of coverage tasks that wait for a person."""
    query = "SELECT key FROM tasks WHERE kind = 'coverage' AND done_at IS NULL ORDER BY key"
    return [r["key"] for r in town.rows(query)]


def test_a_hole_is_a_task_until_it_is_closed(town: Town, rota: Rota) -> None:
    """Opened once, told anew, settled when somebody covers; opened again when it comes back."""
    watch = _watch(town, rota)
    rota.absent(BOSS, absence(responder="desk-120"))
    rota.absent(BOSS, absence(id="y"))
    watch.look(town.clock.now())
    first = open_tasks(town)
    rota.absent(BOSS, absence(responder="desk-120", until="2026-11-22"))
    watch.look(town.clock.now())
    with town.ledger.reading() as tx:
        desk = read_json(fetch(tx, "SELECT data FROM tasks WHERE key = 'duty/gap/dispatch_120/-'")[0][0])
    rota.withdraw(BOSS, "absence", "x")
    watch.look(town.clock.now())
    (settled,) = town.rows("SELECT done_by FROM tasks WHERE key = 'duty/gap/dispatch_120/-'")
    rota.absent(BOSS, absence(responder="desk-120"))
    watch.look(town.clock.now())

    assert ["duty/gap/dispatch_120/-", "duty/gap/family_doctor/north"] == first == open_tasks(town)
    assert (48.0, "system") == (desk["hours"], settled["done_by"])


def test_the_watch_looks_when_something_changed(town: Town, rota: Rota) -> None:
    """At the start, after each change of the register, and on a new day; in between it costs nothing."""
    watch = _watch(town, rota)
    looked = [watch.look_if_changed(), watch.look_if_changed()]
    rota.absent(DOCTOR, absence())
    looked += [watch.look_if_changed(), watch.look_if_changed()]
    town.clock.forward(86400)
    looked += [watch.look_if_changed()]

    assert [True, False, True, False, True] == looked


def test_somebody_without_contact_is_a_task(town: Town) -> None:
    """P4: nothing configured for the only number: named, and the tier is a gap."""

    def no_telephone(point: ContactPoint) -> bool:
        return point.channel not in ("voice", "sms")

    watch = _watch(town, Rota(town.ledger, town.standing, town.clock, no_telephone))

    watch.look(town.clock.now())

    assert ["duty/contact/doctor-1", "duty/contact/doctor-2", "duty/gap/family_doctor/-"] == open_tasks(town)


def test_a_number_refused_for_good_is_seen_at_once(town: Town, rota: Rota) -> None:
    """P25: coverage is worked out anew; a proof of life puts it right. History holds no number."""
    with town.ledger.transaction() as tx:
        before = register.version(tx)
        proofs.refuse(tx, "doctor-2", "voice", "+85230000002", NOON, "21610")
    report = rota.coverage(BOSS)
    rota.prove(BOSS, "doctor-2", "voice")
    after = rota.coverage(BOSS)

    assert [("doctor-2", "refused")] == [(m["responder"], m["reason"]) for m in report["without_contact"]]
    assert [("family_doctor", "south", "no_contact")] == [(g["role"], g["street"], g["reason"]) for g in report["gaps"]]
    assert ([], []) == (after["without_contact"], after["gaps"])
    assert "doctor-2" not in {u["responder"] for u in after["unproved"]}
    with town.ledger.reading() as tx:
        assert before != register.version(tx)
    assert "+852" not in str(town.rows("SELECT * FROM contact_proofs"))


def test_another_number_has_to_be_proved_anew(town: Town, rota: Rota) -> None:
    """Proof is of an address, not of a place in a list."""
    rota.prove(DOCTOR, "doctor-1", "voice")
    proved = {(u["responder"], u["channel"]) for u in rota.coverage(BOSS)["unproved"]}
    raw = site()
    raw["responders"][0]["contacts"][0]["address"] = "+85230000077"

    Register(town.ledger).load(parse_site(json.dumps(raw).encode()))

    assert ("doctor-1", "voice") not in proved
    assert ("doctor-1", "voice") in {(u["responder"], u["channel"]) for u in rota.coverage(BOSS)["unproved"]}
    with pytest.raises(NotFound):
        rota.prove(DOCTOR, "doctor-1", "webhook")
    with pytest.raises(Forbidden):
        rota.prove(DOCTOR, "doctor-2", "voice")


BY_DAY = {"teams": [{"id": "desk", "role": "dispatch_120",
                     "shifts": [{"responder": "desk-120", "from": "08:00", "to": "20:00"}]}]}  # fmt: skip


def admit(town: Town, raw: dict[str, Any], allow_gaps: bool = False) -> list[str]:
    """Import a file as the command line does; what it warned about."""
    warned: list[str] = []
    then = admission(town.ledger, SHANGHAI, NOON, allow_gaps, warned.append)
    Register(town.ledger).load(parse_site(json.dumps(raw).encode()), then=then)
    return warned


def test_an_import_may_not_take_the_last_desk_away(town: Town) -> None:
    """P4: refused whole with every hour named and what to do; with --allow-gaps it is a warning."""
    with pytest.raises(ConfigurationError) as caught:
        admit(town, BY_DAY | {"streets": [{"code": "west", "name": "西"}]})
    kept = town.count("streets", "code = 'west'")

    warned = admit(town, BY_DAY, allow_gaps=True)

    assert (0, 15) == (kept, len(caught.value.problems))
    assert "dispatch 120 everywhere 2026-11-20 20:00 to 2026-11-21 08:00" in caught.value.problems[0]
    assert "--allow-gaps" in caught.value.problems[-1]
    assert 14 == len(warned)
    assert [] == admit(town, BY_DAY), "what was so before is not new"


def test_a_first_import_is_warned_about(town: Town) -> None:
    """There was nothing to lose; a check of a small file must pass."""
    town.change("DELETE FROM teams WHERE id = 'desk'")

    warned = admit(town, BY_DAY)

    assert 14 == len(warned)
