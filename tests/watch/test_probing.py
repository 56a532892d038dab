"""The probe on a real ledger: round and round, each missing link named, and nobody but its sink ever asked."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from broker_bridge.decode import hear
from domain.errors import LedgerUnavailable
from domain.events import Message
from domain.people import Scope
from store import probes
from store.probes import Probe
from store.views import Views
from tests.town import Phone, Town
from watch import probing
from watch.probing import Probing
from watch.sink import Call

ME = Probe("watch", "http://127.0.0.1:9/probe", "a secret of the sink")


class Round:
    """A probe whose broker and sink are at hand: what it presses is taken in, what is sent to it arrives."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.broker_up = self.receipts_up = self.sink_up = True
        town.phones["webhook"] = Phone("webhook", self._arrives)
        self.probing = Probing(town.ledger, town.commands, town.clock.now, ME, self._press)
        self.alerts: list[str] = []

    def _arrives(self, letter: Any) -> Any:
        from domain.contacts import Accepted, FailedForNow

        if not self.sink_up:
            return FailedForNow("no connection")
        self.probing.call(Call(time.monotonic(), str(letter.purpose), letter.alert_id, letter.drill))
        return Accepted()

    def _press(self, event: Mapping[str, Any]) -> bool:
        if not self.broker_up:
            return False
        import json

        heard = hear(Message("anling/v1/up/watch/event", json.dumps(event).encode(), self.town.clock.now()))
        (receipt,) = self.town.say(heard)
        assert receipt is not None
        self.alerts.append(str(receipt.alert))
        if self.receipts_up:
            self.probing.receipt({"id": event["id"], "alert": receipt.alert})
        return True

    def go(self) -> str | None:
        """One press to its end; what was wrong with it."""
        self.probing._due = 0.0
        self.probing.turn()
        if self.probing._event is not None:
            self.town.deliver()
            self.probing.turn()
        return self.probing.failure


@pytest.fixture
def round_(town: Town, monkeypatch: pytest.MonkeyPatch) -> Round:
    """A probe that waits no longer than it must."""
    monkeypatch.setattr(probing, "BOUND", -1.0)
    return Round(town)


def test_a_press_goes_all_the_way_round(round_: Round) -> None:
    """Registered, pressed, called, closed as a test by the probe's account; each press an alert of its own."""
    said = [round_.go(), round_.go()]

    closed = [round_.town.alert(id) for id in round_.alerts]
    assert [None, None] == said
    assert 2 == len(set(round_.alerts))
    assert [(False, "test", "probe:watch", True)] * 2 == [(a.open, a.outcome, a.closed_by, a.drill) for a in closed]
    assert round_.probing.took_ms is not None
    assert [] == round_.probing.findings(time.monotonic())


def test_nobody_else_is_asked(round_: Round) -> None:
    """Whatever goes wrong, for however long: only the probe's own responder is ever asked, in every tier and round."""
    round_.sink_up = False
    round_.go()
    for _ in range(12):
        round_.town.forward(61)
        round_.town.deliver()

    asked = {(letter.responder_id, letter.drill) for phone in round_.town.phones.values() for letter in phone.letters}

    assert {("~watch", True)} == asked
    assert [] == round_.town.phones["dispatch_120"].letters


FAULTS: list[tuple[Callable[[Round], None], str]] = [
    (lambda r: setattr(r, "broker_up", False), "no connection to the broker"),
    (lambda r: setattr(r, "receipts_up", False), "no receipt but a call within -1 s"),
    (lambda r: setattr(r, "sink_up", False), "a receipt, and no call within -1 s"),
]


@pytest.mark.parametrize(("fault", "why"), FAULTS)
def test_a_missing_link_is_named(round_: Round, fault: Callable[[Round], None], why: str) -> None:
    """Which half of the way is broken is said; when it is mended the next press closes what was left, and is well."""
    assert round_.go() is None
    fault(round_)
    assert why == round_.go()
    assert ["probe"] == [f.code for f in round_.probing.findings(time.monotonic())]

    round_.broker_up = round_.receipts_up = round_.sink_up = True

    assert round_.go() is None
    assert 0 == round_.town.count("alerts", "state = 'open'")


def test_a_late_call_of_an_earlier_press_proves_nothing(round_: Round) -> None:
    """Only the call of the alert that the receipt names counts."""
    round_.sink_up = False
    round_.go()
    round_.probing._due = 0.0
    round_.probing.turn()

    round_.probing.call(Call(time.monotonic(), "contact", round_.alerts[0], True))
    round_.probing.turn()

    assert round_.probing.failure == "a receipt, and no call within -1 s"


def test_the_ledger_is_away(round_: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that does not take it is a failed press, and the loop goes on."""
    monkeypatch.setattr(probes, "enrol", lambda *_: (_ for _ in ()).throw(LedgerUnavailable("away")))

    with pytest.raises(LedgerUnavailable):
        round_.go()

    assert "ledger: LedgerUnavailable" == round_.probing.failure


def test_it_is_enrolled_once(town: Town) -> None:
    """The register is touched only when something about the probe is new: engines need not read it every minute."""
    with town.ledger.transaction() as tx:
        said = [probes.enrol(tx, ME, ("family_doctor",)), probes.enrol(tx, ME, ("family_doctor",))]
        moved = probes.enrol(tx, Probe("watch", "http://127.0.0.1:10/probe", ME.secret), ("family_doctor",))
        gone = [probes.dismiss(tx, "watch"), probes.dismiss(tx, "watch")]

    assert ([True, False], True, [True, False]) == (said, moved, gone)
    assert 0 == town.count("homes", "id LIKE '~%'") + town.count("teams", "street LIKE '~%'")


def test_probes_count_in_no_indicator(round_: Round) -> None:
    """Neither the board nor the metrics know of them, open or closed; real alerts and drills are counted."""
    round_.sink_up = False
    round_.go()
    town = round_.town
    town.press()
    town.press("probe-001", drill=True)
    views = Views(town.ledger, town.clock, lambda *_: (), lambda *_: None)
    boss = Scope("boss", "supervisor")

    counts, board = views.counts(), views.board(boss)

    assert (1, 1) == (counts["open_alerts"], counts["open_drills"])
    assert ["home-1", "home-1"] == [row["home"]["id"] for row in board]


def test_only_old_closed_probes_are_pruned(round_: Round) -> None:
    """After seven days a probe's drill goes with its timeline, contacts and messages; nothing else ever does."""
    town = round_.town
    round_.go()
    real, drill = town.press(), town.press("probe-001", drill=True)
    town.deliver()
    from tests.town import DRILLER, SUPERVISOR

    town.commands.close(real, SUPERVISOR, "treated_home")
    town.commands.close(drill, DRILLER, "test")
    town.clock.forward(timedelta(days=8).total_seconds())
    round_.go()

    with town.ledger.transaction() as tx:
        gone = probes.prune(tx, town.clock.now() - timedelta(days=7))

    assert 1 == gone
    assert {real, drill, round_.alerts[1]} == {row["id"] for row in town.rows("SELECT id FROM alerts")}
    for table in ("timeline", "outbox", "tracks", "inbox"):
        assert 0 == town.count(table, f"alert_id = '{round_.alerts[0]}'"), table
    assert 0 == town.count("attempts", f"key LIKE '{round_.alerts[0]}%'")
    assert 0 < town.count("outbox", f"alert_id = '{real}'")
