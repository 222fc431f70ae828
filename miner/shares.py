"""The shares of the causes, beside a table of the shares that are expected."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd

from miner.errors import ApproximationWarning, InputError
from miner.selection import CAUSE_COLUMN, POLICIES, UNITS, Tables, select, unit_codes
from miner.statistics.compare import equivalence, multinomial_test, nearest_shares
from miner.statistics.intervals import goodman, wilson

TABLE_COLUMNS = ("cause_family", "label", "low", "high")
FEW = 5
"""Below so many in a row Goodman's limits fall short of their level."""

ABSTAINED = "(abstained)"
NONE = "(none)"


def cause_shares(
    sweep: Tables,
    *,
    table: pd.DataFrame,
    cause: str = "likely",
    policy: str = "no",
    unit: str | None = None,
    families: Mapping[str, str | None] | None = None,
    duplicates: str = "once",
    exact: bool = False,
    level: float = 0.95,
) -> pd.DataFrame:
    """How often each cause is seen among soft tissue calcifications, row by row beside the expected table.

    ``table`` has one row a family: ``cause_family`` (as in ``reports``), ``label``, ``low``, ``high`` (expected share,
    fractions of 1). ``cause``: ``likely``, ``stated``, ``inferred``, or ``all`` three below each other. ``policy``:
    ``no`` counts only findings that are present, ``yes`` also uncertain ones; ``left_out`` equals ``no``, as the
    denominator holds positives only. ``unit``: ``patient`` if any report has a patient id, else ``report``; a patient
    or study counts once, with the first report that has the finding. ``families`` gives each cause its row, and what
    it leaves out has none; without it the rows are taken from the likely causes of this sweep.

    Shares are of the units whose cause has a row; what has none (causes beside the table, abstained, no cause) stands
    apart below, as a share of all units with the finding. Limits: Goodman, simultaneous over the rows, or with
    ``exact`` Clopper-Pearson at the Bonferroni level, which holds where rows are all but empty; Wilson apart.
    ``p_value``: multinomial test, exact or by Monte-Carlo, against those shares within the expected ranges that fit
    best. ``verdict``: for the row with the largest expected share, equivalence by two one-sided tests; for the others,
    where the interval lies. Sources and limits: ``miner.statistics``.
    Columns: ``cause``, ``unit``, ``policy``, ``row``, ``label``, ``in_table``, ``low``, ``high``, ``numerator``,
    ``denominator``, ``estimate``, ``lower``, ``upper``, ``method``, ``test``, ``p_value``, ``verdict``, ``note``.
    Warns ApproximationWarning if reports of one patient count as independent. Raises InputError, with all problems at
    once, for an empty sweep, unknown choices, or a table that cannot be used.
    """
    bases = tuple(CAUSE_COLUMN) if cause == "all" else (cause,)
    if unit is None:
        unit = "patient" if sweep.reports.get("person_id", pd.Series(dtype=object)).notna().any() else "report"
    _check(table, cause, policy, unit)
    rows = select(sweep, duplicates=duplicates).rows
    rows = rows[rows["dropped"] == ""]
    rows = rows.assign(code=unit_codes(rows, unit))
    without = int((rows["code"] < 0).sum())
    if without and without == len(rows):
        raise InputError("unit='patient' needs patient ids, and no report has a person_id: use unit='report'")
    states = ["present", "possible"] if policy == "yes" else ["present"]
    found = rows[rows["soft_tissue"].isin(states) & (rows["code"] >= 0)]
    # undated reports come last, so that a known first report is not passed over
    found = found.sort_values("note_date", na_position="last", kind="stable").drop_duplicates("code")
    notes = [f"{without} reports without patient id left out"] if without else []
    if unit != "patient" and found["person_id"].dropna().duplicated().any():
        notes.append("reports of one patient count as independent: limits too narrow, use unit='patient'")
        warnings.warn(notes[-1], ApproximationWarning, stacklevel=2)
    known = _families(rows, table, families)
    parts = [_shares(found, table, basis, known, notes, level, exact) for basis in bases]
    frame = pd.concat(parts, ignore_index=True)
    frame.insert(1, "unit", unit)
    frame.insert(2, "policy", policy)
    return frame


def _shares(
    found: pd.DataFrame,
    table: pd.DataFrame,
    basis: str,
    families: Mapping[str, str | None],
    notes: list[str],
    level: float,
    exact: bool,
) -> pd.DataFrame:
    placed = _placed(found, basis, families, set(table["cause_family"]))
    tally = placed.value_counts()
    counts = [int(tally.get(family, 0)) for family in table["cause_family"]]
    limits = goodman(counts, list(table["cause_family"]), level, exact=exact)
    test = multinomial_test(counts, nearest_shares(counts, table["low"], table["high"]))
    inside = found[placed.isin(table["cause_family"])]
    prior = int((inside["cause_basis"] == "prior").sum()) if basis == "likely" else 0
    notes = [*notes]
    if not exact and min(counts) < FEW:
        notes.append("rows with few units: the limits hold together less often than they say; exact=True holds")
    if prior:
        notes.append(f"{prior} of {len(inside)} likely causes rest on the base rate alone, which is this table itself")
    lines: list[dict[str, Any]] = []
    for row, limit in zip(table.to_dict("records"), limits.to_dict("records"), strict=True):
        lines.append(
            {
                "row": row["cause_family"],
                "label": row["label"],
                "in_table": True,
                "low": float(row["low"]),
                "high": float(row["high"]),
                "numerator": int(limit["count"]),
                "denominator": sum(counts),
                "estimate": limit["estimate"],
                "lower": limit["lower"],
                "upper": limit["upper"],
                "method": "Clopper-Pearson, Bonferroni" if exact else "Goodman",
                "test": test.method,
                "p_value": test.p_value,
                "verdict": _verdict(row, limit, table, level),
                "note": "; ".join(notes),
            }
        )
    for name in sorted(set(tally.index) - set(table["cause_family"])):
        apart = wilson(int(tally[name]), len(found), level)
        lines.append(
            {
                "row": name,
                "label": _apart_label(name, basis),
                "in_table": False,
                "numerator": int(tally[name]),
                "denominator": len(found),
                "estimate": apart.estimate,
                "lower": apart.lower,
                "upper": apart.upper,
                "method": apart.method,
                "test": "",
                "verdict": _apart_verdict(name, families),
                "note": "share of all units with the finding",
            }
        )
    frame = pd.DataFrame(lines)
    frame.insert(0, "cause", basis)
    return frame


def _placed(found: pd.DataFrame, basis: str, families: Mapping[str, str | None], rows: set[str]) -> pd.Series:
    """The row of the table to which each report belongs, or the name under which it stands apart."""
    placed: Any = found[CAUSE_COLUMN[basis]].astype(object)
    placed = placed.where(placed.notna(), NONE).map(lambda c: families.get(c) or c)
    if basis == "likely":
        family = found["cause_family"].astype(object)
        placed = family.where(family.isin(rows), placed)
        placed = placed.mask(found["abstained"].isin([True]), ABSTAINED)
    result: pd.Series = placed
    return result


def _apart_verdict(name: str, families: Mapping[str, str | None]) -> str:
    return "apart: no row in the table" if name in families or name in (ABSTAINED, NONE) else "apart: row not known"


def _families(
    rows: pd.DataFrame, table: pd.DataFrame, families: Mapping[str, str | None] | None
) -> dict[str, str | None]:
    seen = rows[rows["cause"].notna() & ~rows["abstained"].isin([True])].drop_duplicates(["cause", "cause_family"])
    pairs = zip(seen["cause"], seen["cause_family"], strict=True)
    known: dict[str, str | None] = {c: f if isinstance(f, str) else None for c, f in pairs}
    if families is not None:
        # what a complete list leaves out has no row
        named = {c for column in CAUSE_COLUMN.values() for c in rows[column].dropna().unique()}
        known = {**dict.fromkeys(named), **families}
    known.update({family: family for family in table["cause_family"]})
    return known


def _verdict(row: dict[Any, Any], limit: dict[Any, Any], table: pd.DataFrame, level: float) -> str:
    low, high = float(row["low"]), float(row["high"])
    count, total = int(limit["count"]), int(limit["nobs"])
    if not total:
        return "nothing to compare"
    if high == float(table["high"].max()) and low > 0:
        return equivalence(count, total, low, high, 1 - level).words
    band = f"{100 * low:g}-{100 * high:g} %"
    if limit["lower"] > high:
        return f"above {band}"
    if limit["upper"] < low:
        return f"below {band}"
    return f"within {band}" if low <= limit["lower"] and limit["upper"] <= high else f"interval overlaps {band}"


def _apart_label(name: str, basis: str) -> str:
    if name == NONE:
        return {"stated": "no cause stated", "inferred": "no cause inferred"}.get(basis, "no cause")
    return "abstained: a person should look" if name == ABSTAINED else name.replace("_", " ")


def _check(table: pd.DataFrame, cause: str, policy: str, unit: str) -> None:
    problems = [
        f"{name}={value!r} is not known; choose one of {', '.join(allowed)}"
        for name, value, allowed in (
            ("cause", cause, (*CAUSE_COLUMN, "all")),
            ("policy", policy, POLICIES),
            ("unit", unit, UNITS),
        )
        if value not in allowed
    ]
    missing = [c for c in TABLE_COLUMNS if c not in table.columns]
    if missing:
        problems.append(f"the table of expected shares lacks {', '.join(missing)}")
    else:
        if len(table) < 2:
            problems.append("the table of expected shares needs at least two rows")
        if table["cause_family"].duplicated().any():
            problems.append("the table of expected shares has a cause_family twice")
        if ((table["low"] < 0) | (table["high"] > 1) | (table["low"] > table["high"])).any():
            problems.append("expected shares must be fractions with 0 <= low <= high <= 1 (95 % is 0.95)")
    if problems:
        raise InputError("\n".join(problems))
