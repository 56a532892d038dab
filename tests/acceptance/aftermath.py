"""What must hold after the plug was pulled, wherever that was."""

from collections import Counter
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from tests.acceptance.installation import Installation, Process
from tests.acceptance.outside import Contact
from tests.waiting import eventually


def one_alert_each(town: Installation) -> None:
    """Each press is in the inbox once, and made or joined one alert; each home has at most one that is open."""
    presses = town.rows("SELECT device_id, event_id, alert_id FROM inbox WHERE kind = 'sos'")
    assert len(presses) == len({(p["device_id"], p["event_id"]) for p in presses})
    assert all(p["alert_id"] for p in presses)
    homes = Counter(a["home_id"] for a in town.rows("SELECT home_id FROM alerts WHERE state = 'open'"))
    assert not [home for home, n in homes.items() if n > 1]


def attempts_are_whole(town: Installation) -> None:
    """Attempts of a contact are numbered without holes; only the last may still be under way."""
    # in one look: news may be on their way while we read
    rows = town.rows(
        "SELECT o.key, o.status, o.attempts, a.n, a.status AS tried FROM outbox o LEFT JOIN attempts a ON a.key = o.key"
        " ORDER BY o.key, a.n"
    )
    for _, group in groupby(rows, key=itemgetter("key")):
        tries = list(group)
        assert list(range(1, tries[0]["attempts"] + 1)) == [t["n"] for t in tries if t["n"]], tries
        if tries[0]["status"] == "accepted":
            assert "accepted" == tries[-1]["tried"]


def once_or_twice(town: Installation) -> None:
    """No contact is lost, none is made more often than once and once more for the crash; all are signed."""
    rows = town.rows("SELECT key, status FROM outbox")
    times = town.sink.times_per_key()
    assert {r["key"] for r in rows if r["status"] not in ("superseded", "pending")} <= set(times)
    assert set(times) <= {r["key"] for r in rows}
    assert 2 >= max(times.values())
    assert all(c.signed for c in town.sink.contacts)


def settled(town: Installation) -> None:
    """Wait until nothing is under way."""
    eventually(lambda: not town.count("outbox", "status = 'leased'"), what="rest")


def restart(town: Installation, dead: Process) -> Process:
    """It died by the plug; start it again on the same data."""
    assert -9 == dead.await_death()
    return town.serve()


def on_time(town: Installation, contact: Contact, after: float, up: float) -> None:
    """Asked when the plan says, or as soon as we were up again."""
    raised = datetime.fromisoformat(town.api.alert(contact.alert)["raised_at"]).timestamp()
    assert contact.wall > raised + after - 0.1
    assert contact.wall < max(raised + after, up) + 1.5
