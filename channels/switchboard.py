"""All ways of reaching a human, put together from the settings, or refused with all that is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from channels.aliyun import SMS_BUDGET, VOICE_BUDGET, AliyunSms, AliyunVoice, Budget
from channels.aliyun_line import AliyunAccount, AliyunLine
from channels.aliyun_templates import read_templates
from channels.best_effort import BestEffort
from channels.dingtalk import DingTalk
from channels.dispatch_120 import Dispatch120
from channels.exchange import Exchange
from channels.feishu import Feishu
from channels.last_look import LastLook
from channels.log import Log
from channels.mail import Mail, parse_mail
from channels.routes import MAINLAND, Routes, parse_routes
from channels.telephones import NotConfigured, Provider, Routed
from channels.twilio_line import TwilioAccount, TwilioLine
from channels.twilio_sms import TwilioSms
from channels.twilio_voice import RING, TwilioVoice
from channels.webhook import Webhook
from channels.wecom import WeCom
from domain.contacts import Channel, Letter
from domain.errors import ConfigurationError
from domain.networks import is_web

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What the channels need to know (wire.md section 6). Secrets are not shown."""

    #: the first one signs; the others are still known while a secret is rotated
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    desk_secrets: tuple[str, ...] = field(default=(), repr=False)
    #: our own numbers, where a 120 crew reaches a person
    call_back: tuple[str, ...] = field(default=(), repr=False)
    #: ``+86=aliyun,*=twilio``; empty: Twilio where it may, when it is configured. ``twilio|aliyun``: a second one
    voice_routes: str = ""
    #: empty: as voice
    sms_routes: str = ""
    twilio_account_sid: str = ""
    twilio_auth_token: str = field(default="", repr=False)
    twilio_from: str = field(default="", repr=False)
    #: a local phone network; empty: the real one
    twilio_base_url: str = ""
    aliyun_access_key_id: str = ""
    aliyun_access_key_secret: str = field(default="", repr=False)
    #: our bought number
    aliyun_caller: str = ""
    #: the file of approved templates
    aliyun_templates: Path | None = None
    #: a stand-in on this machine; empty: the real one
    aliyun_base_url: str = ""
    #: ``submission://user:password@host:587``; empty: no mail
    mail_url: str = field(default="", repr=False)
    mail_from: str = ""
    public_url: str = ""
    #: names the outbox row and attempt in callback addresses
    token: Callable[[Letter], str] | None = None
    #: seconds a telephone rings
    ring: int = RING
    #: what is asked of the ledger right before a telephone is dialed
    look: LastLook = field(default_factory=LastLook)


def build(settings: ChannelSettings) -> Mapping[str, Channel]:
    """``webhook`` ``dispatch_120`` ``voice`` ``sms`` ``wecom`` ``dingtalk`` ``feishu`` ``mail`` ``apprise`` ``log``.

    Raises ``ConfigurationError`` with all problems.
    """
    problems: list[str] = []
    routes = _routes(settings, problems)
    problems += _twilio_problems(settings, routes["voice"])
    aliyun = _aliyun(settings, problems)
    mail = parse_mail(settings.mail_url, settings.mail_from, problems)
    if problems:
        raise ConfigurationError(problems)
    _warn(settings)
    for wrong in unserved(settings, routes):
        _log.warning("route_without_account", remedy=wrong)
    exchange = Exchange()
    carriers = {"twilio": _twilio(settings), "aliyun": aliyun}
    return {
        "webhook": Webhook(settings.webhook_secrets, exchange),
        "dispatch_120": Dispatch120(settings.desk_secrets, settings.call_back, exchange),
        "voice": _routed("voice", routes["voice"], carriers),
        "sms": _routed("sms", routes["sms"], carriers),
        "wecom": WeCom(exchange),
        "dingtalk": DingTalk(exchange),
        "feishu": Feishu(exchange),
        "mail": Mail(mail) if mail else NotConfigured("mail"),
        "apprise": BestEffort(),
        "log": Log(),
    }


def configured(channels: Mapping[str, Channel], channel: str, address: str) -> bool:
    """Whether a letter by this channel to this address is carried by anybody at all (P4)."""
    found = channels.get(channel)
    carrier = found.provider(address) if isinstance(found, Routed) else found
    return carrier is not None and not isinstance(carrier, NotConfigured)


def loopback(url: str) -> bool:
    """Whether an address stays on this machine."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _routes(settings: ChannelSettings, problems: list[str]) -> Mapping[str, Routes]:
    """An empty setting means: by Twilio, where Twilio may call at all."""
    unsaid = "*=twilio" if loopback(settings.twilio_base_url) else f"{MAINLAND}=none,*=twilio"
    voice = settings.voice_routes or unsaid
    routes = {"voice": parse_routes(voice, "ANLING_VOICE_ROUTES", problems)}
    sms = settings.sms_routes or settings.voice_routes or "*=twilio"
    if sms == voice:
        return routes | {"sms": routes["voice"]}
    return routes | {"sms": parse_routes(sms, "ANLING_SMS_ROUTES", problems)}


def unserved(settings: ChannelSettings, routes: Mapping[str, Routes]) -> list[str]:
    """Routes that somebody wrote down to a provider of whom we have no account: those numbers would never ring."""
    accounts = {
        "twilio": ("ANLING_TWILIO_ACCOUNT_SID", settings.twilio_account_sid),
        "aliyun": ("ANLING_ALIYUN_ACCESS_KEY_ID", settings.aliyun_access_key_id),
    }
    asked = (("voice", "ANLING_VOICE_ROUTES", settings.voice_routes), ("sms", "ANLING_SMS_ROUTES", settings.sms_routes))
    return [
        f"{setting}: names {name}, and {account[0]} is missing; give the account, or write none instead of {name}"
        for kind, setting, written in asked if written
        for name, account in accounts.items() if not account[1] and name in routes[kind].named()
    ]  # fmt: skip


def _twilio_problems(settings: ChannelSettings, voice: Routes) -> list[str]:
    given = {
        "ANLING_TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "ANLING_TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "ANLING_TWILIO_FROM": settings.twilio_from,
    }
    if not any(given.values()):
        return []
    problems = [f"{name}: is missing; set all three or none" for name, value in given.items() if not value]
    problems += _address_problems(settings)
    if settings.token is None:
        problems.append("token: callbacks would not find their row; give a function from letter to token")
    if not loopback(settings.twilio_base_url) and "twilio" in voice.mainland():
        problems.append(
            f"ANLING_VOICE_ROUTES: Twilio does not carry voice calls to the mainland ({MAINLAND});"
            f" write {MAINLAND}=aliyun (or {MAINLAND}=none) before *=twilio"
        )
    return problems


def _address_problems(settings: ChannelSettings) -> list[str]:
    problems = []
    if settings.twilio_base_url and not is_web(settings.twilio_base_url):
        problems.append("ANLING_TWILIO_BASE_URL: is not an http(s) address; empty means the real Twilio")
    if not is_web(settings.public_url):
        problems.append("ANLING_PUBLIC_URL: is not an http(s) address; Twilio needs it to fetch what to say")
    elif loopback(settings.public_url) and not loopback(settings.twilio_base_url):
        problems.append("ANLING_PUBLIC_URL: Twilio cannot reach a loopback address; give this machine's name")
    return problems


def _warn(settings: ChannelSettings) -> None:
    """What works, but less well than it should."""
    if not settings.webhook_secrets:
        _log.warning("webhooks_unsigned", remedy="set ANLING_WEBHOOK_SECRET")
    if not settings.desk_secrets:
        _log.warning("desk_unsigned", remedy="set ANLING_DESK_SECRET")
    if not settings.twilio_account_sid:
        _log.warning("telephones_not_configured", remedy="set ANLING_TWILIO_ACCOUNT_SID, _AUTH_TOKEN, _FROM")


def _twilio(settings: ChannelSettings) -> Mapping[str, Provider]:
    """``voice`` and ``sms`` by Twilio; empty when there is no account."""
    if not settings.twilio_account_sid or settings.token is None:
        return {}
    account = TwilioAccount(
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        settings.twilio_from,
        settings.twilio_base_url or None,
    )
    line = TwilioLine(account)
    line.warm()
    return {
        "voice": TwilioVoice(line, settings.public_url, settings.token, settings.ring, settings.look),
        "sms": TwilioSms(line, settings.public_url, settings.token, look=settings.look),
    }


def _aliyun(settings: ChannelSettings, problems: list[str]) -> Mapping[str, Provider]:
    """``voice`` and ``sms`` by Aliyun; empty when there is no account."""
    given = {
        "ANLING_ALIYUN_ACCESS_KEY_ID": settings.aliyun_access_key_id,
        "ANLING_ALIYUN_ACCESS_KEY_SECRET": settings.aliyun_access_key_secret,
        "ANLING_ALIYUN_CALLER": settings.aliyun_caller,
        "ANLING_ALIYUN_TEMPLATES": settings.aliyun_templates,
    }
    if not any(given.values()):
        return {}
    problems += [f"{name}: is missing; set all four or none" for name, value in given.items() if not value]
    templates = read_templates(settings.aliyun_templates, problems) if settings.aliyun_templates else None
    if templates is None:
        return {}
    account = AliyunAccount(
        settings.aliyun_access_key_id, settings.aliyun_access_key_secret, settings.aliyun_caller, templates,
        settings.aliyun_base_url,
    )  # fmt: skip
    return {
        "voice": AliyunVoice(AliyunLine(account, "voice"), Budget(VOICE_BUDGET), look=settings.look),
        "sms": AliyunSms(AliyunLine(account, "sms"), Budget(SMS_BUDGET), look=settings.look),
    }


def _routed(name: str, routes: Routes, carriers: Mapping[str, Mapping[str, Provider]]) -> Channel:
    found = {carrier: ways[name] for carrier, ways in carriers.items() if name in ways}
    return Routed(name, routes, found) if found else NotConfigured(name)
