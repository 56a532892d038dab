"""One page beside the board: who may open it, what it reads, and what its forms do. Works without scripts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, ImmutableMultiDict
from starlette.responses import RedirectResponse, Response

from api.browsers import why
from api.desk import desk_page, problem_page, scope_of, street_names, to_login
from api.doors import Doors, doors
from api.language import Speech
from api.nav import may_open
from api.pages import address, speech
from api.parts import App
from api.problems import status_of
from api.refusals import in_words
from api.sessions import Knock, refuse_foreign
from domain.errors import AnlingError, ConfigurationError, Forbidden
from domain.people import Scope

T = TypeVar("T")
Read = Callable[[App, Scope], Mapping[str, Any]]
Work = Callable[[App, Scope, FormData], object]

_NOTHING: ImmutableMultiDict[str, Any] = ImmutableMultiDict()
#: never sent back to a browser
_SECRET = frozenset({"password", "new", "code", "secret"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page: the word under which ``api.nav`` says who may open it, its template, and what it shows."""

    word: str
    template: str
    read: Read


@dataclass(frozen=True, slots=True)
class Told:
    """What is said above the page: that something was done, or everything that was wrong with it."""

    done: str | None = None
    problems: tuple[str, ...] = ()
    status: int = 200
    #: the form that was refused: what was typed stands in it again
    typed: ImmutableMultiDict[str, Any] = field(default_factory=ImmutableMultiDict)


async def show(request: Request, visitor: Knock | None, leaf: Leaf, told: Told | None = None) -> Response:
    """The page; a stranger is led to the log-in, who may not see it is told so."""
    scope = await scope_of(visitor)
    if scope is None:
        return to_login(request)
    here = doors(request)
    try:
        _require(scope, leaf.word)
        values = await here.lanes.reads.run(
            lambda: {"street_name": street_names(here.app, scope), **leaf.read(here.app, scope)}
        )
    except AnlingError as refused:
        return problem_page(request, refused)
    said = told or Told(_done(request))

    def again(form: str) -> ImmutableMultiDict[str, Any]:
        """What was typed into the form of that address, if it is the one that was refused."""
        return said.typed if form == request.url.path else _NOTHING

    return desk_page(
        request, scope, f"leaves/{leaf.template}", said.status, done=said.done, problems=said.problems,
        leaf=leaf.word, again=again, address=lambda home: address({"home": home}), query=request.query_params, **values,
    )  # fmt: skip


async def _form(request: Request, visitor: Knock | None) -> tuple[Scope, Doors, FormData] | Response:
    """Who sends which form, by which doors; strangers are led to the log-in. Refuses what another site sends."""
    refuse_foreign(request)
    scope = await scope_of(visitor)
    return to_login(request) if scope is None else (scope, doors(request), await request.form())


async def act(
    request: Request, visitor: Knock | None, leaf: Leaf, work: Work, done: str, back: str | None = None
) -> Response:
    """Carry out a form. Success leads back to the page with ``done`` said; refusals are shown on it, all at once."""
    sent = await _form(request, visitor)
    if isinstance(sent, Response):
        return sent
    scope, here, form = sent
    try:
        _require(scope, leaf.word)
        await here.lanes.commands.run(lambda: work(here.app, scope, form))
    except (AnlingError, ValidationError, ValueError) as error:
        told = Told(None, problems_of(speech(request), error), _status(error), _open(form))
        return await show(request, visitor, leaf, told)
    return RedirectResponse(f"{back or request.url.path}?done={quote(done)}", 303)


async def carried_out(
    request: Request, visitor: Knock | None, work: Callable[[App, Scope, FormData], T]
) -> T | Response:
    """What a form's work came to, for a page that shows it; strangers are led to the log-in, refusals are a page."""
    sent = await _form(request, visitor)
    if isinstance(sent, Response):
        return sent
    scope, here, form = sent
    try:
        return await here.lanes.commands.run(lambda: work(here.app, scope, form))
    except AnlingError as refused:
        return problem_page(request, refused)


def problems_of(say: Speech, error: Exception) -> tuple[str, ...]:
    """Everything that was wrong, one line each."""
    match error:
        case ConfigurationError():
            return tuple(in_words(problem, say.lang) for problem in error.problems)
        case ValidationError():
            return tuple(_where(say, e) for e in error.errors())
        case AnlingError():
            return (why(say, error),)
    return (say("problem.invalid"),)


def _where(say: Speech, error: Any) -> str:
    """The field by the name it has on the page, and what is wrong with it."""
    names = [str(part) for part in error["loc"]]
    told = ".".join(say(f"field.{name}") if say.knows(f"field.{name}") else name for name in names)
    wrong = in_words(error["msg"], say.lang).removeprefix("Value error, ")
    return f"{told}{say('site.colon')}{wrong}" if told else wrong


def _open(form: FormData) -> ImmutableMultiDict[str, Any]:
    """A form without its secrets."""
    return ImmutableMultiDict([(name, value) for name, value in form.multi_items() if name not in _SECRET])


def text(form: FormData, name: str) -> str:
    """One field without the blanks around it; empty when it was left out."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def texts(form: FormData, name: str) -> list[str]:
    """All values of a field that may be given several times."""
    return [value.strip() for value in form.getlist(name) if isinstance(value, str) and value.strip()]


def _require(scope: Scope, word: str) -> None:
    if not may_open(scope, word):
        raise Forbidden("this page is not of your role")


def _done(request: Request) -> str | None:
    """What the form before this page has done: a word of ours, whatever the address says."""
    say, asked = speech(request), f"done.{request.query_params.get('done', '')}"
    return say(asked) if say.knows(asked) else None


def _status(error: Exception) -> int:
    if isinstance(error, ConfigurationError) or not isinstance(error, AnlingError):
        return 422
    return status_of(error)
