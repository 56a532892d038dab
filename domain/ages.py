"""How old somebody is, from the birthday on a card."""

from datetime import date


def years(birth: object, today: date) -> int | None:
    """Years lived on that day; None for what is no day."""
    try:
        born = birth if isinstance(birth, date) else date.fromisoformat(str(birth)[:10])
    except ValueError:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
