"""Mosquitto's own files: what it keeps, who may log in, who may say what."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from broker_bridge.topics import ROOT, is_device, is_level
from domain.passwords import check_secret, hash_secret

_LOG = structlog.get_logger("anling.broker")

#: our accounts, and what each may do
SERVICES: Mapping[str, tuple[str, ...]] = {
    "bridge-alarm": (
        f"read {ROOT}/up/#",
        f"read {ROOT}/status/#",
        f"write {ROOT}/down/#",
        f"readwrite {ROOT}/svc/#",
        "read $SYS/broker/#",
    ),
    "bridge-tele": (f"read {ROOT}/up/+/telemetry", f"read {ROOT}/up/+/sub/+/telemetry"),
    "bridge-vendor": ("read vendor/#",),
    # its probe presses under the same name: the device rights below are its own as well
    "watch": (
        f"readwrite {ROOT}/svc/watch/#",
        f"write {ROOT}/svc/deadman/#",
        "read $SYS/broker/publish/messages/dropped",
    ),
}

#: whoever asks the broker whether it is well
_MONITOR = ("read $SYS/broker/uptime",)

#: a device speaks for itself and its children only
_DEVICE_RIGHTS = (
    f"pattern write {ROOT}/up/%u/#",
    f"pattern write {ROOT}/status/%u",
    f"pattern read {ROOT}/down/%u/#",
)


def write_config(folder: Path, port: int, access: bool) -> Path:
    """``mosquitto.conf`` for one listener on this machine; ``access``: log-ins as ``write_access`` wrote."""
    lines = [
        "per_listener_settings false",
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_interval 1",
        "max_queued_messages 100000",
        "max_queued_bytes 268435456",
        "max_inflight_messages 20",
        "max_packet_size 1048576",
        "max_keepalive 300",
        "set_tcp_nodelay true",
        "sys_interval 5",
        "connection_messages false",
        "log_type error",
        "log_type warning",
        "log_dest stderr",
        f"allow_anonymous {str(not access).lower()}",
    ]
    if access:
        lines += [f"password_file {folder}/passwd", f"acl_file {folder}/acl"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        lines.append("user root")
    lines.append(f"listener {port} 127.0.0.1")
    if access:
        # a device that took our client id would take our queue with it
        lines.append("use_username_as_clientid true")
    path = folder / "mosquitto.conf"
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")
    return path


@dataclass(frozen=True, slots=True)
class Access:
    """Everybody who may come in."""

    #: our own accounts (lanes, ``monitor``, the watch) and their secrets
    services: Mapping[str, str]
    #: device -> hash of its secret, in Mosquitto's format
    devices: Mapping[str, str]
    #: hub -> (hash, dialect, site)
    hubs: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Access({len(self.services)} services, {len(self.devices)} devices, {len(self.hubs)} hubs)"


def write_access(folder: Path, access: Access) -> bool:
    """Password and right files, readable by us only. True when something in them has changed."""
    known = _known(folder / "passwd")
    words = dict(access.devices) | {name: hashed for name, (hashed, _, _) in access.hubs.items()}
    words = {name: hashed for name, hashed in words.items() if is_device(name) and "\n" not in hashed}
    # ours last: whatever the register holds, nobody else logs in under our names
    words |= {name: _lasting(known.get(name), secret) for name, secret in access.services.items()}
    changed = _write(folder / "passwd", [f"{name}:{hashed}" for name, hashed in words.items()])
    return _write(folder / "acl", [*_service_rights(access.services), *_hub_rights(access), *_DEVICE_RIGHTS]) or changed


def _service_rights(names: Iterable[str]) -> Iterable[str]:
    for name in sorted(names):
        yield f"user {name}"
        yield from (f"topic {right}" for right in SERVICES.get(name, _MONITOR))


def _hub_rights(access: Access) -> Iterable[str]:
    """A hub speaks for its own site, and like every device for itself."""
    for name, (_, dialect, site) in sorted(access.hubs.items()):
        if not (is_device(name) and is_level(dialect) and is_level(site)):
            _LOG.error("hub_without_rights", hub=name[:64], why="its name, dialect or site is no level of a topic")
            continue
        yield f"user {name}"
        yield f"topic write vendor/{dialect}/{site}/#"


def _known(path: Path) -> dict[str, str]:
    """The password file as it is: name -> hash."""
    if not path.exists():
        return {}
    pairs = (line.partition(":") for line in path.read_text().splitlines())
    return {name: hashed for name, _, hashed in pairs}


def _lasting(hashed: str | None, secret: str) -> str:
    """The hash as it stands when it is this secret's: a file that says the same is not written anew."""
    known = hashed is not None and hashed.startswith("$7$") and check_secret(secret, hashed)
    return hashed if known and hashed else hash_secret(secret)


def _write(path: Path, lines: list[str]) -> bool:
    text = "\n".join(lines) + "\n"
    if path.exists() and path.read_text() == text:
        return False
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)
    return True
