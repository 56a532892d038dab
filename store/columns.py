"""Column types: instants that are always UTC and aware, JSON that is fast, words from a closed list."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import CheckConstraint, Dialect, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from domain.clock import iso


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant. PostgreSQL keeps ``timestamptz``, SQLite fixed-width ISO text that sorts by time."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """``timestamptz`` on PostgreSQL, text elsewhere."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import TIMESTAMP

            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(32))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Refuse a naive instant: it would be read in the wrong zone."""
        text = dialect.name != "postgresql"

        def bind(value: datetime | None) -> Any:
            if value is None:
                return None
            if value.tzinfo is None:
                raise ValueError("a naive datetime cannot go into the ledger; give it a zone")
            if not text:
                return value
            return iso(value if value.tzinfo is UTC else value.astimezone(UTC))

        return bind

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Always aware, always UTC."""
        text = dialect.name != "postgresql"

        def read(value: Any) -> datetime | None:
            if value is None:
                return None
            return datetime.fromisoformat(value) if text else value.astimezone(UTC)

        return read


class PlainJSON(TypeDecorator[Any]):
    """JSON values by orjson: text on SQLite, ``jsonb`` on PostgreSQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """``jsonb`` on PostgreSQL, text elsewhere."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB())
        return dialect.type_descriptor(Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Values to JSON text."""

        def bind(value: Any) -> str | None:
            return None if value is None else dumps(value)

        return bind

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """JSON text to values; the PostgreSQL driver has parsed it already."""

        def read(value: Any) -> Any:
            return orjson.loads(value) if isinstance(value, str | bytes) else value

        return read


def dumps(value: Any) -> str:
    """JSON text with sorted keys: the same value always gives the same text, which the hash chain needs."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def one_of(column: str, words: Any, name: str) -> CheckConstraint:
    """A CHECK that keeps ``column`` to a closed list."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name)
