"""Duty as laid down: the site file's duty lists, and answers about the past that later edits do not change."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.duty import Absence, Deputy, Holiday, Override, Swap
from domain.errors import ConfigurationError
from escalation.coverage import subject_of
from store import duty, register
from store.register import Register
from store.site import parse_site
from store.site_people import changes_in
from tests.town import NOON, Town

SHANGHAI = ZoneInfo("Asia/Shanghai")
LISTS: dict[str, Any] = {
    "overrides": [
        {"id": "o-1", "team": "doctors-n", "from": "2026-11-22T08:00", "until": "2026-11-22T20:00+08:00",
         "responder": "doctor-2", "instead_of": "doctor-1"}],
    "swaps": [{"id": "s-1", "team": "doctors-n", "date": "2026-11-23", "giver": "doctor-1", "taker": "doctor-2"}],
    "absences": [{"id": "a-1", "responder": "doctor-1", "from": "2026-11-24", "until": "2026-11-25"}],
    "deputies": [{"responder": "doctor-1", "deputy": "doctor-2"}],
    "holidays": [{"date": "2027-02-13", "day": "workday", "name": "春节调休"}],
}  # fmt: skip


def load(town: Town, raw: dict[str, Any], at: datetime = NOON, **options: Any) -> dict[str, int]:
    """Import at an instant."""
    return Register(town.ledger, lambda: at).load(parse_site(json.dumps(raw).encode(), "site.json"), **options)


def names(town: Town, at: datetime, role: str = "family_doctor", street: str = "north") -> tuple[str, ...]:
    """Who is, was or will be on duty."""
    with town.ledger.reading() as tx:
        return tuple(p.id for p in town.standing.roster_at(tx, at).look_up(role, subject_of(street), at))


def test_a_site_files_duty_lists_come_back(town: Town) -> None:
    """Wall time is Shanghai's; a day named as the end is in."""
    counts = load(town, LISTS)

    with town.ledger.reading() as tx:
        bent = duty.changes(tx, SHANGHAI, NOON)
    local = [datetime(2026, 11, day, hour, tzinfo=SHANGHAI) for day, hour in ((22, 8), (22, 20), (24, 0), (26, 0))]
    assert (Override("o-1", "doctors-n", local[0], local[1], "doctor-2", "doctor-1"),) == bent.overrides
    assert (Swap("s-1", "doctors-n", datetime(2026, 11, 23).date(), "doctor-1", "doctor-2"),) == bent.swaps
    assert (Absence("a-1", "doctor-1", local[2], local[3]),) == bent.absences
    assert (Deputy("doctor-1", "doctor-2"),) == bent.deputies
    assert (Holiday(datetime(2027, 2, 13).date(), works=True),) == bent.holidays
    assert 5 == sum(counts[name] for name in LISTS)


def test_importing_them_again_changes_nothing(town: Town) -> None:
    """Upsert by id; what is the same is not laid down twice."""
    load(town, LISTS)
    before = town.count("duty_history")

    load(town, LISTS)
    load(town, {"absences": [LISTS["absences"][0] | {"until": "2026-11-28"}]})

    assert before + 1 == town.count("duty_history")


def test_an_entry_can_be_taken_back(town: Town) -> None:
    """The history keeps that it was there."""
    load(town, LISTS)

    load(town, {"absences": [LISTS["absences"][0] | {"withdrawn": True}]}, NOON + timedelta(hours=1))

    with town.ledger.reading() as tx:
        assert () == duty.changes(tx, SHANGHAI, NOON).absences
        assert 1 == len(duty.as_of(tx, NOON, SHANGHAI).changes.absences)


def test_what_is_over_is_not_carried_along(town: Town) -> None:
    """A year of absences costs a decision nothing."""
    load(town, LISTS)

    with town.ledger.reading() as tx:
        bent = duty.changes(tx, SHANGHAI, NOON + timedelta(days=30))
    assert ((), (), (), 1) == (bent.overrides, bent.swaps, bent.absences, len(bent.deputies))


def test_every_problem_of_the_lists_is_told_at_once(town: Town) -> None:
    """In the file's own terms, with what to write instead; nothing is imported."""
    wrong = {
        "overrides": [{"id": "o", "team": "doctors-n", "from": "yesterday", "until": "2026-11-22"},
                      {"id": "p", "team": "doctors-n", "from": "2026-11-22", "until": "2026-11-23"},
                      {"id": "q", "team": "t", "from": "2026-11-23", "until": "2026-11-22", "responder": "x"}],
        "holidays": [{"date": "2027-02-30", "day": "workday"}, {"date": "2027-02-13", "day": "party"}],
        "absences": [{"id": "a", "responder": "doctor-1", "from": "2026-11-22", "until": "2026-11-23", "why": "flu"}],
    }  # fmt: skip
    with pytest.raises(ConfigurationError) as caught:
        load(town, wrong)
    told = "\n".join(caught.value.problems)

    for place in ("overrides[0].from", "overrides[1]", "names nobody", "overrides[2]", "ends before it begins",
                  "holidays[0].date", "holidays[1].day", "absences[0].why"):  # fmt: skip
        assert place in told


def test_strangers_in_the_lists_are_refused_together(town: Town) -> None:
    """Teams and people that are neither in the file nor in the ledger."""
    raw = {
        "overrides": [LISTS["overrides"][0] | {"team": "ghosts", "responder": "ghost"}],
        "deputies": [{"responder": "doctor-1", "deputy": "nobody"}],
        "teams": [{"id": "doctors-n", "role": "family_doctor", "street": "north",
                   "shifts": [{"responder": "doctor-1", "always": True, "deputy": "who"}]}],
    }  # fmt: skip

    with pytest.raises(ConfigurationError) as caught:
        load(town, raw)

    assert 4 == len(caught.value.problems)
    assert 0 == town.count("duty_history", "kind IN ('override', 'deputy')")


def test_the_past_stays_what_it_was(town: Town) -> None:
    """Who was on duty at noon is the same answer after today's roster has been edited, in every process."""
    later = NOON + timedelta(hours=2)
    before = names(town, NOON)
    load(town, {"teams": [{"id": "doctors-n", "role": "family_doctor", "street": "north",
                           "shifts": [{"responder": "doctor-2", "always": True}]}]}, later)  # fmt: skip
    load(town, {"absences": [{"id": "x", "responder": "street-1", "from": "2026-11-20", "until": "2026-11-20"}]}, later)

    for here in (town, town.sibling()):
        assert before == names(here, NOON) == ("doctor-1",)
        assert ("doctor-2",) == names(here, later)
        # the absence was not known at noon, though it covers noon
        assert (("street-1",), ()) == tuple(names(here, at, "street_office") for at in (NOON, later))


def test_a_person_who_lost_every_number_was_reachable_before(town: Town) -> None:
    """P4, for past instants too: history keeps the channels, never an address."""
    later = NOON + timedelta(hours=2)
    load(town, {"responders": [
        {"id": "doctor-1", "name": "家庭医生一", "role": "family_doctor", "street": "north", "contacts": []}
    ]}, later)  # fmt: skip

    assert (("doctor-1",), ()) == (names(town, NOON), names(town, later))
    assert "+852" not in str(town.rows("SELECT value FROM duty_history"))


def test_an_entry_that_cannot_be_read_bends_nothing(town: Town) -> None:
    """P6: a damaged row costs itself, not a decision."""
    load(town, LISTS)
    town.change("UPDATE duty_history SET value = '{\"from\": 7}' WHERE kind IN ('absence', 'swap')")
    with town.ledger.transaction() as tx:
        register.touch(tx)

    assert ("doctor-1",) == names(town, NOON + timedelta(days=20))
    assert town.press("dev-0001")


def test_an_absence_reaches_the_next_decision(town: Town) -> None:
    """Declared in one step: the deputy is called by the next press, in every process."""
    load(town, {"absences": [
        {"id": "x", "responder": "doctor-1", "deputy": "doctor-2", "from": "2026-11-20", "until": "2026-11-20"}
    ]})  # fmt: skip
    other = town.sibling()

    other.press("dev-0001")

    assert ["doctor-2"] == [r["person"] for r in town.outbox()]


def test_who_changed_what_and_when(town: Town) -> None:
    """Each change has a name and an hour, the newest first."""
    load(town, LISTS, by="chief")

    with town.ledger.reading() as tx:
        rows = duty.page(tx, 2)
        older = duty.page(tx, 100, rows[-1]["n"])
    assert [("holiday", "chief", NOON), ("deputy", "chief", NOON)] == [(r["kind"], r["by"], r["at"]) for r in rows]
    assert {"override", "swap", "absence", "team", "responder"} == {r["kind"] for r in older}


def test_a_dry_run_is_judged_and_leaves_nothing(town: Town) -> None:
    """``then`` sees the register as it would be; afterwards it is as it was."""
    seen: list[int] = []
    raw = LISTS | {"streets": [{"code": "west", "name": "西"}]}

    load(town, raw, dry_run=True, then=lambda tx: seen.append(len(duty.changes(tx, SHANGHAI, NOON).absences)))

    assert [1] == seen
    assert (0, 0) == (town.count("streets", "code = 'west'"), town.count("duty_history", "kind = 'absence'"))


def test_what_is_asked_after_refuses_the_whole_import(town: Town) -> None:
    """An import that may not be is not."""

    def refuse(_: Any) -> None:
        raise ConfigurationError(["no"])

    with pytest.raises(ConfigurationError):
        load(town, LISTS, then=refuse)

    assert 0 == town.count("duty_history", "kind = 'absence'")


def test_an_instant_before_everything_has_the_first_roster(town: Town) -> None:
    """What was there when recording began holds for all time before."""
    assert ("doctor-1",) == names(town, datetime(2020, 1, 1, tzinfo=UTC))


def test_a_file_is_read_without_a_ledger() -> None:
    """The same lists, the same meaning: a plan may be tried against a site file before anything is imported."""
    bent = changes_in(parse_site(json.dumps(LISTS).encode()), SHANGHAI)

    assert (1, 1, 1, 1, 1) == tuple(
        len(part) for part in (bent.overrides, bent.swaps, bent.absences, bent.deputies, bent.holidays)
    )
