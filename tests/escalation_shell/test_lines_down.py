"""When telephones fail as a whole: the operator has a task, every screen is told, and both end by themselves (P14)."""

from typing import Any

import pytest

from channels.breaker import Breaker
from channels.telephones import NotConfigured
from escalation.lines import DOWN, RESTS, Lines
from tests.town import Phone, Town


class Voice(Phone):
    """A channel with two caller numbers."""

    def __init__(self) -> None:
        super().__init__("voice")
        self.breaker = Breaker(("twilio:0", "twilio:1"))
        #: what the provider says when asked; None: that it is there
        self.answers: str | None = None

    @property
    def all_down(self) -> bool:
        return self.breaker.all_down

    def down(self) -> dict[str, str]:
        return self.breaker.down()

    @property
    def proven(self) -> frozenset[str]:
        return self.breaker.proven

    def probe(self) -> None:
        self.breaker.answers(self.answers)

    def rest(self, line: str, seconds: float, why: str) -> None:
        self.breaker.rest(line, seconds, why)


@pytest.fixture
def voice() -> Voice:
    """All well."""
    return Voice()


@pytest.fixture
def lines(town: Town, voice: Voice) -> Lines:
    """Looks at every call of ``look``."""
    channels: dict[str, Any] = {"voice": voice}
    lines = Lines(town.ledger, town.clock, channels)
    lines._looked, lines._probed = -1e9, float("inf")
    return lines


def _look(lines: Lines) -> None:
    lines._looked = -1e9
    lines.look()


def _waiting(town: Town) -> list[str]:
    return [r["key"] for r in town.rows("SELECT key FROM tasks WHERE done_at IS NULL ORDER BY key")]


def test_one_line_that_rests_is_a_task(town: Town, voice: Voice, lines: Lines) -> None:
    """P14: named by number and reason; no alarm, the other one works."""
    voice.breaker.failed("twilio:0", "our number is marked as a nuisance caller", hard=True)

    _look(lines)

    assert [f"{RESTS}/voice/twilio:0"] == _waiting(town)


def test_all_lines_down_fill_the_screen_until_one_works(town: Town, voice: Voice, lines: Lines) -> None:
    """P14: the gravest task; it ends by itself when a letter gets through, and comes again."""
    for name in ("twilio:0", "twilio:1"):
        voice.breaker.failed(name, "no connection", hard=True)
    _look(lines)
    during = _waiting(town)
    voice.breaker.worked("twilio:1")
    _look(lines)
    after = _waiting(town)
    voice.breaker.failed("twilio:1", "no connection", hard=True)
    _look(lines)

    assert DOWN in during
    assert [f"{RESTS}/voice/twilio:0"] == after
    assert DOWN in _waiting(town)
    assert "full_screen" in str(town.rows("SELECT data FROM tasks WHERE key = :k", k=DOWN))


def test_a_number_that_carriers_block_rests(town: Town, voice: Voice, lines: Lines) -> None:
    """P14: eight calls to different people that fail without ringing; the ledger knows, also after a restart."""
    town.press()
    town.deliver()
    for n in range(9):
        key = f"A/main/0/0.1/p{n}/voice/1"
        town.change(
            "INSERT INTO outbox (key, alert_id, track, gen, purpose, person, role, channel, point, fallbacks, drill,"
            " repeats, created_at, not_before, status, attempts, finished_at, reason)"
            " SELECT :k, alert_id, track, gen, purpose, :p, role, 'voice', 0, fallbacks, drill, 0, created_at,"
            " created_at, 'failed', 1, created_at, 'failed' FROM outbox"
            " WHERE channel = 'voice' AND person = 'doctor-1'",
            k=key, p=f"p{n}",
        )  # fmt: skip
        town.change(
            "INSERT INTO attempts (key, n, started_at, status, line)"
            " SELECT :k, 1, started_at, 'failed', 'twilio:0' FROM attempts WHERE key LIKE '%doctor-1/voice/1'",
            k=key,
        )

    _look(lines)

    assert ["twilio:1", "twilio:0"] == voice.breaker.order()
    assert [f"{RESTS}/voice/twilio:0"] == _waiting(town)


def test_nothing_wrong_writes_nothing(town: Town, lines: Lines) -> None:
    """A quiet night."""
    _look(lines)

    assert 0 == town.count("tasks")


def test_a_dead_line_is_known_while_nobody_is_called(town: Town, voice: Voice, lines: Lines) -> None:
    """P14: the provider is asked from time to time; its answer raises the flag, and clears it, without a letter."""
    voice.answers = "no connection"
    lines.probe()
    _look(lines)
    during = _waiting(town)
    voice.answers = None
    lines.probe()
    _look(lines)

    assert DOWN in during
    assert [] == _waiting(town)


def test_an_account_that_answers_proves_no_refused_number(town: Town, voice: Voice, lines: Lines) -> None:
    """P14: a caller number that carriers refuse stays in the list until a letter goes through it."""
    voice.breaker.failed("twilio:0", "our number is marked as a nuisance caller", hard=True, refused=True)
    lines.probe()
    _look(lines)

    assert [f"{RESTS}/voice/twilio:0"] == _waiting(town)


def test_a_channel_nobody_configured_is_no_help(town: Town, voice: Voice) -> None:
    """Without text messages the calls are all there is: when they fail, the screen is full."""
    lines = Lines(town.ledger, town.clock, {"voice": voice, "sms": NotConfigured("sms")})
    voice.answers = "no connection"
    lines.probe()

    lines.look()

    assert DOWN in _waiting(town)


def test_a_task_of_the_last_run_is_settled_by_proof(town: Town, voice: Voice, lines: Lines) -> None:
    """The process that saw it fail is no more: who starts anew asks the provider, and believes nothing before."""
    for name in ("twilio:0", "twilio:1"):
        voice.breaker.failed(name, "no connection", hard=True)
    _look(lines)

    fresh = Lines(town.ledger, town.clock, {"voice": Voice()})
    fresh._probed = float("inf")
    fresh.look()
    before = _waiting(town)
    fresh.probe()
    _look(fresh)

    assert DOWN in before
    assert [] == _waiting(town)
