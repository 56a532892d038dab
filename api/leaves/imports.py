"""Import: a list or a site file is shown with everything that is wrong with it before anything is written."""

import base64
import binascii
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from api.desk import Visitor, scope_of, to_login
from api.doors import doors
from api.leaves.leaf import Leaf, Told, problems_of, show, text
from api.nav import may_open
from api.pages import speech
from api.sessions import refuse_foreign
from domain.errors import AnlingError, ConfigurationError, Refused
from records.imports import File, Taken

router = APIRouter(include_in_schema=False)
_FILE = 8_000_000


def _leaf(file: File | None = None, taken: Taken | None = None) -> Leaf:
    kept = base64.b64encode(file.raw).decode() if file and taken else ""
    values: dict[str, Any] = {"file": file.name if file else None, "kept": kept, "taken": taken}
    return Leaf("import", "import.html", lambda app, scope: values)


@router.get("/import")
async def choose(request: Request, visitor: Visitor) -> Response:
    """Which file."""
    return await show(request, visitor, _leaf())


@router.post("/import")
async def take(request: Request, visitor: Visitor) -> Response:
    """Without ``confirm`` a trial; with it the file is taken in, if it is still right."""
    refuse_foreign(request)
    scope, here = await scope_of(visitor), doors(request)
    if scope is None:
        return to_login(request)
    if not may_open(scope, "import"):
        return await show(request, visitor, _leaf())
    file: File | None = None
    try:
        async with request.form(max_part_size=_FILE * 2) as form:
            confirmed, gaps = text(form, "confirm") == "yes", text(form, "gaps") == "yes"
            file = sent = await _file(form)
        work = lambda: here.app.desk.imports.take(sent, scope, scope.operator, not confirmed, gaps)  # noqa: E731
        taken = await here.lanes.commands.run(work)
    except (AnlingError, ValueError) as error:
        told = problems_of(speech(request), _unnamed(error, file))
        return await show(request, visitor, _leaf(file), Told(None, told, 422))
    if confirmed:
        return RedirectResponse("/homes?done=imported", 303)
    return await show(request, visitor, _leaf(file, taken))


def _unnamed(error: Exception, file: File | None) -> Exception:
    """The file's name stands on the page; it need not stand in each of its lines."""
    if not isinstance(error, ConfigurationError) or file is None:
        return error
    return ConfigurationError([said.removeprefix(f"{file.name}: ") for said in error.problems])


async def _file(form: FormData) -> File:
    """The file that was chosen, or the one that was shown before."""
    chosen = form.get("file")
    if isinstance(chosen, UploadFile) and chosen.filename:
        return File(chosen.filename[:200], await chosen.read())
    try:
        return File(text(form, "name")[:200], base64.b64decode(text(form, "kept"), validate=True))
    except binascii.Error as error:
        raise Refused("choose the file again") from error
