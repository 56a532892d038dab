"""Intake, rule by rule of the wire's first section: store first, judge after, acknowledge last."""

import json
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import LedgerUnavailable
from domain.people import Scope
from store import telemetry
from store.drills import Drills
from tests.town import DISPATCHER, DOCTOR, NOON, Town, together

ID = "01JD4Z6T8X5V9Q2K7M3B1C0D00"


def _noon(seconds: float = 0) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat()


# -- receipts


def test_a_press_is_receipted_with_its_alert(town: Town) -> None:
    """The receipt comes after the commit that holds message and alert, and names both."""
    (receipt,) = town.say(town.event(id=ID))

    assert receipt is not None
    assert (ID, "dev-0001", "dev-0001", "stored", None, False) == (
        receipt.id, receipt.device, receipt.to, receipt.result, receipt.reason, receipt.duplicate,
    )  # fmt: skip
    assert "open" == town.rows("SELECT state FROM alerts WHERE id = :a", a=receipt.alert)[0]["state"]
    assert "raised" == town.rows("SELECT outcome FROM inbox")[0]["outcome"]


def test_a_press_asks_the_doctor_in_the_same_transaction(town: Town) -> None:
    """Nobody waits for an engine to wake: the first contact is there with the alert (invariant 19)."""
    alert = town.press()

    assert [(alert, "doctor-1", "voice", 0)] == [
        (r["alert_id"], r["person"], r["channel"], r["repeats"]) for r in town.outbox()
    ]


def test_every_repeat_gets_the_same_receipt_and_changes_nothing(town: Town) -> None:
    """The device sends until it hears us; the natural key makes that harmless."""
    event = town.event()
    (first,) = town.say(event)

    again = town.say(event, event)

    assert [(first.alert, "stored", True)] * 2 == [(r.alert, r.result, r.duplicate) for r in again if r]  # type: ignore[union-attr]
    assert (1, 1) == (town.count("inbox"), town.alert(first.alert).signals)  # type: ignore[union-attr, arg-type]


def test_a_repeat_within_one_batch_is_one_press(town: Town) -> None:
    """The first copy raises, the second is answered alike."""
    event = town.event()

    receipts = town.say(event, event)

    assert 1 == len({r.alert for r in receipts if r})
    assert 1 == town.count("inbox")


def test_two_presses_are_one_alert_with_a_count(town: Town) -> None:
    """A stuck or frightened finger makes one alert (invariant 16)."""
    alerts = {town.press() for _ in range(5)}

    (alert,) = alerts
    assert 5 == town.alert(alert).signals
    assert ["raised", "joined"] == [
        r["outcome"] for r in town.rows("SELECT DISTINCT outcome FROM inbox ORDER BY outcome DESC")
    ]


def test_two_devices_of_a_home_are_one_alert(town: Town) -> None:
    """Whichever of them speaks, it is the same person."""
    assert town.press("dev-0001") == town.press("band-0001")


def test_two_homes_never_merge(town: Town) -> None:
    """P29: also within one batch."""
    receipts = town.say(town.event("dev-0001"), town.event("dev-0003"))

    assert 2 == len({r.alert for r in receipts if r})


def test_after_closing_a_press_is_a_new_alert_linked_to_the_old(town: Town) -> None:
    """A closed alert never changes (invariant 4)."""
    first = town.press()
    town.commands.close(first, DISPATCHER, "accidental")

    second = town.press()

    assert first == town.alert(second).previous
    assert 1 == town.alert(first).signals


def test_an_emergency_with_broken_fields_is_raised(town: Town) -> None:
    """Bad fields are flagged for the technician, and never cost the alert."""
    alert = town.press(type="fall", ts="yesterday", clock=7, seq="x", boot=-1, data=[1])

    assert "critical" == town.alert(alert).severity
    assert town.entry(alert, "raised")["faults"]


@pytest.mark.parametrize("id", [None, "short", 17, "x" * 65, "has spaces in it here"])
def test_a_missing_or_bad_id_is_replaced_by_the_hash(town: Town, id: Any) -> None:
    """And the receipt says so."""
    (receipt,) = town.say(town.event(id=id))

    assert receipt is not None
    assert receipt.id.startswith("sha256:")
    assert "hash of the payload" in (receipt.reason or "")
    assert receipt.alert is not None


def test_an_id_less_press_repeated_within_a_minute_is_one(town: Town) -> None:
    """The same bytes a second later are the retry; two minutes later they are a new press."""
    (first,) = town.say(town.event(id=None))
    town.clock.forward(1)
    (retry,) = town.say(town.event(id=None))
    town.clock.forward(120)
    (later,) = town.say(town.event(id=None))

    assert (False, True, False) == tuple(r.duplicate for r in (first, retry, later) if r)
    assert 2 == town.alert(first.alert).signals  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize("state", [None, "alarm", "boiling", 7])
def test_smoke_without_a_known_state_is_an_alarm(town: Town, state: Any) -> None:
    """A missing or unknown state means alarm."""
    assert "smoke" == town.alert(town.press(type="smoke", data={"state": state})).kind


def test_whatever_comes_as_an_event_gets_a_receipt(town: Town) -> None:
    """A heartbeat on the topic of events is kept and receipted: its device would repeat it for ever."""
    beat, gone, strange = (("dev-0001", "heartbeat"), ("dev-0003", "offline"), ("stranger-01", "heartbeat"))

    receipts = town.say(town.event(*beat), town.event(*gone), town.event(*strange))

    assert [("stored", None)] * 3 == [(r.result, r.alert) for r in receipts if r]
    assert 3 == town.count("inbox")


def test_the_quarantine_says_why_nobody_could_read_it(town: Town) -> None:
    """Also of what has called people: garbage, an unknown type."""
    town.say(town.heard("anling/v1/up/dev-0001/event", b"{{"), town.event("dev-0003", "banana"))

    garbage, unknown = [r["reason"] for r in town.rows("SELECT reason FROM inbox ORDER BY device_id")]
    assert garbage.startswith("payload")
    assert "unknown type 'banana'" == unknown


def test_clear_neither_raises_nor_closes(town: Town) -> None:
    """It is noted; a person closes."""
    (quiet,) = town.say(town.event(type="gas", data={"state": "clear"}))
    alert = town.press(type="gas", data={"state": "alarm"})
    town.say(town.event(type="gas", data={"state": "clear"}))

    assert quiet is not None
    assert (quiet.result, quiet.alert) == ("stored", None)
    assert town.alert(alert).open
    assert 1 == town.alert(alert).signals


def test_a_detectors_own_test_is_a_drill(town: Town) -> None:
    """``test`` makes a drill, and never lies on a real alert."""
    assert town.alert(town.press(type="smoke", data={"state": "test"})).drill


# -- clocks


@pytest.mark.parametrize(
    ("ts", "clock", "skewed", "late"),
    [
        (0, "ntp", False, False),
        (-59, "ntp", False, False),
        (-61, "ntp", True, False),
        (61, "cell", True, False),
        (0, "unsynced", True, False),
        (-599, "ntp", True, False),
        (-601, "ntp", True, True),
        (-601, "unsynced", True, False),  # an old stamp of a bad clock says nothing
        (-601, "rtc", True, False),
        (86_400, "ntp", True, False),
    ],
)
def test_a_wrong_clock_is_flagged_and_never_delays(town: Town, ts: float, clock: str, skewed: bool, late: bool) -> None:
    """Deadlines use our receive time; a late message with a good clock is marked, and runs like any other."""
    alert = town.press(ts=_noon(ts), clock=clock)

    assert skewed is bool(town.entry(alert, "raised").get("clock_skew"))
    assert late is town.alert(alert).late
    assert [NOON] == [t.last_at for t in town.alert(alert).tracks]


# -- cancel


def test_a_cancel_never_closes(town: Town) -> None:
    """It asks for a voice check; calling goes on (invariant 3)."""
    alert = town.press(id=ID)

    (receipt,) = town.say(town.event(type="cancel", data={"ref": ID, "by": "button"}))

    assert receipt is not None
    assert receipt.alert == alert
    assert (True, True) == (town.alert(alert).open, town.alert(alert).cancel_requested)
    assert ID == town.entry(alert, "cancel_requested")["ref"]
    assert "calling" == town.alert(alert).tracks[0].state


def test_a_cancel_before_its_press_is_kept_and_matched(town: Town) -> None:
    """Two radio paths may swap them."""
    town.say(town.event(type="cancel", data={"ref": ID}))

    alert = town.press(id=ID)

    assert town.alert(alert).cancel_requested
    assert alert == town.rows("SELECT alert_id FROM inbox WHERE kind = 'cancel'")[0]["alert_id"]


def test_a_cancel_and_its_press_in_one_batch_match(town: Town) -> None:
    """In either order."""
    _, receipt = town.say(town.event(type="cancel", data={"ref": ID}), town.event(id=ID))

    assert receipt is not None
    assert town.alert(receipt.alert or "").cancel_requested


def test_an_early_cancel_means_the_press_it_names(town: Town) -> None:
    """Another press of the same device is none that anybody took back; the one that is named may come later."""
    town.say(town.event(type="cancel", data={"ref": ID}))
    other = town.press()
    asked = town.alert(other).cancel_requested
    town.commands.close(other, DOCTOR, "treated_home")

    named = town.press(id=ID)

    assert (False, True) == (asked, town.alert(named).cancel_requested)


def test_an_old_cancel_is_not_matched(town: Town) -> None:
    """Ten minutes later a press is a press."""
    town.say(town.event(type="cancel"))
    town.clock.forward(601)

    assert not town.alert(town.press()).cancel_requested


def test_pressing_again_takes_the_cancel_back(town: Town) -> None:
    """Whoever presses after saying "false alarm" means it (P29)."""
    alert = town.press()
    town.say(town.event(type="cancel"))
    town.press()

    assert not town.alert(alert).cancel_requested


def test_a_cancel_of_nothing_is_only_noted(town: Town) -> None:
    """Stored and receipted."""
    (receipt,) = town.say(town.event(type="cancel"))

    assert receipt is not None
    assert ("stored", None, 0) == (receipt.result, receipt.alert, town.count("alerts"))


# -- unknown and unreadable


@pytest.mark.parametrize(
    ("device", "raised"),
    [("dev-0001", True), ("band-0001", True), ("cord-0003", False), ("door-0001", False), ("nobody-01", False)],
)
def test_unreadable_bytes_of_an_emergency_device_open_an_alert(town: Town, device: str, raised: bool) -> None:
    """Even a broken byte may be a cry for help, from a device that has no other purpose (P35)."""
    (receipt,) = town.say(town.heard(f"anling/v1/up/{device}/event", b"\xff\x00{not json"))

    row = town.rows("SELECT kind, outcome FROM inbox")[0]
    assert "unreadable" == row["kind"]
    if raised or device == "cord-0003":
        assert receipt is not None
        assert "unreadable" == town.alert(receipt.alert or "").kind
    else:
        assert ("unreadable", 0) == (row["outcome"], town.count("alerts"))
        assert receipt is not None
        assert "rejected" == receipt.result


@pytest.mark.parametrize(("device", "raised"), [("dev-0001", True), ("door-0001", False)])
def test_an_unknown_type_of_an_emergency_device_opens_an_alert(town: Town, device: str, raised: bool) -> None:
    """From any other it is a technical fault; both are stored and receipted."""
    (receipt,) = town.say(town.event(device, type="levitation"))

    assert receipt is not None
    assert "stored" == receipt.result
    assert raised is (receipt.alert is not None)
    assert (["raised"] if raised else ["fault"]) == [r["outcome"] for r in town.rows("SELECT outcome FROM inbox")]


def test_an_emergency_of_an_unknown_device_is_about_the_device(town: Town) -> None:
    """Nobody registered it, somebody pressed it."""
    alert = town.alert(town.press("stranger-01"))

    assert (None, "stranger-01") == (alert.subject.home, alert.subject.device)
    assert town.entry(alert.id, "raised")["unregistered"]


def test_other_words_of_an_unknown_device_are_kept_and_shown(town: Town) -> None:
    """No alert; the technician sees them."""
    (receipt,) = town.say(town.event("stranger-01", type="inactivity"))

    assert receipt is not None
    assert ("stored", None) == (receipt.result, receipt.alert)
    assert [("fault", "unknown device")] == [
        (r["outcome"], r["reason"]) for r in town.rows("SELECT outcome, reason FROM inbox")
    ]


def test_a_kind_that_is_ours_is_not_believed(town: Town) -> None:
    """A door sensor cannot raise ``manual``."""
    town.say(town.event("door-0001", type="manual"))

    assert 0 == town.count("alerts")


@pytest.mark.parametrize("type", ["battery_low", "tamper"])
def test_a_technical_fault_raises_nobody(town: Town, type: str) -> None:
    """It is for the technician."""
    (receipt,) = town.say(town.event("door-0001", type=type))

    assert receipt is not None
    assert ("stored", None) == (receipt.result, receipt.alert)
    assert ["fault"] == [r["outcome"] for r in town.rows("SELECT outcome FROM inbox")]


# -- gateways


def test_a_child_speaks_through_its_gateway(town: Town) -> None:
    """The alert is the child's home's, the receipt goes to the gateway and names the child."""
    heard = town.heard(
        "anling/v1/up/gate-0003/sub/cord-0003/event", json.dumps({"v": 1, "type": "sos", "id": ID}).encode()
    )

    (receipt,) = town.say(heard)

    assert receipt is not None
    assert ("cord-0003", "gate-0003") == (receipt.device, receipt.to)
    assert "home-3" == town.alert(receipt.alert or "").subject.home


@pytest.mark.parametrize("child", ["dev-0001", "cord-0009"])
def test_a_child_of_another_gateway_is_an_unknown_device(town: Town, child: str) -> None:
    """An emergency of it is raised, about the device and not about somebody's home."""
    heard = town.heard(
        f"anling/v1/up/gate-0003/sub/{child}/event", json.dumps({"v": 1, "type": "sos", "id": ID}).encode()
    )

    (receipt,) = town.say(heard)

    assert receipt is not None
    subject = town.alert(receipt.alert or "").subject
    assert (None, child) == (subject.home, subject.device)


# -- retained


def test_a_retained_press_that_is_new_raises_and_is_marked(town: Town) -> None:
    """Retain never decides: the natural key does."""
    assert town.alert(town.press(retain=True)).replayed


def test_a_retained_press_that_is_known_does_not(town: Town) -> None:
    """The broker says it again after a reconnection."""
    first = town.press(id=ID)
    town.commands.close(first, DISPATCHER, "accidental")

    (receipt,) = town.say(town.event(id=ID, retain=True))

    assert receipt is not None
    assert (first, True, 1) == (receipt.alert, receipt.duplicate, town.count("alerts"))


def test_a_retained_press_without_id_raises_once(town: Town) -> None:
    """An emergency is always raised, even with bad fields; its copy at the next reconnection is known."""
    first = town.press(id=None, retain=True)
    town.clock.forward(3600)

    assert first == town.press(id=None, retain=True)
    assert (True, 1) == (town.alert(first).replayed, town.alert(first).signals)


# -- drills


def test_a_drill_without_a_window_is_real(town: Town) -> None:
    """The press is real and the flag is noted."""
    alert = town.press(drill=True)

    assert not town.alert(alert).drill
    assert town.entry(alert, "raised")["drill_not_believed"]


def test_a_drill_in_an_open_window_is_believed(town: Town) -> None:
    """And marks every row that it causes (invariant 15)."""
    Drills(town.ledger, town.clock).open(Scope("x", "drill"), "evening", ["home-1"], 10)

    alert = town.press(drill=True)

    assert town.alert(alert).drill
    assert [True] == [bool(r["drill"]) for r in town.outbox(alert_id=alert)]


def test_a_drill_of_another_home_or_after_the_window_is_real(town: Town) -> None:
    """The window is for its homes, until it closes."""
    Drills(town.ledger, town.clock).open(Scope("x", "drill"), "evening", ["home-1"], 10)

    elsewhere = town.press("dev-0003", drill=True)
    town.clock.forward(601)
    later = town.press("dev-0001", drill=True)

    assert (False, False) == (town.alert(elsewhere).drill, town.alert(later).drill)


def test_a_real_press_in_a_drill_window_is_real(town: Town) -> None:
    """Only a marked press is a drill."""
    Drills(town.ledger, town.clock).open(Scope("x", "drill"), "evening", ["home-1"], 10)

    assert not town.alert(town.press()).drill


def test_a_probe_is_believed(town: Town) -> None:
    """A device of role ``probe`` needs no window."""
    assert town.alert(town.press("probe-001", drill=True)).drill


# -- poison, races, a ledger that is away


def test_a_poisoned_message_costs_no_neighbour_its_alert(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be judged stays pending, unreceipted; the others have their alerts (P6)."""
    _poison(monkeypatch, "dev-0002")

    receipts = town.say(town.event("dev-0001"), town.event("dev-0002"), town.event("dev-0003"))

    assert [True, False, True] == [r is not None for r in receipts]
    assert [("dev-0002", "pending")] == [
        (r["device_id"], r["outcome"]) for r in town.rows("SELECT * FROM inbox WHERE alert_id IS NULL")
    ]


def test_a_pending_message_is_judged_later_and_then_receipted(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine tries again; the device's next try gets its receipt."""
    event = town.event("dev-0002", id=ID)
    with monkeypatch.context() as patch:
        _poison(patch, "dev-0002")
        assert [None] == town.say(event)
        assert [None] == town.say(event)
        assert 0 == town.intake.rejudge()

    assert 1 == town.intake.rejudge()
    (receipt,) = town.say(event)

    assert receipt is not None
    assert "sos" == town.alert(receipt.alert or "").kind
    assert 0 == town.intake.rejudge()


def test_a_pending_message_that_cannot_be_opened_stops_no_other(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged row waits for a person; the next one is judged."""
    with monkeypatch.context() as patch:
        _poison(patch, "dev-000")
        town.say(town.event("dev-0001"), town.event("dev-0002"))
    town.change("UPDATE inbox SET payload = :x WHERE device_id = 'dev-0001'", x=b"\x01" + b"damaged" * 8)

    assert 1 == town.intake.rejudge()
    assert ["dev-0001"] == [r["device_id"] for r in town.rows("SELECT * FROM inbox WHERE outcome = 'pending'")]


def _poison(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """Make the judging of one device's messages fail, as a fault of ours would."""
    from escalation import judge

    inner = judge._one

    def broken(session: Any, case: Any) -> Any:
        if (case.heard.device or "").startswith(device):
            raise ZeroDivisionError
        return inner(session, case)

    monkeypatch.setattr(judge, "_one", broken)


def test_presses_of_one_home_at_the_same_moment_are_one_alert(town: Town, open_ledger: Any) -> None:
    """Several bridges on one ledger: whoever comes second joins (invariant 16)."""
    towns = [town.sibling(open_ledger(town.ledger.url)) for _ in range(4)]

    receipts = together(*(lambda t=t: t.say(t.event("dev-0001")) for t in towns))  # type: ignore[misc]

    assert 1 == len({r[0].alert for r in receipts})
    assert (1, 4) == (town.count("alerts"), town.alert(receipts[0][0].alert).signals)


def test_a_ledger_that_is_away_is_said(town: Town) -> None:
    """Nothing is acknowledged that is not kept."""
    town.change("ALTER TABLE inbox RENAME TO elsewhere")

    with pytest.raises(LedgerUnavailable):
        town.say(town.event())


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "sos", "boot": 2**62, "seq": 2**62},
        {"type": "sos", "data": {"trigger": "\u0000", "press": "\ud800"}},
        {"type": "fall", "data": {"confidence": 1e308, "zone": "x" * 100_000}},
        {"type": "\u0000levitation\u0000", "data": None},
        {"type": "cancel", "data": {"ref": "\u0000"}},
        {"type": "sos", "id": "\u0000" * 20, "ts": "0001-01-01T00:00:00+23:59"},
        {"type": "battery_low", "data": {"battery_pct": 1e300}},
    ],
    ids=lambda p: p["type"] + "-" + "-".join(k for k in p if k != "type"),
)
def test_no_field_that_a_device_can_send_stops_its_neighbours(town: Town, payload: dict[str, Any]) -> None:
    """Whatever stands in it: it is kept, and the press beside it is raised (P35)."""
    odd = town.heard("anling/v1/up/dev-0001/event", json.dumps({"v": 1, "id": ID, **payload}).encode())

    receipts = town.say(odd, town.event("dev-0003"))

    assert [True, True] == [r is not None for r in receipts]
    assert receipts[1] is not None
    assert receipts[1].alert is not None
    assert 2 == town.count("inbox", "outcome <> 'pending'")


def test_what_can_only_be_kept_is_kept_once(town: Town) -> None:
    """Quarantine: stored and shown, without a judgement, however often it comes."""
    heard = town.event("dev-0001")

    town.intake.quarantine(heard, "refused again and again")
    town.intake.quarantine(heard, "refused again and again")

    assert [("unreadable", "refused again and again")] == [
        (r["outcome"], r["reason"]) for r in town.rows("SELECT * FROM inbox")
    ]


def test_a_sign_of_life_in_the_event_lane_is_no_message(town: Town) -> None:
    """Status and wills change the last sign only, and get no receipt."""
    heard = town.heard("anling/v1/status/dev-0001", b'{"v":1,"state":"online","boot":7}', retain=True)

    assert [None] == town.say(heard)
    assert 0 == town.count("inbox")
    assert [(True, 7)] == [(bool(r["online"]), r["boot"]) for r in town.rows("SELECT * FROM device_states")]


def test_telemetry_keeps_the_group(town: Town) -> None:
    """Every message of a known address, once."""
    batch = [town.event("dev-0001", "heartbeat", leaf="telemetry", data={"battery_pct": n}) for n in (50, 49)]

    assert 2 == town.intake.telemetry(batch)
    assert [49.0] == [r["battery_pct"] for r in town.rows("SELECT * FROM device_states")]
    with town.ledger.transaction() as tx:
        assert 2 == telemetry.prune(tx, NOON + timedelta(seconds=1))


@pytest.mark.timeout(30)
def test_many_large_messages_in_one_batch_are_stored(town: Town) -> None:
    """Megabytes in one transaction: PostgreSQL takes them, and nobody waits for ever for an answer (P6)."""
    batch = [town.event("dev-0001", data={"note": "x" * 90_000}) for _ in range(40)]

    receipts = town.say(*batch)

    assert 40 == sum(r is not None and r.alert is not None for r in receipts)
    assert 40 == town.count("inbox")
