"""A robot in a chat group: what 企业微信, 钉钉 and 飞书 have in common.

They answer HTTP 200 to what they have thrown away and say so in the body only; a robot whose
word was not read has reached nobody. A group is read by many: the message says where and what,
no names, no illnesses, and a link to the responder's own page, where a POST claims.
"""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from channels.exchange import Answer
from channels.message import decode, encode
from channels.pulsed import Posting, refusal
from channels.wording import chat
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Result

_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "anling"}


class Robot(Posting):
    """A chat channel; ``address`` is the robot's own URL, ``secret`` its signing secret where it has one."""

    #: the answer's own status: field names, in the order to look
    status_fields: ClassVar[tuple[str, ...]] = ("errcode",)
    #: status -> why: throttled or busy, another attempt may work. All others are for good
    for_now: ClassVar[Mapping[int, str]] = {}

    def _deliver(self, letter: Letter) -> Result:
        now = self._wall()
        body = encode(self.body(letter, chat(letter, now), now))
        answer = self._exchange.post(self.door(letter, now), _HEADERS, body)
        if (failed := refusal(answer)) is not None or not isinstance(answer, Answer):
            return failed or FailedForNow("no answer")
        return self._read(decode(answer.body))

    def door(self, letter: Letter, now: datetime) -> str:
        """Where to post; some robots want a signature in the address."""
        del now
        return letter.address

    @abstractmethod
    def body(self, letter: Letter, text: str, now: datetime) -> dict[str, Any]:
        """The message in the robot's own form."""

    def _read(self, said: Mapping[str, Any]) -> Result:
        """200 with another status than 0, or with none at all, is not delivered."""
        status = next((said[name] for name in self.status_fields if isinstance(said.get(name), int)), None)
        if status == 0:
            return Accepted()
        if status is None:
            return FailedForNow("the robot's answer was not understood", code="answer", unknown=True)
        if status in self.for_now:
            return FailedForNow(f"{self.for_now[status]} ({status})", code=str(status))
        return FailedForGood(f"refused by the robot ({status})", code=str(status))
