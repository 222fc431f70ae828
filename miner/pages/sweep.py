"""The HTML report of a sweep on disk, with what comes with the package: labels, the teaching page, the first look."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from miner import checked
from miner.explain import calibration, families, first_look, labels, teaching_table
from miner.pages.report import report
from miner.readers import texts
from miner.tables import load

if TYPE_CHECKING:
    import pandas as pd


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
