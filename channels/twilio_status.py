"""What Twilio tells us about a call or a message, in any order, repeated and late (P21). Pure.

The further status wins; so every order of the same set ends in the same row. None of them
is an acknowledgement: a completed call may have been a voicemail (P11).
"""

from channels.twilio_codes import classify
from domain.contacts import Accepted, FailedForNow, Result

_CALL = (
    "queued", "initiated", "ringing", "in-progress", "canceled", "no-answer", "busy", "failed", "completed",
)  # fmt: skip
_SMS = (
    "accepted", "scheduled", "queued", "sending", "sent", "canceled", "undelivered", "failed", "delivered",
    "read",
)  # fmt: skip
_ALIASES = {"answered": "in-progress", "cancelled": "canceled", "noanswer": "no-answer"}


def merge(current: str | None, incoming: str) -> str:
    """The status of a call after one more report."""
    return _further(_CALL, current, incoming)


def merge_sms(current: str | None, incoming: str) -> str:
    """The status of a message after one more report."""
    return _further(_SMS, current, incoming)


def rank(status: str) -> int:
    """How far a call is; -1 for a status we do not know."""
    return _rank(_CALL, _plain(status))


def outcome(status: str, code: str | int | None = None) -> Result | None:
    """What a call's status means for its letter; None while it is not over.

    ``code`` is Twilio's ErrorCode, when it gave one. ``completed`` comes here only when
    nobody pressed a key: no answer from a person.
    """
    match _plain(status):
        case "completed":
            return FailedForNow("no answer from a person", code="completed")
        case "failed" if code:
            return classify(code)
        case "busy" | "no-answer" | "failed" | "canceled" as end:
            return FailedForNow(end, code=end)
    return None


def outcome_sms(status: str, code: str | int | None = None) -> Result | None:
    """What a message's status means for its letter; None while it is on its way."""
    match _plain(status):
        case "delivered" | "read" as end:
            return Accepted(note=end)
        case "failed" | "undelivered" if code:
            return classify(code)
        case "failed" | "undelivered" | "canceled" as end:
            return FailedForNow(end, code=end)
    return None


def _further(order: tuple[str, ...], current: str | None, incoming: str) -> str:
    reports = {_plain(status) for status in (current, incoming) if status}
    # Two unknown ones are ordered by their letters, so that their order of arrival does not matter.
    return max(reports, key=lambda status: (_rank(order, status), status), default="")


def _rank(order: tuple[str, ...], status: str) -> int:
    return order.index(status) if status in order else -1


def _plain(status: str) -> str:
    plain = status.strip().lower().replace("_", "-")
    return _ALIASES.get(plain, plain)
