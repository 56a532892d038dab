"""Commands: what people do to an alert. Each is one transaction; success is reported after the commit (P10)."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from domain.alerts import Actor, Alert, Cause, Outcome, Step, Subject, VoiceCheck
from domain.callers import BY_TELEPHONE, told
from domain.clock import Clock
from domain.errors import Forbidden, LedgerCollision, LedgerUnavailable, NotFound, Refused
from domain.events import Kind
from domain.ids import new_id
from domain.people import DESK, LEADS
from escalation.aftercare import owed
from escalation.alarms import raised_or_joined
from escalation.command import (
    Accept,
    Claim,
    Close,
    Command,
    Decline,
    Note,
    Offer,
    Progress,
    Raise,
    Release,
    Summon,
    VoiceChecked,
)
from escalation.decide import decide
from escalation.stage import apply, keep
from escalation.standing import Standing
from escalation.subjects import home_subject
from store import alerts
from store.ledger import Ledger, Tx
from store.tasks import open_tasks

_DRILLERS = frozenset({"drill", "probe"})
_RETRIES = 5

W = TypeVar("W", bound=StrEnum)


class Commands:
    """Claim, progress, release, offer, accept, decline, voice check, note, close, raise by hand."""

    def __init__(self, ledger: Ledger, standing: Standing, clock: Clock) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock

    def claim(self, alert_id: str, actor: Actor, track: str | None = None, proof: str = "console") -> Alert:
        """Take it. Raises ``Held`` when somebody else has it."""
        return self._run(alert_id, actor, Claim(actor, track, proof))

    def claim_as_asked(self, alert_id: str, actor: Actor, track: str, proof: str) -> Alert:
        """Take it on the track one was asked for; if that gave way to graver ones meanwhile, on that of one's role."""
        try:
            return self.claim(alert_id, actor, track, proof)
        except Refused:
            return self.claim(alert_id, actor, None, proof)

    def progress(self, alert_id: str, actor: Actor, step: str, note: str | None = None) -> Alert:
        """Report a step; the claim is renewed."""
        return self._run(alert_id, actor, Progress(actor, _word(Step, step, "step"), note))

    def voice_check(self, alert_id: str, actor: Actor, result: str) -> Alert:
        """Record what came of speaking with the home."""
        return self._run(alert_id, actor, VoiceChecked(actor, _word(VoiceCheck, result, "result")))

    def summon(self, alert_id: str, actor: Actor, role: str) -> Alert:
        """Have a role called now by the plan's own ways: ``dispatch_120`` or one of its branches."""
        return self._run(alert_id, actor, Summon(actor, role))

    def decline(self, alert_id: str, actor: Actor) -> Alert:
        """ "I cannot": the next one is asked."""
        return self._run(alert_id, actor, Decline(actor))

    def release(self, alert_id: str, actor: Actor, track: str | None = None) -> Alert:
        """Give it back; calling resumes from where it stood."""
        return self._run(alert_id, actor, Release(actor, track, force=bool(LEADS & actor.roles)))

    def offer(self, alert_id: str, actor: Actor, to: Actor) -> Alert:
        """Offer it to another person; the duty stays until that one accepts."""
        return self._run(alert_id, actor, Offer(actor, to))

    def accept(self, alert_id: str, actor: Actor) -> Alert:
        """Take over what was offered."""
        return self._run(alert_id, actor, Accept(actor))

    def note(self, alert_id: str, actor: Actor, text: str) -> Alert:
        """Add a remark."""
        if not text.strip():
            raise Refused("the note is empty; write what should be remembered")
        return self._run(alert_id, actor, Note(actor, text))

    def close(
        self, alert_id: str, actor: Actor, outcome: str, cause: str | None = None, note: str | None = None
    ) -> Alert:
        """Say how it ended. Closing what another holds needs a supervisor."""
        why = _word(Cause, cause, "cause") if cause is not None else None
        force = bool(LEADS & actor.roles)
        return self._run(alert_id, actor, Close(actor, _word(Outcome, outcome, "outcome"), why, note, force))

    def raise_by_hand(
        self,
        actor: Actor,
        home: str | None = None,
        address: str | None = None,
        kind: str = "manual",
        note: str | None = None,
        caller_phone: str | None = None,
        drill: bool = False,
    ) -> Alert:
        """Somebody telephoned. An open alert of that home is joined, as by a press."""
        if home is None and not (address or "").strip():
            raise Refused("say where: give a home id, or an address in words")
        _may_raise(actor, drill)
        what = _word(Kind, kind, "kind")
        text = told(address if home is None else None, note, caller_phone)
        return self._retry(lambda tx: self._raise(tx, actor, self._subject(tx, actor, home), what, text, drill))

    def reopen(self, alert_id: str, actor: Actor, note: str | None = None) -> Alert:
        """It was closed too soon: a new alert of the same kind and subject, linked to the closed one, called anew."""
        return self._retry(lambda tx: self._reopen(tx, alert_id, actor, note))

    def _reopen(self, tx: Tx, alert_id: str, actor: Actor, note: str | None) -> Alert:
        closed = alerts.load(tx, [alert_id]).get(alert_id)
        if closed is None:
            raise NotFound(f"no alert {alert_id}")
        allowed(actor, closed)
        if closed.open:
            raise Refused("this alert is open; work on it")
        home = closed.subject.home
        subject = self._subject(tx, actor, home) if home else closed.subject
        return self._raise(tx, actor, subject, closed.kind, note, closed.drill, closed.id)

    def _raise(
        self, tx: Tx, actor: Actor, subject: Subject, kind: Kind, note: str | None, drill: bool,
        previous: str | None = None,
    ) -> Alert:  # fmt: skip
        now = self._clock.now()
        command = Raise(kind, actor.id, {"by_hand": True}, drill, note=note, previous=previous)
        decisions = [raised_or_joined(tx, self._standing, subject, command, now)]
        alert = decisions[0].alert
        if note and decisions[0].before is not None:  # a new alert has it in its first line already
            plan, roster = self._standing.plan(tx, alert.plan), self._standing.roster(tx)
            decisions.append(decide(alert, Note(actor, note), now, roster, plan))
        return keep(tx, decisions)[0]

    def _subject(self, tx: Tx, actor: Actor, home: str | None) -> Subject:
        if home is None:
            return Subject(None, f"{BY_TELEPHONE}{new_id()}")
        found = home_subject(tx, home)
        if found is None:
            raise NotFound(f"no home {home}")
        _in_streets(actor, found.street)
        return found

    def _run(self, alert_id: str, actor: Actor, command: Command) -> Alert:
        return self._retry(lambda tx: self._command(tx, alert_id, actor, command))

    def _command(self, tx: Tx, alert_id: str, actor: Actor, command: Command) -> Alert:
        loaded = alerts.load(tx, [alert_id])
        if alert_id not in loaded:
            raise NotFound(f"no alert {alert_id}")
        allowed(actor, loaded[alert_id])
        done = apply(tx, self._standing, loaded, [(alert_id, command)], self._clock.now())[alert_id]
        if not done.open:
            open_tasks(tx, owed(done))
        return done

    def _retry(self, work: Callable[[Tx], Alert]) -> Alert:
        """Somebody else was faster: read again and decide anew."""
        for _ in range(_RETRIES):
            try:
                with self._ledger.transaction() as tx:
                    return work(tx)
            except LedgerCollision:
                continue
        raise LedgerUnavailable("the alert is changing too fast; try again")


def allowed(actor: Actor, alert: Alert) -> None:
    """The desk may act on anything in its streets, a drill account on drills, others where they were asked."""
    if _DRILLERS & actor.roles:
        if alert.drill:
            return
        raise Forbidden("a drill account acts only on drill alerts")
    if DESK & actor.roles:
        _in_streets(actor, alert.subject.street)
        return
    asked = any(actor.id in t.called or actor.id in (t.claimant, t.offer_to) for t in alert.tracks)
    if not asked:
        raise Forbidden("you were not asked for this alert")


def _may_raise(actor: Actor, drill: bool) -> None:
    """Whoever may be telephoned raises; a drill account nothing real, since a real 120 would come; an auditor reads."""
    if _DRILLERS & actor.roles and not drill:
        raise Forbidden("a drill account raises only drills; send drill: true")
    if "auditor" in actor.roles:
        raise Forbidden("an auditor only reads; tell a dispatcher")


def _in_streets(actor: Actor, street: str | None) -> None:
    if actor.streets and street is not None and street not in actor.streets:
        raise Forbidden("this alert is in another street")


def _word(words: type[W], value: str, what: str) -> W:
    """A word from a closed list; another one is refused with the list."""
    try:
        return words(value)
    except ValueError as error:
        raise Refused(f"{what} {value!r} is unknown; write one of {', '.join(words)}") from error
