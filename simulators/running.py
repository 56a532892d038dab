"""Starts a web application on a free port of this machine, inside this process, for tests and the demo."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

#: Seconds within which a server must be up.
_PATIENCE = 10.0


@contextmanager
def running(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve ``app`` on 127.0.0.1 and yield its address; port 0 takes a free one. Stops at the end."""
    # Named as TCP, else asyncio leaves Nagle's algorithm on and every answer waits 40 ms.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", port))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([door],), name="outside", daemon=True)
    thread.start()
    try:
        _await(server, thread)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_PATIENCE)
        door.close()


def _await(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start; see the lines above")
        time.sleep(0.005)
