"""The daily check-in with kill -9 in the middle of a sweep, on real processes and both databases."""

import os
import sqlite3
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.installation import Installation
from tests.acceptance.neighbourhood import HOMES
from tests.waiting import eventually

pytestmark = [
    pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(180),
    pytest.mark.skipif(not os.environ.get("ANLING_PROVE"), reason="takes most of a minute: make prove"),
]  # fmt: skip

#: the device is asked as soon as the day begins, so that one sweep has something to do for every home
_STEPS = """
[[step]]
action = "ask_device"
after = "-1440m"
[[step]]
action = "alert"
after = "0m"
"""
_ASKED = (
    "UPDATE homes SET checkin_opens = 0, checkin_by = 1440, checkin_activity = false,"
    " checkin_since = '2026-01-01T00:00:00.000000+00:00'"
)


def _everybody_is_asked(town: Installation) -> None:
    """A window of the whole day in every home, agreed to long ago."""
    steps = Path(town.folder) / "steps.toml"
    steps.write_text(_STEPS)
    town.extra = {"ANLING_CHECKIN_STEPS": str(steps)}
    if town.database and town.database.startswith("postgres"):
        with psycopg.connect(town.database) as line:
            line.execute(_ASKED.encode())
        return
    file = sqlite3.connect(str(town.database).removeprefix("sqlite:///"))
    file.execute(_ASKED)
    file.commit()
    file.close()


@pytest.mark.parametrize(("point", "times"), [("sweep-opened", 1), ("sweep-asked", 1), ("sweep-asked", 2)])
def test_a_sweep_goes_on_where_it_was_killed(town: Installation, point: str, times: int) -> None:
    """In the transaction that opens the day, or in the one that asks the next hundred homes: after the restart each
    home has one question of today, and its device was asked once (P20)."""
    _everybody_is_asked(town)
    town.start("serve", fatal=point, times=times).await_death(60)
    before = town.count("checkins", "step = 1")

    town.serve()
    eventually(lambda: town.count("checkins", "step = 1") == HOMES, 60, "the rest of the sweep")

    assert before == (100 if times == 2 else 0)
    assert HOMES == town.count("checkins")
    assert [HOMES, HOMES] == [
        town.rows(f"SELECT count({what} device_id) AS n FROM errands")[0]["n"] for what in ("", "DISTINCT")
    ]
