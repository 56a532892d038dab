"""Makers' names without their spelling: ``DOOR_OPEN_STATUS``, ``doorOpenState`` and ``door-open`` are one name."""

import re
from collections.abc import Iterator
from functools import lru_cache

#: carbon dioxide is no carbon monoxide with a number behind it
_PARTS = re.compile(r"(?i:co2)|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


def words(text: str) -> frozenset[str]:
    """A table written as text, one blank between its words."""
    return frozenset(text.split())


#: say that a name is about a state or an alarm, not about what
_FILLERS = words(
    "alarm alarms alert alerts event events status statu state flag sensor detect detected detection detector "
    "report reported warning warn is has current now signal type info data value trigger triggered occurred "
    "confirmed region zone area room channel port"
)
_CHINESE_FILLERS = re.compile("报警|告警|警报|警告|预警|状态|传感器|探测器|检测到|检测|事件|信号|触发|发生")
#: end a name that holds a measurement or a setting about a thing, never its state
_MEASURES = words(
    "concentration density lel ppm threshold limit interval count counter counts times time duration period config "
    "settings setting enable enabled version number total mode sensitivity name id unit delay url voltage"
)


@lru_cache(maxsize=4096)
def parts(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: ``heartRate`` is ``heart``, ``rate``."""
    return tuple(part.lower() for part in _PARTS.findall(name[:100]))


@lru_cache(maxsize=4096)
def keys(name: str) -> tuple[str, ...]:
    """The spellings to look a name up by, the most exact first; none for a measurement about a thing."""
    return tuple(dict.fromkeys(_spellings(parts(name))))


def measures(name: str) -> bool:
    """The name ends like a measurement or a setting (``leak_times``, ``gas_threshold``)."""
    plain = [word for word in parts(name) if not word.isdigit()]
    return bool(plain) and plain[-1] in _MEASURES


def _spellings(told: tuple[str, ...]) -> Iterator[str]:
    yield "".join(told)
    plain = [word for word in told if not word.isdigit()]
    yield "".join(plain)
    meant = [bare for word in plain if word not in _FILLERS and (bare := _CHINESE_FILLERS.sub("", word))]
    if meant and meant[-1] not in _MEASURES:
        yield "".join(meant)
