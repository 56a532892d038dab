"""The small readers that all decoders share: clocks, numbers, yes and no, forms."""

from datetime import UTC, datetime
from typing import Any

import pytest

from broker_bridge.decoders import body, value
from broker_bridge.decoders.auto import guess
from broker_bridge.decoders.moment import moment
from tests.broker_bridge.test_decoder_samples import SAMPLES, dialect_of, told

_PRESS = datetime(2026, 11, 20, 14, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-20T14:03:11Z", "2026-11-20T22:03:11+08:00", "2026-11-20 22:03:11", "2026/11/20 22:03:11",
        "20261120220311", "261120220311", 1795183391, 1795183391000, 1795183391000000, "1795183391", "1795183391000",
        "2026-11-20T14:03:11.000000000Z",
    ],
)  # fmt: skip
def test_a_makers_clock_is_read(said: Any) -> None:
    """With and without a zone, seconds to microseconds, two-digit years (rule 11)."""
    assert _PRESS == moment(said)


@pytest.mark.parametrize(
    "said", [None, 0, 1, "", "1970-01-01T00:00:00Z", "2106-02-07", True, [], "soon", 1e300, "9" * 40]
)
def test_what_cannot_be_true_is_no_time(said: Any) -> None:
    """1970, the far future, null: no time, and no exception (rule 11)."""
    assert moment(said) is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [(0, 0), ("80%", 80), (-1, None), (255, None), (None, None), ("nan", None), (True, None), ([], None)],
)
def test_a_battery_without_a_value_is_not_empty(said: Any, kept: float | None) -> None:
    """null, -1 and a sensor's maximum are no value (rule 4)."""
    assert kept == value.percent(said)


def test_a_pulse_of_nobody_is_not_measured() -> None:
    """0 bpm because it is not worn, 255 because it is broken: no vital (rule 4)."""
    assert {"spo2_pct": 96.0} == value.vitals({"hr_bpm": 0, "spo2_pct": 96, "temp_c": 255, "resp_rpm": None})


@pytest.mark.parametrize(
    ("said", "meant"), [("FALSE", False), ("TRUE", True), (0, False), ("", None), (None, None), (2, None)]
)
def test_yes_and_no_in_the_makers_spellings(said: Any, meant: bool | None) -> None:
    """A text "FALSE" is no; nothing said is neither (rule 5)."""
    assert meant is value.truth(said)


def test_a_form_is_read_with_its_first_values() -> None:
    """Encoded, with empty fields, a name twice; what is no form says so."""
    assert ({"a": "1 2", "b": ""}, None) == body.form(b"a=1+2&b=&a=9")
    assert body.form(b"\x00\x01")[0] is None


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_auto_reads_every_sample_as_its_own_dialect_does(file: Any) -> None:
    """A hub whose dialect nobody wrote down is understood all the same; no kind is guessed."""
    sample, dialect = told(file), dialect_of(file)

    guessed = guess(sample["topic"], sample["payload"])

    assert guessed in (dialect, None)
    assert guessed is not None or dialect == "auto"
