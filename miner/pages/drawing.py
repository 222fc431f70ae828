"""How a figure is drawn: colours, markers, boxes, axes, and the way from a matplotlib figure to a small tidy SVG."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from typing import Any
from xml.etree import ElementTree

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from miner.pages.words import known

INK = "#1d2a35"
QUIET = "#5c6a75"
RULE = "#c9d0d6"
MAIN = "#00558c"
PAPER = "#ffffff"
STYLES: tuple[tuple[str, str], ...] = (("o", MAIN), ("s", "#b34a00"), ("D", "#00735c"), ("^", "#7a3e75"), ("v", INK))
"""Marker and colour of each series; the colours stay apart in the three common kinds of colour blindness."""

FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
WIDTH = 7.0

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_RC: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "miner",
    "font.size": 8.0,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": QUIET,
    "axes.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "hatch.color": "#8fa0ad",
    "hatch.linewidth": 0.6,
    "text.parse_math": False,
    "path.simplify": True,
}


def render(name: str, height: float, draw: Callable[[Figure], None], title: str, description: str) -> str:
    """Draw on a fresh figure and return it as SVG: no date, no fonts, ids of its own, title and desc in it."""
    with rc_context(_RC):
        figure = Figure(figsize=(WIDTH, height))
        draw(figure)
        sink = StringIO()
        figure.savefig(sink, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    for prefix, uri in (("", _SVG), ("xlink", _XLINK)):
        ElementTree.register_namespace(prefix, uri)
    root = ElementTree.fromstring(sink.getvalue())
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")]:
            parent.remove(child)
    used = set(re.findall(r"#([\w.-]+)", sink.getvalue()))
    stem = f"{name}-{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')}"
    for element in root.iter():
        _tidy(element, stem, used)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib.update(
        {
            "role": "img",
            "aria-labelledby": f"{stem}-title {stem}-desc",
            "style": f"font-family: {FONT}; stroke-linejoin: round; width: 100%; height: auto;"
            f" max-width: {WIDTH * 108:.0f}px",
        }
    )
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{stem}-{tag}"})
        element.text = text
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")


def _tidy(element: ElementTree.Element, stem: str, used: set[str]) -> None:
    # Several figures stand in one page, so an id that is referred to gets the figure's name, and no other id stays.
    element.tail = None
    if element.text is not None and not element.text.strip():
        element.text = None
    for key, value in list(element.attrib.items()):
        if key == "id":
            if value in used:
                element.set("id", f"{stem}-{value}")
            else:
                del element.attrib["id"]
        elif key.endswith("href"):
            element.set(key, value.replace("#", f"#{stem}-", 1))
        else:
            value = re.sub(r"font: (?:(bold) )?([\d.]+px)[^;]*", r"font-size: \2; font-weight: \1", value)
            value = re.sub(r"font-family: [^;]*;? ?|font-weight: (;|$)", "", value)
            element.set(key, value.replace("url(#", f"url(#{stem}-"))


def plot_area(figure: Figure, height: float, *, left: float, right: float, bottom: float, top: float) -> Axes:
    """Axes for data on a figure ``height`` inches high, with margins in inches; no line above or to the right."""
    axes = figure.add_axes(
        (left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, (height - bottom - top) / height)
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2, width=0.6)
    return axes


def canvas(figure: Figure, height: float) -> Axes:
    """Axes without lines over the whole figure, in inches from the lower left corner: for diagrams."""
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, height)
    axes.axis("off")
    return axes


def box(axes: Axes, x: float, y: float, width: float, label: str, count: int) -> None:
    """A box of a flow diagram around (``x``, ``y``), ``width`` wide, with a label and below it a count in bold."""
    axes.fill(
        [x - width / 2, x + width / 2, x + width / 2, x - width / 2], [y - 0.19, y - 0.19, y + 0.19, y + 0.19],
        facecolor="#f4f6f8", edgecolor="#8fa0ad", linewidth=0.7,
    )  # fmt: skip
    axes.text(x, y + 0.065, label, ha="center", va="center", fontsize=8)
    axes.text(x, y - 0.085, f"{count:,}", ha="center", va="center", fontsize=8.5, fontweight="bold")


def aside(axes: Axes, x: float, y: float, lines: Sequence[tuple[str, int]]) -> None:
    """Beside a flow diagram, what leaves it: ``lines`` of label and count, centred on ``y``, starting at ``x``."""
    for place, (label, count) in enumerate(lines):
        height = y + 0.075 * (len(lines) - 1) - 0.15 * place
        axes.text(x, height, f"− {count:,}  {label}", ha="left", va="center", fontsize=7.5, color=QUIET)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """An arrow from ``start`` to ``end``, each (x, y) in the units of the axes."""
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": QUIET, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0}
    )


def whisker(axes: Axes, row: Mapping[str, Any], y: float, marker: str, colour: str, ends: tuple[float, float]) -> None:
    """An estimate with its interval at the height ``y``; ``row`` has ``estimate``, ``lower`` and ``upper``.

    What lies beyond ``ends`` of the axis is drawn at its end, the estimate then as a hollow marker. What is not known
    is left out.
    """
    low, high, middle = (
        min(max(float(row[name]), ends[0]), ends[1]) if known(row.get(name)) else None
        for name in ("lower", "upper", "estimate")
    )
    if low is not None and high is not None:
        axes.plot([low, high], [y, y], color=colour, linewidth=1.3, solid_capstyle="butt")
    if middle is not None:
        beyond = middle != float(row["estimate"])
        axes.plot([middle], [y], marker, color=colour, markersize=5, mfc=PAPER if beyond else colour, clip_on=False)


def legend(axes: Axes, series: Iterable[str], reference: str) -> None:
    """The key above the axes: an entry a series, in the order of ``STYLES``, and the band ``reference``, if any."""
    keys: list[Any] = [
        Line2D([], [], marker=marker, color=colour, linewidth=1.3, markersize=5, label=name)
        for name, (marker, colour) in zip(series, STYLES * 3, strict=False)
    ]
    if reference:
        keys.append(Patch(facecolor="#e9eef2", edgecolor="#8fa0ad", hatch="/////", linewidth=0.5, label=reference))
    axes.legend(
        handles=keys, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, frameon=False, fontsize=7.5, borderpad=0.2,
        columnspacing=1.5, handlelength=1.8,
    )  # fmt: skip


def percent_ticks(axis: Any) -> None:
    """Have an axis of shares of 0 to 1 show per cent at round values, and nothing below 0."""
    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g} %" if value >= 0 else ""))


def shade(share: float) -> tuple[float, float, float]:
    """The colour (red, green, blue, each 0 to 1) of a cell of a heat map: pale at a share of 0, deep from 1 on."""
    pale, deep = (0.955, 0.968, 0.978), (0.0, 0.333, 0.549)
    strength = min(1.0, share) ** 0.7 if share else 0.0
    return tuple(a + (b - a) * strength for a, b in zip(pale, deep, strict=True))  # type: ignore[return-value]
