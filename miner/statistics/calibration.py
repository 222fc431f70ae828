"""Whether a probability of .8 is right eight times in ten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from miner.errors import InputError
from miner.statistics.intervals import Interval, wilson

# scikit-learn takes a second to import: only the functions that need it do, so that `miner prevalence` starts at once

STRATEGIES = ("quantile", "uniform")


def brier(correct: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean squared distance of the probabilities from 1 where correct and 0 where not: 0 is perfect, .25 is a coin.

    Formula: mean (p - y)^2, by scikit-learn ``brier_score_loss``. Source: Brier GW, Mon Weather Rev 1950;78:1-3.
    Limits: mixes calibration with how well right and wrong are told apart, and depends on the share that is correct.
    Raises InputError for unequal lengths, nothing given, or values that cannot be.
    """
    from sklearn.metrics import brier_score_loss

    y, p = _checked(correct, probability)
    return float(brier_score_loss(y, p, pos_label=1, labels=[0, 1]))


def reliability(
    correct: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    bins: int = 10,
    strategy: str = "quantile",
    level: float = 0.95,
) -> pd.DataFrame:
    """The reliability curve: in each band of probability, how often it was right.

    Formula: means within bands of equal number (``quantile``) or equal width (``uniform``), with the bands of
    scikit-learn ``calibration_curve``; Wilson limits. Source: Murphy AH, Winkler RL, Appl Stat 1977;26:41-47.
    Limits: limits take the observations as independent; bands that are empty do not appear.
    Columns: ``low``, ``high`` (edges of the band), ``nobs``, ``predicted`` (mean probability), ``observed``, ``lower``,
    ``upper``. Raises InputError as ``brier`` does, and for an unknown strategy or no bands.
    """
    y, p = _checked(correct, probability)
    edges = _edges(p, bins, strategy)
    band = np.searchsorted(edges[1:-1], p)
    rows = []
    for b in np.unique(band):
        inside = band == b
        limits = wilson(int(y[inside].sum()), int(inside.sum()), level)
        rows.append(
            {
                "low": float(edges[b]),
                "high": float(edges[b + 1]),
                "nobs": int(inside.sum()),
                "predicted": float(p[inside].mean()),
                "observed": limits.estimate,
                "lower": limits.lower,
                "upper": limits.upper,
            }
        )
    return pd.DataFrame(rows)


def calibration_error(
    correct: npt.ArrayLike,
    probability: npt.ArrayLike,
    cluster: Sequence[Any] | pd.Series | None = None,
    *,
    bins: int = 10,
    strategy: str = "quantile",
    replicates: int = 1000,
    seed: int = 20240501,
    level: float = 0.95,
) -> Interval:
    """Expected calibration error: the mean distance between probability and how often it was right.

    ``cluster`` draws whole patients in the bootstrap instead of single lesions.

    Formula: e = sum n_b/n |d_b| over bands, d_b = observed_b - predicted_b. Upper limit: the high quantile of the
    drawn errors (percentile bootstrap). Lower limit: e minus the high quantile of sum n_b/n |d*_b - d_b|, which is
    what chance alone can add to e; so it is 0 unless e is larger than perfect calibration would give.
    Source: Naeini MP et al., AAAI 2015:2901-2907; Davison AC, Hinkley DV, Bootstrap methods and their application,
    1997, section 5.2.1.
    Limits: the estimate itself is biased upwards by chance, about .02-.04 at 500 observations in 10 bands, so a small
    value proves nothing. The interval allows for that and is conservative: it covers .96 where calibration is bad or
    perfect and up to .999 in between.
    Raises InputError as ``reliability`` does.
    """
    y, p = _checked(correct, probability)
    edges = _edges(p, bins, strategy)
    band = np.searchsorted(edges[1:-1], p)
    count = len(edges) - 1
    if cluster is not None and len(cluster) != len(y):
        raise InputError(f"cluster must have one entry an observation: {len(y)}, not {len(cluster)}")
    codes = np.arange(len(y)) if cluster is None else pd.factorize(pd.Series(cluster))[0]
    # an observation without an id is a cluster of its own
    codes = pd.factorize(np.where(codes < 0, len(y) + np.arange(len(y)), codes))[0]
    # the error depends on the data only through the sum of y - p in each band, so draws work on cluster totals
    groups = int(codes.max()) + 1
    totals = np.zeros((groups, count))
    sizes = np.zeros(groups)
    np.add.at(totals, (codes, band), y - p)
    np.add.at(sizes, codes, 1)
    estimate = float(np.abs(totals.sum(axis=0)).sum() / sizes.sum())
    if groups < 2:
        return Interval(estimate, 0.0, 1.0, "bootstrap", "one patient only: no interval")
    rng = np.random.default_rng(seed)
    gaps = totals.sum(axis=0) / sizes.sum()
    drawn, chance = np.empty(replicates), np.empty(replicates)
    for r in range(replicates):
        weight = rng.multinomial(groups, np.full(groups, 1 / groups)).astype(float)
        again = weight @ totals / (weight @ sizes)
        drawn[r], chance[r] = np.abs(again).sum(), np.abs(again - gaps).sum()
    tail = (1 - level) / 2
    lower = max(0.0, estimate - float(np.quantile(chance, 1 - tail)))
    upper = min(1.0, max(estimate, float(np.quantile(drawn, 1 - tail))))
    return Interval(estimate, lower, upper, f"bootstrap, {replicates} draws")


def _edges(p: npt.NDArray[np.float64], bins: int, strategy: str) -> npt.NDArray[np.float64]:
    if strategy not in STRATEGIES:
        raise InputError(f"strategy {strategy!r} is not known; choose one of {', '.join(STRATEGIES)}")
    if bins < 1:
        raise InputError(f"bins must be at least 1, not {bins}")
    places = np.linspace(0, 1, bins + 1)
    return (
        places if strategy == "uniform" else np.unique(np.quantile(p, places)) if np.ptp(p) else np.array([p[0], p[0]])
    )


def _checked(
    correct: npt.ArrayLike, probability: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    y, p = np.asarray(correct, dtype=float), np.asarray(probability, dtype=float)
    problems = []
    if y.shape != p.shape or y.ndim != 1:
        problems.append(f"correct and probability must be of one length, not {y.size} and {p.size}")
    elif not y.size:
        problems.append("nothing was given to calibrate against")
    if not np.isin(y, (0.0, 1.0)).all():
        problems.append("correct may hold nothing but 0 and 1")
    if not all(math.isfinite(v) and 0 <= v <= 1 for v in p.ravel()):
        problems.append("probability must lie between 0 and 1 in every row")
    if problems:
        raise InputError("; ".join(problems))
    return y, p
