"""Hiding small cells so that they stay hidden."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from miner.errors import InputError
from miner.statistics.suppression import suppress


def table(numerators: list[int], denominators: list[int] | None = None, **extra: object) -> pd.DataFrame:
    """A prevalence table with one stratum a row."""
    n = len(numerators)
    return pd.DataFrame(
        {
            "site": [f"s{i}" for i in range(n)],
            "numerator": numerators,
            "denominator": denominators or [1000] * n,
            "excluded": [0] * n,
            "estimate": [0.1] * n,
            "lower": [0.05] * n,
            "upper": [0.2] * n,
            "note": ["3 failed"] * n,
            **extra,
        }
    )


def test_nothing_small_hides_nothing() -> None:
    """A table without small counts keeps its numbers; notes go, as they hold counts."""
    found = suppress(table([40, 50, 0]), dimensions=["site"])
    assert found["suppressed"].eq("").all()
    assert found["numerator"].tolist() == [40, 50, 0]
    assert found["note"].eq("").all()


@pytest.mark.parametrize("count", [1, 10])
def test_small_counts_take_a_second_cell_with_them(count: int) -> None:
    """Counts of 1 to 10 are hidden with their rates, and the next smallest cell with them, else the total tells."""
    found = suppress(table([count, 40, 25, 60]), dimensions=["site"])
    assert found["suppressed"].tolist() == ["small", "", "complementary", ""]
    hidden = found[found["suppressed"] != ""]
    assert hidden[["numerator", "denominator", "estimate", "lower", "upper"]].isna().all(axis=None)
    assert found.loc[1, "estimate"] == pytest.approx(0.1)


def test_eleven_and_zero_are_shown() -> None:
    """11 is not small, and 0 discloses nobody."""
    assert suppress(table([11, 0]), dimensions=["site"])["suppressed"].eq("").all()


def test_the_threshold_can_be_moved() -> None:
    """With a threshold of 5 a count of 7 is shown and one of 4 is not."""
    found = suppress(table([7, 4, 30]), dimensions=["site"], threshold=5)
    assert found["suppressed"].tolist() == ["complementary", "small", ""]


def test_small_complements_and_small_denominators_are_hidden() -> None:
    """Nearly all of a stratum, and a stratum of a few, disclose as much as a small count."""
    assert suppress(table([995, 40, 50]), dimensions=["site"])["suppressed"][0] == "small"
    found = suppress(table([0, 40, 50], [6, 1000, 1000]), dimensions=["site"])
    assert found["suppressed"][0] == "small"


def test_hidden_cells_sum_to_the_threshold() -> None:
    """Two hidden ones that sum to less than 11 would still be disclosed by the total, so a third goes."""
    found = suppress(table([1, 2, 30, 70]), dimensions=["site"])
    assert found["suppressed"].tolist() == ["small", "small", "complementary", ""]


def test_policies_that_differ_by_a_few_are_not_shown_side_by_side() -> None:
    """If uncertain counts as yes and as no differ by 3, the difference is a small cell: only the first stays."""
    frame = pd.DataFrame(
        {"policy": ["yes", "no", "left_out"], "numerator": [43, 40, 40], "denominator": [900, 900, 897]}
    )
    assert suppress(frame)["suppressed"].tolist() == ["", "policy", "policy"]
    apart = frame.assign(numerator=[80, 40, 40], denominator=[900, 900, 860])
    assert suppress(apart)["suppressed"].eq("").all()


def test_a_stratum_is_hidden_under_every_policy() -> None:
    """A cell that is small under one policy is hidden under all, as one gives away the other."""
    frame = pd.DataFrame(
        {
            "site": ["a", "a", "b", "b", "c", "c"],
            "policy": ["yes", "no"] * 3,
            "numerator": [25, 8, 60, 40, 90, 70],
            "denominator": [500] * 6,
        }
    )
    found = suppress(frame, dimensions=["site"])
    assert found["suppressed"].tolist() == ["small", "small", "complementary", "complementary", "", ""]


def test_tables_of_different_questions_are_apart() -> None:
    """Rows of another unit are another table with totals of its own."""
    frame = pd.concat([table([5, 40, 50]).assign(unit="report"), table([20, 40, 50]).assign(unit="patient")])
    found = suppress(frame, dimensions=["site"])
    assert found["suppressed"].tolist() == ["small", "complementary", "", "", "", ""]


def test_small_numbers_of_excluded_rows_and_patients_are_blanked() -> None:
    """Excluded rows and clusters of 1 to 10 go, larger ones and zero stay."""
    found = suppress(table([40, 50, 60], excluded=[3, 30, 0], clusters=[200, 7, 300]), dimensions=["site"])
    assert found["excluded"].isna().tolist() == [True, False, False]
    assert found["clusters"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("seed", range(25))
def test_no_hidden_cell_follows_from_the_totals(seed: int) -> None:
    """In random two-way tables with all totals known, every small cell keeps a range under linear programming."""
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(2, 6)), int(rng.integers(2, 6))
    counts = rng.choice([3, 8, 15, 40, 90, 200], size=(rows, columns), p=[0.12, 0.1, 0.2, 0.2, 0.2, 0.18])
    cells = list(itertools.product(range(rows), range(columns)))
    frame = pd.DataFrame(
        {
            "sex": [f"r{r}" for r, _ in cells],
            "year": [f"c{c}" for _, c in cells],
            "numerator": [int(counts[r, c]) for r, c in cells],
            "denominator": 5000,
        }
    )
    found = suppress(frame, dimensions=["sex", "year"])
    hidden = [i for i in range(len(cells)) if found["suppressed"][i] != ""]
    small = [i for i, (r, c) in enumerate(cells) if counts[r, c] < 11]
    assert set(small) <= set(hidden)
    if not hidden:
        return
    lines = [[i for i in hidden if cells[i][0] == r] for r in range(rows)]
    lines += [[i for i in hidden if cells[i][1] == c] for c in range(columns)]
    lines = [line for line in lines if line]
    sums = np.array([[float(i in line) for i in hidden] for line in lines])
    totals = np.array([sum(counts[cells[i]] for i in line) for line in lines], dtype=float)
    for i in small:
        goal = np.array([float(j == i) for j in hidden])
        low = optimize.linprog(goal, A_eq=sums, b_eq=totals).fun
        high = -optimize.linprog(-goal, A_eq=sums, b_eq=totals).fun
        assert high - low > 0.5


def test_a_bridge_between_two_hidden_blocks_is_found() -> None:
    """A small cell that totals would settle, though each of its lines has two hidden cells, gets a further one."""
    counts = np.full((5, 5), 300)
    for r, c in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 3), (2, 4), (3, 3), (3, 4), (2, 2), (4, 2)):
        counts[r, c] = 7
    cells = list(itertools.product(range(5), range(5)))
    frame = pd.DataFrame(
        {
            "a": [r for r, _ in cells],
            "b": [c for _, c in cells],
            "numerator": [int(counts[r, c]) for r, c in cells],
            "denominator": 9000,
        }
    )
    found = suppress(frame, dimensions=["a", "b"])
    hidden = [cells[i] for i in range(25) if found["suppressed"][i] != ""]
    sums = np.array([[float(h[0] == r) for h in hidden] for r in range(5)])
    sums = np.vstack([sums, [[float(h[1] == c) for h in hidden] for c in range(5)]])
    for i, cell in enumerate(hidden):
        if counts[cell] == 7:
            unit = np.eye(len(hidden))[i]
            assert np.linalg.matrix_rank(np.vstack([sums, unit])) > np.linalg.matrix_rank(sums)


def test_what_cannot_be_suppressed_is_refused() -> None:
    """Missing columns and a threshold that hides nothing are errors."""
    with pytest.raises(InputError, match="lacks year"):
        suppress(table([5, 6]), dimensions=["year"])
    with pytest.raises(InputError, match="hides nothing"):
        suppress(table([5, 6]), threshold=1)
