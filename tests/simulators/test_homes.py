"""Simulated homes: the street that nobody lives in, its site file, and its presses."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulators.homes import Fleet, Habits, live, main
from simulators.hush import Hush
from simulators.sitefile import BadSite, parse_site, read_site
from simulators.stage import Settings
from simulators.street import chinese, make_street
from simulators.trouble import Trouble
from simulators.world import read_world


class Receiver:
    """A bridge in miniature: answers every event with a receipt, unless told to be silent."""

    def __init__(self, port: int) -> None:
        self.presses: list[dict[str, Any]] = []
        self.online: set[str] = set()
        self.news = threading.Condition()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, "receiver")
        self.client.on_message = self._message
        wanted = [("anling/v1/up/+/event", 1), ("anling/v1/status/+", 1)]
        self.client.on_connect = lambda *_: self.client.subscribe(wanted)
        self.client.connect_async("127.0.0.1", port)
        self.client.loop_start()

    def _message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        body = json.loads(message.payload)
        with self.news:
            if "/status/" in message.topic:
                self.online.add(message.topic.rpartition("/")[2])
            else:
                self._answer(message.topic.split("/")[3], body)
            self.news.notify_all()

    def _answer(self, dev: str, body: dict[str, Any]) -> None:
        self.presses.append(body)
        receipt = {"v": 1, "id": body["id"], "dev": dev, "result": "stored", "alert": "a-1", "reason": None}
        self.client.publish(f"anling/v1/down/{dev}/ack", json.dumps(receipt), 1)

    def wait(self, ready: Any, timeout: float = 15.0) -> None:
        with self.news:
            assert self.news.wait_for(ready, timeout)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def receiver(broker: Any) -> Iterator[Receiver]:
    running = Receiver(broker.port)
    yield running
    running.close()


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    """A street of three homes on disk."""
    file = tmp_path / "site.json"
    file.write_text(json.dumps(make_street(3, "http://127.0.0.1:9000", 1).site))
    return file


def command(site_file: Path, url: str, *more: str) -> list[str]:
    folder = str(site_file.parent / "flash")
    where = ["--site", str(site_file), "--mqtt", url, "--folder", folder]
    return [sys.executable, "-m", "simulators.homes", *where, *more]


def test_the_same_seed_makes_the_same_street() -> None:
    """A street is its seed: secrets, rooms and people come out alike, another seed gives another street."""
    first, again, other = (make_street(12, "http://w", seed) for seed in (1, 1, 2))

    assert first == again
    assert first.site != other.site


def test_a_street_has_what_a_drill_needs() -> None:
    """Two doctors, two of the office, a 120 desk with a drill address, a key holder, the police, a button per home."""
    street = make_street(12, "http://w", 1)
    site = parse_site(street.site, "site")

    roles = {"dispatch_120": 1, "family_doctor": 2, "key_holder": 1, "police": 1, "street_office": 2}
    assert roles == Counter(site.roles.values())
    assert {"http://w/desk-120", "+85230000003"} == site.real_desks
    assert "desk-120" == site.addresses["http://w/desk-120-drill"]
    assert 12 == sum(device.role == "sos_button" for device in site.devices.values())
    assert set(street.people["people"]) >= set(site.roles)


def test_the_world_knows_the_people_of_the_street() -> None:
    """The people file is one that the simulated world reads, and each telephone there is in the site file."""
    street = make_street(3, "http://w", 1)

    stage = read_world(street.people, Settings())

    residents = {phone for home in street.site["homes"] for one in home["residents"] for phone in one["phones"]}
    known = residents | set(parse_site(street.site, "site").addresses)
    assert all(person["phone"] in known for person in stage.people.shown().values())


def test_every_hour_of_the_day_somebody_is_on_duty() -> None:
    """The office is split at noon without a gap, the other teams are always on."""
    teams = make_street(1, "http://w", 1).site["teams"]
    office = next(team for team in teams if team["id"] == "office-1")["shifts"]

    assert [("00:00", "12:00"), ("12:00", "24:00")] == [(shift["from"], shift["to"]) for shift in office]
    assert all(shift.get("always") for team in teams if team["id"] != "office-1" for shift in team["shifts"])


@pytest.mark.parametrize(
    ("number", "read"),
    [(0, "零"), (3, "三"), (10, "十"), (12, "十二"), (20, "二十"), (99, "九十九"), (100, "一百"),
     (105, "一百零五"), (110, "一百一十"), (1000, "1000")],
)
def test_numbers_are_read_in_chinese(number: int, read: str) -> None:
    """Invented names count as people do."""
    assert read == chinese(number)


def test_a_bad_site_file_names_every_fault() -> None:
    """All faults at once, each with its place."""
    homes = [
        {"id": "h-1", "devices": [{"id": "d-1", "dialect": "anling"}, {"dialect": "anling"}]},
        {"devices": []},
        {"id": "h-2", "devices": [{"id": "d-2", "dialect": "anling", "gateway": "gw-9"}]},
    ]

    with pytest.raises(BadSite) as caught:
        parse_site({"homes": homes}, "site.json")

    assert 4 == len(caught.value.errors)
    assert all(error.startswith("site.json") for error in caught.value.errors)


def test_only_our_own_dialect_is_simulated() -> None:
    """Devices of other makers in the file are left alone."""
    ours = {"id": "d-1", "dialect": "anling", "secret": "s", "role": "sos_button"}
    devices = [{"id": "z-1", "dialect": "z2m"}, ours]

    site = parse_site({"homes": [{"id": "h-1", "devices": devices}]}, "site.json")

    assert ["d-1"] == list(site.devices)


def test_the_same_seed_presses_the_same_homes(site_file: Path, tmp_path: Path) -> None:
    """The first press comes after the time given; the homes follow from the seed alone, broker or not."""

    def pressed(folder: str) -> list[str]:
        lines: list[str] = []
        fleet = Fleet(read_site(site_file), "mqtt://127.0.0.1:9", tmp_path / folder, 0, lines.append)
        fleet.start()
        leave = threading.Event()
        threading.Timer(0.6, leave.set).start()
        live(fleet, Habits(0.05, 36000, 7), leave)
        fleet.stop()
        return [line.split()[3] for line in lines]

    first, again = pressed("one"), pressed("two")

    assert len(first) > 1
    assert all(one == other for one, other in itertools.zip_longest(first[:2], again[:2]))


def test_a_drill_keeps_the_street_still(site_file: Path, tmp_path: Path) -> None:
    """While it runs nobody presses by chance; afterwards, or when it was killed long ago, they do again."""
    hush = Hush(tmp_path / "hush")
    lines: list[str] = []
    fleet = Fleet(read_site(site_file), "mqtt://127.0.0.1:9", tmp_path / "still", 0, lines.append)
    fleet.start()
    leave = threading.Event()
    threading.Timer(0.4, leave.set).start()
    with hush:
        live(fleet, Habits(0.05, 36000, 7), leave, hush=hush)
        asked = bool(hush)
        os.utime(tmp_path / "hush", (1, 1))
        forgotten = bool(hush)
    fleet.stop()

    assert ([], True, False, False) == (lines, asked, forgotten, bool(hush))


def test_one_press_prints_its_receipt(site_file: Path, broker: Any, receiver: Receiver) -> None:
    """``--press`` presses one device, waits for the receipt, prints it and leaves with 0."""
    line = command(site_file, broker.url, "--press", "dev-0001")
    done = subprocess.run(line, capture_output=True, check=False, timeout=30)

    assert 0 == done.returncode
    receipt = json.loads(done.stdout.splitlines()[-1])
    assert ("stored", "dev-0001", "a-1") == (receipt["result"], receipt["dev"], receipt["alert"])


def test_a_press_nobody_receipts_is_said_plainly(site_file: Path, broker: Any) -> None:
    """Without a receipt in time the status is 1 and the words say what to look at."""
    line = command(site_file, broker.url, "--press", "dev-0001", "--timeout", "0.5")
    done = subprocess.run(line, capture_output=True, check=False, timeout=30)

    assert 1 == done.returncode
    assert b"is the bridge running" in done.stderr


def test_an_unknown_device_is_refused(site_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A device that the site file does not know is named, with some that it does."""
    where = ["--site", str(site_file), "--folder", str(site_file.parent / "flash")]

    status = main([*where, "--press", "dev-9999"])

    assert 1 == status
    assert "dev-9999" in capsys.readouterr().err


def test_kill_nine_of_the_simulator_keeps_the_press(site_file: Path, broker: Any) -> None:
    """Pressed without a receipt, killed with -9: the next start delivers the same press (same id)."""
    line = command(site_file, broker.url, "--press", "dev-0001")
    victim = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    press = victim.stdout.readline().split()[-1]
    victim.stdout.close()
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    receiver = Receiver(broker.port)
    fleet = Fleet(read_site(site_file), broker.url, site_file.parent / "flash", 0)

    fleet.start()

    receiver.wait(lambda: press in [body["id"] for body in receiver.presses])
    fleet.stop()
    receiver.close()


def test_a_few_hundred_devices_on_one_thread(tmp_path: Path, broker: Any, receiver: Receiver) -> None:
    """Three hundred homes are on line within seconds, and a press in the last one gets its receipt."""
    site = parse_site(make_street(300, "http://w", 1).site, "site")
    fleet = Fleet(site, broker.url, tmp_path / "flash", 60, lambda _: None)
    speakers = sum(not device.gateway for device in site.devices.values())
    before = threading.active_count()
    fleet.start()
    receiver.wait(lambda: len(receiver.online) == speakers, 40)

    press = fleet.press("dev-0599")

    assert "stored" == fleet.devices["dev-0599"].wait_receipt(press, 10)["result"]
    assert threading.active_count() - before < 12
    fleet.stop()


def test_what_goes_wrong_with_a_street(tmp_path: Path, broker: Any, receiver: Receiver) -> None:
    """A jam, a device that repeats what has its receipt, a clock days behind, and a power cut that ends."""
    site = parse_site(make_street(3, "http://w", 1).site, "site")
    fleet = Fleet(site, broker.url, tmp_path / "flash", 60, lambda _: None)
    fleet.start()
    speakers = len(fleet.devices)
    receiver.wait(lambda: len(receiver.online) == speakers)

    fleet.strike(Trouble("clock", "dev-0001", lasts=0))
    fleet.strike(Trouble("resend", "dev-0003", lasts=0))
    fleet.strike(Trouble("jam", "dev-0005"))
    receiver.wait(lambda: len(fleet.devices) == speakers and bool(receiver.presses))
    fleet.devices["dev-0001"].wait_up()
    fleet.devices["dev-0003"].wait_up()
    behind, again = fleet.press("dev-0001"), fleet.press("dev-0003")
    receiver.wait(lambda: sum(press["id"] == again for press in receiver.presses) >= 3)
    receiver.wait(lambda: any(press["id"] == behind and press["clock"] == "unsynced" for press in receiver.presses))
    fleet.strike(Trouble("power", "", lasts=1.0))
    dark = len(fleet.devices)
    receiver.wait(lambda: len(fleet.devices) == speakers)
    fleet.stop()

    assert 0 == dark
