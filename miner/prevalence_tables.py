"""How many reports, studies or patients show it, with an interval, in every stratum and under every policy."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from miner.errors import ApproximationWarning, InputError
from miner.records import CARRIED
from miner.selection import CAUSE_COLUMN, POLICIES, UNITS, Tables, flow, select, steps, unit_codes
from miner.shares import ABSTAINED, NONE, cause_shares
from miner.statistics.intervals import FEW_CLUSTERS, korn_graubard, wilson
from miner.tabulation import render, save_table

if TYPE_CHECKING:
    import numpy.typing as npt
__all__ = [
    "POLICIES",
    "QUESTIONS",
    "UNITS",
    "age_band",
    "cause_shares",
    "flow",
    "prevalence",
    "render",
    "save_table",
]

QUESTIONS = ("soft_tissue", "elsewhere", "kind", "cause", "cause_family", "concept", "site", "descriptor", "context")

DERIVED = ("year", "age_band")
REGION = "body_region"
UNKNOWN = "(not recorded)"
OUT_OF_RANGE = "(out of range)"
MOST_LEVELS = 50
OLDEST = 120
ESTIMAND = "labelled prevalence: sampling error only"
"""What the number is: the machine's labels taken as they are. ``statistics.corrected`` allows for their errors."""

_IDLE = ("text_digest", "cause_probability", "cause_basis", "disagreement", "n_mentions", "lesion_id", "kind_basis")
"""Columns of ``reports`` that nothing is counted by: a million rows are copied without them."""

_STATE_CODE = {"present": 2, "possible": 1}


def prevalence(
    sweep: Tables,
    *,
    unit: str = "report",
    by: Sequence[str] | str = (),
    what: str = "soft_tissue",
    uncertain: str = "all",
    cause: str = "likely",
    among: str | None = None,
    duplicates: str = "once",
    level: float = 0.95,
) -> pd.DataFrame:
    """Prevalence with an interval: of soft tissue calcification, of calcification elsewhere, of each cause and so on.

    ``unit``: ``report``, ``study`` (rows of one patient, date and study together) or ``patient``; a study or patient
    has what any of its reports has. ``by``: columns of ``reports``, among them ``body_region``, and
    ``year``, ``age_band``. ``what``:
    ``soft_tissue`` or ``elsewhere``; the id of a cause (with all of its row in the teaching page's table, if it is the
    name of one); or one row for each value of ``kind``, ``cause``, ``cause_family``, and, from soft
    tissue mentions, ``concept``, ``site``, ``descriptor``, and ``context``. ``uncertain``: whether ``possible`` counts
    as ``yes``, as ``no``, or is ``left_out``; ``all`` gives the three. ``cause``: ``likely``, ``stated`` or
    ``inferred``. ``among``: only reports in which this context condition is present. ``duplicates``: ``once`` or
    ``keep``.

    Interval: patients by Wilson; reports and studies by Korn-Graubard with patients as clusters; Wilson where no
    report has a patient id, and the note says that clustering is off. It covers sampling only and takes the labels for
    the truth. Sources: ``miner.statistics.intervals``.
    Columns: the strata (text; ``(not recorded)`` where null), ``unit``, ``what``, ``value``, ``policy``, ``numerator``,
    ``denominator``, ``excluded`` (units that do not count, the note says why), ``estimate``, ``lower``, ``upper``
    (fractions), ``method``, ``clusters`` (patients; missing if unknown), ``estimand``, ``note``.
    ``frame.attrs["flow"]`` holds the flow of selection as records.
    Warns ApproximationWarning where fewer than 200 patients carry an interval, and where a denominator from contexts
    looks incomplete. Raises InputError, with all problems at once, for an empty sweep, unknown choices, missing
    columns, more than 50 levels in a column, or patients asked for without patient ids.
    """
    strata = [by] if isinstance(by, str) else list(by)
    selection = select(sweep, unit=unit, among=among, duplicates=duplicates)
    _check_choices(sweep, unit, what, uncertain, cause)
    idle = [name for name in _IDLE if name in selection.rows.columns and name not in strata]
    rows = selection.rows.drop(columns=idle)
    rows = with_strata(rows[rows["dropped"] != "other context"], strata)
    if unit == "patient" and rows["person_id"].isna().all():
        raise InputError("unit='patient' needs patient ids, and no report has a person_id: use unit='report'")
    hits = _hits(sweep, rows, what, cause)
    values = sorted(set(hits["value"])) or ["any" if what in QUESTIONS else what]
    policies = POLICIES if uncertain == "all" else (uncertain,)
    found = [
        {**dict(zip(strata, key, strict=True)), "unit": unit, "what": what, **line}
        for key, part in _parts(rows, strata)
        for line in _stratum(part, hits, values, unit, policies, level)
    ]
    frame = pd.DataFrame(found)
    frame["estimand"] = ESTIMAND
    if among is not None:
        frame.insert(len(strata), "among", among)
    if selection.note:
        frame["note"] = [f"{n}; {selection.note}" if n else selection.note for n in frame["note"]]
        warnings.warn(selection.note, ApproximationWarning, stacklevel=2)
    _warn_few(frame)
    frame = frame[[*(c for c in frame.columns if c != "note"), "note"]].astype({"clusters": "Int64"})
    taken = steps(selection, among)
    frame.attrs["flow"] = taken.astype(object).where(taken.notna(), None).to_dict("records")
    return frame


def with_strata(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """``rows`` with the strata as text columns named ``by:`` and their name, so that ids and dates stay as they are.

    Raises InputError, all at once, for columns that do not exist or have more than 50 levels, with what to use instead.
    """
    instead = {"age": "age_band", "note_date": "year", "person_id": "unit='patient'", "study_description": "body_part"}
    problems, columns = [], {}
    for name in by:
        if (name not in rows.columns and name not in DERIVED) or name == "dropped":
            problems.append(f"by={name!r}: no such column; choose from {', '.join((*CARRIED, REGION, *DERIVED))}")
        elif name == REGION and rows[name].isna().all():
            problems.append("by='body_region': no report has one; give study_description or body_part, or sweep again")
        else:
            columns[name] = _stratum_column(rows, name)
            levels = columns[name].nunique()
            if levels > MOST_LEVELS:
                hint = f"use {instead[name]}" if name in instead else "group its values first"
                problems.append(f"by={name!r}: {levels} levels are more than {MOST_LEVELS}; {hint}")
    if len(set(by)) < len(by):
        problems.append(f"by names a column twice: {', '.join(by)}")
    clash = [n for n in by if n in ("unit", "what", "value", "policy", "numerator", "denominator", "outcome")]
    problems += [f"by={n!r}: this column cannot be a stratum" for n in clash]
    if problems:
        raise InputError("\n".join(problems))
    return rows.assign(**{f"by:{name}": column for name, column in columns.items()})


def age_band(age: pd.Series) -> pd.Series:
    """Ages in years as text, ten to a band, ``90+`` at the top; beyond 0 to 120 they are ``(out of range)``."""
    years = pd.to_numeric(age, errors="coerce").astype(float)
    low = (years.clip(0, 90).fillna(0) // 10 * 10).astype(int)
    text: Any = low.map(lambda v: "90+" if v == 90 else f"{v}-{v + 9}").astype(object)
    result: pd.Series = text.mask(~years.between(0, OLDEST), OUT_OF_RANGE).mask(years.isna(), UNKNOWN)
    return result


def _stratum_column(rows: pd.DataFrame, name: str) -> pd.Series:
    if name == "age_band" and name not in rows.columns:
        return age_band(rows["age"])
    if name == "year" and name not in rows.columns:
        values = pd.to_datetime(rows["note_date"], errors="coerce").dt.year.astype("Int64")
    else:
        values = rows[name]
    codes, levels = pd.factorize(values)
    # the last one is where the code -1 of a missing value points to
    words = np.array([*(str(level).strip() or UNKNOWN for level in levels), UNKNOWN], dtype=object)
    return pd.Series(words[codes], index=rows.index)


def _parts(rows: pd.DataFrame, strata: list[str]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    if not strata:
        yield (), rows
        return
    places = rows.groupby([f"by:{name}" for name in strata]).indices
    keyed = {(key if isinstance(key, tuple) else (key,)): where for key, where in places.items()}
    # what is not known comes last; one part at a time, since together they are the whole once more
    for key in sorted(keyed, key=lambda k: [(level in (UNKNOWN, OUT_OF_RANGE), str(level)) for level in k]):
        yield tuple(map(str, key)), rows.take(np.asarray(keyed[key], dtype=np.intp))


def _hits(sweep: Tables, rows: pd.DataFrame, what: str, cause: str) -> pd.DataFrame:
    """One line for every row and value that it has: ``row`` (index), ``value``, ``code`` (2 present, 1 possible)."""
    counted = rows[rows["dropped"] == ""]
    if what in ("soft_tissue", "elsewhere"):
        codes = counted[what].astype(object).map(_STATE_CODE).dropna()
        return pd.DataFrame({"row": codes.index, "value": "any", "code": codes.to_numpy(dtype=float)})
    if what in ("kind", "cause", "cause_family"):
        column = CAUSE_COLUMN[cause] if what == "cause" else what
        codes = counted["soft_tissue"].astype(object).map(_STATE_CODE).dropna()
        found = counted.loc[codes.index]
        values: Any = found[column].astype(object)
        values = values.where(values.notna(), NONE)
        if what != "kind" and cause == "likely":
            values = values.mask(found["abstained"].isin([True]), ABSTAINED)
        return pd.DataFrame({"row": codes.index, "value": values, "code": codes.to_numpy(dtype=float)})
    if what not in QUESTIONS:
        codes = counted["soft_tissue"].astype(object).map(_STATE_CODE).dropna()
        found = counted.loc[codes.index]
        of_it = found[CAUSE_COLUMN[cause]] == what
        if cause == "likely":
            of_it = (of_it | (found["cause_family"] == what)) & ~found["abstained"].isin([True])
        codes = codes[of_it.fillna(False).astype(bool)]
        return pd.DataFrame({"row": codes.index, "value": what, "code": codes.to_numpy(dtype=float)})
    if what == "context":
        source, column = sweep.contexts, "condition"
    else:
        source, column = sweep.mentions, {"concept": "concept", "site": "sites", "descriptor": "descriptors"}[what]
        source = source[source["scope"] == "soft_tissue"]
    wanted: Any = source[source["status"].isin(_STATE_CODE)][["note_id", column, "status"]]
    wanted = wanted.explode(column).dropna(subset=[column])
    ids = pd.DataFrame({"note_id": counted["note_id"], "row": counted.index})
    joined = wanted.merge(ids, on="note_id")
    joined = joined.assign(value=joined[column], code=joined["status"].astype(object).map(_STATE_CODE).astype(float))
    best: pd.DataFrame = joined.groupby(["row", "value"], as_index=False, sort=False, observed=True)["code"].max()
    return best


def _stratum(
    part: pd.DataFrame, hits: pd.DataFrame, values: Sequence[str], unit: str, policies: Sequence[str], level: float
) -> Iterator[dict[str, Any]]:
    """The lines of one stratum: every value under every policy."""
    part = part.assign(code=unit_codes(part, unit))
    without = int((part["code"] < 0).sum())
    known = part[part["code"] >= 0]
    counted = known[known["dropped"] == ""]
    codes, units = pd.factorize(counted["code"])
    first = counted.drop_duplicates("code")
    persons, ids = pd.factorize(first["person_id"])
    alone = persons < 0
    clusters = np.where(alone, len(ids) + np.cumsum(alone) - 1, persons)
    clustered = unit != "patient" and bool((~alone).any())
    reasons = _reasons(known, unit, without)
    lost = known["code"].nunique() - len(units)
    place = np.full(int(part.index.max()) + 1, -1)
    place[counted.index] = codes
    inside = hits[hits["row"] < len(place)]
    inside = inside.assign(unit=place[inside["row"]])
    inside = inside[inside["unit"] >= 0]
    for value in values:
        chosen = inside[inside["value"] == value]
        state = np.zeros(len(units))
        np.maximum.at(state, chosen["unit"].to_numpy(), chosen["code"].to_numpy())
        for policy in policies:
            keep = state != 1 if policy == "left_out" else np.ones(len(state), dtype=bool)
            positive = (state >= (1 if policy == "yes" else 2))[keep]
            open_ = int((~keep).sum())
            line = _line(positive, clusters[keep], clustered, unit, level)
            why = [*reasons, *([f"{open_} uncertain left out"] if open_ else [])]
            yield {
                "value": value,
                "policy": policy,
                "numerator": int(positive.sum()),
                "denominator": len(positive),
                "excluded": lost + open_,
                **line,
                "clusters": pd.NA if alone.all() else len(np.unique(clusters[keep])),
                "note": "; ".join(n for n in (line["note"], *why) if n),
            }


def _line(
    positive: npt.NDArray[np.bool_], clusters: npt.NDArray[np.int64], clustered: bool, unit: str, level: float
) -> dict[str, Any]:
    if clustered:
        result = korn_graubard(positive, clusters, level)
    else:
        result = wilson(int(positive.sum()), len(positive), level)
    notes = [result.note]
    if not clustered and unit != "patient":
        notes.append("no patient ids: clustering is off, reports count as independent")
    if len(positive) and not positive.any():
        notes.append("none found: the upper limit is what these data can rule out")
    return {
        "estimate": result.estimate,
        "lower": result.lower,
        "upper": result.upper,
        "method": result.method,
        "note": "; ".join(n for n in notes if n),
    }


def _reasons(known: pd.DataFrame, unit: str, without: int) -> list[str]:
    names = {"superseded": "superseded", "duplicate": "exact duplicates", "failed": "failed"}
    tally = known["dropped"].value_counts()
    parts = [f"{int(tally[key])} {name}" for key, name in names.items() if key in tally.index]
    word = "" if unit == "report" else " reports"
    reasons = [f"not counted{word}: {', '.join(parts)}"] if parts else []
    if without and unit == "patient":
        reasons.append(f"{without} reports without patient id")
    return reasons


def _warn_few(frame: pd.DataFrame) -> None:
    few = (frame["method"] == "Korn-Graubard") & (frame["clusters"].astype("Float64") < FEW_CLUSTERS).fillna(False)
    if few.any():
        warnings.warn(
            f"{int(few.sum())} of {len(frame)} intervals rest on fewer than {FEW_CLUSTERS} patients "
            "and may be too narrow",
            ApproximationWarning,
            stacklevel=3,
        )


def _check_choices(sweep: Tables, unit: str, what: str, uncertain: str, cause: str) -> None:
    problems = [
        f"{name}={value!r} is not known; choose one of {', '.join(allowed)}"
        for name, value, allowed in (
            ("unit", unit, UNITS),
            ("uncertain", uncertain, ("all", *POLICIES)),
            ("cause", cause, tuple(CAUSE_COLUMN)),
        )
        if value not in allowed
    ]
    if what not in QUESTIONS:
        causes = _causes(sweep)
        if what not in causes:
            shown = f"a cause of this sweep ({', '.join(causes)})" if causes else "a cause; this sweep has none"
            problems.append(f"what={what!r} is not known; choose one of {', '.join(QUESTIONS)}, or {shown}")
    if what == "cause_family" and cause != "likely":
        problems.append("what='cause_family' is known for the likely cause only; use what='cause', or cause_shares")
    if problems:
        raise InputError("\n".join(problems))


def _causes(sweep: Tables) -> list[str]:
    """All causes that the sweep names anywhere, the unlikely ones of its differentials too."""
    columns = [sweep.reports.get(c) for c in (*CAUSE_COLUMN.values(), "cause_family")]
    columns.append(sweep.causes.get("cause"))
    return sorted({str(v) for column in columns if column is not None for v in column.dropna().unique()})
