"""Which provider carries a number."""

import pytest

from channels.routes import Routes, e164, parse_routes


def _routes(text: str) -> Routes:
    problems: list[str] = []
    routes = parse_routes(text, "ANLING_VOICE_ROUTES", problems)
    assert [] == problems
    return routes


@pytest.mark.parametrize(
    ("number", "provider"),
    [
        ("+8613800000001", "aliyun"),
        ("+85230000001", "twilio"),
        ("+8529", "none"),
        ("+1", "twilio"),
        ("120", "twilio"),
        ("", "twilio"),
        ("*", "twilio"),
    ],
)
def test_the_longest_prefix_wins(number: str, provider: str) -> None:
    """``*`` takes the rest."""
    assert provider == _routes("+86=aliyun, +852 =twilio,+8529=none,*=twilio").provider(number)


def test_without_a_star_some_numbers_have_no_provider() -> None:
    """Said, not guessed."""
    assert _routes("+86=aliyun").provider("+85230000001") is None


@pytest.mark.parametrize(
    ("text", "providers"),
    [
        ("+86=aliyun,*=twilio", {"aliyun"}),
        ("*=twilio", {"twilio"}),
        ("+8=twilio", {"twilio"}),
        ("+86=aliyun,+8613=twilio", {"aliyun", "twilio"}),
        ("+852=twilio", {"none"}),
        ("", {"none"}),
    ],
)
def test_who_would_carry_the_mainland(text: str, providers: set[str]) -> None:
    """Also by a shorter or a longer prefix, or by the star."""
    assert providers == _routes(text).mainland()


def test_all_mistakes_come_together() -> None:
    """Each with its remedy."""
    problems: list[str] = []

    text = "86=twilio,+86,+86=alyun,+852=twilio,+852=none,+８６=twilio,=x"
    parse_routes(text, "ANLING_VOICE_ROUTES", problems)

    assert 6 == len(problems)
    assert all(problem.startswith("ANLING_VOICE_ROUTES: ") for problem in problems)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+852 3000-0001", "+85230000001"),
        ("0086 138 0000 0001", "+8613800000001"),
        ("tel:+85230000001", "+85230000001"),
        ("138 0000 0001", "+8613800000001"),
        ("021-62345678", "+862162345678"),
        ("0571 8123456", "+865718123456"),
        ("＋８５２　３００００００１", "+85230000001"),
        (" (+852)30000001 ", "+85230000001"),
        ("120", "120"),
    ],
)
def test_numbers_as_people_write_them(written: str, number: str) -> None:
    """Separators go, ``00`` becomes ``+``, a number written as at home is a mainland one."""
    assert number == e164(written)
