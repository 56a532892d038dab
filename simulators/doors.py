"""The two doors a drill looks through: the product's HTTP API, and the control API of the simulated world."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import urllib3

_TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)
#: How much of somebody's error text is shown.
_EXCERPT = 300
#: To whom people write: the product has one number, whatever it is.
_OURS = "+85230009999"


class DoorClosed(Exception):
    """A door cannot be used. The message says which, why, and what to look at."""


class Refused(DoorClosed):
    """The other side answered no. ``status`` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Door:
    """JSON over HTTP to one address."""

    def __init__(self, name: str, base: str) -> None:
        self.name = name
        self._base = base.rstrip("/")
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=False)
        self._headers: dict[str, str] = {}

    def bearer(self, token: str) -> None:
        """Send this token from now on."""
        self._headers = {"Authorization": f"Bearer {token}"}

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        """The bare answer. Raises Refused for 4xx and 5xx, DoorClosed when nobody answers."""
        headers = {**self._headers, "Accept": "application/json"}
        content = None
        if body is not None:
            content, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            answer = self._pool.request(method, self._base + path, body=content, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            # Only the host is named: a path may hold a responder's token.
            where = urlsplit(self._base).netloc
            raise DoorClosed(
                f"{self.name} 没有回答 / does not answer at {where}: is it running? ({type(error).__name__})"
            ) from error
        if answer.status >= 400:
            reason = f"{answer.status} {_reason(answer.data)}"
            raise Refused(f"{self.name}: {method} {path}: {reason}", answer.status)
        return answer.data

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer as JSON. Raises as ``send`` does, and DoorClosed when it is no JSON."""
        answer = self.send(method, path, body)
        try:
            return json.loads(answer or b"null")
        except ValueError as error:
            raise DoorClosed(f"{self.name}: {method} {path}: 不是 JSON / the answer is not JSON") from error

    def close(self) -> None:
        """Give the connections back."""
        self._pool.clear()


class Product:
    """What the drill may do with the product, all of it public (wire contract, section 4)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._door = Door("接口 API", url)
        self._others: dict[str, Door] = {}

    def log_in(self, user: str, password: str) -> None:
        """Open a session; what follows is done as this user."""
        self._door.bearer(_session(self._door, user, password))

    def log_in_also(self, user: str, password: str) -> None:
        """Open a session for another account, for acts done ``as`` it."""
        door = Door("接口 API", self._url)
        door.bearer(_session(door, user, password))
        self._others[user] = door

    def open_window(self, name: str, homes: tuple[str, ...], minutes: int) -> str:
        """Announce the drill, before anything is pressed. Returns the window's id."""
        body = {"name": name, "homes": list(homes), "minutes": minutes}
        return str(self._door.ask("POST", "/api/v1/drills", body)["id"])

    def close_window(self, window: str) -> None:
        """The drill is over."""
        self._door.ask("POST", f"/api/v1/drills/{quote(window)}/close", {})

    def file_verdict(self, window: str, verdict: Mapping[str, Any]) -> None:
        """What was found, for the console to show."""
        self._door.ask("POST", f"/api/v1/drills/{quote(window)}/verdict", verdict)

    def a_home(self) -> dict[str, Any]:
        """Some home of ours: a practice home is put beside it."""
        return dict(self._door.ask("GET", "/api/v1/homes?limit=1")["items"][0])

    def enter_home(self, card: Mapping[str, Any]) -> None:
        """Register a home, its residents and its devices."""
        self._door.ask("POST", "/api/v1/homes", card)

    def end_home(self, home: str) -> None:
        """Nobody lives there any more: not asked, not supervised."""
        self._door.ask("POST", f"/api/v1/homes/{quote(home)}/end", {})

    def away(self, home: str, kind: str) -> None:
        """They are ``away``, in ``hospital``, or ``back``."""
        self._door.ask("POST", f"/api/v1/homes/{quote(home)}/away", {"kind": kind})

    def tasks(self) -> list[dict[str, Any]]:
        """What waits for a person."""
        return self._pages("/api/v1/tasks")

    def checkins(self) -> list[dict[str, Any]]:
        """The day's board."""
        return self._pages("/api/v1/checkins")

    def _pages(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            query = urlencode({"limit": "500"} | ({"cursor": cursor} if cursor else {}))
            page = self._door.ask("GET", f"{path}?{query}")
            rows += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return rows

    def open_alerts(self, home: str, drill: bool) -> list[dict[str, Any]]:
        """Open alerts of one home, newest first."""
        query = urlencode({"state": "open", "home": home, "drill": str(drill).lower()})
        return list(self._door.ask("GET", f"/api/v1/alerts?{query}")["items"])

    def open_everywhere(self) -> set[str]:
        """Ids of the open alerts of all homes, drills or not (the newest 500)."""
        rows = self._door.ask("GET", "/api/v1/alerts?state=open&limit=500")["items"]
        return {str(row["id"]) for row in rows}

    def knows(self, user: str) -> bool:
        """Whether there is a log-in of that very name."""
        return user in self._others

    def alert(self, alert: str) -> dict[str, Any]:
        """One alert in full."""
        return dict(self._door.ask("GET", f"/api/v1/alerts/{quote(alert)}"))

    def act(self, alert: str, verb: str, body: Mapping[str, Any], user: str = "") -> Any:
        """A command on an alert (``claim``, ``progress`` …), as ``user`` if known, else as us."""
        door = self._others.get(user, self._door)
        return door.ask("POST", f"/api/v1/alerts/{quote(alert)}/{verb}", body)

    def close(self) -> None:
        """Give the connections back."""
        for door in (self._door, *self._others.values()):
            door.close()


class World:
    """The people outside, as the simulated world lets a drill see and teach them."""

    def __init__(self, url: str) -> None:
        self._door = Door("模拟世界 world", url)

    def check(self) -> None:
        """Raise DoorClosed unless the world is there."""
        self._door.ask("GET", "/_sim/health")

    def newest(self) -> int:
        """The number of the newest contact so far."""
        return int(self._door.ask("GET", "/_sim/contacts?after=0")["next"])

    def contacts(self, after: int) -> list[dict[str, Any]]:
        """Contacts since ``after``, oldest first."""
        return list(self._door.ask("GET", f"/_sim/contacts?after={after}")["items"])

    def people(self) -> dict[str, Any]:
        """How everybody behaves now."""
        return dict(self._door.ask("GET", "/_sim/people"))

    def text(self, who: str, words: str) -> None:
        """This one sends a text message to us; ``who`` is a name or a telephone number."""
        self._door.ask("POST", "/_sim/sms", {"from": who, "to": _OURS, "body": words})

    def teach(self, who: str, behaviour: Mapping[str, Any]) -> None:
        """From now on this one behaves so."""
        self._door.ask("PUT", f"/_sim/people/{quote(who)}", behaviour)

    def close(self) -> None:
        """Give the connections back."""
        self._door.close()


def answer_page(url: str, action: Mapping[str, Any]) -> None:
    """Act through the page of an alert (``ack_url``), as the person it was sent to."""
    door = Door("警情页 alert page", url)
    try:
        door.send("POST", "", action)
    finally:
        door.close()


def _session(door: Door, user: str, password: str) -> str:
    return str(door.ask("POST", "/api/v1/session", {"username": user, "password": password})["token"])


def _reason(data: bytes) -> str:
    try:
        body = json.loads(data)
    except ValueError:
        return data[:_EXCERPT].decode("utf-8", "replace")
    if not isinstance(body, dict):
        return str(body)[:_EXCERPT]
    return str(body.get("detail") or body.get("title") or body.get("error") or body)[:_EXCERPT]
