"""The plan of faults: seedable, independent of order, and every fault is one that the network knows."""

import pytest

from simulators.behaviour import Behaviour
from simulators.faults import FAULTS, BadFaults, FaultPlan, parse_faults
from simulators.people import People, keys_to_press
from simulators.stage import BadSettings, Settings, Stage


def _all(plan: FaultPlan, people: list[str]) -> set[tuple[str, int, str]]:
    for who in people * 3:
        plan.bend(Behaviour(), who, "voice")
    return {(who, number, fault) for who, _, number, fault in plan.bent}


def test_the_same_seed_gives_the_same_faults_in_any_order() -> None:
    """A drill that failed can be played again."""
    people = [f"+8523000{n:04}" for n in range(50)]

    forward = _all(parse_faults("all", 0.3, 7), people)
    backward = _all(parse_faults("all", 0.3, 7), people[::-1])

    assert forward == backward
    assert forward != _all(parse_faults("all", 0.3, 8), people)


def test_the_share_is_kept() -> None:
    """A third of many is about a third."""
    bent = _all(parse_faults("busy,429", 0.33, 1), [f"p{n}" for n in range(500)])

    assert 0.28 < len(bent) / 1500 < 0.38


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_every_fault_changes_something(fault: str) -> None:
    """None of them is only a name."""
    plan = FaultPlan((fault,), 1.0)

    assert Behaviour(answers="press") != plan.bend(Behaviour(answers="press"), "doctor-1", "voice")


def test_an_unknown_fault_is_refused() -> None:
    """With those that exist, when the settings are changed."""
    with pytest.raises(BadFaults, match="voicemail"):
        parse_faults("busy,bsuy", 1.0, 0)
    with pytest.raises(BadSettings, match="voicemail"):
        Stage(Settings(), People()).change({"faults": "bsuy"})


def test_noise_presses_no_key_that_claims() -> None:
    """P11: a bad line presses, and not what was asked for."""
    noise = Behaviour(answers="noise", presses=6)

    pressed = [keys_to_press(noise, "请按 7 确认前往", "", n) for n in range(7)]

    assert None is pressed[-1]
    assert not {"1", "7"} & set(pressed[:-1])
