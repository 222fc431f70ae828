"""Scores a batch of new reports before anyone reads them, and puts the scores on record.

    python tests/bench/first_look_log.py ROUND "who wrote them" FILE.toml [FILE.toml ...]

Appends a row to ``corpora/gold/first-look.csv`` and, with intervals and numbers, to ``first-look-intervals.csv``. What
was found wrong and what was changed for it (columns ``errors_found`` and ``changed``) is written in by hand afterwards.
"""

from __future__ import annotations

import csv
import datetime
import sys
from pathlib import Path

from blocks import ROOT

from miner import gold, scores

WIDE = ROOT / "corpora" / "gold" / "first-look.csv"
LONG = ROOT / "corpora" / "gold" / "first-look-intervals.csv"


def log(name: str, writers: str, files: list[Path]) -> None:
    """Scores the files as one batch and appends the rows."""
    standard = gold.load(files)
    result = scores.evaluate(gold.mined(standard, ()), standard)
    found = {str(row["measure"]): row for row in result.summary.to_dict("records")}
    if name.isdigit():
        with WIDE.open(newline="", encoding="utf-8") as file:
            columns = next(csv.reader(file))
        given = {
            "date": datetime.date.today().isoformat(),
            "round": name,
            "n": len(standard.reports),
            "writers": writers,
            "errors_found": "",
            "changed": "",
        }
        with WIDE.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([given[c] if c in given else f"{found[c]['value']:.3f}" for c in columns])
    with LONG.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for measure, row in found.items():
            numbers = [f"{row[k]:.3f}" for k in ("value", "lower", "upper")]
            writer.writerow([name, len(standard.reports), measure, *numbers, int(row["denominator"])])


if __name__ == "__main__":
    log(sys.argv[1], sys.argv[2], [Path(name) for name in sys.argv[3:]])
