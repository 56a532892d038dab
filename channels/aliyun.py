"""Mainland voice and text by Aliyun: templates that were approved beforehand, a key pressed on the call.

A number takes one call a minute, five an hour, twenty a day from us (the provider's rule); beyond that
the letter fails for now and goes by another way or to another person, never into silence.
"""

import hashlib
import threading
import time
from abc import abstractmethod
from base64 import b32encode
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from channels.aliyun_codes import call_word
from channels.aliyun_line import AliyunLine
from channels.aliyun_templates import Template, filled
from channels.last_look import LastLook
from channels.pulsed import Pulsed
from channels.routes import MAINLAND, e164
from domain.clock import wall_now
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Result, Unwanted
from domain.errors import Unreachable

#: (seconds, letters): no more of them to one number in that time
VOICE_BUDGET = ((60.0, 1), (3600.0, 5), (86400.0, 20))
SMS_BUDGET = ((60.0, 1), (3600.0, 5), (86400.0, 40))
#: milliseconds to wait for a key
_KEY_WAIT = 8_000
#: how often the words are said
_PLAYS = 3
#: the product "voice with keys" (IVR), for questions about a call; under another one nothing is found
_PRODUCT = 11_000_000_300_005


class Budget:
    """What a number may still get: by what we remember, and by what the ledger knows of others and of before."""

    def __init__(self, limits: tuple[tuple[float, int], ...], ticks: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._ticks = ticks
        self._sent: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def take(self, number: str, known: Sequence[float] = ()) -> float | None:
        """Spend one; else the seconds until there is one again. ``known``: how many seconds ago the ledger's were."""
        now = self._ticks()
        with self._lock:
            sent = self._sent.setdefault(number, deque())
            while sent and sent[0] <= now - self._limits[-1][0]:
                sent.popleft()
            waits = [self._wait(ages) for ages in ([now - at for at in sent], known)]
            if any(waits):
                return max(waits)
            sent.append(now)
            return None

    def _wait(self, ages: Sequence[float]) -> float:
        """Seconds until the strictest limit lets one more through; 0: now."""
        waits = [0.0]
        for seconds, most in self._limits:
            within = sorted(age for age in ages if age < seconds)
            if len(within) >= most:
                waits.append(seconds - within[most - 1])
        return max(waits)


class _Aliyun(Pulsed):
    """What voice and text have in common; what comes of a letter is pushed to us."""

    def __init__(
        self,
        line: AliyunLine,
        budget: Budget,
        wall: Callable[[], datetime] = wall_now,
        look: LastLook | None = None,
    ) -> None:
        super().__init__(wall)
        self._look = look or LastLook()
        self.numbers = line
        self._line = line
        self._budget = budget

    def find(self, to: str, since: datetime, others: frozenset[str] = frozenset()) -> str | None:
        """Aliyun cannot be asked by number: rather call twice than not at all."""
        return None

    def stop(self, to: str, reference: str) -> None:
        """A call that rings cannot be stopped; who answers it hears how things are when the next words are said."""

    def _deliver(self, letter: Letter) -> Result:
        number = e164(letter.address)
        if not number.startswith(MAINLAND):
            return FailedForGood("not a mainland number", code="address")
        template = self._template(letter)
        if template is None:
            return FailedForGood(f"no approved template for {letter.purpose}", code="template")
        if not self._look.wanted(letter):
            return Unwanted()
        wait = self._budget.take(number, self._look.spent(letter))
        if wait is not None:
            return FailedForNow("this number has had its share", code="budget", retry_after=wait)
        answer = self._line.request(lambda client: self._ask(client, letter, template, number.removeprefix(MAINLAND)))
        if isinstance(answer, FailedForNow | FailedForGood):
            return answer
        return Accepted(self._reference(answer), pending=True, line=f"aliyun:{self.name}")

    @abstractmethod
    def _template(self, letter: Letter) -> Template | None:
        """The approved words for this purpose."""

    @abstractmethod
    def _ask(self, client: Any, letter: Letter, template: Template, number: str) -> Any:
        """The request, by the SDK's client."""

    @abstractmethod
    def _reference(self, answer: Any) -> str | None:
        """Aliyun's own name for what was sent."""


class AliyunVoice(_Aliyun):
    """A call that asks for a key (``IvrCall``)."""

    name = "voice"

    def status(self, to: str, reference: str) -> str:
        """What Aliyun says of a call; it needs three to five minutes to know, then raises ``Unreachable``."""
        from alibabacloud_dyvmsapi20170525.models import QueryCallDetailByCallIdRequest

        asked = QueryCallDetailByCallIdRequest(
            call_id=reference, prod_id=_PRODUCT, query_date=int(self._wall().timestamp() * 1000)
        )
        answer = self._line.request(lambda client: client.query_call_detail_by_call_id(asked))
        if isinstance(answer, FailedForNow | FailedForGood):
            raise Unreachable(f"Aliyun could not be asked: {answer.reason}; it will be asked again")
        state = str(_detail(answer.data).get("state") or "")
        if not state:
            raise Unreachable("Aliyun does not know yet what became of the call; it will be asked again")
        return call_word(state)

    def _template(self, letter: Letter) -> Template | None:
        return self._line.account.templates.voice.get(str(letter.purpose))

    def _ask(self, client: Any, letter: Letter, template: Template, number: str) -> Any:
        from alibabacloud_dyvmsapi20170525.models import IvrCallRequest, IvrCallRequestMenuKeyMap

        account = self._line.account
        pressed = (letter.digit or "1", "2")
        keys = [IvrCallRequestMenuKeyMap(key=key, code=account.templates.after_key) for key in pressed]
        return client.ivr_call(IvrCallRequest(
            called_number=number, called_show_number=account.caller, start_code=template.code,
            start_tts_params=filled(template, letter, self._wall()), menu_key_map=keys,
            bye_code=account.templates.after_key, play_times=_PLAYS, timeout=_KEY_WAIT, out_id=out_id(letter),
        ))  # fmt: skip

    def _reference(self, answer: Any) -> str | None:
        return str(answer.call_id) if answer.call_id else None


class AliyunSms(_Aliyun):
    """A text message by template."""

    name = "sms"

    def status(self, to: str, reference: str) -> str:
        """The end of a message is pushed; until then it is on its way."""
        return "sent"

    def _template(self, letter: Letter) -> Template | None:
        return self._line.account.templates.sms.get(str(letter.purpose))

    def _ask(self, client: Any, letter: Letter, template: Template, number: str) -> Any:
        from alibabacloud_dysmsapi20170525.models import SendSmsRequest

        return client.send_sms(SendSmsRequest(
            phone_numbers=number, sign_name=self._line.account.templates.sign, template_code=template.code,
            template_param=filled(template, letter, self._wall()), out_id=out_id(letter),
        ))  # fmt: skip

    def _reference(self, answer: Any) -> str | None:
        return str(answer.biz_id) if answer.biz_id else None


def out_id(letter: Letter) -> str:
    """Fifteen letters that name this attempt, as many as Aliyun takes."""
    digest = hashlib.sha256(f"{letter.key}/{letter.attempt}".encode()).digest()
    return b32encode(digest).decode()[:15]


def _detail(data: object) -> dict[str, Any]:
    """The detail is JSON inside JSON."""
    from channels.message import decode

    return dict(decode(data.encode())) if isinstance(data, str) else {}
