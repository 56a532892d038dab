"""The drills that come with the product, against the real thing at many times its pace; and that the judge can fail."""

import os

import pytest

from tests.acceptance.installation import ROOT
from tests.acceptance.street import TEMPLATE, Street, faster

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(900)]
#: has a file of its own, because it takes as long as all the others
LONG = "doctor_claims_then_silence"
#: run when everything is to be proved; their shorter sisters show the same doors, or they wait for a clock on the wall
PROVED = frozenset({"busy_doctor", "voicemail_everywhere", "missed_checkin", "away_at_daughters",
                    "silent_pendant", "power_cut", "wandering", "fall_asked_first"})  # fmt: skip


def test_the_drills_pass(street: Street) -> None:
    """Every drill in ``drills/``, by the district's own plan."""
    street.write_plan(faster(TEMPLATE.read_text()))
    street.serve()

    later = PROVED if not os.environ.get("ANLING_PROVE") else frozenset[str]()
    names = sorted({file.stem for file in (ROOT / "drills").glob("*.toml")} - {LONG} - later)
    names = [os.environ["DRILL"]] if "DRILL" in os.environ else names  # one alone, with a fault planted
    verdicts = {name: street.drill(name) for name in names}

    failed = {name: verdict["findings"] for name, (code, verdict) in verdicts.items() if code}
    assert {} == failed
    assert len(verdicts) >= 4 or "DRILL" in os.environ


def test_the_judge_can_fail(street: Street) -> None:
    """A plan that disturbs the street office at once, without asking the doctor alone first, does not pass."""
    street.write_plan(faster(TEMPLATE.read_text().replace('after = "60s"', 'after = "0s"')))
    street.serve()

    assert 1 == street.drill("button")[0]
    assert 1 == street.drill("nobody_answers")[0]
