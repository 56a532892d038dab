"""The raw limit: MQTT by hand, group commit, POST. No people, no plan, no judgement; the bound.

Press -> commit with an outbox flag -> PUBACK and receipt -> POST over kept-alive connections -> flag cleared
in the next commit. It reads the product's settings (``ANLING_MQTT_URL``, ``ANLING_HTTP_PORT``,
``ANLING_DATABASE_URL``) and ``BENCH_SINK_URL``, so that it can stand in for it when the bench is tried out.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from urllib.parse import urlsplit

import orjson
import psycopg
from frames import Link, Message, connect, dial, puback, publish, subscribe

POSTERS = 512
BATCH = 500
#: one writer: SQLite has no use for two
WRITER = ThreadPoolExecutor(1)

#: (key, device, raw payload)
Row = tuple[str, str, bytes]

TABLES = (
    "CREATE TABLE IF NOT EXISTS event (key TEXT PRIMARY KEY, device TEXT, raw {blob}, posted INT DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS telemetry (device TEXT, raw {blob})",
)


class Store(Protocol):
    """A durable table of events and one of telemetry; every call is one committed transaction."""

    def events(self, rows: list[Row], posted: list[str]) -> None: ...

    def telemetry(self, rows: list[Row]) -> None: ...

    def open_events(self) -> list[tuple[str, str, int]]: ...


class Sqlite:
    """SQLite, WAL, ``synchronous=FULL``."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        for table in TABLES:
            self._db.execute(table.format(blob="BLOB"))

    def events(self, rows: list[Row], posted: list[str]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT OR IGNORE INTO event (key, device, raw) VALUES (?, ?, ?)", rows)
        self._db.executemany("UPDATE event SET posted = 1 WHERE key = ?", [(key,) for key in posted])
        self._db.execute("COMMIT")

    def telemetry(self, rows: list[Row]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT INTO telemetry VALUES (?, ?)", [row[1:] for row in rows])
        self._db.execute("COMMIT")

    def open_events(self) -> list[tuple[str, str, int]]:
        return list(self._db.execute("SELECT key, device, posted FROM event"))


class Postgres:
    """PostgreSQL with its default, synchronous commit."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url)
        for table in TABLES:
            self._db.execute(table.format(blob="BYTEA").encode())
        self._db.commit()

    def events(self, rows: list[Row], posted: list[str]) -> None:
        with self._db.transaction(), self._db.cursor() as cursor:
            insert = "INSERT INTO event (key, device, raw) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
            cursor.executemany(insert, rows)
            cursor.execute("UPDATE event SET posted = 1 WHERE key = ANY(%s)", [posted])

    def telemetry(self, rows: list[Row]) -> None:
        with self._db.transaction(), self._db.cursor() as cursor:
            cursor.executemany("INSERT INTO telemetry VALUES (%s, %s)", [row[1:] for row in rows])

    def open_events(self) -> list[tuple[str, str, int]]:
        rows = self._db.execute("SELECT key, device, posted FROM event").fetchall()
        self._db.commit()
        return rows


class Lane:
    """One MQTT session. What arrived during the last commit is the next one; PUBACK comes after it."""

    def __init__(self, store: Callable[[list[Row]], None], stored: Callable[[list[Row]], None]) -> None:
        self._store, self._stored = store, stored
        self._arrived: list[Message] = []
        self._wake = asyncio.Event()
        self.link: Link
        self.count = 0

    async def dial(self, port: int, client: str, topic: str) -> None:
        """Connect, keeping the session of the process before us."""
        hello = connect(client, clean=False, receive_maximum=1000)
        self.link = await dial(port, hello, self._on_message, lambda mid: None)
        self.link.transport.write(subscribe(1, topic, 1))

    def _on_message(self, message: Message) -> None:
        self._arrived.append(message)
        self._wake.set()

    async def run(self) -> None:
        """Commit for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            batch, self._arrived = self._arrived[:BATCH], self._arrived[BATCH:]
            if not self._arrived:
                self._wake.clear()
            rows = [_row(message) for message in batch]
            await loop.run_in_executor(WRITER, self._store, rows)
            self.link.transport.write(b"".join(puback(message.mid) for message in batch if message.mid))
            self.count += len(rows)
            self._stored(rows)

    def nudge(self) -> None:
        """Commit soon, even when nothing arrives."""
        self._wake.set()


def _row(message: Message) -> Row:
    name = message.topic.split(b"/")[3].decode()
    return f"{name}/{orjson.loads(message.payload)['id']}", name, message.payload


class Posters:
    """Kept-alive connections to the sink, as many as are needed at once, up to POSTERS."""

    def __init__(self, url: str, done: Callable[[str], None]) -> None:
        self._where = urlsplit(url)
        self._done = done
        self._queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._workers: set[asyncio.Task[None]] = set()
        self._idle = 0

    def post(self, key: str, name: str) -> None:
        """Send one contact, again and again until it is accepted."""
        self._queue.put_nowait((key, name))
        if self._queue.qsize() > self._idle and len(self._workers) < POSTERS:
            self._workers.add(asyncio.create_task(self._work()))

    async def _work(self) -> None:
        while True:
            self._idle += 1
            key, name = await self._queue.get()
            self._idle -= 1
            try:
                reader, writer = await asyncio.open_connection(self._where.hostname, self._where.port)
                while True:
                    await self._send(reader, writer, key, name)
                    self._idle += 1
                    key, name = await self._queue.get()
                    self._idle -= 1
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(1)
                self._queue.put_nowait((key, name))

    async def _send(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str, name: str
    ) -> None:
        body = orjson.dumps(
            {
                "type": "contact",
                "key": key,
                "alert": {
                    "id": key,
                    "home": {"id": name.replace("dev", "home")},
                    "kind": "sos",
                    "severity": "urgent",
                },
                "role": "family_doctor",
                "attempt": 1,
                "drill": False,
            }
        )
        writer.write(b"POST /ref HTTP/1.1\r\nHost: sink\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        self._done(key)


class Reference:
    """Both lanes, the posters and the two HTTP answers the bench asks for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._posted: list[str] = []
        self._known: set[str] = set()
        self._posters = Posters(os.environ["BENCH_SINK_URL"], self._settle)
        self.alarm = Lane(self._commit, self._receipt)
        self.telemetry = Lane(store.telemetry, lambda rows: None)

    def _commit(self, rows: list[Row]) -> None:
        posted, self._posted = self._posted, []
        self._store.events(rows, posted)

    def _settle(self, key: str) -> None:
        self._posted.append(key)
        self.alarm.nudge()

    def _receipt(self, rows: list[Row]) -> None:
        for key, name, _ in rows:
            receipt = {
                "v": 1,
                "id": key.split("/")[1],
                "dev": name,
                "result": "stored",
                "alert": key,
                "reason": None,
            }
            self.alarm.link.transport.write(
                publish(f"anling/v1/down/{name}/ack".encode(), orjson.dumps(receipt), 1)
            )
            if key not in self._known:
                self._known.add(key)
                self._posters.post(key, name)

    async def run(self) -> None:
        """Send what a killed process left open, then work until killed."""
        for key, name, posted in self._store.open_events():
            self._known.add(key)
            if not posted:
                self._posters.post(key, name)
        port = urlsplit(os.environ["ANLING_MQTT_URL"]).port or 1883
        await self.alarm.dial(port, "bridge-alarm", "anling/v1/up/+/event")
        await self.telemetry.dial(port, "bridge-tele", "anling/v1/up/+/telemetry")
        await asyncio.start_server(self._answer, "127.0.0.1", int(os.environ["ANLING_HTTP_PORT"]))
        await asyncio.gather(self.alarm.run(), self.telemetry.run())

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Any GET: ready, and the counters."""
        await reader.readuntil(b"\r\n\r\n")
        body = b"anling_telemetry_stored_total %d\n" % self.telemetry.count
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
        )
        await writer.drain()
        writer.close()


def _open(url: str) -> Store:
    return Sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else Postgres(url)


if __name__ == "__main__":
    # the loop must exist before the lanes make their events
    store = _open(os.environ["ANLING_DATABASE_URL"])

    async def _main() -> None:
        await Reference(store).run()

    asyncio.run(_main())
