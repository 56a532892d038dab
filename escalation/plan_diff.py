"""Two plans side by side, in the words of the plan: only what differs, one line each."""

from collections.abc import Iterator, Mapping

from escalation.durations import written
from escalation.plan_parts import BY_RANK, Plan, PlanTrack, Rule, Tier


def diff(old: Plan, new: Plan) -> list[tuple[str, str | None, str | None]]:
    """(what, as it was, as it is); None where one plan does not say it."""
    before, after = _said(old), _said(new)
    places = dict.fromkeys([*before, *after])
    return [(p, before.get(p), after.get(p)) for p in places if before.get(p) != after.get(p)]


def as_lines(changes: list[tuple[str, str | None, str | None]]) -> list[str]:
    """For people: ``~`` changed, ``-`` gone, ``+`` new."""
    lines = []
    for place, was, now in changes:
        if was is None:
            lines.append(f"+ {place}: {now}")
        elif now is None:
            lines.append(f"- {place}: {was}")
        else:
            lines.append(f"~ {place}: {was} -> {now}")
    return lines


def _said(plan: Plan) -> Mapping[str, str]:
    return dict(_lines(plan))


def _lines(plan: Plan) -> Iterator[tuple[str, str]]:
    for severity, rule in plan.rules.items():
        for name in Rule.__dataclass_fields__:
            yield f"severity.{severity}.{name}", written(getattr(rule, name))
    yield "max_gap", written(plan.max_gap)
    for kind, severity in sorted(plan.kinds.items()):
        yield f"kinds.{kind}", str(severity)
    for result, severity in plan.voice_check.items():
        yield f"voice_check.{result}", str(severity)
    for track in plan.tracks:
        yield from _track(f"track {track.name}", track)
    for branch in plan.branches:
        yield from _track(f"branch {branch.name}", branch)
        yield f"branch {branch.name} when", branch.when.words()
        yield f"branch {branch.name} rests", str(branch.rests).lower()
        yield f"branch {branch.name} needed", str(branch.needed).lower()
    for n, notice in enumerate(plan.notices, 1):
        said = f"{', '.join(sorted(notice.on))} by {', '.join(notice.channels) or 'any way'}; {notice.when.words()}"
        yield f"notice {n} to {notice.role}", said
    for rise in plan.raises:
        yield f"raise when {rise.when.words()}", str(rise.to)


def _track(place: str, track: PlanTrack) -> Iterator[tuple[str, str]]:
    yield f"{place} for", ", ".join(s for s in BY_RANK if s in track.severities)
    seen: dict[str, int] = {}
    for tier in track.tiers:
        seen[tier.role] = n = seen.get(tier.role, 0) + 1
        yield f"{place} step {tier.role}{f' ({n})' if n > 1 else ''}", _tier(tier)


def _tier(tier: Tier) -> str:
    said = f"after {written(tier.after)} by {', '.join(tier.channels) or 'any way'}"
    said += f", at least {tier.min_contacts}" if tier.min_contacts > 1 else ""
    when = tier.when.words()
    return said if when == "always" else f"{said}, when {when}"
