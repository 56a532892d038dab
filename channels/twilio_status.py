"""What Twilio tells us about a call or a message, in any order, repeated and late (P21). Pure.

The further status wins; so every order of the same set ends in the same row. None of them
is an acknowledgement: a completed call may have been a voicemail (P11).
"""

from channels import aliyun_codes
from channels.twilio_codes import classify
from domain.contacts import Accepted, FailedForGood, FailedForNow

#: calls and messages share some words, and those stand in the same order for both
_ORDER = (
    "accepted", "scheduled", "queued", "sending", "sent", "initiated", "ringing", "in-progress",
    "canceled", "no-answer", "busy", "undelivered", "failed", "completed", "delivered", "read",
)  # fmt: skip

_ALIASES = {"answered": "in-progress", "cancelled": "canceled", "noanswer": "no-answer"}


def merge(current: str | None, incoming: str) -> str:
    """The status of a call or message after one more report."""
    reports = {_plain(status) for status in (current, incoming) if status}
    # Two unknown ones are ordered by their letters, so that their order of arrival does not matter.
    return max(reports, key=lambda status: (rank(status), status), default="")


def rank(status: str) -> int:
    """How far it is; -1 for a status we do not know."""
    plain = _plain(status)
    return _ORDER.index(plain) if plain in _ORDER else -1


def outcome(status: str, code: str | int | None = None) -> Accepted | FailedForNow | FailedForGood | None:
    """What a status means for its letter; None while it is not over.

    ``code`` is the provider's, when it gave one: Twilio's are numbers, the mainland carriers' are words. A
    ``completed`` call comes here only when nobody pressed a key: no answer from a person.
    """
    match _plain(status):
        case "delivered" | "read" as end:
            return Accepted(note=end)
        case "completed":
            return FailedForNow("no answer from a person", code="completed")
        case "failed" | "undelivered" if code:
            return classify(code) if str(code).isdigit() else aliyun_codes.receipt(str(code))
        case "busy" | "no-answer" | "failed" | "undelivered" | "canceled" as end:
            return FailedForNow(end, code=end)
    return None


def _plain(status: str) -> str:
    plain = status.strip().lower().replace("_", "-")
    return _ALIASES.get(plain, plain)
