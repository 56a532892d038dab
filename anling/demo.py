"""The demo: a made-up street, simulated homes and telephones, the whole product; nothing real is ever called."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import urllib3

from anling.house import House
from anling.ledger_here import ledger_here
from anling.move_in import move_in
from anling.private import make_folder
from anling.processes import Started, serving
from anling.settings import Settings
from anling.troupe import Troupe
from broker_bridge.tether import tethered
from domain.errors import ConfigurationError
from store.accounts import Accounts
from store.register import Register
from store.site import parse_site

_SID = "AC" + "0" * 32
_FROM = "+85230009999"
_USER = "demo"
#: written beside the demo's data: addresses and log-in for the drill runner
KIT = "drill.json"
#: there while a drill runs in the demo's street
_HUSH = "hush"
#: a day of the simulated homes passes in three quarters of an hour
_PACE = 32.0
#: the check-in's steps within a minute, and practice homes that are missed within seconds
_QUICK = Path(__file__).parent.parent / "drills" / "setup"
_OUR_PORTS = (("http_port", 8080), ("mqtt_port", 1883))


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo keeps its things and who plays along."""

    folder: Path
    world_port: int
    token: str
    webhook_secret: str
    desk_secret: str

    @property
    def world(self) -> str:
        """Address of the simulated telephones, responders and 120 desk."""
        return f"http://127.0.0.1:{self.world_port}"


def run_demo(asked: Settings, homes: int, first_press: float) -> None:
    """Play until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stage, settings = _prepare(asked)
    _write_street(stage, homes)
    password = _log_in(settings, stage.folder / "site.json")
    players = [_world(stage, settings)]
    troupe = Troupe(stage.folder / KIT)
    try:
        _answering(f"{stage.world}/_sim/health")
        with serving(settings, frozenset({"bridge", "engine", "api"}), troupe) as started:
            players.append(_homes(stage, started.broker_url or "", first_press))
            _drill_kit(settings, started, stage, password)
            _welcome(settings, started, stage, password, first_press)
            try:
                while not stop.wait(1):
                    _still_playing(players)
            finally:
                troupe.stop()
    finally:
        for player in players:
            player.terminate()
        for player in players:
            player.wait(10)


def _prepare(asked: Settings) -> tuple[Stage, Settings]:
    """Free ports where none were asked for, secrets of the demo's own, and every provider address made local."""
    chosen = {name: _free(port) for name, port in _OUR_PORTS if name not in asked.model_fields_set}
    folder = asked.data_dir if "data_dir" in asked.model_fields_set else asked.data_dir / "demo"
    stage = Stage(folder.absolute(), _free(0), "simulated-token", secrets.token_hex(16), secrets.token_hex(16))
    settings = asked.model_copy(update={
        **chosen, "data_dir": stage.folder,
        "checkin_steps": asked.checkin_steps or _QUICK / "checkins.toml",
        "map_boundary": asked.map_boundary or stage.folder / "boundary.geojson",
        "supervision": asked.supervision or _QUICK / "supervision.toml",
        "webhook_secret": stage.webhook_secret, "desk_secret": stage.desk_secret,
        "twilio_account_sid": _SID, "twilio_auth_token": stage.token, "twilio_from": _FROM,
        "twilio_base_url": stage.world, "voice_routes": "*=twilio", "sms_routes": "*=twilio",
    })  # fmt: skip
    if settings.mqtt_url is not None:
        raise ConfigurationError(
            ["ANLING_MQTT_URL: the demo brings its own broker and homes; unset it, or use `anling serve`"]
        )
    make_folder(stage.folder)
    return stage, settings


def _free(port: int) -> int:
    """``port`` if nobody has it, else any free one."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return _free(0)
        return int(probe.getsockname()[1])


def _write_street(stage: Stage, homes: int) -> None:
    _run(["simulators.street", "--homes", str(homes), "--out", str(stage.folder / "site.json"),
          "--world", stage.world, "--seed", "1", "--soon"])  # fmt: skip
    file = stage.folder / "secrets.json"
    file.touch(mode=0o600, exist_ok=True)
    file.write_text(json.dumps({
        "twilio": {"sid": _SID, "token": stage.token},
        "webhook_secret": stage.webhook_secret, "desk_secret": stage.desk_secret,
    }))  # fmt: skip


def _run(arguments: Sequence[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigurationError([f"{arguments[0]} failed: {done.stderr.strip()[-500:]}"])


def _log_in(settings: Settings, site: Path) -> str:
    """The ledger with its street and a log-in whose password is made anew at each start."""
    password = secrets.token_urlsafe(9)
    with ledger_here(settings, upgrade=True) as ledger:
        street = parse_site(site.read_bytes(), site.name)
        Register(ledger).load(street)
        Accounts(ledger).add(_USER, "supervisor", password)
        built = House(settings, ledger)
        built.enforce_plan()
        move_in(built, street, _USER)
    return password


def _world(stage: Stage, settings: Settings) -> subprocess.Popen[bytes]:
    return _play(
        stage, "world", ["simulators.world", "--port", str(stage.world_port), "--public-url", settings.where,
        "--people", str(stage.folder / "people.json"), "--secrets-file", str(stage.folder / "secrets.json"),
        "--sms-url", f"{settings.where}/callbacks/twilio/sms"],
    )  # fmt: skip


def _homes(stage: Stage, broker: str, first_press: float) -> subprocess.Popen[bytes]:
    return _play(
        stage, "homes", ["simulators.homes", "--site", str(stage.folder / "site.json"), "--mqtt", broker,
        "--folder", str(stage.folder / "devices"), "--first-press", str(first_press), "--rate", "20",
        "--pace", str(_PACE), "--hush", str(stage.folder / _HUSH), "--mute", "home-0003", "--mute", "home-0004"],
    )  # fmt: skip


def _play(stage: Stage, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    with (stage.folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            tethered([sys.executable, "-m", *arguments]), stdout=log, stderr=log, env=_quiet(), start_new_session=True
        )


def _quiet() -> dict[str, str]:
    """Simulators get none of our settings: they are outsiders."""
    return {k: v for k, v in os.environ.items() if not k.startswith("ANLING_")}


def _answering(url: str) -> None:
    for _ in range(100):
        try:
            if urllib3.request("GET", url, retries=False, timeout=2).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
    raise ConfigurationError([f"{url} does not answer; see the logs in the demo's folder"])


def _still_playing(players: Sequence[subprocess.Popen[bytes]]) -> None:
    if any(player.poll() is not None for player in players):
        raise ConfigurationError(["a simulator has stopped; see world.log and homes.log in the demo's folder"])


def _drill_kit(settings: Settings, started: Started, stage: Stage, password: str) -> None:
    """What `anling drill run NAME` needs to play against this demo; readable by its owner only."""
    secret = stage.folder / "password"
    secret.touch(mode=0o600, exist_ok=True)
    secret.write_text(password)
    kit = {
        "api": settings.where,
        "mqtt": started.broker_url,
        "world": stage.world,
        "site": str(stage.folder / "site.json"),
        "user": _USER,
        "password-file": str(secret),
        "hush": str(stage.folder / _HUSH),
    }
    (stage.folder / KIT).write_text(json.dumps(kit))


def _welcome(settings: Settings, started: Started, stage: Stage, password: str, first_press: float) -> None:
    broker = (started.broker_url or "").removeprefix("mqtt://")
    print(
        f"""
  安铃 演示  ·  Anling demo                 虚构的街道，模拟的住户和电话 / a made-up street, nothing real is called

  控制台 console    {settings.where}
  用户   user       {_USER}
  密码   password   {password}

  第一次按铃约 {first_press:.0f} 秒后，以后约三分钟一次
  the first press comes in about {first_press:.0f} s, then one in about three minutes
  红色一行没有人接：按 [接警]，再按 [去处置]；半分钟后模拟的医生会接
  a red row is nobody's: press [Claim], then [Work on it]; after half a minute the simulated doctor takes it
  MQTT   {broker}        数据 data  {stage.folder}
  Ctrl-C 结束 / to stop
""",
        flush=True,
    )
