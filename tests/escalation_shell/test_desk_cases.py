"""The 120 desk's cases: moved on by what it says, and made good by people where it rejects or stays silent."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.contacts import Accepted, FailedForGood, Letter
from domain.desk import CaseState, moves
from domain.people import Scope
from escalation.desk_cases import DeskSilence
from store.ledger import Ledger
from store.tasks import Tasks
from store.views import Views
from tests.town import DESK, DISPATCHER, DOCTOR, PLAN, Town, site

CONSOLE = Scope("desk", "dispatcher")
AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture
def wired(ledger: Ledger) -> Town:
    """A desk that can be reached by its system and by telephone."""
    town = Town(ledger)
    raw = site()
    desk = next(r for r in raw["responders"] if r["id"] == "desk-120")
    desk["contacts"].append({"channel": "voice", "address": "+85230000120"})
    plan = PLAN.replace('channels = ["dispatch_120"]', 'channels = ["dispatch_120", "voice"]')
    town.settle_in(raw, plan)
    town.phones["dispatch_120"].answer = lambda letter: Accepted("120-1")
    return town



def fall(town: Town) -> str:
    """A critical alert, its first contacts made."""
    id = town.press("dev-0001", type="fall")
    town.deliver()
    return id


def dialled(town: Town) -> list[dict[str, Any]]:
    """The open tasks to dial 120."""
    return [t for t in Tasks(town.ledger, town.clock).page(CONSOLE)["items"] if t["kind"] == "dial_120"]


def case(town: Town, alert: str) -> dict[str, Any]:
    """The case as the console shows it."""
    views = Views(town.ledger, town.clock, lambda *_: (), lambda *_: None)
    found = views.alert(CONSOLE, alert)["desk_cases"]
    return dict(found[0]) if found else {}


def desk_state(town: Town, alert: str) -> str:
    """Where the desk's own track stands."""
    return next(str(t.state) for t in town.alert(alert).tracks if t.name == "dispatch_120")


def killed(*_: Any) -> None:
    """Here the process ends."""
    raise ConnectionAbortedError


def voice_to_desk(town: Town) -> int:
    """How often the desk's telephone was rung."""
    return len([x for x in town.phones["voice"].letters if x.responder_id == "desk-120"])


def test_a_case_goes_on_and_never_back() -> None:
    """Call-backs in any order and repeated end in the same state (P21)."""
    walk = [CaseState.ACCEPTED, CaseState.TAKEN, CaseState.DISPATCHED, CaseState.ON_SCENE, CaseState.HANDED_OVER]
    ends = set()
    for order in itertools.permutations(walk):
        state: CaseState | None = None
        for said in (*order, *order):
            state = said if moves(state, said) else state
        ends.add(state)

    assert {CaseState.HANDED_OVER} == ends
    assert not moves(CaseState.CLOSED, CaseState.TAKEN)
    assert moves(CaseState.REJECTED, CaseState.ACCEPTED)
    assert moves(CaseState.TAKEN, CaseState.CANCELLED)


def test_the_walk_of_a_case_is_shown(wired: Town) -> None:
    """Accepted is delivery; the named clerk claims; each state stands with its time and clerk."""
    id = fall(wired)
    accepted = case(wired, id)

    for status in ("taken", "dispatched", "on_scene"):
        wired.callbacks.desk_callback({"case": "120-1", "status": status, "by": "7", "at": AT.isoformat()})

    assert ("accepted", "120-1", None) == (accepted["status"], accepted["case"], accepted["clerk"])
    assert ("on_scene", "7") == (case(wired, id)["status"], case(wired, id)["clerk"])
    assert ["accepted", "taken", "dispatched", "on_scene"] == [s["state"] for s in case(wired, id)["story"]]
    assert "desk-120" in {t.claimant for t in wired.alert(id).tracks}
    assert [] == dialled(wired)


def test_news_of_the_door_reach_the_desk(wired: Town) -> None:
    """The clerk has it, the doctor stands at the door: news of the same case, with the way in as it is now."""
    alert = fall(wired)
    wired.callbacks.desk_callback({"case": "120-1", "status": "taken", "by": "0042"})
    wired.commands.claim(alert, DOCTOR)
    wired.commands.progress(alert, DOCTOR, "access_failed")
    wired.deliver()

    news = [x for x in wired.phones["dispatch_120"].letters if x.purpose == "inform"]
    assert ["claimed", "progress"] == [x.about["event"] for x in news]
    assert ("access_failed", "120-1", "南门") == (news[-1].about["step"], news[-1].case, news[-1].access["gate"])
    assert "taken" == case(wired, alert)["status"]
    assert [] == dialled(wired)


def test_a_rejection_rings_the_desk_and_asks_a_person_to_dial(wired: Town) -> None:
    """By telephone at once, and at the console with the reason."""
    wired.phones["dispatch_120"].answer = lambda letter: FailedForGood("rejected: address", code="address")

    id = fall(wired)

    assert ("rejected", "address") == (case(wired, id)["status"], case(wired, id)["reason"])
    assert 1 == voice_to_desk(wired)
    assert [(id, {"reason": "address", "drill": False})] == [(t["alert_id"], t["data"]) for t in dialled(wired)]


def test_a_silent_desk_is_made_good_after_a_minute(wired: Town) -> None:
    """Accepted, and nobody speaks: the telephone and a person; once, not at every look."""
    id = fall(wired)
    silence = DeskSilence(wired.ledger, wired.standing, wired.clock)
    wired.clock.forward(59)
    early = silence.turn()
    wired.clock.forward(2)

    turns = [silence.turn(), silence.turn()]
    wired.deliver()

    assert (0, [1, 0]) == (early, turns)
    assert 1 == voice_to_desk(wired)
    assert [id] == [t["alert_id"] for t in dialled(wired)]


def test_a_desk_that_speaks_is_not_silent(wired: Town) -> None:
    """A clerk within the minute: nobody has to dial."""
    fall(wired)
    wired.callbacks.desk_callback({"case": "120-1", "status": "taken", "by": "7", "at": AT.isoformat()})
    wired.clock.forward(120)

    assert 0 == DeskSilence(wired.ledger, wired.standing, wired.clock).turn()
    assert [] == dialled(wired)


def test_who_answers_the_telephone_has_it(wired: Town) -> None:
    """The desk claims by key after a rejection: the task is done by itself; so it is when the alert is closed."""
    wired.phones["dispatch_120"].answer = lambda letter: FailedForGood("rejected: type", code="type")
    by_key, closed = fall(wired), wired.press("dev-0002", type="fall")
    wired.deliver()
    wired.commands.claim(by_key, DESK)
    wired.commands.close(closed, DISPATCHER, "accidental")

    DeskSilence(wired.ledger, wired.standing, wired.clock).turn()

    assert [] == dialled(wired)


def test_a_cancelled_case_is_ours_again(wired: Town) -> None:
    """The desk gives it back: released, and a person must dial, also when somebody had dialled before."""
    id = fall(wired)
    for status in ("taken", "cancelled"):
        wired.callbacks.desk_callback({"case": "120-1", "status": status, "by": "7", "at": AT.isoformat()})

    assert "cancelled" == case(wired, id)["status"]
    assert ["cancelled"] == [t["data"]["reason"] for t in dialled(wired)]
    assert "desk-120" not in {t.claimant for t in wired.alert(id).tracks}


@pytest.mark.parametrize("ended", ["cancelled", "closed"])
def test_an_ended_case_is_not_told_news_but_reported_anew(wired: Town, ended: str) -> None:
    """Nobody at the desk looks at it any more: the next letter is a first report, and what it gives is a new case."""
    id = fall(wired)
    for status in ("taken", ended):
        wired.callbacks.desk_callback({"case": "120-1", "status": status, "by": "7", "at": AT.isoformat()})
    wired.phones["dispatch_120"].answer = lambda letter: Accepted("120-2")
    for _ in range(2):
        wired.forward(900)
        wired.deliver()

    asked = [x for x in wired.phones["dispatch_120"].letters if x.purpose == "contact"]
    assert [None, None, "120-2"] == [x.case for x in asked][:3]
    assert ("accepted", "120-2") == (case(wired, id)["status"], case(wired, id)["case"])


def test_a_word_that_comes_after_the_cancel_it_was_said_before_claims_nothing(wired: Town) -> None:
    """By the desk's own times (P21): cancelled stays cancelled, calls go on, the task to dial stays."""
    id = fall(wired)
    said = [("cancelled", "8", 20), ("taken", "7", 5), ("dispatched", "7", 10)]
    late = [
        wired.callbacks.desk_callback(
            {"case": "120-1", "status": status, "by": by, "at": (AT + timedelta(seconds=at)).isoformat()}
        )["result"]
        for status, by, at in said
    ]
    after_late = (case(wired, id)["status"], desk_state(wired, id), len(dialled(wired)))

    anew = {"case": "120-1", "status": "taken", "by": "7", "at": (AT + timedelta(seconds=30)).isoformat()}
    taken = wired.callbacks.desk_callback(anew)["result"]

    assert ["noted"] * 3 == late
    assert ("cancelled", "calling", 1) == after_late
    assert ("claimed", "claimed", "taken") == (taken, desk_state(wired, id), case(wired, id)["status"])


def test_a_desk_that_cancels_before_anybody_took_it_is_rung_up_at_once(wired: Town) -> None:
    """As after a rejection: nobody waits for the next round to hear that no car comes."""
    fall(wired)

    wired.callbacks.desk_callback({"case": "120-1", "status": "cancelled", "by": "8", "at": AT.isoformat()})
    wired.deliver()

    assert 1 == voice_to_desk(wired)


@pytest.mark.parametrize("at", ["release", "note"])
def test_a_cancel_that_stops_half_way_still_asks_somebody_to_dial(wired: Town, at: str) -> None:
    """Killed between its transactions, with the watch over silent desks in between: the repeat puts it right."""
    id = fall(wired)
    wired.callbacks.desk_callback({"case": "120-1", "status": "taken", "by": "7", "at": AT.isoformat()})
    cancel = {"case": "120-1", "status": "cancelled", "by": "7", "at": AT.isoformat()}
    setattr(wired.commands, at, killed)
    with pytest.raises(ConnectionAbortedError):
        wired.callbacks.desk_callback(cancel)
    delattr(wired.commands, at)
    DeskSilence(wired.ledger, wired.standing, wired.clock).turn()

    wired.callbacks.desk_callback(cancel)
    DeskSilence(wired.ledger, wired.standing, wired.clock).turn()

    assert "calling" == desk_state(wired, id)
    assert ["cancelled"] == [t["data"]["reason"] for t in dialled(wired)]


def test_a_person_who_has_dialled_is_not_asked_again(wired: Town) -> None:
    """Each round is rejected anew; who has done it stays in peace."""
    wired.phones["dispatch_120"].answer = lambda letter: FailedForGood("rejected: type", code="type")
    id = fall(wired)
    Tasks(wired.ledger, wired.clock).finish(CONSOLE, f"dial_120:{id}", "dialled 120")

    wired.forward(300)
    wired.deliver()

    assert [] == dialled(wired)


def test_the_incident_says_whether_it_is_real(wired: Town) -> None:
    """CAP's own words: Actual, or Exercise for a drill; a drill's task says that nobody may dial."""
    letters: list[Letter] = []
    wired.phones["dispatch_120"].answer = lambda letter: letters.append(letter) or FailedForGood("no", code="other")
    wired.press("probe-001", type="fall", drill=True)
    wired.deliver()

    from channels.message import incident

    assert {"Exercise"} == {incident(letter, ())["status"] for letter in letters}
    assert [True] == [t["data"]["drill"] for t in dialled(wired)]
