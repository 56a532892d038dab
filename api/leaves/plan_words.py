"""What differs between two plans, in the reader's words; the plan's own word stays beside it."""

import re

from api.language import Speech

#: where a word of a plan may have its name, the nearest first
_FAMILIES = ("planword", "severity", "role", "kind", "voice")
_STEP = re.compile(
    r"after (?P<after>\S+) by (?P<ways>any way|[a-z_0-9]+(?:, (?!when |at least )[a-z_0-9]+)*)(?P<more>.*)"
)


def place(say: Speech, what: str) -> str:
    """``severity.routine.retry_after`` part by part; what has no name stays as it is."""
    return " · ".join(_named(say, word) for word in re.split(r"[. ]", what) if word)


def said(say: Speech, value: str | None) -> str:
    """A severity, a list of them, or a step with its wait and its ways; else as the plan writes it."""
    if value is None:
        return "–"
    if step := _STEP.fullmatch(value):
        ways = say("site.comma").join(_named(say, way, "channel") for way in step["ways"].split(", "))
        return say("planword.step_said", after=step["after"], ways=ways) + step["more"]
    return say("site.comma").join(_named(say, word, "severity") for word in value.split(", "))


def _named(say: Speech, word: str, *families: str) -> str:
    found = (f"{family}.{word}" for family in families or _FAMILIES)
    return next((say(key) for key in found if say.knows(key) and not say.needs(key)), word)
