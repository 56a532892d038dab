"""What a form offers to choose from: lists of the register, and closed lists in the reader's words."""

from typing import Any

from api.desk import choices as words
from api.language import Speech
from api.parts import App
from broker_bridge.decoders import DIALECTS
from domain.checkins import Way
from domain.people import ROLES, Scope

Choices = dict[str, list[tuple[str, str]]]
_MOST = 500
_CHANNELS = ("voice", "sms", "webhook", "dispatch_120", "wecom", "dingtalk", "feishu", "mail", "apprise")
_DEVICES = (
    "sos_button", "wristband", "pull_cord", "fall_radar", "smoke_detector", "gas_detector", "water_detector",
    "water_sensor", "water_meter", "door_sensor", "motion_sensor", "bed_sensor", "light_sensor", "keypad", "gateway",
    "probe",
)  # fmt: skip
_FAMILIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("category", "category", ("lives_alone", "all_elderly")), ("sex", "sex", ("F", "M")),
    ("tongue", "tongue", ("zh", "wuu", "yue", "en")), ("hearing", "hearing", ("good", "poor", "deaf", "aid")),
    ("spoken", "tongue", ("zh", "en")), ("channel", "channel", _CHANNELS), ("device", "device", _DEVICES),
    ("roles", "role", ROLES), ("way", "way", tuple(Way)), ("consent", "consent", ("remote_view",)),
    ("weekday", "weekday", tuple("1234567")), ("days", "days", ("workday", "holiday")),
)  # fmt: skip


def choices_of(app: App, scope: Scope, say: Speech) -> Choices:
    """All lists of all forms: they are few and short."""
    teams = app.views.teams(scope, _MOST)["items"]
    people = app.desk.people.responders(scope)
    lists: Choices = {name: words(say, family, codes) for name, family, codes in _FAMILIES}
    return lists | {
        "streets": [(street["code"], street["name"]) for street in app.views.streets(scope, _MOST)["items"]],
        "doctors": [(team["id"], _crew(team, people)) for team in teams if team["role"] == "family_doctor"],
        "people": [(one["id"], _told(one, say)) for one in people],
        "key_holders": [(one["id"], one["name"]) for one in people if one["role"] == "key_holder"],
        "dialects": [(name, name) for name in sorted(DIALECTS)],
        "datum": [(name, say(f"datum.{name}")) for name in ("WGS84", "GCJ02", "BD09")],
    }


def _crew(team: dict[str, Any], people: list[dict[str, Any]]) -> str:
    """A team's id says little; who is in it says more."""
    names = {one["id"]: one["name"] for one in people}
    crew = dict.fromkeys(names.get(shift["responder"], shift["responder"]) for shift in team["shifts"])
    return " · ".join([team["id"], *list(crew)[:3]])


def _told(one: dict[str, Any], say: Speech) -> str:
    return f"{one['name']} · {say.named('role', one['role'])}"
