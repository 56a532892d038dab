"""企业微信 WeCom: a robot of a group chat."""

from datetime import datetime
from typing import Any

from channels.robot import Robot
from domain.contacts import Letter


class WeCom(Robot):
    """``channel = "wecom"``; the key in the address is the robot's whole secret."""

    name = "wecom"
    #: developer.work.weixin.qq.com, global error codes
    for_now = {-1: "system busy", 45009: "too many messages", 45033: "too many at once", 50002: "busy"}

    def body(self, letter: Letter, text: str, now: datetime) -> dict[str, Any]:
        """Markdown; the link becomes a word that can be tapped."""
        del now
        return {"msgtype": "markdown", "markdown": {"content": text}}
