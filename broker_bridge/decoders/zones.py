"""The alarm bits of a Zigbee security zone (ZCL cluster 0x0500), the same for every maker."""

from broker_bridge.decoders import traits
from broker_bridge.decoders.presses import SOS_ROLES
from broker_bridge.decoders.reading import Reading
from domain.events import Kind

_ALARM_1, _ALARM_2, _TAMPER, _BATTERY, _TEST, _DEFECT = 1, 2, 4, 8, 0x100, 0x200


def read(zone: int | None, bits: int, role: str | None = None) -> list[Reading]:
    """What the bits tell for this type of zone; without a type the register's role decides, else ``unknown``."""
    told: list[Reading] = []
    testing = bool(bits & _TEST)
    if zone == _PERSONAL:
        told += [Reading(Kind.FALL, {}, level=True)] if bits & _ALARM_1 else []
        told += [Reading(Kind.SOS, {"trigger": "button"}, level=True)] if bits & _ALARM_2 else []
    elif zone in _OPENINGS and role in SOS_ROLES:
        told += [Reading(Kind.SOS, {"trigger": "contact"}, level=True)] if bits & _ALARM_1 else []
    elif zone in _OPENINGS:
        told.append(Reading(Kind.ACTIVITY, {"kind": "door", "state": "open" if bits & _ALARM_1 else "closed"}))
    elif zone in _MOTIONS:
        told.append(Reading(Kind.ACTIVITY, {"kind": "motion", "state": "on" if bits & 3 else "off"}))
    elif bits & (_ALARM_1 | _ALARM_2) or (testing and zone in _ALARMS):
        told.append(_alarm(zone, bits, testing, role))
    if bits & _TAMPER:
        told.append(Reading(Kind.TAMPER, {"kind": "tamper"}, level=True))
    if bits & (_BATTERY | _DEFECT):
        told.append(Reading(Kind.BATTERY_LOW, {}, level=True))
    return told


def _alarm(zone: int | None, bits: int, testing: bool, role: str | None) -> Reading:
    kind, data = _ALARMS.get(zone or 0, (traits.role_kind(role), {}))
    if kind is None:
        return Reading(Kind.UNKNOWN, said=f"zone type {zone}, bits {bits}")
    if kind is Kind.SOS:
        return Reading(kind, {"trigger": "button"}, drill=testing, level=True)
    if kind is Kind.GAS and zone == _CARBON:
        data = {"medium": "CO"} if bits & _ALARM_1 else {"medium": "CH4"}
    return Reading(kind, {**data, "state": "test" if testing else "alarm"}, drill=testing, level=True)


_PERSONAL, _CARBON = 0x2C, 0x2B
_OPENINGS = frozenset({0x15})
_MOTIONS = frozenset({0x0D, 0x2D})
#: remote controls and keypads: alarm 1 is panic, alarm 2 emergency
_ALARMS: dict[int, tuple[Kind, dict[str, str]]] = {
    0x28: (Kind.SMOKE, {}),
    0x2A: (Kind.WATER_LEAK, {}),
    0x2B: (Kind.GAS, {}),
    0x10F: (Kind.SOS, {}),
    0x115: (Kind.SOS, {}),
    0x21D: (Kind.SOS, {}),
}
