"""Settings: the environment, ``ANLING_`` prefix; every problem is reported at once, secrets never."""

import os
import re
import socket
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from anling import key_file
from domain.errors import ConfigurationError
from domain.networks import is_web, read_networks

PREFIX = "ANLING_"
LEVELS = ("debug", "info", "warning", "error")
_KEY_LENGTH = 32
#: a number as somebody dials it, an extension too
_DIALLED = re.compile(r"\+?[\d][\d ()-]{1,20}(?:\s*(?:x|ext\.?|转)\s*\d{1,6})?", re.ASCII)
#: how like a setting's name another must be to be taken for a slip of the pen
_ALIKE = 0.9


class Settings(BaseModel):
    """What an installation may set; ``.env.example`` lists the same, a test keeps it so."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    data_dir: Path = Field(Path("./var"), description="folder for the ledger, keys and the embedded broker")
    database_url: str | None = Field(None, description="sqlite:////abs/path or postgresql://user:pass@host/db")
    mqtt_url: str | None = Field(None, description="mqtt://user:pass@host:1883; without it an embedded broker runs")
    mqtt_telemetry_url: str | None = Field(None, description="own account for telemetry; default: the first")
    mqtt_vendor_url: str | None = Field(None, description="own account for other makers' hubs; default: the first")
    mqtt_ca_file: Path | None = Field(None, description="certificate authority for mqtts")
    broker_monitor_password: str | None = Field(None, description="whoever asks a broker of ours whether it is well")
    mqtt_port: int = Field(1883, ge=0, le=65535, description="port of the embedded broker; 0: any free one")
    plan: Path | None = Field(None, description="plan file in force from the start; default: the district's template")
    http_host: str = Field("127.0.0.1", description="where the console and the API listen")
    http_port: int = Field(8080, ge=0, le=65535, description="0: any free one")
    public_url: str | None = Field(None, description="how browsers, providers and responders reach us")
    trusted_proxies: str = Field("", description="proxies whose X-Forwarded-For is believed: 10.0.0.5,172.16.0.0/12")
    secret_key: str | None = Field(None, description="at least 32 characters; made in the data folder when absent")
    webhook_secret: str | None = Field(None, description="signs webhooks; a contact's own secret wins")
    ingest_secret: str | None = Field(None, description="lets platforms push over HTTP; a hub's own secret does too")
    desk_secret: str | None = Field(None, description="signs messages to and from the 120 desk")
    voice_routes: str = Field("", description="+86=aliyun,*=twilio; twilio|aliyun: the second takes over")
    sms_routes: str = Field("", description="as voice_routes, for SMS")
    call_back: str = Field("", description="our own numbers for a 120 crew, separated by commas")
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_from: str = Field("", description="our number at Twilio, +…; a second one, after a comma, takes over")
    twilio_base_url: str = Field("", description="a local phone network; empty: the real one")
    aliyun_access_key_id: str = ""
    aliyun_access_key_secret: str = ""
    aliyun_caller: str = Field("", description="our bought number at Aliyun")
    aliyun_templates: Path | None = Field(None, description="file of approved templates, see docs/aliyun.example.toml")
    aliyun_push_secret: str = Field("", description="part of the address that Aliyun pushes to")
    aliyun_base_url: str = Field("", description="a stand-in on this machine; empty: the real one")
    mail_url: str = Field("", description="submission://user:password@host:587; empty: no mail")
    mail_from: str = Field("", description="the address that mail comes from")
    watch_mqtt_url: str | None = Field(None, description="the watch's own account at the broker (user watch)")
    watch_sink_url: str | None = Field(None, description="where senders reach the watch's probe; default: this machine")
    watch_api_url: str | None = Field(None, description="the API that the watch asks; default: this machine's")
    deadman_url: str | None = Field(None, description="asked every 5 s while all is well; its silence is the alarm")
    deadman_secret: str | None = Field(None, description="makes those words signed posts instead of plain GETs")
    operator_contacts: str = Field("", description="whom the watch tells: webhook=https://…,sms=+86…,en:voice=+852…")
    timezone: str = Field("Asia/Shanghai", description="wall time of duty shifts")
    checkin_steps: Path | None = Field(None, description="a file of its own for what is tried when a home is silent")
    supervision: Path | None = Field(None, description="a file of its own for how long devices may be quiet")
    telemetry_days: float = Field(7.0, gt=0, description="raw telemetry is kept this long")
    map_tiles_url: str = Field("", description="https://host/{z}/{x}/{y}.png; empty: the map needs no tiles")
    map_tiles_datum: Literal["wgs84", "gcj02", "bd09"] = Field("wgs84", description="in which datum the tiles stand")
    map_attribution: str = Field("", description="whose tiles, and the map's review number; shown on the map")
    map_boundary: Path | None = Field(None, description="GeoJSON file of the street's or district's boundary")
    map_boundary_datum: Literal["wgs84", "gcj02", "bd09"] = Field("wgs84", description="in which datum that file is")
    instance: str = Field("", description="name of this process among several; default: host name")
    log_level: str = Field("info", description="debug, info, warning or error")

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("unknown zone; write Asia/Shanghai") from error
        return value

    @field_validator("public_url", "deadman_url", "watch_sink_url", "watch_api_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not is_web(value):
            raise ValueError("not an http(s) address; write https://anling.example.org")
        return value

    @field_validator("call_back")
    @classmethod
    def _numbers(cls, value: str) -> str:
        odd = [n for n in (part.strip() for part in value.split(",")) if n and not _DIALLED.fullmatch(n)]
        if odd:
            raise ValueError(f"{len(odd)} of them no telephone number; write +862150000001,120")
        return value

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.lower() not in LEVELS:
            raise ValueError(f"no such level; write one of {', '.join(LEVELS)}")
        return value.lower()

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        read_networks(value)
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: str | None) -> str | None:
        if value is not None and len(value) < _KEY_LENGTH:
            raise ValueError(f"too short; give at least {_KEY_LENGTH} random characters")
        return value

    @property
    def ledger_url(self) -> str:
        """The database; embedded SQLite in the data folder unless told otherwise."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'anling.db').absolute()}"

    @property
    def where(self) -> str:
        """The public address."""
        return (self.public_url or f"http://{self.http_host}:{self.http_port}").rstrip("/")

    @property
    def who(self) -> str:
        """This process among several."""
        return self.instance or "".join(c if c.isalnum() or c in "-_." else "-" for c in socket.gethostname())

    def secret(self) -> str:
        """The installation's secret key; made once, readable only by its owner. Raises ``ConfigurationError``."""
        return self.secret_key or key_file.made(self.data_dir)


def read_settings() -> Settings:
    """The settings of this process. Raises ``ConfigurationError`` with everything that is wrong."""
    given = {name: os.environ.get(f"{PREFIX}{name.upper()}", "") for name in Settings.model_fields}
    problems = misspelt(os.environ)
    try:
        settings = Settings.model_validate({name: value for name, value in given.items() if value != ""})
    except ValidationError as error:
        problems += [f"{PREFIX}{'_'.join(str(p) for p in e['loc']).upper()}: {_said(e['msg'])}" for e in error.errors()]
        raise ConfigurationError(problems) from error
    if problems:
        raise ConfigurationError(problems)
    return settings


def misspelt(environment: Mapping[str, str]) -> list[str]:
    """Names that are no setting and look like one: obeyed by nobody, and believed by whoever wrote them."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    strangers = sorted(name for name in set(environment) - set(known) if name.startswith(PREFIX))
    meant = [(name, get_close_matches(name, known, 1, _ALIKE)) for name in strangers]
    return [f"{name}: there is no such setting; did you mean {best[0]}?" for name, best in meant if best]


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")
