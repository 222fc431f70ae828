"""The figures of the report: small static SVG strings drawn from finished frames.

Nothing is counted or estimated here. Every figure says what it shows in ``<title>`` and ``<desc>``, tells its series
apart by marker, hatch or written number and not by colour alone, and comes out the same to the byte every time.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from miner.pages.drawing import (
    INK,
    MAIN,
    PAPER,
    QUIET,
    STYLES,
    WIDTH,
    arrow,
    aside,
    box,
    canvas,
    legend,
    percent_ticks,
    plot_area,
    render,
    shade,
    whisker,
)
from miner.pages.words import decade, interval, known, percent, rows_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def flow(steps: pd.DataFrame) -> str:
    """The flow of reports from rows read to what was found.

    ``steps`` has ``label`` (str), ``count`` (int) and ``role``: ``main`` (a box in the trunk), ``aside`` (what left the
    trunk after the box above it) or ``split`` (the last row of boxes, side by side).
    """
    trunk = steps[steps["role"] != "split"]
    last = steps[steps["role"] == "split"]
    mains = int((trunk["role"] == "main").sum())
    gap = 0.62 + 0.14 * max(0, max(_runs(list(trunk["role"])), default=0) - 2)
    height = gap * (mains - 1) + 0.56 + (0.80 if len(last) else 0.0)

    def draw(figure: Figure) -> None:
        axes = canvas(figure, height)
        y = height - 0.28
        above: float | None = None
        asides: list[tuple[str, int]] = []
        for row in rows_of(trunk):
            if row["role"] == "aside":
                asides.append((str(row["label"]), int(row["count"])))
                continue
            if above is not None:
                arrow(axes, (2.1, above - 0.19), (2.1, y + 0.2))
                if asides:
                    middle = (above + y) / 2
                    axes.plot([2.1, 4.15], [middle, middle], color=QUIET, linewidth=0.7)
                    aside(axes, 4.2, middle, asides)
            box(axes, 2.1, y, 3.5, str(row["label"]), int(row["count"]))
            above, asides, y = y, [], y - gap
        if above is not None and len(last):
            y = above - 0.74
            spread = [WIDTH / (2 * len(last)) * (2 * index + 1) for index in range(len(last))]
            joint = y + 0.34
            axes.plot([2.1, 2.1], [above - 0.19, joint], color=QUIET, linewidth=0.7)
            axes.plot([min(2.1, spread[0]), max(2.1, spread[-1])], [joint, joint], color=QUIET, linewidth=0.7)
            for x, row in zip(spread, rows_of(last), strict=True):
                arrow(axes, (x, joint), (x, y + 0.2))
                box(axes, x, y, WIDTH / len(last) - 0.25, str(row["label"]), int(row["count"]))

    said = "; ".join(f"{row['label']}: {int(row['count']):,}" for row in rows_of(steps))
    return render("flow", height, draw, "Flow of reports", said + ".")


def forest(
    frame: pd.DataFrame, *, title: str, odds: bool = False, reference: str = "", axis: str = "share of reports"
) -> str:
    """Estimates with their intervals, one row each, beside reference ranges where there are any.

    ``frame`` has ``label``, ``estimate``, ``lower``, ``upper`` (proportions) and may have ``low`` and ``high`` (the
    reference range, drawn as a hatched bar named ``reference``), ``note`` (written at the right) and ``series`` (a name
    that chooses the marker). ``odds`` puts the proportions on a log-odds axis, logarithmic towards both ends, so that
    98 % and 0.01 % can both be read off; what it cannot show (0 and 100 %) is an open marker at its end.
    """
    rows = rows_of(frame)
    ranged = [row for row in rows if known(row.get("low")) and known(row.get("high"))]
    series = list(dict.fromkeys(str(row["series"]) for row in rows if row.get("series")))
    wrapped = [textwrap.fill(str(row["label"]), 30) for row in rows]
    keyed = len(series) > 1 or bool(ranged)
    height = 0.33 * len(rows) + 0.62 + (0.25 if keyed else 0.0)
    columns = ("estimate", "lower", "upper", "low", "high")
    shown = [float(row[name]) for row in rows for name in columns if known(row.get(name))]
    floor = 10.0 ** max(-7, min(-2, decade(min((value for value in shown if value > 0), default=0.01))))
    ends = (floor * 0.6, 0.9995) if odds else (0.0, 1.0)

    def draw(figure: Figure) -> None:
        axes = plot_area(figure, height, left=2.0, right=1.55, bottom=0.42, top=0.08 + (0.25 if keyed else 0.0))
        if odds:
            axes.set_xscale("logit")
            axes.set_xlim(*ends)
            ticks = [*(10.0**power for power in range(-2, decade(floor) - 1, -2)), 0.1, 0.5, 0.9, 0.99]
            axes.set_xticks(ticks, [percent(tick, digits=2 if tick >= 0.1 else 1) for tick in ticks])
            axes.minorticks_off()
        else:
            top = max(shown, default=1.0) or 1.0
            axes.set_xlim(-0.02 * top, min(1.04, 1.08 * top))
            percent_ticks(axes.xaxis)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_yticks(range(len(rows)), wrapped, color=INK)
        axes.tick_params(axis="y", length=0, pad=6)
        axes.grid(axis="x", color="#e7ebee", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(axis)
        for y, row in enumerate(rows):
            if row in ranged:
                low, high = (min(max(float(row[name]), ends[0]), ends[1]) for name in ("low", "high"))
                axes.barh(
                    y, high - low, left=low, height=0.56, color="#e9eef2", edgecolor="#8fa0ad",
                    hatch="/////", linewidth=0.5,
                )  # fmt: skip
            marker, colour = STYLES[series.index(str(row["series"])) % len(STYLES) if row.get("series") else 0]
            whisker(axes, row, y, marker, colour, ends)
            axes.annotate(
                str(row.get("note") or f"{percent(row['estimate'])} ({interval(row)})"),
                (1.0, y), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points", va="center",
                fontsize=7.5, color=INK,
            )  # fmt: skip
        if keyed:
            legend(axes, series or ["this corpus"], reference if ranged else "")

    said = "; ".join(
        f"{row['label']}: {percent(row['estimate'])}, interval {interval(row)}"
        + (f", {reference} {percent(row['low'])} to {percent(row['high'])}" if row in ranged else "")
        for row in rows
    )
    return render("forest", height, draw, title, said + ".")


def over_time(frame: pd.DataFrame, *, title: str = "Prevalence over the years") -> str:
    """Prevalence per period with its interval as a band.

    ``frame`` has ``period`` (str, in order), ``estimate``, ``lower``, ``upper`` and may have ``denominator``, which is
    written under the period.
    """
    rows = rows_of(frame)
    height = 2.5

    def draw(figure: Figure) -> None:
        axes = plot_area(figure, height, left=0.75, right=0.25, bottom=0.62, top=0.15)
        places = list(range(len(rows)))
        estimates = [float(row["estimate"]) for row in rows]
        lower, upper = ([float(row[name]) for row in rows] for name in ("lower", "upper"))
        axes.fill_between(places, lower, upper, color="#d5e4ef", linewidth=0)
        axes.errorbar(
            places, estimates, fmt="o-", color=MAIN, markersize=4, linewidth=1.2, elinewidth=0.8, capsize=2.5,
            yerr=[
                [max(0.0, value - low) for value, low in zip(estimates, lower, strict=True)],
                [max(0.0, high - value) for value, high in zip(estimates, upper, strict=True)],
            ],
        )  # fmt: skip
        size = [f"\nn = {int(row['denominator']):,}" if known(row.get("denominator")) else "" for row in rows]
        step = max(1, -(-len(rows) // 12))
        axes.set_xticks(places[::step], [f"{row['period']}{n}" for row, n in zip(rows, size, strict=True)][::step])
        axes.set_xlim(-0.5, len(rows) - 0.5)
        axes.set_ylim(0, 1.12 * max([value for value in upper if known(value)], default=1.0) or 1)
        percent_ticks(axes.yaxis)
        axes.grid(axis="y", color="#e7ebee", linewidth=0.6)
        axes.set_axisbelow(True)

    said = "; ".join(f"{row['period']}: {percent(row['estimate'])}, interval {interval(row)}" for row in rows)
    return render("years", height, draw, title, said + ".")


def heat(frame: pd.DataFrame, *, title: str, across: str, down: str) -> str:
    """A table of counts, each cell shaded by its share of its column and bearing its count.

    ``frame`` has the row labels as its index, the column labels as its columns and counts as values; ``across`` and
    ``down`` name what the columns and the rows are.
    """
    counts = frame.to_numpy(dtype=float)
    names = [textwrap.shorten(str(name), 36, placeholder="…") for name in frame.index]
    heads = [textwrap.shorten(str(name), 30, placeholder="…") for name in frame.columns]
    head = 0.2 + 0.041 * max((len(name) for name in heads), default=0)
    height = head + 0.215 * len(names) + 0.1

    def draw(figure: Figure) -> None:
        axes = plot_area(figure, height, left=2.3, right=0.95, bottom=0.08, top=head)
        totals = counts.sum(axis=0)
        for x in range(counts.shape[1]):
            for y in range(counts.shape[0]):
                share = counts[y, x] / totals[x] if totals[x] else 0.0
                axes.fill(
                    [x, x + 1, x + 1, x], [y, y, y + 1, y + 1], facecolor=shade(share), edgecolor=PAPER, linewidth=0.8
                )
                axes.text(
                    x + 0.5, y + 0.52, f"{int(counts[y, x]):,}" if counts[y, x] else "·", ha="center", va="center",
                    fontsize=7, color=PAPER if share > 0.55 else INK if counts[y, x] else QUIET,
                )  # fmt: skip
        axes.set_xlim(0, max(1, counts.shape[1]))
        axes.set_ylim(max(1, counts.shape[0]), 0)
        axes.set_yticks([y + 0.5 for y in range(len(names))], names, color=INK)
        axes.xaxis.tick_top()
        axes.set_xticks(
            [x + 0.5 for x in range(len(heads))], heads, color=INK, rotation=40, ha="left", rotation_mode="anchor"
        )
        axes.tick_params(length=0, pad=3)
        axes.spines[:].set_visible(False)

    filled = [
        f"{row} with {column}: {int(counts[y, x]):,}"
        for y, row in enumerate(frame.index)
        for x, column in enumerate(frame.columns)
        if counts[y, x]
    ]
    said = f"Rows are {down}, columns are {across}; darker is a larger share of the column. " + "; ".join(filled)
    return render("heat", height, draw, title, said + ".")


def funnel(frame: pd.DataFrame, *, title: str) -> str:
    """Each radiologist's rate against the number of reports, with the limits that chance alone gives round the mean.

    ``frame`` is what ``miner.rates.funnel`` returns. Who lies beyond the outer limits with more than a small number is
    named; a small number is a hollow marker.
    """
    rows = rows_of(frame)
    height = 2.8
    most = max(int(row["counted"]) for row in rows)

    def draw(figure: Figure) -> None:
        from scipy import stats

        axes = plot_area(figure, height, left=0.9, right=1.3, bottom=0.45, top=0.1)
        mean = float(rows[0]["mean"])
        sizes = sorted({max(1, round(1 + (most * 1.05) * step / 60)) for step in range(61)})
        for level, dashes in ((0.95, (4, 3)), (0.998, (1, 2))):
            tail = (1 - level) / 2
            for share in (tail, 1 - tail):
                limit = [float(stats.binom.ppf(share, size, mean)) / size for size in sizes]
                axes.plot(sizes, limit, color=QUIET, linewidth=0.8, linestyle=(0, dashes), drawstyle="steps-mid")
        axes.axhline(mean, color=QUIET, linewidth=0.8)
        axes.annotate(
            f"mean {percent(mean)}", (1.0, mean), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=7.5, color=QUIET,
        )  # fmt: skip
        for row in rows:
            x, y = int(row["counted"]), float(row["estimate"])
            axes.plot([x], [y], "o", color=MAIN, markersize=5, mfc=PAPER if row["small"] else MAIN, clip_on=False)
            if row["outside"] == "99.8" and not row["small"]:
                axes.annotate(
                    textwrap.shorten(str(row["radiologist_id"]), 24, placeholder="…"), (x, y), xytext=(6, 4),
                    textcoords="offset points", fontsize=7, color=INK,
                )  # fmt: skip
        axes.set_xlim(0, most * 1.08 + 1)
        axes.set_ylim(-0.02, 1.02)
        percent_ticks(axes.yaxis)
        axes.set_xlabel("reports that the criterion counts")
        axes.set_ylabel("criterion met")

    beyond = [row for row in rows if row["outside"] and not row["small"]]
    said = (
        f"{len(rows)} radiologists, mean {percent(rows[0]['mean'])}; beyond the 95 % limits: "
        + (
            "; ".join(f"{row['radiologist_id']}: {percent(row['estimate'])} of {row['counted']}" for row in beyond)
            or "none"
        )
        + "."
    )
    return render("funnel", height, draw, title, said)


def reliability(frame: pd.DataFrame, *, title: str = "Reliability of the cause probability") -> str:
    """How often the cause was right, against how sure the machine was.

    ``frame`` has ``predicted``, ``observed``, ``lower``, ``upper`` (proportions) and ``nobs``, one row a band.
    """
    rows = rows_of(frame)
    height = 3.2

    def draw(figure: Figure) -> None:
        axes = plot_area(figure, height, left=1.9, right=2.4, bottom=0.45, top=0.1)
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.annotate("as often right as sure", (0.30, 0.34), rotation=45, fontsize=7, color=QUIET, ha="center")
        for row in rows:
            x, y = float(row["predicted"]), float(row["observed"])
            if known(row.get("lower")) and known(row.get("upper")):
                axes.plot([x, x], [float(row["lower"]), float(row["upper"])], color=MAIN, linewidth=1)
            axes.plot([x], [y], "o", color=MAIN, markersize=5)
            axes.annotate(
                f"{int(row['nobs']):,}", (x, y), xytext=(6, -8), textcoords="offset points", fontsize=7, color=QUIET
            )
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        percent_ticks(axes.xaxis)
        percent_ticks(axes.yaxis)
        axes.set_xlabel("probability given by the machine")
        axes.set_ylabel("found right on checking")

    said = "; ".join(
        f"given {percent(row['predicted'])}, right {percent(row['observed'])} of {int(row['nobs']):,}" for row in rows
    )
    return render("reliability", height, draw, title, said + ".")


def _runs(roles: Iterable[str]) -> list[int]:
    return [len(list(group)) for role, group in groupby(roles) if role == "aside"]
