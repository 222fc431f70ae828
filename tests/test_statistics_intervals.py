"""Intervals against published worked examples and exact special cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from miner.errors import InputError
from miner.statistics import intervals


@pytest.mark.parametrize(
    ("count", "nobs", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_table(count: int, nobs: int, lower: float, upper: float) -> None:
    """Wilson agrees with the four worked examples of Newcombe 1998, method 3."""
    found = intervals.wilson(count, nobs)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=5e-5)


@pytest.mark.parametrize(
    ("count", "nobs", "lower", "upper"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_clopper_pearson_gives_newcombes_table(count: int, nobs: int, lower: float, upper: float) -> None:
    """Clopper-Pearson agrees with the four worked examples of Newcombe 1998, method 5."""
    found = intervals.clopper_pearson(count, nobs)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=5e-5)


@pytest.mark.parametrize(("nobs", "percent"), [(200, 1.83), (1000, 0.37), (3000, 0.12)])
def test_no_event_leaves_the_exact_upper_limit(nobs: int, percent: float) -> None:
    """No event in n leaves 1 - (a/2)^(1/n) as the upper limit."""
    found = intervals.clopper_pearson(0, nobs)
    assert found.lower == 0
    assert found.upper == pytest.approx(1 - 0.025 ** (1 / nobs))
    assert round(100 * found.upper, 2) == percent


def test_no_observation_says_nothing() -> None:
    """Without observations there is no estimate, and the limits are 0 and 1."""
    for found in (intervals.wilson(0, 0), intervals.clopper_pearson(0, 0), intervals.korn_graubard([], [])):
        assert math.isnan(found.estimate)
        assert (found.lower, found.upper) == (0, 1)
        assert found.note == "no observations"


def test_korn_graubard_with_one_report_a_patient_is_clopper_pearson() -> None:
    """Clusters of one carry no clustering, and the interval is Clopper-Pearson's to the last digit."""
    y = np.r_[np.ones(13), np.zeros(287)]
    found = intervals.korn_graubard(y, [f"p{i}" for i in range(300)])
    exact = intervals.clopper_pearson(13, 300)
    assert (found.lower, found.upper) == pytest.approx((exact.lower, exact.upper), rel=1e-12)
    assert found.note == ""


def test_korn_graubard_with_identical_reports_counts_patients() -> None:
    """If all reports of a patient agree and all have as many, the interval is close to that of the patients."""
    patients = np.r_[np.ones(40), np.zeros(260)]
    found = intervals.korn_graubard(np.repeat(patients, 3), np.repeat(np.arange(300), 3))
    exact = intervals.clopper_pearson(40, 300)
    assert (found.lower, found.upper) == pytest.approx((exact.lower, exact.upper), abs=5e-4)


def test_korn_graubard_variance_is_the_sandwich() -> None:
    """The design effect equals that of a cluster-robust linear model with an intercept alone."""
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 6, 250)
    person = np.repeat(np.arange(250), sizes)
    y = (rng.random(len(person)) < rng.beta(0.5, 4, 250)[person]).astype(float)
    fit = sm.OLS(y, np.ones(len(y))).fit(cov_type="cluster", cov_kwds={"groups": person, "use_correction": False})
    variance = fit.bse[0] ** 2 * 250 / 249
    p, n = y.mean(), len(y)
    effect = intervals.design_effect(np.bincount(person, weights=y), np.bincount(person))
    assert effect == pytest.approx(variance / (p * (1 - p) / (n - 1)))
    assert effect > 1
    assert intervals.design_effect([0, 0], [2, 2]) == intervals.design_effect([1], [3]) == 1


def test_korn_graubard_without_events_counts_clusters() -> None:
    """Where none is positive the effective size is the number of patients, and one patient is one observation."""
    none = intervals.korn_graubard(np.zeros(900), np.repeat(np.arange(300), 3))
    assert none.upper == pytest.approx(1 - 0.025 ** (1 / 300))
    one = intervals.korn_graubard([0, 0, 0], ["p", "p", "p"])
    assert one.upper == pytest.approx(0.975)
    assert "one cluster" in one.note


def test_korn_graubard_takes_missing_ids_as_patients_of_their_own() -> None:
    """A report without an id is a cluster of its own, not one of a large unknown patient."""
    y = [1, 0, 0, 1, 0, 0]
    blank = intervals.korn_graubard(y, ["a", "a", None, None, math.nan, "b"])
    named = intervals.korn_graubard(y, ["a", "a", "x", "y", "z", "b"])
    assert (blank.lower, blank.upper) == (named.lower, named.upper)


def test_few_clusters_are_said() -> None:
    """Below 200 clusters the note warns, from 200 on it is silent."""
    assert "fewer than 200" in intervals.korn_graubard_totals([1] * 5 + [0] * 190, [2] * 195).note
    assert intervals.korn_graubard_totals([1] * 5 + [0] * 195, [2] * 200).note == ""


@pytest.mark.parametrize(
    ("counts", "lower", "upper"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((10, 10, 0, 10), 0.6075, 1.0)],
)
def test_newcombe_gives_its_own_table(counts: tuple[int, int, int, int], lower: float, upper: float) -> None:
    """The difference agrees with the worked examples of Newcombe 1998, method 10."""
    found = intervals.newcombe(*counts)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=5e-5)


def test_goodman_is_wilson_at_the_bonferroni_level() -> None:
    """Each simultaneous interval is Wilson's at 1 - a/k, and the exact one Clopper-Pearson's."""
    counts = [56, 72, 73, 59, 62, 87, 58]
    level = 1 - 0.05 / 7
    for exact, method in ((False, intervals.wilson), (True, intervals.clopper_pearson)):
        frame = intervals.goodman(counts, list("abcdefg"), exact=exact)
        expected = [method(c, 467, level) for c in counts]
        assert frame["lower"].tolist() == pytest.approx([e.lower for e in expected])
        assert frame["upper"].tolist() == pytest.approx([e.upper for e in expected])
    assert frame["category"].tolist() == list("abcdefg")


def test_goodman_without_counts_says_nothing() -> None:
    """Shares of nothing have no estimate and limits of 0 and 1."""
    frame = intervals.goodman([0, 0, 0])
    assert frame["estimate"].isna().all()
    assert frame["lower"].eq(0).all()
    assert frame["upper"].eq(1).all()


def test_a_level_other_than_95_is_kept() -> None:
    """Limits move with the level."""
    z = stats.norm.ppf(0.95)
    found = intervals.wilson(15, 148, level=0.9)
    p, n = 15 / 148, 148
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert found.upper - found.lower == pytest.approx(2 * half)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: intervals.wilson(3, 2), "more events than observations"),
        (lambda: intervals.wilson(-1, 2), "not negative"),
        (lambda: intervals.wilson(1, 2, level=95), "between 0 and 1"),
        (lambda: intervals.newcombe(0, 0, 1, 2), "both groups"),
        (lambda: intervals.goodman([1, 2], ["a"]), "as many"),
        (lambda: intervals.korn_graubard([0, 1], ["a"]), "one length"),
        (lambda: intervals.korn_graubard([0, 2], ["a", "b"]), "0 and 1"),
        (lambda: intervals.korn_graubard_totals([3, 0], [2, 2]), "each cluster"),
        (lambda: intervals.korn_graubard_totals([1], [2, 2]), "one length"),
    ],
)
def test_impossible_counts_are_refused(call: object, words: str) -> None:
    """What cannot be is an InputError that says so."""
    with pytest.raises(InputError, match=words):
        call()  # type: ignore[operator]
