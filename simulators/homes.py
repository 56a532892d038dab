"""A street of simulated homes in one process: every device on line, and now and then somebody presses.

``python -m simulators.homes --site site.json --mqtt mqtt://127.0.0.1:1883 --folder DIR``
"""

import argparse
import json
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from simulators.device import Device, Traits
from simulators.envelope import DeviceClock
from simulators.hush import Hush
from simulators.living import Living, by_home
from simulators.loop import Loop
from simulators.radio import Ears, Login, Radio
from simulators.sitefile import Site, SiteDevice, read_site
from simulators.trouble import Trouble, parse_trouble

#: a hub of another maker says nothing of itself on our topics
_GONE = b'{"v":1,"state":"offline","boot":1,"reason":"lwt"}'
#: Roles that a resident presses by hand.
_PRESSED = ("sos_button", "wristband", "pull_cord")
_TICK_S = 0.05


@dataclass(frozen=True, slots=True)
class Habits:
    """When somebody presses."""

    #: seconds until the first press; None is never
    first_press_s: float | None = 8.0
    #: presses per hour of the whole street after the first one
    per_hour: float = 0.0
    #: the same seed presses in the same homes in the same order
    seed: int = 1


@dataclass(slots=True)
class Fleet:
    """All ``anling`` devices of a site on one thread, each with its own connection and flash folder."""

    site: Site
    url: str
    folder: Path
    heartbeat_s: float = 60.0
    say: Callable[[str], None] = print
    devices: dict[str, Device] = field(default_factory=dict)
    #: homes where nobody answers when the device asks whether all is well
    mute: frozenset[str] = frozenset()
    traits: dict[str, Traits] = field(default_factory=dict)
    _loop: Loop = field(default_factory=Loop)
    _hubs: dict[str, Radio] = field(default_factory=dict)
    #: press id → (device id, when it was pressed)
    _open: dict[str, tuple[str, float]] = field(default_factory=dict)

    def start(self, only: Sequence[str] = ()) -> None:
        """Switch devices on: all, or only those named. They dial for ever when the broker is away."""
        for row in self.site.devices.values():
            if not row.gateway and (not only or row.id in only):
                self.devices[row.id] = self._make(row)
        hubs = {foreign.hub: foreign.secret for foreign in self.site.foreign} if not only else {}
        for hub, secret in hubs.items():
            ears = Ears(lambda: None, lambda _topic, _payload: None, lambda h=hub: (f"anling/v1/status/{h}", _GONE))  # type: ignore[misc]
            self._hubs[hub] = Radio(Login(self.url, hub, secret), ears, self._loop)
            self._loop.call(self._hubs[hub].dial)

    def tell(self, row: SiteDevice, kind: str, data: Mapping[str, Any]) -> None:
        """Telemetry of one device, a child's through its gateway; nothing while it has no power."""
        speaker = self.devices.get(row.gateway or row.id)
        if speaker is not None:
            speaker.tell(kind, data, row.id if row.gateway else None)

    def push(self, hub: str, topic: str, payload: bytes) -> None:
        """A payload of another maker, as its hub publishes it."""
        radio = self._hubs.get(hub)
        if radio is not None:
            self._loop.call(partial(_publish, radio, topic, payload))

    def strike(self, trouble: Trouble) -> None:
        """Something goes wrong; what lasts only for a while comes back by itself."""
        self.say(f"{_clock()} 故障 trouble  {trouble.sort}  {trouble.device or '整条街 the street'}")
        if trouble.sort == "power":
            self._dark(list(self.devices), trouble.lasts)
            return
        row = self.site.devices[trouble.device]
        speaker = self.devices[row.gateway or row.id]
        if trouble.sort == "jam":
            speaker.stick(1.0)
        elif trouble.sort == "battery":
            speaker.drain(9)
            self._loop.later(5.0, lambda: self._loop.apart(speaker.kill))
        elif trouble.sort == "hub":
            self._dark([speaker.id], trouble.lasts)
        else:
            traits = {"clock": Traits(clock=DeviceClock("unsynced", -3 * 86400.0), heartbeat_s=self.heartbeat_s),
                      "resend": Traits(echoes=2, heartbeat_s=self.heartbeat_s)}  # fmt: skip
            self.traits[speaker.id] = traits[trouble.sort]
            self._dark([speaker.id], 0.5)

    def _dark(self, names: Sequence[str], lasts: float) -> None:
        """Without power; with ``lasts`` it comes back after so many seconds."""
        rows = [self.site.devices[name] for name in names]
        for name in names:
            self.devices.pop(name).kill()
        if lasts > 0:
            self._loop.later(lasts, lambda: self._loop.apart(lambda: self._light(rows)))

    def _light(self, rows: Sequence[SiteDevice]) -> None:
        for row in rows:
            self.devices[row.id] = self._make(row)

    def press(self, device_id: str, kind: str = "sos", drill: bool = False) -> str:
        """Press one device (a child through its gateway). Returns the id of the press."""
        row = self.site.devices[device_id]
        speaker = self.devices[row.gateway or row.id]
        press = speaker.press(kind, drill, child=row.id if row.gateway else None)
        self._open[press] = (speaker.id, time.monotonic())
        self.say(f"{_clock()} 按下 pressed  {row.id}  {row.home}  {kind}  {press}")
        return press

    def report(self) -> None:
        """Say which presses have got their receipt since the last time."""
        for press, (speaker, pressed_at) in list(self._open.items()):
            receipt = self.devices[speaker].receipts.get(press)
            if receipt is not None:
                del self._open[press]
                waited = time.monotonic() - pressed_at
                self.say(f"{_clock()} 回执 receipt  {press}  {receipt.get('result')}  "
                         f"警情 alert {receipt.get('alert')}  {waited:.2f} s")

    def stop(self) -> None:
        """Switch everything off. What has no receipt stays on flash for the next start."""
        for device in self.devices.values():
            device.stop()
        for radio in self._hubs.values():
            self._loop.call(radio.cut)
        self._loop.stop()

    def _make(self, row: SiteDevice) -> Device:
        answer = None if row.home in self.mute else 2.0
        traits = self.traits.get(row.id) or Traits(heartbeat_s=self.heartbeat_s, answers_checkin_s=answer)
        return Device(row.id, self.url, row.secret, self.folder / row.id, traits, self._loop)


def live(
    fleet: Fleet, habits: Habits, leave: threading.Event, living: Living | None = None,
    troubles: Sequence[Trouble] = (), hush: Hush | None = None,
) -> None:  # fmt: skip
    """Let the street live until ``leave`` is set: the first press after a while, then at random, never in a drill."""
    began, ahead = time.monotonic(), sorted(troubles, key=lambda trouble: trouble.at)
    chance = random.Random(habits.seed)
    buttons = [row.id for row in fleet.site.devices.values() if row.role in _PRESSED]
    due = _first(habits, chance)
    while not leave.wait(_TICK_S):
        fleet.report()
        elapsed = time.monotonic() - began
        if living is not None:
            living.turn(elapsed)
        while ahead and ahead[0].at <= elapsed:
            fleet.strike(ahead.pop(0))
        if due is not None and buttons and time.monotonic() >= due and not hush:
            fleet.press(chance.choice(buttons))
            due = _next(habits, chance)


def press_once(fleet: Fleet, device_id: str, kind: str, drill: bool, timeout: float) -> int:
    """One press; print its receipt. 0: stored; 1: refused, or no receipt within ``timeout`` seconds."""
    row = fleet.site.devices.get(device_id)
    if row is None:
        known = ", ".join(list(fleet.site.devices)[:5])
        return _fail(f"没有这个设备 / no such anling device: {device_id}: the site file has {known} …")
    speaker = row.gateway or row.id
    fleet.start([speaker])
    try:
        press = fleet.press(device_id, kind, drill)
        receipt = fleet.devices[speaker].wait_receipt(press, timeout)
    except TimeoutError as error:
        return _fail(str(error))
    finally:
        fleet.stop()
    print(json.dumps(receipt, ensure_ascii=False), flush=True)
    return 0 if receipt.get("result") == "stored" else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Exit status 0 is success."""
    options = _parser().parse_args(arguments)
    try:
        site = read_site(options.site)
        fleet = Fleet(site, options.mqtt, options.folder, options.heartbeat, _print, mute=frozenset(options.mute))
        if options.press:
            return press_once(fleet, options.press, options.kind, options.drill, options.timeout)
        fleet.start()
        troubles = [parse_trouble(text) for text in options.trouble]
        _check(troubles, site)
    except ValueError as error:
        return _fail(str(error))
    living = Living(by_home(chain(site.devices.values(), site.foreign)), fleet.tell, fleet.push, options.seed,
                    options.pace, _morning(options.pace))  # fmt: skip
    leave = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: leave.set())
    _print(f"{_clock()} 模拟住户 homes  {len(site.homes)} 户 homes  {len(fleet.devices)} 台 devices")
    habits = Habits(options.first_press, options.rate, options.seed)
    live(fleet, habits, leave, living if options.pace else None, troubles, Hush(options.hush))
    fleet.stop()
    return 0


def _first(habits: Habits, chance: random.Random) -> float | None:
    if habits.first_press_s is None or habits.first_press_s < 0:
        return _next(habits, chance)
    return time.monotonic() + habits.first_press_s


def _next(habits: Habits, chance: random.Random) -> float | None:
    return time.monotonic() + chance.expovariate(habits.per_hour / 3600) if habits.per_hour > 0 else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("simulators.homes", description="模拟住户 / simulated homes")
    parser.add_argument("--site", type=Path, required=True, help="站点文件 / site file")
    parser.add_argument("--mqtt", default="mqtt://127.0.0.1:1883", help="mqtt://host:port")
    parser.add_argument("--folder", type=Path, required=True, help="设备闪存 / the devices' flash")
    parser.add_argument("--first-press", type=float, default=8.0, help="seconds; negative: none")
    parser.add_argument("--hush", type=Path, help="有此文件则不随机按铃 / nobody presses while it is there")
    parser.add_argument("--rate", type=float, default=0.0, help="每小时按下次数 / presses per hour")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same presses")
    parser.add_argument("--heartbeat", type=float, default=60.0, help="seconds")
    parser.add_argument("--mute", action="append", default=[], metavar="HOME", help="设备询问时无人答 / nobody answers")
    parser.add_argument("--pace", type=float, default=1.0, help="一天过多快 / virtual per real seconds; 0: no rhythm")
    parser.add_argument("--trouble", action="append", default=[], help="battery:DEVICE@60, power@60+30 … (repeatable)")
    parser.add_argument("--press", metavar="DEVICE", help="只按一次 / one press, exit 0 after the receipt")
    parser.add_argument("--kind", default="sos", help="for --press")
    parser.add_argument("--drill", action="store_true", help="for --press: 演练 / a drill")
    parser.add_argument("--timeout", type=float, default=60.0, help="for --press: seconds")
    return parser


def _publish(radio: Radio, topic: str, payload: bytes) -> None:
    radio.publish(topic, payload)


def _check(troubles: Sequence[Trouble], site: Site) -> None:
    unknown = [trouble.device for trouble in troubles if trouble.device and trouble.device not in site.devices]
    if unknown:
        raise ValueError(f"没有这个设备 / no such anling device: {', '.join(unknown)}")


def _morning(pace: float) -> float:
    """At the wall's pace the day is where the wall is (Shanghai); a quick one begins at half past five."""
    local = time.gmtime(time.time() + 8 * 3600)
    return local.tm_hour * 3600.0 + local.tm_min * 60 + local.tm_sec if pace == 1.0 else 5.5 * 3600


def _clock() -> str:
    return time.strftime("%H:%M:%S")


def _print(line: str) -> None:
    print(line, flush=True)


def _fail(message: str) -> int:
    print(message, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
