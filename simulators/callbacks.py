"""Status callbacks of one call or message, on a good line or a bad one.

In order by default; lost, twice, late or in reverse when the behaviour says so (P21, P22).
"""

import asyncio
from collections.abc import Mapping

from simulators.behaviour import Behaviour
from simulators.stage import Stage


class Callbacks:
    """Tells the product how a call or message goes. Telling never holds up the call itself."""

    def __init__(self, stage: Stage, url: str, method: str, behaviour: Behaviour) -> None:
        self.url = url
        self.method = method
        self._stage = stage
        self._mode = behaviour.callbacks
        self._delay = behaviour.callback_delay
        self._last: asyncio.Task[None] | None = None
        self._held: list[dict[str, str]] = []

    def tell(self, params: Mapping[str, str]) -> None:
        """Send one callback, the way this line does."""
        if not self.url or self._mode == "lost":
            return
        if self._mode == "reversed":
            self._held.append(dict(params))
        elif self._mode == "late":
            self._stage.spawn(self._later(params))
        else:
            for _ in range(2 if self._mode == "twice" else 1):
                self._enqueue(params)

    def close(self) -> None:
        """The call is over: send what was held back, last first."""
        for params in reversed(self._held):
            self._enqueue(params)
        self._held = []

    async def settled(self) -> None:
        """Return when everything told so far has arrived or failed."""
        if self._last is not None:
            await asyncio.wait([self._last])

    def _enqueue(self, params: Mapping[str, str]) -> None:
        self._last = self._stage.spawn(self._after(self._last, params))

    async def _after(self, previous: asyncio.Task[None] | None, params: Mapping[str, str]) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        await self._post(params)

    async def _later(self, params: Mapping[str, str]) -> None:
        await self._stage.wait(self._delay)
        await self._post(params)

    async def _post(self, params: Mapping[str, str]) -> None:
        answer = await self._stage.line.twilio(
            self.method, self.url, params, self._stage.settings.twilio_token
        )
        if not answer.good:
            sid = params.get("CallSid") or params.get("MessageSid")
            reason = f"status callback was answered {answer.status}: {answer.text[:200]}"
            self._stage.journal.went_wrong(11200, reason, {"sid": sid})
