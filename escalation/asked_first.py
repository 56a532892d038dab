"""A fall that is asked about first, where a home has chosen so: some seconds for a word that all is well.

Only ever a delay, of a minute at most, whose end stands in the ledger before the device has its receipt.
At any doubt there is none: then the plan calls at once, as everywhere else.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from domain.events import Event, Heard, Kind
from store import alerts, checkins, errands, rule_states
from store.choices import choices_of
from store.inbox import Verdict
from store.ledger import Tx
from store.register import Speaker
from store.rule_states import RuleState

RULE = "fall_asked"
#: what was asked about and turned out well, the newest last
WELL = "fall_well"
_KEPT = 20
#: what a home may say to it
ANSWERS = frozenset({Kind.CHECKIN_OK, Kind.CANCEL})
#: whoever pressed, and not the device itself
_PEOPLE = "resident"
#: a word may seem so much older than the question, because two clocks are read
_SKEW = timedelta(seconds=5)
#: a clock that is so far off is wrong (as for ``clock_skew``)
_OFF = timedelta(seconds=60)
_KNOWN_TIME = frozenset({"ntp", "cell", "rtc"})


def asks_first(tx: Tx, row: str, heard: Heard, speaker: Speaker, now: datetime, drill: bool) -> bool:
    """Whether the home is asked before anybody is called: then its deadline is written and its devices will ask.

    Never for what is late, replayed or faulty, nor for a second fall while the first is asked about.
    """
    event, home = heard.event, speaker.home
    if event is None or home is None or not _is_plain(heard, event):
        return False
    choice = choices_of(tx, home)
    if choice is None or not choice.fits(speaker.role):
        return False
    # whose clock is wrong cannot answer: what it says may be from this morning
    may_ask = "device" in choice.ways and _knows_time(heard, event)
    devices = checkins.roles_of_devices(tx, [home]).get(home, []) if may_ask else []
    if not devices and "voice" not in choice.ways:
        return False
    until = now + choice.wait
    told = {"row": row, "event": event.id, "device": speaker.device, "drill": drill, "ways": list(choice.ways),
            "wait_s": choice.wait.total_seconds()}  # fmt: skip
    if not rule_states.begin_one(tx, RuleState(home, RULE, "asking", now, until, told)):
        return False
    for device, to in devices:
        child = {"dev": device} if device != to else {}
        errands.send(tx, [to], "ask_checkin", {"about": "fall", "by": until.isoformat(), **child}, now)
    return True


def waiting(tx: Tx, heard: Iterable[tuple[Heard, Speaker | None]]) -> dict[str, RuleState]:
    """Home -> what is being asked there, for a batch in which somebody may have answered."""
    homes = {s.home for h, s in heard if s is not None and s.home and h.event and h.event.kind in ANSWERS}
    return rule_states.of(tx, RULE, homes) if homes else {}


def answered(tx: Tx, asked: RuleState, heard: Heard, now: datetime) -> Verdict | None:
    """What becomes of the fall when these are somebody's words, here and now, that all is well; else None."""
    event = heard.event
    if event is None or not _is_answer(asked, heard, event):
        return None
    way = "cancel" if event.kind is Kind.CANCEL else "button"
    return settle(tx, asked, way, now)


def settle(tx: Tx, asked: RuleState, way: str, now: datetime) -> Verdict | None:
    """No alert: somebody has said that all is well. None where another has ended the question meanwhile."""
    if not rule_states.end(tx, asked):
        return None
    said = (now - asked.since).total_seconds()
    known = rule_states.of(tx, WELL, [asked.home]).get(asked.home)
    told = {"at": asked.since.isoformat(), "device": asked.data["device"], "after_s": round(said), "way": way}
    falls = [*(known.data["falls"] if known else ()), told][-_KEPT:]
    rule_states.keep(tx, [RuleState(asked.home, WELL, "well", now, None, {"falls": falls})])
    reason = f"asked first for {asked.data['wait_s']:.0f} s: well after {said:.0f} s ({way})"
    return Verdict(str(asked.data["row"]), "noted", reason=reason)


def busy(tx: Tx, homes: Iterable[str]) -> frozenset[str]:
    """Of these homes those with an open alert: there nobody waits any more."""
    newest = alerts.newest_of(tx, [f"home:{home}" for home in homes])
    return frozenset(key.removeprefix("home:") for key, (_, is_open) in newest.items() if is_open)


def _is_plain(heard: Heard, event: Event) -> bool:
    return not (event.faults or event.late or event.stale or heard.message.retain or "state" in event.data)


def _is_answer(asked: RuleState, heard: Heard, event: Event) -> bool:
    """A word that lay in a device's memory since the morning, or that a machine said, is no answer."""
    if not is_fresh(heard):
        return False
    if event.drill and not asked.data["drill"]:
        return False
    if event.kind is Kind.CANCEL and not _by_hand(asked, event.data):
        return False
    return event.ts is not None and asked.since - _SKEW <= event.ts


def is_fresh(heard: Heard) -> bool:
    """Said just now, for all we can know: nothing of it may have lain in a memory since the morning."""
    event = heard.event
    if event is None or event.faults or event.late or event.stale or heard.message.retain:
        return False
    return _knows_time(heard, event)


def _knows_time(heard: Heard, event: Event) -> bool:
    if event.ts is None or event.clock not in _KNOWN_TIME:
        return False
    return abs(heard.message.received_at - event.ts) <= _OFF


def _by_hand(asked: RuleState, data: Mapping[str, object]) -> bool:
    by, ref = data.get("by"), data.get("ref")
    return isinstance(by, str) and by.startswith(_PEOPLE) and ref in (None, "", asked.data["event"])
