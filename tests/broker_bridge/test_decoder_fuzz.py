"""Whatever comes, a decoder answers: it never raises, never guesses an alarm out of noise, and is quick (P35)."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker_bridge import vendor
from broker_bridge.decoders import DIALECTS, translate
from broker_bridge.decoders.names import ALARMS, MOVES
from domain.events import EMERGENCIES, Message
from domain.foreign import Inside
from tests.town import NOON

_SAMPLES = [json.loads(f.read_text()) for f in sorted((Path(__file__).parent / "fixtures").glob("*.json"))]
_TOPICS = sorted({sample["topic"] for sample in _SAMPLES})
_KEYS = sorted({key for s in _SAMPLES if isinstance(s["payload"], dict) for key in s["payload"]})
_WORDS = [*_KEYS, *ALARMS, *MOVES, "action", "state", "value", "params", "events", "method", "ZbReceived", "history"]
_LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.sampled_from(["", "on", "OFF", "FALSE", "emergency", "nan", "-1", "1970-01-01T00:00:00Z", "261120220311"]),
)  # fmt: skip
_VALUE = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
_JSON = st.dictionaries(st.sampled_from(_WORDS), _VALUE, max_size=6)
_TOPIC = st.one_of(
    st.sampled_from(_TOPICS), st.text(max_size=30), st.lists(st.text("ab/_+#", max_size=4)).map("/".join)
)
_ROLE = st.sampled_from([None, "sos_button", "fall_radar", "smoke_detector", "door_sensor", "no such role"])
_FAST = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@_FAST
@given(topic=_TOPIC, payload=st.binary(max_size=200) | _JSON.map(lambda v: json.dumps(v).encode()), role=_ROLE)
def test_no_decoder_ever_raises(dialect: str, topic: str, payload: bytes, role: str | None) -> None:
    """Also its own guard is not needed: the decoder itself answers, with at least one reading that is JSON."""
    said = DIALECTS[dialect](topic, payload, role)

    assert said.events
    assert all(json.dumps(dict(reading.data)) for reading in said.events)


@pytest.mark.parametrize("sample", _SAMPLES, ids=lambda s: s["topic"])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_sample_is_answered(sample: dict[str, Any], data: st.DataObject) -> None:
    """Cut anywhere, one byte changed: no decoder fails, ``auto`` neither."""
    whole = sample["payload"] if isinstance(sample["payload"], str) else json.dumps(sample["payload"])
    payload = whole.encode("utf-8", "replace")[: data.draw(st.integers(0, len(whole)))]
    payload = payload + data.draw(st.binary(max_size=3))

    said = translate("auto", sample["topic"], payload, sample.get("device_role"))

    assert said.events
    assert "failed" not in (said.unreadable or "")


@_FAST
@given(
    dialect=st.sampled_from(sorted(DIALECTS)), topic=_TOPIC, payload=_JSON.map(lambda v: json.dumps(v).encode()),
    retain=st.booleans(), role=_ROLE,
)  # fmt: skip
def test_translation_always_says_something(
    dialect: str, topic: str, payload: bytes, retain: bool, role: str | None
) -> None:
    """With whatever role the register gives: at least one thing heard, each with an id and data that are JSON."""
    message = Message(f"vendor/{dialect}/site-1/{topic or 'x'}", payload, NOON, retain=retain)

    heard = vendor.translate(message, dict.fromkeys(vendor.names(message), Inside("dev-0001", role)))

    assert heard
    assert all(h.event is None or (h.event.id and json.dumps(dict(h.event.data))) for h in heard)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 60_000,
        b'{"a":' * 20_000,
        b'{"x":"' + b"9" * 100_000 + b'"}',
        b"1" * 120_000,
        b"=&" * 50_000,
        b"\xff" * 9999,
    ],
    ids=["brackets", "braces", "digits", "number", "form", "broken"],
)
def test_hostile_bytes_cost_no_time(dialect: str, payload: bytes) -> None:
    """A hundred kilobytes of nonsense are answered within a second and raise nothing."""
    started = time.perf_counter()

    said = translate(dialect, "zigbee2mqtt/x/state", payload, None)

    assert time.perf_counter() - started < 1.0
    assert not {reading.kind for reading in said.events} & EMERGENCIES
