"""The demo: the bundled corpus swept into tables and an HTML report."""

from __future__ import annotations

from pathlib import Path

from miner.corpus import sweep
from miner.explain import families, labels, teaching_table
from miner.pages.report import report
from miner.resources import demo_folder
from miner.tables import load


def page(out: Path, path: Path, *, partial: bool = False) -> Path:
    """Writes the HTML report of a sweep and returns its path."""
    written = report(
        load(out, partial=partial), path=path, labels=labels(), table=teaching_table(), families=families()
    )
    return Path(written)


def demo(out: Path, *, workers: int = 1) -> Path:
    """Sweeps the demo corpus into ``out`` (anew, if it is there already) and returns the path of its HTML report."""
    sweep([demo_folder() / "reports.csv"], out, workers=workers, contexts="all", replace=out.exists())
    return page(out, out / "report.html")
