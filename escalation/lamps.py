"""Lamps: the button at home shows, or says, how far help has come. Yields to everything that calls a person."""

import threading
import time
from collections.abc import Callable

import structlog

from domain.alerts import Stage
from domain.errors import AnlingError
from store import alerts
from store.ledger import Ledger
from store.register import speakers

_LOG = structlog.get_logger("anling.lamps")
_BATCH = 25
#: seconds between two looks: under a storm lamps come late so that calls do not
_PACE = 0.25
_POLL = 5.0
#: seconds after a commit in which whoever calls a person goes first
_PATIENCE = 0.05


class Lamps:
    """Shows each new stage once: ``show(device or its gateway, stage, alert)`` publishes it and says if it could."""

    def __init__(self, ledger: Ledger, show: Callable[[str, str, str], bool]) -> None:
        self._ledger = ledger
        self._show = show
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        #: monotonic second of the last completed turn of the loop
        self.turned_at = time.monotonic()

    def start(self) -> None:
        """Run in a thread."""
        self._thread = threading.Thread(target=self._loop, name="lamps", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """End."""
        self._stop.set()
        self._ledger.doorbell.ring()
        if self._thread:
            self._thread.join(timeout)

    def turn(self) -> int:
        """Show what has not been shown. Returns how many."""
        with self._ledger.reading() as tx:
            dark = alerts.unlit(tx, _BATCH)
            known = speakers(tx, (device for _, device, _, _ in dark)) if dark else {}
        shown = []
        for alert_id, device, stage, never in dark:
            speaker = known.get(device)
            # A device nobody registered, or an alert raised by hand, has no lamp of its own to wait for.
            if speaker is None or self._steps(speaker.gateway or device, stage, alert_id, never):
                shown.append((alert_id, stage))
        if shown:
            with self._ledger.transaction(patient=True) as tx:
                alerts.light(tx, shown)
        return len(shown)

    def _steps(self, device: str, stage: str, alert_id: str, never: bool) -> bool:
        """Who was never shown anything first hears that it is recorded, though calls have begun by then."""
        if never and stage != Stage.RECORDED and not self._show(device, Stage.RECORDED, alert_id):
            return False
        return self._show(device, stage, alert_id)

    def _loop(self) -> None:
        waiter = self._ledger.doorbell.watch(_PATIENCE)
        while not self._stop.is_set():
            done = 0
            try:
                done = self.turn()
                self.turned_at = time.monotonic()
            except AnlingError as error:
                _LOG.info("lamps_wait", error=str(error))
            except Exception as error:  # a lamp must never take anything else down
                _LOG.error("lamps_failed", error=type(error).__name__, text=str(error)[:300])
            self._stop.wait(_PACE)
            if not done:
                waiter.wait(_POLL)
        self._ledger.doorbell.leave(waiter)
