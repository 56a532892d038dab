"""The demo's installer: most homes are accepted before the first press, as a real one is; the others stay unprotected.

Nothing is pretended: each device is heard by the intake while its home is being commissioned, each contact is
entered as reached, the home is signed, and the tests' alerts are closed as tests.
"""

from collections.abc import Iterator

import orjson

from anling.house import House
from broker_bridge.decode import hear
from broker_bridge.topics import ROOT
from domain.alerts import Cause, Outcome
from domain.clock import wall_now
from domain.events import Message
from domain.ids import new_id
from domain.people import Scope
from store.accounts import Accounts
from store.commissioning import Commissioning
from store.site import Site, SiteDevice, SiteHome

#: what a device of a role says when somebody tries it; the others tell that they are there
_TRIED = {"sos_button": "sos", "wristband": "sos", "pull_cord": "sos", "fall_radar": "fall",
          "smoke_detector": "smoke", "gas_detector": "gas"}  # fmt: skip


def move_in(built: House, site: Site, operator: str) -> int:
    """Accept every home whose devices all speak our own protocol; returns how many were tried.

    One that was given another device since stays unprotected until somebody presses that.
    """
    scope = Scope(operator, "supervisor")
    office = Commissioning(built.ledger, built.clock)
    ours = [home for home in site.homes if home.devices and all(d.dialect == "anling" for d in home.devices)]
    for home in ours:
        if not office.status(scope, home.id)["protected"]:
            _accept(built, office, scope, home)
    return len(ours)


def _accept(built: House, office: Commissioning, scope: Scope, home: SiteHome) -> None:
    office.start(scope, home.id)
    events = [hear(message) for message in _tries(home, telemetry=False)]
    receipts = [receipt for receipt in built.intake(events) if receipt is not None]
    built.intake.telemetry([hear(message) for message in _tries(home, telemetry=True)])
    for contact in office.status(scope, home.id)["contacts"]:
        office.prove(scope, home.id, contact["key"])
    if not office.status(scope, home.id)["missing"]:  # somebody may have added a device or a contact since
        office.sign(scope, home.id)
    actor = Accounts(built.ledger).actor(scope)
    for alert in sorted({receipt.alert for receipt in receipts if receipt.alert}):
        built.commands.close(alert, actor, Outcome.TEST, Cause.TEST, "验收试验 / commissioning test")


def _tries(home: SiteHome, telemetry: bool) -> Iterator[Message]:
    for device in home.devices:
        if (device.role not in _TRIED) is telemetry:
            yield _message(device, _TRIED.get(device.role, "heartbeat"), "telemetry" if telemetry else "event")


def _message(device: SiteDevice, kind: str, leaf: str) -> Message:
    """As the device itself would send it, before its first start in this street."""
    place = f"{device.gateway}/sub/{device.id}" if device.gateway else device.id
    data = {"state": "test"} if kind in ("smoke", "gas") else {"battery_pct": 100}
    said = {"v": 1, "id": new_id(), "seq": 0, "boot": 0, "type": kind, "ts": wall_now().isoformat(), "clock": "ntp"}
    return Message(f"{ROOT}/up/{place}/{leaf}", orjson.dumps(said | {"data": data}), wall_now())
