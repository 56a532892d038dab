"""Networks by name: which machines an installation trusts."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network


def read_networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas. Raises ``ValueError`` naming what is none."""
    found: list[Network] = []
    for word in (part.strip() for part in text.split(",")):
        if not word:
            continue
        try:
            found.append(ip_network(word, strict=False))
        except ValueError as error:
            raise ValueError(f"{word!r} is no address or network; write 10.0.0.5 or 172.16.0.0/12") from error
    return tuple(found)


def is_web(url: str) -> bool:
    """Whether it is an http(s) address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
