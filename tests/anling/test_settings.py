"""Settings: every mistake is told before anything starts, by the name of the setting, and without its value."""

import socket
from pathlib import Path

import pytest

from anling.house import open_ledger
from anling.settings import Settings, misspelt, read_settings
from api.server import _listen
from channels.routes import parse_routes
from channels.switchboard import ChannelSettings, unserved
from domain.errors import ConfigurationError
from store.ledger import Ledger
from store.seal import Sealer


@pytest.fixture(autouse=True)
def _own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANLING_DATA_DIR", str(tmp_path))


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port, an address, a level, a slip of the pen: one refusal names them all."""
    wrong = {
        "HTTP_PORT": "99999", "CALL_BACK": "+862150000001, call me", "PUBLIC_URL": "anling.example.org",
        "LOG_LEVEL": "loud", "DEADMAN_URL": "banana", "DESK_SECERT": "x" * 40,
    }  # fmt: skip
    for name, value in wrong.items():
        monkeypatch.setenv(f"ANLING_{name}", value)

    with pytest.raises(ConfigurationError) as refused:
        read_settings()

    assert [
        "ANLING_DESK_SECERT: there is no such setting; did you mean ANLING_DESK_SECRET?",
        "ANLING_HTTP_PORT: Input should be less than or equal to 65535",
        "ANLING_PUBLIC_URL: not an http(s) address; write https://anling.example.org",
        "ANLING_CALL_BACK: 1 of them no telephone number; write +862150000001,120",
        "ANLING_DEADMAN_URL: not an http(s) address; write https://anling.example.org",
        "ANLING_LOG_LEVEL: no such level; write one of debug, info, warning, error",
    ] == list(refused.value.problems)


def test_a_slip_of_the_pen_is_refused_and_a_name_of_somebody_else_is_not() -> None:
    """Whoever mistypes a secret's name would go on unsigned; what is like no setting is another program's."""
    said = misspelt({"ANLING_WEBHOOK_SECRT": "", "ANLING_PLAN": "", "ANLING_PROVE": "1", "ANLING_TEST_REQUIRE": "all"})

    assert ["ANLING_WEBHOOK_SECRT: there is no such setting; did you mean ANLING_WEBHOOK_SECRET?"] == said


def test_a_level_may_be_written_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    """As other programs write it."""
    monkeypatch.setenv("ANLING_LOG_LEVEL", "WARNING")

    assert "warning" == read_settings().log_level


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
def test_an_address_that_cannot_be_had_is_a_mistake_of_the_settings(host: str) -> None:
    """A port that is taken, a name that nobody has: one line with the setting's name, no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(ConfigurationError, match="ANLING_HTTP_HOST, ANLING_HTTP_PORT: cannot listen at"):
            _listen(host, taken.getsockname()[1])


def test_folders_that_cannot_be_made_are_named(tmp_path: Path) -> None:
    """The data folder and the ledger's: what is wrong and with which setting."""
    (tmp_path / "file").write_text("")
    inside = tmp_path / "file" / "folder"

    with pytest.raises(ConfigurationError, match=r"ANLING_DATA_DIR: the folder .* cannot be made"):
        open_ledger(Settings(data_dir=inside))
    with pytest.raises(ConfigurationError, match=r"ANLING_DATABASE_URL: the folder .* cannot be made"):
        Ledger(f"sqlite:///{inside}/anling.db", Sealer("x" * 32))


def test_a_route_to_a_provider_without_an_account_is_told() -> None:
    """Those numbers never ring, and whoever wrote the route believes they do."""
    settings = ChannelSettings(voice_routes="+86=aliyun,*=twilio", sms_routes="*=none")
    routes = {"voice": parse_routes(settings.voice_routes, "", []), "sms": parse_routes(settings.sms_routes, "", [])}

    assert [
        "ANLING_VOICE_ROUTES: names twilio, and ANLING_TWILIO_ACCOUNT_SID is missing; "
        "give the account, or write none instead of twilio",
        "ANLING_VOICE_ROUTES: names aliyun, and ANLING_ALIYUN_ACCESS_KEY_ID is missing; "
        "give the account, or write none instead of aliyun",
    ] == unserved(settings, routes)
