"""Log-ins: passwords, sessions that survive a restart, and what ends them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from domain.clock import wall_now
from domain.errors import ConfigurationError, Forbidden, LedgerCollision, NotFound
from store.accounts import Accounts
from store.ledger import Ledger
from store.own_account import OwnAccount
from tests.town import Town

WORD = "correct horse"


@pytest.fixture
def accounts(town: Town) -> Accounts:
    """One dispatcher of the north."""
    here = Accounts(town.ledger)
    here.add("wang", "dispatcher", WORD, ["north"], "street-1")
    return here


def test_a_session_says_who_it_is(accounts: Accounts) -> None:
    """Role, streets and the person behind."""
    session = accounts.login("wang", WORD)

    assert ("wang", "dispatcher", ("north",), "street-1") == (
        session.scope.operator, session.scope.role, session.scope.streets, session.scope.responder,
    )  # fmt: skip
    assert session.scope == accounts.session(session.token)
    assert session.token not in repr(session)


def test_a_session_survives_a_restart(accounts: Accounts, ledger_url: str, open_ledger: Callable[..., Ledger]) -> None:
    """It is in the ledger, and only as a hash."""
    token = accounts.login("wang", WORD).token

    reopened = Accounts(open_ledger(ledger_url))

    assert reopened.session(token) is not None


def test_neither_password_nor_token_is_kept(accounts: Accounts, town: Town) -> None:
    """argon2id and SHA-256."""
    token = accounts.login("wang", WORD).token
    kept = str(town.rows("SELECT * FROM operators")) + str(town.rows("SELECT * FROM sessions"))

    assert "$argon2id$" in kept
    assert WORD not in kept
    assert token not in kept


@pytest.mark.parametrize(("name", "word"), [("wang", "wrong horse"), ("nobody", WORD), ("", ""), ("wang", "")])
def test_a_wrong_name_or_word_is_refused_alike(accounts: Accounts, name: str, word: str) -> None:
    """Nobody learns which of them was wrong."""
    with pytest.raises(Forbidden, match="name or password is wrong"):
        accounts.login(name, word)


@pytest.mark.parametrize(
    "end",
    [
        lambda a, t: a.disable("wang"),
        lambda a, t: a.set_password("wang", "another horse"),
        lambda a, t: a.logout(t),
        lambda a, t: a.add("wang", "dispatcher", "another horse"),
    ],
    ids=["disabled", "new password", "log-out", "replaced"],
)
def test_what_ends_a_session(accounts: Accounts, end: Any) -> None:
    """At once, everywhere."""
    token = accounts.login("wang", WORD).token

    end(accounts, token)

    assert accounts.session(token) is None


def test_a_disabled_log_in_cannot_log_in(accounts: Accounts) -> None:
    """Until somebody makes it anew."""
    accounts.disable("wang")

    with pytest.raises(Forbidden):
        accounts.login("wang", WORD)
    assert [True] == [row["disabled"] for row in accounts.everybody()]


def test_a_session_runs_out(accounts: Accounts, town: Town) -> None:
    """After a shift of twelve hours."""
    session = accounts.login("wang", WORD)
    assert timedelta(hours=11, minutes=59) < session.expires_at - wall_now() < timedelta(hours=12)
    town.change("UPDATE sessions SET expires_at = created_at")

    assert accounts.session(session.token) is None


def test_an_unknown_token_is_nobody(accounts: Accounts) -> None:
    """No error, no hint."""
    assert accounts.session("nonsense") is None


def test_every_problem_of_a_new_log_in_is_told(accounts: Accounts) -> None:
    """Role, password, name; and a responder must be known."""
    with pytest.raises(ConfigurationError) as caught:
        accounts.add(" ", "wizard", "short")
    assert 3 == len(caught.value.problems)

    with pytest.raises(ConfigurationError, match="enter or import it first"):
        accounts.add("li", "dispatcher", WORD, responder="ghost")


def test_a_log_in_is_not_taken_over_by_adding_it_again(accounts: Accounts) -> None:
    """The very same once more changes nothing and ends no session; another role or word under that name is refused."""
    token = accounts.login("wang", WORD).token
    same = accounts.introduce("wang", "dispatcher", WORD, ["north"], "street-1")

    for role, word in (("administrator", WORD), ("dispatcher", "another word")):
        with pytest.raises(ConfigurationError, match="is there already"):
            accounts.introduce("wang", role, word, ["north"], "street-1")
    assert (False, True) == (same, accounts.introduce("li", "dispatcher", WORD))
    assert accounts.session(token)
    assert ["nowhere"] == accounts.unknown_streets(["north", "nowhere"])


def test_an_unknown_log_in_cannot_be_changed(accounts: Accounts) -> None:
    """Not silently."""
    with pytest.raises(NotFound):
        accounts.disable("nobody")


def test_who_acts_is_the_person_behind(accounts: Accounts) -> None:
    """A log-in linked to a responder claims in that person's name."""
    actor = accounts.actor(accounts.login("wang", WORD).scope)
    accounts.add("li", "supervisor", WORD)

    assert ("street-1", "街道值班一", "street_office", frozenset({"dispatcher"})) == (
        actor.id, actor.name, actor.role, actor.roles,
    )  # fmt: skip
    assert "li" == accounts.actor(accounts.login("li", WORD).scope).id


def _code(accounts: Accounts, name: str, steps: int = 0) -> str:
    """What the app shows now, or some half minutes away."""
    uri = accounts.ask_codes(name)
    return pyotp.TOTP(uri.partition("secret=")[2].partition("&")[0]).at(wall_now() + steps * timedelta(seconds=30))


def test_a_code_lets_in_once(accounts: Accounts) -> None:
    """With codes begun the password alone does not do; a code that was read over a shoulder is used up."""
    code = _code(accounts, "wang")
    with pytest.raises(Forbidden):
        accounts.login("wang", WORD)
    session = accounts.login("wang", WORD, code)

    with pytest.raises(Forbidden):
        accounts.login("wang", WORD, code)
    assert accounts.session(session.token) is not None


@pytest.mark.parametrize("steps", [-3, 3])
def test_a_code_of_another_minute_does_not_let_in(accounts: Accounts, steps: int) -> None:
    """Clocks may differ by half a minute, not more."""
    code = _code(accounts, "wang", steps)

    with pytest.raises(Forbidden):
        accounts.login("wang", WORD, code)


def test_a_wrong_password_spends_no_code(accounts: Accounts) -> None:
    """Who guesses passwords cannot use up the codes of the owner."""
    code = _code(accounts, "wang")
    with pytest.raises(Forbidden):
        accounts.login("wang", "wrong horse", code)

    assert accounts.login("wang", WORD, code)


def test_a_lost_telephone_is_replaced_by_an_administrator(accounts: Accounts, town: Town) -> None:
    """Codes end, the password lets in again; who did it is written down. The secret is kept sealed."""
    secret = accounts.ask_codes("wang").partition("secret=")[2].partition("&")[0]
    kept = town.rows("SELECT totp FROM operators")[0]["totp"]
    accounts.ask_no_codes("wang", by="admin")

    assert accounts.login("wang", WORD)
    assert secret.encode() not in bytes(kept)
    assert ["admin"] == [row["operator"] for row in town.rows("SELECT * FROM read_audit WHERE what LIKE '%ended'")]


def test_a_spare_code_lets_in_once(accounts: Accounts, town: Town) -> None:
    """Of two at the same time one; kept as salted hashes, sealed; its use stands in the audit; a blank is nothing."""
    own, session = OwnAccount(town.ledger), accounts.login("wang", WORD)
    offer = own.offer(session.scope)
    spares = own.confirm(session.scope, session.token, offer.sealed, pyotp.TOTP(offer.secret).at(wall_now()))

    def enter(_: int) -> bool:
        try:
            return bool(accounts.login("wang", WORD, f"{spares[0][:5]} {spares[0][5:]}"))
        except (Forbidden, LedgerCollision):
            return False

    with ThreadPoolExecutor(2) as pool:
        entered = list(pool.map(enter, range(2)))
    lines = town.rows("SELECT reason FROM read_audit WHERE what = 'log-in used a spare code'")

    assert [False, True] == sorted(entered)
    assert ([{"reason": "9 left"}], 9) == (lines, own.spares_left(session.scope))
    assert spares[1].encode() not in bytes(town.rows("SELECT spare FROM operators")[0]["spare"])
