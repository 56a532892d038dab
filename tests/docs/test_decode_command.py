"""``anling decode`` and ``anling inbox``: what an installer types at a kitchen table."""

import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anling.cli import cli


@pytest.mark.parametrize(
    ("dialect", "topic", "payload", "kinds", "readable"),
    [
        ("z2m", "zigbee2mqtt/bedside", b'{"action":"single","battery":0}', ["sos", "battery_low"], True),
        ("auto", "zigbee2mqtt/bedside", b'{"smoke":true}', ["smoke"], True),
        ("anling", "anling/v1/up/dev-0001/event", b"\x00\x01\xff", ["unknown"], False),
        ("no such maker", "x", b"{}", ["unknown"], False),
    ],
)
def test_one_payload_is_one_object(dialect: str, topic: str, payload: bytes, kinds: list[str], readable: bool) -> None:
    """JSON on standard output, exit status 0 also for what cannot be read; no settings, no database."""
    found = CliRunner().invoke(
        cli, ["decode", "--dialect", dialect, "--topic", topic, "--role", "sos_button"], input=payload
    )

    said = json.loads(found.stdout_bytes)
    assert (0, dialect, kinds) == (found.exit_code, said["dialect"], [e["kind"] for e in said["events"]])
    assert {"kind", "data", "device"} == said["events"][0].keys()
    assert readable is (said["unreadable"] is None)


def test_the_quarantine_is_listed_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty ledger says so; both commands work before anything was ever served."""
    monkeypatch.setenv("ANLING_DATA_DIR", str(tmp_path))

    listed = CliRunner().invoke(cli, ["inbox", "list", "--json"])
    again = CliRunner().invoke(cli, ["inbox", "replay", "--json"])

    assert (0, []) == (listed.exit_code, json.loads(listed.stdout))
    assert {"tried": 0, "understood": 0, "alerts": []} == json.loads(again.stdout)


def test_a_terminal_of_another_language_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese in a payload is printed where the terminal speaks ASCII."""
    from anling.cli_decode import decode

    class Source:
        buffer = BytesIO('{"action":"呼救","battery":3}'.encode())

    out = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdin", Source())
    monkeypatch.setattr(sys, "stdout", out)

    decode("zigbee2mqtt/卧室", "z2m", "sos_button")

    assert b"sos" in out.buffer.getvalue()  # type: ignore[attr-defined]
