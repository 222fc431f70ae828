"""Calibration of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from miner.errors import InputError
from miner.statistics import calibration


def sample(n: int = 800, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and probabilities that are too sure of themselves."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.4, 1, n)
    return (rng.random(n) < p**2).astype(float), p


def test_brier_by_hand() -> None:
    """The Brier score is the mean squared distance, also where all are correct."""
    assert calibration.brier([1, 0, 1], [0.9, 0.2, 0.4]) == pytest.approx((0.01 + 0.04 + 0.36) / 3)
    assert calibration.brier([1, 1], [0.9, 1.0]) == pytest.approx(0.005)


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
def test_reliability_is_scikit_learns_curve(strategy: str) -> None:
    """Means per band are those of scikit-learn's calibration curve, and the counts add up."""
    y, p = sample()
    observed, predicted = calibration_curve(y, p, n_bins=8, strategy=strategy)
    found = calibration.reliability(y, p, bins=8, strategy=strategy)
    assert found["observed"].tolist() == pytest.approx(observed.tolist())
    assert found["predicted"].tolist() == pytest.approx(predicted.tolist())
    assert found["nobs"].sum() == len(y)
    assert (found["lower"] <= found["observed"]).all()
    assert (found["observed"] <= found["upper"]).all()


def test_calibration_error_is_the_weighted_gap_of_the_curve() -> None:
    """The error is the mean gap of the reliability curve, weighted by the number in each band."""
    y, p = sample()
    curve = calibration.reliability(y, p)
    gap = ((curve["observed"] - curve["predicted"]).abs() * curve["nobs"]).sum() / len(y)
    found = calibration.calibration_error(y, p)
    assert found.estimate == pytest.approx(gap)
    assert 0 < found.lower < found.estimate < found.upper
    assert calibration.calibration_error(y, p) == found


def test_good_calibration_cannot_be_told_from_perfect() -> None:
    """For calibrated probabilities the lower limit is 0, although the error itself never is."""
    rng = np.random.default_rng(5)
    p = rng.uniform(0, 1, 600)
    found = calibration.calibration_error(rng.random(600) < p, p)
    assert found.estimate > 0
    assert found.lower == 0


def test_whole_patients_are_drawn() -> None:
    """Copies of the same lesion add no information: clustered, the interval stays as wide as before."""
    y, p = sample(200)
    once = calibration.calibration_error(y, p, strategy="uniform")
    copied = calibration.calibration_error(
        np.repeat(y, 4), np.repeat(p, 4), np.repeat(np.arange(200), 4), strategy="uniform"
    )
    naive = calibration.calibration_error(np.repeat(y, 4), np.repeat(p, 4), strategy="uniform")
    assert copied.upper - copied.lower == pytest.approx(once.upper - once.lower, rel=1e-6)
    assert naive.upper - naive.lower < 0.8 * (once.upper - once.lower)


def test_one_probability_and_one_patient() -> None:
    """A single value of probability is one band; a single patient has no interval."""
    curve = calibration.reliability([1, 0, 1, 1], [0.8] * 4)
    assert len(curve) == 1
    assert curve["observed"][0] == 0.75
    alone = calibration.calibration_error([1, 0], [0.8, 0.7], ["p", "p"])
    assert (alone.lower, alone.upper) == (0, 1)


@pytest.mark.parametrize(
    ("correct", "probability", "words"),
    [
        ([1, 0], [0.5], "one length"),
        ([], [], "nothing was given"),
        ([2], [0.5], "0 and 1"),
        ([1], [1.5], "between 0 and 1"),
        ([1], [float("nan")], "between 0 and 1"),
    ],
)
def test_impossible_values_are_refused(correct: list[float], probability: list[float], words: str) -> None:
    """What is no outcome or no probability is an error."""
    with pytest.raises(InputError, match=words):
        calibration.brier(correct, probability)


def test_unknown_ways_are_refused() -> None:
    """Strategies, bands and clusters that do not fit are errors."""
    with pytest.raises(InputError, match="quantile, uniform"):
        calibration.reliability([1, 0], [0.5, 0.6], strategy="equal")
    with pytest.raises(InputError, match="at least 1"):
        calibration.reliability([1, 0], [0.5, 0.6], bins=0)
    with pytest.raises(InputError, match="one entry an observation"):
        calibration.calibration_error([1, 0], [0.5, 0.6], ["a"])


def test_an_observation_without_id_is_a_patient_of_its_own() -> None:
    """Missing ids give the same interval as no clusters at all."""
    y, p = sample(60)
    assert calibration.calibration_error(y, p, [None] * 60) == calibration.calibration_error(y, p)
