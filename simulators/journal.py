"""The log of the world outside: who was reached, when, with which words, and what went wrong."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Contact:
    """Somebody was reached. Logged on arrival with a number that stays; a call fills it in as it goes on."""

    who: str
    #: ``webhook``, ``voice``, ``sms`` or ``dispatch_120``.
    channel: str
    type: str = "contact"
    key: str | None = None
    alert: str | None = None
    home: str | None = None
    drill: bool | None = None
    #: Everything said in the call so far, or the words of the message.
    spoken: str | None = None
    pressed: str | None = None
    status: str = ""
    #: None when no secret is known to check the seal with.
    signed: bool | None = None
    #: The JSON received, or the form fields of a call or message.
    body: Any = None
    #: Each sentence with its language and voice.
    said: list[dict[str, str]] = field(default_factory=list)
    #: What this one then sent to us, with the HTTP status we answered.
    replies: list[dict[str, Any]] = field(default_factory=list)
    #: The CallSid, MessageSid or case number.
    sid: str | None = None
    seq: int = 0
    #: Seconds since the epoch.
    at: float = 0.0
    #: Rises with every change, so that a reader can ask for what changed.
    changed: int = 0


class Journal:
    """Contacts and errors in the order in which they came. Numbers go on, even after a reset."""

    def __init__(self) -> None:
        self._contacts: list[Contact] = []
        self._errors: list[dict[str, Any]] = []
        self._first = 1
        self._changes = 0

    def clear(self) -> None:
        """Forget everything; the numbers go on."""
        self._first += len(self._contacts)
        self._contacts = []
        self._errors = []

    def arrived(self, contact: Contact) -> Contact:
        """Log a contact and give it its number and time."""
        contact.seq = self._first + len(self._contacts)
        contact.at = time.time()
        self._contacts.append(contact)
        self.touch(contact)
        return contact

    def touch(self, contact: Contact) -> None:
        """Mark a logged contact as changed."""
        self._changes += 1
        contact.changed = self._changes

    def went_wrong(self, code: int, message: str, about: Mapping[str, Any] | None = None) -> None:
        """Log an error as the carrier's debugger would show it."""
        entry = {"seq": len(self._errors) + 1, "at": time.time(), "code": code, "message": message}
        self._errors.append(entry | dict(about or {}))

    def contacts(self, after: int = 0, limit: int | None = None) -> list[Contact]:
        """Return the contacts with a number greater than ``after``, oldest first."""
        start = max(after - self._first + 1, 0)
        return self._contacts[start : None if limit is None else start + limit]

    def changed(self, after: int) -> list[Contact]:
        """Return the contacts that arrived or changed after this change number, in that order."""
        return sorted((c for c in self._contacts if c.changed > after), key=lambda c: c.changed)

    def errors(self) -> list[dict[str, Any]]:
        """Return everything that went wrong since the last reset."""
        return list(self._errors)


def contact_json(contact: Contact) -> dict[str, Any]:
    """Return a contact as the control API shows it."""
    return asdict(contact)
