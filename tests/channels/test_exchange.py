"""One POST: what each behaviour of the other side means, and that it never takes for ever."""

import io
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.client import HTTPException
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels import exchange as exchange_module
from channels.connections import Connections
from channels.connections import door as read_door
from channels.exchange import LARGEST_ANSWER, Answer, Exchange
from domain.contacts import FailedForGood, FailedForNow
from tests.waiting import quickest

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
HEADERS = {"Content-Type": "application/json"}

OddDoor = Callable[[Callable[[socket.socket, int], None]], str]


def _post(url: str, exchange: Exchange | None = None) -> Any:
    ours = exchange or Exchange(read=1.0, total=2.0)
    try:
        return ours.post(url, HEADERS, b'{"a":1}')
    finally:
        if exchange is None:
            ours.close()


def _in_vain(url: str) -> float:
    """Seconds until a letter without an answer is given up."""
    started = time.monotonic()
    answer = _post(url)
    assert FailedForNow("no answer in time", code="timeout", unknown=True) == answer
    return time.monotonic() - started


def test_an_answer_comes_back(door: Any) -> None:
    """Status and body; the request arrives whole."""
    door.answer(201, b"hello")

    answer = _post(door.url + "?q=1")

    assert Answer(201, b"hello") == answer
    assert ("/doctor-1?q=1", b'{"a":1}', "application/json") == (
        door.seen[0].path, door.seen[0].body, door.seen[0].headers["Content-Type"],
    )  # fmt: skip


def test_lines_are_kept(door: Any) -> None:
    """Ten letters, one handshake."""
    exchange = Exchange()

    for _ in range(10):
        _post(door.url, exchange)

    exchange.close()
    assert {1} == {seen.line for seen in door.seen}


def test_many_senders_do_not_wait_for_each_other(door: Any) -> None:
    """Forty threads, each letter once, none lost."""
    exchange = Exchange()
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda n: exchange.post(f"{door.url}/{n}", HEADERS, b"{}"), range(400)))

    exchange.close()
    assert [Answer(200, b"{}")] * 400 == answers
    assert 400 == len({seen.path for seen in door.seen})


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), (" 0 ", 0.0), ("86400", 300.0), ("soon", None), ("-3", None), ("", None)],
)
def test_retry_after_in_seconds(door: Any, said: str, seconds: float | None) -> None:
    """Honoured up to five minutes: nobody may silence an emergency for a day."""
    door.answer(429, Retry_After=said)

    answer = _post(door.url)

    assert seconds == answer.retry_after


def test_retry_after_as_a_date(door: Any) -> None:
    """A date is counted from now, and never in the past."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    door.answer(503, Retry_After=later)

    answer = _post(door.url)

    assert 50 < answer.retry_after <= 60


def test_redirects_are_not_followed(door: Any) -> None:
    """A signed letter with a name in it goes where it was addressed, and nowhere else."""
    door.answer(307, Location=door.url + "/elsewhere")

    answer = _post(door.url)

    assert 307 == answer.status
    assert 1 == len(door.seen)


@pytest.mark.parametrize(
    "address",
    ["", "doctor-1", "ftp://127.0.0.1/x", "http://", "http:///x", "http://[::1/x", "http://例子..com/", "http://h:99999/"],
)
def test_what_is_no_address_fails_for_good(address: str) -> None:
    """Nothing to try again: the register is wrong."""
    answer = _post(address)

    assert FailedForGood("not an http(s) address", code="address") == answer


def test_a_line_break_cannot_smuggle_a_second_request() -> None:
    """Headers and paths with line breaks are refused, or made harmless."""
    exchange = Exchange()

    answer = exchange.post("http://127.0.0.1:9/", {"X": "a\r\nHost: evil"}, b"")

    assert isinstance(answer, FailedForGood)
    assert "\r" not in read_door("http://127.0.0.1:9/a\r\nb").target


def test_nobody_at_home_fails_for_now() -> None:
    """Refused connections may be a restart; nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    answer = _post(f"http://127.0.0.1:{port}/")

    assert FailedForNow("no connection", code="connect") == answer


def test_silence_fails_for_now_and_may_have_been_heard(odd_door: OddDoor) -> None:
    """The letter is out; whether it was handled is unknown."""
    url = odd_door(lambda line, _: time.sleep(3))

    assert quickest(lambda: _in_vain(url), 1.6) < 1.6


def test_a_dripping_answer_does_not_hold_a_sender(odd_door: OddDoor) -> None:
    """One byte now and then keeps no time-out of a single read waiting; the deadline is for the whole."""

    def drip(line: socket.socket, _: int) -> None:
        line.recv(65536)
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 100:
            line.sendall(bytes([byte]))
            time.sleep(0.05)

    url = odd_door(drip)

    assert quickest(lambda: _in_vain(url), 1.6) < 1.6


def test_a_status_stands_even_if_the_body_never_ends(odd_door: OddDoor) -> None:
    """2xx was said: the letter was taken, whatever becomes of the rest."""

    def stall(line: socket.socket, _: int) -> None:
        line.recv(65536)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(3)

    answer = _post(odd_door(stall))

    assert 200 == answer.status


def test_a_long_answer_is_cut(door: Any) -> None:
    """64 KiB are read, and the line is not used again, for it still holds the rest."""
    exchange = Exchange()
    door.answer(200, b"x" * (LARGEST_ANSWER + 5))

    answers = [_post(door.url, exchange) for _ in range(2)]

    exchange.close()
    assert [LARGEST_ANSWER] * 2 == [len(answer.body) for answer in answers]
    assert [1, 2] == [seen.line for seen in door.seen]


def test_chunks_and_interim_answers_are_understood(odd_door: OddDoor) -> None:
    """100 Continue, then a chunked body, then the same line once more."""

    def chunks(line: socket.socket, _: int) -> None:
        while line.recv(65536):
            line.sendall(
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )

    exchange = Exchange(read=1.0)
    url = odd_door(chunks)

    answers = [_post(url, exchange) for _ in range(2)]

    exchange.close()
    assert [Answer(200, b"abcde")] * 2 == answers


def test_a_line_closed_while_idle_is_replaced_at_once(odd_door: OddDoor) -> None:
    """The peer hung up between two letters: the second goes out on a fresh line."""
    lines: list[int] = []

    def once(line: socket.socket, number: int) -> None:
        line.recv(65536)
        lines.append(number)
        line.sendall(OK)

    exchange = Exchange(read=1.0)
    url = odd_door(once)
    first = _post(url, exchange)
    time.sleep(0.1)

    second = _post(url, exchange)

    exchange.close()
    assert [Answer(200, b"{}")] * 2 == [first, second]
    assert [1, 2] == lines


@pytest.mark.parametrize("reset", [False, True])
def test_a_kept_line_that_dies_under_the_letter_is_retried_once(odd_door: OddDoor, reset: bool) -> None:
    """The peer had decided to hang up before it read: it never processed the letter."""
    lines: list[int] = []

    def second_dies(line: socket.socket, number: int) -> None:
        line.recv(65536)
        lines.append(number)
        line.sendall(OK)
        if number == 1:
            line.recv(1 if reset else 65536)  # unread bytes make the close a reset
            return
        line.recv(65536)

    exchange = Exchange(read=1.0)
    url = odd_door(second_dies)

    answers = [_post(url, exchange) for _ in range(2)]

    exchange.close()
    assert [Answer(200, b"{}")] * 2 == answers
    assert [1, 2] == lines


def test_a_fresh_line_that_dies_is_not_retried(odd_door: OddDoor) -> None:
    """It may have been handled: that is the engine's decision, with its attempt and its row."""
    lines: list[int] = []

    def dies(line: socket.socket, number: int) -> None:
        line.recv(65536)
        lines.append(number)

    answer = _post(odd_door(dies))

    assert (True, True, [1]) == (isinstance(answer, FailedForNow), answer.unknown, lines)


def test_a_kept_line_that_dies_in_the_answer_is_not_retried(odd_door: OddDoor) -> None:
    """Once a byte of the answer came, the letter was seen."""
    lines: list[int] = []

    def half(line: socket.socket, number: int) -> None:
        line.recv(65536)
        lines.append(number)
        line.sendall(OK)
        line.recv(65536)
        line.sendall(b"HTTP/1.1 2")

    exchange = Exchange(read=1.0)
    url = odd_door(half)
    _post(url, exchange)

    answer = _post(url, exchange)

    exchange.close()
    assert (True, True, [1]) == (isinstance(answer, FailedForNow), answer.unknown, lines)


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH\r\n", b"\x15\x03\x01\x00\x02\x02F", b"HTTP/1.1 two OK\r\n\r\n", b"\r\n" * 10]
)
def test_what_does_not_speak_http_fails_for_now(odd_door: OddDoor, said: bytes) -> None:
    """Garbage is no answer; it may have been handled all the same."""

    def babble(line: socket.socket, _: int) -> None:
        line.recv(65536)
        line.sendall(said)

    answer = _post(odd_door(babble))

    assert (True, True) == (isinstance(answer, FailedForNow), answer.unknown)


def test_tls_to_a_door_without_it_fails_for_now(door: Any) -> None:
    """A failed handshake sends nothing."""
    answer = _post(door.url.replace("http://", "https://"))

    assert FailedForNow("no connection", code="connect") == answer


def test_old_idle_lines_are_not_trusted(door: Any) -> None:
    """A firewall may have forgotten them without a word."""
    exchange = Exchange(Connections(idle=0.05))
    _post(door.url, exchange)
    time.sleep(0.1)

    _post(door.url, exchange)

    exchange.close()
    assert [1, 2] == [seen.line for seen in door.seen]


def test_no_more_than_the_agreed_lines_are_kept(door: Any) -> None:
    """After a storm the spare lines are hung up."""
    exchange = Exchange(Connections(kept=2))
    gate = threading.Barrier(8)

    def post(_: int) -> None:
        gate.wait()
        exchange.post(door.url, HEADERS, b"{}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, range(8)))

    kept = len(next(iter(exchange._lines._lines.values())))
    exchange.close()
    assert kept <= 2


_HEADS = st.lists(
    st.sampled_from([
        b"Content-Length: 2", b"content-length:2 ", b"Content-Length: 3", b"Content-Length : 2", b"Content-Length: +2",
        b"Connection: close", b"Connection: keep-alive", b"Transfer-Encoding: chunked", b"Retry-After: 7",
        b"X-Odd: a\r\n folded", b"X-Bare: a\nContent-Length: 2", b"Server: s",
    ]),
    max_size=4,
)  # fmt: skip
_STATUS = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.1 201", b"HTTP/1.1 204 No", b"HTTP/1.0 200 OK", b"HTTP/1.1 500 X"]
)


@example(status=b"HTTP/1.1 200 OK", heads=[b"Content-Length : 2", b"Content-Length: 2"], body=b"{}")
@settings(max_examples=150, deadline=None)
@given(status=_STATUS, heads=_HEADS, body=st.sampled_from([b"", b"{}", b"{}x", b"2\r\n{}\r\n0\r\n\r\n"]))
def test_the_short_way_reads_what_http_client_reads(status: bytes, heads: list[bytes], body: bytes) -> None:
    """A plain answer is read without a mail parser; it and every other mean the same as by the standard library."""
    said = b"\r\n".join([status, *heads, b"", b""]) + body

    assert _read(said, short=False) == _read(said, short=True)


def _read(said: bytes, short: bool) -> Any:
    """Answer and whether the line is clean, or the kind of failure."""
    theirs, ours = socket.socketpair()
    with theirs, ours:
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        ear = exchange_module._Ear(SimpleNamespace(sock=ours), time.monotonic() + 5)  # type: ignore[arg-type]
        if not short:
            ear.reader = OneByOne(ear.reader)  # type: ignore[assignment]
        try:
            return exchange_module._hear(ear)
        except (OSError, ValueError, HTTPException) as error:
            return type(error)


class OneByOne(io.BufferedReader):
    """Never has the answer whole: the short way leaves it to http.client."""

    def peek(self, size: int = 0) -> bytes:
        return b""
