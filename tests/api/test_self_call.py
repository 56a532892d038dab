"""Our own doors, called at the public address as a provider does: a proxy that breaks it is found at once (P24)."""

from dataclasses import replace
from typing import Any

import pytest

from anling.self_call import SelfCall, self_call
from api.server import serve
from domain.errors import NotFound
from tests.api.conftest import app_of


@pytest.fixture
def unknown(site: Any) -> None:
    """The house knows its own address, and no such call."""
    site.stop()
    site.start()
    site.house.broken = NotFound("this call-back names nothing we sent")


def test_a_straight_way_is_well(site: Any, unknown: None) -> None:
    """P24: signed, heard, and nothing of ours was touched."""
    health = self_call(site.url, "twilio-token")

    assert (True, []) == (health.ok, site.house.done)


def test_a_proxy_that_changes_the_address_is_found(site: Any, unknown: None) -> None:
    """P24: the server thinks that it is called otherwise: every key press would be refused."""
    settings = replace(site.settings, public_url="https://anling.example")
    other = serve(app_of(site.house, settings), "127.0.0.1", 0)
    try:
        health = self_call(f"http://127.0.0.1:{other.port}", "twilio-token")
    finally:
        other.stop()

    assert (False, True) == (health.ok, "ANLING_PUBLIC_URL" in health.detail)


def test_another_token_is_found(site: Any, unknown: None) -> None:
    """P24: the token here is not the one there."""
    assert not self_call(site.url, "another").ok


def test_nobody_there_is_found() -> None:
    """P24: the address leads nowhere."""
    health = self_call("http://127.0.0.1:9", "twilio-token")

    assert (False, True) == (health.ok, "cannot be reached" in health.detail)


def test_it_calls_by_itself_and_stops(site: Any, unknown: None) -> None:
    """At the start, in a thread of its own."""
    call = SelfCall(site.url, "twilio-token")
    call.start()
    for _ in range(200):
        if call.health is not None:
            break
        call.join(0.02)
    call.stop()

    assert call.health is not None
    assert call.health.ok
    assert not call.is_alive()
