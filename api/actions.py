"""The buttons of the alert page as commands: what a form asks for, checked before anything is done."""

from collections.abc import Callable, Mapping

from api.alerts import Claim, Close, Note, Offer, Progress, Spoken, Summons
from api.language import Speech
from api.parts import App
from domain.alerts import Actor, Alert, Cause, Outcome, Step
from domain.errors import Held, NotFound, Refused

Act = Callable[[App, Actor], Alert]


def command_of(action: str, id: str, form: Mapping[str, str], say: Speech) -> Act:
    """What a form asks for. ``NotFound``: no such button; ``ValidationError``: the form is not complete."""
    match action:
        case "claim":
            claim = Claim.model_validate(form)
            return lambda app, actor: app.commands.claim(id, actor, claim.track)
        case "progress":
            step = Progress.model_validate(form)
            return lambda app, actor: app.commands.progress(id, actor, step.step, step.note)
        case "voice-check":
            spoken = Spoken.model_validate(form)
            return lambda app, actor: app.commands.voice_check(id, actor, spoken.result)
        case "summon":
            summons = Summons.model_validate(form)
            return lambda app, actor: app.commands.summon(id, actor, summons.role)
        case "offer":
            offer = Offer.model_validate(form)
            return lambda app, actor: app.commands.offer(id, actor, app.views.responder_actor(offer.to))
        case "note":
            note = Note.model_validate(form)
            return lambda app, actor: app.commands.note(id, actor, note.text)
        case "close":
            close = Close.model_validate(form)
            return lambda app, actor: app.commands.close(id, actor, close.outcome, close.cause, close.note)
    return _plain_command(action, id, form.get("note"), say)


def _plain_command(action: str, id: str, note: str | None, say: Speech) -> Act:
    match action:
        case "decline":
            return lambda app, actor: app.commands.decline(id, actor)
        case "release":
            return lambda app, actor: app.commands.release(id, actor)
        case "accept":
            return lambda app, actor: app.commands.accept(id, actor)
        case "reopen":
            return lambda app, actor: app.commands.reopen(id, actor, note)
        case "service":
            return lambda app, actor: app.commands.close(id, actor, Outcome.WELFARE_ONLY, Cause.LONELY, note)
        case "called-120":
            return lambda app, actor: _called_120(app, actor, id, say)
    raise NotFound(action)


def _called_120(app: App, actor: Actor, id: str, say: Speech) -> Alert:
    """A step of whoever holds it; from anybody else a remark, so that it is never lost."""
    try:
        return app.commands.progress(id, actor, Step.CALLED_120)
    except (Held, Refused):
        return app.commands.note(id, actor, say("do.dialled_note"))
