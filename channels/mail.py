"""Mail by SMTP: slow and easily overlooked, so beside other ways and never alone in a plan."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from channels.pulsed import Pulsed
from channels.wording import chat
from domain.clock import wall_now
from domain.contacts import Accepted, FailedForGood, FailedForNow, Letter, Result

#: seconds
_PATIENCE = 8.0
_PORTS = {"smtp": 25, "smtps": 465, "submission": 587}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. ``smtp`` is plain (a relay of one's own), ``submission`` demands STARTTLS."""

    scheme: str
    host: str
    port: int
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)


def parse_mail(url: str, sender: str, problems: list[str]) -> MailServer | None:
    """``submission://user:password@host:587``; what is wrong is added to ``problems``."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        problems.append("ANLING_MAIL_URL: write submission://user:password@host:587, smtps://… or smtp://…")
        return None
    if "@" not in sender:
        problems.append("ANLING_MAIL_FROM: is missing; write the address that mail comes from")
    port = parts.port or _PORTS[parts.scheme]
    names = (unquote(parts.username or ""), unquote(parts.password or ""))
    return MailServer(parts.scheme, parts.hostname, port, sender, *names)


class Mail(Pulsed):
    """``channel = "mail"``; accepted means that the server has taken it, not that somebody reads."""

    name = "mail"

    def __init__(self, server: MailServer, wall: Callable[[], datetime] = wall_now) -> None:
        super().__init__(wall)
        self._server = server

    def _deliver(self, letter: Letter) -> Result:
        try:
            message = self._written(letter)
        except (ValueError, UnicodeError):
            return FailedForGood("not a mail address", code="address")
        try:
            with self._open() as line:
                line.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            return _refused(*next(iter(error.recipients.values())))
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, error.smtp_error)
        except TimeoutError:
            return FailedForNow("no answer in time", code="timeout", unknown=True)
        except (OSError, smtplib.SMTPException) as error:
            return FailedForNow("the mail server cannot be used", code=type(error).__name__)
        return Accepted()

    def _open(self) -> smtplib.SMTP:
        server = self._server
        if server.scheme == "smtps":
            line: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=_PATIENCE, context=ssl.create_default_context()
            )
        else:
            line = smtplib.SMTP(server.host, server.port, timeout=_PATIENCE)
        if server.scheme == "submission":
            line.starttls(context=ssl.create_default_context())
        if server.username:
            line.login(server.username, server.password)
        return line

    def _written(self, letter: Letter) -> EmailMessage:
        text = chat(letter, self._wall())
        message = EmailMessage()
        message["From"], message["To"] = self._server.sender, letter.address
        message["Subject"] = text.partition("\n")[0]
        # the same letter sent twice is one mail in most readers
        message["Message-ID"] = f"<{letter.key.replace('/', '.')}.{letter.attempt}@anling>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message


def _refused(code: int, _: object) -> Result:
    """5xx is for good, 4xx for now; the server's words may name the person and are not kept."""
    if code >= 500:
        return FailedForGood(f"refused by the mail server ({code})", code=str(code))
    return FailedForNow(f"not taken now by the mail server ({code})", code=str(code))
