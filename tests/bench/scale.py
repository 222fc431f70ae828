"""How time and memory grow with the size of a corpus: 10,000, 100,000 and 1,000,000 reports of which 2 % mention it.

    python tests/bench/scale.py [SIZE ...] [--workers 1 2] [--readme]

Runs ``miner sweep`` on generated corpora and looks at the memory of the command and of each of its workers twenty times
a second (Linux: their highest resident sets). Start-up is the same command on one report; the slope is that of log
time, start-up apart, on log reports. Prints a table and writes ``scale.csv`` beside this file.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import speed
from blocks import ROOT, fill

SIZES = (10_000, 100_000, 1_000_000)
HERE = Path(__file__).resolve().parent


def _highest(process: int) -> float:
    """The highest resident set of a process so far, in MB; 0 where it is gone."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def swept(path: Path, out: Path, workers: int) -> tuple[float, float, float]:
    """Seconds of the whole command, and the highest memory in MB of the command itself and of a worker."""
    command = [sys.executable, "-m", "miner.cli", "sweep", str(path), "--out", str(out), "--workers", str(workers)]
    begun = time.perf_counter()
    with subprocess.Popen(
        [*command, "--replace"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        parent = worker = 0.0
        children: set[int] = set()
        while process.poll() is None:
            parent = max(parent, _highest(process.pid))
            # workers have threads of the parent for parents
            for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    children.update(int(child) for child in task.read_text(encoding="ascii").split())
            worker = max([worker, *(_highest(child) for child in children)])
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
        told = process.stderr.read().decode("utf-8", "replace") if process.stderr else ""
    if process.returncode:
        raise SystemExit(f"miner sweep ended with {process.returncode}:\n{told}")
    return seconds, parent, worker


def measure(sizes: list[int], workers: list[int], folder: Path) -> list[dict[str, Any]]:
    """One line a corpus and number of workers."""
    one = folder / "one.parquet"
    speed.write(one, 1, 1.0)
    swept(one, folder / "out-one", 1)
    start = {count: median(swept(one, folder / "out-one", count)[0] for _ in range(3)) for count in workers}
    rows = []
    for size in sizes:
        path = folder / f"{size}.parquet"
        speed.write(path, size, 0.02)
        for count in workers:
            seconds, parent, worker = swept(path, folder / "out", count)
            rows.append(
                {
                    "reports": size,
                    "workers": count,
                    "start_up_s": round(start[count], 2),
                    "whole_s": round(seconds, 2),
                    "reports_per_s": float(f"{size / (seconds - start[count]):.3g}"),
                    "parent_mb": round(parent),
                    "worker_mb": round(worker),
                    "machine": speed.machine(),
                }
            )
        path.unlink()
    return rows


def slope(rows: list[dict[str, Any]], workers: int) -> float:
    """Slope of log time, start-up apart, on log reports; nan for one size.

    Where there are two larger ones, corpora of fewer than 100,000 reports are left out: they take less time than
    start-up differs by.
    """
    mine = [row for row in rows if row["workers"] == workers]
    large = [row for row in mine if row["reports"] >= 100_000]
    mine = large if len(large) > 1 else mine
    if len(mine) < 2:
        return float("nan")
    time_taken = np.log([row["whole_s"] - row["start_up_s"] for row in mine])
    return float(np.polyfit(np.log([row["reports"] for row in mine]), time_taken, 1)[0])


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table, with what follows from them."""
    lines = [
        "| reports | workers | whole, s | reports a second | command, MB | each worker, MB |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['reports']:,} | {row['workers']} | {row['whole_s']:,.1f} | {row['reports_per_s']:,.0f} "
            f"| {row['parent_mb']} | {row['worker_mb']} |"
        )
    counts = sorted({row["workers"] for row in rows})
    slopes = ", ".join(f"{slope(rows, count):.2f} with {count} worker{'s' * (count > 1)}" for count in counts)
    told = f"Slope of log time on log reports, start-up apart, from 100,000 reports on: {slopes}."
    largest = max(row["reports"] for row in rows)
    last = {row["workers"]: row["reports_per_s"] for row in rows if row["reports"] == largest}
    if {1, 2} <= last.keys():
        told += f" Two workers read {largest:,} reports {last[2] / last[1]:.2f} times as fast as one."
    return "\n".join([*lines, "", f"{told} {rows[0]['machine']}."])


def recorded(path: Path = HERE / "scale.csv") -> list[dict[str, Any]]:
    """The rows of an earlier run."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {
                name: value if name == "machine" else float(value) if "." in value else int(value)
                for name, value in row.items()
            }
            for row in csv.DictReader(file)
        ]


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=list(SIZES), metavar="SIZE")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    parser.add_argument("--recorded", action="store_true", help="measure nothing; show the numbers of the last run")
    options = parser.parse_args()
    if options.recorded:
        rows = recorded()
    else:
        with tempfile.TemporaryDirectory() as folder:
            rows = measure(sorted(options.sizes), options.workers, Path(folder))
        with (HERE / "scale.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    print(table(rows))
    if options.readme:
        fill(ROOT / "README.md", "scale", table(rows))


if __name__ == "__main__":
    main()
