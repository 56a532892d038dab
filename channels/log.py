"""For an installation without providers: each letter becomes one log line that names no person."""

import structlog

from channels.health import Health, Pulse
from domain.contacts import Accepted, Letter, Result

_log = structlog.get_logger(__name__)


class Log:
    """``channel = "log"``. Reaches nobody: use it beside a channel that does."""

    name = "log"
    paced = False

    def __init__(self) -> None:
        self._pulse = Pulse(self.name)

    def send(self, letter: Letter) -> Result:
        """Write the line."""
        return self._pulse.watch(self._deliver, letter)

    def health(self) -> Health:
        """What came of the last letters."""
        return self._pulse.read()

    def _deliver(self, letter: Letter) -> Result:
        _log.info(
            "letter",
            key=letter.key,
            attempt=letter.attempt,
            purpose=str(letter.purpose),
            alert=letter.alert_id,
            kind=letter.kind,
            severity=letter.severity,
            role=letter.role,
            drill=letter.drill,
        )
        return Accepted()
