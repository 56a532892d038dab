"""The register: a site file goes in whole or not at all, and every problem is told at once."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from domain.errors import ConfigurationError, Refused
from domain.passwords import check_secret, hash_secret
from store import pins, register
from store.ledger import Ledger
from store.register import Register
from store.site import parse_site
from tests.town import Town, site


def _load(town: Town, raw: dict[str, Any], **options: Any) -> dict[str, int]:
    return Register(town.ledger).load(parse_site(json.dumps(raw).encode()), **options)


def test_a_site_file_comes_back_as_people_and_homes(town: Town) -> None:
    """Cards opened, contact points in their order, shifts as written."""
    with town.ledger.reading() as tx:
        people = register.people(tx)
        home = register.home_of(tx, "home-1")
        residents = register.residents_of(tx, ["home-1", "home-2"])
        (speaker,) = register.speakers(tx, ["cord-0003", "nobody"]).values()

    assert ["voice", "sms"] == [c.channel for c in people.responders["doctor-1"].contacts]
    assert home is not None
    assert "2580#" == home["access"]["door_code"]
    assert ["老人1", "老人2"] == [residents[h][0]["name"] for h in ("home-1", "home-2")]
    assert ("home-3", "gate-0003", "pull_cord", "north") == (
        speaker.home, speaker.gateway, speaker.role, speaker.street,
    )  # fmt: skip


def test_every_problem_is_told_at_once() -> None:
    """In the file's own terms, so that nobody imports ten times."""
    raw = site()
    raw["responders"][0]["role"] = "wizard"
    raw["homes"][0]["devices"][0]["id"] = "Bad Id"
    raw["teams"][0]["shifts"] = [
        {"responder": "doctor-1", "from": "25:00", "dates": ["2026-13-01"], "weekdays": [0, 8]}
    ]
    raw["homes"][1]["category"] = "castle"
    raw["homes"][2]["residents"][0]["medical"] = "none"

    with pytest.raises(ConfigurationError) as caught:
        parse_site(json.dumps(raw).encode(), "site.json")

    told = "\n".join(caught.value.problems)
    for place in (
        "responders[0].role", "homes[0].devices[0].id", "teams[0].shifts[0].from", "teams[0].shifts[0].dates[0]",
        "teams[0].shifts[0].weekdays[0]", "teams[0].shifts[0].weekdays[1]", "homes[1].category",
        "homes[2].residents[0].medical",
    ):  # fmt: skip
        assert place in told


@pytest.mark.parametrize("raw", [b"", b"[1", b"[]", b"7", b"\xff\xfe"])
def test_what_is_no_site_file_is_refused(raw: bytes) -> None:
    """Named, not guessed."""
    with pytest.raises(ConfigurationError, match=r"site\.json"):
        parse_site(raw, "site.json")


def test_a_device_is_not_moved_by_provisioning_its_name_again(town: Town) -> None:
    """A slip of the pen must not give one home's button to another, nor shut its device out."""
    known = Register(town.ledger)
    for home in ("home-1", "home-2"):
        with pytest.raises(ConfigurationError, match="is there already, in home 'home-1': `anling device secret"):
            known.add_device("dev-0001", home, "sos_button", None, "x")

    assert known.secret_ok("dev-0001", "change-me-1")


def test_an_id_that_stands_twice_is_refused() -> None:
    """Also one shared by a device and a hub."""
    raw = site() | {"hubs": [{"id": "dev-0001", "dialect": "z2m", "site": "s"}]}
    raw["homes"][1]["id"] = "home-1"

    with pytest.raises(ConfigurationError) as caught:
        parse_site(json.dumps(raw).encode())

    assert 2 == len(caught.value.problems)


def test_dangling_references_are_refused_together_and_nothing_is_imported(town: Town) -> None:
    """Streets, teams, responders that are neither in the file nor in the ledger."""
    new = {
        "homes": [{"id": "home-9", "street": "east", "family_doctor_team": "nobody"}],
        "teams": [{"id": "t9", "role": "police", "shifts": [{"responder": "ghost", "always": True}]}],
        "streets": [{"code": "west", "name": "西"}],
    }

    with pytest.raises(ConfigurationError) as caught:
        _load(town, new)

    assert 3 == len(caught.value.problems)
    assert (0, 0) == (town.count("homes", "id = 'home-9'"), town.count("streets", "code = 'west'"))


def test_an_import_changes_what_it_names_and_leaves_the_rest(town: Town) -> None:
    """Upsert by id; absent rows stay."""
    counts = _load(
        town, {"homes": [{"id": "home-1", "street": "south", "residents": [{"id": "resident-1", "name": "新"}]}]}
    )

    assert (1, 1, 0) == (counts["homes"], counts["residents"], counts["devices"])
    assert "south" == town.rows("SELECT street FROM homes WHERE id = 'home-1'")[0]["street"]
    assert (4, 9) == (town.count("homes"), town.count("devices"))
    with town.ledger.reading() as tx:
        assert "新" == register.residents_of(tx, ["home-1"])["home-1"][0]["name"]


def test_a_dry_run_tells_and_writes_nothing(town: Town) -> None:
    """The same checks, the same counts."""
    counts = _load(town, {"streets": [{"code": "west", "name": "西"}]}, dry_run=True)

    assert (1, 0) == (counts["streets"], town.count("streets", "code = 'west'"))


def test_a_change_of_the_register_is_noticed_at_once(town: Town) -> None:
    """The next decision asks the new doctor, in every process."""
    raw = site()
    raw["responders"].append({
        "id": "doctor-9", "name": "新医生", "role": "family_doctor", "street": "north",
        "contacts": [{"channel": "voice", "address": "+85230000009"}],
    })  # fmt: skip
    raw["teams"][0]["shifts"] = [{"responder": "doctor-9", "always": True}]
    other = town.sibling()
    town.press("dev-0003")
    _load(town, raw)

    for here, device in ((town, "dev-0001"), (other, "dev-0001")):
        here.press(device)

    assert ["doctor-9"] == [r["person"] for r in town.outbox() if "doctor-9" == r["person"]]


def test_a_devices_secret_is_kept_as_a_hash(town: Town) -> None:
    """In the broker's own format; only the right one passes."""
    known = Register(town.ledger)

    assert known.secret_ok("dev-0001", "change-me-1")
    assert not known.secret_ok("dev-0001", "change-me-2")
    assert not known.secret_ok("band-0001", "")
    assert not known.secret_ok("nobody", "x")
    kept = town.rows("SELECT secret_hash FROM devices WHERE id = 'dev-0001'")[0]["secret_hash"]
    assert kept.startswith("$7$")
    assert "change-me" not in kept


def test_two_hashes_of_one_secret_differ() -> None:
    """Salted."""
    assert hash_secret("x") != hash_secret("x")
    assert check_secret("x", hash_secret("x"))
    assert not check_secret("y", hash_secret("x"))


def test_a_device_can_be_registered_alone(town: Town) -> None:
    """For a home that is known; all problems at once."""
    known = Register(town.ledger)
    known.add_device("dev-0099", "home-1", "sos_button", None, "secret-99")

    assert known.secret_ok("dev-0099", "secret-99")
    with pytest.raises(ConfigurationError) as caught:
        known.add_device("No Good", "home-77", "sos_button", None, "x")
    assert 2 == len(caught.value.problems)


def test_addresses_are_not_in_a_repr(town: Town) -> None:
    """A log that prints a responder prints no number."""
    with town.ledger.reading() as tx:
        people = register.people(tx)

    assert "+852" not in repr(people.responders["doctor-1"])


def test_a_responders_code_is_six_digits_and_sealed(ledger: Ledger) -> None:
    """P27: no code that everybody guesses first; not readable at rest; two people with one code are nobody."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    with ledger.transaction() as tx:
        for bad in ("", "12345", "1234567", "111111", "123456", "98765a", "１２３９８７"):
            with pytest.raises(Refused):
                pins.set_pin(tx, "doctor-1", bad, now)
        pins.set_pin(tx, "doctor-1", "481973", now)
        alone = pins.whose(tx, "481973", ["doctor-1", "doctor-2"])
        pins.set_pin(tx, "doctor-2", "481973", now)
        both = pins.whose(tx, "481973", ["doctor-1", "doctor-2"])
        rows = [bytes(row[0]) for row in tx.execute(sa.select(pins.PINS.c.pin))]

    assert ("doctor-1", None) == (alone, both)
    assert not [row for row in rows if b"481973" in row]


@pytest.mark.parametrize(("dialect", "site"), [("z2m", "x\nuser bridge-alarm"), ("z2m", "+"), ("z2m/#", "here")])
def test_a_hubs_site_is_one_level_of_a_topic(dialect: str, site: str) -> None:
    """What becomes a line of the broker's rights is checked at the door: no wildcard, no line break, no slash."""
    raw = {"hubs": [{"id": "hub-1", "dialect": dialect, "site": site}]}

    with pytest.raises(ConfigurationError, match=r"hubs\[0\]"):
        parse_site(json.dumps(raw).encode())
