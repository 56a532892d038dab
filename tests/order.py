"""The order in which files are handed out: the longest first, so that no worker sits alone with one at the end.

Parallel runs give each worker whole files (``--dist loadfile --no-loadscope-reorder``). Seconds are those of one run on
two cores; only their order counts. A file that is not here takes less than fifteen.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LONGEST = {
    "acceptance/test_hand_over.py": 120,
    "acceptance/test_watch.py": 100,
    "acceptance/test_broker_access.py": 90,
    "acceptance/test_hand_over_claim.py": 90,
    "homes/test_devices.py": 90,
    "acceptance/test_drills.py": 75,
    "acceptance/test_ledger_away.py": 75,
    "acceptance/test_timers.py": 65,
    "acceptance/test_apart.py": 60,
    "acceptance/test_storm.py": 55,
    "simulators/test_drill_run.py": 50,
    "api/test_browser_desk.py": 45,
    "acceptance/test_embedded.py": 45,
    "mutants/test_planted.py": 40,
    "acceptance/test_bad_input.py": 40,
    "acceptance/test_drills_silence.py": 35,
    "api/test_browser.py": 35,
    "api/test_live.py": 25,
    "acceptance/test_demo.py": 20,
    "escalation_shell/test_interleavings.py": 20,
    "broker_bridge/test_bridge_failures.py": 20,
    "escalation_shell/test_store_machine.py": 20,
    "api/test_roles.py": 20,
    "simulators/test_device.py": 15,
    "anling/test_rotation.py": 15,
}
_RANKS = {TESTS / file: -seconds for file, seconds in LONGEST.items()}


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests of long files, then all others as they came; those of one file stay together and in their order."""
    return sorted(items, key=lambda item: _RANKS.get(item.path, 0))
