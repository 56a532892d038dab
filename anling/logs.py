"""Logs: one line of JSON for each thing that happened, on standard error; never personal data."""

import logging
import sys
from typing import TextIO

import structlog


class Voice:
    """A stream for as long as it takes our words: a full disk or a closed pipe must not stop the calls."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Say it if that is possible."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return 0
        return len(text)

    def flush(self) -> None:
        """Everything has been said already."""


def set_up(level: str) -> None:
    """Log from ``level`` (debug, info, warning, error) up."""
    number = getattr(logging, level.upper(), logging.INFO)
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, format="%(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(Voice(sys.stderr)),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
