"""How far two readers agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from miner.errors import InputError
from miner.statistics.intervals import Interval, clopper_pearson, wilson

# scipy and statsmodels take a second to import: only functions that need them do, so `miner prevalence` starts at once


def agreement(
    first: Sequence[Any] | pd.Series,
    second: Sequence[Any] | pd.Series,
    *,
    categories: Sequence[Any] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Raw agreement, Cohen's kappa and Gwet's AC1 of two readers, side by side.

    They belong together: with a rare finding kappa can be .65 beside a raw agreement of .97. ``categories`` lists the
    labels that could have been given, if more than those that were. Pairs with a missing label are left out.
    Formula, source and limits: ``cohen_kappa``, ``gwet_ac1``; raw agreement has a Wilson interval.
    Columns: ``measure``, ``estimate``, ``lower``, ``upper``, ``nobs``, ``method``, ``note``.
    Raises InputError for unequal lengths, no complete pair, or labels outside ``categories``.
    """
    table, left_out = _crossed(first, second, categories)
    total = int(table.sum())
    note = f"{left_out} pairs with a missing label left out" if left_out else ""
    rows = []
    for measure, result in (
        ("raw agreement", wilson(int(np.trace(table)), total, level)),
        ("Cohen kappa", cohen_kappa(table, level)),
        ("Gwet AC1", gwet_ac1(table, level)),
    ):
        rows.append(
            {
                "measure": measure,
                "estimate": result.estimate,
                "lower": result.lower,
                "upper": result.upper,
                "nobs": total,
                "method": result.method,
                "note": "; ".join(n for n in (result.note, note) if n),
            }
        )
    return pd.DataFrame(rows)


def cohen_kappa(table: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Cohen's kappa from a square table of counts, first reader in rows.

    Formula: (p_o - p_e)/(1 - p_e) with p_e from the product of the margins; asymptotic standard error and normal
    limits, by statsmodels ``cohens_kappa``.
    Source: Cohen J, Educ Psychol Meas 1960;20:37-46; Fleiss JL, Cohen J, Everitt BS, Psychol Bull 1969;72:323-327.
    Limits: falls with rare categories whatever the agreement. Covers .93-.94 from 100 pairs on where both labels are
    common; with a label in 3 % of pairs .89 at 100 and .91-.93 at 400 pairs. Undefined if both readers used a
    single label. Raises InputError for a table that is not square or empty.
    """
    from scipy import stats
    from statsmodels.stats.inter_rater import cohens_kappa

    counts = _square(table)
    shares = counts / counts.sum()
    if math.isclose(float((shares.sum(0) * shares.sum(1)).sum()), 1.0):
        return Interval(math.nan, -1.0, 1.0, "Cohen", "both readers used one label only: kappa is undefined")
    if np.trace(counts) == counts.sum():
        return _perfect(int(counts.sum()), float((shares.sum(0) * shares.sum(1)).sum()), "Cohen", level)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = cohens_kappa(counts)
    half = float(stats.norm.ppf(1 - (1 - level) / 2)) * float(result.std_kappa)
    kappa = float(result.kappa)
    # rounding leaves a variance of zero, or just below it, where one reader never varied
    if not half > 1e-6:
        return Interval(kappa, -1.0, 1.0, "Cohen", "one reader used one label only: the interval cannot be estimated")
    return Interval(kappa, max(-1.0, kappa - half), min(1.0, kappa + half), "Cohen")


def gwet_ac1(table: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Gwet's AC1 from a square table of counts over all labels that could have been given, first reader in rows.

    Formula: (p_a - p_e)/(1 - p_e), p_e = sum pi_k (1 - pi_k)/(q - 1) with pi_k the mean share of label k. Variance
    1/(n (1 - p_e)^2) {p_a(1 - p_a) - 4(1 - AC1)[sum p_kk (1 - pi_k)/(q - 1) - p_a p_e] + 4(1 - AC1)^2
    [sum p_kl (1 - (pi_k + pi_l)/2)^2/(q - 1)^2 - p_e^2]}; t limits with n - 1 degrees of freedom.
    Source: Gwet KL, Br J Math Stat Psychol 2008;61:29-48, variance for the readers as they are and subjects at random.
    Limits: covers .94-.95 from 50 pairs on where both labels are common; with a label in 3 % of pairs .92-.94 at 400,
    and more than .99 where hardly any disagreement is expected (fewer than about four pairs). Raises InputError for a
    table that is not square, empty, or of a single label.
    """
    from scipy import stats

    counts = _square(table)
    labels = len(counts)
    if labels < 2:
        raise InputError("AC1 needs the labels that could have been given, at least two: name them as categories")
    n = float(counts.sum())
    shares = counts / n
    pi = (shares.sum(0) + shares.sum(1)) / 2
    agreed = float(np.trace(shares))
    chance = float((pi * (1 - pi)).sum()) / (labels - 1)
    ac1 = (agreed - chance) / (1 - chance)
    if agreed == 1.0:
        return _perfect(int(n), chance, "Gwet", level)
    diagonal = float((np.diag(shares) * (1 - pi)).sum()) / (labels - 1)
    pairs = float((shares * (1 - (pi[:, None] + pi[None, :]) / 2) ** 2).sum()) / (labels - 1) ** 2
    variance = agreed * (1 - agreed) - 4 * (1 - ac1) * (diagonal - agreed * chance)
    variance = (variance + 4 * (1 - ac1) ** 2 * (pairs - chance**2)) / (n * (1 - chance) ** 2)
    half = float(stats.t.ppf(1 - (1 - level) / 2, max(1.0, n - 1))) * math.sqrt(max(0.0, variance))
    return Interval(ac1, max(-1.0, ac1 - half), min(1.0, ac1 + half), "Gwet")


def _perfect(pairs: int, chance: float, method: str, level: float) -> Interval:
    """Without any disagreement no variance can be estimated: the lower limit is carried over from raw agreement."""
    agreed = clopper_pearson(pairs, pairs, level).lower
    note = "no disagreement: lower limit from raw agreement"
    return Interval(1.0, max(-1.0, (agreed - chance) / (1 - chance)), 1.0, method, note)


def _square(table: npt.ArrayLike) -> npt.NDArray[np.float64]:
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise InputError(f"agreement needs a square table of counts, not one of shape {counts.shape}")
    if (counts < 0).any() or counts.sum() <= 0:
        raise InputError("agreement needs a table of counts with at least one pair and no negative number")
    return counts


def _crossed(
    first: Sequence[Any] | pd.Series, second: Sequence[Any] | pd.Series, categories: Sequence[Any] | None
) -> tuple[npt.NDArray[np.float64], int]:
    if len(first) != len(second):
        raise InputError(f"the two readers must have labelled the same items, but gave {len(first)} and {len(second)}")
    pairs = pd.DataFrame({"first": list(first), "second": list(second)})
    whole = pairs.dropna()
    if whole.empty:
        raise InputError("there is no pair in which both readers gave a label")
    seen = sorted(set(whole["first"]) | set(whole["second"]), key=str)
    labels = list(categories) if categories is not None else seen
    unknown = [str(label) for label in seen if label not in labels]
    if unknown:
        raise InputError(f"labels outside the categories given: {', '.join(unknown)}")
    if len(labels) < 2:
        raise InputError(f"all labels are {labels[0]!r}: name the labels that could have been given as categories")
    place = {label: i for i, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)))
    np.add.at(table, (whole["first"].map(place).to_numpy(), whole["second"].map(place).to_numpy()), 1)
    return table, len(pairs) - len(whole)
