"""Who holds a lease: this process, and whether another one on this machine is still alive."""

import os
import socket
from pathlib import Path


def me() -> str:
    """``host/boot/pid/start``: no other process, before or after, has the same."""
    return f"{socket.gethostname()}/{_boot()}/{os.getpid()}/{_started(os.getpid())}"


def dead(owner: str) -> bool:
    """Whether the owner is certainly gone. One on another machine is never certain: its lease must run out."""
    parts = owner.rsplit("/", 3)
    if len(parts) != 4 or parts[0] != socket.gethostname():
        return False
    _, boot, pid, started = parts
    if boot != _boot():
        return True
    return not pid.isdigit() or _started(int(pid)) != started


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "-"


def _started(pid: int) -> str:
    """Start time of a process in clock ticks since boot; empty when there is no such process, ``-`` without /proc.

    One that has ended and only waits to be counted by its parent is none.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except OSError:
        return "" if Path("/proc").exists() else "-"
