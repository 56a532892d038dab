"""Opens the doors: the web server, in a thread that can be stopped."""

import socket
import threading

import uvicorn

from api.app import build
from api.parts import App
from api.patience import Patience, hurried_by
from domain.errors import ConfigurationError

#: seconds that open connections get when the server stops
GRACE_S = 2


class Server:
    """A running web server."""

    def __init__(self, app: App, host: str, port: int, patience: Patience | None = None) -> None:
        """Bind at once, so that a taken port is known before anything else starts; 0 takes a free one."""
        self._socket = _listen(host, port)
        config = uvicorn.Config(
            build(app, patience),
            http=hurried_by(patience or Patience()),
            access_log=False,
            log_config=None,
            server_header=False,
            # Whom to believe about a caller's address is a setting of ours (ANLING_TRUSTED_PROXIES).
            proxy_headers=False,
            ws="websockets-sansio",
            ws_max_size=65_536,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=75,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="api", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1])

    @property
    def alive(self) -> bool:
        """Whether it is serving."""
        return self._thread.is_alive()

    def start(self) -> "Server":
        """Serve from now on; requests that come before the loop runs wait in the backlog."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Finish what is being answered, then close; returns when it has."""
        self._server.should_exit = True
        self._thread.join(GRACE_S + 5)
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket that names TCP: without the name asyncio leaves Nagle on, 40 ms for each answer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(2048)
    except (OSError, UnicodeError) as error:
        bound.close()
        why = error.strerror if isinstance(error, OSError) else "no such name"
        wrong = f"ANLING_HTTP_HOST, ANLING_HTTP_PORT: cannot listen at {host}:{port}: {why}; choose another"
        raise ConfigurationError([wrong]) from error
    return bound


def serve(app: App, host: str, port: int, patience: Patience | None = None) -> Server:
    """Serve ``app``; returns at once."""
    return Server(app, host, port, patience).start()
