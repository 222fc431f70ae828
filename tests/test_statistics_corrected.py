"""Prevalence corrected for the machine's mistakes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from delicatessen import MEstimator
from delicatessen.estimating_equations import ee_rogan_gladen

from miner.errors import InputError
from miner.statistics import corrected
from miner.statistics.intervals import clopper_pearson


def strata(**changes: list[object]) -> pd.DataFrame:
    """A corpus of 10,000 with three strata."""
    columns: dict[str, list[object]] = {
        "stratum": ["labelled", "cleared", "no word"],
        "size": [500, 1500, 8000],
        "reviewed": [100, 100, 200],
        "positive": [90, 2, 0],
        "no_finding_word": [False, False, True],
    }
    return pd.DataFrame({**columns, **changes})


def test_two_phase_weighs_the_strata() -> None:
    """The estimate is the weighted sum, and the limits are MOVER's, done by hand."""
    found = corrected.two_phase(strata(), target="corpus").set_index("estimand").loc["true prevalence"]
    parts = [(0.05, clopper_pearson(90, 100)), (0.15, clopper_pearson(2, 100)), (0.8, clopper_pearson(0, 200))]
    estimate = sum(w * i.estimate for w, i in parts)
    assert found["estimate"] == pytest.approx(0.05 * 0.9 + 0.15 * 0.02)
    assert found["lower"] == pytest.approx(
        estimate - math.sqrt(sum((w * (i.estimate - i.lower)) ** 2 for w, i in parts))
    )
    assert found["upper"] == pytest.approx(
        estimate + math.sqrt(sum((w * (i.upper - i.estimate)) ** 2 for w, i in parts))
    )
    assert (found["reviewed"], found["size"]) == (400, 10_000)


def test_documented_prevalence_needs_no_review_of_empty_texts() -> None:
    """Reports without a finding word are negative by definition: the same estimate, but a much narrower interval."""
    found = corrected.two_phase(strata()).set_index("estimand")
    true, documented = found.loc["true prevalence"], found.loc["documented prevalence"]
    assert documented["estimate"] == pytest.approx(true["estimate"])
    assert documented["upper"] < true["upper"]
    assert documented["reviewed"] == 200


def test_a_stratum_that_nobody_read_leaves_the_true_prevalence_open() -> None:
    """Unread texts without finding words leave only the documented prevalence, and the note names the stratum."""
    found = corrected.two_phase(strata(reviewed=[100, 100, 0])).set_index("estimand")
    assert math.isnan(found.loc["true prevalence", "estimate"])
    assert "no word" in found.loc["true prevalence", "note"]
    assert found.loc["documented prevalence", "estimate"] == pytest.approx(0.048)


def test_a_single_stratum_is_clopper_pearson() -> None:
    """With one stratum and the corpus as target the method is Clopper-Pearson itself."""
    one = pd.DataFrame({"stratum": ["all"], "size": [5000], "reviewed": [400], "positive": [7]})
    found = corrected.two_phase(one, target="corpus").iloc[0]
    exact = clopper_pearson(7, 400)
    assert (found["lower"], found["upper"]) == pytest.approx((exact.lower, exact.upper))


def test_the_population_has_wider_limits_than_the_corpus() -> None:
    """Sampling of the corpus itself adds to the interval, the more so with patients in clusters."""
    widths = [
        float((f["upper"] - f["lower"]).iloc[0])
        for f in (
            corrected.two_phase(strata(), target="corpus"),
            corrected.two_phase(strata()),
            corrected.two_phase(strata(), design_effect=3.0),
        )
    ]
    assert widths == sorted(widths)
    assert widths[0] < widths[1] < widths[2]


def test_all_problems_of_the_strata_are_told_at_once() -> None:
    """Impossible counts and an unread stratum come in one error that names both."""
    with pytest.raises(InputError, match=r"labelled: 90 positive of 80.*\n?.*cleared: none of its"):
        corrected.two_phase(strata(reviewed=[80, 0, 200], positive=[90, 0, 0]))
    with pytest.raises(InputError, match="missing: size"):
        corrected.two_phase(strata().drop(columns="size"))
    with pytest.raises(InputError, match="no strata"):
        corrected.two_phase(strata().iloc[:0])
    with pytest.raises(InputError, match="target='world'"):
        corrected.two_phase(strata(), target="world")


def test_strata_are_counted_from_corpus_and_review() -> None:
    """Sizes come from the corpus, reviewed and positive from the checked reports."""
    corpus = pd.DataFrame(
        {
            "note_id": [f"n{i}" for i in range(6)],
            "stratum": ["yes", "yes", "no", "no", "no", "no"],
            "no_finding_word": [False] * 6,
        }
    )
    review = pd.DataFrame({"note_id": ["n0", "n2", "n3"], "truth": [True, False, True]})
    found = corrected.strata_of(corpus, review).set_index("stratum")
    assert found.loc["no", ["size", "reviewed", "positive"]].tolist() == [4, 2, 1]
    assert found.loc["yes", ["size", "reviewed", "positive"]].tolist() == [2, 1, 1]
    assert corrected.two_phase(found.reset_index())["estimate"][0] == pytest.approx(2 / 6 + 4 / 6 / 2)


def test_a_review_that_does_not_fit_is_refused() -> None:
    """Doubled, unknown and open reviews are counted in one error, without any id."""
    corpus = pd.DataFrame({"note_id": ["a", "b"], "stratum": ["yes", "no"]})
    review = pd.DataFrame({"note_id": ["a", "a", "zz"], "truth": [True, None, False]})
    with pytest.raises(
        InputError, match=r"1 checked reports come twice.*1 .*not in the corpus.*1 .*no truth"
    ) as caught:
        corrected.strata_of(corpus, review)
    assert "zz" not in str(caught.value)
    with pytest.raises(InputError, match="no column 'truth'"):
        corrected.strata_of(corpus, review[["note_id"]])


@pytest.mark.parametrize(
    ("labels", "se", "sp", "lower", "upper", "digits"),
    [
        ((4060, 11284), (178, 179), (358, 359), 0.349, 0.372, 3),
        ((51, 2971), (32, 33), (20, 20), 0.0, 0.053, 3),
        ((712, 11862), (8, 10), (12, 12), 0.0, 0.147, 3),
        ((259, 509), (84, 127), (96, 109), 0.58, 0.87, 2),
        ((51, 509), (23, 41), (187, 195), 0.037, 0.195, 3),
    ],
)
def test_rogan_gladen_gives_the_examples_of_lang_and_reiczigel(
    labels: tuple[int, int], se: tuple[int, int], sp: tuple[int, int], lower: float, upper: float, digits: int
) -> None:
    """The interval agrees with the five examples of Lang and Reiczigel 2014."""
    found = corrected.rogan_gladen(*labels, se, sp)
    assert (round(found.lower, digits), round(found.upper, digits)) == (lower, upper)


def test_rogan_gladen_agrees_with_delicatessen() -> None:
    """The estimate is that of the M-estimator for an external validation."""
    y_star = np.r_[np.ones(270), np.zeros(680), np.ones(204), np.zeros(38), np.ones(18), np.zeros(71)]
    y = np.r_[np.full(950, np.nan), np.ones(242), np.zeros(89)]
    r = np.r_[np.ones(950), np.zeros(331)]
    fit = MEstimator(lambda theta: ee_rogan_gladen(theta, y, y_star, r), init=[0.5, 0.5, 0.75, 0.75])
    fit.estimate()
    found = corrected.rogan_gladen(270, 950, (204, 242), (71, 89))
    assert found.estimate == pytest.approx(float(fit.theta[0]), abs=1e-6)
    wald = fit.confidence_intervals()[0]
    assert (found.lower, found.upper) == pytest.approx((wald[0], wald[1]), abs=0.03)


def test_rogan_gladen_with_perfect_labels_changes_nothing() -> None:
    """With a faultless and very large validation the estimate is the labelled share."""
    found = corrected.rogan_gladen(30, 1000, (10**7, 10**7), (10**7, 10**7))
    assert found.estimate == pytest.approx(0.03)
    assert 0.02 < found.lower < 0.03 < found.upper < 0.043


def test_rogan_gladen_refuses_labels_without_information() -> None:
    """Labels no better than chance, and impossible counts, are errors that point to a review."""
    with pytest.raises(InputError, match="two_phase"):
        corrected.rogan_gladen(10, 100, (50, 100), (50, 100))
    with pytest.raises(InputError, match="sensitivity: 11 of 10"):
        corrected.rogan_gladen(10, 100, (11, 10), (9, 10))


def test_rogan_gladen_says_when_it_was_cut() -> None:
    """Fewer positives than false ones expected give an estimate of 0 and a note."""
    found = corrected.rogan_gladen(1, 1000, (90, 100), (95, 100))
    assert found.estimate == 0
    assert "cut" in found.note
