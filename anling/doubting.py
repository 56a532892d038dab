"""``anling watch`` as a process: put together from the settings, started with whatever is away."""

import signal
import threading
from zoneinfo import ZoneInfo

import structlog

from anling.house import open_ledger
from anling.processes import channels_of
from anling.settings import Settings
from broker_bridge.settings import BrokerAddress, address_of
from domain.errors import AnlingError, ConfigurationError, LedgerUnavailable
from escalation.tokens import Tokens
from store import probes, schema, watching
from store.ledger import Ledger
from watch.crier import read_contacts
from watch.ear import device_of
from watch.watch import Watch, WatchSettings

_LOG = structlog.get_logger("anling.watch")


def run_watch(settings: Settings) -> None:
    """Watch until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    told, ledger = watch_settings(settings), open_ledger(settings)
    watch = Watch(told, ledger, channels_of(settings, Tokens(settings.secret())))
    try:
        _check(ledger)
        watch.start()
        _LOG.info("watching", instance=told.instance, probe=device_of(told.broker))
        stop.wait()
        _LOG.warning("watch_stops", remedy="whoever hears the dead-man's switch will notice; start it again")
    finally:
        watch.stop()
        ledger.close()


def watch_settings(settings: Settings) -> WatchSettings:
    """What the watch needs of the settings. Raises ``ConfigurationError`` with all that is wrong."""
    return WatchSettings(
        settings.who, broker_of(settings), ZoneInfo(settings.timezone), settings.mqtt_ca_file,
        settings.watch_sink_url, settings.watch_api_url or _own_api(settings), settings.deadman_url,
        settings.deadman_secret, read_contacts(settings.operator_contacts),
    )  # fmt: skip


def broker_of(settings: Settings) -> BrokerAddress:
    """Our own account at the broker. That of the bridge would throw the bridge out."""
    if settings.watch_mqtt_url is not None:
        return address_of("ANLING_WATCH_MQTT_URL", settings.watch_mqtt_url)
    if settings.mqtt_url is None:
        return address_of("ANLING_MQTT_PORT", f"mqtt://127.0.0.1:{settings.mqtt_port}")
    address = address_of("ANLING_MQTT_URL", settings.mqtt_url)
    if address.username is not None:
        raise ConfigurationError([
            "ANLING_WATCH_MQTT_URL is missing: the broker keeps one session for each account, and ANLING_MQTT_URL is"
            " the bridge's; give mqtt://watch:password@host:port (docs/runbook.md)"
        ])  # fmt: skip
    return address


def retire(settings: Settings, instance: str) -> bool:
    """A watch that will not come back: nobody misses it, its probe leaves the register. False: it was not known."""
    ledger = open_ledger(settings)
    try:
        with ledger.transaction() as tx:
            known = watching.retire(tx, instance)
            return probes.dismiss(tx, device_of(broker_of(settings))) or known
    finally:
        ledger.close()


def _own_api(settings: Settings) -> str | None:
    host = "127.0.0.1" if settings.http_host in ("0.0.0.0", "::") else settings.http_host
    return f"http://{host}:{settings.http_port}" if settings.http_port else None


def _check(ledger: Ledger) -> None:
    """A ledger of another age or key is a mistake; one that is away is what we are here to say."""
    try:
        schema.require_current(ledger)
        schema.verify_key(ledger)
    except ConfigurationError:
        raise
    except LedgerUnavailable as error:
        _LOG.error("ledger_away_at_start", error=str(error))
    except AnlingError as error:
        _LOG.error("ledger_not_checked", error=str(error))
