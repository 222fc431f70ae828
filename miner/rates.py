"""Rates of the scorecard: with intervals clustered on the radiologist, and radiologists beside their department."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from miner.errors import InputError
from miner.statistics.intervals import korn_graubard, wilson

SMALL = 11
"""Below so many reports a rate is shown as small: it says next to nothing, and may point to a person."""

FEW = 8
"""From so many radiologists on the interval covers what it says (``tests/bench/coverage.py``, scorecard rate)."""

UNKNOWN = "(not recorded)"
LIMITS = (0.95, 0.998)
"""The funnel's limits, two standard deviations and three as is usual (Spiegelhalter DJ, Stat Med 2005;24:1185-202)."""


def rates(marks: pd.DataFrame, criteria: Sequence[str], by: str | None = None) -> pd.DataFrame:
    """How often each criterion is met among the reports that it counts for.

    ``by``: ``radiologist_id``, ``site_id``, ``modality`` or ``year``; None for all. Interval: Korn-Graubard with the
    radiologists as clusters, since reports of one hand resemble each other; by radiologist, and where no radiologist is
    known, Wilson. Columns: ``by`` (if any), ``criterion``, ``met``, ``counted``, ``estimate``, ``lower``, ``upper``
    (fractions), ``method``, ``clusters``, ``note`` (``small`` below 11 reports). Raises InputError for another column,
    or one that no report has.
    """
    if by is not None and (by not in marks.columns or by in ("criterion", "met", "evidence")):
        raise InputError(f"by={by!r}: choose from radiologist_id, site_id, modality, year")
    if by is not None and len(marks) and marks[by].isna().all():
        raise InputError(f"by={by!r}: no report has it")
    found = []
    keyed = marks if by is None else marks.assign(**{by: marks[by].astype(object).where(marks[by].notna(), UNKNOWN)})
    parts = [(None, keyed)] if by is None else list(keyed.groupby(by, sort=True))
    for value, part in parts:
        grouped = dict(list(part.groupby("criterion")))
        for criterion in criteria:
            own = grouped.get(criterion, part.iloc[:0])
            found.append({**({} if by is None else {by: value}), "criterion": criterion, **_rate(own, by)})
    columns = ["criterion", "met", "counted", "estimate", "lower", "upper", "method", "clusters", "note"]
    return pd.DataFrame(found, columns=columns if by is None else [by, *columns]).astype({"clusters": "Int64"})


def _rate(own: pd.DataFrame, by: str | None) -> dict[str, object]:
    met, counted = int(own["met"].sum()), len(own)
    known = own["radiologist_id"].notna()
    clusters = int(own.loc[known, "radiologist_id"].nunique())
    clustered = by != "radiologist_id" and clusters > 0
    if clustered:
        limits = korn_graubard(own["met"].to_numpy(dtype=float), own["radiologist_id"])
        clusters += int((~known).sum())
    else:
        limits = wilson(met, counted)
    notes = ["small"] if 0 < counted < SMALL else []
    if by != "radiologist_id" and not clusters and counted:
        notes.append("no radiologist is known: not clustered")
    if clustered and clusters < FEW:
        notes.append(f"fewer than {FEW} radiologists: the interval may be too narrow")
    return {
        "met": met,
        "counted": counted,
        "estimate": limits.estimate,
        "lower": limits.lower,
        "upper": limits.upper,
        "method": limits.method,
        "clusters": clusters or pd.NA,
        "note": "; ".join(notes),
    }


def funnel(marks: pd.DataFrame) -> pd.DataFrame:
    """Each radiologist's rate of one criterion beside the department's mean, with the limits that chance alone gives.

    Limits: binomial quantiles at the radiologist's number of reports, for 95 % and 99.8 %. Columns:
    ``radiologist_id``, ``met``, ``counted``, ``estimate``, ``mean``, ``lower_95``, ``upper_95``, ``lower_998``,
    ``upper_998``, ``outside`` (``""``, ``95`` or ``99.8``: how far beyond chance), ``small``. Largest first.
    Source: Spiegelhalter DJ, Funnel plots for comparing institutional performance, Stat Med 2005;24:1185-202.
    Limits of use: one in twenty lies outside 95 % by chance; differences between their cases are not adjusted for.
    Raises nothing; empty where no radiologist is known.
    """
    from scipy import stats

    known = marks[marks["radiologist_id"].notna()]
    grouped = known.groupby("radiologist_id")["met"].agg(met="sum", counted="size").reset_index()
    grouped = grouped.astype({"met": "int64", "counted": "int64"})
    mean = float(known["met"].mean()) if len(known) else float("nan")
    grouped["estimate"] = grouped["met"] / grouped["counted"]
    grouped["mean"] = mean
    for level, name in zip(LIMITS, ("95", "998"), strict=True):
        tail = (1 - level) / 2
        grouped[f"lower_{name}"] = stats.binom.ppf(tail, grouped["counted"], mean) / grouped["counted"]
        grouped[f"upper_{name}"] = stats.binom.ppf(1 - tail, grouped["counted"], mean) / grouped["counted"]
    beyond = {
        name: (grouped["estimate"] < grouped[f"lower_{name}"]) | (grouped["estimate"] > grouped[f"upper_{name}"])
        for name in ("95", "998")
    }
    grouped["outside"] = np.where(beyond["998"], "99.8", np.where(beyond["95"], "95", ""))
    grouped["small"] = grouped["counted"] < SMALL
    return grouped.sort_values(["counted", "radiologist_id"], ascending=[False, True]).reset_index(drop=True)
