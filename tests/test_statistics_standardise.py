"""Direct standardisation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from miner.errors import InputError
from miner.statistics import standardise

BIRTHS = np.array(
    [
        [230061, 329449, 114920, 39487, 14208, 3052],
        [72202, 326701, 208667, 83228, 28466, 5375],
        [15050, 175702, 207081, 117300, 45026, 8660],
        [2293, 68800, 132424, 98301, 46075, 9834],
        [327, 30666, 123419, 149919, 104088, 34392],
    ]
)
DOWN = np.array(
    [
        [107, 141, 60, 40, 39, 25],
        [25, 150, 110, 84, 82, 39],
        [3, 71, 114, 103, 108, 75],
        [1, 26, 64, 89, 137, 96],
        [0, 8, 63, 112, 262, 295],
    ]
)
"""Live births and Down syndrome by birth order (rows) and mother's age: Fleiss 1981, used by Fay and Feuer 1997."""


def test_direct_gives_the_rates_of_fay_and_feuer() -> None:
    """The standardised rates per 100,000 births are those of the example in Fay and Feuer 1997."""
    standard = BIRTHS.mean(axis=0)
    rates = [1e5 * standardise.direct(c, n, standard).estimate for c, n in zip(DOWN, BIRTHS, strict=True)]
    assert [round(r, 1) for r in rates] == [92.3, 91.2, 85.1, 92.7, 75.5]


@pytest.mark.parametrize("order", range(5))
def test_limits_are_the_chi_square_form_of_fay_and_feuer(order: int) -> None:
    """The limits equal the paper's chi-square form, which is not how they are computed."""
    x, n, w = DOWN[order], BIRTHS[order], BIRTHS.sum(axis=0) / BIRTHS.sum()
    rate, v, k = (w * x / n).sum(), (w**2 * x / n**2).sum(), (w / n).max()
    found = standardise.direct(x, n, BIRTHS.sum(axis=0))
    assert found.lower == pytest.approx(v / (2 * rate) * stats.chi2.ppf(0.025, 2 * rate**2 / v))
    above, spread = rate + k, v + k**2
    assert found.upper == pytest.approx(spread / (2 * above) * stats.chi2.ppf(0.975, 2 * above**2 / spread))


@pytest.mark.parametrize("counts", [(3, 5, 9), (0, 1, 0), (0, 0, 0)])
def test_own_standard_is_exact_poisson(counts: tuple[int, ...]) -> None:
    """With the population as its own standard, rate and limits are the crude rate's exact Poisson ones."""
    population = np.array([400, 900, 700])
    total = sum(counts)
    found = standardise.direct(counts, population, population)
    assert found.estimate == pytest.approx(total / 2000)
    assert found.lower == pytest.approx(stats.chi2.ppf(0.025, 2 * total) / 2 / 2000 if total else 0.0)
    assert found.upper == pytest.approx(stats.chi2.ppf(0.975, 2 * total + 2) / 2 / 2000)


def prevalence_by_age() -> pd.DataFrame:
    """Two sexes of different age with equal rates in each band."""
    return pd.DataFrame(
        {
            "sex": ["F"] * 3 + ["M"] * 3,
            "age_band": ["0-49", "50-69", "70+"] * 2,
            "numerator": [2, 20, 90, 8, 20, 30],
            "denominator": [200, 400, 900, 800, 400, 300],
        }
    )


def test_standardising_takes_away_a_difference_in_age() -> None:
    """Groups with equal rates at each age have equal standardised rates, though their crude rates differ."""
    found = standardise.standardised(prevalence_by_age(), group="sex").set_index("sex")
    assert found.loc["F", "estimate"] == pytest.approx(found.loc["M", "estimate"])
    assert found.loc["F", "crude"] > 1.5 * found.loc["M", "crude"]
    assert found.loc["F", "lower"] < found.loc["F", "estimate"] < found.loc["F", "upper"]


def test_a_given_standard_is_used_and_what_it_lacks_is_said() -> None:
    """Weights come from the standard given; bands that it does not name are left out with a note."""
    found = standardise.standardised(prevalence_by_age(), group=["sex"], standard={"0-49": 3, "50-69": 1})
    assert found["estimate"].tolist() == pytest.approx([0.75 * 0.01 + 0.25 * 0.05] * 2)
    assert found["note"].str.contains("70+", regex=False).all()
    assert found["denominator"].tolist() == [600, 1200]


def test_without_groups_there_is_one_row() -> None:
    """The whole table against an outside standard is a single row."""
    found = standardise.standardised(prevalence_by_age().query("sex == 'F'"), standard={"0-49": 1, "50-69": 1})
    assert len(found) == 1
    assert found["estimate"][0] == pytest.approx(0.03)


def test_what_cannot_be_standardised_is_refused() -> None:
    """An empty band, doubled strata and missing columns are errors that say what to do."""
    with pytest.raises(InputError, match="merge age bands"):
        standardise.direct([1, 0], [10, 0], [5, 5])
    with pytest.raises(InputError, match="one length"):
        standardise.direct([1], [10, 20], [5, 5])
    with pytest.raises(InputError, match="empty"):
        standardise.direct([1], [10], [0])
    with pytest.raises(InputError, match="no population"):
        standardise.direct([1, 2], [10, 0], [1, 0])
    with pytest.raises(InputError, match="not be negative"):
        standardise.direct([-1], [10], [1])
    with pytest.raises(InputError, match="keep one policy"):
        standardise.standardised(pd.concat([prevalence_by_age()] * 2), group="sex")
    with pytest.raises(InputError, match="lacks race"):
        standardise.standardised(prevalence_by_age(), group="race")
    with pytest.raises(InputError, match="M: 1 strata"):
        standardise.standardised(prevalence_by_age().iloc[:5], group="sex")
