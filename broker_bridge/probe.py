"""A message to ourselves through the broker: the only evidence that the way is open."""

import time

from domain.ids import new_id


class Probe:
    """A message to ourselves, and how long it took."""

    def __init__(self) -> None:
        self._token = b""
        self._sent = 0.0
        self._back: float | None = None
        #: seconds
        self.round_trip: float | None = None
        #: probes in a row that did not come back
        self.missed = 0

    def next(self) -> bytes:
        """What to send now; counted as missed until it is back."""
        self._token, self._sent = new_id().encode(), time.monotonic()
        self.missed += 1
        return self._token

    def heard(self, token: bytes) -> None:
        """It came; an older one proves nothing about now."""
        if token == self._token:
            self._back = time.monotonic()
            self.round_trip = self._back - self._sent
            self.missed = 0

    def forget(self) -> None:
        """Count from zero, after the connection was made anew."""
        self.missed = 0

    def age(self, now: float) -> float | None:
        """Seconds since the last one came back; None before the first."""
        return None if self._back is None else now - self._back
