"""The demo: the bundled corpus swept into tables and an HTML report."""

from __future__ import annotations

from pathlib import Path

from miner import checked
from miner.corpus import sweep
from miner.pages.sweep import page
from miner.resources import demo_folder
from miner.tables import load

CHECKS = 240
"""So many reports of the demo are held against the labels that they were written with."""


def demo(out: Path, *, workers: int = 1) -> Path:
    """Sweeps the demo corpus into ``out`` (anew, if it is there already) and returns the path of its HTML report.

    The corpus was written with its labels, so the page also shows a prevalence corrected by a sample of them, and
    whether its interval holds the share that was written.
    """
    import pandas as pd

    sweep([demo_folder() / "reports.csv"], out, workers=workers, contexts="all", replace=out.exists())
    tables = load(out)
    truth = pd.read_csv(demo_folder() / "truth.csv", dtype=str).set_index("note_id")["soft_tissue"] == "present"
    drawn = checked.sample(tables, CHECKS)["note_id"]
    sample = pd.DataFrame({"note_id": drawn, "truth": truth.reindex(drawn).to_numpy()})
    everything = truth.reindex(checked.strata(tables)["note_id"])
    return page(out, out / "report.html", labelled=sample, written=float(everything.mean()))
