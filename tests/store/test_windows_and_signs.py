"""Drill windows, and the last sign of each device."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Forbidden, NotFound, Refused
from domain.events import Heard
from domain.people import Scope
from store import telemetry, traces
from store.drills import Drills, homes_in_drill, unreadable_windows
from tests.town import NOON, Town

DRILL = Scope("driller", "drill")


def _open_homes(town: Town) -> frozenset[str]:
    with town.ledger.reading() as tx:
        return homes_in_drill(tx, town.clock.now())


def test_a_window_opens_and_closes_by_itself(town: Town) -> None:
    """For its homes, for its minutes."""
    Drills(town.ledger, town.clock).open(DRILL, "evening", ["home-1", "home-2"], 10)
    during = _open_homes(town)
    town.clock.forward(600)

    assert (frozenset({"home-1", "home-2"}), frozenset()) == (during, _open_homes(town))


def test_a_window_can_be_closed_early_and_never_longer(town: Town) -> None:
    """Closing twice changes nothing."""
    drills = Drills(town.ledger, town.clock)
    made = drills.open(DRILL, "evening", ["home-1"], 10)
    town.clock.forward(60)
    closed = drills.close(DRILL, made["id"])
    town.clock.forward(60)

    assert closed == drills.close(DRILL, made["id"])
    assert frozenset() == _open_homes(town)


@pytest.mark.parametrize("kept", ['{"home-1": 1}', "7", '[1, "home-1"]', "null"])
def test_a_window_that_cannot_be_read_is_none_and_is_named(town: Town, kept: str) -> None:
    """P6: its presses are real, the window beside it goes on, and the operator can be told which one it is."""
    drills = Drills(town.ledger, town.clock)
    bad, _ = (drills.open(DRILL, "evening", [home], 10)["id"] for home in ("home-1", "home-2"))
    town.change(f"UPDATE drills SET homes = '{kept}' WHERE id = '{bad}'")
    homes, places = _open_homes(town), []
    for seconds in (0, 600):
        town.clock.forward(seconds)
        with town.ledger.reading() as tx:
            places.append(unreadable_windows(tx, town.clock.now()))

    assert frozenset({"home-2"}) == homes
    assert [frozenset({f"drills|{bad}"}), frozenset()] == places


@pytest.mark.parametrize(
    ("scope", "homes", "minutes", "error"),
    [
        (Scope("x", "family_doctor"), ["home-1"], 10, Forbidden),
        (DRILL, ["home-77"], 10, NotFound),
        (Scope("x", "dispatcher", ("south",)), ["home-1"], 10, NotFound),
        (DRILL, [], 10, Refused),
        (DRILL, ["home-1"], 0, Refused),
        (DRILL, ["home-1"], 481, Refused),
        (DRILL, ["home-1"], float("nan"), Refused),
    ],
    ids=["role", "unknown home", "other street", "no home", "no time", "too long", "nonsense"],
)
def test_a_window_that_may_not_be(
    town: Town, scope: Scope, homes: list[str], minutes: float, error: type[Exception]
) -> None:
    """A forgotten window would make real presses drills."""
    with pytest.raises(error):
        Drills(town.ledger, town.clock).open(scope, "x", homes, minutes)

    assert 0 == town.count("drills")


def test_only_who_may_open_may_close(town: Town) -> None:
    """And only what is there."""
    drills = Drills(town.ledger, town.clock)
    made = drills.open(DRILL, "evening", ["home-1"], 10)

    with pytest.raises(Forbidden):
        drills.close(Scope("x", "auditor"), made["id"])
    with pytest.raises(NotFound):
        drills.close(DRILL, "nothing")


def _status(town: Town, state: str, boot: int | None = None) -> None:
    text = f'{{"v":1,"state":"{state}"' + (f',"boot":{boot}' if boot is not None else "") + "}"
    town.say(town.heard("anling/v1/status/dev-0001", text.encode(), retain=True))


def _sign(town: Town) -> dict[str, Any]:
    (row,) = town.rows("SELECT * FROM device_states")
    return row


def test_the_last_value_of_a_device_is_kept(town: Town) -> None:
    """Newest wins; what a message does not say stays known."""
    town.intake.telemetry([town.event(type="heartbeat", leaf="telemetry", boot=7, seq=1, data={"battery_pct": 80})])
    town.clock.forward(60)
    town.intake.telemetry([town.event(type="activity", leaf="telemetry", boot=7, seq=2)])

    with town.ledger.reading() as tx:
        from sqlalchemy import select

        seen = tx.execute(select(traces.STATES.c.last_seen)).scalar_one()
    row = _sign(town)
    assert NOON + timedelta(seconds=60) == seen
    assert ("activity", 7, 2, 80.0) == (row["kind"], row["boot"], row["seq"], row["battery_pct"])


def test_a_will_says_offline_and_is_no_sign_of_life(town: Town) -> None:
    """The broker spoke, not the device."""
    _status(town, "online", 7)
    before = _sign(town)["last_seen"]
    town.clock.forward(60)
    _status(town, "offline", 7)

    assert (False, before) == (bool(_sign(town)["online"]), _sign(town)["last_seen"])


def test_a_will_of_an_older_boot_is_ignored(town: Town) -> None:
    """It comes late, after the device is back."""
    _status(town, "online", 8)
    before = _sign(town)

    _status(town, "offline", 7)

    assert before == _sign(town)


def test_a_will_of_an_older_boot_is_ignored_within_one_group(town: Town) -> None:
    """Also when both arrive together."""
    online, offline = (
        town.heard("anling/v1/status/dev-0001", f'{{"v":1,"state":"{s}","boot":{b}}}'.encode(), True)
        for s, b in (("online", 8), ("offline", 7))
    )
    town.say(online, offline)

    assert (True, 8) == (bool(_sign(town)["online"]), _sign(town)["boot"])


def test_a_device_that_comes_back_is_online(town: Town) -> None:
    """Any sign of life."""
    _status(town, "offline", 7)
    town.say(town.event(boot=8))

    assert (True, 8) == (bool(_sign(town)["online"]), _sign(town)["boot"])


def _beats(town: Town, *numbers: int | None, boot: int = 1) -> None:
    """Heartbeats that come together."""
    town.intake.telemetry([
        town.event(type="heartbeat", leaf="telemetry", boot=boot, seq=n) for n in numbers
    ])  # fmt: skip


def _counts(town: Town) -> tuple[str, int, int]:
    row = _sign(town)
    return row["day"], row["received"], row["missing"]


def test_numbers_that_are_left_out_are_counted_within_and_between_groups(town: Town) -> None:
    """1 2 | 5 6 8 | 9: three are missing, whichever came together; what has no number counts for nothing."""
    _beats(town, 1, 2)
    _beats(town, 5, 6, None, 8)
    _beats(town, 9)

    assert ("2026-11-20", 6, 3) == _counts(town)


def test_a_press_between_heartbeats_changes_no_count(town: Town) -> None:
    """It has a number of its own line and is repeated until it has its receipt."""
    _beats(town, 1, 2)
    town.say(town.event(boot=1, seq=900))
    _beats(town, 4)

    assert ("2026-11-20", 3, 1) == _counts(town)


def test_a_counter_that_begins_again_is_no_loss(town: Town) -> None:
    """A new boot, a counter set back, and a leap of more than a thousand, which counts as a thousand at most."""
    _beats(town, 500)
    _beats(town, 7, 8, boot=2)
    _beats(town, 3, boot=2)
    _beats(town, 2_000_000, boot=2)

    assert ("2026-11-20", 5, 1_000) == _counts(town)


def test_each_day_is_counted_anew(town: Town) -> None:
    """The first gap of a day reaches back to the number of the day before."""
    _beats(town, 1, 5)
    _beats(town, 9)
    town.clock.forward(24 * 3600)
    _beats(town, 11)

    assert ("2026-11-21", 1, 1) == _counts(town)


def test_presses_and_telemetry_of_the_same_devices_never_wait_in_a_ring(town: Town) -> None:
    """Two lanes hear the same devices in another order at the same moment; neither transaction is refused."""
    heard = [town.heard(f"anling/v1/up/dev-{n:04d}/telemetry", b'{"v":1,"type":"heartbeat"}') for n in range(2000)]

    def note(batch: list[Heard]) -> None:
        for _ in range(5):
            with town.ledger.transaction() as tx:
                telemetry.seen(tx, batch)

    with ThreadPoolExecutor() as lanes:
        list(lanes.map(note, [heard, heard[::-1]]))

    assert 2000 == town.count("device_states")


def test_old_telemetry_is_forgotten_in_pieces(town: Town) -> None:
    """A bounded piece at a time; last values stay."""
    for _ in range(5):
        town.intake.telemetry([town.event(type="heartbeat", leaf="telemetry")])

    with town.ledger.transaction() as tx:
        done = telemetry.prune(tx, NOON + timedelta(seconds=1), limit=3)

    assert (3, 2, 1) == (done, town.count("telemetry"), town.count("device_states"))
