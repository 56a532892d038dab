"""What a person means by a text message that came back. Strict: a claim by mistake silences the ladder."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

Meaning = Literal["claim", "decline", "stop", "start"]

_CLAIM = {"1", "收到", "已收到", "收到了", "我去", "马上到", "接警"}
_DECLINE = {"2", "不能", "不能去", "去不了", "不能前往", "我去不了"}
#: Twilio's own opt-out words (it has then stopped sending, 21610) and the usual Chinese ones (P25)
_STOP = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "退订", "td", "t"}
#: and the words that take it back
_START = {"start", "unstop", "恢复", "恢复短信"}

_MEANINGS: dict[str, Meaning] = {
    **dict.fromkeys(_CLAIM, "claim"),
    **dict.fromkeys(_DECLINE, "decline"),
    **dict.fromkeys(_STOP, "stop"),
    **dict.fromkeys(_START, "start"),
}  # fmt: skip

#: the letters of our ids: no I, L, O, U, so that "1 stop" is not a code
_CODE = "[0-9a-hjkmnp-tv-z]{4}"
#: a person's own secret code, for an answer from somebody else's telephone
_PIN = r"(?:[\s,.:;#()、。-]+(\d{6}))?"
_CODED = re.compile(
    rf"([12])(?:[\s,.:;#()、。-]+(?:编号|code)?\s*({_CODE})|(?=.*[a-z])({_CODE})){_PIN}", re.ASCII
)
_AROUND = " \t\r\n\u3000.,!?;:。，！？；：、'\"“”‘’「」()（）[]【】+-*#~"


@dataclass(frozen=True, slots=True)
class Reply:
    """``code`` is the alert's (``wording.reply_code``), when the person wrote it."""

    meaning: Meaning | None
    code: str | None = None
    #: six digits, when the person wrote them after the code
    pin: str | None = field(default=None, repr=False)


def reply(text: str) -> Reply:
    """"1", "１", " 收到。", "1 7K3M"; everything else means nothing."""
    plain = unicodedata.normalize("NFKC", text[:200]).casefold().strip(_AROUND)
    plain = "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cf", "Cc"))
    coded = _CODED.fullmatch(plain)
    if coded:
        return Reply(_MEANINGS[coded[1]], (coded[2] or coded[3]).upper(), coded[4])
    return Reply(_MEANINGS.get(plain.strip(_AROUND)))
