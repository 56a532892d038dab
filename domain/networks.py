"""Networks by name: which machines an installation trusts."""

from ipaddress import IPv4Network, IPv6Network, ip_network

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
