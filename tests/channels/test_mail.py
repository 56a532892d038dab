"""Mail, against a real SMTP server; and the extra that never counts."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from channels.best_effort import BestEffort
from channels.mail import Mail, MailServer, parse_mail
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter


@dataclass
class Postman:
    """An SMTP server's conscience: what it took, and what it answers."""

    answer: str = "250 OK"
    taken: list[bytes] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Who may get mail."""
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """The letter itself."""
        self.taken.append(envelope.content)
        return "250 OK"


@pytest.fixture
def postman() -> Iterator[tuple[Postman, Mail]]:
    """A server on this machine and the channel that hands in there."""
    postman = Postman()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(postman, hostname="127.0.0.1", port=port)
    controller.start()
    yield postman, Mail(MailServer("smtp", "127.0.0.1", port, "anling@example.org"))
    controller.stop()


def test_a_letter_is_handed_in(postman: tuple[Postman, Mail], letter: Letter) -> None:
    """Subject, text and link in Chinese; accepted is not yet a claim."""
    server, mail = postman

    result = mail.send(replace(letter, address="doctor@example.org"))

    read = message_from_bytes(server.taken[0], policy=policy.default)
    assert Accepted() == result
    assert ("doctor@example.org", "anling@example.org") == (read["To"], read["From"])
    assert "按下了呼救按钮" in read["Subject"]
    assert letter.ack_url in read.get_content()
    assert "示例老人一" not in read.get_content()


@pytest.mark.parametrize(
    ("answer", "kind"), [("550 no such user", FailedForGood), ("451 try later", FailedForNow)]
)
def test_a_refusal_is_for_now_or_for_good(
    answer: str, kind: type, postman: tuple[Postman, Mail], letter: Letter
) -> None:
    """SMTP's own classes decide; the server's words, which may name the person, are not kept."""
    server, mail = postman
    server.answer = answer

    result = mail.send(replace(letter, address="doctor@example.org"))

    assert isinstance(result, kind)
    assert "such user" not in str(result)


def test_no_server_is_for_now(letter: Letter) -> None:
    """A relay that is down comes back."""
    mail = Mail(MailServer("smtp", "127.0.0.1", 9, "anling@example.org"))

    assert isinstance(mail.send(replace(letter, address="doctor@example.org")), FailedForNow)


@pytest.mark.parametrize("url", ["http://x", "submission://", "x"])
def test_a_wrong_setting_says_what_to_write(url: str) -> None:
    """The password never stands in the message."""
    problems: list[str] = []

    assert parse_mail(url, "a@b", problems) is None
    assert ["ANLING_MAIL_URL: write submission://user:password@host:587, smtps://… or smtp://…"] == problems


def test_settings_are_read_whole() -> None:
    """Percent signs in passwords, standard ports, a sender."""
    problems: list[str] = []
    server = parse_mail("submission://u:p%40w@mail.example", "", problems)

    assert server is not None
    assert (587, "p@w") == (server.port, server.password)
    assert ["ANLING_MAIL_FROM: is missing; write the address that mail comes from"] == problems
    assert "p@w" not in repr(server)


# the library imports a module that Python is about to drop
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_best_effort_is_tried_and_never_counts(door: Any, letter: Letter) -> None:
    """A service that answers 200 was tried; the contact has still not been made."""
    address = door.url.replace("http://", "json://")

    result = BestEffort().send(replace(letter, address=address))

    assert 1 == len(door.seen)
    assert FailedForGood("best effort only: tried", code="best_effort") == result
