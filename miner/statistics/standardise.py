"""Rates made comparable between groups of different age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from miner.errors import InputError
from miner.statistics.intervals import Interval

# scipy takes a second to import: only the functions that need it do, so that `miner prevalence` starts at once


def direct(counts: npt.ArrayLike, population: npt.ArrayLike, standard: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Directly standardised rate: what the rate would be if the population were made up like the standard.

    One entry a stratum in each argument, in the same order; ``standard`` is a population or its shares.

    Formula: D = sum w_i x_i / n_i with w_i the standard's shares, v = sum w_i^2 x_i / n_i^2, k = max(w_i / n_i);
    lower = v/(2D) chi2(a/2; 2 D^2/v), upper = (v + k^2)/(2(D + k)) chi2(1 - a/2; 2 (D + k)^2/(v + k^2)).
    Source: Fay MP, Feuer EJ, Stat Med 1997;16:791-801.
    Limits: takes counts as Poisson, so it is wide for common findings (above about 10 %); conservative where weights
    differ much (.96-.99). Equals the exact Poisson interval when the standard is proportional to the population. The
    upper limit may pass 1.
    Raises InputError for unequal lengths, negative numbers, or a stratum without population that the standard needs.
    """
    from scipy import stats

    x, n, s = (np.asarray(v, dtype=float) for v in (counts, population, standard))
    if not len(x) == len(n) == len(s) or not len(x):
        raise InputError(f"counts, population and standard must be of one length, not {len(x)}, {len(n)}, {len(s)}")
    problems = []
    if (x < 0).any() or (n < 0).any() or (s < 0).any():
        problems.append("counts, population and standard may not be negative")
    if s.sum() <= 0:
        problems.append("the standard population is empty")
    if ((n == 0) & (s > 0)).any():
        problems.append(f"{int(((n == 0) & (s > 0)).sum())} strata of the standard are empty here: merge age bands")
    if ((n == 0) & (x > 0)).any():
        problems.append("a stratum has events but no population")
    if problems:
        raise InputError("; ".join(problems))
    used = n > 0
    x, n, w = x[used], n[used], s[used] / s.sum()
    tail = (1 - level) / 2
    rate, variance, step = float((w * x / n).sum()), float((w**2 * x / n**2).sum()), float((w / n).max())
    lower = float(stats.gamma.ppf(tail, rate**2 / variance, scale=variance / rate)) if variance else 0.0
    above, spread = rate + step, variance + step**2
    upper = float(stats.gamma.ppf(1 - tail, above**2 / spread, scale=spread / above))
    return Interval(rate, lower, upper, "direct standardisation, Fay-Feuer")


def standardised(
    frame: pd.DataFrame,
    *,
    group: str | Sequence[str] | None = None,
    stratum: str = "age_band",
    standard: Mapping[Any, float] | None = None,
    count: str = "numerator",
    population: str = "denominator",
    level: float = 0.95,
) -> pd.DataFrame:
    """Standardised proportions of each group of a prevalence table.

    ``frame`` has one row for every group and stratum. ``standard`` gives each stratum's population or share; without
    it the standard is the population of all groups together. Strata that the standard does not name are left out and
    said so in the note. Formula, source and limits: ``direct``; limits are cut at 1.
    Columns: the groups, ``numerator``, ``denominator``, ``crude``, ``estimate``, ``lower``, ``upper``, ``method``,
    ``note``. Raises InputError for missing columns, doubled strata, and as ``direct`` does, naming the group.
    """
    groups = [group] if isinstance(group, str) else list(group or [])
    missing = [c for c in [*groups, stratum, count, population] if c not in frame.columns]
    if missing:
        raise InputError(f"the table lacks {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    if frame.duplicated([*groups, stratum]).any():
        raise InputError(f"some groups have a {stratum} twice: keep one policy, unit and value before standardising")
    weights = frame.groupby(stratum)[population].sum() if standard is None else pd.Series(dict(standard), dtype=float)
    rows = []
    parts = frame.groupby(groups, sort=True, dropna=False) if groups else [((), frame)]
    for key, part in parts:
        known = part[part[stratum].isin(weights.index)]
        left = sorted({str(v) for v in part[stratum]} - {str(v) for v in known[stratum]})
        table = known.set_index(stratum)[[count, population]].reindex(weights.index, fill_value=0)
        try:
            result = direct(table[count], table[population], weights, level)
        except InputError as error:
            name = ", ".join(str(k) for k in key) or "all"
            raise InputError(f"{name}: {error}") from error
        total = float(table[population].sum())
        rows.append(
            {
                **dict(zip(groups, key, strict=True)),
                "numerator": table[count].sum(),
                "denominator": table[population].sum(),
                "crude": float(table[count].sum()) / total,
                "estimate": result.estimate,
                "lower": result.lower,
                "upper": min(1.0, result.upper),
                "method": result.method,
                "note": f"not in the standard, left out: {', '.join(left)}" if left else "",
            }
        )
    return pd.DataFrame(rows)
