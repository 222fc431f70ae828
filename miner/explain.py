"""What the pages and tables say of lexicon entries: labels, sources of weights, the teaching page's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from miner.lexicon import CauseEntry, Lexicon, load
from miner.model import weighted
from miner.resources import gold_folder

# pandas is imported by the one function that needs it: `miner read` starts without it
if TYPE_CHECKING:
    import pandas as pd

TEACHING_PAGE = "UW Radiology, online musculoskeletal radiology book, chapter Soft Tissue Calcifications"


@lru_cache(maxsize=4)
def _lexicon(overlays: tuple[Path, ...]) -> Lexicon:
    return load(overlays)


def labels(overlays: Sequence[Path] = ()) -> dict[str, str]:
    """The label of every entry, feature and body region, by id."""
    lexicon = _lexicon(tuple(overlays))
    found = {region: str(row["label"]) for region, row in lexicon.regions.items() if "label" in row}
    found.update(lexicon.labels())
    found.update({f.id: f.label for f in lexicon.features.values() if f.label})
    for name, feature in lexicon.features.items():
        entry = name.split(":", 1)[-1]
        if not feature.label and entry in found:
            found[name] = found[entry]
    return found


def sources(overlays: Sequence[Path] = (), model: Path | None = None) -> Mapping[tuple[str, str], str]:
    """What the weight of a feature for a cause rests on, by (cause, feature id)."""
    lexicon = _lexicon(tuple(overlays)) if model is None else weighted(overlays, model)
    return {(w.cause, f.id): w.basis for f in lexicon.features.values() for w in f.weights}


def teaching_table(overlays: Sequence[Path] = ()) -> pd.DataFrame:
    """The teaching page's table: cause_family, label, low, high (shares of 0 to 1), appearance."""
    import pandas as pd

    frame = pd.DataFrame(list(_lexicon(tuple(overlays)).table))
    frame.attrs["source"] = TEACHING_PAGE
    return frame


def families(overlays: Sequence[Path] = ()) -> dict[str, str]:
    """The row of the teaching page's table of each cause, by cause id; causes without a row are left out."""
    return {c.id: c.family for c in _lexicon(tuple(overlays)).of(CauseEntry).values() if c.family}


FIRST_LOOK: Mapping[str, str] = {
    "state_accuracy": "report state right",
    "present_f1": "reports with soft tissue calcification found, F1",
    "absent_specificity": "reports without it called absent",
    "mention_f1": "mentions found, F1",
    "status_accuracy": "status of a mention right",
    "sites_f1": "sites, F1",
    "descriptors_f1": "descriptors, F1",
    "cause_lenient": "likely cause right or acceptable",
    "cause_calibration_error": "calibration error of the cause’s probability",
}
"""The scores of the first look that a page shows, by measure."""


def calibration() -> pd.DataFrame | None:
    """How often the likely cause was right in each tenth of its probability, on written reports with known labels.

    The reports are the test part of the gold standard, with which neither rules nor weights were made. Columns: those
    of ``statistics.calibration.reliability``; ``attrs["reports"]``. None where the file did not come with the package.
    """
    import pandas as pd

    path = gold_folder() / "reliability.csv"
    if not path.exists():
        return None
    rows = pd.read_csv(path)
    bands = rows.drop(columns="reports")
    bands.attrs["reports"] = int(rows["reports"].iloc[0])
    return bands


def first_look() -> pd.DataFrame | None:
    """The scores of the last rounds of new written reports, read once before anything was changed for them.

    Columns: ``measure`` (in words), ``value``, ``lower``, ``upper``, ``n``; ``attrs["reports"]`` and
    ``attrs["rounds"]``. None where the file did not come with the package.
    """
    import pandas as pd

    path = gold_folder() / "first-look-intervals.csv"
    if not path.exists():
        return None
    rows = pd.read_csv(path, dtype={"round": str})
    last = [name for name in rows["round"].unique() if "+" in name][-1]
    found = rows[(rows["round"] == last) & rows["measure"].isin(list(FIRST_LOOK))].set_index("measure")
    found = found.reindex([name for name in FIRST_LOOK if name in found.index])
    shown: pd.DataFrame = found.reset_index()[["measure", "value", "lower", "upper", "n"]]
    shown["measure"] = [FIRST_LOOK[name] for name in shown["measure"]]
    shown.attrs.update(reports=int(found["reports"].iloc[0]), rounds=last)
    return shown
