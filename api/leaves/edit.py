"""The register's forms: a row is shown, corrected and kept; what is wrong stands beside its field, nothing is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.desk import Visitor, problem_page, scope_of, to_login
from api.doors import doors
from api.language import Speech
from api.leaves.choices import choices_of
from api.leaves.faults import Faults, placed
from api.leaves.fields import Form, Typed, filled, read, row_count
from api.leaves.forms import FORMS, MADE, USUAL, tidied
from api.leaves.leaf import Leaf, Told, act, show, text
from api.nav import may_edit, may_open
from api.pages import clock, speech
from api.parts import App
from api.sessions import Knock, refuse_foreign
from domain.errors import AnlingError, ConfigurationError, Forbidden, NotFound, Overtaken, Refused
from domain.ids import new_id
from domain.people import Scope
from records.editor import SECRET_ADDRESS, Edit, Row

router = APIRouter(include_in_schema=False)

Noun = Literal["streets", "homes", "residents", "devices", "hubs", "responders", "teams"]
_MOST = 500


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form with what stands in it."""

    form: Form
    #: None: a new row
    id: str | None
    typed: Typed
    #: of the row as it was seen
    mark: str = ""
    faults: Faults = field(default_factory=Faults)
    #: what the register holds by now, where somebody else was faster
    held: Typed = field(default_factory=dict)
    #: what the register holds besides what a form shows
    row: Row | None = None
    more: bool = False


@router.get("/register")
async def index(request: Request, visitor: Visitor) -> Response:
    """Streets, teams, hubs; and the ways to everything else that can be edited."""

    def read_lists(app: App, scope: Scope) -> dict[str, Any]:
        lists = {noun: getattr(app.views, noun)(scope, _MOST)["items"] for noun in ("streets", "teams", "hubs")}
        names = {one["id"]: one["name"] for one in app.desk.people.responders(scope)}
        return lists | {"names": names, "mine": lambda street: may_edit(scope, street)}

    return await show(request, visitor, Leaf("register", "register.html", read_lists))


@router.get("/edit/{noun}/new")
async def begin(request: Request, visitor: Visitor, noun: Noun) -> Response:
    """An empty form; what the address names stands in it already (``?home=home-1``)."""
    form = FORMS[noun]
    known = {one.path: [value[:200]] for one in form.fields() if (value := request.query_params.get(one.path))}
    return await _show(request, visitor, Sheet(form, None, USUAL.get(noun, {}) | known))


@router.get("/edit/{noun}/{id}")
async def change(request: Request, visitor: Visitor, noun: Noun, id: str) -> Response:
    """One row as it is now."""
    return await _show(request, visitor, Sheet(FORMS[noun], id, {}))


@router.post("/edit/{noun}/new")
async def lay_down(request: Request, visitor: Visitor, noun: Noun) -> Response:
    """A new row, or the form again with everything that is wrong."""
    return await _post(request, visitor, FORMS[noun], None)


@router.post("/edit/{noun}/{id}")
async def keep(request: Request, visitor: Visitor, noun: Noun, id: str) -> Response:
    """A changed row, or the form again."""
    return await _post(request, visitor, FORMS[noun], id)


@router.post("/edit/{noun}/{id}/{step}")
async def turn(
    request: Request, visitor: Visitor, noun: Literal["devices", "hubs", "residents", "responders"], id: str,
    step: Literal["shut-out", "let-in", "end", "resume"],
) -> Response:  # fmt: skip
    """A device or hub loses its log-in at the broker, or gets another; a person is there no more, or again."""

    def work(app: App, scope: Scope, form: FormData) -> None:
        if (step in ("end", "resume")) != (noun in ("residents", "responders")):
            raise NotFound(f"no {step} of {noun}")
        if step in ("end", "resume"):
            app.desk.editor.turn(scope, noun, id, step)
        elif step == "shut-out":
            app.desk.editor.shut_out(scope, noun, id)
        else:
            app.desk.editor.let_in(scope, noun, id, text(form, "secret"))

    here = f"/edit/{noun}/{quote(id)}"
    leaf = _leaf(Sheet(FORMS[noun], id, {}), speech(request))
    done = {"end": "person_ended", "resume": "person_resumed"}.get(step, step.replace("-", "_"))
    return await act(request, visitor, leaf, work, done, here)


async def _post(request: Request, visitor: Knock | None, form: Form, id: str | None) -> Response:
    refuse_foreign(request)
    scope, here = await scope_of(visitor), doors(request)
    if scope is None:
        return to_login(request)
    said = await request.form(max_fields=5000)
    typed = {name: [v for v in said.getlist(name) if isinstance(v, str)] for name in said}
    sheet = Sheet(form, id, typed, (typed.get("mark") or [""])[0], more="more" in typed)
    if sheet.more:
        return await _show(request, visitor, sheet)
    try:
        _require(scope)
        done = await here.lanes.commands.run(lambda: _kept(here.app, scope, sheet, speech(request)))
    except AnlingError as refused:
        return problem_page(request, refused)
    if isinstance(done, Sheet):
        return await _show(request, visitor, done)
    return RedirectResponse(f"{done}?done=kept", 303)


def _kept(app: App, scope: Scope, sheet: Sheet, say: Speech) -> str | Sheet:
    """Where to go now that it is kept; else the form again."""
    form, new, faults = sheet.form, sheet.id is None, Faults()
    said = read(form, sheet.typed, new)
    value = tidied(form.noun, said.value)
    id = sheet.id or str(value.get(form.key) or "") or _made(form)
    for name, word in said.faults.items():
        faults.add(name, say(f"wrong.{word}"))
    edit = Edit(form.noun, id, value, new, None if new else sheet.mark, trial=bool(said.faults))
    try:
        app.desk.editor.edit(scope, edit)
    except ConfigurationError as error:
        placed(error.problems, _names(form, sheet.typed), said.rows, say, faults)
    except Overtaken:
        return _overtaken(app, scope, replace(sheet, faults=faults), say)
    except Refused:
        faults.add(form.key, say("wrong.exists"))
    if faults:
        return replace(sheet, faults=faults)
    return _after(form.noun, id, value)


def _overtaken(app: App, scope: Scope, sheet: Sheet, say: Speech) -> Sheet:
    """Who was faster, and what the row holds now; saving once more is then done knowingly."""
    assert sheet.id is not None
    row = app.desk.editor.row(scope, sheet.form.noun, sheet.id)
    who, at = app.desk.editor.changed(sheet.form.noun, sheet.id) or ("–", None)
    sheet.faults.add(None, say("wrong.overtaken", name=who, time=clock(at)))
    return replace(sheet, mark=row.mark, held=filled(sheet.form, row.value), row=row)


def _made(form: Form) -> str:
    """An id that nobody had to think of; empty where somebody must."""
    return f"{MADE[form.noun]}-{new_id()[-10:].lower()}" if form.noun in MADE else ""


def _after(noun: str, id: str, value: Mapping[str, Any]) -> str:
    match noun:
        case "homes":
            return f"/homes/{quote(id)}"
        case "residents" | "devices":
            return f"/homes/{quote(str(value['home']))}"
        case "responders":
            return "/people"
        case "teams":
            return "/duty"  # whatever hole the change has left stands on top there
    return "/register"


def _names(form: Form, typed: Typed) -> set[str]:
    """All inputs of the form as it was sent."""
    rows = [one for one in form.fields() if one.form == "rows"]
    inner = {
        f"{one.path}[{n}].{sub.path}"
        for one in rows for n in range(row_count(one.path, typed, False)) for sub in one.parts
    }  # fmt: skip
    return {one.path for one in form.fields()} | inner


async def _show(request: Request, visitor: Knock | None, sheet: Sheet) -> Response:
    status = 409 if sheet.held else 422 if sheet.faults else 200
    return await show(request, visitor, _leaf(sheet, speech(request)), Told(None, (), status))


def _leaf(sheet: Sheet, say: Speech) -> Leaf:
    def read_row(app: App, scope: Scope) -> dict[str, Any]:
        row = sheet.row
        if sheet.id is not None and row is None:
            row = app.desk.editor.row(scope, sheet.form.noun, sheet.id)
        fresh = row is not None and not sheet.typed
        typed = filled(sheet.form, row.value) if row and fresh else sheet.typed
        return {
            "form": sheet.form, "id": sheet.id, "row": row, "typed": typed, "one": _first(typed), "held": sheet.held,
            "mark": row.mark if row and fresh else sheet.mark, "faults": sheet.faults,
            "lists": choices_of(app, scope, say), "secret_address": SECRET_ADDRESS, "count": _counts(sheet, typed),
        }  # fmt: skip

    return Leaf("register", "edit.html", read_row)


def _counts(sheet: Sheet, typed: Typed) -> dict[str, int]:
    """Rows to draw of each list; after a refusal as many as before."""
    return {one.path: row_count(one.path, typed, not sheet.faults) for one in sheet.form.fields() if one.form == "rows"}


def _first(typed: Typed) -> dict[str, str]:
    return {name: said[0] for name, said in typed.items() if said}


def _require(scope: Scope) -> None:
    if not may_open(scope, "register"):
        raise Forbidden("only administrators and supervisors change the register")
