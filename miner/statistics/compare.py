"""Comparing proportions: across strata, over years, against a table of expected shares."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from miner.errors import InputError
from miner.statistics.intervals import Interval, clopper_pearson

# scipy and statsmodels take a second to import: only functions that need them do, so `miner prevalence` starts at once

EXACT_OUTCOMES = 200_000
"""Up to so many possible outcomes the multinomial test lists them all; beyond, it draws."""

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Test:
    """A test: its statistic (missing where it has none), its p-value, and how it was done."""

    __test__ = False

    statistic: float
    p_value: float
    method: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether a share lies within limits: ``inside``, ``outside`` or ``open``, in words, and the p-value of TOST."""

    verdict: str
    words: str
    p_value: float
    interval: Interval


def mantel_haenszel(tables: npt.ArrayLike, level: float = 0.95) -> pd.DataFrame:
    """Odds ratio and risk ratio of two groups, pooled over strata.

    ``tables`` is a stack of 2 x 2 tables [[with, without], [with, without]], one a stratum, first group first.

    Formula: Mantel-Haenszel pooled odds ratio with Robins-Breslow-Greenland limits, its test, Breslow-Day homogeneity
    with Tarone's correction, by statsmodels ``StratifiedTable``; pooled risk ratio without limits.
    Source: Mantel N, Haenszel W, J Natl Cancer Inst 1959;22:719-748; Robins J et al., Biometrics 1986;42:311-323.
    Limits: needs independent observations; strata without anyone in one group say nothing and are left out. If
    ``p_homogeneity`` is small, one pooled number hides the difference between strata.
    Columns: ``measure``, ``estimate``, ``lower``, ``upper``, ``p_value``, ``p_homogeneity``, ``strata``, ``method``.
    Raises InputError for tables of the wrong shape, negative counts, or nothing to compare.
    """
    from statsmodels.stats.contingency_tables import StratifiedTable

    stack = np.asarray(tables, dtype=float)
    if stack.ndim != 3 or stack.shape[1:] != (2, 2) or (stack < 0).any():
        raise InputError(f"tables must be a stack of 2 x 2 tables of counts, strata first, not {stack.shape}")
    stack = stack[(stack.sum(axis=2) > 0).all(axis=1)]
    if not len(stack) or (stack.sum(axis=(0, 1)) == 0).any():
        raise InputError("there is no stratum with both groups in it, or nobody with (or without) the finding")
    pooled = StratifiedTable(np.moveaxis(stack, 0, 2))
    lower, upper = pooled.oddsratio_pooled_confint(alpha=1 - level)
    p_value = float(pooled.test_null_odds(correction=False).pvalue)
    homogeneity = float(pooled.test_equal_odds(adjust=True).pvalue) if len(stack) > 1 else math.nan
    shared: dict[str, Any] = {
        "p_value": p_value,
        "p_homogeneity": homogeneity,
        "strata": len(stack),
        "method": "Mantel-Haenszel",
    }
    return pd.DataFrame(
        [
            {"measure": "odds ratio", "estimate": float(pooled.oddsratio_pooled), "lower": lower, "upper": upper},
            {"measure": "risk ratio", "estimate": float(pooled.riskratio_pooled), "lower": math.nan, "upper": math.nan},
        ]
    ).assign(**shared)


def cochran_armitage(counts: npt.ArrayLike, nobs: npt.ArrayLike, scores: npt.ArrayLike | None = None) -> Test:
    """Test for a trend of proportions over ordered groups, such as years; positive z means rising.

    ``scores`` are the places of the groups (the years themselves); evenly spaced if not given.

    Formula: linear-by-linear association, by statsmodels ``Table.test_ordinal_association``, whose variance has
    N - 1 where Armitage has N.
    Source: Cochran WG, Biometrics 1954;10:417-451; Armitage P, Biometrics 1955;11:375-386.
    Limits: needs independent observations (patients); for clustered reports use ``annual_percent_change``. Tells that
    there is a trend, not how steep. Raises InputError for fewer than two groups or counts that cannot be.
    """
    from statsmodels.stats.contingency_tables import Table

    x, n = np.asarray(counts, dtype=float), np.asarray(nobs, dtype=float)
    places = np.arange(len(x)) if scores is None else np.asarray(scores, dtype=float)
    if not len(x) == len(n) == len(places) or len(x) < 2:
        raise InputError(f"a trend needs two groups or more, with counts, totals and scores for each, not {len(x)}")
    if (x < 0).any() or (x > n).any():
        raise InputError("counts must lie between 0 and the total of their group")
    if x.sum() in (0.0, n.sum()):
        return Test(math.nan, 1.0, "Cochran-Armitage", "all or none are positive: there can be no trend")
    result = Table(np.column_stack([n - x, x]), shift_zeros=False).test_ordinal_association(row_scores=places)
    return Test(float(result.zscore), float(result.pvalue), "Cochran-Armitage")


def annual_percent_change(
    positive: npt.ArrayLike,
    year: npt.ArrayLike,
    cluster: Sequence[Any] | pd.Series | None = None,
    *,
    family: str = "poisson",
    level: float = 0.95,
) -> Interval:
    """By how many per cent a proportion changes a year, with errors that allow for several reports a patient.

    One entry a report: ``positive`` 0 or 1, ``year`` a number, ``cluster`` the patient (without: no clustering).

    Formula: log-linear model log p = a + b year; change = 100 (exp(b) - 1). ``poisson`` is the modified Poisson
    regression, ``log_binomial`` the binomial model with log link; sandwich errors by cluster, t limits with one degree
    of freedom less than clusters, by statsmodels GLM.
    Source: Zou G, Am J Epidemiol 2004;159:702-706; Zou GY, Donner A, Stat Methods Med Res 2013;22:661-670.
    Limits: one slope for all years; covers .945-.955 from 200 patients on, and needs some 20 positives. A log-binomial
    fit that does not converge is replaced by Poisson, and the note says so.
    Raises InputError for unequal lengths, missing values, a single year, no positives, or an unknown family.
    """
    families = ("poisson", "log_binomial")
    data = pd.DataFrame({"y": np.asarray(positive, dtype=float), "year": np.asarray(year, dtype=float)})
    if family not in families:
        raise InputError(f"family {family!r} is not known; choose one of {', '.join(families)}")
    if cluster is not None and len(cluster) != len(data):
        raise InputError(f"cluster must have one entry a report: {len(data)}, not {len(cluster)}")
    if data.isna().any(axis=None) or not data["y"].isin((0, 1)).all():
        raise InputError("positive must be 0 or 1 and year a number in every row: leave out the others")
    if data["year"].nunique() < 2:
        raise InputError("a change over time needs at least two years")
    if not data["y"].sum():
        raise InputError("none is positive: there is no change to estimate")
    codes = np.arange(len(data)) if cluster is None else pd.factorize(pd.Series(cluster))[0]
    data["cluster"] = np.where(codes < 0, len(data) + np.arange(len(data)), codes)
    # cells of cluster and year give the same scores and so the same sandwich as single reports, in less memory
    cells = data.groupby(["cluster", "year"], sort=False)["y"].agg(["sum", "size"]).reset_index()
    groups = cells["cluster"].nunique()
    if groups < 2:
        raise InputError("one patient only: change over time needs at least two patients")
    slope, error, method, note = _log_slope(cells, family)
    from scipy import stats

    half = float(stats.t.ppf(1 - (1 - level) / 2, groups - 1)) * error
    estimate, lower, upper = (100 * math.expm1(v) for v in (slope, slope - half, slope + half))
    return Interval(estimate, lower, upper, f"{method}, sandwich over {groups} clusters", note)


def _log_slope(cells: pd.DataFrame, family: str) -> tuple[float, float, str, str]:
    import statsmodels.api as sm

    centred = cells["year"].to_numpy() - np.average(cells["year"], weights=cells["size"])
    design = np.column_stack([np.ones(len(cells)), centred])
    sandwich = {"cov_type": "cluster", "cov_kwds": {"groups": cells["cluster"].to_numpy()}}
    poisson = sm.GLM(
        cells["sum"].to_numpy(), design, family=sm.families.Poisson(), offset=np.log(cells["size"].to_numpy())
    ).fit(**sandwich)
    if family == "poisson":
        return float(poisson.params[1]), float(poisson.bse[1]), "Poisson", ""
    both = np.column_stack([cells["sum"], cells["size"] - cells["sum"]])
    with warnings.catch_warnings():
        # the log link is not safe for the binomial, which is known and met by the check below
        warnings.simplefilter("ignore")
        try:
            model = sm.GLM(both, design, family=sm.families.Binomial(link=sm.families.links.Log()))
            fit = model.fit(start_params=poisson.params, **sandwich)
            if fit.converged and np.isfinite(fit.bse).all() and (fit.fittedvalues < 1).all():
                return float(fit.params[1]), float(fit.bse[1]), "log-binomial", ""
        except (ValueError, FloatingPointError, np.linalg.LinAlgError):
            pass
    return float(poisson.params[1]), float(poisson.bse[1]), "Poisson", "log-binomial did not converge"


def multinomial_test(
    counts: npt.ArrayLike, shares: npt.ArrayLike, *, replicates: int = 100_000, seed: int = 20240501
) -> Test:
    """Do counts of several categories come from the shares given? The p-value without chi-square's approximation.

    Formula: summed probability of all outcomes no more probable than the one seen; listed in full up to 200,000
    outcomes (``exact``), else drawn: (1 + number at most as probable) / (1 + replicates) (``Monte-Carlo``).
    Source: Read TRC, Cressie NAC, Goodness-of-fit statistics for discrete multivariate data, 1988; Davison AC,
    Hinkley DV, Bootstrap methods and their application, 1997, section 4.2.
    Limits: needs independent observations. A Monte-Carlo p-value has an error of at most .0016 at 100,000 draws; the
    seed is fixed, so that the same counts always give the same value.
    Raises InputError for unequal lengths, counts that are not whole, or shares that do not sum to 1.
    """
    from scipy import special

    x, p = np.asarray(counts, dtype=float), np.asarray(shares, dtype=float)
    if len(x) != len(p) or len(x) < 2:
        raise InputError(f"counts and shares must be of one length, two or more, not {len(x)} and {len(p)}")
    if (x < 0).any() or (x != np.round(x)).any():
        raise InputError("counts must be whole numbers and not negative")
    if (p < 0).any() or not math.isclose(float(p.sum()), 1.0, abs_tol=1e-9):
        raise InputError(f"shares must not be negative and must sum to 1, not {float(p.sum()):g}")
    n, k = int(x.sum()), len(x)
    if n == 0:
        return Test(math.nan, 1.0, "multinomial", "nothing was counted")

    def log_probability(outcomes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        each = special.xlogy(outcomes, p) - special.gammaln(outcomes + 1)
        return np.asarray(special.gammaln(n + 1) + each.sum(axis=-1))

    seen = float(log_probability(x))
    edge = seen + 1e-7
    if math.comb(n + k - 1, k - 1) <= EXACT_OUTCOMES:
        logs = log_probability(_outcomes(n, k))
        return Test(math.nan, min(1.0, float(np.exp(logs[logs <= edge]).sum())), "exact multinomial")
    drawn = np.random.default_rng(seed).multinomial(n, p / p.sum(), size=replicates).astype(float)
    hits = int((log_probability(drawn) <= edge).sum())
    return Test(math.nan, (1 + hits) / (1 + replicates), "Monte-Carlo multinomial", f"{replicates} draws")


def nearest_shares(counts: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Of all shares within ranges, those that make the counts most probable; they sum to 1.

    A published table gives ranges, not shares. A test against these shares asks whether *any* reading of the table
    fits, and so it does not reject for where within the ranges the truth lies.

    Formula: maximise sum x_i log p_i with low_i <= p_i <= high_i and sum p_i = 1; the solution is x_i/t cut to its
    range, with t found by bisection; categories without counts take what is left, within their ranges.
    Source: Boyd S, Vandenberghe L, Convex optimization, 2004, section 5.5.3 (the conditions of optimality).
    Limits: none known. Raises InputError for ranges that cannot sum to 1 or lie outside 0 to 1.
    """
    from scipy import optimize

    x, lo, hi = (np.asarray(v, dtype=float) for v in (counts, low, high))
    if not len(x) == len(lo) == len(hi):
        raise InputError(f"counts, low and high must be of one length, not {len(x)}, {len(lo)}, {len(hi)}")
    if (lo < 0).any() or (hi > 1).any() or (lo > hi).any():
        raise InputError("ranges must be fractions with 0 <= low <= high <= 1 (95 % is 0.95)")
    if lo.sum() > 1 + 1e-9 or hi.sum() < 1 - 1e-9:
        raise InputError(f"no shares in these ranges sum to 1: low sum to {lo.sum():g}, high to {hi.sum():g}")
    # a trace of a count lets empty categories take up what the others may not have
    x = x + 1e-9

    def excess(log_t: float) -> float:
        return float(np.clip(x / math.exp(log_t), lo, hi).sum()) - 1

    if excess(-60) <= 0:
        return np.asarray(hi / hi.sum())
    if excess(60) >= 0:
        return np.asarray(lo / lo.sum())
    found = np.clip(x / math.exp(optimize.brentq(excess, -60, 60, xtol=1e-13)), lo, hi)
    return np.asarray(found / found.sum())


def equivalence(count: int, nobs: int, low: float, high: float, alpha: float = ALPHA) -> Equivalence:
    """Does a share lie between two limits? Two one-sided tests, and an answer in words.

    Formula: exact binomial tests of share <= low and of share >= high, by statsmodels ``binom_tost``; ``inside`` if
    both are rejected at ``alpha``. ``outside`` if the Clopper-Pearson interval at level 1 - alpha lies wholly beyond
    one limit. Else ``open``: the data allow both.
    Source: Schuirmann DJ, J Pharmacokinet Biopharm 1987;15:657-680.
    Limits: needs independent observations. A narrow band needs many: about 400 for 95 to 98 %.
    Raises InputError for counts that cannot be or limits out of order.
    """
    from statsmodels.stats.proportion import binom_tost

    if not 0 <= low < high <= 1:
        raise InputError(f"limits must be fractions with low below high, not {low:g} and {high:g}")
    interval = clopper_pearson(count, nobs, 1 - alpha)
    band = f"{100 * low:g}-{100 * high:g} %"
    if nobs == 0:
        return Equivalence("open", f"nothing to compare with {band}", 1.0, interval)
    p_value = float(binom_tost(count, nobs, low, high)[0])
    share = f"{100 * count / nobs:.1f} %"
    if p_value < alpha:
        return Equivalence("inside", f"{share} lies within {band} (TOST p = {p_value:.3g})", p_value, interval)
    if interval.upper < low:
        return Equivalence("outside", f"{share} lies below {band}", p_value, interval)
    if interval.lower > high:
        return Equivalence("outside", f"{share} lies above {band}", p_value, interval)
    words = f"{share}: {nobs} are too few to tell whether it lies within {band} (TOST p = {p_value:.3g})"
    return Equivalence("open", words, p_value, interval)


def adjusted(p_values: npt.ArrayLike, method: str = "holm", alpha: float = ALPHA) -> pd.DataFrame:
    """P-values corrected for their number; missing ones stay missing and do not count.

    Formula: ``holm`` holds the chance of any false finding below ``alpha``; ``bh`` (Benjamini-Hochberg) the expected
    share of false ones among the findings; by statsmodels ``multipletests``.
    Source: Holm S, Scand J Stat 1979;6:65-70; Benjamini Y, Hochberg Y, J R Stat Soc B 1995;57:289-300.
    Limits: ``bh`` needs tests that are independent or positively dependent.
    Columns: ``p_value``, ``adjusted``, ``reject``, ``method``. Raises InputError for other methods or values beyond
    0 to 1.
    """
    from statsmodels.stats.multitest import multipletests

    names = {"holm": ("holm", "Holm"), "bh": ("fdr_bh", "Benjamini-Hochberg")}
    if method not in names:
        raise InputError(f"method {method!r} is not known; choose one of {', '.join(names)}")
    p = np.asarray(p_values, dtype=float)
    known = ~np.isnan(p)
    if ((p[known] < 0) | (p[known] > 1)).any():
        raise InputError("p-values must lie between 0 and 1")
    corrected, reject = np.full(len(p), math.nan), np.zeros(len(p), dtype=bool)
    if known.any():
        reject[known], corrected[known] = multipletests(p[known], alpha=alpha, method=names[method][0])[:2]
    return pd.DataFrame({"p_value": p, "adjusted": corrected, "reject": reject, "method": names[method][1]})


def _outcomes(total: int, parts: int) -> npt.NDArray[np.float64]:
    """All ways to share ``total`` among ``parts``, one a row."""
    rows = np.arange(total + 1)[:, None]
    for _ in range(parts - 2):
        left = total - rows.sum(axis=1)
        repeated = np.repeat(rows, left + 1, axis=0)
        step = np.concatenate([np.arange(rest + 1) for rest in left])
        rows = np.column_stack([repeated, step])
    return np.column_stack([rows, total - rows.sum(axis=1)]).astype(float)
