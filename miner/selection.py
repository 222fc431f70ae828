"""Which reports count: duplicates and superseded versions once, failed ones not at all; every step with its number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from miner.errors import InputError
from miner.records import TABLES

if TYPE_CHECKING:
    import numpy.typing as npt
UNITS = ("report", "study", "patient")

DUPLICATES = ("once", "keep")

POLICIES = ("yes", "no", "left_out")
"""What an uncertain finding counts as."""

CAUSE_COLUMN: Mapping[str, str] = {"likely": "cause", "stated": "stated_cause", "inferred": "inferred_cause"}
"""Which cause: the conclusion, what the report names, or what its morphology, sites and contexts point to."""

STUDY = ("person_id", "note_date", "study_description", "body_part", "modality")
"""Rows that agree in all of these, with a patient and a date, are versions of one study."""

_VERSIONS: Mapping[str, int] = {
    **dict.fromkeys(("p", "prelim", "preliminary", "draft", "partial", "provisional", "registered", "unverified"), 1),
    **dict.fromkeys(("f", "final", "finalised", "finalized", "signed", "verified", "approved", "completed"), 2),
    **dict.fromkeys(("c", "corrected", "amended", "modified", "revised"), 3),
}
"""Report states of HL7 OBR-25 and FHIR DiagnosticReport, in the order in which one replaces another."""


class Tables(Protocol):
    """What is counted and scored of a sweep: its tables as frames, with the columns of ``records.TABLES``."""

    @property
    def reports(self) -> pd.DataFrame:
        """One row a report."""

    @property
    def mentions(self) -> pd.DataFrame:
        """One row a mention."""

    @property
    def contexts(self) -> pd.DataFrame:
        """One row a context condition."""

    @property
    def causes(self) -> pd.DataFrame:
        """One row a line of a differential."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of ``reports`` in their order, with ``dropped`` (empty where the row counts, else why it does not).

    ``note`` warns of a denominator that looks incomplete.
    """

    rows: pd.DataFrame
    note: str = ""


def select(sweep: Tables, *, unit: str = "report", among: str | None = None, duplicates: str = "once") -> Selection:
    """Marks the rows that do not count, in this order: ``superseded``, ``failed``, ``duplicate``, ``other context``.

    A preliminary report is superseded by a final one, and a final by a corrected one, of the same patient, date and
    study. Two rows are duplicates if their texts are equal and nothing that is known tells them apart: same patient
    and date, or, without a patient, equal in all carried columns. ``duplicates="keep"`` counts both kinds.
    ``among`` keeps only units (reports, studies, patients) in any report of which that context condition is present.
    Raises InputError for an empty sweep, an unknown choice, or a condition that no report has.
    """
    reports = sweep.reports
    if not len(reports):
        raise InputError("the sweep has no reports: there is nothing to count. Check its input")
    if duplicates not in DUPLICATES:
        raise InputError(f"duplicates={duplicates!r} is not known; choose one of {', '.join(DUPLICATES)}")
    schema = TABLES["reports"]
    rows = reports.reset_index(drop=True)
    rows = rows.assign(**{name: None for name in schema.names if name not in rows.columns})
    rows["dropped"] = ""
    if duplicates == "once":
        rows.loc[_superseded(rows), "dropped"] = "superseded"
    rows.loc[_failed(rows) & (rows["dropped"] == ""), "dropped"] = "failed"
    if duplicates == "once":
        rows.loc[_duplicated(rows), "dropped"] = "duplicate"
    if among is None:
        return Selection(rows)
    naming = rows["note_id"].isin(_having(sweep, among)) & (rows["dropped"] == "")
    codes = unit_codes(rows, unit)
    inside = pd.Series(codes, index=rows.index).isin(codes[naming.to_numpy()])
    rows.loc[~inside & (rows["dropped"] == ""), "dropped"] = "other context"
    manifest = getattr(sweep, "manifest", None) or {}
    whole = manifest.get("settings", {}).get("contexts") == "all"
    return Selection(rows, "" if whole else _incomplete(rows[naming], among))


def flow(sweep: Tables, *, unit: str = "report", among: str | None = None, duplicates: str = "once") -> pd.DataFrame:
    """The flow of selection: how many reports, studies and patients each step leaves or takes.

    Columns: ``step``, ``reports``, ``studies``, ``patients`` (missing where no report carries a patient id).
    Raises InputError as ``select`` does.
    """
    return steps(select(sweep, unit=unit, among=among, duplicates=duplicates), among)


def steps(selection: Selection, among: str | None = None) -> pd.DataFrame:
    """The steps of ``flow`` for a selection that is already made; its columns."""
    rows, why = selection.rows, selection.rows["dropped"]
    taken = [
        ("rows read", pd.Series(True, index=rows.index)),
        ("superseded by a later version", why == "superseded"),
        ("failed", why == "failed"),
        ("exact duplicates", why == "duplicate"),
    ]
    if among is not None:
        taken.append((f"without {among}", why == "other context"))
    taken.append(("counted", why == ""))
    known = bool(rows["person_id"].notna().any())
    studies = unit_codes(rows, "study")
    return pd.DataFrame(
        [
            {
                "step": step,
                "reports": int(mask.sum()),
                "studies": len(pd.unique(studies[mask.to_numpy()])),
                "patients": int(rows.loc[mask, "person_id"].nunique()) if known else pd.NA,
            }
            for step, mask in taken
        ]
    ).astype({"patients": "Int64"})


def unit_codes(rows: pd.DataFrame, unit: str) -> npt.NDArray[np.int64]:
    """A number for the report, study or patient of each row; -1 where the patient is asked for and not known."""
    if unit not in UNITS:
        raise InputError(f"unit={unit!r} is not known; choose one of {', '.join(UNITS)}")
    own = np.arange(len(rows), dtype=np.int64)
    if unit == "report":
        return own
    if unit == "patient":
        return np.asarray(pd.factorize(rows["person_id"])[0], dtype=np.int64)
    whole = (rows["person_id"].notna() & rows["note_date"].notna()).to_numpy()
    together = rows.groupby(list(STUDY), dropna=False, sort=False, observed=True).ngroup().to_numpy()
    return np.where(whole, together, len(rows) + own)


def _failed(rows: pd.DataFrame) -> pd.Series:
    return (rows["outcome"] == "failed") | rows["soft_tissue"].isna()


def _superseded(rows: pd.DataFrame) -> pd.Series:
    status = rows["report_status"].astype(object)
    version = status.map({s: _VERSIONS.get(str(s).strip().lower(), 0) for s in status.dropna().unique()})
    version = version.astype(float).fillna(0)
    able = (version > 0) & rows["person_id"].notna() & rows["note_date"].notna()
    result = pd.Series(False, index=rows.index)
    if not able.any():
        return result
    part = rows.loc[able, list(STUDY)].assign(version=version[able])
    # a version that could not be read replaces nothing
    part["readable"] = part["version"].where(~_failed(rows)[able], 0)
    latest = part.groupby(list(STUDY), dropna=False, sort=False, observed=True)["readable"].transform("max")
    result[part.index] = part["version"] < latest
    return result


def _duplicated(rows: pd.DataFrame) -> pd.Series:
    result = pd.Series(False, index=rows.index)
    countable = rows["text_digest"].notna() & (rows["dropped"] == "")
    carried = [c for c in TABLES["reports"].names[: TABLES["reports"].names.index("outcome")] if c != "note_id"]
    for known, columns in (
        (rows["person_id"].notna(), ["text_digest", "person_id", "note_date"]),
        (rows["person_id"].isna(), ["text_digest", *(c for c in carried if c not in ("person_id", "report_status"))]),
    ):
        part = rows.loc[countable & known, columns]
        result[part.index] = part.duplicated()
    return result


def _incomplete(naming: pd.DataFrame, condition: str) -> str:
    """A word of warning if all reports with the condition also have a finding word: then the others were not read."""
    mentions = naming["n_mentions"]
    if not len(naming) or mentions.isna().any() or (mentions == 0).any():
        return ""
    return (
        f"every report with {condition} also has a finding word: "
        "the denominator is whole only if swept with --contexts all"
    )


def _having(sweep: Tables, condition: str) -> Any:
    contexts = sweep.contexts
    present = contexts[contexts["status"] == "present"]
    found = present.loc[present["condition"] == condition, "note_id"]
    if not len(found):
        known = sorted(set(present["condition"]))
        shown = ", ".join(known[:30]) + (" ..." if len(known) > 30 else "")
        raise InputError(
            f"among={condition!r}: no report has this condition. "
            + (f"Conditions that are present: {shown}" if known else "The contexts table is empty.")
            + " Reports without a finding word have contexts only if swept with --contexts all."
        )
    return found.unique()
