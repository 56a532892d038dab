"""What simulators read from a site file: which device lives where, and where a person is reached."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class BadSite(ValueError):
    """The site file cannot be used. ``errors`` lists every fault with its place and what to do."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class SiteDevice:
    """A device that speaks ``anling/v1``."""

    id: str
    home: str
    role: str
    secret: str = field(repr=False)
    #: the gateway that speaks for it, if it cannot reach the broker itself
    gateway: str | None


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another maker's device behind a hub, which publishes for it."""

    id: str
    home: str
    role: str
    dialect: str
    site: str
    external: str
    #: log-in of the hub; its secret
    hub: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Site:
    """Homes with their devices, and people with their addresses."""

    homes: tuple[str, ...]
    devices: Mapping[str, SiteDevice]
    #: responder id → role
    roles: Mapping[str, str]
    #: address (telephone number or URL) → responder id
    addresses: Mapping[str, str]
    #: 120 addresses that are not marked ``"drill": true``: nothing of a drill may reach them
    real_desks: frozenset[str]
    foreign: tuple[Foreign, ...] = ()
    #: telephone number of somebody who lives there → homes
    at_home: Mapping[str, frozenset[str]] = field(default_factory=dict)


def read_site(file: Path) -> Site:
    """Read a site file. Raises BadSite with everything that is wrong at once."""
    try:
        raw = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise BadSite([f"{file}: 打不开 / cannot be opened ({error.strerror}): check the path"]) from error
    except ValueError as error:
        raise BadSite([f"{file}: 不是 JSON / not JSON ({error}): correct the file"]) from error
    return parse_site(raw, str(file))


def parse_site(raw: Any, where: str) -> Site:
    """Turn the JSON of a site file into a Site; ``where`` names it in the errors."""
    errors: list[str] = []
    if not isinstance(raw, dict):
        raise BadSite([f"{where}: 顶层应是对象 / the file must hold one JSON object"])
    homes = [home for home in raw.get("homes", []) if _has_id(home, f"{where}: homes", errors)]
    devices = dict(_devices(homes, where, errors))
    people = [one for one in raw.get("responders", []) if _has_id(one, f"{where}: responders", errors)]
    errors += [
        f"{where}: {device.id}: 网关 gateway {device.gateway} is no anling device of the file: correct the id"
        for device in devices.values()
        if device.gateway and device.gateway not in devices
    ]
    if errors:
        raise BadSite(errors)
    return Site(
        homes=tuple(home["id"] for home in homes),
        devices=devices,
        roles={one["id"]: str(one.get("role", "")) for one in people},
        addresses={address: one["id"] for one in people for address, _ in _contacts(one)},
        real_desks=frozenset(
            address
            for one in people
            for address, contact in _contacts(one)
            if one.get("role") == "dispatch_120" and not contact.get("drill")
        ),
        foreign=tuple(_foreign(homes, raw.get("hubs", []))),
        at_home=_at_home(homes),
    )


def _at_home(homes: list[dict[str, Any]]) -> dict[str, frozenset[str]]:
    """Who picks up at home: the telephones of residents."""
    found: dict[str, frozenset[str]] = {}
    for home in homes:
        for resident in home.get("residents") or ():
            for phone in resident.get("phones") or ():
                found[phone] = found.get(phone, frozenset()) | {home["id"]}
    return found


def _foreign(homes: list[dict[str, Any]], hubs: list[dict[str, Any]]) -> Iterator[Foreign]:
    """Devices whose hub has a log-in of its own in the file; others speak from outside."""
    known = {(hub.get("dialect"), hub.get("site")): hub for hub in hubs if hub.get("secret")}
    for home in homes:
        for row in home.get("devices", []):
            hub = known.get((row.get("dialect"), row.get("site")))
            if hub is not None:
                yield Foreign(
                    str(row["id"]), home["id"], str(row.get("role", "")), str(row["dialect"]), str(row["site"]),
                    str(row.get("external") or row["id"]), str(hub["id"]), str(hub["secret"]),
                )  # fmt: skip


def _has_id(row: Any, where: str, errors: list[str]) -> bool:
    if isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"]:
        return True
    errors.append(f"{where}: 缺 id / a row has no id: give it one")
    return False


def _devices(
    homes: list[dict[str, Any]], where: str, errors: list[str]
) -> Iterator[tuple[str, SiteDevice]]:
    for home in homes:
        for row in home.get("devices", []):
            place = f"{where}: {home['id']}: devices"
            if not _has_id(row, place, errors) or row.get("dialect") != "anling":
                continue
            gateway = row.get("gateway")
            if not row.get("secret") and not gateway:
                errors.append(f"{place}: {row['id']}: 缺 secret / no secret: a device needs one to log in")
                continue
            role, secret = str(row.get("role", "")), str(row.get("secret", ""))
            yield row["id"], SiteDevice(row["id"], home["id"], role, secret, gateway)


def _contacts(responder: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(str(contact.get("address", "")), contact) for contact in responder.get("contacts", [])]
