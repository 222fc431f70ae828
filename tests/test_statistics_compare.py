"""Comparing proportions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize, stats

from miner.errors import InputError
from miner.statistics import compare


def test_mantel_haenszel_gives_the_berkeley_example() -> None:
    """Pooled over departments A to F, UCB admissions give R's mantelhaen.test: odds ratio 0.9047, 0.7719-1.0603."""
    berkeley = [
        [[512, 313], [89, 19]],
        [[353, 207], [17, 8]],
        [[120, 205], [202, 391]],
        [[138, 279], [131, 244]],
        [[53, 138], [94, 299]],
        [[22, 351], [24, 317]],
    ]
    found = compare.mantel_haenszel(berkeley).set_index("measure")
    row = found.loc["odds ratio"]
    assert row["estimate"] == pytest.approx(0.9046968, abs=1e-6)
    assert (row["lower"], row["upper"]) == pytest.approx((0.7719074, 1.0603298), abs=1e-6)
    assert row["p_value"] == pytest.approx(0.2170, abs=5e-4)
    assert row["p_homogeneity"] < 0.01
    assert row["strata"] == 6


def test_mantel_haenszel_leaves_out_strata_without_a_group() -> None:
    """A stratum in which one group is empty changes nothing, and nothing to compare is an error."""
    tables = [[[10, 20], [5, 30]], [[12, 9], [8, 14]]]
    with_empty = [*tables, [[3, 4], [0, 0]]]
    one, other = compare.mantel_haenszel(tables), compare.mantel_haenszel(with_empty)
    assert one.equals(other)
    with pytest.raises(InputError, match="no stratum"):
        compare.mantel_haenszel([[[3, 4], [0, 0]]])
    with pytest.raises(InputError, match="stack of 2 x 2"):
        compare.mantel_haenszel([[1, 2], [3, 4]])


def test_cochran_armitage_gives_the_smokers_example() -> None:
    """R's prop.trend.test on Fleiss's smokers gives 8.2249; here the variance has N - 1, so the square is 396/397."""
    found = compare.cochran_armitage([83, 90, 129, 70], [86, 93, 136, 82])
    assert found.statistic**2 * 397 / 396 == pytest.approx(8.2249, abs=5e-5)
    assert found.statistic < 0
    assert found.p_value == pytest.approx(0.0042, abs=1e-4)


def test_cochran_armitage_edges() -> None:
    """All or none positive is no trend; too few groups or impossible counts are refused; scores place the groups."""
    assert compare.cochran_armitage([0, 0], [5, 5]).p_value == 1
    even = compare.cochran_armitage([5, 9, 15], [100, 100, 100], scores=[2018, 2019, 2020])
    gap = compare.cochran_armitage([5, 9, 15], [100, 100, 100], scores=[2010, 2019, 2020])
    assert even.statistic == pytest.approx(compare.cochran_armitage([5, 9, 15], [100, 100, 100]).statistic)
    assert gap.statistic != pytest.approx(even.statistic)
    with pytest.raises(InputError, match="two groups"):
        compare.cochran_armitage([1], [2])
    with pytest.raises(InputError, match="between 0 and"):
        compare.cochran_armitage([3, 1], [2, 2])


def test_annual_change_between_two_years_is_the_ratio() -> None:
    """With two years the change is the ratio of the two proportions, whatever the family."""
    y = np.r_[np.ones(20), np.zeros(180), np.ones(30), np.zeros(170)]
    year = np.r_[np.full(200, 2020), np.full(200, 2021)]
    for family in ("poisson", "log_binomial"):
        found = compare.annual_percent_change(y, year, family=family)
        assert found.estimate == pytest.approx(50, abs=1e-6)
        error = math.sqrt(1 / 30 - 1 / 200 + 1 / 20 - 1 / 200)
        half = stats.t.ppf(0.975, 399) * error
        assert found.upper == pytest.approx(100 * math.expm1(math.log(1.5) + half), rel=5e-3)


def test_annual_change_on_cells_equals_single_reports() -> None:
    """Collapsing to cells of patient and year leaves slope and sandwich errors as they are on single reports."""
    rng = np.random.default_rng(3)
    person = rng.integers(0, 150, 900)
    year = rng.integers(2015, 2021, 900)
    y = (rng.random(900) < 0.15).astype(float)
    found = compare.annual_percent_change(y, year, person)
    fit = sm.GLM(y, sm.add_constant(year - year.mean()), family=sm.families.Poisson()).fit(
        cov_type="cluster", cov_kwds={"groups": person}
    )
    groups, cells = len(np.unique(person)), len(np.unique(person * 10_000 + year))
    assert found.estimate == pytest.approx(100 * math.expm1(fit.params[1]), abs=1e-6)
    # statsmodels' small-sample factor (n - 1)/(n - k) sees cells instead of reports
    factor = math.sqrt((cells - 1) / (cells - 2) / (899 / 898))
    half = stats.t.ppf(0.975, groups - 1) * fit.bse[1] * factor
    assert found.upper == pytest.approx(100 * math.expm1(fit.params[1] + half), rel=1e-6)


def test_annual_change_falls_back_when_the_log_binomial_fails() -> None:
    """A log-binomial fit that would need a proportion above one is replaced by Poisson, and the note says so."""
    y = np.r_[np.zeros(40), np.r_[np.ones(19), np.zeros(1)], np.ones(20), np.ones(20)]
    year = np.repeat([2010, 2011, 2012, 2013, 2014], 20)
    found = compare.annual_percent_change(y, year, family="log_binomial")
    assert "did not converge" in found.note
    assert found.method.startswith("Poisson")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0, 1], [2020, 2020]), "at least two years"),
        (([0, 0], [2020, 2021]), "none is positive"),
        (([0, 1], [2020, math.nan]), "in every row"),
        (([0, 1], [2020, 2021], ["a"]), "one entry a report"),
        (([0, 1], [2020, 2021], ["a", "a"]), "at least two patients"),
    ],
)
def test_annual_change_refuses_what_has_no_slope(arguments: tuple[list[float], ...], words: str) -> None:
    """Each reason why there is no change to estimate has its own words."""
    with pytest.raises(InputError, match=words):
        compare.annual_percent_change(*arguments)
    with pytest.raises(InputError, match="poisson, log_binomial"):
        compare.annual_percent_change([0, 1], [1, 2], family="gaussian")


def test_multinomial_test_is_exact_by_enumeration() -> None:
    """The p-value equals the sum over all outcomes that are no more probable, listed another way."""
    shares = [0.2, 0.3, 0.5]
    model = stats.multinomial(6, shares)
    seen = model.pmf([4, 1, 1])
    outcomes = [o for o in itertools.product(range(7), repeat=3) if sum(o) == 6]
    p = sum(model.pmf(o) for o in outcomes if model.pmf(o) <= seen * (1 + 1e-9))
    found = compare.multinomial_test([4, 1, 1], shares)
    assert found.p_value == pytest.approx(p)
    assert found.method == "exact multinomial"


def test_multinomial_test_with_two_categories_is_binomial() -> None:
    """With two categories the exact test is the two-sided binomial test."""
    found = compare.multinomial_test([3, 17], [0.3, 0.7])
    assert found.p_value == pytest.approx(stats.binomtest(3, 20, 0.3).pvalue)


def test_monte_carlo_agrees_with_the_exact_test_and_repeats() -> None:
    """Large counts are drawn, the value is close to the exact binomial one, and the same every time."""
    counts, shares = [440, 9560, 0, 0], [0.05, 0.95, 0.0, 0.0]
    first, second = compare.multinomial_test(counts, shares), compare.multinomial_test(counts, shares)
    assert first.method == "Monte-Carlo multinomial"
    assert first == second
    assert first.p_value == pytest.approx(stats.binomtest(440, 10_000, 0.05).pvalue, abs=0.003)


def test_multinomial_test_refuses_what_is_not_a_count() -> None:
    """Fractions, shares that do not sum to one and unequal lengths are errors; no counts give p = 1."""
    assert compare.multinomial_test([0, 0], [0.5, 0.5]).p_value == 1
    for counts, shares, words in (
        ([1.5, 2], [0.5, 0.5], "whole"),
        ([1, 2], [0.5, 0.4], "sum to 1"),
        ([1], [1.0], "two or more"),
    ):
        with pytest.raises(InputError, match=words):
            compare.multinomial_test(counts, shares)


def test_nearest_shares_stay_within_their_ranges() -> None:
    """Counts inside the ranges give their own shares; counts outside give the nearest edge; all sum to one."""
    low, high = [0.95, 0.01, 0.0], [0.98, 0.02, 0.05]
    assert compare.nearest_shares([965, 15, 20], low, high).tolist() == pytest.approx([0.965, 0.015, 0.02])
    edge = compare.nearest_shares([500, 300, 200], low, high)
    assert edge.sum() == pytest.approx(1)
    assert edge[0] == pytest.approx(0.95)
    assert compare.nearest_shares([50, 0, 0], low, high)[0] == pytest.approx(0.98)


def test_nearest_shares_are_the_best_of_all() -> None:
    """No other shares in the ranges make the counts more probable, as a general optimiser confirms."""
    counts, low, high = np.array([70, 20, 10]), [0.3, 0.1, 0.15], [0.6, 0.5, 0.5]
    found = compare.nearest_shares(counts, low, high)
    best = optimize.minimize(
        lambda p: -float((counts * np.log(p)).sum()),
        [0.5, 0.3, 0.2],
        bounds=list(zip(low, high, strict=True)),
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
    )
    assert found.tolist() == pytest.approx(best.x.tolist(), abs=1e-4)


def test_nearest_shares_refuse_ranges_that_cannot_be() -> None:
    """Percentages in place of fractions, and ranges that cannot sum to one, are refused."""
    with pytest.raises(InputError, match="fractions"):
        compare.nearest_shares([1, 2], [95, 1], [98, 2])
    with pytest.raises(InputError, match="sum to 1"):
        compare.nearest_shares([1, 2], [0.1, 0.1], [0.2, 0.2])
    with pytest.raises(InputError, match="one length"):
        compare.nearest_shares([1], [0.1, 0.1], [0.2, 0.2])


@pytest.mark.parametrize(
    ("count", "nobs", "verdict", "words"),
    [
        (965, 1000, "inside", "96.5 % lies within 95-98 %"),
        (800, 1000, "outside", "lies below 95-98 %"),
        (1000, 1000, "outside", "lies above 95-98 %"),
        (39, 40, "open", "too few to tell"),
        (0, 0, "open", "nothing to compare"),
    ],
)
def test_equivalence_answers_in_words(count: int, nobs: int, verdict: str, words: str) -> None:
    """The three answers, and the p-value is that of the two one-sided exact tests."""
    found = compare.equivalence(count, nobs, 0.95, 0.98)
    assert found.verdict == verdict
    assert words in found.words
    if nobs:
        above = stats.binomtest(count, nobs, 0.95, alternative="greater").pvalue
        below = stats.binomtest(count, nobs, 0.98, alternative="less").pvalue
        assert found.p_value == pytest.approx(max(above, below))


def test_equivalence_refuses_limits_out_of_order() -> None:
    """Limits must be fractions, the lower one first."""
    with pytest.raises(InputError, match="low below high"):
        compare.equivalence(1, 2, 95, 98)


def test_adjusted_p_values() -> None:
    """Holm and Benjamini-Hochberg by hand; a missing value stays missing and does not count."""
    p = [0.01, 0.04, math.nan, 0.03]
    holm = compare.adjusted(p)
    assert holm["adjusted"].tolist()[0] == pytest.approx(0.03)
    assert holm["adjusted"].tolist()[1] == pytest.approx(0.06)
    assert math.isnan(holm["adjusted"][2])
    assert holm["reject"].tolist() == [True, False, False, False]
    bh = compare.adjusted(p, "bh")
    assert bh["adjusted"].dropna().tolist() == pytest.approx([0.03, 0.04, 0.04])
    assert bh["method"].eq("Benjamini-Hochberg").all()
    assert compare.adjusted([]).empty
    with pytest.raises(InputError, match="holm, bh"):
        compare.adjusted(p, "bonferroni")
    with pytest.raises(InputError, match="between 0 and 1"):
        compare.adjusted([1.2])


def test_nearest_shares_of_ranges_that_leave_no_choice() -> None:
    """Where the lower or the upper ends already sum to one, they are the answer, whatever the counts."""
    assert compare.nearest_shares([5, 5], [0.6, 0.4], [0.9, 0.9]).tolist() == pytest.approx([0.6, 0.4])
    assert compare.nearest_shares([5, 5], [0.1, 0.1], [0.7, 0.3]).tolist() == pytest.approx([0.7, 0.3])
