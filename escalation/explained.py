"""A rehearsal for people and for machines: a table in either language, and JSON."""

from functools import cache
from pathlib import Path
from typing import Any

from channels.wording import name_of
from domain.clock import iso
from domain.words import LANGUAGES, Catalogue
from escalation.duty import SHANGHAI
from escalation.rehearsal import Line, Rehearsal

_WORDS = Path(__file__).parent / "words"


@cache
def words() -> Catalogue:
    """The catalogue, read once."""
    return Catalogue.load(_WORDS / "zh.toml", _WORDS / "en.toml")


def as_json(run: Rehearsal) -> dict[str, Any]:
    """Everything that happens, in order; reasons as codes and in both languages."""
    return {
        "plan": run.plan, "home": run.subject.home, "street": run.subject.street, "kind": str(run.kind),
        "severity": str(run.severity), "at": iso(run.at), "facts": sorted(run.subject.facts),
        "events": [_event(line) for line in run.lines],
    }  # fmt: skip


def _event(line: Line) -> dict[str, Any]:
    return {
        "after_s": line.after, "at": iso(line.at), "what": line.what, "track": line.track, "role": line.role,
        "responder": {"id": line.responder, "name": line.name} if line.responder else None,
        "channel": line.channels[0] if line.channels else None, "then": list(line.channels[1:]),
        "repeats": line.repeats, "key": line.key, "why": line.why, "detail": dict(line.detail),
        "words": {language: reason(line, language) for language in LANGUAGES},
    }  # fmt: skip


def reason(line: Line, language: str) -> str:
    """Why, as one sentence."""
    key = f"why.{line.what if line.what in ('gap', 'branch_began', 'branch_rests') else line.why}"
    values = {name: f"{v:g}" if isinstance(v, float) else v for name, v in line.detail.items()}
    said = words().say(key, language, **values | {"reason": _lack(line.why, language)})
    return f"{said} [{line.detail['when']}]" if "when" in line.detail else said


def _lack(why: str, language: str) -> str:
    """Why nobody is there, in words; anything else as it is."""
    key = f"lack.{why}"
    return words().say(key, language) if key in words() else why


def as_table(run: Rehearsal, language: str = "zh") -> list[str]:
    """One line for each event, columns in line; the wall time is the district's."""
    local = run.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    title = words().say(
        "shown.title", language, plan=run.plan, kind=name_of("kind", run.kind, language),
        severity=name_of("severity", run.severity, language), home=run.subject.home or run.subject.device, at=local,
    )  # fmt: skip
    head = [words().say(f"shown.{name}", language) for name in ("after", "who", "way", "reason")]
    rows = [head, *(_row(line, language) for line in run.lines)]
    widths = [max(_width(row[n]) for row in rows) for n in range(3)]
    return [title, *("  ".join([*map(_padded, row, widths), row[3]]).rstrip() for row in rows)]


def _row(line: Line, language: str) -> list[str]:
    return [f"{line.after:g}", _who(line, language), _way(line), reason(line, language)]


def _who(line: Line, language: str) -> str:
    role = name_of("role", line.role, language) if line.role else line.track
    if line.responder is None:
        return f"{role}：—" if language == "zh" else f"{role}: -"
    return f"{role} {line.name or ''} ({line.responder})"


def _way(line: Line) -> str:
    return "→".join(line.channels)


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
