"""Scripts and styles as a browser gets them: without the comments and blanks that people read them by."""

from functools import lru_cache
from pathlib import Path

from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class Assets(StaticFiles):
    """One folder of files; a browser asks each time whether they have changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if isinstance(answer, FileResponse) and (body := _lean(Path(answer.path), answer.headers["etag"])) is not None:
            kept = {name: answer.headers[name] for name in ("etag", "last-modified")}
            answer = Response(body, headers=kept, media_type=answer.media_type)
        answer.headers["Cache-Control"] = "no-cache"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


@lru_cache(maxsize=64)
def _lean(file: Path, etag: str) -> bytes | None:
    """A style, or a script of ours, as of ``etag``; None for what is sent as it lies: pictures, and others' scripts."""
    del etag
    if file.suffix == ".css":
        from rcssmin import cssmin

        return str(cssmin(file.read_text("utf-8"))).encode()
    if file.suffix == ".js" and file.parent == Path(__file__).parent / "static":
        from rjsmin import jsmin

        return str(jsmin(file.read_text("utf-8"))).encode()
    return None
