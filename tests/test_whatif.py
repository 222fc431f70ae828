"""What-if: the same arithmetic again, without a piece or with another one."""

from __future__ import annotations

import math

import pytest

import miner
from miner.errors import InputError
from miner.records import Differential, Reading
from miner.whatif import render, what_if

TEXT = (
    "XR HIP LEFT. HISTORY: Dialysis. FINDINGS: Large periarticular calcified mass about the left hip. "
    "IMPRESSION: Tumoral calcinosis."
)


@pytest.fixture(scope="module")
def reading() -> Reading:
    """A report with a context, a description and a name."""
    return miner.read(TEXT)


def chance(differential: Differential, cause: str) -> float:
    """The probability of a cause."""
    return next(c.probability for c in differential.candidates if c.cause == cause)


def log_odds(differential: Differential, cause: str, against: str) -> float:
    """The log of the ratio of two probabilities."""
    return math.log(chance(differential, cause) / chance(differential, against))


def test_nothing_changed_is_the_same(reading: Reading) -> None:
    """Without a change the differential comes out as it was."""
    result = what_if(reading)
    assert reading.cause is not None
    assert {c.cause: c.probability for c in result.after.candidates} == pytest.approx(
        {c.cause: c.probability for c in reading.cause.candidates}
    )
    assert result.after.disagreement == reading.cause.disagreement


def test_without_a_context(reading: Reading) -> None:
    """Taking a piece away takes away exactly its weights, those of combinations with it included."""
    result = what_if(reading, without=["context:dialysis"])
    lost = {c.cause: sum(e.weight for e in c.evidence) for c in result.before.candidates}
    left = {c.cause: sum(e.weight for e in c.evidence) for c in result.after.candidates}
    moved = log_odds(result.before, "metastatic_calcification", "dystrophic") - log_odds(
        result.after, "metastatic_calcification", "dystrophic"
    )
    weights = (lost["metastatic_calcification"] - left["metastatic_calcification"]) - (
        lost["dystrophic"] - left["dystrophic"]
    )
    assert moved == pytest.approx(weights, abs=1e-9)
    assert moved > 2
    assert all(e.entry != "context:dialysis" for c in result.after.candidates for e in c.evidence)


def test_without_what_is_stated(reading: Reading) -> None:
    """``stated:all`` leaves the description alone."""
    result = what_if(reading, without=["stated:all"])
    assert result.after.stated_cause is None
    assert result.after.basis == "inferred"
    assert chance(result.after, "tumoral_calcinosis") < chance(result.before, "tumoral_calcinosis")


def test_with_another_piece(reading: Reading) -> None:
    """An added piece counts with the weight of the lexicon and has no place in the text."""
    result = what_if(reading, adding=["descriptor:rice_grain"], without=["stated:all"])
    plain = what_if(reading, without=["stated:all"])
    assert chance(result.after, "cysticercosis") > chance(plain.after, "cysticercosis")
    added = [e for c in result.after.candidates for e in c.evidence if e.entry == "descriptor:rice_grain"]
    assert added
    assert all(e.start == -1 for e in added)


def test_with_a_name(reading: Reading) -> None:
    """A name can be added too."""
    result = what_if(reading, without=["stated:all"], adding=["stated:phlebolith"])
    assert result.after.stated_cause == "phlebolith"


def test_every_problem_is_told(reading: Reading) -> None:
    """What does not hold and what does not exist is named, all at once, without report text."""
    with pytest.raises(InputError) as error:
        what_if(reading, without=["context:gout", "stated:fop"], adding=["descriptor:nothing", "stated:nobody"])
    for part in ("context:gout", "stated:fop", "descriptor:nothing", "stated:nobody"):
        assert part in str(error.value)
    assert "left hip" not in str(error.value)


def test_lesion_and_report_without_one(reading: Reading) -> None:
    """A lesion that is not there, and a report that has none."""
    with pytest.raises(InputError, match="there are L1"):
        what_if(reading, lesion="L9")
    with pytest.raises(InputError, match="no differential"):
        what_if(miner.read("No calcification."))


def test_rendering(reading: Reading) -> None:
    """The text lists what holds and the causes before and after."""
    text = render(what_if(reading, without=["context:dialysis"]), {"tumoral_calcinosis": "Tumoral calcinosis"})
    assert "without context:dialysis" in text
    assert "Tumoral calcinosis" in text
    assert "before" in text
