"""The coverage table of ``docs/statistics.md``, from ``tests/bench/coverage.csv``.

    python tests/bench/coverage_table.py [--check]

With ``--check`` nothing is written and the exit code is 1 where the table is out of date.
"""

from __future__ import annotations

import sys

import pandas as pd
from blocks import ROOT, block, fill

SOURCE = ROOT / "tests" / "bench" / "coverage.csv"
PAGE = ROOT / "docs" / "statistics.md"
NAME = "coverage"


def current() -> str:
    """The table as it should stand on the page."""
    rows = pd.read_csv(SOURCE)
    lines = ["| interval | scenario | coverage | mean width | within .94 to .985 |", "|---|---|---|---|---|"]
    for row in rows.itertuples(index=False):
        inside = "yes" if row.within else "no"
        # a test is listed by its share of right non-rejections and has no width
        width = f"{row.width:.3g}" if row.width else "–"
        lines.append(f"| {row.interval} | {row.scenario} | {row.coverage:.3f} | {width} | {inside} |")
    return "\n".join(lines)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(block(PAGE, NAME) != current())
    fill(PAGE, NAME, current())
