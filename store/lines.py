"""Lines: connections to the database that stay open, so that a transaction costs what the database needs for it.

SQLite's writer keeps a line of its own, whose pages and statements stay warm.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy.engine import Connection, Engine

#: SQL as the driver writes it, and its parameters
Statements = Sequence[tuple[str, tuple[Any, ...]]]
#: lines of one sort that stay open while nobody needs them
_MOST = 8
#: seconds; a line that rested longer is asked first whether the server still hears it
_RESTED = 1.0
#: bytes that certainly fit into a socket's buffer
_HEAVY = 64 * 1024


def _weight(statements: Statements) -> int:
    """Bytes, roughly, of what these statements carry."""
    return sum(len(v) for _, given in statements for v in given if isinstance(v, str | bytes))


class Line:
    """One connection; SQLAlchemy's and, beneath it, the driver's own."""

    def __init__(self, connection: Connection, writes: bool) -> None:
        self.sa = connection
        self.raw: Any = connection.connection.dbapi_connection
        self.writes = writes
        self.used = time.monotonic()

    def begin(self) -> None:
        """SQLite: take the writer's lock at once, or only look. PostgreSQL begins by itself."""
        if self.sa.dialect.name == "sqlite":
            self.raw.execute("BEGIN IMMEDIATE" if self.writes else "BEGIN")

    def send(self, statements: Statements) -> None:
        """Run them in order, in one journey to the server and back; raises what the first refused one raises."""
        with self._journey(statements):
            for text, parameters in statements:
                self.raw.execute(text, parameters)

    def commit(self, statements: Statements = ()) -> None:
        """Keep what was done, and these statements."""
        if self.sa.in_transaction():
            self.send(statements)
            self.sa.commit()
            return
        with self._journey(statements):
            for text, parameters in statements:
                self.raw.execute(text, parameters)
            self.raw.commit()

    def _journey(self, statements: Statements) -> AbstractContextManager[Any]:
        """All in one; but what is more than the socket takes at once goes step by step.

        psycopg's commit inside a pipeline waits for an answer without sending the rest first: for ever.
        """
        if self.sa.dialect.name == "sqlite" or _weight(statements) > _HEAVY:
            return nullcontext()
        pipeline: AbstractContextManager[Any] = self.raw.pipeline()
        return pipeline

    def rollback(self) -> None:
        """Leave no trace, also of a commit that failed half-way: SQLAlchemy then holds a transaction that is none."""
        if self.sa.get_transaction() is not None:
            self.sa.rollback()
        self.raw.rollback()

    @property
    def between(self) -> bool:
        """Neither SQLAlchemy nor the driver is inside a transaction: the line may serve another one."""
        return self.sa.get_transaction() is None and not getattr(self.raw, "in_transaction", False)

    def drop(self) -> None:
        """Hang up for good."""
        self.sa.invalidate()
        self.sa.close()


class Lines:
    """Hands out lines, each to one transaction at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sorted = engine.dialect.name == "sqlite"
        self._idle: dict[bool, list[Line]] = {False: [], True: []}
        self._lock = threading.Lock()
        self._closed = False

    def take(self, writes: bool) -> Line:
        """A line that works, the one used last before others. Raises what the driver does when there is none."""
        idle = self._idle[writes and self._sorted]
        while True:
            with self._lock:
                line = idle.pop() if idle else None
            if line is None:
                return Line(self._engine.connect(), writes)
            line.writes = writes
            if self._works(line):
                return line
            line.drop()

    def give(self, line: Line) -> None:
        """Take it back, between transactions."""
        idle = self._idle[line.writes and self._sorted]
        line.used = time.monotonic()
        with self._lock:
            closed = self._closed
            if not closed and len(idle) < _MOST:
                idle.append(line)
                return
        if closed:
            line.drop()
        else:
            line.sa.close()

    def close(self) -> None:
        """Hang up all that rest; those in use follow when they come back."""
        with self._lock:
            self._closed = True
            resting = [line for idle in self._idle.values() for line in idle]
            self._idle = {False: [], True: []}
        for line in resting:
            line.sa.close()

    def _works(self, line: Line) -> bool:
        if self._sorted or time.monotonic() - line.used < _RESTED:
            return True
        try:
            return bool(self._engine.dialect.do_ping(line.raw))
        except self._engine.dialect.loaded_dbapi.Error:
            return False
