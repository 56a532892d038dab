"""Views: who sees what, by street and by role, and that every look at a card is written down."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.alerts import Subject
from domain.errors import Forbidden, NotFound
from domain.people import OPERATOR_ROLES, Scope
from store.accounts import Accounts
from store.ledger import Tx
from store.notes import LOST
from store.views import Views
from tests.town import DISPATCHER, DOCTOR, Town

WIDE = ("administrator", "supervisor", "dispatcher", "auditor")
NORTH = Scope("wang", "dispatcher", ("north",))
ALL = Scope("li", "dispatcher")


@pytest.fixture
def views(town: Town) -> Views:
    """Wired as the house wires them."""

    def on_duty(tx: Tx, role: str, street: str | None, at: datetime) -> Sequence[Any]:
        subject = Subject("-", None, street) if street else Subject(None, "-")
        return town.standing.roster(tx).on_duty(role, subject, at)

    def next_role(tx: Tx, version: str, track: str, joined: int) -> str | None:
        found = town.standing.plan(tx, version).track(track)
        return found.tiers[joined].role if found and joined < len(found.tiers) else None

    return Views(town.ledger, town.clock, on_duty, next_role)


@pytest.fixture
def two(town: Town) -> tuple[str, str]:
    """An alert in the north and one in the south."""
    return town.press("dev-0001"), town.press("dev-0002")


def _ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


def test_alerts_are_newest_first(views: Views, two: tuple[str, str]) -> None:
    """What happened last is on top."""
    assert [two[1], two[0]] == _ids(views.alerts(ALL)) == [a["id"] for a in views.board(ALL)]


def test_an_alert_stands_where_the_map_has_it(town: Town) -> None:
    """The home's place as the console's tiles show it goes with each alert; without a place there is none."""
    town.press("dev-0001")
    at = (1.5, 2.5)
    shifted = Views(town.ledger, town.clock, lambda *_: [], lambda *_: None, lambda place: at if place else None)

    (home,) = [alert["home"] for alert in shifted.board(ALL)]

    assert (at if home["location"] else None) == home["spot"]


def test_a_street_sees_its_own(views: Views, two: tuple[str, str], town: Town) -> None:
    """And what belongs to no street: somebody must see it."""
    stranger = town.press("stranger-01")

    assert [stranger, two[0]] == _ids(views.alerts(NORTH)) == [a["id"] for a in views.board(NORTH)]
    with pytest.raises(NotFound):
        views.alert(NORTH, two[1])


@pytest.mark.parametrize("role", OPERATOR_ROLES)
def test_what_each_role_sees_without_being_asked(views: Views, two: tuple[str, str], role: str) -> None:
    """The desk everything, drill accounts no real alert, responders only what they were asked for."""
    assert (2 if role in WIDE else 0) == len(views.alerts(Scope("x", role))["items"])


def test_a_responder_sees_what_they_were_asked_for(views: Views, two: tuple[str, str]) -> None:
    """By the log-in that is linked to them."""
    assert [two[0]] == _ids(views.alerts(Scope("x", "family_doctor", (), "doctor-1")))


def test_a_drill_account_sees_drills_only(views: Views, two: tuple[str, str], town: Town) -> None:
    """Its runner is an outsider."""
    drill = town.press("probe-001", drill=True)

    assert [drill] == _ids(views.alerts(Scope("x", "drill")))
    with pytest.raises(NotFound):
        views.alert(Scope("x", "drill"), two[0])


def test_filters_narrow(views: Views, two: tuple[str, str], town: Town) -> None:
    """State, street, home, drill."""
    town.commands.close(two[0], DISPATCHER, "accidental")

    assert [two[0]] == _ids(views.alerts(ALL, state="closed"))
    assert [two[1]] == _ids(views.alerts(ALL, street="south"))
    assert [] == _ids(views.alerts(ALL, home="home-1"))
    assert [] == _ids(views.alerts(ALL, drill=True))
    assert [two[0]] == [a["id"] for a in views.closed_today(ALL)]


def test_pages_follow_one_another(views: Views, town: Town) -> None:
    """Every alert once, whatever the page's size."""
    alerts = [town.press(f"stranger-{n:02}") for n in range(5)]
    seen, cursor = [], None
    while True:
        page = views.alerts(ALL, limit=2, cursor=cursor)
        seen += _ids(page)
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert list(reversed(alerts)) == seen


def test_pages_of_messages_lose_none_of_one_instant(views: Views, town: Town) -> None:
    """One decision orders three contacts at the same moment."""
    for device in ("dev-0001", "dev-0002"):
        town.press(device, type="fall")
    seen: list[str] = []
    cursor = None
    while True:
        page = views.messages(ALL, limit=2, cursor=cursor)
        seen += [m["key"] for m in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(r["key"] for r in town.outbox()) == sorted(seen)


def test_lists_of_messages_and_of_the_inbox_keep_to_the_street(views: Views, two: tuple[str, str]) -> None:
    """The north sees nothing of the south."""
    assert {two[0]} == {m["alert"] for m in views.messages(NORTH)["items"]}
    assert {"dev-0001"} == {m["device_id"] for m in views.inbox(NORTH)["items"]}


def test_one_alert_is_told_whole(views: Views, two: tuple[str, str], town: Town) -> None:
    """Tracks, timeline with hashes, contacts, cards."""
    town.deliver()
    town.commands.claim(two[0], DOCTOR)
    town.commands.note(two[0], DISPATCHER, "听到声音")

    told = views.alert(ALL, two[0])

    assert ("home-1", "老人1", "sos", "urgent", "open") == (
        told["home"]["id"], told["residents"][0]["name"], told["kind"], told["severity"], told["state"],
    )  # fmt: skip
    (track,) = told["tracks"]
    assert ("claimed", "doctor-1") == (track["state"], track["claimant"]["id"])
    assert ["raised", "claimed", "note"] == [e["type"] for e in told["timeline"] if e["type"] not in ("called",)]
    assert "听到声音" == told["timeline"][-1]["data"]["note"]
    assert [] == [e for e in told["timeline"] if "set" in e["data"]]
    assert ("2580#", ["高血压"]) == (told["access"]["door_code"], told["medical"][0]["conditions"])
    assert "doctor-1" == told["contacts"][0]["responder"]


def test_a_damaged_card_hides_no_alert(views: Views, two: tuple[str, str], town: Town) -> None:
    """The board and the alert are shown without it (P6)."""
    damaged = b"\x01" + b"damaged" * 8
    town.change("UPDATE residents SET card = :x WHERE id = 'resident-1'", x=damaged)
    town.change("UPDATE homes SET access = :x WHERE id = 'home-1'", x=damaged)

    told = views.alert(ALL, two[0])

    assert 2 == len(views.board(ALL))
    assert (None, {}) == (told["residents"][0]["name"], told["access"])
    assert ["resident-1", "resident-2"] == _ids(views.residents(ALL))[:2]


def test_a_damaged_note_hides_no_alert(views: Views, two: tuple[str, str], town: Town) -> None:
    """Whoever opens the alert sees everything else of it, and that there was a note (P6)."""
    town.commands.claim(two[0], DOCTOR)
    town.commands.note(two[0], DOCTOR, "听到声音")
    town.change("UPDATE timeline SET note = :x WHERE note IS NOT NULL", x=b"\x01" + b"damaged" * 8)

    told = views.alert(ALL, two[0])

    assert "2580#" == told["access"]["door_code"]
    assert LOST == told["timeline"][-1]["data"]["note"]


def test_the_next_role_is_told_while_calling(views: Views, two: tuple[str, str]) -> None:
    """The board says who comes next."""
    assert "street_office" == views.alert(ALL, two[0])["tracks"][0]["next_role"]


@pytest.mark.parametrize("role", ["auditor", "drill"])
def test_who_may_not_see_people_sees_no_names_and_no_cards(views: Views, town: Town, role: str) -> None:
    """An auditor checks the work, not the people."""
    alert = town.press("probe-001", drill=True)

    told = views.alert(Scope("x", role), alert)

    assert ([], None, None) == (told["residents"], told["access"], told["medical"])
    assert 0 == town.count("read_audit")


def test_every_look_at_a_card_is_written_down(views: Views, two: tuple[str, str], town: Town) -> None:
    """Who, what, whose, why; and the board, which shows no card, is not (R: read audit)."""
    views.board(ALL)
    views.alert(ALL, two[0])
    views.brief(two[0])
    views.residents(NORTH)

    rows = views.audit(Scope("x", "auditor"))["items"]
    assert [
        ("li", "access and medical card", "home-1"), ("responder page", "access card", "home-1"),
        ("wang", "resident names", "resident-1..resident-3"),
    ] == [(r["operator"], r["what"], r["subject"]) for r in reversed(rows)]  # fmt: skip


def test_a_street_looks_over_its_own(views: Views, two: tuple[str, str], town: Town) -> None:
    """Log-ins of its streets, and every read about its homes, whoever read; nothing of elsewhere."""
    accounts = Accounts(town.ledger)
    streets_of = {"north-boss": ["north"], "both": ["north", "south"], "south-desk": ["south"], "li": []}
    for name, streets in streets_of.items():
        accounts.add(name, "supervisor", "a long password", streets)
    views.alert(ALL, two[0])
    views.alert(ALL, two[1])
    boss = Scope("north-boss", "supervisor", ("north",))

    reads = {(line["operator"], line["subject"]) for line in views.audit(boss)["items"]}

    assert ["both", "north-boss"] == [user["name"] for user in views.users(boss)["items"]]
    assert {("li", "home-1"), ("command line", "both"), ("command line", "north-boss")} == reads
    assert 4 == len(views.users(Scope("x", "auditor"))["items"])


def test_a_look_that_cannot_be_written_down_shows_nothing(views: Views, two: tuple[str, str], town: Town) -> None:
    """Audit first, card after."""
    town.change("ALTER TABLE read_audit RENAME TO elsewhere")

    with pytest.raises(Exception, match="not available"):
        views.alert(ALL, two[0])


def test_a_closed_alert_shows_a_responder_no_way_in(views: Views, two: tuple[str, str], town: Town) -> None:
    """The door code is for the time of the help."""
    assert "2580#" == views.brief(two[0])["access"]["door_code"]
    town.commands.close(two[0], DISPATCHER, "accidental")

    assert views.brief(two[0])["access"] is None


@pytest.mark.parametrize("name", ["inbox", "messages", "drills", "audit", "users", "residents"])
@pytest.mark.parametrize("role", ["family_doctor", "auditor", "drill", "administrator"])
def test_lists_are_for_those_who_need_them(views: Views, name: str, role: str) -> None:
    """A table of roles against lists."""
    allowed = {
        "inbox": {"auditor", "administrator", "drill"}, "messages": {"auditor", "administrator", "drill"},
        "drills": {"auditor", "administrator", "drill"}, "audit": {"auditor", "administrator"},
        "users": {"auditor", "administrator"}, "residents": {"family_doctor", "administrator"},
    }[name]  # fmt: skip
    if role in allowed:
        assert "items" in getattr(views, name)(Scope("x", role))
        return

    with pytest.raises(Forbidden):
        getattr(views, name)(Scope("x", role))


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("streets", ["north"]),
        ("homes", ["home-1", "home-3"]),
        ("devices", ["band-0001", "cord-0003", "dev-0001", "dev-0003", "door-0001", "gate-0003", "probe-001"]),
        ("responders", ["desk-120", "doctor-1", "street-1"]),
        ("teams", ["desk", "doctors-n", "office"]),
        ("residents", ["resident-1", "resident-3"]),
    ],
)
def test_the_register_is_scoped_by_street(views: Views, name: str, seen: list[str]) -> None:
    """A street sees its own, and what the whole district shares."""
    items = getattr(views, name)(NORTH)["items"]

    assert seen == [item.get("id") or item.get("code") for item in items]


def test_no_list_shows_a_secret(views: Views, two: tuple[str, str]) -> None:
    """Neither numbers, door codes, hashes nor raw bytes."""
    admin = Scope("x", "administrator")
    names = ("inbox", "messages", "drills", "plans", "audit", "streets", "homes", "devices", "hubs", "responders")
    told = str([getattr(views, n)(admin) for n in (*names, "teams", "users")]) + str(views.board(admin))

    for secret in ("+852", "2580#", "change-me", "$7$", "argon", "payload"):
        assert secret not in told


def test_who_is_on_duty(views: Views, town: Town) -> None:
    """Now or at any instant, for a street."""
    page = views.duty(ALL, "family_doctor", "south", town.clock.now() + timedelta(days=3))

    assert ["doctor-2"] == _ids(page)


def test_counts_for_the_metrics(views: Views, two: tuple[str, str]) -> None:
    """Open alerts, what waits to be sent, what waits to be judged."""
    counts = views.counts()

    assert (2.0, 0.0, 2.0, 0.0) == (
        counts["open_alerts"], counts["open_drills"], counts["outbox_waiting"], counts["inbox_pending"],
    )  # fmt: skip
