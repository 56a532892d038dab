"""``anling broker``: the files that let devices in, and the certificates that name them."""

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anling.ledger_here import ledger_here
from domain.clock import wall_now
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from anling.settings import Settings
    from store.ledger import Ledger

broker = typer.Typer(no_args_is_help=True, help="Log-ins and certificates at the broker.")

_LOOK_EVERY = 2.0


@broker.command()
def render(
    out: Annotated[Path | None, typer.Option(help="folder for passwd, acl and revoked.crl")] = None,
    pid: Annotated[Path | None, typer.Option(help="the broker's pid file: it reads the files anew at once")] = None,
    certificates: Annotated[Path | None, typer.Option(help="the authority's folder: also writes revoked.crl")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="go on: write again whenever the register changes")] = False,
) -> None:
    """Write Mosquitto's password and right files from the register, and let the broker read them."""
    from anling.settings import read_settings

    settings = read_settings()
    folder = out or settings.data_dir / "broker-access"
    seen: str | None = None
    with ledger_here(settings) as ledger:
        while True:
            seen, told = _render(settings, ledger, (folder, certificates), seen)
            if told is not None:
                _reload(pid, told)
                print(json.dumps(told), flush=True)
            if not watch:
                break
            time.sleep(_LOOK_EVERY)


def _render(
    settings: "Settings", ledger: "Ledger", folders: tuple[Path, Path | None], seen: str | None
) -> tuple[str, dict[str, object] | None]:
    """One look: the register's version, and what was written (None: nothing new since ``seen``)."""
    from broker_bridge.certificates import Authority
    from broker_bridge.mosquitto_files import Access, write_access
    from store.log_ins import log_ins
    from store.register import version

    folder, certificates = folders
    with ledger.reading() as tx:
        now_at = version(tx)
        if now_at == seen:
            return now_at, None
        known = log_ins(tx)
    folder.mkdir(parents=True, exist_ok=True)
    hubs = {id: (hub.secret_hash, hub.dialect, hub.site) for id, hub in known.hubs.items()}
    access = Access(_services(settings), known.devices, hubs)
    changed = write_access(folder, access)
    if certificates is not None:
        (folder / "revoked.crl").write_bytes(Authority(certificates).list_revoked(known.revoked, wall_now()))
    told: dict[str, object] = {
        "folder": str(folder), "services": len(access.services), "devices": len(access.devices),
        "hubs": len(access.hubs), "revoked_certificates": len(known.revoked), "changed": changed,
    }  # fmt: skip
    return now_at, told


def _services(settings: "Settings") -> dict[str, str]:
    """Our own accounts, from the addresses that the bridge uses. Raises ``ConfigurationError``."""
    from broker_bridge.settings import BridgeSettings, address_of

    if settings.mqtt_url is None:
        raise ConfigurationError(["ANLING_MQTT_URL is missing: it names the bridge's account at the broker"])
    lanes = BridgeSettings(settings.mqtt_url, settings.mqtt_telemetry_url, settings.mqtt_vendor_url).lanes()
    services = {
        lane.username: lane.password
        for lane in (lanes.alarm, lanes.telemetry, lanes.vendor)
        if lane is not None and lane.username and lane.password
    }
    if not services:
        raise ConfigurationError(["ANLING_MQTT_URL has no account: write mqtt://bridge-alarm:password@host:1883"])
    if settings.watch_mqtt_url is not None:
        watch = address_of("ANLING_WATCH_MQTT_URL", settings.watch_mqtt_url)
        services |= {watch.username: watch.password} if watch.username and watch.password else {}
    if settings.broker_monitor_password:
        services["monitor"] = settings.broker_monitor_password
    return services


def _reload(pid: Path | None, told: dict[str, object]) -> None:
    if pid is None:
        return
    try:
        os.kill(int(pid.read_text()), signal.SIGHUP)
        told["reloaded"] = True
    except (OSError, ValueError) as error:
        raise ConfigurationError([f"{pid}: the broker was not told: {error}; send it SIGHUP yourself"]) from error


@broker.command()
def certificates(
    host: Annotated[list[str], typer.Option(help="a name or address that devices dial; may be given several times")],
    out: Annotated[Path, typer.Option(help="folder for ca.crt, ca.key, server.crt, server.key")] = Path("deploy/certs"),
) -> None:
    """Make the authority (once) and the broker's certificate; run again to renew the broker's."""
    from broker_bridge.certificates import Authority

    authority = Authority.found(out, wall_now())
    authority.sign_broker(tuple(host), wall_now())
    if not (out / "revoked.crl").exists():
        (out / "revoked.crl").write_bytes(authority.list_revoked({}, wall_now()))
    print(f"{out}: ca.crt, server.crt for {', '.join(host)}. Keep ca.key away from the broker.")
