"""A tether between a process and one it starts: when the first ends, the kernel ends the other, also after kill -9."""

import os
import sys
from collections.abc import Sequence

#: becomes the command, and asks the kernel to end it when the process that started it ends
_TETHER = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
try:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
except (AttributeError, OSError):
    pass
if os.getppid() != parent:
    sys.exit(0)
os.execv(sys.argv[2], sys.argv[2:])
"""


def tethered(command: Sequence[str]) -> list[str]:
    """``command`` (with the path of its program), tied to this process.

    The kernel ties it to the very thread that starts it: one that lives as long as the process should.
    """
    return [sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid()), *command]
