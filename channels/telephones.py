"""Telephones: each number goes to the provider of its country, or is refused at once."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from channels.breaker import Breaker
from channels.health import Health, Pulse
from channels.routes import Routes, e164
from domain.contacts import Accepted, Askable, Channel, FailedForGood, Letter, Result, Unwanted
from domain.errors import Unreachable


class Provider(Channel, Askable, Protocol):
    """A channel that can be asked what became of a call or message."""

    @property
    def numbers(self) -> "Numbered":
        """Its caller numbers."""
        ...

    def health(self) -> Health:
        """What came of the last letters."""
        ...


class Numbered(Protocol):
    """Caller numbers, and which of them work."""

    breaker: Breaker

    def probe(self) -> None:
        """Ask the provider whether it is there, at no cost, where it has such a question."""
        ...


class NotConfigured:
    """Answers at once that nobody is reached this way, so that the next way is tried."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.breaker = Breaker(())
        self._pulse = Pulse(name)

    @property
    def numbers(self) -> "NotConfigured":
        """None at all."""
        return self

    def probe(self) -> None:
        """Nobody to ask."""

    def down(self) -> dict[str, str]:
        """Nothing that could be down."""
        return {}

    @property
    def all_down(self) -> bool:
        """Nobody relies on it."""
        return False

    def send(self, letter: Letter) -> Result:
        """Always for good."""
        return self._pulse.watch(lambda _: FailedForGood("not configured", code="not_configured"), letter)

    def health(self) -> Health:
        """What came of the last letters."""
        return self._pulse.read()

    def find(self, to: str, since: datetime, others: frozenset[str] = frozenset()) -> str | None:
        """Nothing was ever sent."""
        return None

    def status(self, to: str, reference: str) -> str:
        """Nothing was ever sent."""
        return "failed"

    def stop(self, to: str, reference: str) -> None:
        """Nothing was ever sent."""


class Routed:
    """``voice`` or ``sms``: each number goes to the provider of its country, or to the next when that is down."""

    def __init__(self, name: str, routes: Routes, providers: Mapping[str, Provider]) -> None:
        self.name = name
        self._routes = routes
        self._providers = providers
        self._none = NotConfigured(name)
        self._pulse = Pulse(name)

    def send(self, letter: Letter) -> Result:
        """By the provider of the number; when the fault is the provider's, by the next one at once."""
        return self._pulse.watch(self._send, letter)

    def _send(self, letter: Letter) -> Result:
        chain = self.chain(letter.address)
        result: Result = FailedForGood("not configured", code="not_configured")
        for provider in chain:
            result = provider.send(letter)
            if isinstance(result, Accepted | Unwanted) or not result.ours:
                return result
        return result

    def health(self) -> Health:
        """What came of the last letters, whoever carried them."""
        return self._pulse.read()

    def chain(self, address: str) -> list[Provider]:
        """Who carries this number, those in health first; one that refuses everything when nobody does."""
        names = self._routes.providers(e164(address))
        found = [self._providers[name] for name in names if name in self._providers]
        return sorted(found, key=lambda one: one.numbers.breaker.all_down) or [self._none]

    def provider(self, address: str) -> Provider:
        """Who carries this number first."""
        return self.chain(address)[0]

    def find(self, to: str, since: datetime, others: frozenset[str] = frozenset()) -> str | None:
        """The reference of what was sent to this number since, if a provider knows of any."""
        return next((sid for one in self.chain(to) if (sid := one.find(to, since, others))), None)

    def status(self, to: str, reference: str) -> str:
        """What became of it, by whichever provider of the number knows it; raises ``Unreachable``."""
        *others, last = self.chain(to)
        for one in others:
            with suppress(Unreachable):
                return one.status(to, reference)
        return last.status(to, reference)

    def stop(self, to: str, reference: str) -> None:
        """Stop it, if it has not been answered yet: it may have been made while another provider was down."""
        *others, last = self.chain(to)
        for one in others:
            with suppress(Unreachable):
                one.stop(to, reference)
        last.stop(to, reference)

    def rest(self, line: str, seconds: float, why: str) -> None:
        """Somebody who saw more than one call says that this line should rest."""
        for one in self._providers.values():
            one.numbers.breaker.rest(line, seconds, why)

    def probe(self) -> None:
        """Ask every provider whether it is there; blocks some seconds at most."""
        for one in self._providers.values():
            one.numbers.probe()

    @property
    def proven(self) -> frozenset[str]:
        """The lines that are in health for sure."""
        return frozenset(line for one in self._providers.values() for line in one.numbers.breaker.proven)

    def down(self) -> dict[str, str]:
        """The lines that rest, each with the reason."""
        return {line: why for one in self._providers.values() for line, why in one.numbers.breaker.down().items()}

    @property
    def all_down(self) -> bool:
        """No line of any provider is in health."""
        return bool(self._providers) and all(one.numbers.breaker.all_down for one in self._providers.values())
