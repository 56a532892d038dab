"""Every word on every page comes from the catalogue, in both languages."""

import re
from pathlib import Path

import pytest

import api
from api.language import Speech, load
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
