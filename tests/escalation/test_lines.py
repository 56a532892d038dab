"""When a line is blocked: by what became of its calls, never by what people do at night (P14)."""

import pytest

from escalation.lines import blocked


def _calls(word: str, n: int, people: int = 100, line: str = "twilio:0") -> list[tuple[str, str, str, str | None]]:
    return [(line, f"p{k % people}", word, None) for k in range(n)]


@pytest.mark.parametrize(
    ("ended", "lines"),
    [
        (_calls("failed", 10), {"twilio:0"}),
        (_calls("busy", 5) + _calls("failed", 5), {"twilio:0"}),
        (_calls("no-answer", 50), set()),  # night
        (_calls("completed", 50), set()),
        (_calls("failed", 5), set()),  # too few to say
        (_calls("failed", 30, people=2), set()),  # two telephones that are off
        (_calls("failed", 5) + _calls("completed", 5), set()),
        (_calls("failed", 20) + _calls("completed", 20, line="twilio:1"), {"twilio:0"}),
        ([], set()),
    ],
)
def test_a_line_is_blocked_when_most_calls_to_many_people_fail(
    ended: list[tuple[str, str, str, str | None]], lines: set[str]
) -> None:
    """P14: the failure rate over different people decides."""
    assert lines == set(blocked(ended))
