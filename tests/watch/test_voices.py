"""The watch's voices: the crier's pacing and words, the dead-man's switch, the sink's ears, the notebook's tasks."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import urllib3

from anling import overseers
from channels import wording
from channels.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign, verify
from domain.errors import ConfigurationError
from domain.people import ContactPoint
from store import watching
from tests.town import Phone, Town
from tests.waiting import eventually
from watch.auditor import Operator
from watch.crier import Crier, read_contacts
from watch.deadman import Deadman
from watch.finding import Finding
from watch.notebook import Notebook
from watch.sink import Call, Sink

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ENGINE, API = Finding("engine", detail="silent for 7 s"), Finding("api", detail="silent for 10 s")
CHIEF = Operator("chief", "zh", ContactPoint(0, "sms", "+85230000009"))
DESK = Operator("desk", "zh", ContactPoint(0, "dispatch_120", "http://127.0.0.1:9"))


class Hall:
    """A crier with a telephone and time by hand."""

    def __init__(self, *operators: Operator) -> None:
        self.now = 1000.0
        self.phone = Phone("sms")
        ways = {"sms": self.phone, "dispatch_120": Phone("dispatch_120")}
        self.desk = ways["dispatch_120"]
        self.crier = Crier("main", ways, lambda: operators, lambda: NOON, lambda: self.now)

    def after(self, seconds: float, *findings: Finding) -> int:
        """Let time pass second by second with these findings; how many letters were sent meanwhile."""
        before = len(self.phone.letters)
        self.crier.findings = findings
        for _ in range(int(seconds)):
            self.now += 1
            self.crier.turn()
        all_idle = threading.Barrier(self.crier._pool._max_workers)
        for idle in [self.crier._pool.submit(all_idle.wait) for _ in range(all_idle.parties)]:
            idle.result(10)
        return len(self.phone.letters) - before


def test_the_crier_paces_itself() -> None:
    """At once, again after 1, 5 and every 15 minutes; something new at once; and a word when it is well again."""
    hall = Hall(CHIEF)

    said = [
        hall.after(1, ENGINE), hall.after(58, ENGINE), hall.after(2, ENGINE), hall.after(290, ENGINE),
        hall.after(40, ENGINE), hall.after(1, ENGINE, API), hall.after(100), hall.after(1000),
    ]  # fmt: skip

    assert [1, 0, 1, 0, 1, 1, 1, 0] == said


def test_the_crier_says_reason_and_remedy_in_the_operators_language() -> None:
    """What is wrong and what to do; as a text message and as a call, without any card or address."""
    english = Operator("chief", "en", CHIEF.point)
    hall = Hall(english)
    hall.after(1, ENGINE)

    (letter,) = hall.phone.letters

    text = wording.sms(letter, NOON)
    assert "gives no sign" in text
    assert "restart anling engine" in text
    assert "Anling: System alarm, act now" in text
    assert wording.voice(letter, NOON) in text


def test_120_never_hears_of_our_machines() -> None:
    """The desk has patients; with nobody else the log says so."""
    hall = Hall(DESK)

    hall.after(5, ENGINE)

    assert [] == hall.desk.letters


def test_a_way_that_breaks_silences_no_other() -> None:
    """P5: one channel that raises does not keep the next operator from hearing it."""
    def broken(letter: Any) -> Any:
        raise RuntimeError("broken")

    hall = Hall(Operator("first", "zh", CHIEF.point), Operator("second", "zh", CHIEF.point))
    hall.phone.answer = broken

    assert 2 == hall.after(1, ENGINE)


def test_contacts_of_the_settings() -> None:
    """Ways and addresses in order; everything that is wrong with them at once."""
    given = read_contacts("webhook=https://a.example/x?y=1, en:sms=+8613800000000")

    assert [("webhook", "https://a.example/x?y=1", "zh"), ("sms", "+8613800000000", "en")] == [
        (o.point.channel, o.point.address, o.language) for o in given
    ]
    with pytest.raises(ConfigurationError) as refused:
        read_contacts("sms,fr:voice=+1,=x")
    assert 3 == len(refused.value.problems)


@pytest.fixture
def outside() -> Iterator[tuple[str, list[Any]]]:
    """Somebody outside who notes what comes: (address, words)."""
    heard: list[Any] = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(("GET", self.headers, b""))
            self._end()

        def do_POST(self) -> None:
            heard.append(("POST", self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self._end()

        def _end(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", heard
    server.shutdown()
    server.server_close()


def test_the_switch_speaks_only_while_all_is_well(outside: tuple[str, list[Any]]) -> None:
    """A word to both sides when all is well; none at all when anything is not."""
    url, heard = outside
    well, beats = [True], []
    switch = Deadman("main", url, None, lambda: well[0], beats.append)

    switch.turn()
    well[0] = False
    switch.turn()

    assert (["GET"], [1]) == ([method for method, _, _ in heard], [b["seq"] for b in beats])


def test_a_signed_word(outside: tuple[str, list[Any]]) -> None:
    """With a secret it is a post that nobody else can make."""
    url, heard = outside

    Deadman("main", url, "hush", lambda: True, lambda word: None).turn()

    ((method, headers, body),) = heard
    assert "POST" == method
    assert "well" == json.loads(body)["state"]
    assert verify("hush", headers[TIMESTAMP_HEADER], headers[SIGNATURE_HEADER], body, datetime.now(UTC))


def test_nobody_outside_hears_us() -> None:
    """An address that cannot be reached is told after half a minute, and is no reason to be silent at the broker."""
    beats: list[Any] = []
    switch = Deadman("main", "http://127.0.0.1:9/", None, lambda: True, beats.append)

    switch.turn()

    assert [] == switch.findings(time.monotonic() + 1)
    assert ["deadman"] == [f.code for f in switch.findings(time.monotonic() + 31)]
    assert 1 == len(beats)


def test_the_sink_believes_only_what_is_signed() -> None:
    """A stranger's post is no proof that our calls arrive."""
    heard: list[Call] = []
    sink = Sink(None, "secret", heard.append)
    sink.start()
    pool, body = urllib3.PoolManager(retries=False), b'{"type":"contact","alert":{"id":"a"},"drill":true}'
    stamp = str(int(time.time()))

    def post(given: bytes, secret: str) -> int:
        headers = {TIMESTAMP_HEADER: stamp, SIGNATURE_HEADER: sign(secret, stamp, given)}
        return int(pool.request("POST", sink.url, body=given, headers=headers).status)

    said = [post(body, "guess"), post(b"[]", "secret"), post(body, "secret")]
    sink.stop()
    pool.clear()

    assert [403, 400, 200] == said
    assert [("contact", "a", True)] == [(c.type, c.alert, c.drill) for c in heard]


def test_the_notebook_keeps_a_task_for_each_cause(town: Town) -> None:
    """Opened once with reason and remedy, settled when it has gone, opened again when it returns."""
    def book() -> Notebook:
        return Notebook(town.ledger, "main", town.clock.now, lambda: (NOON, 12.5))

    def open_ones() -> list[str]:
        return [row["key"] for row in town.rows("SELECT key FROM tasks WHERE done_at IS NULL ORDER BY key")]

    first, seen = book(), []
    for findings in ((ENGINE, API), (ENGINE,), (), (ENGINE,)):
        first.findings = findings
        first.turn()
        seen.append(open_ones())
    after_restart = book()
    after_restart.well = True
    after_restart.turn()

    engine, api = "operator/watch/main/engine", "operator/watch/main/api"
    assert [[api, engine], [engine], [], [engine]] == seen
    assert [] == open_ones()
    with town.ledger.reading() as tx:
        (report,) = watching.reports(tx)
    assert ((), 12.5) == (report.findings, report.probe_ms)
    assert report.ok_at is not None


def test_a_silent_watch_is_noticed(town: Town) -> None:
    """Every API process says so, and the engine opens a task; both are content when it writes again."""
    report = watching.Report("main", NOON, NOON, ({"code": "providers", "grave": False},))
    fresh, late = NOON + timedelta(seconds=5), NOON + timedelta(seconds=16)

    mild = overseers.health_of([report], fresh)
    silent = overseers.health_of([report], late)
    found = overseers.remarks("engine-1", [report], late, timedelta(seconds=-7200))

    assert mild is not None
    assert silent is not None
    assert (True, "providers", False) == (mild.ok, mild.detail, silent.ok)
    assert overseers.health_of([], late) is None
    assert {"operator/watch_silent/main", "operator/wall_clock/engine-1"} == set(found)
    with town.ledger.transaction() as tx:
        told = overseers.write_remarks(tx, frozenset(), found, NOON)
        assert frozenset() == overseers.write_remarks(tx, told, {}, NOON)
    assert 2 == town.count("tasks", "result = 'well again'")


def test_the_word_comes_again_after_a_crash_of_a_turn() -> None:
    """A loop of the watch outlives what it does, and its age and ailment can be seen."""
    from watch.turning import Turning

    calls: list[int] = []

    def turn() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")

    loop = Turning("test", 0.01, turn)
    loop.start()
    eventually(lambda: len(calls) > 2)
    loop.stop()

    assert loop.ailment is None
