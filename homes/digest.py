"""The digest: reads stored telemetry once more, in the background, for what the homes' signs mean.

Counts by the hour, the newest sign of each kind, vital signs against limits, positions against the
fence. What a press of the button means was judged when it came; nothing here is on that way.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from broker_bridge.datum import at_the_edge
from domain.clock import Clock
from domain.events import Kind
from escalation.standing import Standing
from homes.alarming import raise_alarm
from homes.rules import (
    Memory,
    Patience,
    Rules,
    Seen,
    believed,
    follow,
    is_place,
    local_time,
    personal,
    vital_signs,
    whereabouts,
)
from store import aways, faults, register, rule_states, signs
from store.facts import facts_of
from store.ledger import Ledger, Tx
from store.rule_states import RuleState
from store.signs import Sign

_LOG = structlog.get_logger("anling.signs")
#: messages read in one piece, and seconds of rest after a full one: presses share this interpreter
_BATCH, _REST = 500, 0.01
_DEMENTIA = "dementia"
VITALS, WANDERING = "vitals", "wandering"
#: rule -> the kind of alert that it raises
_KINDS = {VITALS: Kind.VITALS, WANDERING: Kind.GEOFENCE_EXIT}
_MEASURES = ("hr_bpm", "spo2_pct", "temp_c", "resp_rpm", "sys", "dia")
_PLACE = ("lat", "lon", "acc_m", "fix_ts")
#: what a home's signs are called by the hour
_SIGNS = frozenset({"motion", "door", "bed", "steps", "water"})


@dataclass(slots=True)
class Found:
    """What one batch comes to, before it is written."""

    counted: dict[tuple[str, str, datetime], tuple[int, datetime]] = field(default_factory=dict)
    last: dict[tuple[str, str], tuple[str, datetime, Mapping[str, Any] | None]] = field(default_factory=dict)
    #: (rule, home) -> what it remembers from now on; None: nothing
    memories: dict[tuple[str, str], Memory | None] = field(default_factory=dict)
    #: (rule, home, data)
    alarms: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of the homes of one batch."""

    residents: Mapping[str, Sequence[Mapping[str, Any]]]
    places: Mapping[str, Mapping[str, Any]]
    wanders: frozenset[str]
    away: Mapping[str, Mapping[str, Any]]
    installing: frozenset[str]
    not_worn: frozenset[str]


class Digest:
    """Reads on from the mark. One ``turn`` reads all that is new."""

    def __init__(
        self, ledger: Ledger, standing: Standing, clock: Clock, rules: Rules, zone: ZoneInfo
    ) -> None:
        self._ledger = ledger
        self._standing = standing
        self._clock = clock
        self._rules = rules
        self._zone = zone
        #: the newest message at the turn before: on PostgreSQL a smaller number may be committed later
        self._before: int | None = None

    def turn(self) -> int:
        """Read all that is new, believe suspicions that nothing contradicted. Returns how many messages."""
        with self._ledger.reading() as tx:
            top = signs.newest(tx)
            until = self._before if tx.postgres and self._before is not None else top
            if tx.postgres and self._before is None:
                until = signs.mark(tx)
        self._before = top
        read = 0
        while n := self._piece(until):
            read += n
            if n >= _BATCH:
                time.sleep(_REST)
        self._believe()
        return read

    def _piece(self, until: int) -> int:
        with self._ledger.reading() as tx:
            old = signs.mark(tx)
            read: list[Sign] = []
            if old > until and signs.newest(tx) < old:
                old_end, found = 0, Found()  # everything was pruned, and the numbers begin again
            elif old >= until:
                return 0
            else:
                read, old_end = signs.after(tx, old, until, _BATCH)
                found = self._judge(tx, read)
        with self._ledger.transaction(patient=not found.alarms) as tx:
            if not signs.move_mark(tx, old, old_end):
                return 0
            self._write(tx, found)
        return max(1, len(read)) if old_end else 0

    def _judge(self, tx: Tx, read: Sequence[Sign]) -> Found:
        found = Found()
        bodies = [(sign, _data(sign)) for sign in read]
        telling = [s for s, _ in bodies if s.kind in ("vitals", "location")]
        known = self._known(tx, telling)
        states = {
            (rule, home): Memory(s.state, s.since, s.data.get("count", 1), s.data.get("well", 0), s.next_at)
            for rule in _KINDS for home, s in rule_states.of(tx, rule, {t.home for t in telling}).items()
        }  # fmt: skip
        for sign, data in bodies:
            self._one(found, states, known, sign, data)
        return found

    def _known(self, tx: Tx, telling: Sequence[Sign]) -> Known:
        homes = {s.home for s in telling}
        if not homes:
            return Known({}, {}, frozenset(), {}, frozenset(), frozenset())
        located = {s.home for s in telling if s.kind == "location"}
        facts = facts_of(tx, located, frozenset({_DEMENTIA}))
        return Known(
            register.residents_of(tx, {s.home for s in telling if s.kind == "vitals"}),
            register.homes_of(tx, located),
            frozenset(home for home, codes in facts.items() if _DEMENTIA in codes),
            aways.away(tx, self._clock.now(), homes),
            self._standing.installing(tx, self._clock.now()),
            frozenset(f.device for fs in faults.of_homes(tx, homes).values() for f in fs if f.fault == "not_worn"),
        )

    def _one(
        self, found: Found, states: dict[tuple[str, str], Memory], known: Known, sign: Sign, data: Mapping[str, Any]
    ) -> None:
        kind = str(data.get("kind")) if sign.kind == "activity" and data.get("kind") in _SIGNS else sign.kind
        if kind == "activity":
            kind = "motion"
        if kind not in _SIGNS and kind not in ("vitals", "location"):
            return
        if data.get("state") == "off":
            return  # nobody does that: a motion sensor calms down, a tap is noticed as shut
        hour = sign.at.replace(minute=0, second=0, microsecond=0)
        n, _ = found.counted.get((sign.home, kind, hour), (0, sign.at))
        found.counted[sign.home, kind, hour] = (n + (data.get("state") != "closed"), sign.at)
        found.last[sign.home, kind] = (sign.device, sign.at, _value(kind, data))
        if sign.home in known.installing:
            return
        if kind == "vitals":
            self._vitals(found, states, known, sign, data)
        elif kind == "location":
            self._position(found, states, known, sign, data)

    def _vitals(
        self, found: Found, states: dict[tuple[str, str], Memory], known: Known, sign: Sign, data: Mapping[str, Any]
    ) -> None:
        if sign.device in known.not_worn or known.away.get(sign.home, {}).get("kind") == "hospital":
            return
        limits = personal(self._rules, _wearer(known.residents.get(sign.home, ()), sign.device))
        seen, outside = vital_signs(self._rules, limits, data)
        self._follow(found, states, VITALS, self._rules.vitals, sign, seen, {"measures": ",".join(outside)})

    def _position(
        self, found: Found, states: dict[tuple[str, str], Memory], known: Known, sign: Sign, data: Mapping[str, Any]
    ) -> None:
        place = at_the_edge((known.places.get(sign.home) or {}).get("location") or {})
        if sign.home not in known.wanders or sign.home in known.away or not (is_place(place) and is_place(data)):
            return
        seen, away = whereabouts(self._rules, place, data, local_time(sign.at, self._zone))
        self._follow(found, states, WANDERING, self._rules.wandering, sign, seen, {"metres": round(away)})

    def _follow(
        self, found: Found, states: dict[tuple[str, str], Memory], rule: str, patience: Patience, sign: Sign,
        seen: Seen, told: dict[str, object],
    ) -> None:  # fmt: skip
        key = (rule, sign.home)
        before = states.get(key)
        after, is_alarm = follow(patience, before, seen, sign.at)
        if after is None:
            states.pop(key, None)
        else:
            states[key] = after
        if after != before:
            found.memories[key] = after
        if is_alarm:
            found.alarms.append((rule, sign.home, {"rule": rule, "device": sign.device, **told}))

    def _write(self, tx: Tx, found: Found) -> None:
        signs.count(tx, found.counted)
        signs.set_last(tx, found.last)
        for (rule, home), memory in found.memories.items():
            if memory is None:
                rule_states.forget(tx, rule, [home])
            else:
                rule_states.keep(tx, [_kept(rule, home, memory)])
        for rule, home, told in found.alarms:
            self._alarm(tx, rule, home, told)

    def _alarm(self, tx: Tx, rule: str, home: str, told: dict[str, object]) -> None:
        raised = raise_alarm(tx, self._standing, home, _KINDS[rule], f"rule:{rule}", told, self._clock.now())
        _LOG.warning("rule_alarm", rule=rule, alert=raised)

    def _believe(self) -> None:
        """One red reading, then nothing: rather call twice than not at all."""
        now = self._clock.now()
        with self._ledger.reading() as tx:
            if not rule_states.due(tx, _KINDS, now, 1):
                return
        with self._ledger.transaction() as tx:
            for state in rule_states.due(tx, _KINDS, now):
                memory = believed(Memory(state.state, state.since, state.data.get("count", 1)), now)
                rule_states.keep(tx, [_kept(state.rule, state.home, memory)])
                if not aways.away(tx, now, [state.home]):
                    self._alarm(tx, state.rule, state.home, {"rule": state.rule, "unconfirmed": True})


def _kept(rule: str, home: str, memory: Memory) -> RuleState:
    data = {"count": memory.count, "well": memory.well}
    return RuleState(home, rule, memory.state, memory.since, memory.next_at, data)


def _data(sign: Sign) -> Mapping[str, Any]:
    """What was measured; positions in WGS-84."""
    data = (sign.body or {}).get("data")
    return at_the_edge(data) if isinstance(data, Mapping) else {}


def _value(kind: str, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    names = {"vitals": _MEASURES, "location": _PLACE}.get(kind)
    return None if names is None else {name: data[name] for name in names if data.get(name) is not None}


def _wearer(residents: Sequence[Mapping[str, Any]], device: str) -> Mapping[str, Any] | None:
    """Whose wristband it is: named on a card, else the only one there; of two people unnamed, nobody's limits."""
    named = [card for card in residents if device in (card.get("devices") or ())]
    if named:
        return named[0]
    return residents[0] if len(residents) == 1 else None

