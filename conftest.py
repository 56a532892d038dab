"""Tests that need Mosquitto or Chromium are left out where the machine has none, and that is said at the end.

``ANLING_TEST_REQUIRE=all`` turns a missing program into a failure.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

_PROGRAMS = {
    "mosquitto": ("mosquitto", "apt install mosquitto mosquitto-clients"),
    "browser": ("chromium", "apt install chromium fonts-noto-cjk"),
}
_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
_left_out: dict[str, int] = {}


def _has(program: str) -> bool:
    return bool(shutil.which(program)) or any(Path(folder, program).exists() for folder in _FOLDERS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here, or fail when everything is required."""
    lacking = {mark: told for mark, (program, told) in _PROGRAMS.items() if not _has(program)}
    gone = [i for i in items if any(i.get_closest_marker(mark) for mark in lacking)]
    if not gone:
        return
    if os.environ.get("ANLING_TEST_REQUIRE") == "all":
        raise pytest.UsageError(f"missing programs: {'; '.join(lacking.values())}")
    config.hook.pytest_deselected(items=gone)
    items[:] = [i for i in items if i not in set(gone)]
    for mark, told in lacking.items():
        count = sum(1 for i in gone if i.get_closest_marker(mark))
        if count:
            _left_out[told] = count


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of a parallel run tells what it left out."""
    _left_out.update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker: hand on what was left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = _left_out


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line: what was left out, and how to have it run."""
    if _left_out and not hasattr(config, "workerinput"):
        told = "; ".join(f"{count} tests need `{command}`" for command, count in _left_out.items())
        print(f"left out / 未运行: {told}")
