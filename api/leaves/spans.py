"""From when to when, as a duty list says it: the day once where it is the same, midnight as the end of a day."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from api.language import Speech

_HERE = ZoneInfo("Asia/Shanghai")


def span(say: Speech, since: str | datetime, until: str | datetime) -> str:
    """``11-22 周日 12:00 – 24:00``; both in Shanghai's wall time."""
    first, last = _local(since), _local(until)
    day, hour = _end(last)
    same = day.date() == first.date()
    return f"{_day(say, first)} {first:%H:%M} – {'' if same else f'{_day(say, day)} '}{hour}"


def days(since: str | datetime, until: str | datetime) -> tuple[str, str]:
    """The first and the last day of a span that ends at a midnight, both included."""
    return f"{_local(since):%Y-%m-%d}", f"{_end(_local(until))[0]:%Y-%m-%d}"


def _local(at: str | datetime) -> datetime:
    """A moment without a zone is wall time already."""
    read = datetime.fromisoformat(at) if isinstance(at, str) else at
    return read.astimezone(_HERE) if read.tzinfo else read.replace(tzinfo=_HERE)


def _end(at: datetime) -> tuple[datetime, str]:
    """The day that ends then, and its hour."""
    return (at - timedelta(days=1), "24:00") if (at.hour, at.minute) == (0, 0) else (at, f"{at:%H:%M}")


def _day(say: Speech, at: datetime) -> str:
    return f"{at:%m-%d} {say(f'day.{at.isoweekday()}')}"
