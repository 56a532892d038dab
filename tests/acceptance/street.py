"""A made-up street with its simulated world, and the district's plan at many times its pace."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.acceptance.installation import ANLING, PASSWORD, ROOT, Installation, Process
from tests.acceptance.outside import Sink
from tests.waiting import eventually, free_port

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
            "ANLING_CHECKIN_STEPS": str(ROOT / "drills" / "setup" / "checkins.toml"),
            "ANLING_SUPERVISION": str(ROOT / "drills" / "setup" / "supervision.toml"),
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
