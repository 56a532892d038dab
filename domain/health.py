"""How a link of the path from button to phone is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """One link: whether it does its work, what ails it, and since when."""

    ok: bool
    detail: str = ""
    #: seconds since it last did something; None when that says nothing
    age_s: float | None = None
