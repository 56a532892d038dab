"""Calls and messages as Twilio's API shows them, and its lists in pages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from simulators.twilio_params import Form, first, moment

API_VERSION = "2010-04-01"


class Dated(Protocol):
    """Something with a beginning and an end that a list can be filtered by."""

    to: str
    from_: str
    status: str
    created: datetime
    started: datetime | None
    ended: datetime | None


class CallLike(Dated, Protocol):
    """What the call resource needs to know."""

    sid: str
    account: str
    updated: datetime
    answered_by: str | None
    direction: str


class MessageLike(Dated, Protocol):
    """What the message resource needs to know."""

    sid: str
    account: str
    updated: datetime
    body: str
    direction: str
    service: str | None
    error: int | None


def stamp(when: datetime | None) -> str | None:
    """Return a time as Twilio writes it (RFC 2822), None for never."""
    return None if when is None else format_datetime(when)


def account_path(account: str) -> str:
    """Return where everything of an account lives."""
    return f"/{API_VERSION}/Accounts/{account}"


def call_resource(call: CallLike) -> dict[str, Any]:
    """Return the call resource. ``initiated`` is an event, never a status."""
    here = f"{account_path(call.account)}/Calls/{call.sid}"
    lasted = int((call.ended - call.started).total_seconds()) if call.ended and call.started else None
    return {
        "sid": call.sid,
        "account_sid": call.account,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "status": call.status,
        "direction": call.direction,
        "start_time": stamp(call.started),
        "end_time": stamp(call.ended),
        "duration": None if lasted is None else str(lasted),
        "date_created": stamp(call.created),
        "date_updated": stamp(call.updated),
        "answered_by": call.answered_by,
        "api_version": API_VERSION,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": f"{here}.json",
        "subresource_uris": {
            name.lower(): f"{here}/{name}.json" for name in ("Notifications", "Recordings", "Events")
        },
    }


def message_resource(message: MessageLike) -> dict[str, Any]:
    """Return the message resource."""
    here = f"{account_path(message.account)}/Messages/{message.sid}"
    return {
        "sid": message.sid,
        "account_sid": message.account,
        "messaging_service_sid": message.service,
        "to": message.to,
        "from": message.from_,
        "body": message.body,
        "status": message.status,
        "direction": message.direction,
        "num_segments": str(segments(message.body)),
        "num_media": "0",
        "error_code": message.error,
        "error_message": None,
        "date_created": stamp(message.created),
        "date_updated": stamp(message.updated),
        "date_sent": stamp(message.started),
        "price": None,
        "price_unit": "USD",
        "api_version": API_VERSION,
        "uri": f"{here}.json",
        "subresource_uris": {"media": f"{here}/Media.json"},
    }


def segments(body: str) -> int:
    """Return how many text messages these words need: 160 letters each, 70 when one is not Latin."""
    plain = body.isascii()
    alone, joined = (160, 153) if plain else (70, 67)
    return 1 if len(body) <= alone else -(-len(body) // joined)


def matching(form: Form, item: Dated) -> bool:
    """True when a list's filters let this item through."""
    exact = {"To": item.to, "From": item.from_, "Status": item.status}
    if any(name in form and first(form, name) != value for name, value in exact.items()):
        return False
    times = {"StartTime": item.started or item.created, "DateSent": item.started or item.created}
    times |= {"EndTime": item.ended or datetime.max.replace(tzinfo=UTC)}
    return all(_within(form, name, value) for name, value in times.items())


def _within(form: Form, name: str, value: datetime) -> bool:
    """Apply ``Name``, ``Name<`` and ``Name>``; without a sign that UTC day; both ends count."""
    if name in form and moment(first(form, name)).date() != value.date():
        return False
    if f"{name}<" in form and value > moment(first(form, f"{name}<")):
        return False
    return not (f"{name}>" in form and value < moment(first(form, f"{name}>")))


def page(path: str, form: Form, name: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one page of a list in Twilio's shape; ``items`` are all matches, newest first."""
    size = min(max(int(first(form, "PageSize", "50")), 1), 1000)
    number = max(int(first(form, "Page", "0")), 0)
    start = number * size
    shown = list(items[start : start + size])
    more = start + size < len(items)

    def uri(wanted: int) -> str:
        query = {key: values[0] for key, values in form.items() if key != "PageToken"}
        return f"{path}?{urlencode({**query, 'PageSize': size, 'Page': wanted})}"

    return {
        name: shown,
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(shown) - 1, 0),
        "uri": uri(number),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1) if more else None,
        "previous_page_uri": uri(number - 1) if number else None,
    }
