"""Where the broker is and who we are there: one address and one name for each lane."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from domain.errors import ConfigurationError

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker and our log-in there. The password never shows."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"BrokerAddress({self.host}:{self.port}, tls={self.tls}, username={self.username})"


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """All a bridge needs to know. ``lanes()`` refuses what cannot work, all problems at once."""

    alarm_url: str
    telemetry_url: str | None = None
    vendor_url: str | None = None
    #: this bridge's name in ``anling/v1/svc/bridge/{instance}``
    instance: str = "main"
    #: certificate authority for ``mqtts``; None: those the system trusts
    ca_file: Path | None = None
    #: the ledger knows of an earlier run: a broker without our session has then lost something
    session_expected: bool = False
    #: messages taken into one transaction
    batch: int = 500
    #: small enough that a press never waits long for the same database
    telemetry_batch: int = 400
    #: messages of one device in one transaction; the rest waits its turn
    per_device: int = 20
    #: telemetry held in memory before the oldest is shed
    telemetry_limit: int = 50_000
    #: seconds between probes through the broker
    probe_every: float = 10.0

    def __repr__(self) -> str:
        return f"BridgeSettings(instance={self.instance})"

    def lanes(self) -> "Addresses":
        """The addresses of the three lanes, or a ``ConfigurationError`` that names every problem."""
        problems: list[str] = []
        alarm = _address("ANLING_MQTT_URL", self.alarm_url, problems)
        telemetry = _address("ANLING_MQTT_TELEMETRY_URL", self.telemetry_url, problems)
        vendor = _address("ANLING_MQTT_VENDOR_URL", self.vendor_url, problems)
        named = alarm is not None and alarm.username is not None
        if named and self.telemetry_url is None:
            problems.append(_OWN_NAME)
        problems += _shared([alarm, telemetry, vendor])
        if self.ca_file is not None and not _is_ca(self.ca_file):
            wrong = f"ANLING_MQTT_CA_FILE: {self.ca_file} cannot be used"
            problems.append(f"{wrong}: give the broker's CA certificate (PEM)")
        if not self.instance or any(c in self.instance for c in "/+#"):
            problems.append("ANLING_INSTANCE: one word without / + #")
        if problems or alarm is None:
            raise ConfigurationError(problems)
        return Addresses(alarm, telemetry or alarm, vendor or (None if named else alarm))


@dataclass(frozen=True, slots=True)
class Addresses:
    """One address for each lane; ``vendor`` None: that lane is off."""

    alarm: BrokerAddress
    telemetry: BrokerAddress
    vendor: BrokerAddress | None


def address_of(name: str, url: str) -> BrokerAddress:
    """One address for whoever needs a session of its own; ``name``: the setting, for the ``ConfigurationError``."""
    problems: list[str] = []
    address = _address(name, url, problems)
    if address is None:
        raise ConfigurationError(problems)
    return address


_OWN_NAME = (
    "ANLING_MQTT_TELEMETRY_URL is missing: ANLING_MQTT_URL has a username, and a broker keeps one session "
    "per name, so telemetry needs its own. Make a second account (bridge-tele) and give "
    "mqtt://bridge-tele:password@host:port"
)


def _address(name: str, url: str | None, problems: list[str]) -> BrokerAddress | None:
    """The URL's parts; problems never repeat the URL, it may hold a password."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        problems.append(f"{name}: not a URL; write mqtt://user:password@host:1883")
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        problems.append(f"{name}: write mqtt://user:password@host:1883 or mqtts://user:password@host:8883")
        return None
    return BrokerAddress(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        username=_part(parts, "username"),
        password=_part(parts, "password"),
    )


def _part(parts: SplitResult, name: str) -> str | None:
    value = getattr(parts, name)
    return unquote(value) if value else None


def _is_ca(path: Path) -> bool:
    try:
        ssl.create_default_context(cafile=str(path))
    except OSError:
        return False
    return True


def _shared(addresses: list[BrokerAddress | None]) -> list[str]:
    names = [a.username for a in addresses if a is not None and a.username]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [
        f"ANLING_MQTT_URL, _TELEMETRY_URL, _VENDOR_URL: username {name} is on two lanes: "
        "they would throw each other out of the broker; "
        "give each lane its own account (bridge-alarm, bridge-tele, bridge-vendor)"
        for name in twice
    ]
