"""Real payloads of real makers, each with what it must mean (fixtures: topic, payload, ``expect``, ``also``)."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker_bridge.decoders import DIALECTS, translate
from domain.events import RAISING

_FOLDER = Path(__file__).parent / "fixtures"
SAMPLES = sorted(_FOLDER.glob("*.json"))
#: what a fixture's name begins with, where that is not the dialect
_NAMES = {
    "canonical": "anling", "robust": "anling", "ha": "homeassistant", "onenet_nb": "onenet", "g616_watch": "g616",
    "dexa_pager": "dexa", "eldercare_push": "eldercare", "thingsboard_gateway": "thingsboard", "awish": "auto",
    "cassia_gateway": "auto", "milesight_vs373_direct": "milesight", "ttn_v3": "ttn",
}  # fmt: skip


def dialect_of(file: Path) -> str:
    """The dialect a fixture is written in, from its name."""
    family = file.stem.split("__")[0]
    found = [name for name in _NAMES if family.startswith(name)]
    return _NAMES[max(found, key=len)] if found else family.split("_")[0]


def _bytes(payload: Any) -> bytes:
    if isinstance(payload, str):
        return payload.encode("latin-1") if "\x00" in payload else payload.encode()
    return json.dumps(payload, ensure_ascii=False).encode()


def told(file: Path) -> dict[str, Any]:
    """A fixture with its payload as bytes."""
    sample: dict[str, Any] = json.loads(file.read_text())
    return sample | {"payload": _bytes(sample["payload"])}


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_a_sample_means_what_its_maker_meant(file: Path) -> None:
    """The main event comes first, the others are there too, and nothing else that would raise an alert."""
    sample, dialect = told(file), dialect_of(file)

    said = translate(dialect, sample["topic"], sample["payload"], sample.get("device_role"))

    kinds = [str(reading.kind) for reading in said.events]
    assert sample["expect"] == kinds[0]
    assert set(sample.get("also", ())) <= set(kinds)
    assert {sample["expect"], *sample.get("also", ())} >= {str(kind) for kind in kinds if kind in RAISING}


def test_every_dialect_of_the_wire_has_a_decoder() -> None:
    """The names of wire.md section 2, all of them and no other."""
    names = (
        "anling z2m chirpstack ttn owntracks shelly theengs tasmota esphome homeassistant zwavejs rtl433 traccar "
        "thingsboard milesight ctwing onenet iotda aiqiangua g616 jjt eldercare dexa withings auto"
    )

    assert set(names.split()) == set(DIALECTS)
