"""The reconciler: what nobody told us is asked; what may have rung is looked up; what rings in vain stops."""

from datetime import datetime
from typing import Any

import pytest

from domain.contacts import Accepted, FailedForNow, Letter, Result
from domain.errors import AnlingError
from escalation.reconciler import Reconciler
from tests.town import DISPATCHER, Phone, Town


class Provider(Phone):
    """A phone that can be asked afterwards."""

    def __init__(self) -> None:
        super().__init__("voice", self._dial)
        self.words: dict[str, str] = {}
        #: what a look by number finds
        self.made: list[str] = []
        self.stopped: list[str] = []
        self.asked_for: list[str] = []
        self.away = False

    def _dial(self, letter: Letter) -> Result:
        sid = f"CA-{len(self.letters)}"
        self.words[sid] = "ringing"
        return Accepted(sid, pending=True, line="twilio:0")

    def find(self, to: str, since: datetime, others: frozenset[str] = frozenset()) -> str | None:
        self._there()
        return next((sid for sid in reversed(self.made) if sid not in others), None)

    def status(self, to: str, reference: str) -> str:
        self._there()
        self.asked_for.append(reference)
        return self.words[reference]

    def stop(self, to: str, reference: str) -> None:
        self._there()
        self.stopped.append(reference)
        self.words[reference] = "canceled"

    def _there(self) -> None:
        if self.away:
            raise AnlingError("the provider does not answer")


@pytest.fixture
def voice(town: Town) -> Provider:
    """The town's telephones."""
    town.phones["voice"] = phone = Provider()
    return phone


def _reconciler(town: Town) -> Reconciler:
    channels: dict[str, Any] = dict(town.phones)
    return Reconciler(town.ledger, town.standing, town.clock, channels, town.callbacks)


def _attempts(town: Town) -> list[tuple[str, str | None]]:
    return [(r["status"], r["reference"]) for r in town.rows("SELECT * FROM attempts ORDER BY started_at, n")]


def test_a_call_whose_end_nobody_told_is_asked_for(town: Town, voice: Provider) -> None:
    """The call-back was lost: no answer is found out by asking, and the next way is tried (P11, P21)."""
    town.press()
    town.deliver()
    voice.words["CA-1"] = "no-answer"
    town.clock.forward(46)

    _reconciler(town).turn()
    town.deliver()

    assert ["doctor-1"] == town.phones["sms"].asked()
    assert ("no-answer", "CA-1") == _attempts(town)[0]


def test_a_call_that_may_still_be_told_is_not_asked_for(town: Town, voice: Provider) -> None:
    """It rings half a minute: nobody is asked before that."""
    town.press()
    town.deliver()
    town.clock.forward(30)

    _reconciler(town).turn()

    assert [] == voice.asked_for


def test_a_call_that_nobody_knows_of_counts_as_not_answered(town: Town, voice: Provider) -> None:
    """The provider is away and no call-back comes: after three minutes the next way is tried (P12)."""
    town.press()
    town.deliver()
    voice.away = True
    reconciler = _reconciler(town)
    town.clock.forward(100)
    reconciler.turn()
    before = list(town.phones["sms"].asked())
    town.clock.forward(100)

    _reconciler(town).turn()
    town.deliver()

    assert ([], ["doctor-1"]) == (before, town.phones["sms"].asked())


def test_a_claim_stops_the_call_that_still_rings(town: Town, voice: Provider) -> None:
    """Somebody else has it: the telephone is quiet, and nothing follows (P7)."""
    alert = town.press()
    town.deliver()
    town.commands.claim(alert, DISPATCHER)
    reconciler = _reconciler(town)

    reconciler.turn()
    reconciler.turn()
    town.callbacks.status(_token(town, voice), "canceled", "CA-1")
    town.deliver()

    assert ["CA-1"] == voice.stopped
    assert [] == [x for x in town.phones["sms"].letters if x.purpose == "contact"]


def test_a_call_that_was_answered_is_not_stopped(town: Town, voice: Provider) -> None:
    """Who listens already hears who has it; hanging up on people helps nobody (P7)."""
    alert = town.press()
    town.deliver()
    town.callbacks.status(_token(town, voice), "in-progress", "CA-1")
    town.commands.claim(alert, DISPATCHER)

    _reconciler(town).turn()

    assert [] == voice.stopped


def test_a_call_that_carries_another_alert_too_is_not_stopped(town: Town, voice: Provider) -> None:
    """Two alerts, one telephone: somebody took the first, the second still wants this answer (P13, P29)."""
    first = town.press("dev-0001")
    town.press("dev-0003")
    town.deliver()
    town.commands.claim(first, DISPATCHER)

    _reconciler(town).turn()

    assert [] == voice.stopped


def test_what_may_have_rung_is_looked_up_before_the_redial(town: Town, voice: Provider) -> None:
    """A time-out: the letter that is sent again says since when, and which calls are others' (P16)."""
    voice.answer = lambda _: FailedForNow("time-out", unknown=True)
    town.press("dev-0002")
    town.deliver()
    begun = town.clock.now()
    town.clock.forward(1)

    town.deliver()

    first, second = voice.letters
    assert first.doubt is None
    assert second.doubt is not None
    assert (begun, frozenset(), None) == (second.doubt.since, second.doubt.others, second.doubt.made)


def test_a_call_back_tells_what_the_time_out_hid(town: Town, voice: Provider) -> None:
    """The API did not answer, but the call-backs come: the redial is told that the call is there (P22)."""

    def lost(letter: Letter) -> Result:
        if letter.doubt is not None and letter.doubt.made:
            return Accepted(letter.doubt.made, pending=True)
        town.callbacks.status(town.tokens.call(letter.key, letter.attempt), "ringing", "CA9")
        return FailedForNow("time-out", unknown=True)

    voice.answer = lost
    town.press("dev-0002")
    town.deliver()
    town.clock.forward(1)
    town.deliver()

    assert "accepted" == town.outbox(person="doctor-2")[0]["status"]
    assert [("ringing", "CA9"), ("accepted", "CA9")] == _attempts(town)


def test_the_end_of_a_call_that_was_found_is_the_end_of_its_row(town: Town, voice: Provider) -> None:
    """Attempt 2 found attempt 1's call: its call-backs name attempt 1, and end the row all the same (P16, P22)."""
    answers = iter([FailedForNow("time-out", unknown=True), Accepted("CA1", pending=True)])
    voice.answer = lambda _: next(answers)
    town.press("dev-0002")
    town.deliver()
    first = _token(town, voice)
    town.clock.forward(1)
    town.deliver()

    town.callbacks.status(first, "no-answer", "CA1")

    assert "failed" == town.outbox(person="doctor-2")[0]["status"]
    assert [("no-answer", "CA1"), ("no-answer", "CA1")] == _attempts(town)


def test_a_lost_call_is_found_though_another_way_is_tried(town: Town, voice: Provider) -> None:
    """The SMS is out already; the log still learns what became of the call, and it can be stopped."""
    voice.answer = lambda _: FailedForNow("time-out", unknown=True)
    town.press()
    town.deliver()
    voice.made, voice.words["CA7"] = ["CA7"], "completed"
    town.clock.forward(3)

    _reconciler(town).turn()

    assert ("completed", "CA7") in _attempts(town)
    assert ["doctor-1"] == town.phones["sms"].asked()


def test_a_provider_that_breaks_stops_no_turn(town: Town, voice: Provider) -> None:
    """One call that cannot be asked about delays no other."""
    town.press("dev-0001")
    town.press("dev-0002")
    town.deliver()
    town.clock.forward(50)
    voice.words = dict.fromkeys(voice.words, "busy")
    real, calls = voice.status, iter([True])

    def status(to: str, reference: str) -> str:
        if next(calls, False):
            raise AnlingError("odd")
        return real(to, reference)

    voice.status = status  # type: ignore[method-assign]

    _reconciler(town).turn()

    assert ["accepted", "busy"] == sorted(word for word, _ in _attempts(town))


def _token(town: Town, voice: Provider) -> str:
    letter = voice.letters[-1]
    return town.tokens.call(letter.key, letter.attempt)


def test_a_thousand_messages_without_an_end_hide_no_call(town: Town, voice: Provider) -> None:
    """Many providers never tell that a text arrived: the call that rings in vain stops in the same turn (P6, P7)."""
    texts = Provider()
    town.phones["sms"] = texts
    texts.name = "sms"
    alert = town.press()
    town.deliver()
    town.change(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 600)"
        " INSERT INTO outbox (key, alert_id, track, gen, purpose, person, role, channel, point, fallbacks, drill,"
        " repeats, created_at, not_before, status, attempts, finished_at)"
        " SELECT 'text-' || n, alert_id, track, gen, 'inform', person, role, 'sms', 1, fallbacks, drill,"
        " 1, created_at, created_at, 'accepted', 1, created_at FROM outbox, c"
    )
    town.change(
        "INSERT INTO attempts (key, n, started_at, status, reference)"
        " SELECT key, 1, created_at, 'sent', 'SM-' || key FROM outbox WHERE channel = 'sms'"
    )
    texts.words = {f"SM-text-{n}": "sent" for n in range(1, 601)}
    town.clock.forward(61)
    town.press("dev-0003")
    town.deliver()
    town.commands.close(alert, DISPATCHER, "accidental")

    _reconciler(town).turn()

    assert ["CA-1"] == voice.stopped
    assert 20 >= len(texts.asked_for) > 0
