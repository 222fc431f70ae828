"""What the report shows, gathered from the rooms that count and estimate: frames and numbers, no wording, no markup."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from miner import counts
from miner.errors import ApproximationWarning, InputError
from miner.pages.words import rows_of
from miner.prevalence_tables import prevalence
from miner.scorecard import Audit, audit
from miner.selection import CAUSE_COLUMN, Tables, select
from miner.shares import cause_shares

POLICY = "no"
"""The policy of the headline, the causes and the groups: what is only possible counts as without."""

GROUPS: Mapping[str, str] = {
    "year": "note_date",
    "sex": "sex",
    "age_band": "age",
    "site_id": "site_id",
    "modality": "modality",
    "body_region": "body_region",
    "radiologist_id": "radiologist_id",
}
"""Each stratum of the report, and the column of ``reports`` that it needs."""

SNIPPETS = 3
"""So many examples a cause are shown where snippets are asked for."""

AROUND = 90
"""So many characters of the report stand on either side of the mention in a snippet."""


class Sweep(Tables, Protocol):
    """What the report needs of a sweep: its tables as frames, and the manifest."""

    @property
    def attributes(self) -> pd.DataFrame:
        """One row a descriptor, site or measurement."""
        ...

    @property
    def advice(self) -> pd.DataFrame:
        """One row a statement about comparison, follow-up, work-up or a name."""
        ...

    @property
    def failures(self) -> pd.DataFrame:
        """The reports that failed: ``note_id``, ``stage``, ``error``."""
        ...

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What ``run.json`` holds: settings, inputs, counts, versions."""
        ...


@dataclass(frozen=True, slots=True)
class Group:
    """Prevalence by one stratum, or the reason why it cannot be shown."""

    column: str
    frame: pd.DataFrame | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A few words of a report around a mention, asked for by the analyst."""

    cause: str
    before: str
    words: str
    after: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Every frame and number that the page shows; ``None`` stands for what was not given or cannot be known."""

    manifest: Mapping[str, Any]
    steps: pd.DataFrame
    read: int
    counted: int
    patients: int | None
    first: Any
    last: Any
    later: int
    possible: int
    abstained: int
    prevalence: pd.DataFrame
    elsewhere: pd.DataFrame
    leaves: pd.DataFrame
    shares: Mapping[str, pd.DataFrame]
    scopes: pd.DataFrame
    concepts: pd.DataFrame
    sites: pd.DataFrame
    descriptors: pd.DataFrame
    groups: tuple[Group, ...]
    disagreement: pd.DataFrame
    failures: pd.DataFrame
    cautions: tuple[str, ...]
    audit: Audit
    corrected: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None
    calibration: pd.DataFrame | None = None
    first_look: pd.DataFrame | None = None
    written: float | None = None
    snippets: tuple[Snippet, ...] = ()
    source: str = ""


def gather(
    sweep: Sweep,
    *,
    table: pd.DataFrame | None = None,
    families: Mapping[str, str | None] | None = None,
    corrected: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
    calibration: pd.DataFrame | None = None,
    first_look: pd.DataFrame | None = None,
    written: float | None = None,
    texts: Mapping[str, str] | None = None,
    lexicons: Sequence[str | Path] = (),
) -> Contents:
    """Collect what the report shows; the arguments are those of ``report``.

    What fell short in the run, and warnings that an interval is approximate, become ``cautions`` of the page. Raises
    InputError for an empty sweep.
    """
    rows = select(sweep).rows
    read = len(rows)
    counted = rows[rows["dropped"] == ""]
    del rows  # of a million reports, no copy more than is needed
    ids = counted.loc[counted["note_id"].isin(sweep.mentions["note_id"]), "note_id"]
    mentions = sweep.mentions[sweep.mentions["note_id"].isin(ids)]
    causes = sweep.causes[sweep.causes["note_id"].isin(ids)]
    has_patients = bool(counted["person_id"].notna().any())
    days = pd.to_datetime(counted["note_date"], errors="coerce").dropna()
    found = counted[counted["soft_tissue"].isin(counts.FOUND)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ApproximationWarning)
        units = ("report", "patient") if has_patients else ("report",)
        overall = pd.concat([prevalence(sweep, unit=unit) for unit in units], ignore_index=True)
        elsewhere = prevalence(sweep, what="elsewhere", uncertain=POLICY)
        shares = {
            basis: cause_shares(sweep, table=table, cause=basis, policy=POLICY, families=families)
            for basis in (CAUSE_COLUMN if table is not None else ())
            if table is not None
        }
        groups = _groups(sweep, counted)
    return Contents(
        manifest=sweep.manifest,
        steps=counts.steps(sweep, counted),
        read=read,
        counted=len(counted),
        patients=int(counted["person_id"].nunique()) if has_patients else None,
        first=days.min() if len(days) else None,
        last=days.max() if len(days) else None,
        later=_later(days, sweep.manifest),
        possible=int((counted["soft_tissue"] == "possible").sum()),
        abstained=int(found["abstained"].isin([True]).sum()),
        prevalence=overall,
        elsewhere=elsewhere,
        leaves=counts.leaves(counted),
        shares=shares,
        scopes=counts.scopes(mentions),
        concepts=counts.concepts(mentions),
        sites=counts.by_cause(mentions, causes, column="sites"),
        descriptors=counts.by_cause(mentions, causes, column="descriptors"),
        groups=groups,
        disagreement=counts.disagreement(counted),
        failures=counts.failures(sweep.failures),
        cautions=_cautions(sweep.manifest, caught),
        audit=audit(sweep, lexicons=lexicons),
        corrected=corrected,
        scores=scores,
        calibration=calibration,
        first_look=first_look,
        written=written,
        snippets=_snippets(mentions, causes, texts) if texts is not None else (),
        source="" if table is None else str(table.attrs.get("source", "")),
    )


def _later(days: pd.Series, manifest: Mapping[str, Any]) -> int:
    """How many reports are dated after the day of the sweep: shifted by de-identification, or wrong."""
    run = pd.to_datetime(str(manifest.get("start", "")), errors="coerce", utc=True)
    return 0 if pd.isna(run) else int((days > run.tz_localize(None)).sum())


def _groups(sweep: Sweep, counted: pd.DataFrame) -> tuple[Group, ...]:
    made = []
    for column, needed in GROUPS.items():
        if counted[needed].isna().all() or (column != "year" and counted[needed].nunique() < 2):
            continue
        try:
            made.append(Group(column, prevalence(sweep, by=[column], uncertain=POLICY)))
        except InputError as error:
            made.append(Group(column, None, str(error)))
    return tuple(made)


def _cautions(manifest: Mapping[str, Any], caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    """What the run and the statistics warned of, each once: what fell short, and which intervals are approximate."""
    told = [str(each) for each in manifest.get("fell_short", [])]
    told += [str(each.message) for each in caught if issubclass(each.category, ApproximationWarning)]
    return tuple(dict.fromkeys(told))


def _snippets(mentions: pd.DataFrame, causes: pd.DataFrame, texts: Mapping[str, str]) -> tuple[Snippet, ...]:
    leading = causes.loc[causes["rank"] == 1, ["note_id", "lesion_id", "cause"]]
    found = mentions[(mentions["scope"] == "soft_tissue") & (mentions["status"] == "present")]
    joined = found.merge(leading, on=["note_id", "lesion_id"])
    made: list[Snippet] = []
    for cause, rows in joined.groupby("cause", observed=True):
        shown = [row for row in rows_of(rows) if row["note_id"] in texts][:SNIPPETS]
        for row in shown:
            text, start, end = texts[row["note_id"]], int(row["start"]), int(row["end"])
            made.append(
                Snippet(str(cause), text[max(0, start - AROUND) : start], text[start:end], text[end : end + AROUND])
            )
    return tuple(made)
