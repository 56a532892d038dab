"""The verdict of a drill in words: Chinese first, English second, one line for each thing expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.judge import AlertView, Finding, Glimpse, Reached, Receipted, Seen, Sort
from simulators.scenario import Act, Drill, ExpectAlert, Expectation, ExpectContact, ExpectSeen, Window

_SORTS: Mapping[Sort, str] = {
    Sort.EXPECTED: "预期 expected",
    Sort.UNEXPECTED: "意外 unexpected",
    Sort.AFTER_CLOSE: "关闭后仍联系 contacted after the close",
    Sort.NOT_A_DRILL: "未说明是演练 not told that it is a drill",
    Sort.REAL_DESK: "演练到了真 120 a drill reached a real 120",
    Sort.FAULT: "故障 fault",
}
#: characters of a sentence and rows of a list that the product keeps
_LONGEST = 500
_SEEN = {"task": "任务 task", "checkin": "平安确认 check-in", "command": "设备命令 command"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge found. ``passed`` is the exit status."""

    drill: Drill
    findings: tuple[Finding, ...]
    alerts: tuple[str, ...]
    #: real seconds it took
    took_s: float

    @property
    def passed(self) -> bool:
        """Everything expected came, nothing else did, nothing broke."""
        return all(finding.good for finding in self.findings)

    def text(self) -> str:
        """For people."""
        word = "通过 PASSED" if self.passed else "未通过 FAILED"
        head = f"演练 drill {self.drill.name}: {word}  {self.drill.zh} / {self.drill.en}  {self.took_s:.1f}s"
        alerts = f"  警情 alerts: {', '.join(self.alerts) or '无 none'}"
        return "\n".join([head, alerts, *(_line(finding) for finding in self.findings)])

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "drill": self.drill.name,
            "title": {"zh": self.drill.zh, "en": self.drill.en},
            "passed": self.passed,
            "took_s": round(self.took_s, 3),
            "alerts": list(self.alerts),
            "steps": [_step(act) for act in self.drill.acts],
            "findings": [_finding_json(finding) for finding in self.findings],
        }

    def filed(self) -> dict[str, Any]:
        """For the product to keep: no longer than it takes."""
        cut: dict[str, Any] = _cut(self.as_json())
        return cut


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, list):
        return [_cut(one) for one in value[:_LONGEST]]
    return {name: _cut(one) for name, one in value.items()} if isinstance(value, dict) else value


def _step(act: Act) -> str:
    """What was done, in few words."""
    more = " ".join(f"{key}={value}" for key, value in act.detail.items() if key != "note")
    return f"{act.at:g}s {act.verb} {act.target} {more}".rstrip()


def _line(finding: Finding) -> str:
    mark = "✓" if finding.good else "✗"
    what = _expected(finding.expectation) if finding.expectation else _SORTS[finding.sort]
    came = "; ".join(saw(one) for one in finding.came) or ("—" if finding.expectation else "")
    why = f"  [{finding.why}]" if finding.why else ""
    return f"  {mark} {what}  ←  {came}{why}" if came else f"  {mark} {what}{why}"


def _expected(expectation: Expectation) -> str:
    span = _span(expectation.window)
    if isinstance(expectation, ExpectContact):
        channels = "/".join(expectation.channels)
        times = _times(expectation.at_least, expectation.at_most)
        return f"{span} 联系 contact {'/'.join(expectation.who)} {channels} {times}".rstrip()
    if isinstance(expectation, ExpectAlert):
        fields = " ".join(f"{key}={value}" for key, value in expectation.fields.items())
        return f"{span} 警情 alert {'一直 always ' if expectation.always else ''}{fields}"
    if isinstance(expectation, ExpectSeen):
        fields = " ".join(f"{key}={value}" for key, value in expectation.fields.items())
        return f"{span} {_SEEN[expectation.what]} {'从不 never ' if expectation.never else ''}{fields}"
    return f"{span} 回执 receipt {expectation.device}"


def _times(least: int, most: int | None) -> str:
    if least == most:
        return f"×{least}"
    if most is None:
        return f"×≥{least}" if least else "(可有 allowed)"
    return f"×{least}–{most}"


def _span(window: Window) -> str:
    return f"{window[0]:g}–{window[1]:g}s"


def saw(one: Reached | Glimpse | Receipted | Seen) -> str:
    """One thing that was seen, in few words and without personal data."""
    if isinstance(one, Reached):
        return f"{one.at:.1f}s {one.who} {one.channel} {one.type}"
    if isinstance(one, Receipted):
        return f"{one.at:.1f}s {one.device} {one.result}"
    if isinstance(one, Seen):
        rows = (" ".join(f"{key}={value}" for key, value in row.items() if value is not None) for row in one.rows)
        return f"{one.at:.1f}s {' | '.join(rows) or '无 none'}"
    return f"{one.at:.1f}s {' | '.join(shown(alert) for alert in one.alerts) or '无警情 no alert'}"


def shown(alert: AlertView) -> str:
    """An alert in few words."""
    holders = (f"({track.claimed_by})" if track.claimed_by else "" for track in alert.tracks)
    tracks = " ".join(
        f"{track.name}:{track.state}{holder}" for track, holder in zip(alert.tracks, holders, strict=True)
    )
    cancel = " 取消请求 cancel_requested" if alert.cancel_requested else ""
    return f"{alert.state} {alert.severity} signals={alert.signals}{cancel} {tracks}".rstrip()


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "sort": finding.sort.value,
        "good": finding.good,
        "expected": _expected(finding.expectation) if finding.expectation else None,
        "came": [saw(one) for one in finding.came],
        "why": finding.why or None,
    }
