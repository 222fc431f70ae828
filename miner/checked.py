"""A checked sample: which reports a person should read, and what their labels say of the corpus's prevalence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from miner.errors import InputError
from miner.selection import Tables, select
from miner.statistics.corrected import strata_of, two_phase
from miner.statistics.intervals import design_effect

STRATA = ("present", "possible", "absent, with a finding word", "without a finding word")
NEGATIVES = 0.75
"""Share of the sample that is drawn from reports labelled as without: only they can show what was missed."""

_TRUE = {"present": True, "possible": False, "absent": False, "true": True, "false": False, "1": True, "0": False}


def strata(sweep: Tables) -> pd.DataFrame:
    """The counted reports by the machine's label: ``note_id``, ``person_id``, ``stratum``, ``no_finding_word``."""
    rows = select(sweep).rows
    rows = rows[rows["dropped"] == ""]
    unread = rows["outcome"] == "screened_out"
    names = rows["soft_tissue"].astype(object).where(rows["soft_tissue"] != "absent", STRATA[2])
    return pd.DataFrame(
        {
            "note_id": rows["note_id"],
            "person_id": rows["person_id"],
            "stratum": names.mask(unread, STRATA[3]),
            "no_finding_word": unread,
        }
    ).reset_index(drop=True)


def sample(sweep: Tables, size: int = 400, *, seed: int = 1) -> pd.DataFrame:
    """Reports for a person to check, drawn at random within the machine's labels, three quarters of them negatives.

    Columns: ``note_id``, ``stratum``, ``soft_tissue`` (empty: to be filled in with present, possible or absent). The
    order is random, so that a reader cannot guess the label. The same seed draws the same reports. Raises InputError
    for an empty sweep or a size below 8.
    """
    if size < 8:
        raise InputError(f"size={size}: a sample of fewer than 8 reports cannot cover the strata")
    corpus = strata(sweep)
    chance = np.random.default_rng(seed)
    numbers = corpus["stratum"].value_counts()
    shares = _shares(numbers, size)
    drawn = [
        corpus[corpus["stratum"] == name].iloc[chance.permutation(int(numbers[name]))[:count]]
        for name, count in shares.items()
    ]
    found = pd.concat(drawn)[["note_id", "stratum"]]
    return found.iloc[chance.permutation(len(found))].assign(soft_tissue="").reset_index(drop=True)


def _shares(numbers: pd.Series, size: int) -> dict[str, int]:
    """How many to draw of each stratum: by size within positives and negatives, at least five where there are."""
    groups = ([s for s in STRATA[:2] if s in numbers], [s for s in STRATA[2:] if s in numbers])
    found: dict[str, int] = {}
    for names, share in zip(groups, (1 - NEGATIVES, NEGATIVES), strict=True):
        total = sum(int(numbers[name]) for name in names)
        for name in names:
            wanted = max(5, round(size * share * int(numbers[name]) / total))
            found[name] = min(int(numbers[name]), wanted)
    return found


def read(path: str | Path) -> pd.DataFrame:
    """A checked sample from a CSV file: ``note_id``, ``truth``.

    The file has ``note_id`` and ``soft_tissue`` (present, possible, absent) or ``truth`` (true, false); rows left empty
    are left out. ``possible`` counts as without, as in the headline. Raises InputError, with the lines, where a label
    is none of these, or nothing is filled in.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: cannot be read as CSV ({type(error).__name__})") from None
    column = next((name for name in ("soft_tissue", "truth") if name in frame.columns), None)
    if column is None or "note_id" not in frame.columns:
        raise InputError(f"{path}: needs the columns note_id and soft_tissue (present, possible, absent) or truth")
    given = frame[column].str.strip().str.lower()
    wrong = [str(line + 2) for line, label in enumerate(given) if label and label not in _TRUE]
    if wrong:
        shown = ", ".join(wrong[:10]) + (" ..." if len(wrong) > 10 else "")
        raise InputError(f"{path}: {column} is none of present, possible, absent, true, false in line {shown}")
    filled = frame[given != ""]
    if not len(filled):
        raise InputError(f"{path}: no label is filled in")
    return pd.DataFrame(
        {"note_id": filled["note_id"], "truth": [_TRUE[label] for label in given[given != ""]]}
    ).reset_index(drop=True)


def corrected(sweep: Tables, checked: pd.DataFrame) -> pd.DataFrame:
    """The prevalence of soft tissue calcification, corrected by a sample as :func:`sample` draws it and people fill it.

    ``checked``: ``note_id``, ``truth``. Returns what :func:`miner.statistics.corrected.two_phase` returns: the true and
    the documented prevalence. Raises InputError where a checked report is not one of those counted.
    """
    corpus = strata(sweep)
    counted = strata_of(corpus, checked)
    known = corpus[corpus["person_id"].notna()]
    effect = 1.0
    if len(known):
        patients = known.assign(positive=known["stratum"] == "present").groupby("person_id")["positive"]
        effect = max(1.0, design_effect(patients.sum().to_numpy(), patients.size().to_numpy()))
    return two_phase(counted, design_effect=effect)
