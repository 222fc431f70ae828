"""What the pages and tables say of lexicon entries: labels, sources of weights, the teaching page's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from miner.lexicon import CauseEntry, Lexicon, load
from miner.model import weighted

# pandas is imported by the one function that needs it: `miner read` starts without it
if TYPE_CHECKING:
    import pandas as pd

TEACHING_PAGE = "UW Radiology, online musculoskeletal radiology book, chapter Soft Tissue Calcifications"


@lru_cache(maxsize=4)
def _lexicon(overlays: tuple[Path, ...]) -> Lexicon:
    return load(overlays)


def labels(overlays: Sequence[Path] = ()) -> dict[str, str]:
    """The label of every entry and feature, by id."""
    lexicon = _lexicon(tuple(overlays))
    found = lexicon.labels()
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
