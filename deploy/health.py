"""Health of a container: asks the API's ``/readyz`` whether the parts that this container runs are alive.

``health.py`` alone asks ``/healthz``: is the API process up. ``health.py engine senders`` asks for those parts.
Exit status 0 is well, 1 is not.
"""

import json
import os
import sys
import urllib.error
import urllib.request

_TIMEOUT_S = 4


def sick(parts: list[str], base: str) -> list[str]:
    """Those of ``parts`` that are not well; the API itself when it does not answer."""
    url = f"{base}/readyz" if parts else f"{base}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        # 503 names what is broken; it may be somebody else's part
        told = _words(error.read())
    except (OSError, ValueError):
        return ["api"]
    found = told.get("parts", {})
    return [part for part in parts if not found.get(part, {}).get("ok")]


def _words(body: bytes) -> dict[str, dict[str, dict[str, bool]]]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


if __name__ == "__main__":
    ill = sick(sys.argv[1:], os.environ.get("ANLING_HEALTH_URL", "http://api:8080"))
    print("ok" if not ill else f"not well: {', '.join(ill)}")
    raise SystemExit(1 if ill else 0)
