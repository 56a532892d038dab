"""Makers' words for "alarm", "all clear" and "only a test", whatever the property is called."""

from enum import Enum
from typing import Any

from broker_bridge.decoders.value import number, truth, word


class Word(Enum):
    """What a value says of the thing its property is about."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"
    TEST = "test"
    #: a word or a shape that nobody here knows
    OTHER = "other"
    #: null, empty: the property says nothing
    NOTHING = "nothing"


def worded(said: Any) -> Word:
    """``"FALSE"`` is no, ``"testing alarm"`` a test, ``null`` nothing; a number over 0 is yes, under 0 nothing."""
    if said is None or (isinstance(said, str) and not said.strip()):
        return Word.NOTHING
    plain = truth(said)
    if plain is not None:
        return Word.YES if plain else Word.NO
    figure = number(said)
    if figure is not None:
        return Word.YES if figure > 0 else Word.NO if figure == 0 else Word.NOTHING
    return _word(word(said))


def _word(said: str) -> Word:
    if not said:
        return Word.OTHER
    if any(test in said for test in ("test", "simulat", "测试", "自检")):
        return Word.TEST
    if any(maybe in said for maybe in ("maybe", "suspect", "possibl", "疑似")):
        return Word.MAYBE
    found = _WORDS.get(said) or _WORDS.get(said.replace("_", ""))
    return found or next((meant for start, meant in _STARTS if said.startswith(start)), Word.OTHER)


_YES = """alarm alarm_triggered triggered trigger leak leaking leakage abnormal detected fire smoke gas water wet
 flooded flood tamper tampered opened fall fallen fall_down falldown falling occupied active activated present
 presence someone moving start_moving move motion emergency sos panic press pressed muted mute silent silence
 silenced true_alarm high danger drop slip low_alarm high_alarm lowalarm highalarm alarming uninstall
 uninstalled removed remove dismantled tampering low 报警 告警 有 是"""
_NO = """normal ok clear cleared dry none no_leak noleak no_alarm noalarm alarm_deactivated deactivated deactive
 alarm_ignored ignored inactive vacant idle still stop_moving stopped static standby resolved resolve released
 release restore restored recover recovered nobody unoccupied empty safe no_fall nofall not_detected undetected
 no_motion install installed null unknown invalid unset n/a na 正常 无 否"""
_WORDS = dict.fromkeys(_YES.split(), Word.YES) | dict.fromkeys(_NO.split(), Word.NO)
_STARTS = (("no_", Word.NO), ("not_", Word.NO), ("un", Word.OTHER), ("alarm_", Word.YES))
