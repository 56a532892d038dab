"""Z-Wave's numbers in our words: command classes, notification events, scenes, keypad keys."""

from broker_bridge.decoders.reading import Reading
from domain.events import Kind

OTHER = dict.fromkeys(
    ("configuration", "wake_up", "version", "manufacturer_specific", "zwaveplus_info", "z_wave_plus_info", "meter",
     "association", "node_naming", "thermostat_setpoint", "switch_multilevel", "multilevel_switch", "clock",
     "supervision", "indicator", "alarm", "user_code", "sound_switch", "protection", "color_switch",
     "firmware_update_meta_data"), "life",
)  # fmt: skip
NUMBERS = {
    113: "notification", 156: "sensor_alarm", 48: "sensor_binary", 32: "basic", 37: "switch_binary",
    91: "central_scene", 43: "scene_activation", 111: "entry_control", 128: "battery", 49: "sensor_multilevel",
    98: "door_lock",
    **dict.fromkeys((112, 132, 134, 114, 94, 50, 133, 119, 67, 38, 129, 108, 135, 99, 121, 117, 122, 51), "life"),
}  # fmt: skip
#: numbers of the notification types, as the gateway's events have them
TYPE_NUMBERS = {
    1: "smoke_alarm", 2: "co_alarm", 3: "co2_alarm", 4: "heat_alarm", 5: "water_alarm", 6: "access_control",
    7: "home_security", 8: "power_management", 9: "system", 10: "emergency_alarm", 11: "clock", 12: "appliance",
    13: "home_health", 14: "siren", 15: "water_valve", 16: "weather_alarm", 17: "irrigation", 18: "gas_alarm",
}  # fmt: skip
#: of the older alarm sensors
SENSOR_NUMBERS = {"1": "smoke", "2": "co", "3": "co2", "4": "heat", "5": "water"}
SCENES = {0: "press", 1: "release", 2: "hold", 3: "double", 4: "triple"}
KEYS = {3: "disarm", 5: "arm_away", 6: "arm_home", 16: "fire", 17: "panic", 18: "medical"}
BINARY = {
    "smoke": "smoke", "co": "co_alarm", "co2": "co2", "heat": "heat", "water": "water", "tamper": "tamper",
    "motion": "motion", "door_window": "door", "tilt": "vibration", "glass_break": "glass", "freeze": "freeze",
}  # fmt: skip
TYPES = {
    "smoke_alarm": Kind.SMOKE, "co_alarm": Kind.GAS, "carbon_monoxide_alarm": Kind.GAS,
    "carbon_monoxide": Kind.GAS, "heat_alarm": Kind.SMOKE,
    "water_alarm": Kind.WATER_LEAK, "gas_alarm": Kind.GAS, "emergency_alarm": Kind.SOS,
}  # fmt: skip
KNOWN_TYPES = frozenset({
    *TYPES, "access_control", "home_security", "power_management", "system", "siren", "appliance", "clock",
    "home_health", "health_alarm", "co2_alarm", "weather_alarm", "irrigation", "light_sensor", "pest_control",
    "home_monitoring", "water_quality_monitoring", "water_valve",
})  # fmt: skip


def _stated(kind: Kind, **data: str) -> Reading:
    return Reading(kind, {**data, "state": data.get("state", "alarm")}, drill=data.get("state") == "test", level=True)


def _moved(detail: str, sense: str = "motion", state: str = "on") -> Reading:
    return Reading(Kind.ACTIVITY, {"kind": sense, "state": state, "detail": detail})


#: events of the power management that are about an empty battery: replace or charge it, the back-up is low
LOW_BATTERY = frozenset({10, 11, 14, 15, 16, 17})
_CO = frozenset({"co_alarm", "carbon_monoxide_alarm", "carbon_monoxide"})
_HOME = frozenset({"home_security"})
_DOOR = frozenset({"access_control"})
_BED = frozenset({"home_health", "health_alarm"})
#: (types, event codes, what they mean), Z-Wave notification command class version 8
EVENTS: tuple[tuple[frozenset[str], frozenset[int], Reading], ...] = (
    (frozenset({"smoke_alarm"}), frozenset({1, 2}), _stated(Kind.SMOKE)),
    (frozenset({"smoke_alarm"}), frozenset({3}), _stated(Kind.SMOKE, state="test")),
    (frozenset({"smoke_alarm"}), frozenset({6}), _stated(Kind.SMOKE, muted="yes")),
    (_CO, frozenset({1, 2}), _stated(Kind.GAS, medium="CO")),
    (_CO, frozenset({3}), _stated(Kind.GAS, medium="CO", state="test")),
    (_CO, frozenset({6}), _stated(Kind.GAS, medium="CO", muted="yes")),
    (frozenset({"heat_alarm"}), frozenset({1, 2, 3, 4}), _stated(Kind.SMOKE, cause="heat")),
    (frozenset({"heat_alarm"}), frozenset({7}), _stated(Kind.SMOKE, cause="heat", state="test")),
    (frozenset({"water_alarm"}), frozenset({1, 2}), _stated(Kind.WATER_LEAK)),
    (frozenset({"gas_alarm"}), frozenset({1, 2}), _stated(Kind.GAS, medium="CH4")),
    (frozenset({"gas_alarm"}), frozenset({3, 4}), _stated(Kind.GAS)),
    (frozenset({"gas_alarm"}), frozenset({5}), _stated(Kind.GAS, state="test")),
    (frozenset({"emergency_alarm"}), frozenset({1, 3, 4}), Reading(Kind.SOS, {"trigger": "panic"})),
    (frozenset({"emergency_alarm"}), frozenset({2}), _stated(Kind.SMOKE, cause="button")),
    (frozenset({"system"}), frozenset({6}), Reading(Kind.TAMPER, {"kind": "tamper"}, level=True)),
    (_HOME, frozenset({3, 4, 9, 10, 11}), Reading(Kind.TAMPER, {"kind": "tamper"}, level=True)),
    (_HOME, frozenset({1, 2, 7, 8}), _moved("motion")),
    (_HOME, frozenset({5, 6}), _moved("glass")),
    # 5632 and 5633 are 22 with its parameter: open as usual, or tilted
    (_DOOR, frozenset({22, 5632, 5633}), _moved("door", "door", "open")),
    (_DOOR, frozenset({23}), _moved("door", "door", "closed")),
    (_BED, frozenset({12}), Reading(Kind.FALL)),
    (_BED, frozenset({7}), Reading(Kind.VITALS, {"breathing": "apnea"})),
    (_BED, frozenset({1}), _moved("bed", "bed", "out")),
    (_BED, frozenset({2, 3, 5}), _moved("bed", "bed", "in")),
    (_BED, frozenset({4}), _moved("posture", "bed", "in")),
    (frozenset({"power_management"}), LOW_BATTERY, Reading(Kind.BATTERY_LOW, {}, level=True)),
)
