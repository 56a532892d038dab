"""Charts: a report as a picture, drawn here, without scripts or fonts from elsewhere."""

import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from api.language import Speech

#: reports that have a picture
DRAWN = ("response_times", "alerts", "checkins", "protection")
_MIDDLE = "#545c64"
#: words that can be read on a dark page too
_NIGHT = "inline:@media (prefers-color-scheme: dark) { text { fill: #a3abb3 !important } }"
_COLOURS = ("#1257b8", "#c9800a", "#1b6b36", "#b3131b", "#6b4fa0", "#767e86")
_Series = Sequence[tuple[str, Sequence[float | None]]]


def chart(report: Mapping[str, Any], say: Speech) -> bytes:
    """The SVG of a report in the reader's language."""
    title, labels, series = _drawn(report["name"], report["items"], say)
    return _svg(title, orjson.dumps([labels, series]))


def stacked(title: str, labels: Sequence[str], series: _Series) -> bytes:
    """The SVG of what adds up, one bar for each label."""
    return _svg(title, orjson.dumps([labels, series]), True)


def _drawn(name: str, items: Sequence[Mapping[str, Any]], say: Speech) -> tuple[str, list[str], _Series]:
    if name == "response_times":
        labels = [say.named("severity", i["severity"]) for i in items]
        waits = [(say(f"reports.{which}"), [i[which] for i in items]) for which in ("p50_s", "p95_s")]
        return say("reports.chart_times"), labels, waits
    if name == "checkins":
        return say("reports.checkins"), [i["day"][5:] for i in items], [
            (say.named("checkin", state), [i[state] for i in items]) for state in ("ok", "excused", "missed")
        ]  # fmt: skip
    if name == "alerts":
        real = [i for i in items if not i["drill"]]
        kinds = list(dict.fromkeys(i["kind"] for i in real))
        counts = [sum(i["count"] for i in real if i["kind"] == kind) for kind in kinds]
        return say("reports.alerts"), [say.named("kind", kind) for kind in kinds], [(say("leaf.count"), counts)]
    where = [i for i in items if i["state"] not in ("homes", "unprotected")]
    labels = [say.named("protection", i["state"]) for i in where]
    return say("reports.protection"), labels, [(say("leaf.count"), [i["count"] for i in where])]


@lru_cache(maxsize=64)
def _svg(title: str, data: bytes, adds_up: bool = False) -> bytes:
    """Imported when first needed: most processes draw nothing."""
    import pygal
    from pygal.style import Style

    # its finder, for maps that we do not draw, speaks a language that Python's imports no longer do
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]
    labels, series = orjson.loads(data)
    style = Style(
        background="transparent", plot_background="transparent", foreground=_MIDDLE, foreground_strong=_MIDDLE,
        foreground_subtle=_MIDDLE, colors=_COLOURS, font_family="system-ui, sans-serif",
        label_font_size=12, major_label_font_size=12, legend_font_size=14, title_font_size=16,
    )  # fmt: skip
    shape = pygal.StackedBar if adds_up else pygal.Bar
    drawing = shape(
        style=style, js=[], css=["file://style.css", "file://graph.css", _NIGHT], title=title, height=320, width=640,
        legend_at_bottom=True, no_data_text="–", order_min=0,
    )  # fmt: skip
    drawing.x_labels = labels
    for name, values in series:
        drawing.add(name, values)
    drawing.add_xml_filter(_still)
    return bytes(drawing.render())


def _still(root: Any) -> Any:
    """A picture runs nothing."""
    for parent in list(root.iter()):
        for child in [child for child in parent if str(child.tag).endswith("script")]:
            parent.remove(child)
    return root
