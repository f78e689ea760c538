"""The pictures of a report: SVG that stands in the page and takes the page's own colours.

matplotlib writes colours as they are, so each is drawn in a stand-in and replaced by the style
sheet's variable of that name. Widths are those of a phone: nothing has to be scaled down there.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from html import escape

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

# Colours that nothing else is drawn in, and what they stand for.
TEXT, LINE, CHART, MEDIAN = "#010203", "#010204", "#010205", "#010206"
GOOD, PART, BAD = "#010207", "#010208", "#010209"
VARIABLES = {TEXT: "text", LINE: "quiet", CHART: "chart", MEDIAN: "text", GOOD: "good",
             PART: "part", BAD: "bad"}  # fmt: skip
STATES = {"graded": GOOD, "partial": PART, "failed": BAD, "missing": "none"}
WIDTH = 3.6  # inches of 96 CSS pixels: 346
LONGEST = 16  # characters of a name beside an axis
MANY = 60  # students that can be shown as a dot each


def histogram(shares: Sequence[float], name: str, alt: str) -> str:
    """How many submissions have which share of the points, in ten steps."""

    def draw(axes: Axes) -> None:
        counts = tenths(shares)
        axes.bar(np.arange(10) / 10 + 0.05, counts, width=0.09, color=CHART, clip_on=False)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_ylim(0, max(1, *counts))
        axes.set_xlabel("share of the points")
        axes.set_ylabel("submissions")

    return _svg(draw, 1.9, name, alt)


def tenths(shares: Sequence[float]) -> list[int]:
    """How many shares lie in each tenth of 0 to 1; the last tenth includes 1."""
    steps = np.minimum((np.asarray(shares, float) * 10 + 1e-9).astype(int), 9)
    return np.bincount(steps, minlength=10).tolist()


def boxes(
    values: dict[str, Sequence[float]], label: str, name: str, alt: str, percent: bool = False
) -> str:
    """A box for each lab: median, middle half, and whiskers to the 5th and 95th percentile."""

    def draw(axes: Axes) -> None:
        filled = {row: v for row, v in enumerate(values.values()) if len(v)}
        if not filled:
            axes.set_axis_off()
            axes.text(0.5, 0.5, "nothing was graded", color=TEXT, ha="center", va="center")
            return
        axes.boxplot(
            list(filled.values()), positions=list(filled), orientation="horizontal",
            whis=(5, 95), showfliers=False, widths=0.55, patch_artist=True,
            boxprops={"facecolor": "none", "edgecolor": CHART, "linewidth": 1.2},
            whiskerprops={"color": CHART}, capprops={"color": CHART},
            medianprops={"color": MEDIAN, "linewidth": 2},
        )  # fmt: skip
        for row, own in filled.items():
            if len(own) <= MANY:
                spread = np.linspace(-0.18, 0.18, 5)[np.arange(len(own)) % 5]
                axes.scatter(own, row + spread, s=7, color=CHART, alpha=0.55, linewidths=0,
                             clip_on=False)  # fmt: skip
        _rows(axes, list(values))
        if percent:
            axes.set_xlim(0, 1)
            axes.xaxis.set_major_formatter(PercentFormatter(1))
        else:
            axes.set_xlim(left=0)
        axes.set_xlabel(label)

    return _svg(draw, _height(len(values)), name, alt)


def completion(statuses: dict[str, dict[str, int]], name: str, alt: str) -> str:
    """For each lab how many submissions were graded, in part, not at all, or never handed in."""

    def draw(axes: Axes) -> None:
        left = np.zeros(len(statuses))
        for status, colour in STATES.items():
            counts = np.array([lab.get(status, 0) for lab in statuses.values()])
            edge = LINE if colour == "none" else "none"
            axes.barh(range(len(statuses)), counts, left=left, height=0.6, color=colour,
                      edgecolor=edge, label=status, clip_on=False)  # fmt: skip
            left += counts
        _rows(axes, list(statuses))
        axes.set_xlim(0, max(1, left.max()))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("submissions")
        axes.figure.legend(loc="outside upper center", ncols=4, frameon=False, labelcolor=TEXT,
                           handlelength=1, handletextpad=0.4, columnspacing=1)  # fmt: skip

    return _svg(draw, _height(len(statuses)) + 0.3, name, alt)


def _rows(axes: Axes, names: list[str]) -> None:
    shown = [name if len(name) <= LONGEST else name[: LONGEST - 1] + "…" for name in names]
    axes.set_yticks(range(len(names)), shown)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _height(rows: int) -> float:
    return 0.65 + 0.29 * rows


def _svg(draw: Callable[[Axes], None], height: float, name: str, alt: str) -> str:
    """An svg element. name: one that no other figure of the page has. alt: what it shows."""
    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 9,
        "text.parse_math": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": LINE,
        "axes.labelcolor": TEXT,
        "xtick.color": LINE,
        "ytick.color": LINE,
        "xtick.labelcolor": TEXT,
        "ytick.labelcolor": TEXT,
        "axes.axisbelow": True,
    }
    with rc_context(settings):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.subplots())
        written = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    svg = written.getvalue()
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<style.*?</style>|<defs>\s*</defs>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # the same in every figure
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    svg = re.sub(r"\s*\n\s*", " ", svg).replace("> <", "><")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1)
