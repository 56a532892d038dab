"""Charts: a report as a picture, drawn here, without scripts or fonts from elsewhere."""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import orjson

from api.language import Speech

#: reports that have a picture
DRAWN = ("response_times", "alerts", "checkins", "protection")
#: which of its numbers tells that there is something to draw
AMOUNTS = {"response_times": "claimed", "alerts": "count", "checkins": "ok", "protection": "count"}
_MIDDLE = "#767e86"
_COLOURS = ("#2673d1", "#c9800a", "#2a8a4a", "#d0343c", "#6b4fa0", "#767e86")
#: well, excused, missed
_ANSWERS = ("#2a8a4a", "#c9800a", "#d0343c")
#: words that are read by day and by night, and lines that stay behind the bars
_LOOK = (
    "inline:text{fill:#4b535b!important}.guides .guide{stroke:rgba(118,126,134,.35)!important;"
    "stroke-dasharray:none!important}.reactive{fill-opacity:.9!important}"
    "@media (prefers-color-scheme:dark){text{fill:#c9d1d9!important}}"
)
#: more labels than this would run into each other
_LABELS = 7
_LINES = 6
_Series = Sequence[tuple[str, Sequence[float | None]]]


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is drawn: bars that stand beside or upon each other, or lie where their words are long."""

    shape: Literal["Bar", "StackedBar", "HorizontalBar"] = "Bar"
    colours: tuple[str, ...] = _COLOURS


_LOOKS = {
    "checkins": Look("StackedBar", _ANSWERS), "alerts": Look("HorizontalBar"), "protection": Look("HorizontalBar"),
}  # fmt: skip


def chart(report: Mapping[str, Any], say: Speech) -> bytes:
    """The SVG of a report in the reader's language."""
    labels, series = _drawn(report["name"], report["items"], say)
    look = _LOOKS.get(report["name"], Look())
    return _svg(orjson.dumps([labels, series]), look)


def stacked(labels: Sequence[str], series: _Series) -> bytes:
    """The SVG of what adds up, one bar for each label."""
    return _svg(orjson.dumps([labels, series]), Look("StackedBar"))


def steps(most: float) -> list[int]:
    """The lines of a scale from nothing up to ``most``: few, whole, and of round numbers."""
    wide = max(most, 1) / _LINES
    size = next(n * 10**power for power in range(9) for n in (1, 2, 5) if n * 10**power >= wide)
    return [n * size for n in range(math.ceil(max(most, 1) / size) + 1)]


def _drawn(name: str, items: Sequence[Mapping[str, Any]], say: Speech) -> tuple[list[str], _Series]:
    if name == "response_times":
        labels = [say.named("severity", i["severity"]) for i in items]
        waits = [(say(f"reports.{which}"), [i[which] for i in items]) for which in ("p50_s", "p95_s")]
        return labels, waits
    if name == "checkins":
        return [i["day"][5:] for i in items], [
            (say.named("checkin", state), [i[state] for i in items]) for state in ("ok", "excused", "missed")
        ]  # fmt: skip
    if name == "alerts":
        real = [i for i in items if not i["drill"]]
        kinds = list(dict.fromkeys(i["kind"] for i in real))
        counts = [sum(i["count"] for i in real if i["kind"] == kind) for kind in kinds]
        return [say.named("kind", kind) for kind in kinds], [(say("leaf.count"), counts)]
    where = [i for i in items if i["state"] not in ("homes", "unprotected")]
    labels = [say.named("protection", i["state"]) for i in where]
    return labels, [(say("leaf.count"), [i["count"] for i in where])]


@lru_cache(maxsize=64)
def _svg(data: bytes, look: Look) -> bytes:
    """Imported when first needed: most processes draw nothing."""
    import pygal
    from pygal.style import Style

    # its finder, for maps that we do not draw, speaks a language that Python's imports no longer do
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]
    labels, series = orjson.loads(data)
    style = Style(
        background="transparent", plot_background="transparent", foreground=_MIDDLE, foreground_strong=_MIDDLE,
        foreground_subtle=_MIDDLE, colors=look.colours, font_family="system-ui, sans-serif", label_font_size=14,
        major_label_font_size=14, legend_font_size=14, value_font_size=13, no_data_font_size=24,
    )  # fmt: skip
    lies = look.shape == "HorizontalBar"
    dense = not lies and len(labels) > _LABELS
    drawing = getattr(pygal, look.shape)(
        style=style, css=["file://style.css", "file://graph.css", _LOOK], js=[], height=300, width=480,
        margin_left=20 + (_missing(labels) if lies else 0), print_values_position="top", margin_top=24,
        legend_at_bottom=True, show_legend=len(series) > 1, no_data_text="–", truncate_label=-1,
        x_labels_major_every=-(-len(labels) // _LABELS) if dense else None, show_minor_x_labels=not dense,
        print_values=look.shape != "StackedBar" and not dense, value_formatter=_beside if lies else "{:g}".format,
    )  # fmt: skip
    tallest = _tallest(series, look.shape == "StackedBar")
    drawing.y_labels = series and [{"label": str(line), "value": line} for line in steps(tallest)]
    drawing.x_labels = labels[::-1] if lies else labels
    for name, values in series:
        drawing.add(name, values[::-1] if lies else values)
    drawing.add_xml_filter(_still)
    return bytes(drawing.render())


def _tallest(series: _Series, adds_up: bool) -> float:
    """The highest bar."""
    bars = zip(*([value or 0 for value in values] for _, values in series), strict=True)
    return max((sum(bar) if adds_up else max(bar) for bar in bars), default=0)


def _beside(value: float) -> str:
    """A number past the end of its bar, where the drawing would set it astride."""
    said = f"{value:g}"
    return "\u00a0" * (len(said) + 1) + said


def _missing(labels: Sequence[str]) -> int:
    """Room beside the bars for Chinese words, which are counted as narrow as Latin ones."""
    return max((sum(letter > "\u2e7f" for letter in label) for label in labels), default=0) * 6


def _still(root: Any) -> Any:
    """A picture runs nothing."""
    for parent in list(root.iter()):
        for child in [child for child in parent if str(child.tag).endswith("script")]:
            parent.remove(child)
    return root
