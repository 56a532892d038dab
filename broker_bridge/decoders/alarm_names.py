"""The names makers give to their alarms, and which of our kinds each of them is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker_bridge.decoders.naming import keys
from domain.events import Kind


@dataclass(frozen=True, slots=True)
class Meaning:
    """A kind and the data that goes with the name alone."""

    kind: Kind
    data: Mapping[str, Any] = field(default_factory=dict)


def meaning(name: str) -> Meaning | None:
    """What an alarm of this name is; None when nobody here knows the name."""
    return next((found for key in keys(name) if (found := _NAMES.get(key)) is not None), None)


def _table(*rows: tuple[str, Kind, dict[str, Any]]) -> dict[str, Meaning]:
    return {name: Meaning(kind, data) for names, kind, data in rows for name in names.split()}


_NAMES: dict[str, Meaning] = _table(
    ("sos sosbutton soskey soscall sospress panic panicbutton emergency emergencycall emergencybutton help helpcall "
     "callforhelp callhelp mayday duress distress pullcord cord rope ropesos urgent urgentcall nurse nursecall notruf "
     "keysos onekeysos 求助 紧急求助 一键求助 紧急呼叫 呼救 按键报警 紧急按钮 拉绳 拉绳报警",
     Kind.SOS, {"trigger": "button"}),
    ("fall falldown fallen falling falls felldown fallover humanfall personfall peoplefall peoplefallingdown tumble "
     "mandown 跌倒 跌倒报警 跌倒告警 摔倒 摔倒报警", Kind.FALL, {}),
    ("maybefall suspectedfall fallsuspected possiblefall prefall 疑似跌倒", Kind.FALL, {"confidence": 0.5}),
    ("smoke fire firealarm flame smokefire 烟雾 烟雾报警 烟感报警 火警 火灾", Kind.SMOKE, {"state": "alarm"}),
    ("gas gasleak gasleakage combustible combustiblegas 燃气 燃气报警 燃气泄漏 气感报警", Kind.GAS, {"state": "alarm"}),
    ("ch4 methane naturalgas 天然气", Kind.GAS, {"state": "alarm", "medium": "CH4"}),
    ("co carbonmonoxide monoxide coleak 一氧化碳", Kind.GAS, {"state": "alarm", "medium": "CO"}),
    ("lpg propane liquefiedgas 液化气", Kind.GAS, {"state": "alarm", "medium": "LPG"}),
    ("leak leakage waterleak waterleakage flood flooding waterimmersion immersion waterlogging waterflood wet "
     "soaked overflow waterinvasion waterstate waterstatus wateralarm "
     "waterdetected watersensor watersensorstate "
     "水浸 水浸报警 漏水", Kind.WATER_LEAK, {"state": "alarm"}),
    ("tamper tampered tampering dismantle demolish demolished disassemble disassembly antidismantle antitamper "
     "caseopen coveropen remove removed uninstall uninstalled pryoff 防拆 防拆报警",
     Kind.TAMPER, {"kind": "case_open"}),
    ("removing notworn notwear unworn takeoff takenoff offwrist unwear dropoff 摘除 摘除报警 未佩戴 脱落",
     Kind.TAMPER, {"kind": "not_worn"}),
    ("lowbattery batterylow lowpower powerlow lowvoltage batterylowvoltage undervoltage 低电 低电量 低电报警",
     Kind.BATTERY_LOW, {}),
    ("geofenceexit exitgeofence outoffence leavefence fenceexit exitfence fenceout outfence outsidefence "
     "leavegeofence wander wandering 离开围栏 越界", Kind.GEOFENCE_EXIT, {}),
    ("motionless inactivity dwell lying lyingdown longlie longstay overstay "
     "滞留 长时间无活动 静止报警", Kind.INACTIVITY, {}),
    ("outofbed offbed leavebed bedexit bedout leftbed 离床", Kind.ACTIVITY, {"kind": "bed", "state": "out"}),
    ("inbed onbed bedin bedentry 上床 在床", Kind.ACTIVITY, {"kind": "bed", "state": "in"}),
    ("flowrate waterflowrate instantflow waterrunning 用水", Kind.ACTIVITY, {"kind": "water"}),
    ("occupied occupancy humaninplace presence present motion movement pir someone manin 有人",
     Kind.ACTIVITY, {"kind": "motion", "state": "on"}),
    ("nomotion nomovement noactivity vacant vacancy unoccupied nobody noone absent 无人",
     Kind.ACTIVITY, {"kind": "motion", "state": "off"}),
    ("bradypnea tachypnea apnea bradycardia tachycardia heartratehigh heartratelow spolow 心率异常 呼吸异常",
     Kind.VITALS, {}),
    ("door magnet magnetic contact reed window hall magnetcontact doorcontact doormagnet doorwindow lid 门磁",
     Kind.ACTIVITY, {"kind": "door"}),
    ("bed", Kind.ACTIVITY, {"kind": "bed"}),
    ("dooropen opendoor 门开 开门", Kind.ACTIVITY, {"kind": "door", "state": "open"}),
    ("doorclose doorclosed closedoor 门关 关门", Kind.ACTIVITY, {"kind": "door", "state": "closed"}),
    ("cancel alarmcancel cancelalarm cancelsos soscancel sosclear disarm 取消 取消报警", Kind.CANCEL, {"by": "device"}),
    ("checkin checkinok imok iamok imfine iamfine 报平安 平安", Kind.CHECKIN_OK, {}),
    ("online poweron startup boot powerup heartbeat keepalive geofenceenter enterfence fencein normal restore restored "
     "recover recovered failover installed install powerrestored charging chargefull 在线 开机 心跳 正常 恢复",
     Kind.HEARTBEAT, {}),
    ("offline shutdown poweroff powerdown 离线 关机", Kind.OFFLINE, {}),
)  # fmt: skip
