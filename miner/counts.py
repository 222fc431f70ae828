"""Plain counts over the tables of a sweep: what was found elsewhere, sites and descriptors by cause, disagreement.

Every function takes finished frames and returns a tidy one; none reads a file, and no count needs report text.
"""

from __future__ import annotations

import pandas as pd

from miner.records import SCOPES, STATUSES
from miner.selection import Tables, flow
from miner.shares import ABSTAINED
from miner.statistics.intervals import goodman

FOUND = ("present", "possible")

UNREAD = "without a finding word"
"""The step of the flow at which reports leave that hold no word to mine; they count as without."""


def steps(sweep: Tables, counted: pd.DataFrame) -> pd.DataFrame:
    """The flow of reports as a diagram shows it: ``label``, ``count``, ``role``.

    ``counted`` are the rows of ``reports`` that count. ``role`` is ``main``, ``aside`` (what left after the step above
    it) or ``split`` (what was found in those mined; these add up to the last ``main``).
    """
    selected = flow(sweep)
    taken = list(zip(selected["step"], selected["reports"], strict=True))
    lines = [("rows read", int(taken[0][1]), "main")]
    lines += [(str(step), int(left), "aside") for step, left in taken[1:-1] if left]
    lines.append(("reports counted", len(counted), "main"))
    mined = counted[counted["outcome"] == "mined"]
    lines.append((UNREAD, len(counted) - len(mined), "aside"))
    lines.append(("mined", len(mined), "main"))
    neither = mined["soft_tissue"] == "absent"
    beyond = neither & mined["elsewhere"].isin(FOUND)
    lines += [
        ("soft tissue: present", int((mined["soft_tissue"] == "present").sum()), "split"),
        ("soft tissue: possible", int((mined["soft_tissue"] == "possible").sum()), "split"),
        ("elsewhere only", int(beyond.sum()), "split"),
        ("denied or not now", int((neither & ~beyond).sum()), "split"),
    ]
    return pd.DataFrame(lines, columns=["label", "count", "role"])


def leaves(counted: pd.DataFrame) -> pd.DataFrame:
    """Reports in which soft tissue calcification is present, by likely cause as deep as the evidence goes.

    Columns: ``cause``, ``numerator``, ``denominator``, ``estimate``, ``lower``, ``upper`` (Goodman, simultaneous);
    commonest first, the reports that abstain last, as ``(abstained)``.
    """
    found = counted[counted["soft_tissue"] == "present"]
    causes = found["cause"].astype(object).where(found["cause"].notna(), "(none)")
    tally = causes.mask(found["abstained"].isin([True]), ABSTAINED).value_counts()
    order = sorted(tally.index, key=lambda cause: (cause == ABSTAINED, -tally[cause], cause))
    if not order:
        return pd.DataFrame(columns=["cause", "numerator", "denominator", "estimate", "lower", "upper"])
    shares = goodman([int(tally[cause]) for cause in order], order)
    renamed = shares.rename(columns={"category": "cause", "count": "numerator", "nobs": "denominator"})
    return renamed.astype({"numerator": "int64", "denominator": "int64"})


def scopes(mentions: pd.DataFrame) -> pd.DataFrame:
    """Mentions by scope and status: ``scope``, one count column per status, ``reports`` (with a present mention)."""
    table = pd.crosstab(mentions["scope"], mentions["status"]).reindex(index=SCOPES, columns=STATUSES, fill_value=0)
    present = mentions[mentions["status"] == "present"].groupby("scope", observed=True)["note_id"].nunique()
    table["reports"] = present.reindex(table.index, fill_value=0)
    return table.rename_axis("scope").rename_axis(None, axis=1).reset_index().astype({"reports": "int64"})


def concepts(mentions: pd.DataFrame, *, most: int = 12) -> pd.DataFrame:
    """The commonest entries found outside soft tissue: ``concept``, ``scope``, ``mentions``, ``reports``."""
    found = mentions[(mentions["scope"] != "soft_tissue") & mentions["status"].isin(FOUND)]
    grouped = (
        found.groupby(["concept", "scope"], observed=True)["note_id"]
        .agg(mentions="size", reports="nunique")
        .reset_index()
    )
    return grouped.sort_values(["reports", "concept"], ascending=[False, True]).head(most).reset_index(drop=True)


def by_cause(
    mentions: pd.DataFrame, causes: pd.DataFrame, *, column: str, most: int = 14, wide: int = 10
) -> pd.DataFrame:
    """Soft tissue lesions by site or descriptor (rows) and leading cause (columns), commonest first.

    ``column`` is ``sites`` or ``descriptors``. A lesion counts once per value that any of its mentions has, so rows do
    not add up to lesions. Only lesions with a present or possible mention count. At most ``most`` rows and ``wide``
    columns are returned.
    """
    found = mentions[(mentions["scope"] == "soft_tissue") & mentions["status"].isin(FOUND)]
    leading = causes.loc[causes["rank"] == 1, ["note_id", "lesion_id", "cause"]].astype({"cause": object})
    values = found[["note_id", "lesion_id", column]].explode(column).dropna(subset=[column])
    pairs = values.merge(leading, on=["note_id", "lesion_id"]).drop_duplicates()
    table = pairs.groupby([column, "cause"]).size().unstack(fill_value=0)
    lesions = pairs[["note_id", "lesion_id", "cause"]].drop_duplicates()["cause"].value_counts()
    table = table[sorted(lesions.index, key=lambda cause: (-lesions[cause], cause))[:wide]]
    totals = table.sum(axis=1)
    return table.loc[sorted(totals[totals > 0].index, key=lambda value: (-totals[value], value))[:most]]


def disagreement(reports: pd.DataFrame) -> pd.DataFrame:
    """Stated against inferred cause: ``stated_cause``, ``inferred_cause``, ``reports``, ``agree``; commonest first.

    Only reports that name a cause count.
    """
    named = reports[reports["stated_cause"].notna() & reports["inferred_cause"].notna()]
    named = named.astype({"stated_cause": object, "inferred_cause": object})
    table = named.groupby(["stated_cause", "inferred_cause"]).size().rename("reports").reset_index()
    table["agree"] = table["stated_cause"] == table["inferred_cause"]
    return table.sort_values("reports", ascending=False, kind="stable").reset_index(drop=True)


def failures(failed: pd.DataFrame) -> pd.DataFrame:
    """Failed reports by stage and class of error: ``stage``, ``error``, ``reports``."""
    kinds = failed.assign(error=failed["error"].astype("string").str.split(":").str[0])
    return kinds.groupby(["stage", "error"], dropna=False, observed=True).size().rename("reports").reset_index()
