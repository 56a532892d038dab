"""What the 120 desk reports on a case: with a clerk's number a person is speaking, and claims by it."""

from typing import Any

import orjson

from channels.dispatch_120 import DeskStatus, desk_status
from domain.alerts import Actor, Alert, Step, TrackState
from domain.clock import Clock
from domain.desk import Case, CaseState
from domain.errors import Held, NotFound, Refused
from domain.people import Responder
from escalation import desk_cases
from escalation.commands import Commands
from escalation.letters import point_of
from escalation.outcome import fail_over
from escalation.proving import Prover
from escalation.standing import Standing
from store import alerts, cases, outbox
from store.ledger import Ledger, Tx
from store.outbox import Item, Leased

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
            _, desk = self._named(tx, case)
        points = desk.contacts if desk else ()
        return tuple(p.secret for p in points if p.channel == "dispatch_120" and p.secret)

    def take(self, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out what was said; ``NotFound`` for a case that no alert has."""
        said = desk_status(orjson.dumps(body))
        with self._ledger.reading() as tx:
            row, desk = self._named(tx, said.case)
            alert = alerts.peek(tx, row.item.alert_id) if row else None
            if row is None or desk is None or alert is None:
                raise NotFound(f"no alert has case {said.case!r}")
            case = self._case(row.item, said)
            late = cases.overtaken(tx, case)
        actor, point = Actor(desk.id, desk.name, role=desk.role), point_of(desk, row.item.point, "dispatch_120")
        if said.by and point:
            self._prover.heard(desk.id, point.channel, point.address)
        # Given back first: as long as the desk seems to hold it nobody is asked to dial.
        released = case.state in _GIVEN_UP and self._released(alert, actor)
        if not late:
            self._note(alert, row, case, released)
        if not alert.open:
            return {"result": "closed", "alert": alert.id}
        if released or late or case.state in _GIVEN_UP or not said.by:
            self._commands.note(alert.id, actor, _words(said))
            return {"result": "released" if released else "noted", "alert": alert.id}
        return {"result": self._carry_out(alert, actor, row.item.track, said), "alert": alert.id}

    def _named(self, tx: Tx, case: str) -> tuple[Leased | None, Responder | None]:
        """What was sent to the desk under this case, and which desk that is."""
        named = outbox.by_reference(tx, case)
        found = outbox.get(tx, named[0]) if named else None
        if found is None:
            return None, None
        return found[0], self._standing.roster(tx).responders.get(found[0].item.person)

    def _case(self, item: Item, said: DeskStatus) -> Case:
        now = self._clock.now()
        return Case(
            item.alert_id, item.person, item.key, said.case, CaseState(said.status), now, said.by, told_at=said.at
        )  # fmt: skip

    def _released(self, alert: Alert, actor: Actor) -> bool:
        """The desk gives back what it holds; False when it holds nothing, or does not any more."""
        if not any(t.claimant == actor.id for t in alert.tracks):
            return False
        try:
            self._commands.release(alert.id, actor)
        except (Held, Refused):  # its claim ran out, or the alert was closed, a moment before
            return False
        return True

    def _note(self, alert: Alert, row: Leased, case: Case, released: bool) -> None:
        """Move the case on. A named clerk has it: nobody needs to dial. A desk that cancels gives it back to us."""
        with self._ledger.transaction() as tx:
            if not cases.note(tx, case) or not alert.open:
                return
            if case.state in _GIVEN_UP:
                desk_cases.dial(tx, row.item, case.state, case.at, again=True)
                if not released:
                    fail_over(tx, self._standing, row, "the desk cancelled its case", case.at)
            elif case.clerk:
                desk_cases.answered(tx, alert.id, case.at, case.person)

    def _carry_out(self, alert: Alert, actor: Actor, track: str, said: DeskStatus) -> str:
        """A clerk speaks: claims the desk's track, or reports what the crew does."""
        mine = any(t.claimant == actor.id for t in alert.tracks)
        meant = alert.track(actor.role or "") or alert.track(track)
        if not mine and meant is not None and meant.state is TrackState.CALLING:
            self._commands.claim(alert.id, actor, meant.name, "desk")
            mine = True
        step = _STEPS.get(said.status)
        if mine and step is not None:
            self._commands.progress(alert.id, actor, step, _words(said))
        else:
            self._commands.note(alert.id, actor, _words(said))
        return "claimed" if mine else "noted"


def _words(said: DeskStatus) -> str:
    return " ".join(t for t in (f"[{said.status}]", said.by and f"clerk {said.by}", said.note) if t)
