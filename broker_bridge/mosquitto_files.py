"""Mosquitto's own files: what it keeps, who may log in, who may say what."""

import base64
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from broker_bridge.topics import ROOT

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
}

#: a device speaks for itself and its children only
_DEVICE_RIGHTS = (
    f"pattern write {ROOT}/up/%u/#",
    f"pattern write {ROOT}/status/%u",
    f"pattern read {ROOT}/down/%u/#",
)

_ROUNDS = 101


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
    path.write_text("\n".join(lines) + "\n")
    return path


def write_access(folder: Path, accounts: Mapping[str, str], services: frozenset[str]) -> None:
    """Password and right files for devices and for our own accounts; readable by us only."""
    _write(folder / "passwd", [f"{name}:{_hash(secret)}" for name, secret in accounts.items()])
    rights: list[str] = []
    for service in sorted(services):
        rights.append(f"user {service}")
        rights += [f"topic {right}" for right in SERVICES[service]]
    _write(folder / "acl", [*rights, *_DEVICE_RIGHTS])


def _hash(secret: str) -> str:
    """Mosquitto's ``$7$``: PBKDF2 with SHA-512."""
    salt = os.urandom(12)
    made = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, _ROUNDS, 64)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"


def _write(path: Path, lines: list[str]) -> None:
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("\n".join(lines) + "\n")
    fresh.replace(path)
