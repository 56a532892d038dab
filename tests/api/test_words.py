"""Every word on every page comes from the catalogue, in both languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import api
from api.language import Speech, load
from api.refusals import in_words
from domain.alerts import Cause, Outcome, Severity, Step, TrackState, VoiceCheck
from domain.events import Kind
from domain.people import OPERATOR_ROLES, ROLES
from domain.tasks import TaskKind

ROOT = Path(api.__file__).parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static").glob("*.js"))
WORDS = load()
HAN = re.compile(r"[\u4e00-\u9fff]")
#: letters that are no language: units, keys on the keyboard, a tick
NEUTRAL = {"A", "C", "P", "O", "X", "ID", "OK", "CSV", "XLSX", "JSON", "GeoJSON", "TOTP", "K", "M", "WGS"}


def _text_of(template: str) -> str:
    """What a template says by itself: no tags, no expressions, no comments, nothing to be typed on a command line."""
    classes = re.sub(r"\{% block (page|body) %\}[\w ]*", " ", template)
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->", " ", classes, flags=re.S)
    return re.sub(r"<code.*?</code>|<[^>]*>", " ", bare, flags=re.S)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_a_template_says_nothing_by_itself(path: Path) -> None:
    """No Chinese and no English between the tags: every sentence is asked from the catalogue."""
    text = _text_of(path.read_text("utf-8"))

    assert [] == HAN.findall(text)
    assert [] == [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in NEUTRAL]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_a_script_says_nothing_by_itself(path: Path) -> None:
    """No Chinese in the code, and every sentence it asks for is there."""
    text = path.read_text("utf-8")
    asked = set(re.findall(r"""say\("([a-z_]+\.[a-z_0-9]+)\"""", text))

    assert [] == HAN.findall(text)
    assert set() == asked - WORDS.keys()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_a_template_asks_for_what_there_is(path: Path) -> None:
    """A missing sentence would be an error page at three in the morning."""
    text = path.read_text("utf-8")
    asked = set(re.findall(r"""say\(["']([a-z_0-9]+\.[a-z_0-9]+)["'][,)]""", text))

    assert set() == asked - WORDS.keys()


FAMILIES = {
    "kind": Kind, "severity": Severity, "state": TrackState, "step": Step, "voice": VoiceCheck, "outcome": Outcome,
    "cause": Cause, "task": TaskKind, "role": (*ROLES, *OPERATOR_ROLES),
}  # fmt: skip


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_code_has_a_word(family: str) -> None:
    """Codes never reach the screen."""
    assert [] == [str(code) for code in FAMILIES[family] if f"{family}.{code}" not in WORDS]


def test_no_sentence_was_left_in_the_other_language() -> None:
    """English holds no Chinese but names of places and people; Chinese is not the English text."""
    zh, en = Speech(WORDS, "zh").part(tuple(_families())), Speech(WORDS, "en").part(tuple(_families()))
    allowed = {"site.name", "site.language"}
    same = [key for key in zh if zh[key] == en[key] and re.search(r"[A-Za-z]{4,}", zh[key]) and HAN.search(en[key])]

    assert [] == [key for key in sorted(en) if HAN.search(en[key]) and key not in allowed]
    assert [] == same


def _families() -> set[str]:
    return {key.partition(".")[0] for key in sorted(WORDS.keys())}


#: where a line stands, told without its file
_PREFIXES = {"7, column 7: 7: 7"}
#: what each of these files says was wrong reaches a screen; ``Refused`` does from everywhere
CHECKS = (
    "store/site.py", "store/site_duty.py", "store/references.py", "store/accounts.py", "store/register.py",
    "store/register_rows.py", "store/commissioning.py", "records/sheets.py", "records/imports.py", "records/editor.py",
    "domain/checkins.py", "domain/choices.py", "escalation/admission.py",
    "escalation/plan.py", "escalation/plan_streets.py", "escalation/plan_check.py", "escalation/conditions.py",
    "anling/cli_plan.py",
)  # fmt: skip
#: how a checking file says what is wrong; `what` holds it for a line or two
_SAYING = ("Refused", "ConfigurationError", "ValueError", "append", "problem", "_problem", "setdefault")


def _sentence(node: ast.AST) -> str:
    """A string of the program, with ``7`` for each value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    if isinstance(node, ast.BinOp):
        return (_sentence(node.left) or "7") + (_sentence(node.right) or "7")
    return ""


def _collects(node: ast.AST) -> bool:
    """A yield, a list that grows, or a sentence held under the name ``what``."""
    held = isinstance(node, ast.Assign) and "what" in {getattr(target, "id", "") for target in node.targets}
    return held or (isinstance(node, ast.Yield | ast.AugAssign) and node.value is not None)


def _said_by(path: Path, checks: bool) -> Iterator[str]:
    """The sentences of refusals, and of a checking file all that it collects, yields or raises."""
    names = _SAYING if checks else ("Refused",)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        said: list[ast.AST] = []
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
            said = [*node.args]
        elif checks and _collects(node):
            said = [node.value]  # type: ignore[attr-defined]
        for one in said:
            inner = [*getattr(one, "elts", [])] or [getattr(one, "elt", one)]
            yield from (text for part in inner if " " in (text := _sentence(getattr(part, "value", part) if
                        isinstance(part, ast.Starred) else part)))  # fmt: skip


def test_every_refusal_has_its_chinese() -> None:
    """Whoever adds a check, or a reason to refuse, says it in both languages (api/words/refusals.toml)."""
    rooms = ("store", "escalation", "homes", "records", "api")
    files = {path: False for room in rooms for path in (ROOT.parent / room).rglob("*.py")}
    files |= {ROOT.parent / name: True for name in CHECKS}
    said = {text for path, checks in files.items() for text in _said_by(path, checks)}

    assert len(said) > 80
    assert [] == sorted(text for text in said if not HAN.search(in_words(text, "zh")) and text not in _PREFIXES)


@pytest.mark.parametrize(("said", "chinese"), [
    ("a.csv: row 7, column birth: '19x6': write a date as 1936-05-01",
     "a.csv：第 7 行，列“出生日期”：'19x6'：请写日期，如 1936-05-01"),
    ("s.json: homes[0].checkin: Value error, by: 'x' is not a time; write \"09:30\"; ways: write some of a, b",
     "s.json：homes[0].checkin：by：'x' 不是时间，请写 09:30；ways：请从中选：a, b"),
    ("homes[0].location: Value error, lat: give degrees from -90 to 90; crs: 'MARS' is no datum; write one of WGS84",
     "homes[0].location：lat：请写度数，-90 至 90；crs：没有坐标系 'MARS'；请从中选一：WGS84"),
    ("120 could not be reached from 2026-12-01 08:00 to 2026-12-02 08:00 (taken off): name somebody who comes in"
     " their place, or say allow_gaps if it must be so",
     "这些时段呼不到 120：2026-12-01 08:00 至 2026-12-02 08:00（换班后无人）。"
     "请写由谁代替；确需如此，勾选“即使 120 席位无人也登记”"),
    ("dispatch 120 everywhere 2026-12-01 08:00 to 2026-12-02 08:00 (no shift): nobody of 120 could be called",
     "120，全区，2026-12-01 08:00 至 2026-12-02 08:00（无人排班）：这段时间 120 无人可呼"),
    ("police 310105001 2026-12-01 08:00 to 2026-12-02 08:00 (no shift)",
     "派出所，街道 310105001，2026-12-01 08:00 至 2026-12-02 08:00（无人排班）"),
    ("x.json: not JSON: unexpected end of data: line 1 column 14 (char 13)",
     "x.json：不是 JSON：第 1 行第 14 列处读不下去（unexpected end of data）"),
    ("not yet: d-1 (sos_button): press it and see it arrive; r:contact:0: call and speak with them",
     "还不能签收：d-1（sos_button）：请按响并看到信号；r:contact:0：请打通并通话"),
    ("responder: no responder 'x'; add it under responders; team: no team 't'; add it under teams",
     "responder：没有人员 'x'，请先在 responders 里加上；team：没有班组 't'，请先在 teams 里加上"),
    ("a line of a newer room", "a line of a newer room"),
])  # fmt: skip
def test_a_refusal_is_told_part_by_part(said: str, chinese: str) -> None:
    """Where, what, and several at once; values stay, what nobody foresaw stays, English stays English."""
    assert (chinese, said) == (in_words(said, "zh"), in_words(said, "en"))
