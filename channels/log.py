"""For an installation without providers: each letter becomes one log line that names no person."""

import structlog

from channels.pulsed import Pulsed
from domain.contacts import Accepted, Letter, Result

_log = structlog.get_logger(__name__)


class Log(Pulsed):
    """``channel = "log"``. Reaches nobody: use it beside a channel that does."""

    name = "log"

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
