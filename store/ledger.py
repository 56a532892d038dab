"""The ledger: one database, one ``transaction()``, the same code on SQLite and PostgreSQL.

SQLite: WAL, ``synchronous=FULL``, ``BEGIN IMMEDIATE`` for writers (the default mode loses
updates), one writer at a time queued in the process instead of in SQLite's sleeping busy
handler. PostgreSQL: READ COMMITTED with row locks.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import ConfigurationError, LedgerCollision, LedgerUnavailable, Unfit
from store.doorbell import Doorbell
from store.herald import NOTIFY, Herald
from store.lines import Line, Lines
from store.seal import Sealer
from store.turn import Turn

_POLL = 0.05
#: a database host that vanishes without a word is given up after seconds; the system's own patience is two hours
_PATIENCE = {
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}  # fmt: skip


class Tx:
    """An open transaction."""

    def __init__(self, line: Line, sealer: Sealer, postgres: bool) -> None:
        self._line = line
        self.sealer = sealer
        self.postgres = postgres
        #: what ``store.edition`` last saw in this transaction
        self.edition: str | None = None
        #: places of values that could not be read here and were passed over: somebody must be told
        self.unread: set[str] = set()
        self._cursor: Any = line.raw.cursor()
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []

    @property
    def line(self) -> Line:
        """The connection, for what must happen on the same one."""
        return self._line

    @property
    def cursor(self) -> Any:
        """The driver's own, for ``store.bulk``; its rows are fetched before the next statement."""
        if self._waiting:
            self._line.send(self._taken())
        return self._cursor

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection, inside this transaction; the hot path does without."""
        if self._waiting:
            self._line.send(self._taken())
        if not self._line.sa.in_transaction():
            self._line.sa.begin()
        return self._line.sa

    def later(self, text: str, parameters: tuple[Any, ...]) -> None:
        """Run a statement whose result nobody asks for: it goes with the next one, or with the commit.

        A refusal is raised there, inside the same transaction.
        """
        self._waiting.append((text, parameters))

    def commit(self) -> None:
        """Keep everything, what waits included."""
        self._line.commit(self._taken())

    def _taken(self) -> list[tuple[str, tuple[Any, ...]]]:
        taken, self._waiting = self._waiting, []
        return taken

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run one statement; with a list of parameters, once for each. Gives SQLAlchemy's cursor result."""
        return self.connection.execute(statement, parameters)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what is done inside, when it raises."""
        with self.connection.begin_nested():
            yield
            _ = self.cursor


class Ledger:
    """Opens transactions. Every write of the system goes through ``transaction()``."""

    def __init__(self, url: str, sealer: Sealer, pool_size: int = 12) -> None:
        self.url = normal_url(url)
        self.sealer = sealer
        self.doorbell = Doorbell()
        self.sqlite = self.url.startswith("sqlite")
        self._turn = Turn() if self.sqlite else None
        self.engine = _engine(self.url, pool_size)
        #: what the driver raises when it is asked directly (``Tx.cursor``)
        self._driver: Any = self.engine.dialect.dbapi
        self._lines = Lines(self.engine)
        #: on PostgreSQL, once this process listens
        self._herald: Herald | None = None

    @contextmanager
    def transaction(self, patient: bool = False) -> Iterator[Tx]:
        """One stage: commits at the end, or leaves no trace; then rings the doorbell.

        ``patient``: nobody waits for this write (telemetry, pulses); on SQLite it lets urgent ones go first.

        Raises ``LedgerUnavailable`` when the database cannot take it now (try again) and
        ``LedgerCollision`` when a constraint refused it (read again, decide anew); ``Unfit``
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
            self._ring()

    @contextmanager
    def staged(self, fill: Callable[[Tx], None], clear: Callable[[Tx], None]) -> Iterator[Tx]:
        """A transaction for which ``fill`` has laid out rows beforehand, on the same connection (``store.staging``).

        While ``fill`` runs, and ``clear`` afterwards, nobody's write has to wait; they may write nothing but tables of
        the connection's own.
        """
        line: Line | None = None
        with self._open("read", keep=True) as tx:
            fill(tx)
            line = tx.line
        with self._turn.take(False) if self._turn else nullcontext(), self._open("write", line, keep=True) as tx:
            yield tx
        self._ring()
        with self._open("read", line) as tx:
            clear(tx)

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A consistent look; writes nothing."""
        with self._open("read") as tx:
            yield tx

    @contextmanager
    def _open(self, mode: str, line: Line | None = None, keep: bool = False) -> Iterator[Tx]:
        try:
            line = line or self._lines.take(mode != "read")
            line.writes = mode != "read"
            try:
                line.begin()
                tx = Tx(line, self.sealer, not self.sqlite)
                yield tx
                if mode == "write" and tx.postgres and self._herald is None:
                    tx.later(NOTIFY, ())
                tx.commit()
            except BaseException:
                self._undo(line)
                raise
            if not keep:
                self._lines.give(line)
        except (IntegrityError, self._driver.IntegrityError) as error:
            # Without their cause: PostgreSQL's details quote the row, and a log keeps what it is given.
            raise LedgerCollision(f"the ledger refused the write: {_brief(error)}") from None
        except (DataError, self._driver.DataError, UnicodeEncodeError, OverflowError) as error:
            # Half a character, a number too large: not the ledger's state but the value: trying again would never help.
            raise Unfit(f"the ledger cannot hold this: {_word(error)}: a value does not fit its column") from None
        except (DBAPIError, PoolTimeout, self._driver.Error) as error:
            raise LedgerUnavailable(f"the ledger is not available: {_brief(error)}") from None

    def _undo(self, line: Line) -> None:
        """A line on which not even that can be done is no longer one."""
        try:
            line.rollback()
        except Exception:
            line.drop()
        else:
            self._lines.give(line) if line.between else line.drop()

    def _ring(self) -> None:
        self.doorbell.ring()
        if self._herald is not None:
            self._herald.tell()

    def listen(self) -> None:
        """Ring also for the commits of other processes, and tell them of ours."""
        if self.sqlite:
            self.doorbell.listen(self._ear_sqlite)
        else:
            self._herald = Herald(self._plain)
            self.doorbell.listen(self._herald.hear)

    def _ear_sqlite(self, stop: threading.Event, ring: Callable[[], None]) -> None:
        with self.engine.connect() as raw:
            cursor = raw.connection.cursor()
            seen = None
            while not stop.wait(_POLL):
                version = cursor.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    seen = version
                    ring()

    def _plain(self) -> Any:
        """A line of its own, committing by itself."""
        url = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        return self._driver.connect(url, autocommit=True, **_PATIENCE)

    def close(self) -> None:
        """Let go of all connections."""
        self.doorbell.close()
        if self._herald is not None:
            self._herald.close()
        self._lines.close()
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


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite ledger; None for PostgreSQL."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _engine(url: str, pool_size: int) -> Engine:
    options: dict[str, Any] = {
        "pool_size": pool_size, "max_overflow": 8, "pool_timeout": 10, "hide_parameters": True,
    }  # fmt: skip
    if file := sqlite_path(url):
        _make_private(file)
        given = {"check_same_thread": False, "timeout": 5, "cached_statements": 512}
        options |= {"connect_args": given, "poolclass": sa.QueuePool}
    else:
        # A young table has no statistics, and a plan made then may walk it whole for ever after: every hot
        # look-up of ours has an index, so whole walks are only a last resort.
        options |= {"pool_pre_ping": True, "connect_args": {"options": "-c enable_seqscan=off", **_PATIENCE}}
    engine = sa.create_engine(url, **options)
    if file:
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(path: Path) -> None:
    """A new file is its owner's alone; SQLite gives ``-wal`` and ``-shm`` the same rights."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            [f"ANLING_DATABASE_URL: the folder {path.parent} cannot be made: {error.strerror}; name one that can"]
        ) from error
    with suppress(OSError):  # it is there, or SQLite will say what is wrong
        path.touch(mode=0o600, exist_ok=False)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Whoever comes by SQLAlchemy's way alone, or into a transaction that has begun."""
    if not connection.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _brief(error: Exception) -> str:
    """The driver's own words without statement or parameters: those may hold personal data."""
    orig = getattr(error, "orig", None) or error
    return f"{_word(error)}: {str(orig).splitlines()[0] if str(orig) else ''}"


def _word(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__
