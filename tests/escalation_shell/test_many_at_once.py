"""Many homes at once, through the real SDK and a simulated telephone network that takes only so many calls (P13)."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from channels.switchboard import ChannelSettings, build
from domain.contacts import Channel
from escalation.looking import Looking
from simulators.running import running
from simulators.stage import Settings, Stage
from simulators.world import build as build_world
from simulators.world import read_world
from tests.town import Town, site

HOMES, PER_SECOND, WITHIN = 200, 20, 10.0


@dataclass
class Network:
    """The world's telephones, and our line to them."""

    stage: Stage
    channels: list[Channel]

    def calls(self) -> list[Any]:
        """Calls that the network took."""
        return [c for c in self.stage.journal.contacts() if c.channel == "voice"]


@pytest.fixture
def network(town: Town) -> Iterator[Network]:
    """Takes twenty calls a second; nobody answers."""
    stage = read_world({}, Settings())
    stage.change({"calls_per_second": PER_SECOND})
    with running(build_world(stage)) as url:
        built = build(
            ChannelSettings(
                twilio_account_sid=stage.settings.twilio_sid, twilio_auth_token=stage.settings.twilio_token,
                twilio_from="+85230009999", twilio_base_url=url, public_url="http://127.0.0.1:9",
                token=lambda letter: town.tokens.call(letter.key, letter.attempt),
                look=Looking(town.ledger, town.standing, town.clock).look(),
            )
        )  # fmt: skip
        cast(Any, built["voice"]).provider("+852").line.load()
        phones = [cast(Channel, built[name]) for name in ("voice", "sms")]
        yield Network(stage, [*phones, town.phones["webhook"]])


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_two_hundred_homes_at_once(network: Network, town: Town) -> None:
    """P13: every first call of 200 alerts is taken within 10 s, and nobody's second goes before."""
    town.settle_in(_district())
    begun = time.time()
    town.say(*(town.event(f"dev-{n:04}") for n in range(1, HOMES + 1)))
    with town.sending(network.channels, size=256):
        deadline = time.monotonic() + 40
        while len(network.calls()) < HOMES and time.monotonic() < deadline:
            time.sleep(0.05)

    calls = network.calls()
    last = max(c.at for c in calls) - begun
    assert HOMES == len(calls) == len({c.key for c in calls})
    print(f"the last of {HOMES} first calls was taken after {last:.1f} s")
    assert last < WITHIN
    assert {1} == {r["attempts"] for r in town.outbox(channel="voice")}


def _district() -> dict[str, Any]:
    """Two hundred homes, each with a doctor of its own."""
    raw = site()
    phones = [(f"doctor-{n:04}", f"+8523100{n:04}") for n in range(1, HOMES + 1)]
    raw["responders"] += [
        {"id": id, "name": id, "role": "family_doctor", "contacts": [{"channel": "voice", "address": phone}]}
        for id, phone in phones
    ]
    raw["teams"] = [
        {"id": f"team-{id}", "role": "family_doctor", "street": "north", "shifts": [{"responder": id, "always": True}]}
        for id, _ in phones
    ]
    raw["homes"] = [
        {"id": f"home-{n:04}", "street": "north", "address": {"text": f"示例路{n}号"}, "residents": [],
         "family_doctor_team": f"team-doctor-{n:04}", "devices": [{"id": f"dev-{n:04}", "role": "sos_button"}]}
        for n in range(1, HOMES + 1)
    ]  # fmt: skip
    return raw
