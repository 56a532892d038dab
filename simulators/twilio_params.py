"""What Twilio's API accepts: one row per parameter of each request, and the error when it does not fit.

Held against Twilio's published OpenAPI by a test. Error codes are Twilio's
(https://www.twilio.com/docs/api/errors); 20001 stands for every parameter without one of its own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

#: Form fields or query parameters; a repeated key keeps all its values.
Form = Mapping[str, tuple[str, ...]]


class Refused(Exception):
    """Twilio says no: HTTP status, Twilio's code, and the reason."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def json(self) -> dict[str, object]:
        """Return the error body in Twilio's shape."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more, "status": self.status}


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. ``kind`` is the shape; ``missing`` and ``bad`` are Twilio's codes."""

    kind: str
    required: bool = False
    missing: int = 20001
    bad: int = 20001
    #: The allowed words of an ``enum``, or the prefix of a ``sid``.
    words: tuple[str, ...] = ()


def first(form: Form, name: str, default: str = "") -> str:
    """Return the first value of a field, the default when it is absent."""
    values = form.get(name)
    return values[0] if values else default


_TEXT = Param("string")
_METHOD = Param("enum", words=("GET", "POST"))
_URL = Param("uri", bad=21205)
_NUMBER = Param("integer")
_YES_NO = Param("boolean")
_LIST = Param("array")
_WHEN = Param("date-time")
_ACCOUNT_FILTERS = {"PageSize": _NUMBER, "Page": _NUMBER, "PageToken": _TEXT}
_CALL_STATUS = Param(
    "enum",
    words=("queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"),
)


def _sid(prefix: str, bad: int = 20001) -> Param:
    return Param("sid", words=(prefix,), bad=bad)


def _enum(*words: str) -> Param:
    return Param("enum", words=words)


CREATE_CALL: Mapping[str, Param] = {
    "To": Param("endpoint", required=True, missing=21201, bad=21211),
    "From": Param("endpoint", required=True, missing=21213, bad=21212),
    "Url": _URL,
    "Twiml": _TEXT,
    "ApplicationSid": _sid("AP", bad=21218),
    "Method": _METHOD,
    "FallbackUrl": _URL,
    "FallbackMethod": _METHOD,
    "StatusCallback": Param("uri", bad=21609),
    "StatusCallbackEvent": _LIST,
    "StatusCallbackMethod": _METHOD,
    "SendDigits": Param("string", bad=21206),
    "Timeout": Param("integer", bad=21208),
    "Record": _YES_NO,
    "RecordingChannels": _TEXT,
    "RecordingStatusCallback": _TEXT,
    "RecordingStatusCallbackMethod": _METHOD,
    "RecordingStatusCallbackEvent": _LIST,
    "RecordingTrack": _TEXT,
    "SipAuthUsername": _TEXT,
    "SipAuthPassword": _TEXT,
    "MachineDetection": _TEXT,
    "MachineDetectionTimeout": _NUMBER,
    "MachineDetectionSpeechThreshold": _NUMBER,
    "MachineDetectionSpeechEndThreshold": _NUMBER,
    "MachineDetectionSilenceTimeout": _NUMBER,
    "AsyncAmd": _TEXT,
    "AsyncAmdStatusCallback": _URL,
    "AsyncAmdStatusCallbackMethod": _METHOD,
    "Trim": _TEXT,
    "CallerId": _TEXT,
    "Byoc": _sid("BY"),
    "CallReason": _TEXT,
    "CallToken": _TEXT,
    "TimeLimit": _NUMBER,
    "ClientNotificationUrl": _URL,
}
UPDATE_CALL: Mapping[str, Param] = {
    "Url": _URL,
    "Method": _METHOD,
    "Status": Param("enum", words=("canceled", "completed"), bad=21220),
    "FallbackUrl": _URL,
    "FallbackMethod": _METHOD,
    "StatusCallback": Param("uri", bad=21609),
    "StatusCallbackMethod": _METHOD,
    "Twiml": _TEXT,
    "TimeLimit": _NUMBER,
}
LIST_CALLS: Mapping[str, Param] = {
    "To": Param("phone-number"),
    "From": Param("phone-number"),
    "ParentCallSid": _sid("CA"),
    "Status": _CALL_STATUS,
    "StartTime": _WHEN,
    "StartTime<": _WHEN,
    "StartTime>": _WHEN,
    "EndTime": _WHEN,
    "EndTime<": _WHEN,
    "EndTime>": _WHEN,
} | _ACCOUNT_FILTERS
CREATE_MESSAGE: Mapping[str, Param] = {
    "To": Param("phone-number", required=True, missing=21604, bad=21211),
    "From": Param("phone-number", bad=21212),
    "MessagingServiceSid": _sid("MG", bad=21701),
    "Body": _TEXT,
    "MediaUrl": _LIST,
    "ContentSid": _sid("HX"),
    "ContentVariables": _TEXT,
    "StatusCallback": Param("uri", bad=21609),
    "ApplicationSid": _sid("AP"),
    "MaxPrice": Param("number"),
    "ProvideFeedback": _YES_NO,
    "Attempt": _NUMBER,
    "ValidityPeriod": _NUMBER,
    "ForceDelivery": _YES_NO,
    "ContentRetention": _enum("retain", "discard"),
    "AddressRetention": _enum("retain", "obfuscate"),
    "SmartEncoded": _YES_NO,
    "PersistentAction": _LIST,
    "TrafficType": _enum("free"),
    "ShortenUrls": _YES_NO,
    "ScheduleType": _enum("fixed"),
    "SendAt": _WHEN,
    "SendAsMms": _YES_NO,
    "RiskCheck": _enum("enable", "disable"),
    "FallbackFrom": Param("phone-number", bad=21212),
}
LIST_MESSAGES: Mapping[str, Param] = {
    "To": Param("phone-number"),
    "From": Param("phone-number"),
    "DateSent": _WHEN,
    "DateSent<": _WHEN,
    "DateSent>": _WHEN,
} | _ACCOUNT_FILTERS


def check(table: Mapping[str, Param], form: Form) -> list[str]:
    """Raise ``Refused`` for the first parameter that does not fit; return the names nobody knows.

    Twilio ignores unknown names without a word; the caller should write them down.
    """
    for name, param in table.items():
        values = tuple(value for value in form.get(name, ()) if value)
        if not values and param.required:
            raise Refused(param.missing, f"A '{name}' parameter is required.")
        for value in values:
            if not fits(param, value):
                raise Refused(param.bad, f"'{name}' is not valid: {value[:80]}")
    return sorted(set(form) - set(table))


def fits(param: Param, value: str) -> bool:
    """True when this text has the shape of the parameter."""
    return _SHAPES[param.kind](value, param.words)


def _is_url(value: str, _: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_when(value: str, _: tuple[str, ...]) -> bool:
    try:
        moment(value)
    except ValueError:
        return False
    return True


def _matches(pattern: str) -> Callable[[str, tuple[str, ...]], bool]:
    shape = re.compile(pattern)
    return lambda value, _: shape.fullmatch(value) is not None


def moment(value: str) -> datetime:
    """Read a filter's date or time; without an hour it is midnight, without a zone it is UTC."""
    read = datetime.fromisoformat(value if "T" in value else f"{value}T00:00:00")
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


_SHAPES: Mapping[str, Callable[[str, tuple[str, ...]], bool]] = {
    "string": lambda value, words: True,
    "array": lambda value, words: True,
    "enum": lambda value, words: value in words,
    "sid": lambda value, words: re.fullmatch(words[0] + "[0-9a-fA-F]{32}", value) is not None,
    "endpoint": _matches(r"\+[1-9]\d{6,14}|client:\S+|sips?:\S+@\S+"),
    "phone-number": _matches(r"\+[1-9]\d{6,14}|[A-Za-z0-9 ]{1,11}"),
    "uri": _is_url,
    "integer": _matches(r"-?\d{1,9}"),
    "number": _matches(r"-?\d+(\.\d+)?"),
    "boolean": _matches(r"true|false"),
    "date-time": _is_when,
}
