"""Finished frames as the tables of the report: captions, headings, and every cell as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from miner.pages.words import PERCENT, count, interval, known, name, percent, rows_of, sentence

if TYPE_CHECKING:
    import pandas as pd

POLICIES: Mapping[str, str] = {
    "yes": "as with",
    "no": "as without",
    "left_out": "left out",
}
UNITS: Mapping[str, str] = {"report": "reports", "study": "studies", "patient": "patients"}
BASES: Mapping[str, str] = {
    "likely": "likely cause",
    "stated": "cause stated in the report",
    "inferred": "cause inferred from description and context",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to print; the first cell of a row is its heading, ``text`` says which columns are not numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: tuple[int, ...] = (0,)
    note: str = ""


def prevalence(frame: pd.DataFrame) -> Table:
    """Prevalence per unit and policy for uncertain mentions."""
    rows = [
        (
            f"{UNITS.get(row['unit'], row['unit']).capitalize()}, uncertain {policy(row['policy'])}",
            count(row["numerator"]),
            count(row["denominator"]),
            count(row["excluded"]),
            percent(row["estimate"]),
            interval(row),
            str(row["method"]),
        )
        for row in rows_of(frame)
    ]
    return Table(
        "Soft tissue calcification or ossification by how uncertain mentions are treated",
        ("Unit", "With", "Of", "Left out", "Prevalence", f"95{PERCENT} interval", "Method"),
        tuple(rows),
        (0, 6),
        said_of_all(frame.get("note")),
    )


def strata(frame: pd.DataFrame, column: str, heading: str) -> Table:
    """Prevalence per value of one column."""
    rows = [
        (
            value(row[column]),
            count(row["numerator"]),
            count(row["denominator"]),
            percent(row["estimate"]),
            interval(row),
        )
        for row in rows_of(frame)
    ]
    return Table(
        f"Reports with soft tissue calcification by {heading}",
        (heading.capitalize(), "With", "Of", "Prevalence", f"95{PERCENT} interval"),
        tuple(rows),
    )


def shares(frame: pd.DataFrame, basis: str, labels: Mapping[str, str]) -> Table:
    """Causes beside the rows of the teaching page's table, with what has no row there apart below them."""
    unit = UNITS.get(str(frame["unit"].iloc[0]), "reports") if len(frame) else "reports"
    rows = [
        (
            sentence(str(row["label"]) if row["in_table"] else labels.get(row["row"]) or str(row["label"])),
            f"{count(row['numerator'])} of {count(row['denominator'])}",
            percent(row["estimate"]),
            interval(row),
            _range(row),
            str(row["verdict"]).replace(" %", PERCENT),
        )
        for row in rows_of(frame)
    ]
    notes = frame.loc[frame["in_table"].astype(bool), "note"] if len(frame) else None
    return Table(
        f"By {BASES.get(basis, basis)}, beside the teaching page",
        ("Cause", unit.capitalize(), "Share", f"95{PERCENT} interval", "Teaching page", "In words"),
        tuple(rows) if frame["numerator"].sum() else (),
        (0, 5),
        said_of_all(notes),
    )


def scopes(frame: pd.DataFrame) -> Table:
    """Mentions by scope and status; empty when nothing at all was mentioned."""
    statuses = [column for column in frame.columns if column not in ("scope", "reports")]
    rows = [
        (sentence(name(row["scope"], {})), *(count(row[status]) for status in statuses), count(row["reports"]))
        for row in rows_of(frame)
    ]
    return Table(
        "Mentions by where they lie and by status",
        ("Scope", *(status.capitalize() for status in statuses), "Reports with a present one"),
        tuple(rows) if frame[[*statuses, "reports"]].to_numpy().sum() else (),
    )


def concepts(frame: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """The commonest entries outside soft tissue."""
    rows = [
        (sentence(name(row["concept"], labels)), name(row["scope"], {}), count(row["mentions"]), count(row["reports"]))
        for row in rows_of(frame)
    ]
    return Table(
        "The commonest findings outside soft tissue, present or possible",
        ("Finding", "Scope", "Mentions", "Reports"),
        tuple(rows),
        (0, 1),
    )


def disagreement(frame: pd.DataFrame, labels: Mapping[str, str], *, most: int = 15) -> Table:
    """The pairs of stated and inferred cause that differ, commonest first."""
    rows = [
        (
            sentence(name(row["stated_cause"], labels)),
            sentence(name(row["inferred_cause"], labels)),
            count(row["reports"]),
        )
        for row in rows_of(frame[~frame["agree"].astype(bool)].head(most))
    ]
    return Table(
        "Where the stated cause does not fit what is described",
        ("Stated in the report", "Inferred from description and context", "Reports"),
        tuple(rows),
        (0, 1),
    )


def scorecard(frame: pd.DataFrame) -> Table:
    """The criteria of the audit, how many reports each counts and how many meet it."""
    rows = [
        (
            str(row["label"]),
            str(row["asks"]),
            count(row["met"]),
            count(row["counted"]),
            percent(row["estimate"]),
            interval(row),
            "small number" if "small" in str(row["note"]).split("; ") else "",
        )
        for row in rows_of(frame)
    ]
    return Table(
        "What reports with soft tissue calcification say",
        ("Criterion", "What is asked", "Met", "Of", "Share", f"95{PERCENT} interval", "Note"),
        tuple(rows),
        (0, 1, 6),
        "Intervals allow for radiologists (Korn-Graubard); with few of them they are rough. There is no sum score.",
    )


def scorecard_by(frame: pd.DataFrame, column: str, heading: str, labels: Mapping[str, str]) -> Table:
    """The shares of each criterion by one column; small numbers are shown as such and not as a share."""
    levels = list(dict.fromkeys(frame[column]))
    cells = {(row["criterion"], row[column]): row for row in rows_of(frame)}

    def cell(criterion: str, level: object) -> str:
        row = cells[criterion, level]
        if not row["counted"]:
            return "–"
        small = "small" in str(row["note"]).split("; ")
        return f"({count(row['counted'])})" if small else f"{percent(row['estimate'])} of {count(row['counted'])}"

    rows = [(label, *(cell(criterion, level) for level in levels)) for criterion, label in labels.items()]
    return Table(
        f"Criteria by {heading}",
        ("Criterion", *(value(level) for level in levels)),
        tuple(rows),
        note="A number in brackets stands for fewer than 11 reports, of which no share is given. "
        "Intervals: miner audit --by.",
    )


def leaves(frame: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Reports per likely cause, as deep as the evidence goes."""
    rows = [
        (
            sentence(name(row["cause"], labels).strip("()")),
            count(row["numerator"]),
            percent(row["estimate"]),
            interval(row),
        )
        for row in rows_of(frame)
    ]
    return Table(
        "Likely cause of each report, as deep as the evidence goes",
        ("Cause", "Reports", "Share", f"95{PERCENT} interval"),
        tuple(rows),
        note="The intervals hold together (Goodman). Abstained: the evidence does not separate the leading causes.",
    )


def corrected(frame: pd.DataFrame) -> Table:
    """Prevalence corrected for the machine's mistakes, from a review."""
    rows = [
        (
            str(row["estimand"]),
            percent(row["estimate"]),
            interval(row),
            count(row.get("reviewed")),
            str(row.get("method") or ""),
        )
        for row in rows_of(frame)
    ]
    return Table(
        "Prevalence corrected for the machine’s mistakes",
        ("Estimand", "Prevalence", f"95{PERCENT} interval", "Reports checked", "Method"),
        tuple(rows),
        (0, 4),
        said_of_all(frame.get("note")),
    )


def first_look(frame: pd.DataFrame) -> Table:
    """How the reader did on new reports that were written for it."""
    rows = [
        (sentence(str(row["measure"])), percent(row["value"]), interval(row), count(row["n"])) for row in rows_of(frame)
    ]
    return Table(
        f"On {count(frame.attrs.get('reports'))} new written reports, read before anything was changed for them",
        ("Measure", "Value", f"95{PERCENT} interval", "Of"),
        tuple(rows),
        note="The reports and their labels were written by language models for this purpose; they are no patients’ "
        "reports, and no person has checked them. What your reports are like, only a checked sample of them can say.",
    )


def scores(frame: pd.DataFrame) -> Table:
    """Scores against checked labels, column by column as given; proportions as percentages."""
    proportions = [column for column in frame.columns if _is_proportion(frame[column])]
    rows = [
        tuple(percent(row[column]) if column in proportions else value(row[column]) for column in frame.columns)
        for row in rows_of(frame)
    ]
    text = tuple(place for place, column in enumerate(frame.columns) if not known(next(iter(frame[column]), None)))
    head = tuple(sentence(value(column).replace("_", " ")) for column in frame.columns)
    return Table("Scores against checked labels", head, tuple(rows), text or (0,))


def pairs(caption: str, head: tuple[str, str], items: Iterable[tuple[str, object]], *, numeric: bool) -> Table:
    """A table of names and values."""
    return Table(caption, head, tuple((key, value(each)) for key, each in items), (0,) if numeric else (0, 1))


def failures(frame: pd.DataFrame) -> Table:
    """Failed reports by stage and class of error."""
    rows = [(value(row["stage"]), value(row["error"]), count(row["reports"])) for row in rows_of(frame)]
    return Table("Failed reports by stage", ("Stage", "Error", "Reports"), tuple(rows), (0, 1))


def policy(given: object) -> str:
    """What a policy for uncertain mentions means, in words."""
    return POLICIES.get(str(given), str(given).replace("_", " "))


def value(given: Any) -> str:
    """A cell as text: whole numbers without a decimal point, a dash for a missing one."""
    if given is None or (isinstance(given, Real) and not known(given)):
        return "not given"
    if known(given) and not isinstance(given, bool):
        return f"{given:,.0f}" if float(given).is_integer() else f"{given:g}"
    return str(given)


def said_of_all(notes: Iterable[Any] | None) -> str:
    """What the notes of all rows have in common, as a sentence; what holds for single rows stands in the columns."""
    parts = [str(note).split("; ") if isinstance(note, str) else [] for note in ([] if notes is None else notes)]
    shared = [part for part in dict.fromkeys(parts[0]) if part and all(part in each for each in parts)] if parts else []
    return f"{sentence('; '.join(shared))}." if shared else ""


def _range(row: Mapping[str, Any]) -> str:
    low: Any = row.get("low")
    high: Any = row.get("high")
    if not known(low) or not known(high):
        return "–"
    return "–".join(f"{100 * float(each):.6f}".rstrip("0").rstrip(".") or "0" for each in (low, high)) + PERCENT


def _is_proportion(column: pd.Series) -> bool:
    return column.dtype.kind == "f" and bool(column.dropna().between(0, 1).all())
