"""钉钉 DingTalk: a robot of a group chat, its address signed for one hour."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import quote

from channels.robot import Robot
from domain.contacts import Letter


class DingTalk(Robot):
    """``channel = "dingtalk"``; ``secret``: the SEC… word of the robot's safety settings."""

    name = "dingtalk"
    #: twenty messages a minute, then silence for ten
    for_now = {
        -1: "system busy", 130101: "too many messages", 410100: "too many messages", 660026: "too many messages",
    }  # fmt: skip

    def door(self, letter: Letter, now: datetime) -> str:
        """HMAC-SHA256 over ``milliseconds\\nsecret``, keyed by the secret."""
        if not letter.secret:
            return letter.address
        stamp = str(int(now.timestamp() * 1000))
        made = hmac.new(letter.secret.encode(), f"{stamp}\n{letter.secret}".encode(), hashlib.sha256).digest()
        joint = "&" if "?" in letter.address else "?"
        return f"{letter.address}{joint}timestamp={stamp}&sign={quote(base64.b64encode(made).decode(), safe='')}"

    def body(self, letter: Letter, text: str, now: datetime) -> dict[str, Any]:
        """Markdown; the title is what the telephone shows on its locked screen."""
        del now
        return {"msgtype": "markdown", "markdown": {"title": text.partition("\n")[0], "text": text}}
