"""Who is slowed down when somebody guesses passwords, and that nobody outside can keep the desk out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from api.app import ApiSettings, build
from api.callers import address
from domain.networks import read_networks
from tests.api.conftest import FakeHouse, app_of

PROXY, DESK, OUTSIDER = "10.0.0.5", "203.0.113.7", "198.51.100.9"
RIGHT = {"username": "desk", "password": "correct horse"}

From = Callable[..., TestClient]


@pytest.fixture
def behind(house: FakeHouse, settings: ApiSettings) -> From:
    """A browser somewhere, whose requests come by our proxy; one process for all of them."""
    app = build(app_of(house, replace(settings, trusted_proxies=read_networks(PROXY))))

    def browser(caller: str) -> TestClient:
        return TestClient(
            app, raise_server_exceptions=False, client=(PROXY, 5000), headers={"X-Forwarded-For": caller}
        )

    return browser


def guess(client: TestClient, times: int, name: str | None = None) -> list[int]:
    """Wrong passwords, for one name or for another each time."""
    return [
        client.post("/api/v1/session", json={"username": name or f"name{n}", "password": "guess"}).status_code
        for n in range(times)
    ]


def log_in(client: TestClient) -> int:
    """The desk's right password, typed into the console."""
    return client.post("/login", data=RIGHT, follow_redirects=False).status_code


def test_thirty_guesses_behind_the_proxy_keep_nobody_else_out(behind: From) -> None:
    """They are counted against the caller behind the proxy, not against the proxy."""
    tries = guess(behind(OUTSIDER), 31)

    assert [401] * 30 + [429] == tries
    assert 303 == log_in(behind(DESK))


def test_a_browser_that_was_in_before_gets_in_whatever_others_do(behind: From) -> None:
    """Thirty guesses from the very same address, and five at the same name: only a new browser waits."""
    desk = behind(DESK)
    log_in(desk)
    guess(behind(DESK), 30)
    guess(behind(DESK), 5, "desk")

    assert (303, 429) == (log_in(desk), log_in(behind(DESK)))


def test_guesses_at_one_name_from_everywhere_lock_nobody_out(
    behind: From, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strangers are answered later and later, and never refused for it."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("api.sessions.sleep", sleep)
    for n in range(20):
        guess(behind(f"198.51.{n}.1"), 1, "desk")

    assert 303 == log_in(behind(DESK))
    assert (0.0, 1.0, 5.0) == (slept[0], slept[10], slept[20])


def test_strangers_who_guess_stand_in_a_queue_of_their_own(behind: From, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is too long they are told to come back; the desk's own browser goes past them."""
    desk = behind(DESK)
    log_in(desk)
    monkeypatch.setattr("api.sessions._QUEUE", -1)
    refused = behind(OUTSIDER).post("/api/v1/session", json=RIGHT)
    monkeypatch.undo()

    assert (503, "2") == (refused.status_code, refused.headers["retry-after"])
    assert 303 == log_in(desk)


def test_tries_at_the_same_instant_are_all_counted(house: FakeHouse, settings: ApiSettings) -> None:
    """A try counts before its answer is known."""
    from api.throttle import Throttle

    throttle = Throttle(lambda: 0.0)

    assert [0, 0, 300] == [throttle.begin([("a", 2)]) for _ in range(3)]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (DESK, "", DESK),
        # who is no proxy of ours may write what he likes
        (DESK, OUTSIDER, DESK),
        (PROXY, OUTSIDER, OUTSIDER),
        # what the caller wrote himself stands further left
        (PROXY, f"1.1.1.1, {OUTSIDER}", OUTSIDER),
        (PROXY, f"{OUTSIDER}, 10.1.2.3", OUTSIDER),
        (PROXY, "garbage", PROXY),
        (PROXY, f"{OUTSIDER}:4711", OUTSIDER),
        # everybody on one IPv6 line is one caller
        (PROXY, "[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
        (PROXY, "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.5", OUTSIDER, OUTSIDER),
        ("testclient", OUTSIDER, "?"),
    ],
)
def test_the_right_most_untrusted_address_counts(peer: str, forwarded: str, expected: str) -> None:
    """Of X-Forwarded-For only what our own proxies wrote is believed."""
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope: dict[str, Any] = {"type": "http", "headers": headers, "client": (peer, 1)}

    assert expected == address(HTTPConnection(scope), read_networks("10.0.0.5, 10.1.0.0/16"))


def test_a_network_that_is_none_is_named() -> None:
    """At the start, with what to write instead."""
    with pytest.raises(ValueError, match=r"'10\.0\.0\.500' is no address or network"):
        read_networks("10.0.0.5,10.0.0.500")
