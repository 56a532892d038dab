"""One person on one answered call: hears what the product says, and presses keys or does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from simulators.behaviour import Behaviour
from simulators.journal import Contact
from simulators.people import asked_digit, keys_to_press
from simulators.stage import Stage
from simulators.twiml import (
    Gather,
    Hangup,
    Pause,
    Play,
    Prompt,
    Redirect,
    Reject,
    Say,
    TwimlError,
    Verb,
    parse,
)

APOLOGY = "We're sorry, an application error has occurred. Goodbye."
_XML = ("text/xml", "application/xml", "text/html")
#: Seconds a voice needs for one Chinese or one other character, and for a recording.
_CHINESE, _LATIN, _RECORDING = 0.22, 0.06, 3.0
#: Documents in one call; more is a loop without an end.
_MOST_DOCUMENTS = 100


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document comes from: an address, or the text itself."""

    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback: str = ""
    fallback_method: str = "POST"


class CutOff(Exception):
    """The call is over for the reason given: an application error, as Twilio would log it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Conversation:
    """Carries out documents until somebody hangs up. ``params`` go with every request."""

    def __init__(
        self, stage: Stage, behaviour: Behaviour, contact: Contact, params: Mapping[str, str]
    ) -> None:
        self._stage = stage
        self._behaviour = behaviour
        self._contact = contact
        self._params = params
        self._presses = 0

    async def run(self, source: Source) -> None:
        """Talk until the end; an application error is spoken and logged, and ends the call."""
        following: Source | None = source
        extra: Mapping[str, str] = {}
        try:
            for _ in range(_MOST_DOCUMENTS):
                if following is None:
                    return
                document = await self._document(following, extra)
                following, extra = await self._perform(document, following)
            raise CutOff(12200, "the documents never end")
        except (CutOff, TwimlError) as error:
            self._log(error.code, str(error))
            self._heard(Say(APOLOGY, "en-US", "", 1))

    async def _document(self, source: Source, extra: Mapping[str, str]) -> tuple[Verb, ...]:
        if source.twiml:
            return parse(source.twiml)
        try:
            return await self._fetch(source.method, source.url, extra)
        except CutOff as error:
            if not source.fallback:
                raise
            self._log(error.code, str(error))
            told = {"ErrorCode": str(error.code), "ErrorUrl": source.url}
            return await self._fetch(source.fallback_method, source.fallback, told)

    async def _fetch(self, method: str, url: str, extra: Mapping[str, str]) -> tuple[Verb, ...]:
        token = self._stage.settings.twilio_token
        answer = await self._stage.line.twilio(method, url, {**self._params, **extra}, token)
        if not answer.good:
            raise CutOff(11200, f"document was answered {answer.status}: {answer.text[:200]}")
        if not answer.content_type.startswith(_XML):
            raise CutOff(12300, f"document has content type {answer.content_type[:60]!r}")
        return parse(answer.text)

    async def _perform(
        self, document: tuple[Verb, ...], source: Source
    ) -> tuple[Source | None, Mapping[str, str]]:
        """Carry out verbs; return the next document and what to tell its address, or None at the end."""
        for verb in document:
            match verb:
                case Say() | Play() | Pause():
                    self._heard(verb)
                    await self._stage.wait(_seconds(verb))
                case Gather():
                    keys = await self._gather(verb)
                    if keys or verb.action_on_empty:
                        finished = {"Digits": keys, "FinishedOnKey": "", "msg": "Gather End"}
                        return _next(source, verb.action, verb.method), finished
                case Redirect():
                    return _next(source, verb.url, verb.method), {}
                case Hangup() | Reject():
                    return None, {}
        return None, {}

    async def _gather(self, gather: Gather) -> str:
        """Return the keys pressed while listening or in the silence after it."""
        heard_before = self._contact.spoken or ""
        for prompt in gather.prompts:
            self._heard(prompt)
        prompt_text = " ".join(p.text for p in gather.prompts if isinstance(p, Say))
        keys = keys_to_press(self._behaviour, prompt_text, heard_before, self._presses)
        until_silence = sum(_seconds(prompt) for prompt in gather.prompts) + gather.timeout
        moment = self._listens(gather, heard_before) + self._stage.draw(self._behaviour.think)
        if keys is None or moment > until_silence:
            await self._stage.wait(until_silence)
            return ""
        await self._stage.wait(moment)
        self._presses += 1
        return self._press(gather, keys)

    def _press(self, gather: Gather, keys: str) -> str:
        self._contact.pressed = (self._contact.pressed or "") + keys
        self._stage.journal.touch(self._contact)
        for key in gather.finish_on:
            keys = keys.split(key, 1)[0]
        return keys[: gather.num_digits]

    def _listens(self, gather: Gather, heard_before: str) -> float:
        """Seconds this person must listen before the code has been said."""
        if not self._behaviour.spoken_code:
            return 0.0
        listened = 0.0
        for prompt in gather.prompts:
            listened += _seconds(prompt, once=True)
            if isinstance(prompt, Say) and asked_digit(prompt.text):
                return listened
        return 0.0 if asked_digit(heard_before) else listened

    def _heard(self, prompt: Prompt) -> None:
        if isinstance(prompt, Pause):
            return
        said = (
            {"text": prompt.text, "language": prompt.language, "voice": prompt.voice}
            if isinstance(prompt, Say)
            else {"text": f"[{prompt.url}]", "language": "", "voice": ""}
        )
        self._contact.said.append(said)
        self._contact.spoken = "\n".join(sentence["text"] for sentence in self._contact.said)
        self._contact.drill = self._contact.drill or says_drill(self._contact.spoken)
        self._stage.journal.touch(self._contact)

    def _log(self, code: int, message: str) -> None:
        self._stage.journal.went_wrong(code, message, {"sid": self._contact.sid, "who": self._contact.who})


def says_drill(words: str) -> bool:
    """True when the words announce a rehearsal."""
    return "演练" in words or "drill" in words.lower()


def _next(source: Source, target: str, method: str) -> Source:
    """The document after this one; addresses are relative to the one that was fetched."""
    if not target and source.twiml:
        raise CutOff(11200, "a document without an address cannot name itself as the next")
    return Source(urljoin(source.url, target) if target else source.url, method)


def _seconds(prompt: Prompt, once: bool = False) -> float:
    match prompt:
        case Pause():
            return float(prompt.length)
        case Play():
            return _RECORDING * (1 if once else max(prompt.loop, 1))
        case Say():
            chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in prompt.text)
            pace = chinese * _CHINESE + (len(prompt.text) - chinese) * _LATIN
            return pace * (1 if once else max(prompt.loop, 1))
