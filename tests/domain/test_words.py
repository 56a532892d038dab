"""The catalogue: alike in both languages, or refused with everything that is wrong."""

from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from domain.words import Catalogue


def test_a_sentence_is_filled_in() -> None:
    """Dotted keys find nested sentences; values fill their places."""
    catalogue = Catalogue({"key": {"taken": "{name}已接手"}}, {"key": {"taken": "taken by {name}"}})

    said = [catalogue.say("key.taken", code, name="王医生") for code in ("zh", "en")]

    assert ["王医生已接手", "taken by 王医生"] == said


def test_a_value_is_never_read_as_a_sentence() -> None:
    """Braces in a name stay what they are."""
    catalogue = Catalogue({"a": "{name}"}, {"a": "{name}"})

    said = catalogue.say("a", "zh", name="{0.__class__}")

    assert "{0.__class__}" == said


def test_values_may_have_any_name() -> None:
    """``key`` and ``language`` are names like others."""
    catalogue = Catalogue({"a": "{key}{language}{self}"}, {"a": "{key}{language}{self}"})

    said = catalogue.say("a", "zh", key=1, language=2, self=3)

    assert "123" == said


@pytest.mark.parametrize(
    ("key", "language", "values"),
    [
        ("b", "zh", {"name": "x"}),  # no such sentence
        ("a", "fr", {"name": "x"}),  # no such language
        ("a", "zh", {}),  # no value
    ],
)
def test_what_is_missing_is_an_error_at_once(key: str, language: str, values: dict[str, str]) -> None:
    """A missing key, language or value is a ``KeyError``, never an empty sentence."""
    catalogue = Catalogue({"a": "{name}"}, {"a": "{name}"})

    with pytest.raises(KeyError):
        catalogue.say(key, language, **values)


def test_all_problems_come_at_once() -> None:
    """Missing keys on both sides, other placeholders, empty and broken sentences: one list."""
    zh = {"a": "甲", "c": "{x}", "d": " ", "e": "{", "f": 1, "g": "{a.b}", "h": "{0}"}
    en = {"b": "B", "c": "{y}", "d": "D", "e": "E", "f": "F", "g": "G", "h": "H"}

    with pytest.raises(ConfigurationError) as refused:
        Catalogue(zh, en)

    said = "\n".join(refused.value.problems)
    assert 8 == len(refused.value.problems)
    for beginning in ("en: a:", "zh: b:", "c: {x, y}", "zh: d:", "zh: e:", "zh: f:", "zh: g:", "zh: h:"):
        assert beginning in said


def test_a_catalogue_knows_its_keys_and_what_they_need() -> None:
    """``keys``, ``in`` and ``needs`` let tests compare what is used with what is there."""
    catalogue = Catalogue({"a": {"b": "{n}{m}"}}, {"a": {"b": "{m}{n}"}})

    known = (catalogue.keys(), "a.b" in catalogue, "a" in catalogue, catalogue.needs("a.b"))

    assert (frozenset({"a.b"}), True, False, frozenset({"n", "m"})) == known


def test_files_are_read(tmp_path: Path) -> None:
    """TOML in UTF-8."""
    (tmp_path / "zh.toml").write_text('[key]\nwrong = "按键不对"\n', "utf-8")
    (tmp_path / "en.toml").write_text('[key]\nwrong = "wrong key"\n', "utf-8")

    catalogue = Catalogue.load(tmp_path / "zh.toml", tmp_path / "en.toml")

    assert "按键不对" == catalogue.say("key.wrong", "zh")


def test_files_that_cannot_be_read_are_named_together(tmp_path: Path) -> None:
    """A missing file and a broken one are two problems of one error."""
    (tmp_path / "en.toml").write_text("= nonsense", "utf-8")

    with pytest.raises(ConfigurationError) as refused:
        Catalogue.load(tmp_path / "zh.toml", tmp_path / "en.toml")

    assert ["zh.toml", "en.toml"] == [problem.split(":")[0] for problem in refused.value.problems]
