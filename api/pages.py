"""Pages: templates, the words and clock they use, and what a browser may do with them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.doors import doors
from api.ground import Ground
from api.language import COOKIE, Speech, chosen
from api.refusals import in_words
from domain.addresses import written
from domain.ages import years
from domain.words import LANGUAGES

_HERE = Path(__file__).parent

HEADERS = {
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}



def csp(ground: Ground) -> str:
    """Nothing from elsewhere but the map's tiles, nothing inline; the live stream is our own.

    ``data:`` pictures only beside tiles: the map empties a tile that has scrolled away by one.
    """
    pictures = f"'self' data: {ground.host}".rstrip() if ground.tiles else "'self'"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {pictures}; connect-src 'self'; "
        "worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


_SHANGHAI = ZoneInfo("Asia/Shanghai")

_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def speech(conn: HTTPConnection) -> Speech:
    """The words in the reader's language."""
    return Speech(doors(conn).words, chosen(conn))


def page(conn: HTTPConnection, name: str, status: int = 200, **values: Any) -> Response:
    """A page in the reader's language; a language asked for by ``?lang=`` is remembered."""
    say = speech(conn)
    shared = {
        "say": say,
        "lang": say.lang,
        "clock": clock,
        "hour": hour,
        "age": age,
        "reason": lambda said: in_words(said or "", say.lang),
        "path": conn.url.path,
        "now": _wall(conn),
    }
    html = _templates.get_template(name).render(shared | values)
    headers = {"Content-Security-Policy": csp(doors(conn).app.settings.ground), **HEADERS}
    return remember(conn, Response(html, status, headers=headers, media_type="text/html"))


def remember(conn: HTTPConnection, answer: Response) -> Response:
    """Keep the language asked for by ``?lang=``."""
    asked = conn.query_params.get("lang")
    if asked in LANGUAGES:
        answer.set_cookie(COOKIE, asked, max_age=31_536_000, samesite="lax")
    return answer


def _wall(conn: HTTPConnection) -> datetime:
    return doors(conn).app.wall()


def clock(at: str | datetime | None) -> str:
    """``2026-11-21 03:10:42`` in Shanghai; empty for nothing."""
    when = instant(at)
    return f"{when.astimezone(_SHANGHAI):%Y-%m-%d %H:%M:%S}" if when else ""


def hour(at: str | datetime | None, than: str | datetime | None) -> str:
    """``03:10:42``; with its day, ``11-22 03:10:42``, when ``than`` was on another one."""
    told, day = clock(at), clock(than)[:10]
    return told[11:] if told[:10] == day else told[5:]


def instant(at: str | datetime | None) -> datetime | None:
    """The wire's time as a datetime."""
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def age(person: Mapping[str, Any], now: datetime) -> int | None:
    """Years lived, from the card's ``age`` or ``birth``; None when neither tells."""
    if person.get("age") is not None:
        return int(person["age"])
    return years(person.get("birth"), now.astimezone(_SHANGHAI).date())


def midnight(now: datetime) -> datetime:
    """When the day in Shanghai began."""
    return now.astimezone(_SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def address(alert: Mapping[str, Any]) -> str:
    """Where it is, in one line; empty when only a device is known."""
    return written((alert.get("home") or {}).get("address")) or alert.get("place") or ""
