"""The suite is tried too: faults planted on purpose must not live."""

import os
from pathlib import Path

import pytest

from tests.mutants.planted import Fault, copied, faults, noticed

PROVE = bool(os.environ.get("ANLING_PROVE"))
FAULTS = faults()


def test_every_fault_can_still_be_planted() -> None:
    """A line that was changed takes its fault with it, or the list would prove nothing."""
    assert [] == [problem for fault in FAULTS for problem in fault.problems()]
    assert len(FAULTS) >= 40
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_planted_fault_lives(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten in every run, all under ANLING_PROVE: for each of them some test fails."""
    wanted = [fault for fault in FAULTS if fault.quick or PROVE]
    assert len(wanted) >= 10

    with copied() as tree:
        lives = [fault.name for n, fault in enumerate(wanted, 1) if not _noticed(fault, tree, n, len(wanted), capsys)]

    assert [] == lives


def _noticed(fault: Fault, tree: Path, n: int, of: int, capsys: pytest.CaptureFixture[str]) -> bool:
    found = noticed(fault, tree)
    if PROVE:
        with capsys.disabled():
            print(f" [{n}/{of} {'killed' if found else 'LIVES'}]", end="", flush=True)
    return found
