"""Telephones: each number goes to the provider of its country, or is refused at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from channels.health import Health, Pulse
from channels.routes import Routes, e164
from domain.contacts import Channel, FailedForGood, Letter, Result


class Provider(Channel, Protocol):
    """A channel that can be asked what became of a call or message."""

    def health(self) -> Health:
        """What came of the last letters."""
        ...

    def find(self, to: str, since: datetime) -> str | None:
        """The reference of what was sent to this number since."""
        ...

    def status(self, sid: str) -> str:
        """What became of it."""
        ...


class NotConfigured:
    """Answers at once that nobody is reached this way, so that the next way is tried."""

    paced = False

    def __init__(self, name: str) -> None:
        self.name = name
        self._pulse = Pulse(name)

    def send(self, letter: Letter) -> Result:
        """Always for good."""
        return self._pulse.watch(lambda _: FailedForGood("not configured", code="not_configured"), letter)

    def health(self) -> Health:
        """What came of the last letters."""
        return self._pulse.read()

    def find(self, to: str, since: datetime) -> str | None:
        """Nothing was ever sent."""
        return None

    def status(self, sid: str) -> str:
        """Nothing was ever sent."""
        return "failed"


class Routed:
    """``voice`` or ``sms``: each number goes to the provider of its country."""

    paced = True

    def __init__(self, name: str, routes: Routes, providers: Mapping[str, Provider]) -> None:
        self.name = name
        self._routes = routes
        self._providers = providers
        self._none = NotConfigured(name)
        self._pulse = Pulse(name)

    def send(self, letter: Letter) -> Result:
        """By the provider of the number."""
        return self._pulse.watch(lambda one: self.provider(one.address).send(one), letter)

    def health(self) -> Health:
        """What came of the last letters, whoever carried them."""
        return self._pulse.read()

    def provider(self, address: str) -> Provider:
        """Who carries this number; one that refuses everything when nobody does."""
        return self._providers.get(self._routes.provider(e164(address)) or "none", self._none)

    def find(self, to: str, since: datetime) -> str | None:
        """The reference of what was sent to this number since, if the provider knows of any."""
        return self.provider(to).find(to, since)
