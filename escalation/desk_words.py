"""What the 120 desk reports on a case: with a clerk's number a person is speaking, and claims by it."""

from typing import Any

import orjson

from channels.dispatch_120 import DeskStatus, desk_status
from domain.alerts import Actor, Alert, Step, TrackState
from domain.clock import Clock
from domain.desk import Case, CaseState
from domain.errors import NotFound
from escalation import desk_cases
from escalation.commands import Commands
from escalation.letters import point_of
from escalation.proving import Prover
from escalation.standing import Standing
from store import alerts, cases, outbox
from store.ledger import Ledger
from store.outbox import Item

#: what a desk reports, as the steps of a responder
_STEPS = {
    "dispatched": Step.EN_ROUTE, "on_scene": Step.AT_DOOR, "patient_on_board": Step.WITH_RESIDENT,
    "at_hospital": Step.AT_HOSPITAL, "handed_over": Step.AT_HOSPITAL,
}  # fmt: skip


_GIVEN_UP = frozenset({CaseState.CANCELLED})


class DeskWords:
    """Takes in the desk's signed messages."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, commands: Commands, prover: Prover
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._standing = standing
        self._commands = commands
        self._prover = prover

    def secrets(self, case: str) -> tuple[str, ...]:
        """What the desk with this case may sign with besides the installation's secret."""
        with self._ledger.reading() as tx:
            named = outbox.by_reference(tx, case)
            found = outbox.get(tx, named[0]) if named else None
            desk = self._standing.roster(tx).responders.get(found[0].item.person) if found else None
        points = desk.contacts if desk else ()
        return tuple(p.secret for p in points if p.channel == "dispatch_120" and p.secret)

    def take(self, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out what was said; ``NotFound`` for a case that no alert has."""
        said = desk_status(orjson.dumps(body))
        with self._ledger.reading() as tx:
            named = outbox.by_reference(tx, said.case)
            found = outbox.get(tx, named[0]) if named else None
            if found is None:
                raise NotFound(f"no alert has case {said.case!r}")
            alert = alerts.peek(tx, found[0].item.alert_id)
            desk = self._standing.roster(tx).responders.get(found[0].item.person)
        if alert is None or desk is None:
            raise NotFound(f"no alert has case {said.case!r}")
        actor, point = Actor(desk.id, desk.name, role=desk.role), point_of(desk, found[0].item.point, "dispatch_120")
        if said.by and point:
            self._prover.heard(desk.id, point.channel, point.address)
        self._note(alert, desk.id, found[0].item, said)
        if not alert.open:
            return {"result": "closed", "alert": alert.id}
        return {"result": self._carry_out(alert, actor, found[0].item.track, said), "alert": alert.id}

    def _note(self, alert: Alert, desk: str, item: Item, said: DeskStatus) -> None:
        """Move the case on. A named clerk has it: nobody needs to dial. A desk that cancels gives it back to us."""
        now, state = self._clock.now(), CaseState(said.status)
        case = Case(alert.id, desk, item.key, said.case, state, now, said.by)
        with self._ledger.transaction() as tx:
            if not cases.note(tx, case) or not alert.open:
                return
            if state in _GIVEN_UP:
                desk_cases.dial(tx, item, state, now, again=True)
            elif said.by:
                desk_cases.answered(tx, alert.id, now, desk)

    def _carry_out(self, alert: Alert, actor: Actor, track: str, said: DeskStatus) -> str:
        note = " ".join(t for t in (f"[{said.status}]", said.by and f"clerk {said.by}", said.note) if t)
        mine = any(t.claimant == actor.id for t in alert.tracks)
        if said.status == "cancelled" and mine:
            self._commands.release(alert.id, actor)
        if said.status == "cancelled" or not said.by:
            self._commands.note(alert.id, actor, note)
            return "released" if said.status == "cancelled" and mine else "noted"
        meant = alert.track(actor.role or "") or alert.track(track)
        if not mine and meant is not None and meant.state is TrackState.CALLING:
            self._commands.claim(alert.id, actor, meant.name, "desk")
            mine = True
        step = _STEPS.get(said.status)
        if mine and step is not None:
            self._commands.progress(alert.id, actor, step, note)
        else:
            self._commands.note(alert.id, actor, note)
        return "claimed" if mine else "noted"
