"""Intervals for one proportion, a difference of two, and several that sum to one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from miner.errors import InputError

# scipy and statsmodels take a second to import: only functions that need them do, so `miner prevalence` starts at once

FEW_CLUSTERS = 200
"""Below this many patients the Korn-Graubard interval covers about .89 where it promises .95."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its limits, all on the same scale; ``note`` says what a reader of the number must know."""

    estimate: float
    lower: float
    upper: float
    method: str
    note: str = ""


def wilson(count: int, nobs: int, level: float = 0.95) -> Interval:
    """Score interval for ``count`` of ``nobs`` independent observations.

    Formula: the two roots p of (count/nobs - p)^2 = z^2 p(1 - p)/nobs, by statsmodels ``proportion_confint``.
    Source: Wilson EB, J Am Stat Assoc 1927;22:209-212; recommended by Newcombe RG, Stat Med 1998;17:857-872.
    Limits: needs independent observations (one row a patient). Coverage swings about the nominal level and can fall
    to .92 where fewer than about 5 events are expected. Without observations the limits are 0 and 1.
    Raises InputError for counts that cannot be.
    """
    _check_counts([(count, nobs)], level)
    if nobs == 0:
        return _nothing("Wilson")
    lower, upper = _proportion_confint(count, nobs, level, "wilson")
    return Interval(count / nobs, lower, upper, "Wilson")


def clopper_pearson(count: float, nobs: float, level: float = 0.95) -> Interval:
    """Exact binomial interval for ``count`` of ``nobs`` independent observations; never covers less than it says.

    Formula: beta quantiles B(a/2; x, n - x + 1) and B(1 - a/2; x + 1, n - x), by statsmodels ``proportion_confint``.
    Source: Clopper CJ, Pearson ES, Biometrika 1934;26:404-413.
    Limits: conservative, up to .99 and more for few events. Fractional counts are allowed, as effective sample sizes
    need them. With no events the upper limit is the exact form of the rule of three (two-sided: about 3.7/n).
    Raises InputError for counts that cannot be.
    """
    _check_counts([(count, nobs)], level)
    if nobs == 0:
        return _nothing("Clopper-Pearson")
    lower, upper = _proportion_confint(count, nobs, level, "beta")
    return Interval(count / nobs, lower, upper, "Clopper-Pearson")


def korn_graubard(
    positive: npt.ArrayLike, cluster: Sequence[Any] | npt.NDArray[Any] | pd.Series, level: float = 0.95
) -> Interval:
    """Interval for a proportion of observations that come in clusters, such as reports of the same patients.

    ``positive`` holds 0 or 1 for every observation, ``cluster`` the id of its cluster; an observation without an id
    is a cluster of its own. See ``korn_graubard_totals`` for formula, source and limits.
    Raises InputError for unequal lengths or values other than 0 and 1.
    """
    y = np.asarray(positive, dtype=float)
    if y.ndim != 1 or len(y) != len(cluster):
        raise InputError(f"positive and cluster must be of one length, but hold {len(y)} and {len(cluster)} values")
    if not np.isin(y, (0.0, 1.0)).all():
        raise InputError("positive may hold nothing but 0 and 1")
    codes, uniques = pd.factorize(pd.Series(cluster))
    alone = codes < 0
    codes = np.where(alone, len(uniques) + np.cumsum(alone) - 1, codes)
    return korn_graubard_totals(np.bincount(codes, weights=y), np.bincount(codes), level)


def korn_graubard_totals(positives: npt.ArrayLike, sizes: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Korn-Graubard interval from the number of positives and of observations in each cluster.

    Formula: p = sum x / n; linearised variance v = m/(m - 1) sum (x_c - p n_c)^2 / n^2 over m clusters; design effect
    v / (p(1 - p)/(n - 1)); effective size n* = n / design effect, times (t(n - 1) / t(m - 1))^2, at most n;
    Clopper-Pearson on p n* of n*.
    Source: Korn EL, Graubard BI, Survey Methodology 1998;24:193-201, as in SAS SURVEYFREQ and R ``svyciprop(beta)``.
    Limits: covers about .94-.96 at 300 clusters and more; below 200, where a few large clusters can bring it down to
    .89, the note says so. Where all
    or none are positive no variance can be estimated, and n* is the number of clusters, which is the worst that
    clustering can do. One observation a cluster gives Clopper-Pearson exactly.
    Raises InputError for negative counts, empty clusters, or more positives than observations.
    """
    from scipy import stats

    x, n_c = np.asarray(positives, dtype=float), np.asarray(sizes, dtype=float)
    if len(x) != len(n_c):
        raise InputError(f"positives and sizes must be of one length, but hold {len(x)} and {len(n_c)} values")
    _check_counts([(float(x.sum()), float(n_c.sum()))], level)
    if (x < 0).any() or (x > n_c).any() or (n_c <= 0).any():
        raise InputError("each cluster needs at least one observation and between none and all of them positive")
    m, n = len(n_c), float(n_c.sum())
    if m == 0:
        return _nothing("Korn-Graubard")
    p = float(x.sum()) / n
    notes = [] if m >= FEW_CLUSTERS else [f"fewer than {FEW_CLUSTERS} clusters: the interval may be too narrow"]
    if m == 1:
        effective = 1.0
        notes = ["one cluster only: it counts as a single observation"]
    elif p in (0.0, 1.0):
        effective = float(m)
        notes = []
    else:
        variance = m / (m - 1) * float(((x - p * n_c) ** 2).sum()) / n**2
        simple = p * (1 - p) / (n - 1)
        tail = 1 - (1 - level) / 2
        shrink = (stats.t.ppf(tail, n - 1) / stats.t.ppf(tail, m - 1)) ** 2
        effective = min(n, n * shrink * simple / variance) if variance > 0 else n
    limits = clopper_pearson(p * effective, effective, level)
    return Interval(p, limits.lower, limits.upper, "Korn-Graubard", "; ".join(notes))


def design_effect(positives: npt.ArrayLike, sizes: npt.ArrayLike) -> float:
    """By how much clustering inflates the variance of a proportion: 1 is not at all; 1 where it cannot be estimated.

    Formula: as in ``korn_graubard_totals``. Source: Kish L, Survey Sampling, 1965.
    Limits: unstable below about 50 clusters. Raises nothing.
    """
    x, n_c = np.asarray(positives, dtype=float), np.asarray(sizes, dtype=float)
    m, n = len(n_c), float(n_c.sum())
    p = float(x.sum()) / n if n else 0.0
    if m < 2 or p in (0.0, 1.0):
        return 1.0
    variance = m / (m - 1) * float(((x - p * n_c) ** 2).sum()) / n**2
    return variance / (p * (1 - p) / (n - 1))


def newcombe(count_1: int, nobs_1: int, count_2: int, nobs_2: int, level: float = 0.95) -> Interval:
    """Interval for the difference of two independent proportions, first minus second, from -1 to 1.

    Formula: square-and-add of the two Wilson intervals, by statsmodels ``confint_proportions_2indep``.
    Source: Newcombe RG, Stat Med 1998;17:873-890, method 10.
    Limits: needs independent observations in both groups and between them (no patient in both).
    Raises InputError for counts that cannot be, and for an empty group.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    _check_counts([(count_1, nobs_1), (count_2, nobs_2)], level)
    if 0 in (nobs_1, nobs_2):
        raise InputError("a difference needs observations in both groups; one of them is empty")
    lower, upper = confint_proportions_2indep(
        count_1, nobs_1, count_2, nobs_2, method="newcomb", compare="diff", alpha=1 - level
    )
    return Interval(count_1 / nobs_1 - count_2 / nobs_2, float(lower), float(upper), "Newcombe")


def goodman(
    counts: npt.ArrayLike, labels: Sequence[Any] | None = None, level: float = 0.95, *, exact: bool = False
) -> pd.DataFrame:
    """Intervals for the shares of several categories that hold together: all cover at once with the level given.

    Formula: each share's Wilson interval at level 1 - (1 - level)/k, by statsmodels
    ``multinomial_proportions_confint``. ``exact`` takes Clopper-Pearson at that level instead (Bonferroni).
    Source: Goodman LA, Technometrics 1965;7:247-254.
    Limits: needs independent observations. Where fewer than about one is expected in some category the joint coverage
    falls short: .88 for 100 observations of six shares from 96.5 to .02 %, .94 for 1,000 and 10,000. ``exact`` never
    falls short (.97-.99) and is a little wider.
    Columns: ``category``, ``count``, ``nobs``, ``estimate``, ``lower``, ``upper``. Without any count the estimates are
    missing and the limits 0 and 1. Raises InputError for negative counts or labels that do not match.
    """
    from statsmodels.stats.proportion import multinomial_proportions_confint

    values = np.asarray(counts, dtype=float)
    names = list(range(len(values))) if labels is None else list(labels)
    if len(names) != len(values):
        raise InputError(f"{len(values)} counts need as many labels, but there are {len(names)}")
    total = float(values.sum())
    _check_counts([(float(v), total) for v in values], level)
    limits = None
    if total and exact:
        each = 1 - (1 - level) / len(values)
        limits = np.array([_proportion_confint(v, total, each, "beta") for v in values])
    elif total:
        limits = multinomial_proportions_confint(values, alpha=1 - level, method="goodman")
    return pd.DataFrame(
        {
            "category": names,
            "count": values,
            "nobs": total,
            "estimate": values / total if total else math.nan,
            "lower": 0.0 if limits is None else np.clip(limits[:, 0], 0, 1),
            "upper": 1.0 if limits is None else np.clip(limits[:, 1], 0, 1),
        }
    )


def _proportion_confint(count: float, nobs: float, level: float, method: str) -> tuple[float, float]:
    from statsmodels.stats.proportion import proportion_confint

    lower, upper = proportion_confint(float(count), float(nobs), alpha=1 - level, method=method)
    # beta quantiles do not exist at the edges, and rounding can step over them
    lower = 0.0 if count <= 0 or math.isnan(lower) else max(0.0, float(lower))
    upper = 1.0 if count >= nobs or math.isnan(upper) else min(1.0, float(upper))
    return lower, upper


def _nothing(method: str) -> Interval:
    return Interval(math.nan, 0.0, 1.0, method, "no observations")


def _check_counts(pairs: Sequence[tuple[float, float]], level: float) -> None:
    problems = []
    for count, nobs in pairs:
        if not (math.isfinite(count) and math.isfinite(nobs)) or count < 0 or nobs < 0:
            problems.append(f"{count:g} of {nobs:g}: counts must be finite and not negative")
        elif count > nobs * (1 + 1e-12):
            problems.append(f"{count:g} of {nobs:g}: there cannot be more events than observations")
    if not 0 < level < 1:
        problems.append(f"level {level:g}: must lie between 0 and 1, as 0.95")
    if problems:
        raise InputError("; ".join(problems))
