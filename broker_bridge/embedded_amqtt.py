"""amqtt as a process of its own, where no Mosquitto is installed: ``python -m … PORT FOLDER``.

MQTT 3.1.1. It keeps sessions in memory only, and only for clients that give a name.
Never in production.
"""

import asyncio
import signal
import sys

from amqtt.broker import Broker


def _config(port: int) -> dict[str, object]:
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": 1000}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


async def serve(port: int) -> None:
    """Run until SIGTERM."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, ended.set)
    broker = Broker(_config(port))
    await broker.start()
    await ended.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
