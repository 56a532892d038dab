"""The eyes of a drill: polls the product and the world, and keeps what it saw as a record for the judge."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.doors import Product, World
from simulators.judge import AlertView, Glimpse, Reached, Receipted, Record, TrackView
from simulators.scenario import Drill
from simulators.sitefile import Site


@dataclass(frozen=True, slots=True)
class Names:
    """Who is who outside: addresses back to responders, as this drill may use them."""

    #: address, telephone number or name in the world's log → responder id
    known: Mapping[str, str]
    #: those of a real 120
    real_desks: frozenset[str]

    def addresses(self, responder: str) -> list[str]:
        """All names under which the world knows a responder, telephone numbers last."""
        own = (who for who, one in self.known.items() if one == responder)
        return sorted(own, key=lambda who: who.startswith("+"))


def who_is_who(drill: Drill, site: Site) -> Names:
    """In a drill the 120 desk is only its drill addresses; the others are real ones."""
    real = frozenset(_called(address) for address in site.real_desks) if drill.drill else frozenset[str]()
    known = {who: who for who, role in site.roles.items() if role != "dispatch_120" or not drill.drill}
    known |= {_called(address): who for address, who in site.addresses.items()}
    known |= {address: who for who, addresses in drill.people.items() for address in addresses}
    return Names({who: one for who, one in known.items() if who not in real}, real)


def _called(address: str) -> str:
    """What the world calls an address: a telephone number as it is, a URL by its last part."""
    return address.rstrip("/").rpartition("/")[2] if "://" in address else address


@dataclass(slots=True)
class Watch:
    """Looks every so often; ``record`` is what the judge gets."""

    drill: Drill
    product: Product
    world: World
    names: Names
    #: the world's newest contact before the drill
    after: int
    #: real seconds per plan second
    scale: float
    started: float = field(default_factory=time.time)
    alerts: dict[str, AlertView] = field(default_factory=dict)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    #: alerts that our own receipts named
    opened: set[str] = field(default_factory=set)
    _glimpses: list[Glimpse] = field(default_factory=list)
    _receipts: list[Receipted] = field(default_factory=list)

    def now(self) -> float:
        """Plan seconds since the start."""
        return (time.time() - self.started) / self.scale

    def look(self) -> None:
        """Look once at the alerts and the contacts. Raises DoorClosed when a door is closed."""
        for home in self.drill.homes:
            for row in self.product.open_alerts(home, self.drill.drill):
                self.alerts.setdefault(row["id"], view(row))
        for alert in self.alerts:
            self.alerts[alert] = view(self.product.alert(alert))
        self._glimpses.append(Glimpse(self.now(), tuple(self.alerts.values())))
        self.contacts = [row for row in self.world.contacts(self.after) if self._ours(row)]

    def receipted(self, device: str, receipt: Mapping[str, Any]) -> None:
        """A device got a receipt just now."""
        self._receipts.append(Receipted(self.now(), device, str(receipt.get("result"))))
        if receipt.get("alert"):
            self.opened.add(str(receipt["alert"]))

    def open_alerts(self) -> list[str]:
        """Alerts of the drill that were open at the last look, newest last."""
        return [alert.id for alert in self.alerts.values() if alert.state == "open"]

    def record(self) -> Record:
        """Everything seen so far."""
        return Record(tuple(self.reached()), tuple(self._glimpses), tuple(self._receipts))

    def reached(self) -> list[Reached]:
        """The contacts about this drill, oldest first."""
        return [self._reached(row) for row in self.contacts]

    def _reached(self, row: Mapping[str, Any]) -> Reached:
        who = str(row.get("who"))
        return Reached(
            at=(float(row["at"]) - self.started) / self.scale,
            who=self.names.known.get(who, who),
            channel=str(row.get("channel")),
            type=str(row.get("type") or "contact"),
            drill=row.get("drill"),
            real_desk=who in self.names.real_desks,
        )

    def _ours(self, row: Mapping[str, Any]) -> bool:
        """About one of our alerts. A call may name none: then it is ours unless heard to be no drill."""
        if row.get("alert") is not None:
            return row["alert"] in self.alerts
        if row.get("home") is not None:
            return row["home"] in self.drill.homes
        return not self.drill.drill or row.get("drill") is not False or not row.get("spoken")


def view(row: Mapping[str, Any]) -> AlertView:
    """An alert of the API in the judge's words; fields that are missing get harmless values."""
    tracks = tuple(
        TrackView(str(track.get("name")), str(track.get("state")), (track.get("claimant") or {}).get("id"))
        for track in row.get("tracks", [])
    )
    return AlertView(
        id=str(row["id"]),
        state=str(row.get("state")),
        kind=str(row.get("kind", "")),
        severity=str(row.get("severity", "")),
        signals=_count(row.get("signals")),
        cancel_requested=bool(row.get("cancel_requested")),
        tracks=tracks,
    )


def _count(value: Any) -> int:
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) else 0
