"""How far two readers agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from miner.errors import InputError
from miner.statistics import agreement

ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
"""Two abstractors on 100 pregnancies: Gwet 2014, the example of the R package irrCAC."""


def test_ac1_gives_gwets_example() -> None:
    """AC1, its standard error and its interval are those of Gwet's example: .8493, .0432, .764-.935."""
    found = agreement.gwet_ac1(ABSTRACTORS)
    assert found.estimate == pytest.approx(0.8493305, abs=1e-6)
    assert (found.upper - found.estimate) / stats.t.ppf(0.975, 99) == pytest.approx(0.04321747, abs=1e-6)
    assert (round(found.lower, 3), round(found.upper, 3)) == (0.764, 0.935)


def test_kappa_gives_gwets_example() -> None:
    """Cohen's kappa of the same example is .7964."""
    assert agreement.cohen_kappa(ABSTRACTORS).estimate == pytest.approx(0.7964094, abs=1e-6)


def test_kappa_agrees_with_scikit_learn() -> None:
    """From raw labels, kappa is scikit-learn's."""
    rng = np.random.default_rng(2)
    first = rng.choice(["absent", "possible", "present"], 300)
    second = np.where(rng.random(300) < 0.7, first, rng.choice(["absent", "possible", "present"], 300))
    found = agreement.agreement(first, second).set_index("measure")
    assert found.loc["Cohen kappa", "estimate"] == pytest.approx(cohen_kappa_score(first, second))
    assert found.loc["raw agreement", "estimate"] == pytest.approx(float((first == second).mean()))


def test_rare_findings_pull_kappa_and_ac1_apart() -> None:
    """With a finding in about 4 % of reports a raw agreement of .97 goes with a kappa of .65 and an AC1 above .96."""
    first = [1] * 29 + [1] * 14 + [0] * 16 + [0] * 941
    second = [1] * 29 + [0] * 14 + [1] * 16 + [0] * 941
    found = agreement.agreement(first, second).set_index("measure")["estimate"]
    assert round(found["raw agreement"], 2) == 0.97
    assert found["Cohen kappa"] == pytest.approx(0.644, abs=0.01)
    assert found["Gwet AC1"] > 0.96


def test_missing_labels_are_left_out_and_counted() -> None:
    """A pair with a missing label does not count, and the note says how many there were."""
    found = agreement.agreement(["a", "b", None, "a"], ["a", "b", "a", "b"])
    assert found["nobs"].eq(3).all()
    assert found["note"].str.contains("1 pairs with a missing label").all()


def test_full_agreement_keeps_an_honest_lower_limit() -> None:
    """Without disagreement the lower limit comes from the number of pairs instead of being 1."""
    few, many = agreement.gwet_ac1([[5, 0], [0, 5]]), agreement.gwet_ac1([[500, 0], [0, 500]])
    assert few.estimate == many.estimate == 1
    assert few.lower < 0.5
    assert 0.98 < many.lower < 1
    assert agreement.cohen_kappa([[5, 0], [0, 5]]).lower == pytest.approx(few.lower)


def test_kappa_that_is_undefined_says_so() -> None:
    """One label from both readers leaves kappa undefined; from one of them, its interval."""
    both = agreement.agreement(["no"] * 5, ["no"] * 5, categories=["yes", "no"]).set_index("measure")
    assert math.isnan(both.loc["Cohen kappa", "estimate"])
    assert "undefined" in both.loc["Cohen kappa", "note"]
    assert both.loc["Gwet AC1", "estimate"] == 1
    one = agreement.cohen_kappa([[0, 0], [4, 96]])
    assert one.estimate == pytest.approx(0)
    assert (one.lower, one.upper) == (-1, 1)
    assert "one reader used one label" in one.note


@pytest.mark.parametrize(
    ("first", "second", "categories", "words"),
    [
        (["a"], ["a", "b"], None, "same items"),
        ([None], ["a"], None, "no pair"),
        (["a"], ["a"], None, "could have been given"),
        (["a", "c"], ["a", "b"], ["a", "b"], "outside the categories given: c"),
    ],
)
def test_labels_that_do_not_pair_are_refused(
    first: list[str], second: list[str], categories: list[str] | None, words: str
) -> None:
    """Each way in which labels cannot be compared has its own words."""
    with pytest.raises(InputError, match=words):
        agreement.agreement(first, second, categories=categories)


def test_tables_that_are_none_are_refused() -> None:
    """A table must be square, not empty, and for AC1 of two labels or more."""
    with pytest.raises(InputError, match="square"):
        agreement.cohen_kappa([[1, 2, 3], [4, 5, 6]])
    with pytest.raises(InputError, match="at least one pair"):
        agreement.gwet_ac1([[0, 0], [0, 0]])
    with pytest.raises(InputError, match="at least two"):
        agreement.gwet_ac1([[3]])
