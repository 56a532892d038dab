"""The longest drill: a doctor claims and is never heard of again (P8)."""

import pytest

from tests.acceptance.street import TEMPLATE, Street, faster

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_claim_without_news_runs_out(street: Street) -> None:
    """P8: at the deadline the calls resume from where they stood, and widen as before."""
    street.write_plan(faster(TEMPLATE.read_text()))
    street.serve()

    code, verdict = street.drill("doctor_claims_then_silence")

    assert 0 == code, verdict["findings"]
