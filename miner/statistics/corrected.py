"""Prevalence corrected for the machine's mistakes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from miner.errors import InputError
from miner.statistics.intervals import Interval, clopper_pearson

# scipy takes a second to import: only the functions that need it do, so that `miner prevalence` starts at once

TARGETS = ("population", "corpus")
STRATA = ("stratum", "size", "reviewed", "positive", "no_finding_word")


def two_phase(
    strata: pd.DataFrame, level: float = 0.95, *, target: str = "population", design_effect: float = 1.0
) -> pd.DataFrame:
    """Prevalence from a random sample of reports, drawn within strata of the machine's labels and read by a person.

    ``strata`` has one row a stratum: ``stratum`` (its name), ``size`` (reports of the corpus in it), ``reviewed`` (of
    these, drawn at random and read), ``positive`` (of these, truly positive), and, if known, ``no_finding_word`` (true
    where the stratum holds the reports without any finding word).

    ``target``: ``population`` takes the corpus as a sample of reports like these, as every other interval here does;
    ``corpus`` asks only how many of these very reports are positive. ``design_effect`` is by how much clustering of
    reports in patients inflates the variance of the first kind (``intervals.design_effect`` on the labels).

    Formula: sum of w_h p_h with w_h = size_h / size and p_h = positive_h / reviewed_h; limits by MOVER,
    estimate -/+ sqrt(sum w_h^2 (p_h - limit_h)^2 + z^2 v), with Clopper-Pearson limits in each stratum, and
    v = design effect x (sum w_h p_h^2 - estimate^2) / size for the population, 0 for the corpus.
    Source: Donner A, Zou GY, Stat Methods Med Res 2012;21:347-359 (MOVER); Tenenbein A, J Am Stat Assoc
    1970;65:1350-1361 (double sampling).
    Limits: assumes nothing about sensitivity or specificity, only that the review was a random draw within each
    stratum and that the reviewer is right. Covers .94-.98 at 400 reviews from 1 to 30 % prevalence; conservative
    where a stratum was read nearly whole. Reviews of one patient's reports count as independent.
    Columns: ``estimand`` (``true prevalence``; and ``documented prevalence``, for which reports without a finding word
    are negative by definition), ``estimate``, ``lower``, ``upper``, ``reviewed``, ``size``, ``method``, ``note``. The
    documented row is there only if ``no_finding_word`` is given; the true row has no estimate if nobody read the
    stratum without finding words.
    Raises InputError, with all problems at once, for missing columns, counts that cannot be, a stratum of which
    nothing was reviewed, or an unknown target.
    """
    if target not in TARGETS or design_effect <= 0:
        raise InputError(
            f"target={target!r}, design_effect={design_effect:g}: choose a target of {', '.join(TARGETS)} "
            "and a design effect above 0"
        )
    table = _checked(strata)
    estimands = [("true prevalence", table.assign(no_finding_word=False))]
    if "no_finding_word" in strata.columns:
        estimands.append(("documented prevalence", table))
    rows = []
    for name, part in estimands:
        part = part[part["size"] > 0]
        read = part[~part["no_finding_word"]]
        total = int(part["size"].sum())
        unread = [str(s) for s in read.loc[read["reviewed"] == 0, "stratum"]]
        if unread or not total:
            interval = Interval(
                math.nan, 0.0, 1.0, "two-phase", f"nothing reviewed in: {', '.join(unread)}" if unread else "no reports"
            )
        else:
            interval = _mover(read, total, level, design_effect if target == "population" else 0.0)
        rows.append(
            {
                "estimand": name,
                "estimate": interval.estimate,
                "lower": interval.lower,
                "upper": interval.upper,
                "reviewed": int(read["reviewed"].sum()),
                "size": total,
                "method": interval.method,
                "note": interval.note,
            }
        )
    return pd.DataFrame(rows)


def strata_of(corpus: pd.DataFrame, review: pd.DataFrame, *, stratum: str = "stratum") -> pd.DataFrame:
    """Counts for ``two_phase`` from the corpus and the checked reports.

    ``corpus`` has one row a report with ``note_id`` and the column named by ``stratum``, and may have
    ``no_finding_word``; ``review`` has ``note_id`` and ``truth`` (true or false).
    Columns: those that ``two_phase`` takes. Limits: the draw must have been random within strata.
    Raises InputError for missing columns, a report checked twice, a ``truth`` left open, or a checked report that is
    not in the corpus.
    """
    problems = [f"corpus has no column {c!r}" for c in ("note_id", stratum) if c not in corpus.columns]
    problems += [f"review has no column {c!r}" for c in ("note_id", "truth") if c not in review.columns]
    if problems:
        raise InputError("; ".join(problems))
    twice = int(review["note_id"].duplicated().sum())
    unknown = int((~review["note_id"].isin(corpus["note_id"])).sum())
    blank = int(review["truth"].isna().sum())
    problems = [
        f"{number} {what}"
        for number, what in (
            (twice, "checked reports come twice in the review: settle each on one truth"),
            (unknown, "checked reports are not in the corpus: use the review that was drawn from it"),
            (blank, "checked reports have no truth: fill it in or leave the row out"),
        )
        if number
    ]
    if problems:
        raise InputError("; ".join(problems))
    joined = corpus.drop_duplicates("note_id").merge(review[["note_id", "truth"]], on="note_id", how="left")
    how: dict[str, Any] = {
        "size": ("note_id", "size"),
        "reviewed": ("truth", "count"),
        "positive": ("truth", lambda truth: int(truth.dropna().astype(bool).sum())),
    }
    if "no_finding_word" in joined.columns:
        how["no_finding_word"] = ("no_finding_word", "all")
    counted: pd.DataFrame = joined.groupby(stratum, dropna=False, sort=True).agg(**how).reset_index()
    return counted.rename(columns={stratum: "stratum"})


def rogan_gladen(
    positive: int,
    tested: int,
    sensitivity: tuple[int, int],
    specificity: tuple[int, int],
    level: float = 0.95,
) -> Interval:
    """Prevalence from machine labels, with sensitivity and specificity from an outside validation.

    ``sensitivity`` is (found, truly positive), ``specificity`` is (cleared, truly negative) in the validation.

    Formula: (q + Sp - 1) / (Se + Sp - 1), cut to 0 and 1. Interval of Lang and Reiczigel: with one success and one
    failure added to both validation samples and z^2/2 of each to the labels, estimate' + shift -/+ z sqrt(variance'),
    where shift = 2 z^2 (P' Se'(1 - Se')/n_Se' - (1 - P') Sp'(1 - Sp')/n_Sp').
    Source: Rogan WJ, Gladen B, Am J Epidemiol 1978;107:71-76; Lang Z, Reiczigel J, Prev Vet Med 2014;113:13-22 (with
    (1 - P)^2 in place of the misprinted (1 + P)^2 of its equation 4).
    Limits: the validation must be independent of the corpus and its mistakes the same there as here, which a
    validation elsewhere seldom proves. Conservative (.98-.999) where the finding is rare; meant for 95 % intervals
    and for sensitivity and specificity above one half.
    Raises InputError for counts that cannot be, or labels no better than chance (Se + Sp <= 1).
    """
    from scipy import stats

    for name, (count, nobs) in (
        ("labels", (positive, tested)),
        ("sensitivity", sensitivity),
        ("specificity", specificity),
    ):
        if nobs <= 0 or not 0 <= count <= nobs:
            raise InputError(f"{name}: {count} of {nobs} cannot be; give (hits, total) with a total above 0")
    q, se, sp = positive / tested, sensitivity[0] / sensitivity[1], specificity[0] / specificity[1]
    if se + sp <= 1:
        raise InputError(
            f"sensitivity {se:.3f} and specificity {sp:.3f} add up to 1 or less: such labels say nothing about "
            "prevalence; use a review of this corpus instead (two_phase)"
        )
    z = float(stats.norm.ppf(1 - (1 - level) / 2))
    n_se, n_sp, n_q = sensitivity[1] + 2, specificity[1] + 2, tested + z**2
    se_, sp_, q_ = (sensitivity[0] + 1) / n_se, (specificity[0] + 1) / n_sp, (positive + z**2 / 2) / n_q
    youden = se_ + sp_ - 1
    p_ = (q_ + sp_ - 1) / youden
    of_se, of_sp = se_ * (1 - se_) / n_se, sp_ * (1 - sp_) / n_sp
    shift = 2 * z**2 * (p_ * of_se - (1 - p_) * of_sp)
    half = z * math.sqrt(q_ * (1 - q_) / n_q + p_**2 * of_se + (1 - p_) ** 2 * of_sp) / youden
    estimate = (q + sp - 1) / (se + sp - 1)
    lower, upper = (float(np.clip(v, 0, 1)) for v in (p_ + shift - half, p_ + shift + half))
    note = "" if 0 <= estimate <= 1 else "fewer positives than false ones expected: estimate cut to the possible range"
    return Interval(float(np.clip(estimate, 0, 1)), lower, upper, "Rogan-Gladen, Lang-Reiczigel", note)


def _mover(read: pd.DataFrame, total: int, level: float, inflation: float) -> Interval:
    from scipy import stats

    estimate = square = below = above = 0.0
    for size, reviewed, positive in zip(read["size"], read["reviewed"], read["positive"], strict=True):
        weight = size / total
        limits = clopper_pearson(int(positive), int(reviewed), level)
        estimate += weight * limits.estimate
        square += weight * limits.estimate**2
        below += (weight * (limits.estimate - limits.lower)) ** 2
        above += (weight * (limits.upper - limits.estimate)) ** 2
    z = float(stats.norm.ppf(1 - (1 - level) / 2))
    sampling = z**2 * inflation * max(0.0, square - estimate**2) / total
    return Interval(
        estimate,
        max(0.0, estimate - math.sqrt(below + sampling)),
        min(1.0, estimate + math.sqrt(above + sampling)),
        "two-phase, MOVER over Clopper-Pearson",
    )


def _checked(strata: pd.DataFrame) -> pd.DataFrame:
    missing = [c for c in STRATA[:4] if c not in strata.columns]
    if missing:
        raise InputError(f"strata need the columns {', '.join(STRATA[:4])}; missing: {', '.join(missing)}")
    if strata.empty:
        raise InputError("there are no strata: give at least one row")
    table = strata.assign(no_finding_word=strata.get("no_finding_word", False))
    table["no_finding_word"] = table["no_finding_word"].astype(bool)
    problems = []
    for row in table.to_dict("records"):
        size, reviewed, positive = row["size"], row["reviewed"], row["positive"]
        if not 0 <= positive <= reviewed <= size:
            problems.append(f"{row['stratum']}: {positive} positive of {reviewed} reviewed of {size} cannot be")
        elif size and not reviewed and not row["no_finding_word"]:
            problems.append(f"{row['stratum']}: none of its {size} reports was reviewed; review some")
    if problems:
        raise InputError("; ".join(problems))
    return table
