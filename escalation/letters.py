"""Letters: from a leased outbox row to what a channel needs to say. Reads the register, opens no more than needed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from domain.contacts import Letter, Purpose
from domain.people import ContactPoint, Responder
from escalation.duty import Roster
from store import alerts, calls, register, said
from store.asked import newest_case
from store.ledger import Tx
from store.outbox import Leased

_LOG = structlog.get_logger("anling.letters")
#: channels whose listener must know who and where; a webhook gets only what its address was approved for
_NEEDS_PEOPLE = frozenset({"voice", "sms", "dispatch_120"})

#: channels whose provider can be asked what became of an attempt
_ASKED = frozenset({"voice", "sms"})


class Letters:
    """Writes letters. ``ack_url(alert, responder, track)`` gives the page of the person for the alert."""

    def __init__(self, ack_url: Callable[[str, str, str], str]) -> None:
        self._ack_url = ack_url

    def write(self, tx: Tx, leased: Sequence[Leased], roster: Roster, now: datetime) -> dict[str, Letter | None]:
        """A letter for each row key; None where person or contact point are gone from the register."""
        try:
            return self._write(tx, leased, roster, now)
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            _LOG.error("letters_not_written", rows=len(leased), error=type(error).__name__)
            return {row.item.key: self._alone(tx, row, roster, now) for row in leased}

    def _alone(self, tx: Tx, row: Leased, roster: Roster, now: datetime) -> Letter | None:
        """What cannot be read of one home keeps nobody else's letter, and its own call is made without it (P6)."""
        try:
            return self._write(tx, [row], roster, now)[row.item.key]
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            _LOG.error("home_unusable", home=row.home_id, error=type(error).__name__)
            return self._plain(row, roster, now, None)

    def _write(self, tx: Tx, leased: Sequence[Leased], roster: Roster, now: datetime) -> dict[str, Letter | None]:
        homes = register.homes_of(tx, {x.home_id for x in leased if x.home_id})
        near = {x.home_id for x in leased if x.home_id and x.item.channel in _NEEDS_PEOPLE}
        residents = register.residents_of(tx, near) if near else {}
        letters: dict[str, Letter | None] = {}
        for row in leased:
            letter = self._plain(row, roster, now, homes.get(row.home_id or ""))
            if letter is not None and row.item.channel in _NEEDS_PEOPLE:
                letter = self._with_people(tx, row, letter, residents.get(row.home_id or "", []))
            letters[row.item.key] = letter
        return letters | self._doubtful(tx, leased, letters)

    def _doubtful(
        self, tx: Tx, leased: Sequence[Leased], letters: Mapping[str, Letter | None]
    ) -> dict[str, Letter | None]:
        """Those whose attempt before may have rung: the provider is asked before anybody redials (P16)."""
        again = {x.item.key: x.attempt for x in leased if x.attempt > 1 and x.item.channel in _ASKED}
        unsure = calls.doubts(tx, again)
        return {key: replace(x, doubt=unsure[key]) for key in unsure if (x := letters.get(key)) is not None}

    def _with_people(self, tx: Tx, row: Leased, letter: Letter, residents: list[dict[str, Any]]) -> Letter:
        """A card that cannot be read costs the letter its details, never the call (P6)."""
        try:
            return self._full(tx, row, letter, residents)
        except (TypeError, ValueError, KeyError) as error:
            _LOG.error("card_unusable", home=row.home_id, error=type(error).__name__)
            return letter

    def _plain(self, row: Leased, roster: Roster, now: datetime, home: Mapping[str, Any] | None) -> Letter | None:
        item = row.item
        person = roster.responders.get(item.person)
        point = point_of(person, item.point, item.channel)
        if person is None or point is None:
            return None
        return Letter(
            item.key, Purpose(item.purpose), row.attempt, item.alert_id, item.track, row.kind, row.severity,
            row.raised_at, item.drill, person.id, person.name, item.role, person.language, item.channel, point.address,
            point.secret, self._ack_url(item.alert_id, person.id, item.track), now, home=home,
            device=row.device_id, about=item.about or {}, repeats=item.repeats,
        )  # fmt: skip

    def _full(self, tx: Tx, row: Leased, letter: Letter, residents: list[dict[str, Any]]) -> Letter:
        letter = replace(letter, said=said.of_alert(tx, row.item.alert_id, row.device_id))
        cards = tuple({k: v for k, v in r.items() if k != "medical"} for r in residents)
        if letter.channel != "dispatch_120":
            return replace(letter, residents=cards)
        home = register.home_of(tx, row.home_id) if row.home_id else None
        return replace(
            letter,
            residents=cards,
            access=dict(home["access"]) if home else {},
            medical=tuple({"id": r["id"], **(r.get("medical") or {})} for r in residents),
            timeline=tuple(_brief(tx, row.item.alert_id)),
            case=newest_case(tx, row.item.alert_id, row.item.person),
        )


def point_of(person: Responder | None, n: int, channel: str) -> ContactPoint | None:
    """The contact point the row means; if the register was edited meanwhile, another of the same channel."""
    if person is None:
        return None
    same = [p for p in person.contacts if p.channel == channel]
    return next((p for p in same if p.n == n), same[0] if same else None)


def _brief(tx: Tx, alert_id: str) -> list[dict[str, Any]]:
    return [{"at": row["at"].isoformat(), "type": row["type"]} for row in alerts.timeline(tx, alert_id)][-50:]
