"""Whose telephone is it: the people who can be reached at a number, also those who stopped messages to it."""

from collections.abc import Mapping

from channels.routes import e164
from domain.people import Responder
from escalation.duty import Roster
from store.ledger import Tx
from store.stopped import stopped


def owners_of(tx: Tx, roster: Roster, number: str) -> list[Responder]:
    """Everybody with this telephone number, in the order of their ids."""
    digits = _digits(number)
    if not digits:
        return []
    mute = stopped(tx)
    people = (p for _, p in sorted(roster.responders.items()) if digits in _numbers(p, mute))
    return list(people)


def _numbers(person: Responder, mute: Mapping[tuple[str, str], str]) -> set[str]:
    known = [c.address for c in person.contacts if c.channel in ("voice", "sms")]
    known += [a for channel in ("voice", "sms") if (a := mute.get((person.id, channel)))]
    return {_digits(address) for address in known}


def _digits(number: str) -> str:
    return "".join(c for c in e164(number) if c.isascii() and c.isdigit())
