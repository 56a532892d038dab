"""Tasks and audit lines in words: no code, no raw value, in either language."""

from typing import Any

import pytest

from api.language import Speech, load
from api.leaves.audit import why
from api.task_words import about

WORDS = load()
SAID: list[tuple[str, dict[str, Any], str, str]] = [
    ("device_fault", {"fault": "silent", "role": "bed_sensor", "last_seen": None}, "床垫感应 · 失联", "bed sensor · "),
    ("network_incident", {"homes": 3, "devices": 9, "what": "network_incident"}, "3 户、9 台", "3 homes, 9"),
    ("coverage", {"role": "family_doctor", "hours": 12.0, "gaps": [], "count": 1}, "家庭医生 · 共 12 小时", "12 hours"),
    ("coverage", {"role": "street_office", "reason": "no_contact", "responder": "s-1"}, "s-1 · 没有联系方式", "s-1"),
    ("coverage", {"year": 2027, "confidence": "statutory"}, "2027 年", "2027"),
    ("service", {"request": "meal", "by": "button"}, "助餐", "meals"),
    ("follow_up", {"kind": "fall", "outcome": "lifted_no_injury", "closed_by": "desk"}, "跌倒 · 扶起，无伤", "Fall"),
    ("operator", {"why": "row_unreadable", "place": "teams|x"}, "无法读取，已跳过 · teams|x", "teams|x"),
    ("operator", {"code": "probe", "reason": {"zh": "探测没有回来", "en": "the probe is late"},
                  "remedy": {"zh": "看日志", "en": "read the log"}}, "探测没有回来 · 看日志", "the probe is late"),
    ("operator", {"why": "KeyError: 'x'", "how": "rebuilt from its timeline"}, "已重建", "rebuilt"),
    ("operator", {"cause": "line_rests", "why": "40% of its calls failed"}, "一条电话线路停用", "line rests"),
    ("operator", {"what": "a code of a newer engine"}, "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "zh", "en"), SAID, ids=lambda v: v if isinstance(v, str) else "")
def test_a_task_says_what_it_is_about(kind: str, data: dict[str, Any], zh: str, en: str) -> None:
    """Where there is no word nothing is said; a mapping, an exception's text, a code never reach the screen."""
    told = [about({"kind": kind, "data": data}, Speech(WORDS, lang)) for lang in ("zh", "en")]

    assert [True, True] == [zh in told[0], en in told[1]]
    assert not any(sign in "".join(told) for sign in ("{", "_", "Error"))


def test_a_line_of_the_audit_says_why() -> None:
    """Our own words are translated; an alert is named by its id; what nobody foresaw stays as it is."""
    zh = Speech(WORDS, "zh")

    said = ("edit form", "alert A1", "dispatcher", "voice", "-", "understood 3")

    assert ["编辑表单", "警情 A1", "调度员", "电话", "–", "understood 3"] == [why(zh, one) for one in said]
