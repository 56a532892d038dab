"""The auditor on a real ledger: nothing to say while all is well, and each planted fault named."""

from collections.abc import Callable

import pytest

from store import pulses
from tests.town import DOCTOR, DRILLER, OFFICE, PLAN, SUPERVISOR, Town
from watch.auditor import Auditor
from watch.finding import Finding, words

#: findings about parts that do not run in these tests
PARTS = {"engine", "senders", "bridge", "lamps", "engine_clock"}


def look(town: Town, auditor: Auditor | None = None) -> dict[str, Finding]:
    """One look at the town's ledger, at the town's engine time."""
    with town.ledger.transaction() as tx:
        pulses.save_time(tx, town.clock.now())
    auditor = auditor or Auditor(town.ledger)
    auditor.turn()
    assert auditor.reading is not None
    return {f.code: f for f in auditor.reading.findings if f.code not in PARTS and "no process" not in f.detail}


def live(town: Town) -> None:
    """A day's work: presses, a fall, claims, a release, an expiry, a close, a drill, another plan's turn."""
    first, fall = town.press(), town.press("dev-0002", type="fall")
    town.deliver()
    town.forward(61)
    town.deliver()
    town.commands.claim(first, DOCTOR)
    town.commands.progress(first, DOCTOR, "en_route")
    town.commands.claim(fall, SUPERVISOR, "dispatch_120")
    town.forward(130)
    town.deliver()
    town.commands.release(first, DOCTOR)
    town.forward(16 * 60)
    town.press("dev-0003")
    drill = town.press("probe-001", drill=True)
    town.commands.close(drill, DRILLER, "test")
    town.commands.close(first, SUPERVISOR, "treated_home", "illness", "a note")
    town.deliver()


def test_a_healthy_ledger_has_nothing_to_say(town: Town) -> None:
    """After a day's work, in several looks, not one invariant is doubted: no false alarm (P33)."""
    live(town)
    auditor = Auditor(town.ledger)

    said = [look(town, auditor) for _ in range(2)]

    assert [{}, {}] == said


def test_a_quiet_ledger_has_nothing_to_say(town: Town) -> None:
    """An empty ledger is well."""
    assert {} == look(town)


def test_a_timer_that_nobody_looks_at(town: Town) -> None:
    """Nothing overdue (invariant 5): a timer six seconds past is found, with its alert; one that was met is not."""
    alert = town.press()
    town.deliver()
    town.clock.forward(66)
    assert (alert,) == look(town)["overdue"].about

    town.forward(1)
    town.deliver()

    assert {} == look(town)


def test_a_contact_that_nobody_takes(town: Town) -> None:
    """A first contact that has been ready for ten seconds is found (P33: the senders stand)."""
    town.press()
    town.clock.forward(9)
    assert {} == look(town)

    town.clock.forward(2)

    assert {"unleased"} == set(look(town))


def test_a_message_that_cannot_be_judged(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that stays pending is found after ten of our own seconds, whatever the wall clock says."""
    town.press()
    town.deliver()
    town.change("UPDATE inbox SET outcome = 'pending'")
    auditor = Auditor(town.ledger)
    assert {} == look(town, auditor)
    monkeypatch.setattr("watch.auditor.UNJUDGED_LATE", 0.0)

    assert {"unjudged"} == set(look(town, auditor))


PLANTED: list[tuple[str, str]] = [
    ("UPDATE tracks SET due_at = next_at, next_at = :late, called = called WHERE state = 'calling'", "misshapen"),
    ("UPDATE tracks SET next_at = :late, due_at = :late", "far_timer"),
    ("UPDATE tracks SET last_at = :past", "misshapen"),
    ("UPDATE tracks SET called = '{}'", "unheard"),
    ("UPDATE tracks SET state = 'stood_down', next_at = NULL, due_at = NULL", "trackless"),
    ("UPDATE outbox SET drill = true", "mixed_drill"),
    ("UPDATE timeline SET by = 'somebody' WHERE seq = 1", "chain"),
    ("DELETE FROM timeline WHERE seq = 2", "chain"),
    ("UPDATE alerts SET signals = 7", "replay"),
    ("UPDATE alerts SET severity = 'routine'", "replay"),
    ("UPDATE tracks SET gen = 5", "replay"),
    ("DELETE FROM outbox", "contacts"),
    ("UPDATE outbox SET status = 'leased', lease_owner = 'x', lease_until = :past", "lease_expired"),
]


@pytest.mark.parametrize(("fault", "code"), PLANTED)
def test_a_planted_fault_is_found(town: Town, fault: str, code: str) -> None:
    """What the engine could never write, somebody or something else wrote: the auditor names it."""
    town.press()
    town.clock.forward(20)
    values = {"late": town.clock.now().replace(year=2027), "past": town.clock.now().replace(year=2025)}
    from store.bulk import instant

    with town.ledger.reading() as tx:
        given = {name: instant(tx, at) for name, at in values.items() if f":{name}" in fault}

    town.change(fault, **given)

    assert code in look(town)


def test_a_timer_that_says_another_moment_than_its_claim_or_offer_is_found(town: Town) -> None:
    """A claim that is never looked at again would be a silence for ever (invariant 2)."""
    from store.bulk import instant

    alert = town.press()
    town.deliver()
    town.commands.claim(alert, DOCTOR)
    assert "misshapen" not in look(town)
    with town.ledger.reading() as tx:
        late = instant(tx, town.clock.now().replace(year=2027))

    town.change("UPDATE tracks SET due_at = :late", late=late)

    assert (alert,) == look(town)["misshapen"].about


def test_a_close_without_a_person_is_found(town: Town) -> None:
    """Invariant 3: whoever closed it past the engine, its story has no last word."""
    alert = town.press()
    town.commands.claim(alert, DOCTOR)
    town.commands.close(alert, DOCTOR, "treated_home")
    assert "closing" not in look(town)

    town.change("DELETE FROM timeline WHERE type = 'closed'")

    assert {"chain", "closing", "replay"} <= set(look(town))


def test_most_attempts_fail(town: Town) -> None:
    """A provider that refuses nearly everything is named with its channel; a single failure is not."""
    for device in ("dev-0001", "dev-0002"):
        town.press(device)
    town.deliver()
    assert {} == look(town)
    town.change("UPDATE attempts SET status = 'failed'")
    town.change(
        "INSERT INTO attempts (key, n, started_at, status)"
        " SELECT o.key, a.n + o.attempts + x.n, a.started_at, 'failed' FROM attempts a JOIN outbox o ON o.key = a.key"
        " CROSS JOIN (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5"
        " UNION SELECT 6 UNION SELECT 7) x"
    )

    assert ["voice: 16 of 16"] == [look(town)["providers"].detail]


def test_a_critical_alert_without_its_lines(town: Town) -> None:
    """Invariant 17: a fall whose line to 120 is missing is found."""
    alert = town.press(type="fall")
    assert {} == look(town)

    town.change("DELETE FROM tracks WHERE name = 'dispatch_120'")

    assert (alert,) == look(town)["critical"].about


def test_a_drill_at_a_real_desk(town: Town) -> None:
    """Invariant 15: a drill's contact with a 120 address that is not marked for drills is found."""
    town.press("probe-001", drill=True)
    town.forward(125)
    assert "drill_120" not in look(town)

    town.change("UPDATE outbox SET point = 0 WHERE person = 'desk-120'")

    assert "drill_120" in look(town)


def test_the_ledger_is_away(town: Town) -> None:
    """A look that hangs, or fails, is a finding of its own; the last look's findings stay."""
    auditor = Auditor(town.ledger)
    auditor.turn()
    auditor.began = 100.0

    stalled, failed = auditor.findings(107.0, None), auditor.findings(101.0, "no connection")

    assert ("database", "database") == (stalled[0].code, failed[0].code)


def test_every_finding_has_words() -> None:
    """Each reason has a remedy, in both languages; the catalogue itself refuses a missing language."""
    keys = words().keys()
    reasons, remedies = ({k.partition(".")[2] for k in keys if k.startswith(group)} for group in ("reason.", "remedy."))

    assert reasons == remedies
    assert all(Finding(code).reason("zh") and Finding(code).remedy("en") for code in reasons)


def test_another_plan_sets_other_limits(town: Town, open_ledger: Callable[..., object]) -> None:
    """A plan that repeats every hour is not doubted for it."""
    from store import plans

    text = PLAN.replace("5m", "60m").replace("town-1", "town-2")
    with town.ledger.transaction() as tx:
        plans.put_in_force(tx, plans.Draft("town-2", text), "test", town.clock.now(), town.clock.now())
    town.press()
    town.deliver()
    for _ in range(4):
        town.forward(125)
        town.deliver()
    town.forward(50 * 60)
    town.deliver()

    assert {} == look(town)


def hand_over(town: Town) -> None:
    """A press that is called, taken, offered, taken over and given back."""
    alert = town.press()
    town.deliver()
    town.forward(5)
    town.commands.claim(alert, DOCTOR)
    town.commands.offer(alert, DOCTOR, OFFICE)
    town.commands.accept(alert, OFFICE)
    town.forward(20)
    town.commands.release(alert, OFFICE)
    town.deliver()


#: what is written past the engine -> what the auditor says beside the broken chain
HANDS: list[tuple[str, str]] = [
    ("UPDATE timeline SET data = replace(data, '\"gen\"\\:1', '\"gen\"\\:0') WHERE type = 'claimed'", "generations"),
    ("UPDATE timeline SET data = replace(data, '\"gen\"\\:2', '\"gen\"\\:0') WHERE type = 'accepted'", "generations"),
    ("UPDATE timeline SET type = 'note' WHERE type = 'claimed'", "claims"),
    ("UPDATE timeline SET by = 'somebody' WHERE type = 'accepted'", "claims"),
    ("UPDATE timeline SET type = 'note' WHERE type = 'released'", "claims"),
    ("UPDATE attempts SET started_at = (SELECT max(at) FROM timeline)", "dials"),
]


@pytest.mark.parametrize(("fault", "code"), HANDS)
def test_a_line_in_the_wrong_hands_is_found(town: Town, fault: str, code: str) -> None:
    """Generations, hand-overs and dials are read from the story (invariants 7, 11, 13); an honest one is believed."""
    hand_over(town)
    assert {} == look(town)

    town.change(fault)

    assert code in look(town)


def test_a_first_contact_that_repeats_overtake(town: Town) -> None:
    """Invariant 21: what has waited twenty seconds while a repeat went by the same channel is told, with its key."""
    town.press()
    town.deliver()
    town.forward(61)
    town.deliver()
    assert {} == look(town)

    town.change("UPDATE outbox SET status = 'pending', finished_at = NULL WHERE repeats = 0 AND role = 'family_doctor'")

    assert {"passed_over", "unleased"} == set(look(town))
