"""The plan as data: what it says, what it takes for granted, and everything that is wrong with it at once."""

from datetime import timedelta

import pytest

from domain.alerts import Severity, VoiceCheck
from domain.errors import ConfigurationError
from domain.events import Kind
from escalation.plan import Rule, Tier, parse_plan, seconds
from tests.escalation.core import CHANGNING

SMALL = """
version = "small-1"
[[track]]
name = "main"
[[track.step]]
role = "dispatch_120"
"""


def problems(text: str) -> list[str]:
    """What the reader says about ``text``."""
    with pytest.raises(ConfigurationError) as caught:
        parse_plan(text, "p.toml")
    return list(caught.value.problems)


def test_the_districts_plan_has_no_warnings() -> None:
    """The template that every street starts from is whole."""
    assert () == CHANGNING.warnings
    assert timedelta(minutes=5) == CHANGNING.max_gap
    assert ["dispatch_120", "family_doctor", "street_office"] == [
        t.name for t in CHANGNING.tracks_for(Severity.CRITICAL)
    ]


def test_a_plan_of_six_lines_is_a_plan() -> None:
    """What is not said has a default: urgent, at once, every severity, any channel, the rule of the manual."""
    plan = parse_plan(SMALL)

    assert {s: Rule() for s in Severity} == plan.rules
    assert Severity.URGENT is plan.severity_of(Kind.SOS)
    assert ("main", frozenset(Severity)) == (plan.tracks[0].name, plan.tracks[0].severities)
    assert (Tier("dispatch_120", timedelta(0), (), 1),) == plan.tracks[0].tiers
    assert Rule().repeat_every == plan.max_gap
    assert {VoiceCheck.NEEDS_HELP: "critical", VoiceCheck.NO_ANSWER: "critical"} == plan.voice_check
    assert () == plan.warnings


def test_other_severities_take_the_waits_of_urgent() -> None:
    """What routine and critical do not say, urgent says for them."""
    waits = '[severity.urgent]\nclaim_for = "7m"\n[severity.critical]\nretry_after = "30s"\n[[track]]'
    plan = parse_plan(SMALL.replace("[[track]]", waits, 1))

    assert [timedelta(minutes=7)] * 3 == [plan.rule(s).claim_for for s in Severity]
    assert timedelta(seconds=30) == plan.rule(Severity.CRITICAL).retry_after


def test_a_severity_without_tracks_runs_those_of_the_next_lower_one() -> None:
    """A plan that forgot critical still calls somebody; and says so."""
    plan = parse_plan(SMALL.replace('name = "main"', 'name = "main"\nfor = "urgent"') + '[kinds]\nfall = "critical"\n')

    assert ["main"] * 3 == [plan.tracks_for(s)[0].name for s in Severity]
    assert ["plan: severity critical has no track of its own; those of a lower severity will run"] == list(
        plan.warnings
    )


def test_every_problem_is_told_at_once_in_the_files_own_terms() -> None:
    """R1: one reading, all faults, each with where it is and what to write."""
    found = problems("""
max_gap = "0s"
colour = "red"
[severity.urgent]
claim_for = "0s"
patience = "9m"
[severity.dire]
[kinds]
sos = "bad"
sneeze = "urgent"
[voice_check]
perhaps = "urgent"
[[track]]
for = ["urgent", "never"]
mood = "calm"
[[track.step]]
role = "gardener"
after = "1 minute"
channels = "voice"
min_contacts = 0
[[track.step]]
role = "family_doctor"
after = "2m"
colour = "blue"
[[track.step]]
role = "dispatch_120"
after = "1m"
[[track]]
name = "empty"
for = []
""")

    assert [
        'p.toml:3: colour: unknown setting; known are base, branch, kinds, max_gap, notice, raise, severity, street, '
        'track, version, voice_check',
        'p.toml: version: missing; write version = "street-2026.1"',
        'p.toml:7: severity.dire: unknown severity; known are routine, urgent, critical',
        'p.toml:6: severity.urgent.patience: unknown setting; '
        'known are claim_for, offer_for, repeat_every, retry_after, min_gap',
        'p.toml:5: severity.urgent.claim_for: must be longer than nothing; write "5m"',
    ] == found[:5]  # fmt: skip
    assert [
        "kinds.sneeze", "kinds.sos", "track 1 (no name)", "track 1 (no name)", "track 1 (no name).for",
        "track 1 (no name) step 1", "track 1 (no name) step 1", "track 1 (no name) step 1 after",
        "track 1 (no name) step 1", "track 1 (no name) step 2", "track 1 (no name) step 3", "track 2 (empty)",
        "track 2 (empty)", "max_gap", "voice_check.perhaps",
    ] == [p.split(": ")[1] for p in found if "severity." not in p][2:]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[[track]]", "[[track"), "not TOML"),
        ((SMALL, 'version = "x"'), "no track at all: nobody would be called"),
        (('[[track.step]]\nrole = "dispatch_120"', ""), "has no step"),
        (('name = "main"', 'name = "a/b"'), "needs a name of its own"),
        (('version = "small-1"', 'version = "x"\nkinds = 3'), "must be a table: write [kinds]"),
        (('role = "dispatch_120"', 'role = "dispatch_120"\nafter = 60'), '60 is not a duration; write "60s"'),
        (('role = "dispatch_120"', 'role = "dispatch_120"\nafter = "9999999999h"'), "longer than 30 days"),
        (('version = "small-1"', 'version = "x"\ntrack = "main"'), "not TOML"),
        (('name = "main"', 'name = "main"\nfor = [["urgent"]]'), "is not a severity"),
    ],
)
def test_a_slip_of_the_pen_is_explained(change: tuple[str, str], said: str) -> None:
    """Each mistake says what to write instead; none is an exception of another kind."""
    assert any(said in p for p in problems(SMALL.replace(*change)))


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        (SMALL.replace("dispatch_120", "family_doctor"), "never reaches 120"),
        (SMALL + 'after = "30s"', "has no step at once"),
        (SMALL + '[[track.step]]\nrole = "police"\nafter = "10m"', "passes more than max_gap"),
        (SMALL.replace("[[track]]", 'max_gap = "5s"\n[[track]]', 1), "(0:00:15) is longer than max_gap (0:00:05)"),
    ],
)
def test_what_a_plan_lacks_is_a_warning(text: str, warned: str) -> None:
    """A plan with a hole is told so, and runs: a bad plan calls more people than no plan."""
    assert any(warned in w for w in parse_plan(text).warnings)


def test_nobody_is_promised_a_call_sooner_than_the_distance_between_calls() -> None:
    """``max_gap`` is never shorter than ``min_gap``: both are kept."""
    plan = parse_plan(SMALL.replace("[[track]]", '[severity.urgent]\nrepeat_every = "3s"\n[[track]]', 1))

    assert timedelta(seconds=15) == plan.max_gap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90.0), ("1m30s", 90.0), ("1.5m", 90.0), ("2h", 7200.0), ("250ms", 0.25), ("0s", 0.0),
        ("", None), ("90", None), ("s", None), ("-5s", None), ("5 s", None), ("5d", None), (90, None), (None, None),
    ],
)  # fmt: skip
def test_durations(text: object, expected: float | None) -> None:
    """Numbers with a unit, one after another; anything else is no duration."""
    assert expected == seconds(text)


@pytest.mark.parametrize("severity", Severity)
def test_the_names_that_an_alert_may_still_need(severity: Severity) -> None:
    """A track of this severity or a higher one; ``main`` ends where critical begins."""
    three = {"dispatch_120", "family_doctor", "street_office"}

    assert (three if severity is Severity.CRITICAL else three | {"main"}) == CHANGNING.names_from(severity)
