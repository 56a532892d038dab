"""The people outside: who they are, which telephone is theirs, and how they behave next."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simulators.behaviour import BadBehaviour, Behaviour, behaviour_json, parse_turns

_CHINESE = "零一二三四五六七八九"
_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NUMERALS = {word: str(value) for words in (_CHINESE, _ENGLISH) for value, word in enumerate(words)}
_ASKS_FOR = re.compile(
    rf"按[下键数字“”\"「『\s]*([0-9\uff10-\uff19{_CHINESE}])(?![次下声])"
    rf"|\bpress(?:\s+(?:the|key|number|digit|button))*\s+[\"“]?(\d\b|{'|'.join(_ENGLISH)})",
    re.IGNORECASE,
)
#: what a bad line or a cheek presses
_NOISE = "0*9#58"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody outside. ``turns`` are used one per contact and channel; the last one repeats."""

    id: str
    phone: str | None = None
    #: ``person`` or ``desk`` (a 120 dispatch desk).
    kind: str = "person"
    #: Signs what is sent to this one; the common secret when empty.
    secret: str = field(default="", repr=False)
    turns: tuple[Behaviour, ...] = ()


class People:
    """Everybody outside, found by responder id or telephone number. Strangers behave as the default."""

    def __init__(
        self, people: Mapping[str, Person] | None = None, default: tuple[Behaviour, ...] = ()
    ) -> None:
        self._start = dict(people or {})
        self._default = default or (Behaviour(),)
        self._people: dict[str, Person] = {}
        self._phones: dict[str, str] = {}
        self._turns: dict[tuple[str, str], int] = {}
        self.reset()

    def reset(self) -> None:
        """Everybody behaves again as at the start."""
        self._people = {}
        self._phones = {}
        self._turns = {}
        for person in self._start.values():
            self._know(person)

    def find(self, who: str) -> Person:
        """Return the person with this id or telephone number; a stranger is a person without a plan."""
        known = self._people.get(self._phones.get(who, who))
        return known or Person(who, phone=who if who.startswith("+") else None, kind=_kind_of(who))

    def turn(self, who: str, channel: str) -> Behaviour:
        """Return how this one behaves now, and move on to the next in turn."""
        person = self.find(who)
        turns = person.turns or self._default
        done = self._turns.get((person.id, channel), 0)
        self._turns[person.id, channel] = done + 1
        return turns[min(done, len(turns) - 1)]

    def now(self, who: str, channel: str) -> Behaviour:
        """Return the behaviour of the last contact without moving on."""
        person = self.find(who)
        turns = person.turns or self._default
        done = max(self._turns.get((person.id, channel), 0) - 1, 0)
        return turns[min(done, len(turns) - 1)]

    def teach(self, who: str, raw: object) -> Person:
        """Set a behaviour, a list of them, or a whole person (``phone``, ``kind``, ``behaviour``)."""
        person = self.find(who)
        if isinstance(raw, Mapping) and raw.keys() & {"behaviour", "phone", "kind", "secret"}:
            taught = parse_person(person.id, raw, person)
        else:
            taught = replace(person, turns=parse_turns(raw))
        self._know(taught)
        for key in [key for key in self._turns if key[0] == person.id]:
            del self._turns[key]
        return taught

    def shown(self) -> dict[str, Any]:
        """Return everybody as JSON with the behaviour in force, fit to be taught again; without secrets."""
        return {person.id: _person_json(person, self._default) for person in self._people.values()}

    def _know(self, person: Person) -> None:
        self._people[person.id] = person
        if person.phone:
            self._phones[person.phone] = person.id


def parse_person(who: str, raw: Mapping[str, Any], known: Person | None = None) -> Person:
    """Read one person of the people file; raise ``BadBehaviour`` naming the person."""
    extra = set(raw) - {"phone", "kind", "secret", "behaviour"}
    if extra:
        raise BadBehaviour(f"{who}: unknown field {', '.join(sorted(extra))}")
    person = known or Person(who, kind=_kind_of(who))
    kind = raw.get("kind", person.kind)
    if kind not in ("person", "desk"):
        raise BadBehaviour(f"{who}: kind is person or desk, not {kind!r}")
    try:
        turns = parse_turns(raw["behaviour"]) if "behaviour" in raw else person.turns
    except BadBehaviour as error:
        raise BadBehaviour(f"{who}: {error}") from error
    phone, secret = raw.get("phone", person.phone), raw.get("secret", person.secret)
    return Person(who, phone=phone, kind=kind, secret=secret, turns=turns)


def asked_digit(spoken: str) -> str | None:
    """Return the first digit the voice asks to press ("请按 7", "press 7"), None when it asks for none."""
    match = _ASKS_FOR.search(spoken)
    if match is None:
        return None
    word = (match[1] or match[2]).lower()
    return _NUMERALS.get(word) or str(int(word))


def keys_to_press(behaviour: Behaviour, prompt: str, heard: str, pressed_before: int) -> str | None:
    """Return what this person presses when asked now, None for silence.

    ``prompt`` is what this question says, ``heard`` everything since the call began.
    """
    if behaviour.answers not in ("press", "wrong_digit", "noise") or pressed_before >= behaviour.presses:
        return None
    if behaviour.answers == "noise":
        return _NOISE[pressed_before % len(_NOISE)]
    right = behaviour.digit
    if behaviour.spoken_code:
        asked = asked_digit(prompt) or asked_digit(heard)
        if asked is None:
            return None
        right = asked
    return _wrong(right) if behaviour.answers == "wrong_digit" else right


def _wrong(keys: str) -> str:
    """Another key than the last one asked for, far enough not to be its neighbour in a menu."""
    last = keys[-1]
    return keys[:-1] + (str((int(last) + 5) % 10) if last.isdigit() else "0")


def _kind_of(who: str) -> str:
    return "desk" if who == "desk" or who.startswith("desk-") else "person"


def _person_json(person: Person, default: tuple[Behaviour, ...]) -> dict[str, Any]:
    turns = [behaviour_json(turn) for turn in person.turns or default]
    return {"phone": person.phone, "kind": person.kind, "behaviour": turns}
