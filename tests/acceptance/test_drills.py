"""The drills that come with the product, against the real thing at many times its pace; and that the judge can fail."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import ended
from tests.acceptance.installation import ANLING, PASSWORD, ROOT, Installation, Process
from tests.acceptance.outside import Sink, eventually, free_port

pytestmark = pytest.mark.mosquitto

TEMPLATE = ROOT / "escalation" / "plans" / "changning.toml"
SCALE = 0.1 if os.environ.get("ANLING_PROVE") else 0.02
TOKEN, WEBHOOK, DESK = "simulated-token", "w" * 32, "d" * 32
_UNITS = {"s": 1, "m": 60, "h": 3600}


def faster(text: str, scale: float = SCALE) -> str:
    """The same plan with every duration made shorter."""
    def shorter(found: re.Match[str]) -> str:
        return f'"{float(found[1]) * _UNITS[found[2]] * scale:.3f}s"'

    return re.sub(r'"(\d+)([smh])"', shorter, text)


class Street(Installation):
    """A made-up street with its simulated world of telephones, responders and a 120 desk."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        super().__init__(folder, None, sink, None)
        self.world = f"http://127.0.0.1:{free_port()}"
        self.site = folder / "site.json"
        self.password = folder / "password"
        self.extra = {
            "ANLING_TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "ANLING_TWILIO_AUTH_TOKEN": TOKEN,
            "ANLING_TWILIO_FROM": "+85230009999", "ANLING_TWILIO_BASE_URL": self.world,
            "ANLING_VOICE_ROUTES": "*=twilio", "ANLING_SMS_ROUTES": "*=twilio",
            "ANLING_WEBHOOK_SECRET": WEBHOOK, "ANLING_DESK_SECRET": DESK,
        }  # fmt: skip

    def settle(self) -> None:
        """Make the street, import it, add the drill leader's log-in, start the world."""
        make = ["simulators.street", "--homes", "2", "--out", str(self.site), "--world", self.world]
        subprocess.run([sys.executable, "-m", *make], env=self.env(), check=True, capture_output=True)
        self.run("import", str(self.site))
        self.password.write_text(PASSWORD)
        self.run("user", "add", "leader", "--role", "supervisor", "--password-stdin", said=PASSWORD + "\n")
        self.processes.append(Process(
            [sys.executable, "-m", "simulators.world", "--port", self.world.rpartition(":")[2],
             "--people", str(self.folder / "people.json"), "--public-url", self.url,
             "--sms-url", f"{self.url}/callbacks/twilio/sms", "--time-scale", str(SCALE), "--twilio-token", TOKEN,
             "--webhook-secret", WEBHOOK, "--desk-secret", DESK],
            self.env(), self.folder / "world.log",
        ))  # fmt: skip
        eventually(lambda: "outside" in self.processes[-1].words(), 20, "the world")

    def drill(self, name: str) -> tuple[int, Mapping[str, Any]]:
        """Run a drill as the drill leader does; its exit status and its verdict."""
        command = [
            str(ANLING), "drill", "run", name, "--", "--api", self.url, "--mqtt", self.mqtt, "--world", self.world,
            "--site", str(self.site), "--user", "leader", "--password-file", str(self.password),
            "--time-scale", str(SCALE), "--slack", "0.6", "--json",
        ]  # fmt: skip
        done = subprocess.run(command, env=self.env(), capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def street(tmp_path: Path, sink: Sink) -> Iterator[Street]:
    """The street, its world running, nothing of ours yet."""
    street = Street(tmp_path / "street", sink)
    street.settle()
    yield from ended(street)  # type: ignore[misc]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_drills_pass(street: Street) -> None:
    """Every drill in ``drills/``, by the district's own plan."""
    street.write_plan(faster(TEMPLATE.read_text()))
    street.serve()

    verdicts = {file.stem: street.drill(file.stem) for file in sorted((ROOT / "drills").glob("*.toml"))}

    failed = {name: verdict["findings"] for name, (code, verdict) in verdicts.items() if code}
    assert {} == failed
    assert len(verdicts) >= 5


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_judge_can_fail(street: Street) -> None:
    """A plan that disturbs the street office at once, without asking the doctor alone first, does not pass."""
    street.write_plan(faster(TEMPLATE.read_text().replace('after = "60s"', 'after = "0s"')))
    street.serve()

    assert 1 == street.drill("button")[0]
    assert 1 == street.drill("nobody_answers")[0]
