"""The demo: the bundled corpus swept into tables and an HTML report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from miner import checked
from miner.corpus import sweep
from miner.explain import calibration, families, first_look, labels, teaching_table
from miner.pages.report import report
from miner.readers import texts
from miner.resources import demo_folder
from miner.tables import load

if TYPE_CHECKING:
    import pandas as pd


CHECKS = 240
"""So many reports of the demo are held against the labels that they were written with."""


def page(
    out: Path,
    path: Path,
    *,
    partial: bool = False,
    checks: Path | None = None,
    lexicons: Sequence[Path] = (),
    snippets: Sequence[str] = (),
    written: float | None = None,
    labelled: pd.DataFrame | None = None,
) -> Path:
    """Writes the HTML report of a sweep and returns its path.

    ``snippets``: the inputs of the sweep, from which the page shows a few words around mentions. ``checks``: a checked
    sample (CSV), from which the prevalence is corrected; ``labelled`` is the same as a frame. ``written``: the share of
    reports that were written with soft tissue calcification, where the corpus is made up.
    """
    tables = load(out, partial=partial)
    sample = checked.read(checks) if checks is not None else labelled
    shown = set(tables.mentions.loc[tables.mentions["scope"] == "soft_tissue", "note_id"]) if snippets else set()
    made = report(
        tables,
        path=path,
        labels=labels(lexicons),
        table=teaching_table(lexicons),
        families=families(lexicons),
        corrected=None if sample is None else checked.corrected(tables, sample),
        calibration=calibration(),
        first_look=first_look(),
        written=written,
        snippets=bool(snippets),
        texts=texts(snippets, shown) if snippets else None,
        lexicons=lexicons,
    )
    return Path(made)


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
