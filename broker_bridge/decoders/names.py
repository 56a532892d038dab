"""The names that makers give to what they measure, and the words they use for it: tables, no rules.

Gathered from the property lists of Zigbee2MQTT, Theengs, ESPHome, Tasmota, rtl_433 and Home Assistant.
"""

from collections.abc import Mapping
from typing import Any

from domain.events import Kind


def _all(kind: Kind, data: Mapping[str, Any], names: str) -> dict[str, tuple[Kind, Mapping[str, Any]]]:
    return dict.fromkeys(names.split(), (kind, data))


def _moves(sense: str, yes: str, no: str, names: str) -> dict[str, tuple[str, tuple[str, str]]]:
    return dict.fromkeys(names.split(), (sense, (yes, no)))


STATED = frozenset({Kind.SMOKE, Kind.GAS, Kind.WATER_LEAK})
ROLES = {
    "fall_radar": Kind.FALL, "smoke_detector": Kind.SMOKE, "smoke": Kind.SMOKE, "smoke_sensor": Kind.SMOKE,
    "gas_detector": Kind.GAS, "gas": Kind.GAS, "gas_sensor": Kind.GAS, "co_detector": Kind.GAS,
    "water_leak": Kind.WATER_LEAK, "leak_sensor": Kind.WATER_LEAK, "water_sensor": Kind.WATER_LEAK,
    "water_detector": Kind.WATER_LEAK, "flood_sensor": Kind.WATER_LEAK, "leak_detector": Kind.WATER_LEAK,
}  # fmt: skip

#: yes-or-no properties that ask for a person
ALARMS: dict[str, tuple[Kind, Mapping[str, Any]]] = {
    **_all(Kind.SOS, {}, "sos sos_alarm sos_state sos_status sos_button sos_pressed panic panic_alarm panic_button "
           "emergency emergency_alarm emergency_call emergency_button pull_cord pullcord pull_rope help help_call "
           "call_for_help nurse_call medical_alarm medical_alert personal_emergency duress hold_up_alarm distress"),
    **_all(Kind.FALL, {}, "fall fall_down falldown fall_down_status fall_status fall_state fall_alarm fall_detected "
           "fall_detection_state fallen falling is_fall fall_event human_fall falldown_alarm falldown_status "
           "falldown_state fall_down_alarm fall_down_state fall_down_detected tumble tumble_alarm person_fall"),
    **_all(Kind.SMOKE, {}, "smoke smoke_alarm smoke_alarm_state smoke_state smoke_status smoke_detected "
           "smoke_detection fire fire_alarm fire_detected smoke_sensor smoke_sensor_state smoke_detector"),
    **_all(Kind.SMOKE, {"cause": "heat"}, "heat heat_alarm heat_detected overheat overheat_alarm rate_of_rise"),
    **_all(Kind.GAS, {}, "gas gas_alarm gas_state gas_status gas_detected gas_leak gas_detection gas_sensor_state"),
    **_all(Kind.GAS, {"medium": "CH4"}, "methane natural_gas ch4_alarm ch4 combustible_gas combustible"),
    **_all(Kind.GAS, {"medium": "LPG"}, "lpg lpg_alarm propane"),
    **_all(Kind.GAS, {"medium": "CO"}, "carbon_monoxide carbon_monoxide_alarm carbon_monoxide_state co_alarm "
           "co_state co_status co_detected co"),
    **_all(Kind.WATER_LEAK, {}, "water_leak water_leak_alarm water_leak_state water_leakage leak leak_alarm leakage "
           "leak_detected leak_state flood flooding flooded water_detected water water_alarm water_leak_detected "
           "moisture water_immersion water_sensor water_sensor_state wet flood_alarm watersensor_state"),
    **_all(Kind.INACTIVITY, {}, "static_dwell_alarm inactivity inactivity_alarm no_movement_alarm immobility "
           "no_motion_alarm dwell_alarm"),
    **_all(Kind.TAMPER, {}, "tamper tamper_alarm tampered tamper_state case_open cover_open dismantle removed "
           "removed_alarm temper_alarm not_worn anti_dismantle disassemble"),
}  # fmt: skip
#: an alarm of which only the device's role says what it is about
ROLE_ALARMS = frozenset({"alarm", "alarm_1", "alarm_2", "alarm_state", "alarm_status", "triggered"})
LOWS = ("battery_low", "low_battery", "batt_low", "batterylow", "battery_state", "battery_defect", "battery_status")
BATTERIES = ("battery", "battery_pct", "battery_level", "battery_percentage", "batt", "batterypercentage", "bat")
ACTIONS = ("action", "click", "button_event", "keypad_action")
#: property -> (activity, its words for yes and no)
MOVES: dict[str, tuple[str, tuple[str, str]]] = {
    **_moves("motion", "on", "off", "occupancy presence motion pir movement moving motion_state motion_status "
             "presence_state presence_event human_presence_state human_presence radar_state human occupied "
             "motion_detected vibration vibration_state body_movement personal_presence motion_direction motion_alarm "
             "has_target has_moving_target has_still_target moving_target still_target people_exist people_exists "
             "somebody people occupancy_state person_information sensor_status status posture person_state human_state "
             "activity_state"),
    **_moves("door", "closed", "open", "contact contact_state reed magnet_closed"),
    **_moves("door", "open", "closed", "door door_state door_open window window_open window_state opening open "
             "contact_open doorstate lock_opened garage_door opened door_status"),
    **_moves("bed", "in", "out", "bed bed_presence in_bed bed_status bed_state bed_occupancy inbed "
             "bed_occupied on_bed"),
    **_moves("water", "on", "off", "water_running tap water_on"),
}  # fmt: skip
#: of these only known words count: "on" or 1 may mean anything
LOOSE = frozenset({"status", "sensor_status", "posture", "person_state", "human_state", "activity_state", "state"})
WORDS_OF_MOTION = {
    "enter": "on", "leave": "off", "left_enter": "on", "right_enter": "on", "left_leave": "off", "right_leave": "off",
    "approach": "on", "away": "off", "presence": "on", "none": "off", "peaceful": "on", "small_movement": "on",
    "large_movement": "on", "small_move": "on", "large_move": "on", "breathe": "on", "move": "on", "moving": "on",
    "moving_forward": "on", "moving_backward": "on", "standing_still": "on", "static": "on", "occupied": "on",
    "unoccupied": "off", "sitting": "on", "low_posture": "on", "on_the_bed": "on", "motion": "on", "clear": "off",
    "small": "on", "large": "on", "still": "on", "person": "on", "pir": "on", "absent": "off", "no_motion": "off",
    "nobody": "off", "no_one": "off", "in_bed": "on", "lying": "on", "standing": "on", "walking": "on", "empty": "off",
    "activity": "on",
}  # fmt: skip
QUANTITIES: dict[str, dict[str, Any]] = {
    **{name: {"kind": "steps"} for name in ("steps", "step", "step_count", "stepcount")},
    **{name: {"kind": "water"} for name in ("flow", "flow_rate", "water_flow", "current_device_water_flow")},
}
#: a room's temperature is not a body's: only names that say "body"
VITALS = {
    **dict.fromkeys(("heart_rate", "heartrate", "hr", "bpm", "pulse", "heart_rate_bpm", "hr_bpm", "pulse_rate"),
                    "hr_bpm"),
    **dict.fromkeys(("breathing_rate", "respiratory_rate", "respiration_rate", "breath_rate", "breathe_rate",
                     "respiration", "resp_rate", "breath", "breaths_per_minute", "resp_rpm", "respiratory"),
                    "resp_rpm"),
    **dict.fromkeys(("spo2", "blood_oxygen", "oxygen_saturation", "spo2_pct", "blood_oxygen_saturation", "oximetry"),
                    "spo2_pct"),
    **dict.fromkeys(("body_temperature", "bodytemperature", "body_temp", "skin_temperature_body"), "temp_c"),
    **dict.fromkeys(("systolic", "sys", "blood_pressure_systolic", "systolic_pressure"), "sys"),
    **dict.fromkeys(("diastolic", "dia", "blood_pressure_diastolic", "diastolic_pressure"), "dia"),
}  # fmt: skip
FALLS = frozenset({"fall", "falling", "fallen", "fall_down", "fall_detected", "maybe_fall", "suspected_fall"})
#: "perhaps" of radars: raised all the same, people verify
UNSURE = {"maybe_fall": 0.5, "suspected_fall": 0.5, "suspected": 0.5, "maybe": 0.5, "possible_fall": 0.5,
           "fall_suspected": 0.5, "possible": 0.5, "fall_warning": 0.5}  # fmt: skip
RINGING = frozenset({
    "alarm", "alarmed", "alarming", "fall", "fallen", "falling", "fall_down", "fall_detected", "detected", "smoke",
    "fire", "gas", "leak", "leaking", "wet", "water", "emergency", "sos", "panic", "triggered", "pressed", "active",
    "test", "testing", "problem", "unsafe", "danger", "critical", "drop", "tampered", "removed", "warning",
    "smoke_detected", "gas_detected", "leak_detected", "alert", "on_fire",
})  # fmt: skip
LOW_WORDS = frozenset({"low", "critical", "empty", "very_low", "flat", "replace"})
QUIET = frozenset({
    "none", "normal", "ok", "clear", "cleared", "idle", "dry", "safe", "inactive", "no_alarm", "noalarm", "released",
    "detecting", "good", "silent", "mute", "standby", "off",
})  # fmt: skip
#: words that make an entity a setting, a lamp, a counter or a diagnosis
ASIDE = frozenset({
    "sensitivity", "enable", "enabled", "led", "light", "lamp", "indicator", "mute", "silence", "fault", "problem",
    "update", "charging", "wifi", "ssid", "ip", "uptime", "version", "threshold", "interval", "delay", "timeout",
    "target", "count", "duration", "relay", "volume", "switch", "config", "setting", "sound", "buzzer", "siren",
    "learn", "calibrate", "calibration", "reset", "restart", "reboot", "factory", "mode", "distance", "connected",
    "connectivity", "online", "api", "voltage", "volt", "volts", "mv",
})  # fmt: skip
