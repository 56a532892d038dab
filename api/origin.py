"""A page elsewhere must not act with a dispatcher's cookie: whose page sent this request."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def same_origin(conn: HTTPConnection, public_url: str, required: bool = False) -> bool:
    """Whether the request comes from our own page, or from no page at all (then unless ``required``).

    Browsers send Origin with every unsafe request and with every WebSocket; what sends
    neither Origin nor Sec-Fetch-Site is a program, which no other site can drive.
    """
    origin = conn.headers.get("origin")
    if origin is not None:
        return _netloc(origin) in {_netloc(public_url), conn.headers.get("host", "").lower()}
    if required:
        return False
    return conn.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}


def _netloc(url: str) -> str:
    return urlsplit(url).netloc.lower()
