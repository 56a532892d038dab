"""The ledger: one database, one ``transaction()``, the same code on SQLite and PostgreSQL.

SQLite: WAL, ``synchronous=FULL``, ``BEGIN IMMEDIATE`` for writers (the default mode loses
updates), one writer at a time queued in the process instead of in SQLite's sleeping busy
handler. PostgreSQL: READ COMMITTED with row locks.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import ConfigurationError, LedgerCollision, LedgerUnavailable
from store.doorbell import Doorbell
from store.seal import Sealer
from store.turn import Turn

_CHANNEL = "anling"
_POLL = 0.05
#: a database host that vanishes without a word is given up after seconds; the system's own patience is two hours
_PATIENCE = {
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}  # fmt: skip


class Tx:
    """An open transaction."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self.connection = connection
        self.sealer = sealer
        self.postgres = connection.dialect.name == "postgresql"

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run one statement; with a list of parameters, once for each. Gives SQLAlchemy's cursor result."""
        return self.connection.execute(statement, parameters)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what is done inside, when it raises."""
        with self.connection.begin_nested():
            yield


class Ledger:
    """Opens transactions. Every write of the system goes through ``transaction()``."""

    def __init__(self, url: str, sealer: Sealer, pool_size: int = 12) -> None:
        self.url = normal_url(url)
        self.sealer = sealer
        self.doorbell = Doorbell()
        self.sqlite = self.url.startswith("sqlite")
        self._turn = Turn() if self.sqlite else None
        self.engine = _engine(self.url, pool_size)

    @contextmanager
    def transaction(self, patient: bool = False) -> Iterator[Tx]:
        """One stage: commits at the end, or leaves no trace; then rings the doorbell.

        ``patient``: nobody waits for this write (telemetry, pulses); on SQLite it lets urgent ones go first.

        Raises ``LedgerUnavailable`` when the database cannot take it now (try again) and
        ``LedgerCollision`` when a constraint refused it (read again, decide anew); ``ValueError``
        for a value that no try will make fit.
        """
        mode = "patient" if patient else "write"
        if self._turn is None:
            with self._open(mode) as tx:
                yield tx
        else:
            with self._turn.take(patient), self._open(mode) as tx:
                yield tx
        if not patient:
            self.doorbell.ring()

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A consistent look; writes nothing."""
        with self._open("read") as tx:
            yield tx

    @contextmanager
    def _open(self, mode: str) -> Iterator[Tx]:
        try:
            with self.engine.connect() as raw:
                connection = raw.execution_options(anling_mode=mode)
                with connection.begin():
                    yield Tx(connection, self.sealer)
                    if mode == "write" and not self.sqlite:
                        connection.exec_driver_sql(f"NOTIFY {_CHANNEL}")
        except IntegrityError as error:
            # Without their cause: PostgreSQL's details quote the row, and a log keeps what it is given.
            raise LedgerCollision(f"the ledger refused the write: {_brief(error)}") from None
        except DataError as error:
            # Not the ledger's state but the value: trying again would never help.
            raise ValueError(f"the ledger cannot hold this: {_brief(error)}") from None
        except (DBAPIError, PoolTimeout) as error:
            raise LedgerUnavailable(f"the ledger is not available: {_brief(error)}") from None

    def listen(self) -> None:
        """Ring also for the commits of other processes."""
        self.doorbell.listen(self._ear_sqlite if self.sqlite else self._ear_postgres)

    def _ear_sqlite(self, stop: threading.Event, ring: Callable[[], None]) -> None:
        with self.engine.connect() as raw:
            cursor = raw.connection.cursor()
            seen = None
            while not stop.wait(_POLL):
                version = cursor.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    seen = version
                    ring()

    def _ear_postgres(self, stop: threading.Event, ring: Callable[[], None]) -> None:
        import psycopg

        plain = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            ring()
            while not stop.is_set():
                for _ in connection.notifies(timeout=1.0, stop_after=1):
                    ring()

    def close(self) -> None:
        """Let go of all connections."""
        self.doorbell.close()
        self.engine.dispose()


def normal_url(url: str) -> str:
    """``postgresql://`` with the driver we use; anything but SQLite or PostgreSQL is refused."""
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + url.split("://", 1)[1]
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    scheme = url.split(":", 1)[0]
    raise ConfigurationError(
        [f"ANLING_DATABASE_URL: {scheme!r} is not supported; write sqlite:////abs/path or postgresql://…"]
    )


def _engine(url: str, pool_size: int) -> Engine:
    options: dict[str, Any] = {
        "pool_size": pool_size, "max_overflow": 8, "pool_timeout": 10, "hide_parameters": True,
    }  # fmt: skip
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        given = {"check_same_thread": False, "timeout": 5, "cached_statements": 512}
        options |= {"connect_args": given, "poolclass": sa.QueuePool}
    else:
        # A young table has no statistics, and a plan made then may walk it whole for ever after: every hot
        # look-up of ours has an index, so whole walks are only a last resort.
        options |= {"pool_pre_ping": True, "connect_args": {"options": "-c enable_seqscan=off", **_PATIENCE}}
    engine = sa.create_engine(url, **options)
    if url.startswith("sqlite"):
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("anling_mode") == "read"
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _brief(error: Exception) -> str:
    """The driver's own words without statement or parameters: those may hold personal data."""
    orig = getattr(error, "orig", None) or error
    if isinstance(error, DataError):
        return f"{type(orig).__name__}: a value does not fit its column"
    return f"{type(orig).__name__}: {str(orig).splitlines()[0] if str(orig) else ''}"
