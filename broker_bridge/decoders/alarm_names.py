"""The names makers give to their alarms, and which of our kinds each of them is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker_bridge.decoders.naming import keys, parts, words
from domain.events import Kind


@dataclass(frozen=True, slots=True)
class Meaning:
    """A kind and the data that goes with the name alone."""

    kind: Kind
    data: Mapping[str, Any] = field(default_factory=dict)


def meaning(name: str) -> Meaning | None:
    """What an alarm of this name is; None when nobody here knows the name."""
    return next((found for key in keys(name) if (found := _NAMES.get(key)) is not None), None) or _call(name)


def _call(name: str) -> Meaning | None:
    """``EmergencyPushButton``, ``sos_call_pressed``: a cry, and nothing beside it but what one presses."""
    told = [part for part in parts(name) if not part.isdigit()]
    if len(told) > 1 and _CRIES & set(told) and set(told) <= _CRIES | _PRESSED:
        return _NAMES["sos"]
    return None


_CRIES = words("sos panic emergency distress mayday help")
_PRESSED = words("button push pushed key press pressed call calling cord pull pulled switch user alarm alert event "
                 "state status flag trigger triggered is active start started request wristband pendant")  # fmt: skip


def _table(*rows: tuple[str, Kind, dict[str, Any]]) -> dict[str, Meaning]:
    return {name: Meaning(kind, data) for names, kind, data in rows for name in names.split()}


_NAMES: dict[str, Meaning] = _table(
    ("sos sosbutton soskey soscall sospress panic panicbutton emergency emergencycall emergencybutton help helpcall "
     "callforhelp callhelp mayday duress distress pullcord cord rope ropesos urgent urgentcall nurse "
     "nursecall notruf keysos onekeysos 紧急 求救 呼叫 手动报警 求助 紧急求助 一键求助 一键呼叫 "
     "紧急呼叫 紧急按键 呼救 按键报警 紧急按钮 拉绳 拉绳报警",
     Kind.SOS, {"trigger": "button"}),
    ("fall falldown fallen falling falls felldown fallover humanfall personfall peoplefall peoplefallingdown tumble "
     "mandown 坠床 老人跌倒 人员跌倒 跌倒 跌倒报警 跌倒告警 摔倒 摔倒报警", Kind.FALL, {}),
    ("maybefall suspectedfall fallsuspected possiblefall prefall 疑似跌倒", Kind.FALL, {"confidence": 0.5}),
    ("smoke fire firealarm flame smokefire 烟感 火情 烟雾 烟雾报警 烟感报警 火警 火灾",
     Kind.SMOKE, {"state": "alarm"}),
    ("gas gasleak gasleakage combustible combustiblegas 气感 可燃气 可燃气体 煤气 燃气泄露 燃气 燃气报警 "
     "燃气泄漏 气感报警", Kind.GAS, {"state": "alarm"}),
    ("ch4 methane naturalgas 天然气", Kind.GAS, {"state": "alarm", "medium": "CH4"}),
    ("co carbonmonoxide monoxide coleak 一氧化碳", Kind.GAS, {"state": "alarm", "medium": "CO"}),
    ("lpg propane liquefiedgas 液化气", Kind.GAS, {"state": "alarm", "medium": "LPG"}),
    ("leak leakage waterleak waterleakage flood flooding waterimmersion immersion waterlogging waterflood wet "
     "soaked overflow waterflooding waterleach waterinvasion waterstate waterstatus wateralarm "
     "waterdetected watersensor watersensorstate "
     "水浸 水浸报警 浸水 溢水 漏水", Kind.WATER_LEAK, {"state": "alarm"}),
    ("tamper temper tampered tampering dismantle demolish demolished disassemble disassembly antidismantle antitamper "
     "caseopen coveropen remove removed uninstall uninstalled pryoff 防拆 防拆报警",
     Kind.TAMPER, {"kind": "case_open"}),
    ("removing notworn notwear unworn takeoff takenoff offwrist unwear dropoff 摘除 摘除报警 未佩戴 脱落",
     Kind.TAMPER, {"kind": "not_worn"}),
    ("lowbattery batterylow lowpower powerlow lowvoltage batterylowvoltage undervoltage 电量低 低电压 电池低电 "
     "电池电量低 低电 低电量 低电报警",
     Kind.BATTERY_LOW, {}),
    ("geofenceexit exitgeofence outoffence leavefence fenceexit exitfence fenceout outfence outsidefence "
     "leavegeofence wander wandering 离开围栏 越界", Kind.GEOFENCE_EXIT, {}),
    ("motionless inactivity dwell lying lyingdown longlie longstay overstay "
     "久坐 长时间未活动 滞留 长时间无活动 静止报警", Kind.INACTIVITY, {}),
    ("outofbed offbed leavebed bedexit bedout leftbed 离床", Kind.ACTIVITY, {"kind": "bed", "state": "out"}),
    ("inbed onbed bedin bedentry 上床 在床", Kind.ACTIVITY, {"kind": "bed", "state": "in"}),
    ("flowrate waterflowrate instantflow waterrunning 用水", Kind.ACTIVITY, {"kind": "water"}),
    ("occupied occupy occupancy humaninplace presence present motion movement pir someone manin "
     "有人 人体 人体感应 红外 红外感应",
     Kind.ACTIVITY, {"kind": "motion", "state": "on"}),
    ("startmoving startmovement motionstart movementstart", Kind.ACTIVITY,
     {"kind": "motion", "state": "on"}),
    ("endmovement stopmoving motionend movementend", Kind.ACTIVITY, {"kind": "motion", "state": "off"}),
    ("nomotion nomovement noactivity vacant vacancy unoccupied nobody noone absent 无人",
     Kind.ACTIVITY, {"kind": "motion", "state": "off"}),
    ("bradypnea tachypnea apnea bradycardia tachycardia heartratehigh heartratelow spolow 心率异常 呼吸异常",
     Kind.VITALS, {}),
    ("door doormagnetic magnet magnetic contact reed window hall magnetcontact doorcontact doormagnet "
     "doorwindow lid 门磁",
     Kind.ACTIVITY, {"kind": "door"}),
    ("bed", Kind.ACTIVITY, {"kind": "bed"}),
    ("dooropen opendoor 门开 开门", Kind.ACTIVITY, {"kind": "door", "state": "open"}),
    ("doorclose doorclosed closedoor 门关 关门", Kind.ACTIVITY, {"kind": "door", "state": "closed"}),
    ("cancel alarmcancel cancelalarm cancelsos soscancel sosclear disarm 取消 取消报警", Kind.CANCEL, {"by": "device"}),
    ("checkin checkinok imok iamok imfine iamfine 报平安 平安", Kind.CHECKIN_OK, {}),
    ("online", Kind.HEARTBEAT, {"state": "online"}),
    ("poweron startup boot powerup heartbeat keepalive geofenceenter enterfence fencein normal restore restored "
     "recover recovered failover installed install powerrestored charging chargefull 在线 上线 开机 心跳 正常 恢复",
     Kind.HEARTBEAT, {}),
    ("offline shutdown poweroff powerdown 下线 离线 关机", Kind.OFFLINE, {}),
)  # fmt: skip
