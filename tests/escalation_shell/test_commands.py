"""Commands: what people may do to an alert, and that two of them at once stay one truth."""

from typing import Any

import pytest

from domain.alerts import Actor
from domain.callers import Said
from domain.errors import Forbidden, Held, LedgerUnavailable, NotFound, Refused
from tests.town import DESK, DISPATCHER, DOCTOR, DRILLER, OFFICE, OTHER_DOCTOR, SUPERVISOR, Town, together


def test_twenty_identical_claims_are_one_event(town: Town) -> None:
    """Whoever taps twenty times hears yes twenty times, and it is written once (P23)."""
    alert = town.press()

    answers = together(*(lambda: town.commands.claim(alert, DOCTOR) for _ in range(20)))

    assert {"doctor-1"} == {a.tracks[0].claimant for a in answers}
    assert 1 == town.timeline(alert).count("claimed")


def test_of_twenty_people_one_gets_it(town: Town, open_ledger: Any) -> None:
    """The others hear who has it and until when, also across processes (invariant 13)."""
    alert = town.press()
    people = [Actor(f"d{n}", f"D{n}", role="dispatcher", roles=frozenset({"dispatcher"})) for n in range(10)]
    towns = [town, town.sibling(open_ledger(town.ledger.url))]

    answers = together(*(lambda p=p, n=n: towns[n % 2].commands.claim(alert, p) for n, p in enumerate(people)))  # type: ignore[misc]

    winner = town.alert(alert).tracks[0].claimant
    lost = [a for a in answers if isinstance(a, Held)]
    assert 9 == len(lost)
    assert {(winner, town.alert(alert).tracks[0].claim_until)} == {(h.holder_id, h.until) for h in lost}
    assert 1 == town.timeline(alert).count("claimed")


def test_a_claim_stops_the_calls_and_tells_the_others(town: Town) -> None:
    """Nobody new is called; who was asked hears who has it."""
    alert = town.press()
    town.forward(60)
    town.commands.claim(alert, DOCTOR)
    town.forward(600)

    assert {"doctor-1", "street-1"} == {r["person"] for r in town.outbox(purpose="contact")}
    (told,) = town.outbox(purpose="inform")
    assert "street-1" == told["person"]


@pytest.mark.parametrize(
    "act",
    [
        lambda c, a: c.claim(a, OTHER_DOCTOR),
        lambda c, a: c.progress(a, OTHER_DOCTOR, "en_route"),
        lambda c, a: c.note(a, OTHER_DOCTOR, "hello"),
        lambda c, a: c.close(a, OTHER_DOCTOR, "accidental"),
        lambda c, a: c.decline(a, OTHER_DOCTOR),
        lambda c, a: c.voice_check(a, OTHER_DOCTOR, "ok"),
        lambda c, a: c.claim(
            a, Actor("x", "x", role="dispatcher", roles=frozenset({"dispatcher"}), streets=("south",))
        ),
        lambda c, a: c.claim(a, DRILLER),
    ],
    ids=["claim", "progress", "note", "close", "decline", "voice", "other street", "drill account"],
)
def test_who_was_not_asked_may_not_act(town: Town, act: Any) -> None:
    """Others only on alerts they were asked for; the desk in its streets; a drill account on drills."""
    alert = town.press()
    before = town.timeline(alert)

    with pytest.raises(Forbidden):
        act(town.commands, alert)

    assert before == town.timeline(alert)


def test_120_by_hand_is_in_the_outbox_at_once(town: Town) -> None:
    """The plan's own way to 120 goes out in the same transaction, and the story says who asked for it."""
    alert = town.press()

    town.commands.summon(alert, DISPATCHER, "dispatch_120")

    assert DESK.id in {row["person"] for row in town.outbox(purpose="contact")}
    assert "summoned" in town.timeline(alert)


def test_the_desk_acts_in_its_streets(town: Town) -> None:
    """A dispatcher of the north may claim what happens in the north."""
    north = Actor("x", "x", role="dispatcher", roles=frozenset({"dispatcher"}), streets=("north",))

    assert "x" == town.commands.claim(town.press(), north).tracks[0].claimant


def test_a_drill_account_closes_its_drill_as_test_only(town: Town) -> None:
    """And never a real one (invariant 3)."""
    drill = town.press("probe-001", drill=True)
    with pytest.raises(Forbidden):
        town.commands.close(drill, DRILLER, "treated_home")

    assert not town.commands.close(drill, DRILLER, "test").open


def test_the_engine_or_a_device_closes_nothing(town: Town) -> None:
    """Only a person (invariant 3)."""
    alert = town.press()
    machine = Actor("engine", "engine", "engine", roles=frozenset({"administrator"}))

    with pytest.raises(Forbidden):
        town.commands.close(alert, machine, "test")


def test_closing_what_another_holds_needs_a_supervisor(town: Town) -> None:
    """And it is noted over whom."""
    alert = town.press()
    town.commands.claim(alert, DOCTOR)
    with pytest.raises(Held, match="doctor-1"):
        town.commands.close(alert, DISPATCHER, "accidental")

    closed = town.commands.close(alert, SUPERVISOR, "treated_home", "illness", "all well")

    assert ("chief", "treated_home", "illness") == (closed.closed_by, closed.outcome, closed.cause)
    assert ["doctor-1"] == town.entry(alert, "closed")["over"]


def test_everybody_who_was_asked_is_stood_down(town: Town) -> None:
    """Once each, however often they were asked."""
    alert = town.press()
    town.forward(60)
    town.forward(60)
    town.commands.close(alert, DISPATCHER, "accidental")

    assert ["desk-120", "doctor-1", "street-1"] == sorted(r["person"] for r in town.outbox(purpose="stand_down"))


@pytest.mark.parametrize(
    "act",
    [
        lambda c, a: c.claim(a, DISPATCHER),
        lambda c, a: c.note(a, DISPATCHER, "too late"),
        lambda c, a: c.close(a, DISPATCHER, "test"),
    ],
    ids=["claim", "note", "close"],
)
def test_a_closed_alert_takes_no_command(town: Town, act: Any) -> None:
    """It never changes (invariant 4)."""
    alert = town.press()
    town.commands.close(alert, DISPATCHER, "accidental")

    with pytest.raises(Refused, match="closed"):
        act(town.commands, alert)


@pytest.mark.parametrize(
    "act",
    [
        lambda c, a: c.progress(a, DISPATCHER, "teleported"),
        lambda c, a: c.close(a, DISPATCHER, "bored"),
        lambda c, a: c.close(a, DISPATCHER, "test", "boredom"),
        lambda c, a: c.voice_check(a, DISPATCHER, "maybe"),
        lambda c, a: c.note(a, DISPATCHER, "  "),
        lambda c, a: c.raise_by_hand(DISPATCHER, home="home-1", kind="dragon"),
        lambda c, a: c.raise_by_hand(DISPATCHER),
    ],
    ids=["step", "outcome", "cause", "voice", "note", "kind", "nowhere"],
)
def test_an_unknown_word_is_refused_with_the_list(town: Town, act: Any) -> None:
    """And nothing is written."""
    alert = town.press()

    with pytest.raises(Refused):
        act(town.commands, alert)

    assert 1 == len(town.timeline(alert)) - town.timeline(alert).count("called")


def test_an_unknown_alert_is_not_found(town: Town) -> None:
    """Not forbidden, not silent."""
    with pytest.raises(NotFound):
        town.commands.claim("nothing", DISPATCHER)


def test_a_claim_without_a_track_takes_that_of_the_role(town: Town) -> None:
    """In a critical alert each role answers for itself (invariant 17)."""
    alert = town.press(type="fall")

    town.commands.claim(alert, DOCTOR)
    town.commands.claim(alert, DISPATCHER)

    held = {t.name: t.claimant for t in town.alert(alert).tracks}
    assert {"family_doctor": "doctor-1", "street_office": "console", "dispatch_120": "console"} == held


def test_progress_renews_the_claim(town: Town) -> None:
    """A claim with progress does not run out."""
    alert = town.press()
    town.commands.claim(alert, DOCTOR)
    first = town.alert(alert).tracks[0].claim_until
    town.forward(600)

    renewed = town.commands.progress(alert, DOCTOR, "en_route", "on the stairs")

    assert renewed.tracks[0].claim_until is not None
    assert first is not None
    assert 600 == (renewed.tracks[0].claim_until - first).total_seconds()
    assert "coming" == renewed.stage


def test_a_handover_keeps_the_duty_until_it_is_taken(town: Town) -> None:
    """Offer, then accept by the offered person only (invariant 13)."""
    alert = town.press()
    town.forward(60)
    town.commands.claim(alert, DOCTOR)
    town.commands.offer(alert, DOCTOR, OFFICE)
    assert "doctor-1" == town.alert(alert).tracks[0].claimant
    with pytest.raises(Refused):
        town.commands.accept(alert, DISPATCHER)

    assert "street-1" == town.commands.accept(alert, OFFICE).tracks[0].claimant


def test_a_release_resumes_the_calls(town: Town) -> None:
    """From where it stood; a supervisor may release what another holds."""
    alert = town.press()
    town.forward(60)
    town.commands.claim(alert, OFFICE)
    with pytest.raises(Held):
        town.commands.release(alert, DISPATCHER)

    released = town.commands.release(alert, SUPERVISOR)

    assert "calling" == released.tracks[0].state
    assert released.tracks[0].next_at is not None


def test_a_call_by_telephone_raises_an_alert(town: Town) -> None:
    """By home, or by an address in words; free text is sealed."""
    known = town.commands.raise_by_hand(DISPATCHER, home="home-1", note="neighbour rang", caller_phone="+8613800000009")
    words = town.commands.raise_by_hand(DISPATCHER, address="公园南门", kind="sos")

    assert ("home-1", "manual", "sos") == (known.subject.home, known.kind, words.kind)
    notes = [bytes(r["note"]) for r in town.rows("SELECT note FROM timeline WHERE note IS NOT NULL")]
    assert [] == [n for n in notes if b"13800000009" in n or "公园".encode() in n]


def test_who_is_sent_to_a_place_in_no_register_is_told_where(town: Town) -> None:
    """The caller's address is in every call and text, in 120's report, and still there when it is raised again."""
    said = {"address": "公园南门; 长椅", "note": "有人倒在地上", "caller_phone": "+8613800000009"}
    first = town.commands.raise_by_hand(DISPATCHER, **said)
    town.commands.close(first.id, DISPATCHER, "welfare_only")
    again = town.commands.reopen(first.id, DISPATCHER, "又来电")
    town.deliver()
    town.forward(120)
    town.deliver()

    letters = [x for name in ("voice", "dispatch_120") for x in town.phones[name].letters if x.alert_id == again.id]
    assert {"family_doctor", "dispatch_120"} == {x.role for x in letters}
    assert {Said("公园南门, 长椅", "+8613800000009")} == {x.said for x in letters}


def test_a_call_about_an_open_alert_joins_it(town: Town) -> None:
    """One home, one open alert (invariant 16)."""
    alert = town.press()

    joined = town.commands.raise_by_hand(DISPATCHER, home="home-1", note="the daughter rang")

    assert (alert, 2) == (joined.id, joined.signals)
    assert "note" in town.timeline(alert)


def test_a_ledger_that_does_not_take_it_says_so(town: Town) -> None:
    """Nobody hears "recorded" for what is not (P10)."""
    alert = town.press()
    town.change("ALTER TABLE timeline RENAME TO elsewhere")

    with pytest.raises(LedgerUnavailable):
        town.commands.claim(alert, DOCTOR)


def test_the_desk_may_be_held_by_its_own_person(town: Town) -> None:
    """A responder who was asked acts without any log-in role."""
    alert = town.press(type="fall")

    assert "desk-120" == next(t for t in town.commands.claim(alert, DESK).tracks if t.name == "dispatch_120").claimant
