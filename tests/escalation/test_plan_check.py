"""The proof of a plan, and everything that is wrong with a file told at once with its line."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import ConfigurationError
from domain.people import Shift, Team
from escalation.duty import Roster
from escalation.plan import Plan, parse_plan
from escalation.plan_check import cases, prove, unstaffed
from escalation.plan_diff import as_lines, diff
from escalation.plan_lines import lines_of, read_toml
from tests.escalation.core import AMBULANCE, CHANGNING, CLERK, DOCTOR, NOON, team

SMALL = """
version = "small-1"
[[track]]
name = "main"
[[track.step]]
role = "family_doctor"
[[track.step]]
role = "dispatch_120"
after = "60s"
"""


def problems(text: str, templates: dict[str, str] | None = None) -> list[str]:
    """What the reader says about ``text``."""
    with pytest.raises(ConfigurationError) as caught:
        parse_plan(text, "p.toml", (templates or {}).get)
    return list(caught.value.problems)


def test_the_districts_plan_is_proved() -> None:
    """Every sort of alert asks 120 within two minutes, and nobody waits longer than ``max_gap`` (P1)."""
    proof = prove(CHANGNING)

    assert (120.0, 300.0, ()) == (proof.until_120, proof.silence, proof.failures)
    assert proof.cases >= 64


def test_a_way_to_120_that_has_an_exception_is_found() -> None:
    """A step for 120 that only holds by day: the case that shows it is named, though no line is wrong."""
    plan = parse_plan(SMALL.replace('after = "60s"', 'after = "60s"\nwhen = { between = ["08:00", "20:00"] }'))
    found = prove(plan).failures

    assert ("nobody asks 120: ",) == tuple(f[:17] for f in found)
    assert "20:00" in found[0]
    assert any("never reaches 120" in w for w in plan.warnings)


def test_a_way_to_120_that_holds_for_each_case_somewhere_is_proved() -> None:
    """Two conditional steps that together cover the day are a way: the proof runs cases, it does not guess."""
    day = '[[track.step]]\nrole = "dispatch_120"\nafter = "90s"\nwhen = {between = ["20:00", "08:00"]}\n'
    text = SMALL.replace('after = "60s"', 'after = "60s"\nwhen = { between = ["08:00", "20:00"] }') + day

    assert () == prove(parse_plan(text)).failures


@pytest.mark.parametrize(
    ("only", "other", "failures"),
    [
        ('days = "workday"', 'days = "holiday"', 0),
        ('days = "workday"', "weekday = [6, 7]", 1),
        ('fact = ["dementia"]', 'not = { fact = ["dementia"] }', 0),
        ('fact = ["dementia"]', 'not = { fact = ["home_bed"] }', 1),
    ],
)
def test_holidays_and_exceptions_are_run_too(only: str, other: str, failures: int) -> None:
    """A holiday on a Monday, a worked Sunday, a fact that is missing: what two conditions leave open is found."""
    day = f'[[track.step]]\nrole = "dispatch_120"\nafter = "60s"\nwhen = {{ {other} }}\n'
    text = SMALL.replace('after = "60s"', f'after = "60s"\nwhen = {{ {only} }}') + day

    assert failures == len(prove(parse_plan(text)).failures)


def test_a_silence_is_found() -> None:
    """A condition that leaves a long hole in the ladder is shown with the case and the length."""
    text = SMALL.replace('after = "60s"', 'after = "9m"').replace("[[track]]", 'max_gap = "4m"\n[[track]]', 1)

    assert 240.0 == prove(parse_plan(text)).silence
    assert any("passes more than max_gap (4m)" in w for w in parse_plan(text).warnings)


def test_cases_are_told_apart_by_what_conditions_ask() -> None:
    """Hours at both edges, each named weekday and another, each category and none, each fact and its absence."""
    when = '\nwhen = {between = ["22:00", "06:00"], weekday = 7, category = "lives_alone", fact = "dementia"}'
    found = list(cases(parse_plan(SMALL.replace('after = "60s"', 'after = "60s"' + when))))

    assert {"22:00", "06:00", "12:00"} == {f"{c.at:%H:%M}" for c in found}
    assert {7, 1} == {c.at.isoweekday() for c in found}
    assert 4 == len({c.facts for c in found})


def test_hours_without_anybody_are_named() -> None:
    """A street office that closes at night is told with each gap of the next fortnight, and nothing else is."""
    office = Team("office", "street_office", "street-1", (Shift(CLERK.id, start="08:00", end="20:00"),))
    teams = (team("family_doctor", DOCTOR.id), office, team("dispatch_120", AMBULANCE.id, street=None))
    found = unstaffed(CHANGNING, Roster({p.id: p for p in (DOCTOR, CLERK, AMBULANCE)}, teams), ["street-1"], NOON)
    night = [g for g in found if g.role == "street_office"]

    assert 14 == len(night)
    assert timedelta(hours=12) == night[0].end - night[0].start
    assert {"street_office", "police"} == {g.role for g in found}


def test_every_slip_of_grammar_is_told_at_once() -> None:
    """Not only the first: a bad line is left out and reading goes on; what it left behind is not told as missing."""
    found = problems('version = \n[[track]\nname = "main"\n[[track.step]]\nrole = "gardener"\n')

    assert ["p.toml:1", "p.toml:2"] == [p.split(": ")[0] for p in found if "not TOML" in p]
    assert not any("version: missing" in p for p in found)


def test_each_problem_has_its_line() -> None:
    """The line of the setting where it stands, of its table where it is missing."""
    text = SMALL.replace('"family_doctor"', '"gardener"\nwhen = { fact = ["rich"] }').replace('"60s"', '"a minute"')

    assert [
        "p.toml:6: track 1 (main) step 1: role 'gardener' is unknown",
        "p.toml:7: track 1 (main) step 1 when.fact: 'rich' is unknown",
        "p.toml:10: track 1 (main) step 2 after: 'a minute' is not a duration",
    ] == [p.split("; write")[0] for p in problems(text)]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ('[[branch]]\nname = "main"\n[[branch.step]]\nrole = "police"\n', "needs a name of its own"),
        ('[[branch]]\nname = "b"\n', "has no step; write [[branch.step]]"),
        ('[[branch]]\nname = "b"\nrests = 1\n[[branch.step]]\nrole = "police"\n', "rests is 1; write rests = true or"),
        ("[branch]\nname = 3\n", "must be a list of tables: write [[branch]]"),
        ('[[notice]]\nrole = "family"\non = ["lunch"]\n', "on must name what it waits for"),
        ('[[raise]]\nto = "critical"\n', "needs a condition; write when = {"),
        ('[[raise]]\nwhen = {}\nto = "dire"\n', "'dire' is not a severity"),
    ],
)
def test_what_runs_beside_is_checked_too(extra: str, said: str) -> None:
    """Branches, notices and conditions of severity: what is wrong, and what to write."""
    assert any(said in p for p in problems(SMALL + extra))


def test_a_condition_on_a_whole_track_is_refused() -> None:
    """The ladder always runs; conditions stand on its steps, or make a branch."""
    found = problems(SMALL.replace('name = "main"', 'name = "main"\nwhen = {kind = "sos"}'))

    assert any("a track of the ladder always runs; put `when` on its steps, or write a [[branch]]" in p for p in found)


# streets


def street(text: str = "") -> str:
    """A street's file over the small template."""
    return f'version = "huayang-1"\nbase = "small-1"\nstreet = "310105001"\n{text}'


def of_street(text: str) -> Plan:
    """The street's whole plan."""
    return parse_plan(street(text), "s.toml", {"small-1": SMALL}.get)


def test_a_street_changes_only_what_it_names() -> None:
    """R4: one step sooner, one more person, one kind graver; the rest is the template's."""
    changed = of_street("""
[kinds]
water_leak = "critical"
[[track]]
name = "main"
[[track.step]]
role = "dispatch_120"
after = "45s"
[[track.step]]
role = "volunteer"
after = "20s"
channels = ["voice"]
""")

    assert ("310105001", "small-1") == (changed.street, changed.base)
    assert [
        "+ kinds.water_leak: critical",
        "+ track main step volunteer: after 20s by voice",
        "~ track main step dispatch_120: after 1m by any way -> after 45s by any way",
    ] == sorted(as_lines(diff(parse_plan(SMALL), changed)))
    assert ["family_doctor", "volunteer", "dispatch_120"] == [t.role for t in changed.tracks[0].tiers]


def test_a_street_that_changes_nothing_is_the_template() -> None:
    """Its own version, the same plan."""
    assert [] == diff(parse_plan(SMALL), of_street(""))


def test_a_street_may_drop_what_is_not_its_own() -> None:
    """And is told at once where that leaves it without a way to 120."""
    dropped = of_street('[[track]]\nname = "main"\n[[track.step]]\nrole = "dispatch_120"\ndrop = true\n')

    assert ["family_doctor"] == [t.role for t in dropped.tracks[0].tiers]
    assert any("never reaches 120" in w for w in dropped.warnings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[track]]\nname = "main"\n[[track.step]]\nrole = "police"\ndrop = true\n',
         "s.toml:6: drop: the template has no step with role 'police' to drop; it has family_doctor, dispatch_120"),
        ('[[track]]\nname = "main"\n[[track.step]]\nrole = "dispatch_120"\nafter = "soon"\n',
         "s.toml:8: track 1 (main) step 2 after: 'soon' is not a duration"),
        ('[[branch]]\nname = "entry"\ndrop = true\n', "the template has no branch with name 'entry' to drop"),
        ('kinds = "x"\n', "s.toml:4: kinds: must be a table"),
    ],
)  # fmt: skip
def test_a_streets_slip_has_the_streets_line(text: str, said: str) -> None:
    """In the terms of the file that somebody is writing, not of the template's."""
    found = problems(street(text).replace("p.toml", "s.toml"), {"small-1": SMALL})

    assert any(said in p.replace("p.toml", "s.toml") for p in found), found


def test_a_street_needs_its_template() -> None:
    """A version nobody approved, another street's plan, or none named: said in one line each."""
    assert any("no plan of version 'small-1' is at hand" in p for p in problems(street()))
    assert any("is itself a street's plan" in p for p in problems(street(), {"small-1": street()}))
    assert any("street: missing" in p for p in problems('version = "x"\nbase = "small-1"', {"small-1": SMALL}))


def test_lines_are_found_whatever_the_file_looks_like() -> None:
    """Comments, strings with brackets, lists over several lines, quoted keys."""
    text = 'a = "[[x]]" # [y]\nb = [\n  1,\n]\n[[t]]\n"n" = 1\n[[t.s]]\nw = {k = 2}\n[[t.s]]\n[[t]]\n[[t.s]]\nk = 1\n'
    found = lines_of(text)

    assert (1, 2, 5, 6, 7) == tuple(found[p] for p in (("a",), ("b",), ("t", 0), ("t", 0, "n"), ("t", 0, "s", 0)))
    assert (8, 9, 12) == tuple(found[p] for p in (("t", 0, "s", 0, "w", "k"), ("t", 0, "s", 1), ("t", 1, "s", 0, "k")))


def test_a_file_of_nothing_but_slips_ends() -> None:
    """Twenty are enough."""
    assert 20 == len(read_toml("= \n" * 50)[1])


def test_a_diff_names_what_is_gone() -> None:
    """A plan without its branches: each line of them."""
    gone = as_lines(diff(CHANGNING, replace(CHANGNING, branches=())))

    assert "- branch entry when: step:access_failed" in gone
    assert all(line.startswith("- branch ") for line in gone)
