"""飞书 Feishu (Lark): a robot of a group chat, each message signed."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any

from channels.robot import Robot
from domain.contacts import Letter


class Feishu(Robot):
    """``channel = "feishu"``; ``secret``: the signing word of the robot's safety settings."""

    name = "feishu"
    status_fields = ("code", "StatusCode")
    for_now = {9499: "too many messages", 11232: "too many messages", 19007: "robot switched off for now"}

    def body(self, letter: Letter, text: str, now: datetime) -> dict[str, Any]:
        """A card of markdown, with the signature beside it."""
        head, _, rest = text.partition("\n")
        card = {
            "header": {"title": {"tag": "plain_text", "content": head}, "template": "red"},
            "elements": [{"tag": "markdown", "content": rest}],
        }
        return {"msg_type": "interactive", "card": card} | self._signature(letter, now)

    @staticmethod
    def _signature(letter: Letter, now: datetime) -> dict[str, str]:
        """HMAC-SHA256 over nothing, keyed by ``seconds\\nsecret``."""
        if not letter.secret:
            return {}
        stamp = str(int(now.timestamp()))
        made = hmac.new(f"{stamp}\n{letter.secret}".encode(), b"", hashlib.sha256).digest()
        return {"timestamp": stamp, "sign": base64.b64encode(made).decode()}
