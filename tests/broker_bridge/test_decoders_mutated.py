"""Real payloads, changed as other models and firmwares change them: the main meaning stays."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker_bridge.decoders import translate
from broker_bridge.decoders.platforms import PLATFORMS

_NAMES = {"onenet_nb": "onenet", "g616_watch": "g616", "dexa_pager": "dexa", "eldercare_push": "eldercare"}
_FILES = sorted((Path(__file__).parent / "fixtures").glob("*.json"))


def dialect_of(file: Path) -> str:
    """The dialect a fixture is written in."""
    family = file.stem.split("__")[0]
    return _NAMES.get(family, family.split("_")[0])


SAMPLES = [
    (dialect_of(file), json.loads(file.read_text()), file.stem) for file in _FILES if dialect_of(file) in PLATFORMS
]


def backwards(value: Any) -> Any:
    """Every object with its fields in the other order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(item) for item in value] if isinstance(value, list) else value


def wider(value: Any) -> Any:
    """Every object with fields of a newer firmware."""
    if isinstance(value, dict):
        return {"note": "x", **{key: wider(item) for key, item in value.items()}, "newer": None}
    return [wider(item) for item in value] if isinstance(value, list) else value


def texts(value: Any) -> Any:
    """Every number and every truth written as text."""
    if isinstance(value, dict):
        return {key: texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [texts(item) for item in value]
    return str(value) if isinstance(value, bool | int | float) else value


def renamed(value: Any) -> Any:
    """The same device by another model's name."""
    text = json.dumps(value)
    for model in ("WS101", "WS202", "VS373", "AT101", "PB01-L", "LDS02", "LWL02", "EV-07B", "EV07B"):
        text = text.replace(model, "XY999")
    return json.loads(text)


@pytest.mark.parametrize("change", [backwards, wider, texts, renamed])
@pytest.mark.parametrize(("dialect", "sample"), [row[:2] for row in SAMPLES], ids=[row[2] for row in SAMPLES])
def test_a_changed_sample_means_the_same(dialect: str, sample: dict[str, Any], change: Any) -> None:
    """Order, more fields, numbers as text, another model: the first kind and those beside it are the same."""
    payload = sample["payload"]
    if isinstance(payload, str):
        pytest.skip("a form has no objects")

    said = translate(dialect, sample["topic"], json.dumps(change(payload)).encode(), sample.get("device_role"))

    kinds = [str(reading.kind) for reading in said.events]
    assert sample["expect"] == kinds[0]
    assert set(sample.get("also", ())) <= set(kinds)
