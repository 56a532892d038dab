"""Tokens in links and call-back addresses: they name one person and one alert, are signed, and expire."""

from dataclasses import dataclass

from itsdangerous import BadData, URLSafeTimedSerializer

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ResponderToken:
    """This responder, for this alert, on this track; good for nothing else."""

    alert_id: str
    responder_id: str
    track: str


class Tokens:
    """Makes and reads tokens with the installation's secret key."""

    def __init__(self, secret: str) -> None:
        self._page = URLSafeTimedSerializer(secret, salt="anling-responder-page")
        self._call = URLSafeTimedSerializer(secret, salt="anling-call-back")

    def page(self, alert_id: str, responder_id: str, track: str) -> str:
        """A token for the responder's page."""
        return str(self._page.dumps([alert_id, responder_id, track]))

    def read_page(self, token: str, max_age: int = 7 * _DAY) -> ResponderToken | None:
        """What a page token names; None when it is not ours or has expired."""
        try:
            alert_id, responder_id, track = self._page.loads(token, max_age=max_age)
        except (BadData, ValueError):
            return None
        return ResponderToken(str(alert_id), str(responder_id), str(track))

    def call(self, key: str, attempt: int) -> str:
        """A token that names one attempt, for a provider's call-backs."""
        return str(self._call.dumps([key, attempt]))

    def read_call(self, token: str, max_age: int = _DAY) -> tuple[str, int] | None:
        """The outbox key and the attempt; None when it is not ours or has expired."""
        try:
            key, attempt = self._call.loads(token, max_age=max_age)
        except (BadData, ValueError):
            return None
        return str(key), int(attempt)
