"""Asking: by the device, by telephone, by a neighbour who looks in."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.alerts import Subject
from domain.checkins import Action, Checkin, Way, read_rule
from domain.people import Responder
from domain.tasks import Task, TaskKind
from escalation.standing import Standing
from store import care, checkins, errands, register
from store.care import CareCall
from store.ledger import Tx
from store.tasks import open_tasks

#: who may be asked to look in, the nearest first (R27)
NEAR = ("key_holder", "neighbour", "volunteer")
#: how long a neighbour has before the visit counts as overdue
_VISIT = timedelta(minutes=25)


class Asking:
    """Carries out one step for one home, in the sweep's transaction."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def take(self, tx: Tx, checkin: Checkin, action: Action, step: int, now: datetime) -> None:
        """Ask. What cannot be asked (no telephone, nobody near) is left out; the next step comes at its time."""
        if action is Action.ASK_DEVICE:
            self.ask_devices(tx, [checkin], now)
        elif action is Action.CARE_CALL:
            care.order(tx, list(self._care_calls(tx, checkin, step)), now)
        else:
            self._ask_neighbour(tx, checkin, step, now)

    def ask_devices(self, tx: Tx, asked: Sequence[Checkin], now: datetime) -> None:
        """The devices of many homes at once."""
        devices = checkins.roles_of_devices(tx, [checkin.home for checkin in asked])
        for checkin in asked:
            for device, to in devices.get(checkin.home, []):
                child = {"dev": device} if device != to else {}
                errands.send(tx, [to], "ask_checkin", {"by": checkin.by_at.isoformat(), **child}, now)

    def _care_calls(self, tx: Tx, checkin: Checkin, step: int) -> Iterable[CareCall]:
        home = register.home_of(tx, checkin.home) or {}
        rule = read_rule(home.get("checkin"), [])
        if rule is None or Way.VOICE not in rule.ways:
            return
        cards = register.residents_of(tx, [checkin.home])[checkin.home]
        numbers = [str(p) for card in cards for p in card.get("phones") or ()]
        # one after another would be kinder; the second telephone of a home is the other person's
        for n, number in enumerate(dict.fromkeys(numbers)):
            day = checkin.day.isoformat()
            yield CareCall(f"care/{day}/{checkin.home}/{step}/{n}", checkin.home, day, None, "voice", number)

    def _ask_neighbour(self, tx: Tx, checkin: Checkin, step: int, now: datetime) -> None:
        day = checkin.day.isoformat()
        asked = self._near(tx, checkin, now)
        open_tasks(tx, [Task(
            f"visit:{checkin.home}:{day}", TaskKind.VISIT, now, now + _VISIT, checkin.street, checkin.home,
            data={"day": day, "asked": [person.id for person in asked]},
        )])  # fmt: skip
        points = ((p, c) for p in asked for c in p.contacts if c.channel in ("voice", "sms") and not c.drill)
        care.order(tx, [
            CareCall(f"care/{day}/{checkin.home}/{step}/{p.id}/{c.n}", checkin.home, day, p.id, c.channel, c.address)
            for p, c in points
        ], now)  # fmt: skip

    def _near(self, tx: Tx, checkin: Checkin, now: datetime) -> list[Responder]:
        roster = self._standing.roster(tx)
        subject = Subject(checkin.home, None, checkin.street)
        on_duty = [p for role in NEAR for p in roster.on_duty(role, subject, now)]
        home: Any = register.home_of(tx, checkin.home) or {}
        holders = [roster.responders.get(id) for id in (home.get("access") or {}).get("key_holders") or ()]
        found = {p.id: p for p in [*holders, *on_duty] if p is not None}
        return list(found.values())
