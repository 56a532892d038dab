"""All rooms on a real ledger under everything at once, and each promise of the design checked after each step.

Intake, two engines, two senders, people, providers that report in any order, senders that die with calls in hand,
clocks that step, the pruning of what is old. The stages are taken one at a time, so that every failure is found again.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.alerts import Actor, Alert, TrackState
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Result
from domain.errors import AnlingError
from domain.people import Scope
from escalation.timeline import replay
from store import alerts, telemetry
from store.drills import Drills
from store.ledger import Ledger
from store.seal import Sealer
from tests.escalation_shell.stages import Pair
from tests.town import DESK, DISPATCHER, DOCTOR, DRILLER, OFFICE, OTHER_DOCTOR, SECRET, SUPERVISOR, Town

PROVE = bool(os.environ.get("ANLING_PROVE"))
DEVICES = ("dev-0001", "band-0001", "dev-0002", "dev-0003", "stranger-1")
PEOPLE = (DOCTOR, OTHER_DOCTOR, OFFICE, DESK, DISPATCHER, SUPERVISOR, DRILLER)
WORDS = ("queued", "ringing", "answered", "completed", "busy", "no-answer", "failed", "canceled")
KINDS = st.sampled_from(("sos", "sos", "fall", "smoke", "cancel", "battery_low"))
LUCK: tuple[Result | None, ...] = (
    None, None, FailedForGood("gone"), FailedForNow("busy"), FailedForNow("?", unknown=True),
)  # fmt: skip
MIN_GAP = timedelta(seconds=15)
MAX_GAP = timedelta(minutes=5)
CLAIM_TTL = timedelta(minutes=15)
N = st.integers(0, 99)


class House(RuleBasedStateMachine):
    """A town, its ledger, and what a suspicious clerk has written down about both."""

    #: makes the address of a settled ledger, and throws it away
    make: Callable[[], str]
    drop: Callable[[str], None]

    @initialize(luck=st.lists(st.sampled_from(LUCK), min_size=1, max_size=6))
    def settled(self, luck: list[Result | None]) -> None:
        self.url = type(self).make()
        self.ledgers = [Ledger(self.url, Sealer(SECRET), pool_size=3) for _ in range(2)]
        self.town = Town(self.ledgers[0])
        self.towns = [self.town, self.town.sibling(self.ledgers[1])]
        self.towns[1].phones = self.town.phones
        self.luck, self.calls = luck, 0
        for phone in self.town.phones.values():
            phone.answer = self._answer
        self.pair = Pair(self.towns)
        self.seen: dict[str, Alert] = {}
        #: alerts whose plan was made unknown behind their story
        self.lost: set[str] = set()
        self.rows: dict[str, dict[str, Any]] = {}
        self.deaths, self.accepts = Counter[str](), Counter[str]()
        self.said: list[Any] = []

    def _answer(self, letter: Letter) -> Result:
        self.calls += 1
        if letter.drill and letter.channel == "dispatch_120":
            assert "drill" in letter.address, "invariant 15: a drill reached the real 120"
        result = self.luck[self.calls % len(self.luck)] or Accepted(f"r-{letter.key}-{letter.attempt}")
        if isinstance(result, Accepted):
            self.accepts[letter.key] += 1
            assert self.accepts[letter.key] <= 1 + self.deaths[letter.key], "invariant 12"
        return result

    # homes

    @rule(device=st.sampled_from(DEVICES), kind=KINDS)
    def a_home_speaks(self, device: str, kind: str) -> None:
        heard = self.town.event(device, kind)
        self.said.append(heard)
        (receipt,) = self.towns[len(self.said) % 2].say(heard)
        assert receipt is not None
        if kind in ("sos", "fall", "smoke"):
            assert receipt.alert is not None
            self._heard_at_once(receipt.alert)

    @precondition(lambda self: self.said)
    @rule(n=N, times=st.integers(1, 3))
    def it_says_the_same_again(self, n: int, times: int) -> None:
        """A device repeats, the broker delivers twice: nothing new."""
        before = self.town.count("timeline")
        self.towns[n % 2].say(*[self.said[n % len(self.said)]] * times)
        assert before == self.town.count("timeline")

    @rule(payload=st.binary(max_size=20), device=st.sampled_from(DEVICES))
    def it_says_something_strange(self, payload: bytes, device: str) -> None:
        self.town.say(self.town.heard(f"anling/v1/up/{device}/event", payload))

    @rule(open=st.booleans())
    def a_drill(self, open: bool) -> None:
        """A press marked as a drill, believed in an open window only."""
        if open and not self.town.count("drills"):
            Drills(self.town.ledger, self.town.clock).open(Scope("driller", "drill"), "rehearsal", ["home-2"], 10)
        self.town.say(self.town.event("dev-0002", "sos", drill=True))

    # the machines

    @rule(n=st.integers(0, 1), wait=st.sampled_from((0.0, 1.0, 14.0, 59.0, 61.0, 299.0, 3600.0)))
    def time_passes(self, n: int, wait: float) -> None:
        """One engine looks; afterwards nothing is overdue."""
        self.town.clock.forward(wait)
        while self.pair.engines[n].tick(self.town.clock.now()):
            pass
        with self.town.ledger.reading() as tx:
            due = alerts.next_due(tx)
        assert due is None or due > self.town.clock.now(), "invariant 5"

    @rule(n=st.integers(0, 1))
    def a_sender_leases(self, n: int) -> None:
        """What it holds is wanted at this moment, and nobody who was never asked waits behind a repeat."""
        sender = self.pair.senders[n]
        if sender.hand or not sender.lease():
            return  # what it had in hand before may have been claimed meanwhile: that is asked at the dial
        for leased, letter in sender.hand:
            track = self._alert(leased.item.alert_id).track(leased.item.track)
            if leased.item.purpose == "contact":
                assert track is not None
                assert track.state is TrackState.CALLING, "invariant 11"
                assert track.gen == leased.item.gen, "invariant 11"
            assert letter is not None
        if any(x.item.repeats for x, _ in sender.hand):
            now = self.town.clock.now().isoformat(timespec="microseconds")
            first = "status = 'pending' AND repeats = 0 AND purpose = 'contact' AND attempts = 0"
            waiting = self.town.rows(f"SELECT alert_id, person FROM outbox WHERE {first} AND not_before <= '{now}'")
            held = {(x.item.alert_id, x.item.person) for x, _ in sender.hand}
            assert {(r["alert_id"], r["person"]) for r in waiting} <= held, "invariant 21"

    @rule(n=st.integers(0, 1), times=st.integers(1, 4))
    def it_calls(self, n: int, times: int) -> None:
        for _ in range(times):
            self.pair.senders[n].call()

    @rule(n=st.integers(0, 1))
    def it_settles(self, n: int) -> None:
        self.pair.senders[n].settle()

    @rule(n=st.integers(0, 1))
    def it_does_all_of_it(self, n: int) -> None:
        sender = self.pair.senders[n]
        for _ in range(12):
            if not (sender.settle() or sender.call() or sender.lease()):
                break

    @rule(n=st.integers(0, 1))
    def it_dies(self, n: int) -> None:
        self.deaths.update(key for key, _ in self.pair.senders[n].die())

    @rule(n=st.integers(0, 1))
    def another_takes_over(self, n: int) -> None:
        """Of the dead, and of those whose lease has run out: to the ledger that is the same."""
        for row in self.town.rows("SELECT key, lease_until FROM outbox WHERE lease_owner LIKE 'machine-%'"):
            self.deaths[row["key"]] += _instant(row["lease_until"]) <= self.town.clock.now()
        self.pair.senders[n].take_over()

    @precondition(lambda self: self.town.count("attempts"))
    @rule(n=N, word=st.sampled_from(WORDS), times=st.integers(1, 2))
    def a_provider_reports(self, n: int, word: str, times: int) -> None:
        """In any order, late and repeated: nobody's claim and nobody's alert is touched (invariant 14)."""
        found = self.town.rows("SELECT key, n FROM attempts ORDER BY key, n")
        one = found[n % len(found)]
        before = self._hands()
        token = self.town.tokens.call(one["key"], one["n"])
        for _ in range(times):
            self.town.callbacks.status(token, word, "CA1")
        assert before == self._hands(), "invariant 14"

    @precondition(lambda self: self.town.count("attempts"))
    @rule(n=N, meaning=st.sampled_from(("claim", "decline", "other")))
    def a_key_is_pressed(self, n: int, meaning: str) -> None:
        found = self.town.rows("SELECT key, n FROM attempts ORDER BY key, n")
        one = found[n % len(found)]
        self._try(lambda: self.town.callbacks.answered(self.town.tokens.call(one["key"], one["n"]), meaning))

    @rule()
    def what_is_old_is_pruned(self) -> None:
        with self.town.ledger.transaction() as tx:
            telemetry.prune(tx, self.town.clock.now())

    @rule()
    def the_engine_judges_again(self) -> None:
        self.town.intake.rejudge()

    @rule(n=N, what=st.sampled_from(("kind = 'dragon'", "facts = '7'", "plan = 'gone'")))
    def a_row_is_poisoned(self, n: int, what: str) -> None:
        """One in ten times; whoever looks next puts it right (P6)."""
        open = self._open()
        if n % 10 or not open:
            return
        id = open[n % len(open)]
        self.town.change(f"UPDATE alerts SET {what} WHERE id = :a", a=id)
        if what.startswith("plan"):
            self.lost.add(id)
        self.town.change("UPDATE tracks SET due_at = started_at WHERE alert_id = :a AND state <> 'stood_down'", a=id)
        for _ in range(3):
            self.pair.engines[0]._try_tick(self.town.clock.now())

    # people

    @precondition(lambda self: self._open())
    @rule(
        n=N, who=st.sampled_from(PEOPLE), to=st.sampled_from(PEOPLE),
        what=st.sampled_from(("claim", "claim", "progress", "release", "offer", "accept", "decline", "voice", "note")),
        word=st.sampled_from(("en_route", "at_door", "ok", "no_answer", "needs_help")),
    )  # fmt: skip
    def somebody_acts(self, n: int, who: Actor, to: Actor, what: str, word: str) -> None:
        open, commands = self._open(), self.towns[n % 2].commands
        id = open[n % len(open)]
        deeds: dict[str, Callable[[], Any]] = {
            "progress": lambda: commands.progress(id, who, word), "offer": lambda: commands.offer(id, who, to),
            "voice": lambda: commands.voice_check(id, who, word), "note": lambda: commands.note(id, who, "the gate"),
        }  # fmt: skip
        self._try(deeds.get(what) or (lambda: getattr(commands, what)(id, who)))

    @precondition(lambda self: self._open())
    @rule(n=N, what=st.sampled_from(("progress", "release", "offer", "accept")), to=st.sampled_from(PEOPLE))
    def the_holder_acts(self, n: int, what: str, to: Actor) -> None:
        alert = self._alert(self._open()[n % len(self._open())])
        for track in alert.tracks:
            held = track.offer_to if what == "accept" else track.claimant
            who = next((p for p in PEOPLE if p.id == held), None)
            if who is not None:
                arguments = {"progress": ("en_route",), "offer": (to,)}.get(what, ())
                self._try(lambda w=who, a=arguments: getattr(self.town.commands, what)(alert.id, w, *a))

    @precondition(lambda self: self._open())
    @rule(n=N, who=st.sampled_from(PEOPLE), outcome=st.sampled_from(("treated_home", "test", "accidental")))
    def somebody_closes(self, n: int, who: Actor, outcome: str) -> None:
        if n % 3 == 0:
            id = self._open()[n % len(self._open())]
            drill = self._alert(id).drill
            self._try(lambda: self.town.commands.close(id, who, outcome))
            if who is DRILLER and not self._alert(id).open:
                assert (drill, outcome) == (True, "test"), "invariant 3"

    # what must hold

    @invariant()
    def every_alert_keeps_its_promises(self) -> None:
        with self.town.ledger.reading() as tx:
            now = {r["id"]: alerts.peek(tx, r["id"]) for r in self.town.rows("SELECT id FROM alerts")}
        for id, alert in now.items():
            assert alert is not None
            before = self.seen.get(id)
            if before is None or before.version != alert.version:
                self._check_alert(before, alert)
            self.seen[id] = alert
        assert self.seen.keys() == now.keys()
        open = Counter((a.subject.key, a.drill) for a in self.seen.values() if a.open)
        assert all(n == 1 for n in open.values()), "invariant 16"

    @invariant()
    def the_outbox_keeps_its_promises(self) -> None:
        rows = {r["key"]: r for r in self.town.outbox()}
        assert self.rows.keys() <= rows.keys(), "invariant 10"
        for key, row in rows.items():
            assert (row["status"] == "leased") == bool(row["lease_until"] and row["lease_owner"]), "invariant 10"
            assert (row["status"] in ("pending", "leased")) == (row["finished_at"] is None), "invariant 10"
            assert bool(row["drill"]) == self.seen[row["alert_id"]].drill, "invariant 15"
            old = self.rows.get(key)
            same = ("alert_id", "track", "gen", "purpose", "person", "role", "channel", "repeats", "drill")
            assert old is None or [old[n] for n in same] == [row[n] for n in same], "invariant 9"
        self._check_distance([r for k, r in rows.items() if k not in self.rows])
        self.rows = rows

    def _check_alert(self, before: Alert | None, alert: Alert) -> None:
        entries = self.town.rows("SELECT type, data FROM timeline WHERE alert_id = :a ORDER BY seq", a=alert.id)
        data = [json.loads(e["data"]) for e in entries]
        rebuilt = replay(d["set"] for d in data if "set" in d)
        # who has lost only the name of its plan is called by another one, and not written anew
        told = replace(rebuilt, plan=alert.plan) if alert.id in self.lost else rebuilt
        assert _sorted(replace(told, entries=alert.entries, head=alert.head)) == _sorted(alert), "invariant 8"
        called = sum(len(d["people"]) for e, d in zip(entries, data, strict=True) if e["type"] == "called")
        ordered = [r for r in self.town.outbox(alert_id=alert.id, purpose="contact") if _first_way(r)]
        assert called == len(ordered), "invariant 9"
        self._check_tracks(alert)
        if before is not None:
            self._check_rise(before, alert)
        if not alert.open:
            assert alert.closed_by in {p.id for p in PEOPLE}, "invariant 3"
            assert alert.outcome is not None, "invariant 3"

    def _check_tracks(self, alert: Alert) -> None:
        now = self.town.clock.now()
        live = [t for t in alert.tracks if t.state is not TrackState.STOOD_DOWN]
        assert alert.open == bool(live), "invariant 2"
        for t in alert.tracks:
            calling, claimed = t.state is TrackState.CALLING, t.state is TrackState.CLAIMED
            assert calling == (t.next_at is not None), "invariant 1"
            assert claimed == (t.claimant is not None) == (t.claim_until is not None), "invariant 1"
            assert t.next_at is None or (t.last_at and t.next_at - t.last_at <= MAX_GAP), "invariant 5"
            assert t.claim_until is None or t.claim_until - now <= CLAIM_TTL, "invariant 6"
            assert t.offer_until is None or (t.claim_until and t.offer_until <= t.claim_until), "invariant 6"
        if alert.open and alert.severity == "critical":
            assert {"family_doctor", "street_office", "dispatch_120"} <= {t.name for t in live}, "invariant 17"

    def _check_rise(self, before: Alert, alert: Alert) -> None:
        assert before.open, "invariant 4: a closed alert never changes"
        assert before.severity.rank <= alert.severity.rank, "invariant 4"
        assert before.signals <= alert.signals, "invariant 4"
        assert before.version < alert.version, "invariant 4"
        assert before.decided_at is not None
        assert alert.decided_at is not None
        assert before.decided_at <= alert.decided_at, "invariant 4"
        assert (before.subject.key, before.drill) == (alert.subject.key, alert.drill), "invariant 15"
        for old in before.tracks:
            new = alert.track(old.name)
            assert new is not None
            assert old.gen <= new.gen, "invariant 7"
            assert (old.state, old.claimant) == (new.state, new.claimant) or old.gen < new.gen, "invariant 7"
            if new.claimant and old.claimant and new.claimant != old.claimant:
                assert old.offer_to == new.claimant, "invariant 13"

    def _check_distance(self, fresh: list[dict[str, Any]]) -> None:
        """Invariant 18: who was contacted on a track is contacted again only after ``min_gap``."""
        for row in fresh:
            if row["purpose"] == "contact" and _first_way(row):
                same = [
                    r["created_at"] for r in self.rows.values()
                    if (r["alert_id"], r["track"], r["person"], r["purpose"], _first_way(r))
                    == (row["alert_id"], row["track"], row["person"], "contact", True)
                ]  # fmt: skip
                last = max(map(_instant, same), default=None)
                assert last is None or _instant(row["created_at"]) - last >= MIN_GAP, "invariant 18"

    def _heard_at_once(self, id: str) -> None:
        """Invariant 19."""
        asked = self.town.count("outbox", f"alert_id = '{id}' AND purpose = 'contact'")
        assert asked or "gap" in self.town.timeline(id), "invariant 19"

    def _hands(self) -> list[Any]:
        """Who has what, in which generation."""
        return [tuple(r.values()) for r in self.town.rows(
            "SELECT t.alert_id, t.name, t.state, t.claimant, t.gen, a.state AS of FROM tracks t"
            " JOIN alerts a ON a.id = t.alert_id ORDER BY 1, 2"
        )]  # fmt: skip

    def _open(self) -> list[str]:
        return [r["id"] for r in self.town.rows("SELECT id FROM alerts WHERE state = 'open' ORDER BY id")]

    def _alert(self, id: str) -> Alert:
        return self.town.alert(id)

    @staticmethod
    def _try(deed: Callable[[], Any]) -> None:
        """People may ask for what they may not have; they get an error of ours and nothing else."""
        with suppress(AnlingError):
            deed()

    def teardown(self) -> None:
        """Nothing is lost at the end: with working lines, all that is wanted is said, and no lease stays."""
        if not hasattr(self, "pair"):
            return
        try:
            self._end_well()
        finally:
            for ledger in self.ledgers:
                ledger.close()
            type(self).drop(self.url)

    def _end_well(self) -> None:
        self.luck = [None]
        self.town.clock.forward(61)
        for n, sender in enumerate(self.pair.senders):
            self.another_takes_over(n)
            while sender.settle() or sender.call() or sender.lease():
                pass
        assert 0 == self.town.count("outbox", "status = 'leased'"), "invariant 10"
        assert 0 == self.town.count("outbox", "status = 'pending' AND not_before <= created_at"), "invariant 20"
        assert 0 == self.town.count("attempts", "status = 'sending'")


def _sorted(alert: Alert) -> Alert:
    return replace(alert, tracks=tuple(sorted(alert.tracks, key=lambda t: t.name)))


def _first_way(row: dict[str, Any]) -> bool:
    """Whether the plan ordered this row itself; the next way to the same person has a number behind its channel."""
    return "." not in row["key"].split("/")[-2]


def _instant(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@pytest.fixture
def on_sqlite(migrated_file: Path) -> Iterator[type[House]]:
    """A house on copies of one settled file."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="anling-house-", dir=shared if shared.is_dir() else None))
    shutil.copy(migrated_file, folder / "settled.db")
    _settle(f"sqlite:///{folder / 'settled.db'}")
    made = iter(range(10**9))

    def make() -> str:
        file = folder / f"{next(made)}.db"
        shutil.copy(folder / "settled.db", file)
        return f"sqlite:///{file}"

    def drop(url: str) -> None:
        for left in folder.glob(f"{Path(url).name}*"):
            left.unlink()

    yield _house(make, drop)
    shutil.rmtree(folder)


@pytest.fixture
def on_postgres(postgres: Any) -> type[House]:
    """A house on copies of one settled database."""
    settled = postgres.create()
    _settle(postgres.url(settled))

    def drop(url: str) -> None:
        postgres.drop(url.split("/")[3].split("?")[0])

    return _house(lambda: postgres.url(postgres.create(settled)), drop)


def _settle(url: str) -> None:
    ledger = Ledger(url, Sealer(SECRET))
    Town(ledger).settle_in()
    ledger.close()


def _house(make: Callable[[], str], drop: Callable[[str], None]) -> type[House]:
    return type("House", (House,), {"make": staticmethod(make), "drop": staticmethod(drop)})


def _run(house: type[House], examples: int, steps: int) -> None:
    how = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), print_blob=True,
    )  # fmt: skip
    run_state_machine_as_test(house, settings=how)  # type: ignore[no-untyped-call]


@pytest.mark.timeout(3600)
def test_every_invariant_on_sqlite(on_sqlite: type[House]) -> None:
    """All 22 promises of the design on a real file (P6, P8, P17, P19, P21, P29)."""
    _run(on_sqlite, *((600, 60) if PROVE else (20, 30)))


@pytest.mark.postgres
@pytest.mark.timeout(3600)
def test_every_invariant_on_postgresql(on_postgres: type[House]) -> None:
    """The same with row locks and many writers."""
    _run(on_postgres, *((100, 60) if PROVE else (3, 20)))
