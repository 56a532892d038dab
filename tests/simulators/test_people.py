"""People: which key they press, how they take turns, and which mistakes in a people file are caught."""

import pytest

from simulators.behaviour import BadBehaviour, Behaviour, behaviour_json, parse_behaviour, parse_turns
from simulators.people import People, Person, asked_digit, keys_to_press, parse_person


@pytest.mark.parametrize(
    ("spoken", "digit"),
    [
        ("示例老人一跌倒。接警请按 7。", "7"),
        ("请按7，无法前往请按9", "7"),  # the first one asked for
        ("请按“五”", "5"),
        ("按数字键 4 接警", "4"),
        ("请按下 \uff19 键", "9"),
        ("Press 3 to accept, press 9 to decline", "3"),
        ("press the number six", "6"),
        ("Please press  8.", "8"),
        ("press 12", None),  # two digits are no key
        ("express 1 delivery", None),
        ("示例路100弄5号602室", None),
        ("系统没有登记成功，请再按一次。", None),  # once more, not the digit one
        ("示例老人一按下了呼救按钮", None),
        ("", None),
    ],
)
def test_the_code_is_heard(spoken: str, digit: str | None) -> None:
    """A digit counts only when the voice asks to press it."""
    assert digit == asked_digit(spoken)


@pytest.mark.parametrize(
    ("behaviour", "prompt", "heard", "before", "pressed"),
    [
        (Behaviour("press", "1"), "请按 7", "", 0, "1"),  # does not listen
        (Behaviour("press", spoken_code=True), "请按 7", "", 0, "7"),
        (Behaviour("press", spoken_code=True), "再说一遍", "请按 7", 0, "7"),  # remembers
        (Behaviour("press", spoken_code=True), "喂", "", 0, None),  # was not told a code
        (Behaviour("press", "1"), "到场请按 2", "", 1, None),  # has pressed already
        (Behaviour("press", "1", presses=2), "到场请按 2", "", 1, "1"),
        (Behaviour("wrong_digit", "1"), "", "", 0, "6"),
        (Behaviour("wrong_digit", spoken_code=True), "请按 7", "", 0, "2"),
        (Behaviour("voicemail"), "请按 7", "", 0, None),
    ],
)
def test_what_is_pressed(
    behaviour: Behaviour, prompt: str, heard: str, before: int, pressed: str | None
) -> None:
    """Each person presses what their behaviour says, once per call unless told otherwise."""
    assert pressed == keys_to_press(behaviour, prompt, heard, before)


def test_turns_are_counted_per_channel() -> None:
    """A text message does not use up the turn of a call; the last behaviour repeats."""
    turns = parse_turns([{"answers": "busy"}, {"answers": "press"}])
    people = People({"d": Person("d", phone="+85230000001", turns=turns)})
    people.turn("+85230000001", "sms")
    voice = [people.turn("d", "voice").answers for _ in range(3)]

    assert voice == ["busy", "press", "press"]


def test_news_is_taken_as_the_last_contact_was() -> None:
    """``now`` looks without moving on."""
    people = People({"d": Person("d", turns=parse_turns([{"status": 500}, {"status": 404}]))})
    people.turn("d", "webhook")

    assert [people.now("d", "webhook").status for _ in range(2)] == [500, 500]


def test_strangers_behave_as_the_default() -> None:
    """Nobody is unknown to the world: a new number or id has the default behaviour."""
    people = People(default=(Behaviour("busy"),))

    assert people.turn("+85231112222", "voice").answers == "busy"
    assert (people.find("nurse-7").kind, people.find("desk-120").kind) == ("person", "desk")


def test_a_person_is_taught_by_id_or_number() -> None:
    """What is set for the number holds for the id, and a reset forgets it."""
    people = People({"d": Person("d", phone="+85230000001", turns=(Behaviour("ignore"),))})
    people.teach("+85230000001", {"answers": "hangup"})
    taught = people.turn("d", "voice").answers
    people.reset()

    assert (taught, people.turn("d", "voice").answers) == ("hangup", "ignore")


def test_what_is_shown_can_be_taught_again() -> None:
    """A drill reads how everybody behaves, changes it, and puts it back, also for the default."""
    people = People({"d": Person("d")}, default=(Behaviour("busy"),))
    before = people.shown()["d"]["behaviour"]
    people.teach("d", {"answers": "press"})
    people.teach("d", {"behaviour": before})

    assert people.turn("d", "voice").answers == "busy"


def test_a_new_person_gets_a_phone() -> None:
    """A whole person can be taught: telephone, kind and behaviour."""
    people = People()
    people.teach("nurse-7", {"phone": "+85230000007", "behaviour": {"answers": "busy"}})

    assert people.find("+85230000007").id == "nurse-7"
    assert people.turn("+85230000007", "voice").answers == "busy"


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"answer": "press"}, "unknown field 'answer'"),
        ({"answers": "prress"}, "is none of"),
        ({"digit": "x"}, "telephone keys"),
        ({"digit": ""}, "telephone keys"),
        ({"after": -1}, "number of seconds"),
        ({"after": [5, 2]}, "runs backwards"),
        ({"after": True}, "number of seconds"),
        ({"spoken_code": "yes"}, "neither true nor false"),
        ({"presses": 1.5}, "whole number"),
        ({"steps": {"arrived": 1}}, "is none of"),
        ({"steps": [1]}, "steps look like"),
        ({"progress": {"en_route": 1}}, "progress looks like"),
        ({"api_error": 3}, "whole number"),
        ({"text": 1}, "not text"),
        ([1], "JSON object"),
    ],
)
def test_a_mistake_is_named(raw: object, complaint: str) -> None:
    """A misspelt behaviour never passes as the default."""
    with pytest.raises(BadBehaviour, match=complaint):
        parse_behaviour(raw)


def test_all_mistakes_are_named_at_once() -> None:
    """One reading lists every mistake."""
    with pytest.raises(BadBehaviour) as wrong:
        parse_behaviour({"digit": "x", "after": "soon", "mood": "bad"})

    assert len(str(wrong.value).split("; ")) == 3


def test_mistakes_in_a_person_name_the_person() -> None:
    """Whoever edits people.json sees which entry is wrong."""
    mistaken: list[dict[str, object]] = [
        {"behaviour": []},
        {"behaviour": {"x": 1}},
        {"kind": "cat"},
        {"name": "x"},
    ]
    for raw in mistaken:
        with pytest.raises(BadBehaviour, match="doctor-1"):
            parse_person("doctor-1", raw)


def test_a_behaviour_survives_being_written_down() -> None:
    """What is shown can be read again and is the same."""
    raw = {
        "answers": "press",
        "after": [1, 4],
        "steps": {"taken": 2, "closed": None, "dispatched": 1},
        "progress": [{"step": "en_route", "after": 3}],
        "api_error": 429,
        "sms_error": None,
    }
    behaviour = parse_behaviour(raw)

    assert behaviour == parse_behaviour(behaviour_json(behaviour))
    assert behaviour.steps == (("dispatched", 1.0), ("taken", 2.0))
