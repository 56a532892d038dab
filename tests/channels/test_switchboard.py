"""All channels from the settings, or all that is wrong with the settings."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from channels.switchboard import ChannelSettings, build, loopback
from domain.contacts import Accepted, FailedForGood, Letter
from domain.errors import ConfigurationError

REAL = ChannelSettings(
    webhook_secrets=("w",),
    desk_secrets=("d",),
    voice_routes="+86=aliyun,*=twilio",
    twilio_account_sid="AC0",
    twilio_auth_token="t0ken",
    twilio_from="+85230000000",
    public_url="https://anling.example",
    token=lambda letter: letter.key,
)

LOCAL = replace(
    REAL, voice_routes="", twilio_base_url="http://127.0.0.1:9", public_url="http://127.0.0.1:8000"
)


def test_every_channel_has_a_name_and_a_pulse() -> None:
    """What nobody configured has them too: it says so when it is asked."""
    channels: Any = build(REAL)

    named = ("webhook", "dispatch_120", "voice", "sms", "wecom", "dingtalk", "feishu", "mail", "apprise", "log")
    assert {name: (name, 0) for name in named} == {key: (one.name, one.health().sent) for key, one in channels.items()}


@pytest.mark.parametrize("name", ["voice", "sms"])
def test_without_a_provider_telephones_say_so_at_once(letter: Letter, name: str) -> None:
    """For good, so that the next way is tried now."""
    channel: Any = build(ChannelSettings())[name]

    result = channel.send(replace(letter, address="+85230000001"))

    assert FailedForGood("not configured", code="not_configured") == result
    assert channel.find("+85230000001", letter.sent_at) is None


@pytest.mark.parametrize("routes", ["*=twilio", "+86=twilio", "+8=twilio", "+86=aliyun,+86138=twilio"])
def test_the_mainland_is_not_called_by_twilio(routes: str) -> None:
    """Refused when the configuration is loaded, with the remedy; not at three in the morning."""
    with pytest.raises(ConfigurationError) as refused:
        build(replace(REAL, voice_routes=routes))

    assert 1 == len(refused.value.problems)
    assert "+86=aliyun" in refused.value.problems[0]


@pytest.mark.parametrize("base_url", ["https://api.twilio.com", "http://phones:4010", "http://10.0.0.1"])
def test_another_host_is_taken_for_the_real_one(base_url: str) -> None:
    """Only an address on this machine is surely a local phone network."""
    with pytest.raises(ConfigurationError):
        build(replace(REAL, voice_routes="*=twilio", twilio_base_url=base_url))


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:4010", "http://localhost:4010", "http://[::1]:4010"])
def test_a_local_phone_network_carries_every_number(base_url: str) -> None:
    """It is nobody's telephone."""
    channels = build(replace(REAL, voice_routes="*=twilio", twilio_base_url=base_url))

    assert "voice" in channels


def test_no_routes_means_twilio_where_it_may(letter: Letter) -> None:
    """At the real address the mainland is left out; a letter there fails at once, for good."""
    channel = build(replace(REAL, voice_routes=""))["voice"]

    result = channel.send(replace(letter, address="+8613800000001"))

    assert FailedForGood("not configured", code="not_configured") == result


def test_a_provider_that_is_not_there_yet_fails_for_good(letter: Letter) -> None:
    """``+86=aliyun`` without an adapter: this way will not work, the next one may."""
    channels = build(REAL)

    results = [channels[name].send(replace(letter, address="+8613800000001")) for name in ("voice", "sms")]

    assert [FailedForGood("not configured", code="not_configured")] * 2 == results


def test_all_problems_come_at_once() -> None:
    """One start, one list."""
    wrong = ChannelSettings(
        voice_routes="86=twilio,*=twilio",
        sms_routes="*=pigeon",
        twilio_account_sid="AC0",
        twilio_base_url="ftp://x",
        public_url="anling.example",
    )

    with pytest.raises(ConfigurationError) as refused:
        build(wrong)

    names = sorted(problem.split(":")[0] for problem in refused.value.problems)
    assert [
        "ANLING_PUBLIC_URL", "ANLING_SMS_ROUTES", "ANLING_TWILIO_AUTH_TOKEN", "ANLING_TWILIO_BASE_URL",
        "ANLING_TWILIO_FROM", "ANLING_VOICE_ROUTES", "ANLING_VOICE_ROUTES", "token",
    ] == names  # fmt: skip


def test_twilio_must_be_able_to_ask_us_back() -> None:
    """A loopback public address would make every real call an apology."""
    with pytest.raises(ConfigurationError) as refused:
        build(replace(REAL, public_url="http://127.0.0.1:8000"))

    assert "ANLING_PUBLIC_URL" in refused.value.problems[0]


def test_secrets_are_not_shown() -> None:
    """Neither in a repr nor in an error."""
    shown = repr(REAL)

    assert not any(secret in shown for secret in ("t0ken", "+85230000000", "'w'", "'d'"))


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://localhost", True),
        ("http://[::1]:1", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://user@example.com@127.0.0.1.evil", False),
        ("https://api.twilio.com", False),
        ("", False),
    ],
)
def test_what_stays_on_this_machine(url: str, local: bool) -> None:
    """By the host alone."""
    assert local is loopback(url)


def test_the_sdk_is_not_loaded_before_the_first_call() -> None:
    """34 MB and 0.15 s that an installation without Twilio never pays."""
    script = (
        "import sys, channels.switchboard as s;"
        "s.build(s.ChannelSettings(twilio_account_sid='A', twilio_auth_token='t', twilio_from='+1',"
        " public_url='https://anling.example', token=str));"
        "print([m for m in sys.modules if m.partition('.')[0] in ('twilio', 'requests')])"
    )

    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "[]" == told.stdout.splitlines()[-1]


def test_the_log_channel_names_nobody(letter: Letter, capsys: pytest.CaptureFixture[str]) -> None:
    """A line per letter: ids and codes only."""
    result = build(ChannelSettings())["log"].send(replace(letter, address="+85230000001"))

    written = capsys.readouterr().out
    assert Accepted() == result
    assert letter.key in written
    assert not any(word in written for word in ("示例老人一", "家庭医生一", "+85230000001", "602", "token"))
