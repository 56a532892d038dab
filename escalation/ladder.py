"""The ladder: tiers join one after another, and everybody is asked again, until somebody has it.

Pure. ``advance`` is the one place where it is decided whom to contact now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.alerts import Called, Track, TrackState, changed
from escalation.conditions import ALWAYS
from escalation.plan_parts import PlanTrack, Tier
from escalation.sheet import Joined, Sheet

#: the shortest wait after a decision that could contact nobody
_BREATH = timedelta(seconds=1)


def begin(sheet: Sheet, plan_tracks: Sequence[PlanTrack], gen: int = 0) -> None:
    """Open tracks and contact their first tiers in the same decision.

    Where none of them has a step at 0 s the soonest begins at once, the others keep their distance (invariant 19).
    """
    first = [tier.after for t in plan_tracks for tier in _valid(sheet, t.tiers) if sheet.holds(tier.when)]
    soonest = min(first, default=timedelta(0)).total_seconds()
    for plan_track in plan_tracks:
        advance(sheet, Track(plan_track.name, TrackState.CALLING, sheet.now, gen=gen, saved=soonest))


def advance(sheet: Sheet, track: Track, everybody: bool = False) -> None:
    """Let every tier whose turn has come join, contact who may be contacted, set the next look.

    After a downtime one call activates all tiers that have passed, one contact each, no replay.
    ``everybody``: contact all who have joined, as after a claim that ran out.
    """
    tiers = tiers_of(sheet, track)
    joined, saved = _join(sheet, track, tiers)
    people = _present(sheet, tiers[:joined])
    pushed = everybody or joined > track.joined
    again = track.round_at is not None and track.round_at <= sheet.now
    if joined and not _willing(track.called, people):
        # All have said "cannot": they are asked again when the next look finds it still so.
        again = again or not pushed
        people += _last_resort(sheet, track, people)
    wave = pushed or again
    chosen = _due(sheet, track.called, people, wave, again)
    if not chosen and not wave:
        # Nothing was due but a look, and nobody was asked at the last one: ask now.
        wave = True
        chosen = _due(sheet, track.called, people, wave, again)
    number = track.round + (again and joined == track.joined)
    called = _contact(sheet, track, f"{number}.{joined}", chosen)
    place = _ahead(sheet, tiers, joined)
    if place < len(tiers):
        round_at, following = None, _turn(track, saved, tiers[place])
    else:
        following = round_at = _round_at(sheet, track, wave and bool(chosen))
    look = _next_look(sheet, sheet.now, following, _known(called, people))
    sheet.put(changed(
        track, joined=joined, saved=saved, round=number, round_at=round_at, called=called,
        last_at=sheet.now, next_at=look,
    ))  # fmt: skip


def missed(sheet: Sheet, track: Track, person: str) -> None:
    """No answer by one way while another is tried: the person is asked again without waiting for the round (P12)."""
    called = {**track.called, person: track.called[person]._replace(missed=True)}
    tiers = tiers_of(sheet, track)
    following = _following(sheet, track, tiers) or track.round_at
    people = _present(sheet, tiers[: track.joined])
    people += _supervisors(sheet, people)
    look = _next_look(sheet, track.last_at or sheet.now, following, _known(called, people))
    sheet.put(replace(track, called=called, next_at=look))


def failed(sheet: Sheet, track: Track, person: str, declined: bool) -> None:
    """One person cannot be reached, or cannot come. The last one of a step pulls the next tier forward."""
    known = track.called.get(person)
    if known is None:
        return
    called = {**track.called, person: known._replace(failed=True, declined=declined or known.declined)}
    tiers = tiers_of(sheet, track)
    people = _present(sheet, tiers[: track.joined])
    following = _following(sheet, track, tiers)
    if following and _wave_failed(called.values()):
        early = max(0.0, (following - sheet.now).total_seconds())
        advance(sheet, replace(track, called=called, saved=track.saved + early))
    elif declined and not _willing(called, people):
        advance(sheet, replace(track, called=called), everybody=True)
    else:
        if not _willing(called, people):
            people += _supervisors(sheet, people)
        look = _next_look(sheet, track.last_at or sheet.now, following or track.round_at, _known(called, people))
        sheet.put(replace(track, called=called, next_at=look))


def tiers_of(sheet: Sheet, track: Track) -> tuple[Tier, ...]:
    """The plan's steps for a track; a track the plan does not know runs those of the first one."""
    return _valid(sheet, (sheet.plan.track(track.name) or sheet.plan.tracks[0]).tiers)


def _valid(sheet: Sheet, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    """Where the condition of no step holds all of them count: rather one call too many than silence."""
    if not sheet.plan.fickle or any(sheet.holds(tier.when) for tier in tiers):
        return tiers
    return tuple(replace(tier, when=ALWAYS) for tier in tiers)


def _ahead(sheet: Sheet, tiers: Sequence[Tier], joined: int) -> int:
    """The place of the next step whose condition holds; the end when none is left."""
    while joined < len(tiers) and not sheet.holds(tiers[joined].when):
        joined += 1
    return joined


def _following(sheet: Sheet, track: Track, tiers: Sequence[Tier]) -> datetime | None:
    """When the next step joins; None when every one has."""
    place = _ahead(sheet, tiers, track.joined)
    return _turn(track, track.saved, tiers[place]) if place < len(tiers) else None


def pulled_forward(sheet: Sheet, track: Track, role: str) -> float | None:
    """The seconds that must count as saved for the step of ``role`` to join now; None when it has joined."""
    tiers = tiers_of(sheet, track)
    ahead = next((t for t in tiers[track.joined :] if t.role == role and sheet.holds(t.when)), None)
    if ahead is None:
        return None
    return track.saved + max(0.0, (_turn(track, track.saved, ahead) - sheet.now).total_seconds())


def _turn(track: Track, saved: float, tier: Tier) -> datetime:
    return track.started_at + tier.after - timedelta(seconds=saved)


def _join(sheet: Sheet, track: Track, tiers: Sequence[Tier]) -> tuple[int, float]:
    """How many tiers have joined, and the seconds saved.

    A tier that is empty, or where all have said "cannot", adds no wait for the next (P3); nor have those
    who joined before it, once nobody of them is left who might come.
    """
    joined, saved = track.joined, track.saved
    while (place := _ahead(sheet, tiers, joined)) < len(tiers):
        turn = _turn(track, saved, tiers[place])
        if turn > sheet.now:
            asked = tiers[joined - 1 : joined] if joined > track.joined else tiers[:joined]
            if not asked or _hopeful(sheet, track, asked):
                break
            saved += (turn - sheet.now).total_seconds()
        report(sheet, track, tiers[place])
        joined = place + 1
    return joined, saved


def report(sheet: Sheet, track: Track, tier: Tier) -> None:
    """A tier that joins with too few people is a gap (P2)."""
    people = sheet.on_duty(tier.role)
    if len(people) < tier.min_contacts:
        sheet.gap(track.name, tier.role, "nobody on duty" if not people else "too few on duty")


def _hopeful(sheet: Sheet, track: Track, tiers: Sequence[Tier]) -> bool:
    held = [tier for tier in tiers if sheet.holds(tier.when)]
    return any(_free(track.called.get(p.id)) for tier in held for p in sheet.on_duty(tier.role))


def _present(sheet: Sheet, tiers: Sequence[Tier]) -> list[Joined]:
    """Everybody on duty now in these tiers, each once; a tier's people are there while its condition holds."""
    found: dict[str, Joined] = {}
    for tier in tiers:
        if not sheet.holds(tier.when):
            continue
        for person in sheet.on_duty(tier.role):
            if person.id not in found:
                found[person.id] = Joined(person, tier.role, tier.channels)
    return list(found.values())


def _willing(called: Mapping[str, Called], people: Iterable[Joined]) -> bool:
    """Whether anybody of ``people`` has not said "cannot" since last asked."""
    return any(_free(called.get(j.person.id)) for j in people)


def _free(known: Called | None) -> bool:
    return known is None or not known.declined


def _wave_failed(called: Iterable[Called]) -> bool:
    """Whether everybody who was asked last is known not to have been reached, or cannot come."""
    latest, all_failed = None, True
    for c in called:
        if latest is None or c.at > latest:
            latest, all_failed = c.at, c.failed
        elif c.at == latest:
            all_failed = all_failed and c.failed
    return all_failed


def _last_resort(sheet: Sheet, track: Track, people: Sequence[Joined]) -> list[Joined]:
    """Nobody in any tier who might come: the duty supervisor, and a gap that the console sounds for (P2).

    A branch that is not needed does without: the ladder beside it goes on.
    """
    branch = sheet.plan.branch(track.name)
    if branch is not None and not branch.needed:
        return []
    found = _supervisors(sheet, people)
    if people:
        reason = "everybody on duty has declined"
    else:
        reason = "every tier is empty" if found else "nobody at all is on duty"
    sheet.gap(track.name, "duty_supervisor", reason)
    return found


def _supervisors(sheet: Sheet, people: Sequence[Joined]) -> list[Joined]:
    known = {j.person.id for j in people}
    return [Joined(p, "duty_supervisor", ()) for p in sheet.on_duty("duty_supervisor") if p.id not in known]


def _due(
    sheet: Sheet, called: Mapping[str, Called], people: Iterable[Joined], wave: bool, again: bool
) -> list[Joined]:  # fmt: skip
    """Who is contacted now: a first contact always, a repeat at a distance (invariant 18).

    In a ``wave`` everybody; else who failed a while ago, or was not asked for too long. ``again``: a new round,
    in which those too are asked who said "cannot" in the last one.
    """
    rule = sheet.rule
    may, retry, silent = sheet.now - rule.min_gap, sheet.now - rule.retry_after, sheet.now - sheet.plan.max_gap
    due = []
    for joined in people:
        known = called.get(joined.person.id)
        if known is None or (
            known.at <= may
            and (again or not known.declined)
            and (wave or known.at <= (retry if known.unanswered else silent))
        ):
            due.append(joined)
    return due


def _contact(sheet: Sheet, track: Track, spot: str, chosen: Sequence[Joined]) -> dict[str, Called]:
    """Order the contacts; returns everybody who has been called on this track."""
    called = dict(track.called)
    for joined in chosen:
        known = called.get(joined.person.id)
        times = known.times + 1 if known else 1
        sheet.contact(track, spot, joined, times)
        called[joined.person.id] = Called(joined.role, sheet.now, times)
    if chosen:
        people, roles = [j.person.id for j in chosen], sorted({j.role for j in chosen})
        sheet.write("called", "engine", track=track.name, people=people, roles=roles)
    return called


def _known(called: Mapping[str, Called], people: Iterable[Joined]) -> list[Called]:
    return [c for j in people if (c := called.get(j.person.id))]


def _round_at(sheet: Sheet, track: Track, asked: bool) -> datetime:
    """When everybody is asked again. A retry of one person never puts it off for the others."""
    if asked or track.round_at is None or track.round_at <= sheet.now:
        return sheet.now + sheet.rule.repeat_every
    return track.round_at


def _next_look(sheet: Sheet, last: datetime, following: datetime | None, known: Sequence[Called]) -> datetime:
    """The next tier or round (``following``) or the next retry; never later than ``max_gap`` (invariant 5)."""
    rule, longest = sheet.rule, sheet.plan.max_gap
    retry = max(rule.retry_after, rule.min_gap)
    looks = [following, last + longest] if following else [last + longest]
    looks += [c.at + (retry if c.unanswered else longest) for c in known if not c.declined]
    if known and max([c.at for c in known]) < last:
        # The last look could ask nobody: they had been asked a moment before, or have all said "cannot".
        since = [c.at for c in known if not c.declined]
        looks.append(min(since) + rule.min_gap if since else last + max(rule.retry_after, _BREATH))
    return max(min(looks), sheet.now)
