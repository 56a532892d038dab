"""A week of one street, lived through by the real decisions; a year of the district is in ``make prove``."""

from domain.alerts import Severity
from tests.escalation.year import District, percentile, table


def test_a_week_of_a_street_ends_with_every_alert_closed_by_a_person() -> None:
    """Dead telephones, empty shifts, forgotten claims, drills: each promise is checked after each decision (P1, P8)."""
    district = District(homes=1500, days=7, seed=7)

    figures = district.run()

    assert {} == district.open
    assert sum(figures.counts[f"alerts {s}"] for s in Severity) > 200
    assert figures.gaps
    assert percentile(figures.claimed[Severity.CRITICAL], 0.95) < 120
    assert "critical" in table(district, 1)


def test_the_same_seed_is_the_same_week() -> None:
    """What a year has shown can be looked at again."""
    first, again = (District(homes=200, days=3, seed=3) for _ in range(2))
    first.run()
    again.run()

    assert (first.decisions, first.figures.gaps) == (again.decisions, again.figures.gaps)
