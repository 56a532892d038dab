"""The raw limit for telemetry: paho-mqtt receives, SQLite FULL stores 200 rows or 5 ms at a time.

PUBACK comes after the commit. Reads ``ANLING_MQTT_URL``, ``ANLING_HTTP_PORT`` and ``ANLING_DATABASE_URL``
like the product; no decoding, no devices.
"""

import os
import sqlite3
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

ROWS, WINDOW = 200, 0.005


class Batches:
    """Stores what the network thread hands over."""

    def __init__(self, path: str, client: paho.Client) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE telemetry (topic TEXT, raw BLOB)")
        self._client = client
        self.arrived: deque[paho.MQTTMessage] = deque()
        self.wake = threading.Event()
        self.count = 0

    def run(self) -> None:
        """Store for ever."""
        while True:
            batch = self._batch()
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT INTO telemetry VALUES (?, ?)", [(each.topic, each.payload) for each in batch]
            )
            self._db.execute("COMMIT")
            for each in batch:
                self._client.ack(each.mid, each.qos)
            self.count += len(batch)

    def _batch(self) -> list[paho.MQTTMessage]:
        self.wake.wait()
        self.wake.clear()
        if len(self.arrived) < ROWS:
            time.sleep(WINDOW)
        batch = [self.arrived.popleft() for _ in range(min(ROWS, len(self.arrived)))]
        if self.arrived:
            self.wake.set()
        return batch

    def take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        """The network thread's callback: only hand over."""
        self.arrived.append(message)
        self.wake.set()


def serve(batches: Batches, port: int) -> None:
    """Any GET: ready, and the counter."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"anling_telemetry_stored_total %d\n" % batches.count
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: this process is measured."""

    HTTPServer(("127.0.0.1", port), Answer).serve_forever()


def main() -> None:
    """Subscribe and store until killed."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "bridge-tele", protocol=paho.MQTTv5, manual_ack=True)
    path = os.environ["ANLING_DATABASE_URL"].removeprefix("sqlite:///")
    batches = Batches(path, client)
    client.on_message = batches.take
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    # without it the broker keeps 20 in flight and no batch ever fills
    properties.ReceiveMaximum = 1000
    port = urlsplit(os.environ["ANLING_MQTT_URL"]).port or 1883
    client.connect("127.0.0.1", port, clean_start=True, properties=properties)
    client.subscribe("anling/v1/up/+/telemetry", 1)
    client.loop_start()
    threading.Thread(target=serve, args=(batches, int(os.environ["ANLING_HTTP_PORT"])), daemon=True).start()
    batches.run()


if __name__ == "__main__":
    main()
