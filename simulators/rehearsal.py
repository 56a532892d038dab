"""One performance of a drill, from the first log-in to the last sweep: it acts, watches and tidies up."""

import math
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulators.device import Device, Traits
from simulators.doors import DoorClosed, Product, Refused, World, answer_page
from simulators.judge import Finding, Sort
from simulators.leftovers import in_the_way
from simulators.loop import Loop
from simulators.practice import Window, beside, card, next_window
from simulators.scenario import SPEAKING, Act, Drill
from simulators.sitefile import Site
from simulators.verdict import saw, shown
from simulators.watch import Watch, who_is_who

#: Real seconds between two looks.
_LOOK_S = 0.1
#: Real seconds after the end in which a late contact would still be seen.
_TAIL_S = 1.0
#: Real seconds in which the product may come back before tidying up is given up.
_INSIST_S = 20.0
#: Real seconds for a device to come on line.
_READY_S = 10.0


@dataclass(frozen=True, slots=True)
class DrillSettings:
    """Where everything is, and how fast the plan runs there."""

    api: str
    mqtt: str
    world: str
    site: Path
    user: str
    password: str = field(repr=False)
    #: real seconds per plan second; the product's plan and the world must run at the same pace
    time_scale: float = 1.0
    #: real seconds by which a thing may be late because machines are slow
    slack_s: float = 0.5
    #: further accounts for ``claim_as`` and the like: name → password
    accounts: dict[str, str] = field(default_factory=dict, repr=False)
    #: progress lines go here
    say: Callable[[str], None] = lambda _line: None


class Rehearsal:
    """One run of one drill, from the first log-in to the last sweep."""

    def __init__(self, drill: Drill, settings: DrillSettings, site: Site) -> None:
        self.drill = drill
        self.settings = settings
        self.site = site
        self.product = Product(settings.api)
        self.world = World(settings.world)
        self.faults: list[Finding] = []
        names = who_is_who(drill, site)
        self.watch = Watch(drill, self.product, self.world, names, 0, settings.time_scale)
        self._loop = Loop()
        self._flash = tempfile.TemporaryDirectory(prefix="anling-drill-")
        self._devices: dict[str, Device] = {}
        self._acts = list(drill.acts)
        self._presses: dict[str, str] = {}
        self._told: set[Any] = set()
        self._receipted: set[str] = set()
        self._window: str | None = None
        #: the window under which the verdict is filed
        self._filed: str | None = None
        self._started = False
        self._before: dict[str, Any] = {}
        self._opening: Window | None = None
        self._entered: list[str] = []
        #: the home beside which practice homes lie
        self._place: dict[str, Any] = {}
        self._heard: dict[str, int] = {}

    def fault(self, what: str) -> None:
        """Something broke: the drill fails, and goes on as far as it can."""
        self.faults.append(Finding(Sort.FAULT, False, why=what))
        self._say(f"✗ {what}")

    def perform(self) -> None:
        """Everything up to the deadline."""
        self._prepare()
        acts = self._acts
        self._started = True
        self._await_opening()
        self.watch.started = time.time()
        self._say("开始 start")
        while (now := self.watch.now()) <= self.drill.deadline:
            while acts and acts[0].at <= now:
                self._do(acts.pop(0))
            self._look()
            time.sleep(self._nap(acts))

    def clean_up(self) -> None:
        """Close the alerts, look once more for late contacts, close the window, give the behaviours back."""
        for step in (self._close_alerts, self._last_look, self._close_window, self._leave_homes, self._restore):
            self._insist(step)
        for device in self._devices.values():
            device.stop()
        self._loop.stop()
        self._flash.cleanup()
        self.product.close()
        self.world.close()

    def file(self, verdict: Mapping[str, Any]) -> None:
        """Leave the verdict with the product. It stands whether or not that can be done."""
        if self._filed is None:
            return
        try:
            self.product.file_verdict(self._filed, verdict)
        except DoorClosed as error:
            self._say(f"结论没有存下 the verdict could not be left: {error}")
        finally:
            self.product.close()

    def _prepare(self) -> None:
        self.world.check()
        self.product.log_in(self.settings.user, self.settings.password)
        for user, password in self.settings.accounts.items():
            self.product.log_in_also(user, password)
        self._enter_homes()
        if self.drill.drill:
            minutes = math.ceil(self.drill.deadline * self.settings.time_scale / 60) + (4 if self.drill.practice else 2)
            self._window = self.product.open_window(self.drill.name, self.drill.homes, minutes)
            self._say(f"演练窗口 drill window {self._window}: {', '.join(self.drill.homes)}, {minutes} min")
        # under the window: the console shows the verdict that says what to close
        if spoilt := in_the_way(self.drill, self.product):
            raise DoorClosed(spoilt)
        self._before = self.world.people()
        for who, behaviour in self.drill.behaviour.items():
            self._teach(who, behaviour)
        self.watch.after = self.world.newest()
        if self.drill.expects_any("task"):
            self.watch.stale = frozenset(str(row["key"]) for row in self.product.tasks())
        for device in self.drill.devices():
            self._speaker(device)

    def _enter_homes(self) -> None:
        """Practice homes go into the register before their windows open."""
        if not self.drill.practice:
            return
        longest = max((home.window_min for home in self.drill.practice if home.window_min is not None), default=None)
        if longest is not None:
            self._opening = next_window(datetime.now(UTC), longest)
        place = self._place = self.product.a_home()
        for home in self.drill.practice:
            window = self._opening
            if window is not None and home.window_min is not None:
                window = Window(window.opens, window.opens + timedelta(minutes=home.window_min))
            own = window if home.window_min is not None else None
            self.product.enter_home(card(self.drill, self.site, home.id, place, own))
            self._entered.append(home.id)

    def _await_opening(self) -> None:
        """A drill with a check-in begins when the window opens."""
        if self._opening is not None:
            wait = self._opening.opens.timestamp() - time.time()
            self._say(f"等窗口打开 waiting for the window to open: {wait:.0f} s")
            time.sleep(max(0.0, wait))

    def _leave_homes(self) -> None:
        """Tomorrow nobody asks a practice home, and nobody misses its devices."""
        while self._entered:
            self.product.end_home(self._entered[-1])
            self._entered.pop()

    def _teach(self, who: str, behaviour: Any) -> None:
        known = [one for one in self.watch.names.addresses(who) if not one.startswith("+")]
        for name in known or self.watch.names.addresses(who):
            self.world.teach(name, behaviour)

    def _speaker(self, device: str) -> Device:
        """The connected device that sends for this one; taken back when somebody else speaks as it."""
        row = self.site.devices[device]
        row = self.site.devices[row.gateway] if row.gateway else row
        speaker = self._devices.get(row.id)
        if speaker is None or not speaker.is_up:
            if speaker is not None:
                speaker.kill()
            folder = Path(self._flash.name) / row.id
            # nobody else speaks as a probe of this run, so it says itself that it is there
            own = any(row.id in home.devices for home in self.drill.practice)
            traits = Traits(heartbeat_s=3 if own else 0, answers_checkin_s=None)
            speaker = Device(row.id, self.settings.mqtt, row.secret, folder, traits, self._loop)
            self._devices[row.id] = speaker
            try:
                speaker.wait_up(_READY_S)
            except TimeoutError as error:
                raise DoorClosed(str(error)) from error
        return speaker

    def _do(self, act: Act) -> None:
        self._say(f"→ {act.verb} {act.target} {_words(act.detail)}")
        try:
            self._dispatch(act)
        except Refused as error:
            if error.status != act.detail.get("status"):
                self.fault(f"{act.verb} {act.target}: {error}")
        except DoorClosed as error:
            self.fault(f"{act.verb} {act.target}: {error}")

    def _dispatch(self, act: Act) -> None:
        if act.verb in ("press", "cancel"):
            self._press(act)
        elif act.verb == "tell":
            self._tell(act)
        elif act.verb == "cut":
            self._devices[self._speaker(act.target).id].kill()
        elif act.verb == "restore":
            self._speaker(act.target).tell("heartbeat", battery_pct=81)
        elif act.verb == "away":
            self.product.away(act.target, str(act.detail.get("kind", "away")))
        elif act.verb == "behave":
            self._teach(act.target, act.detail)
        elif act.verb == "sms_as":
            self.world.text(act.target, str(act.detail.get("text", "1")))
        else:
            self._command(act)

    def _tell(self, act: Act) -> None:
        where = beside(self._place.get("location"), act.detail["metres"]) if "metres" in act.detail else {}
        self._speaker(act.target).tell(str(act.detail.get("kind", "activity")), where | act.detail.get("data", {}))

    def _press(self, act: Act) -> None:
        speaker, row = self._speaker(act.target), self.site.devices[act.target]
        kind = act.detail.get("kind", "sos") if act.verb == "press" else "cancel"
        data = dict(act.detail.get("data", {}))
        if kind == "cancel":
            data = {"ref": self._presses.get(act.target, ""), "by": "resident_button", **data}
        press = speaker.press(kind, self.drill.drill, child=row.id if row.gateway else None, **data)
        if kind != "cancel":
            self._presses[act.target] = press

    def _command(self, act: Act) -> None:
        verb = act.verb.removesuffix("_as")
        body = {key: value for key, value in act.detail.items() if key not in ("status", "optional")}
        page = self._page_of(act.target) if verb in ("claim", "decline", "progress") else None
        if page:
            answer_page(page, {"action": verb, **body})
            return
        if act.detail.get("optional") and not self.product.knows(act.target):
            self._say(f"  略过 skipped: {act.target} 没有页面也没有账号 has neither a page nor a log-in")
            return
        self.watch.look()
        for alert in self.watch.open_alerts():
            self.product.act(alert, verb.replace("_", "-"), _with_defaults(verb, body), act.target)
            return
        self.fault(f"{act.verb} {act.target}: 没有未关闭的警情 / no open alert to act on")

    def _page_of(self, who: str) -> str | None:
        """The page of the alert that this responder was sent last, if any."""
        for row in reversed(self.watch.contacts):
            if self.watch.names.known.get(str(row.get("who"))) == who and (page := _link(row)):
                return page
        return None

    def _look(self) -> None:
        for device_id, device in self._devices.items():
            for press, receipt in list(device.receipts.items()):
                if press not in self._receipted:
                    self._receipted.add(press)
                    self.watch.receipted(str(receipt.get("dev") or device_id), receipt)
                    self._say(f"  回执 receipt {device_id} {receipt.get('result')} {receipt.get('alert')}")
            for command in device.commands[self._heard.get(device_id, 0) :]:
                self._heard[device_id] = self._heard.get(device_id, 0) + 1
                self.watch.commanded(device_id, str(command.get("cmd")))
                self._say(f"  命令 command {device_id} {command.get('cmd')}")
            self._give_back(device_id, device)
        try:
            self.watch.look()
        except Refused as error:
            self.fault(str(error))
        except DoorClosed as error:
            # The product may be restarting in the middle of a drill: that alone is no fault.
            self._once(str(error), f"… {error}")
        self._tell_news()

    def _give_back(self, device_id: str, device: Device) -> None:
        """A device with nothing more to press or to deliver leaves its line to whoever else speaks as it."""
        now = self.watch.now()
        ahead = [self.site.devices[act.target] for act in self._acts if act.verb in SPEAKING]
        ahead += [self.site.devices[device] for device, until in self.drill.listening() if now <= until]
        mine = {row.gateway or row.id for row in ahead} | {d for home in self.drill.practice for d in home.devices}
        if device_id not in mine and not device.outbox:
            device.stop()

    def _tell_news(self) -> None:
        for alert in self.watch.alerts.values():
            self._once(("alert", alert.id, shown(alert)), f"  警情 alert {alert.id} {shown(alert)}")
        for one in self.watch.reached():
            self._once(("contact", one.at, one.who, one.channel), f"  联系 contact {saw(one)}")

    def _once(self, key: Any, line: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._say(line)

    def _nap(self, acts: Sequence[Act]) -> float:
        if not acts:
            return _LOOK_S
        return min(_LOOK_S, max(0.0, (acts[0].at - self.watch.now()) * self.settings.time_scale))

    def _close_alerts(self) -> None:
        if not self._started:
            return
        self.watch.look()
        for alert in self.watch.open_alerts():
            # Without the drill flag a real alert may stand beside ours: that one is not ours to close.
            if not self.drill.drill and alert not in self.watch.opened:
                continue
            note = f"演练结束 / end of drill {self.drill.name}"
            self.product.act(alert, "close", {"outcome": "test", "cause": "test", "note": note})
            self._say(f"  关闭 closed {alert} test")

    def _last_look(self) -> None:
        if self.watch.alerts:
            self._look()
            time.sleep(_TAIL_S)
            self._look()

    def _insist(self, step: Callable[[], None]) -> None:
        """Do it, again and again while nobody answers: what a drill opened must not stay open."""
        until = time.monotonic() + _INSIST_S
        while True:
            try:
                return step()
            except DoorClosed as error:
                if isinstance(error, Refused) or not self._started or time.monotonic() > until:
                    return self.fault(str(error))
                time.sleep(0.5)

    def _close_window(self) -> None:
        if self._window is not None:
            self.product.close_window(self._window)
            self._filed, self._window = self._window, None

    def _restore(self) -> None:
        for who in self.drill.behaviour:
            for name in self.watch.names.addresses(who):
                turns = (self._before.get(name) or {}).get("behaviour")
                if turns:
                    self.world.teach(name, {"behaviour": turns})

    def _say(self, line: str) -> None:
        self.settings.say(f"{self.watch.now():7.1f}s  {line}" if self._window or self.watch.alerts else line)


def _with_defaults(verb: str, body: dict[str, Any]) -> dict[str, Any]:
    if verb != "close":
        return body
    return {"outcome": "test", "cause": "test", "note": "演练 / drill", **body}


def _link(row: dict[str, Any]) -> str | None:
    body = row.get("body")
    if isinstance(body, dict) and isinstance(body.get("ack_url"), str):
        return str(body["ack_url"])
    found = re.search(r"https?://[^\s\"<>]+/a/[\w.~-]+", str(row.get("spoken") or ""))
    return found[0] if found else None


def _words(detail: Any) -> str:
    return " ".join(f"{key}={value}" for key, value in detail.items())
