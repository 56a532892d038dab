"""What the product tells the telephone to do: Twilio's markup, read strictly.

Twilio itself skips an unknown verb with warning 12200; here it ends the call, because words
that are never spoken to a duty doctor must not pass a rehearsal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree


class TwimlError(ValueError):
    """The document cannot be carried out; ``code`` is Twilio's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Say:
    """Read ``text`` aloud, ``loop`` times."""

    text: str
    language: str
    voice: str
    loop: int


@dataclass(frozen=True, slots=True)
class Play:
    """Play a recording."""

    url: str
    loop: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Stay silent, ``length`` seconds."""

    length: int


Prompt = Say | Play | Pause


@dataclass(frozen=True, slots=True)
class Gather:
    """Wait for keys, then ask ``action`` what next (the same document when empty)."""

    action: str
    method: str
    #: Seconds of silence after the prompts.
    timeout: int
    num_digits: int | None
    finish_on: str
    action_on_empty: bool
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with another document."""

    url: str
    method: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse the call."""


Verb = Prompt | Gather | Redirect | Hangup | Reject

_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "Say": frozenset({"language", "voice", "loop"}),
    "Play": frozenset({"loop", "digits"}),
    "Pause": frozenset({"length"}),
    "Redirect": frozenset({"method"}),
    "Hangup": frozenset(),
    "Reject": frozenset({"reason"}),
    "Gather": frozenset(
        {
            "input",
            "action",
            "method",
            "timeout",
            "speechTimeout",
            "maxSpeechTime",
            "speechModel",
            "enhanced",
            "profanityFilter",
            "finishOnKey",
            "numDigits",
            "partialResultCallback",
            "partialResultCallbackMethod",
            "language",
            "hints",
            "bargeIn",
            "debug",
            "actionOnEmptyResult",
            "dtmfDetection",
        }
    ),
}
_PROMPTS = ("Say", "Play", "Pause")


def parse(document: str) -> tuple[Verb, ...]:
    """Read a voice document; raise ``TwimlError`` for the first thing Twilio would complain about."""
    return tuple(_verb(element) for element in _response(document))


def parse_messages(document: str) -> list[str]:
    """Return the texts of the ``Message`` verbs of an answer to an SMS; an empty body has none."""
    if not document.strip():
        return []
    texts = []
    for element in _response(document):
        if element.tag != "Message":
            raise TwimlError(12200, f"<{element.tag}> does not belong in a messaging response")
        texts.append("".join(element.itertext()).strip())
    return texts


def _response(document: str) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(document.strip())
    except ElementTree.ParseError as error:
        raise TwimlError(12100, f"document parse failure: {error}") from error
    if root.tag != "Response":
        raise TwimlError(12102, f"the root element must be Response, not {root.tag}")
    return root


def _verb(element: ElementTree.Element) -> Verb:
    reader = _READERS.get(element.tag)
    if reader is None:
        raise TwimlError(12200, f"unknown verb <{element.tag}>")
    unknown = set(element.attrib) - _ATTRIBUTES[element.tag]
    if unknown:
        raise TwimlError(12200, f"<{element.tag}> has no attribute {', '.join(sorted(unknown))}")
    return reader(element)


def _prompt(element: ElementTree.Element) -> Prompt:
    if element.tag not in _PROMPTS:
        raise TwimlError(13320, f"<{element.tag}> must not stand inside <Gather>")
    verb = _verb(element)
    assert isinstance(verb, Say | Play | Pause)
    return verb


def _say(element: ElementTree.Element) -> Say:
    text = " ".join("".join(element.itertext()).split())
    if len(text) > 4096:
        raise TwimlError(13511, "<Say> is longer than 4096 characters")
    language, voice = element.get("language", "en-US"), element.get("voice", "")
    return Say(text, language, voice, _number(element, "loop", 1, 13510))


def _play(element: ElementTree.Element) -> Play:
    return Play((element.text or "").strip(), _number(element, "loop", 1, 13410))


def _pause(element: ElementTree.Element) -> Pause:
    return Pause(_number(element, "length", 1, 13610))


def _gather(element: ElementTree.Element) -> Gather:
    digits = _number(element, "numDigits", 0, 13314) if "numDigits" in element.attrib else None
    if digits == 0:
        raise TwimlError(13314, "numDigits must be at least 1")
    return Gather(
        action=element.get("action", ""),
        method=_method(element, 13312),
        timeout=5 if element.get("timeout") == "auto" else _number(element, "timeout", 5, 13313),
        num_digits=digits,
        finish_on=element.get("finishOnKey", "#"),
        action_on_empty=element.get("actionOnEmptyResult", "false") == "true",
        prompts=tuple(_prompt(child) for child in element),
    )


def _redirect(element: ElementTree.Element) -> Redirect:
    return Redirect((element.text or "").strip(), _method(element, 13710))


def _method(element: ElementTree.Element, code: int) -> str:
    method = element.get("method", "POST").upper()
    if method not in ("GET", "POST"):
        raise TwimlError(code, f"<{element.tag}> has the method {method}")
    return method


def _number(element: ElementTree.Element, name: str, default: int, code: int) -> int:
    text = element.get(name, str(default))
    if not text.isdecimal():
        raise TwimlError(code, f"<{element.tag}> {name} is not a number: {text[:20]}")
    return int(text)


_READERS: Mapping[str, Callable[[ElementTree.Element], Verb]] = {
    "Say": _say,
    "Play": _play,
    "Pause": _pause,
    "Gather": _gather,
    "Redirect": _redirect,
    "Hangup": lambda element: Hangup(),
    "Reject": lambda element: Reject(),
}
