"""Seals: ciphertext opens only with its key, in its place, unchanged."""

from collections.abc import Callable

import pytest

from domain.errors import ConfigurationError, Unreadable
from store import schema
from store.ledger import Ledger
from store.seal import Sealer
from tests.town import SECRET, Town

PLACE = "residents.card|resident-1"


@pytest.fixture
def sealer() -> Sealer:
    """The installation's own."""
    return Sealer(SECRET)


def test_what_was_sealed_opens(sealer: Sealer) -> None:
    """The same key in the same place."""
    assert {"name": "老人"} == sealer.open_json(sealer.seal_json({"name": "老人"}, PLACE), PLACE)


def test_nothing_stays_nothing(sealer: Sealer) -> None:
    """A card that was never filled in."""
    assert sealer.open_json(None, PLACE) is None


def test_two_seals_of_one_value_differ(sealer: Sealer) -> None:
    """Nobody sees from outside that two people share a door code."""
    assert sealer.seal(b"2580#", PLACE) != sealer.seal(b"2580#", PLACE)


def test_another_key_does_not_open_it(sealer: Sealer) -> None:
    """The error says what to look at, and nothing of the content."""
    sealed = Sealer("another secret of thirty-two characters").seal(b"2580#", PLACE)

    with pytest.raises(Unreadable, match="ANLING_SECRET_KEY"):
        sealer.open(sealed, PLACE)


def test_another_row_does_not_open_it(sealer: Sealer) -> None:
    """A card moved to another person's row is found out."""
    with pytest.raises(Unreadable):
        sealer.open(sealer.seal(b"2580#", PLACE), "residents.card|resident-2")


@pytest.mark.parametrize("at", [1, 13, -1], ids=["nonce", "text", "tag"])
def test_a_changed_byte_does_not_open(sealer: Sealer, at: int) -> None:
    """Whichever byte it is."""
    sealed = bytearray(sealer.seal(b"2580#", PLACE))
    sealed[at] ^= 1

    with pytest.raises(Unreadable):
        sealer.open(bytes(sealed), PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + b"x" * 12], ids=["empty", "short", "no tag"])
def test_a_cut_value_does_not_open(sealer: Sealer, sealed: bytes) -> None:
    """Too short to be anything of ours."""
    with pytest.raises(Unreadable):
        sealer.open(sealed, PLACE)


def test_swapped_cards_in_the_ledger_are_found_out(town: Town) -> None:
    """A card put into another resident's row opens for neither; the neighbours' cards as ever."""
    from store.register import residents_of

    cards = {r["id"]: r["card"] for r in town.rows("SELECT id, card FROM residents")}
    town.change("UPDATE residents SET card = :c WHERE id = 'resident-1'", c=cards["resident-2"])

    with town.ledger.reading() as tx:
        found = residents_of(tx, ["home-1", "home-3"])

    assert [{"id": "resident-1"}] == found["home-1"]
    assert "老人3" == found["home-3"][0]["name"]


def test_no_personal_datum_stands_readable_in_the_file(town: Town) -> None:
    """Names, numbers, door codes and raw payloads are ciphertext at rest."""
    town.press(data={"trigger": "button", "note": "老人的话"})
    if not town.ledger.sqlite:
        pytest.skip("reads the file itself")
    town.change("UPDATE meta SET value = value")
    from pathlib import Path

    path = Path(town.ledger.url.removeprefix("sqlite:///"))
    kept = path.read_bytes() + path.with_name(path.name + "-wal").read_bytes()

    for word in ("老人1", "2580#", "+85230000001", "老人的话", "高血压", "+862150000001"):
        assert word.encode() not in kept, word


def test_a_ledger_refuses_another_secret_key(ledger_url: str, open_ledger: Callable[..., Ledger]) -> None:
    """A lost key is found out at the start, with the remedy, not when the first card must be read at night."""
    schema.verify_key(open_ledger(ledger_url))
    schema.verify_key(open_ledger(ledger_url))
    stranger = open_ledger(ledger_url, "another secret of thirty-two characters")

    with pytest.raises(ConfigurationError, match="old key"):
        schema.verify_key(stranger)
