"""Hiding small cells, and the further cells that would give them away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from miner.errors import InputError

THRESHOLD = 11
"""Counts of 1 to one below this are hidden: the cell-size policy of the US Centers for Medicare and Medicaid."""

NUMBERS = ("numerator", "denominator", "excluded", "estimate", "lower", "upper", "clusters")
WORDS = ("note", "verdict")


def suppress(
    frame: pd.DataFrame, *, dimensions: Sequence[str] = (), policy: str = "policy", threshold: int = THRESHOLD
) -> pd.DataFrame:
    """A prevalence table that may leave the department: no count of 1 to ``threshold`` - 1 in it, or to be had from it.

    ``dimensions`` are the columns whose values add up to a total (strata, and the values of one question). Rows that
    differ in any other identifying column (unit, question) form tables of their own.

    Rule, in this order: (1) where the policies of a table differ by a small number, only the first policy stays, as
    the difference is a count; (2) a cell is hidden when its numerator, its denominator, or their difference is small;
    (3) as every total counts as known, in each line of the table that has a hidden cell at least two are hidden and
    their numerators sum to ``threshold`` or more, and no hidden cell follows from the totals by linear algebra;
    smallest cells go first. Estimate, limits and notes of a hidden cell go with it; small counts of excluded rows
    and of clusters are blanked everywhere, and so are all notes, since they hold counts.
    Source: CMS cell-size policy (ResDAC); complementary suppression as in Hundepool A et al., Statistical disclosure
    control, 2012, chapter 4.
    Limits: protects one table against its own totals, not against two tables published on overlapping groups; bounds
    that follow from inequalities remain (a hidden cell is known to be no larger than the hidden rest of its line).
    Columns: those given, plus ``suppressed``: empty, ``small``, ``complementary`` or ``policy``.
    Raises InputError for missing columns or a threshold below 2.
    """
    dims = list(dimensions)
    missing = [c for c in ("numerator", "denominator", *dims) if c not in frame.columns]
    if missing:
        raise InputError(f"the table lacks {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    if threshold < 2:
        raise InputError(f"threshold {threshold} hides nothing; give 2 or more (11 by default)")
    table = frame.reset_index(drop=True)
    reason = pd.Series("", index=table.index, dtype=object)
    outer = [c for c in ("unit", "what", "among", "cause") if c in table.columns and c not in dims]
    has_policy = policy in table.columns and policy not in dims
    for _, part in table.groupby(outer, dropna=False, sort=False) if outer else [((), table)]:
        kept = part
        if has_policy and part[policy].nunique() > 1 and _policies_tell(part, dims, policy, threshold):
            first = part[policy].iloc[0]
            reason[part.index[part[policy] != first]] = "policy"
            kept = part[part[policy] == first]
        cells, grid = _cells(kept, dims)
        hidden = _small(kept, threshold)
        primary = {cells[i] for i in np.flatnonzero(hidden)}
        everything = _complete(kept, cells, grid, primary, threshold)
        for row, cell in zip(kept.index, cells, strict=True):
            if cell in primary:
                reason[row] = "small"
            elif cell in everything:
                reason[row] = "complementary"
    return _blanked(table.assign(suppressed=reason), threshold)


def _policies_tell(part: pd.DataFrame, dims: list[str], policy: str, threshold: int) -> bool:
    """Whether two policies, side by side, give away a small count of uncertain reports."""
    for _, same in part.groupby(dims, dropna=False, sort=False) if dims else [((), part)]:
        for column in ("numerator", "denominator"):
            values = same[column].to_numpy(dtype=float)
            gaps = np.abs(values[:, None] - values[None, :])
            if ((gaps > 0) & (gaps < threshold)).any():
                return True
    return False


def _cells(kept: pd.DataFrame, dims: list[str]) -> tuple[list[int], npt.NDArray[np.int64]]:
    """The cell of each row (policies share theirs), and each cell's place along every dimension."""
    if not dims:
        return [0] * len(kept), np.zeros((1, 0), dtype=np.int64)
    codes = np.column_stack([pd.factorize(kept[d], use_na_sentinel=False)[0] for d in dims])
    grid, inverse = np.unique(codes, axis=0, return_inverse=True)
    return [int(i) for i in np.ravel(inverse)], grid


def _small(kept: pd.DataFrame, threshold: int) -> npt.NDArray[np.bool_]:
    numerator, denominator = (kept[c].to_numpy(dtype=float) for c in ("numerator", "denominator"))
    few = np.zeros(len(kept), dtype=bool)
    for values in (numerator, denominator, denominator - numerator):
        few |= (values > 0) & (values < threshold)
    return few


def _complete(
    kept: pd.DataFrame, cells: list[int], grid: npt.NDArray[np.int64], primary: set[int], threshold: int
) -> set[int]:
    """``primary`` with as many further cells as it takes to keep it secret."""
    if not primary or grid.shape[1] == 0:
        return set(primary)
    size = np.full(len(grid), np.inf)
    np.minimum.at(size, cells, kept["numerator"].to_numpy(dtype=float))
    lines = [
        np.flatnonzero((np.delete(grid, d, axis=1) == np.delete(cell, d)).all(axis=1))
        for d in range(grid.shape[1])
        for cell in np.unique(np.insert(np.delete(grid, d, axis=1), d, 0, axis=1), axis=0)
    ]
    hidden = set(primary)
    while True:
        weak = _weak_line(lines, hidden, size, threshold)
        if weak is None:
            told = _determined(lines, sorted(hidden), len(grid)) & primary
            weak = next((ln for ln in lines for c in sorted(told) if c in ln and not hidden.issuperset(ln)), None)
        if weak is None:
            return hidden
        shown = [int(c) for c in weak if c not in hidden]
        hidden.add(min(shown, key=lambda c: (size[c] == 0, size[c], c)))


def _weak_line(
    lines: list[npt.NDArray[np.int64]], hidden: set[int], size: npt.NDArray[np.float64], threshold: int
) -> npt.NDArray[np.int64] | None:
    for line in lines:
        inside = [c for c in line if c in hidden]
        if inside and len(inside) < len(line) and (len(inside) < 2 or size[inside].sum() < threshold):
            return line
    return None


def _determined(lines: list[npt.NDArray[np.int64]], hidden: list[int], count: int) -> set[int]:
    """Hidden cells that the totals of the lines settle: those on which no solution of the totals can differ."""
    place = {c: i for i, c in enumerate(hidden)}
    sums = np.zeros((len(lines), len(hidden)))
    for row, line in enumerate(lines):
        for c in line:
            if int(c) in place:
                sums[row, place[int(c)]] = 1
    _, singular, basis = np.linalg.svd(sums)
    free = basis[int((singular > 1e-9).sum()) :]
    return {c for c, i in place.items() if not len(free) or np.abs(free[:, i]).max() < 1e-9}


def _blanked(table: pd.DataFrame, threshold: int) -> pd.DataFrame:
    hidden = table["suppressed"] != ""
    for column in NUMBERS:
        if column not in table.columns:
            continue
        whole = column in ("numerator", "denominator", "excluded", "clusters")
        values = table[column].astype("Int64" if whole else "Float64")
        few = (values > 0) & (values < threshold) if column in ("excluded", "clusters") else hidden
        table[column] = values.mask(hidden | few.fillna(False), pd.NA)
    for column in WORDS:
        if column in table.columns:
            table[column] = ""
    return table
