"""Where a request comes from: the caller's own address, also behind proxies that this installation trusts."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from starlette.requests import HTTPConnection

from domain.networks import Network

#: who has an IPv6 line has at least so much of it: one caller
_IPV6_LINE = 64


def address(conn: HTTPConnection, trusted: tuple[Network, ...]) -> str:
    """The right-most address that is not a trusted proxy's, as a key; an IPv6 line (/64) is one caller.

    What stands further left in ``X-Forwarded-For`` was written by the caller and is not believed.
    """
    peer = _read(conn.client.host if conn.client else "")
    if peer is None:
        return "?"
    for word in _forwarded(conn):
        if not any(peer in network for network in trusted):
            break
        behind = _read(word)
        if behind is None:
            break
        peer = behind
    return _key(peer)


def _forwarded(conn: HTTPConnection) -> list[str]:
    """The hops, the nearest first."""
    lines = conn.headers.getlist("x-forwarded-for")
    return [word.strip() for word in ",".join(lines).split(",")][::-1] if lines else []


def _read(word: str) -> IPv4Address | IPv6Address | None:
    """``1.2.3.4``, ``1.2.3.4:5678``, ``2001:db8::1``, ``[2001:db8::1]:5678``."""
    bare = word[1:].partition("]")[0] if word.startswith("[") else word
    bare = bare.partition(":")[0] if bare.count(":") == 1 else bare
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _key(found: IPv4Address | IPv6Address) -> str:
    return str(IPv6Network((found, _IPV6_LINE), strict=False)) if isinstance(found, IPv6Address) else str(found)
