"""The figures: worked out from facts by hand, so that nobody has to believe them."""

from datetime import timedelta

import pytest

from records.indicators import alerts, checkins, percentile, response_times
from records.reports import as_csv
from store.indicators import AlertFact, DayFact
from tests.town import NOON


def _fact(wait: float | None, severity: str = "urgent", drill: bool = False, outcome: str | None = None) -> AlertFact:
    claimed = None if wait is None else NOON + timedelta(seconds=wait)
    return AlertFact("sos", severity, drill, NOON, claimed, None, outcome)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([7], 95, 7), ([1, 2, 3, 4], 50, 2), (list(range(1, 101)), 95, 95), ([1, 2], 100, 2)],
)
def test_percentiles_are_values_that_happened(values: list[float], percent: int, expected: float | None) -> None:
    """Nearest rank: no mean of two waits that nobody waited."""
    assert expected == percentile(values, percent)


def test_an_unclaimed_alert_is_in_the_share() -> None:
    """Four alerts, one within 60 s, two within 180 s, one by nobody; drills count nowhere."""
    facts = [_fact(30), _fact(170), _fact(600), _fact(None), _fact(1, drill=True), _fact(5, "critical")]

    critical, urgent, routine = response_times(facts)

    assert (4, 3, 170, 600) == (urgent["alerts"], urgent["claimed"], urgent["p50_s"], urgent["p95_s"])
    assert (0.25, 0.5) == (urgent["within_60_s"], urgent["within_180_s"])
    assert (1.0, 1.0) == (critical["within_60_s"], critical["within_180_s"])
    assert (0, None, None) == (routine["alerts"], routine["p50_s"], routine["within_60_s"])


def test_alerts_by_kind_and_outcome() -> None:
    """What is not closed is ``open``; drills stand apart."""
    facts = [_fact(1, outcome="accidental"), _fact(1, outcome="accidental"), _fact(None), _fact(1, drill=True)]

    found = alerts(facts)

    assert [("accidental", False, 2), ("open", False, 1), ("open", True, 1)] == [
        (line["outcome"], line["drill"], line["count"]) for line in found
    ]


def test_a_day_of_check_ins_has_every_state() -> None:
    """Also those that nobody is in; the table goes into a spreadsheet as it is."""
    found = checkins([DayFact("2026-11-20", "ok", 9), DayFact("2026-11-20", "missed", 1)])

    assert [{"day": "2026-11-20", "ok": 9, "excused": 0, "missed": 1, "open": 0}] == found
    assert "day,ok,excused,missed,open\r\n2026-11-20,9,0,1,0\r\n" == as_csv({"items": found})
    assert "name,n\r\n'=1+1,-1\r\n" == as_csv({"items": [{"name": "=1+1", "n": -1}]})
