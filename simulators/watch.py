"""The eyes of a drill: polls the product and the world, and keeps what it saw as a record for the judge."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.doors import Product, World
from simulators.judge import AlertView, Glimpse, Reached, Receipted, Record, Seen, TrackView
from simulators.scenario import Drill
from simulators.sitefile import Site

#: Real seconds between two looks at alerts in full.
_LOOK_UP_S = 0.5


@dataclass(frozen=True, slots=True)
class Names:
    """Who is who outside: addresses back to responders, as this drill may use them."""

    #: address, telephone number or name in the world's log → responder id
    known: Mapping[str, str]
    #: those of a real 120
    real_desks: frozenset[str]
    #: telephones of residents of homes that are not in the drill: the street's own check-in may ring there
    elsewhere: frozenset[str] = frozenset()

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
    elsewhere = frozenset(phone for phone, homes in site.at_home.items() if homes.isdisjoint(drill.homes))
    return Names({who: one for who, one in known.items() if who not in real}, real, elsewhere - known.keys())


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
    #: alerts of others were open beside ours: a call that names no alert may be theirs
    strangers: bool = False
    contacts: list[dict[str, Any]] = field(default_factory=list)
    #: alerts that our own receipts named
    opened: set[str] = field(default_factory=set)
    #: the provider's numbers of the calls and messages about our alerts
    _references: set[str] = field(default_factory=set)
    _referenced_at: float = 0.0
    _glimpses: list[Glimpse] = field(default_factory=list)
    _receipts: list[Receipted] = field(default_factory=list)
    #: tasks that were there before us
    stale: frozenset[str] = frozenset()
    _seen: list[Seen] = field(default_factory=list)
    _listed_at: float = 0.0

    def now(self) -> float:
        """Plan seconds since the start."""
        return (time.time() - self.started) / self.scale

    def look(self) -> None:
        """Look once at the alerts and the contacts. Raises DoorClosed when a door is closed."""
        rows = [row for home in self.drill.homes for row in self.product.open_alerts(home, self.drill.drill)]
        seen = {str(row["id"]): view(row) for row in rows}
        for alert in self.open_alerts():
            # It has left the open list: one look in full (reads are audited, so not more than needed).
            if alert not in seen:
                seen[alert] = view(self.product.alert(alert))
        self.alerts |= seen
        self._glimpses.append(Glimpse(self.now(), tuple(self.alerts.values())))
        self._look_at_lists()
        contacts = self.world.contacts(self.after)
        if any(_nameless(row) and row.get("sid") not in self._references for row in contacts):
            self._look_up()
        self.contacts = [row for row in contacts if self._ours(row)]

    def _look_at_lists(self) -> None:
        """Tasks and check-ins of our homes, where the drill asks for them."""
        if time.monotonic() < self._listed_at + _LOOK_UP_S:
            return
        self._listed_at = time.monotonic()
        if self.drill.expects_any("task"):
            rows = (row for row in self.product.tasks() if row["key"] not in self.stale)
            self._note("task", (_task(row) for row in rows))
        if self.drill.expects_any("checkin"):
            self._note("checkin", (_checkin(row) for row in self.product.checkins()))

    def _note(self, what: str, rows: Iterable[Mapping[str, Any]]) -> None:
        # What is about no home is about a street: new since the drill began, it is taken as ours.
        homes = (*self.drill.homes, None)
        ours = (row for row in rows if row["home"] in homes)
        self._seen.append(Seen(self.now(), what, tuple(ours)))

    def commanded(self, device: str, command: str) -> None:
        """A device heard a command just now."""
        self._seen.append(Seen(self.now(), "command", ({"device": device, "cmd": command},)))

    def _look_up(self) -> None:
        """Find out which calls were about our alerts, and whether somebody else's alert is open."""
        if time.monotonic() < self._referenced_at + _LOOK_UP_S:
            return
        self._referenced_at = time.monotonic()
        for alert in self.alerts:
            for contact in self.product.alert(alert).get("contacts", []):
                self._references.add(str(contact.get("reference")))
        self.strangers = self.strangers or not self.product.open_everywhere() <= set(self.alerts)

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
        return Record(tuple(self.reached()), tuple(self._glimpses), tuple(self._receipts), tuple(self._seen))

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
        """About one of our alerts. A call may name none: then its number or its words must tell."""
        if row.get("alert") is not None:
            return row["alert"] in self.alerts
        if row.get("home") is not None:
            return row["home"] in self.drill.homes
        if row.get("sid") is not None and row["sid"] in self._references:
            return True
        if any(row.get("who") in addresses for addresses in self.drill.people.values()):
            return True
        # Whoever keeps the keys of a practice home is rung about it before there is an alert to name.
        keeps = {one for home in self.drill.practice for one in home.key_holders}
        if self.names.known.get(str(row.get("who"))) in keeps:
            return True
        if row.get("who") in self.names.elsewhere and not row.get("drill"):
            return False
        return bool(self.drill.drill and row.get("drill")) or not self.strangers


def _task(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": row.get("kind"), "home": row.get("home_id"), "device": row.get("device_id")}


def _checkin(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in ("home", "state", "way")}


def _nameless(row: Mapping[str, Any]) -> bool:
    return row.get("alert") is None and row.get("home") is None


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
