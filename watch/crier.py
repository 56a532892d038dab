"""The crier: tells the operator past the engine, which may be dead; again and again, and when all is well."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from domain.clock import wall_now
from domain.contacts import Accepted, Channel, Letter, Purpose
from domain.errors import ConfigurationError
from domain.people import ContactPoint
from watch.auditor import Operator
from watch.finding import Finding, shouted, well_again

_LOG = structlog.get_logger("anling.watch")
#: seconds until the same is said again
PACE = (60.0, 300.0, 900.0)
#: seconds between two messages at the least, however things change
BREATH = 20.0
#: never disturbed by a message about our own machines
_NOT_BY = frozenset({"dispatch_120"})


class Crier:
    """``turn`` says what must be said now. ``operators``: whom to tell, asked anew each time."""

    def __init__(
        self, instance: str, channels: Mapping[str, Channel], operators: Callable[[], Sequence[Operator]],
        wall: Callable[[], datetime] = wall_now, ticks: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._instance = instance
        self._channels = channels
        self._operators = operators
        self._wall = wall
        self._ticks = ticks
        self._pool = ThreadPoolExecutor(4, "crier")
        self._told: frozenset[str] = frozenset()
        self._times = 0
        self._at = -BREATH
        self._letters = 0
        #: what is wrong at present; the judge sets it
        self.findings: tuple[Finding, ...] = ()

    def turn(self) -> None:
        """Shout, shout again, or say that all is well."""
        now, findings = self._ticks(), self.findings
        codes = frozenset(f.code for f in findings)
        if codes and self._must(codes, now):
            self._times = self._times + 1 if codes <= self._told else 1
            self._told, self._at = self._told | codes, now
            _LOG.critical("watch_shouts", findings=[f.plain() for f in findings], times=self._times)
            self._say(shouted(findings), findings)
        elif not codes and self._told and now - self._at >= BREATH:
            self._told, self._times, self._at = frozenset(), 0, now
            _LOG.warning("watch_well_again")
            self._say(well_again(), ())

    def stop(self) -> None:
        """Nothing new; what is being said ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _must(self, codes: frozenset[str], now: float) -> bool:
        waited = now - self._at
        if codes - self._told:
            return waited >= BREATH or not self._told
        return waited >= PACE[min(self._times, len(PACE)) - 1]

    def _say(self, words: Mapping[str, str], findings: Sequence[Finding]) -> None:
        operators = [o for o in self._operators() if o.point.channel not in _NOT_BY]
        if not operators:
            _LOG.critical("watch_has_nobody_to_tell", remedy="set ANLING_OPERATOR_CONTACTS")
        for operator in operators:
            self._letters += 1
            self._pool.submit(self._send, self._letter(operator, words, findings))

    def _letter(self, operator: Operator, words: Mapping[str, str], findings: Sequence[Finding]) -> Letter:
        now, text = self._wall(), words.get(operator.language, words["zh"])
        return Letter(
            f"watch/{self._instance}/{now.timestamp():.0f}/{self._letters}", Purpose.INFORM, 1, "watch", "watch",
            "watch", "critical" if any(f.grave for f in findings) else "urgent", now, False, operator.id, operator.id,
            "duty_supervisor", operator.language, operator.point.channel, operator.point.address, operator.point.secret,
            "", now, about={"event": "watch", "text": text, "findings": [f.plain() for f in findings]},
        )  # fmt: skip

    def _send(self, letter: Letter) -> None:
        channel = self._channels.get(letter.channel)
        if channel is None:
            _LOG.error("watch_not_told", to=letter.responder_id, why=f"no channel {letter.channel!r}")
            return
        try:
            result = channel.send(letter)
        except Exception as error:  # one way that breaks must not silence the others (P5)
            _LOG.error("watch_not_told", to=letter.responder_id, why=type(error).__name__)
            return
        if not isinstance(result, Accepted):
            _LOG.error("watch_not_told", to=letter.responder_id, channel=letter.channel, why=result.reason)


def read_contacts(text: str) -> tuple[Operator, ...]:
    """``webhook=https://…,sms=+86…,en:voice=+852…`` as operators. Raises ``ConfigurationError`` with all problems."""
    problems, found = [], []
    for n, part in enumerate(p.strip() for p in text.split(",") if p.strip()):
        way, sign, address = part.partition("=")
        language, colon, channel = way.rpartition(":")
        if not (sign and address and channel.isidentifier()) or (colon and language not in ("zh", "en")):
            problems.append(f"ANLING_OPERATOR_CONTACTS: part {n + 1}: write channel=address, as in sms=+8613…")
        else:
            found.append(Operator(f"operator-{n + 1}", language or "zh", ContactPoint(0, channel, address)))
    if problems:
        raise ConfigurationError(problems)
    return tuple(found)
