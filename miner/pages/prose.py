"""The sentences of the report: what the numbers say, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from miner.pages.contents import POLICY, Contents
from miner.pages.words import PERCENT, count, interval, known, name, percent, rows_of, sentence
from miner.shares import ABSTAINED

if TYPE_CHECKING:
    import pandas as pd


def headline(contents: Contents) -> Mapping[str, Any]:
    """The row of the prevalence table that the first screen shows: reports, uncertain mentions counted as without."""
    frame = contents.prevalence
    return rows_of(frame[(frame["unit"] == "report") & (frame["policy"] == POLICY)])[0]


def lede(contents: Contents, labels: Mapping[str, str]) -> str:
    """What was found, in two sentences."""
    row = headline(contents)
    if not row["denominator"]:
        return "No report of this sweep could be counted: all failed or were left out."
    if not row["numerator"]:
        uncertain = f" {_reports(contents.possible)} are uncertain." if contents.possible else ""
        return (
            f"None of {count(row['denominator'])} reports shows soft tissue calcification or ossification."
            f" These data can rule out a share above {percent(row['upper'])}.{uncertain}"
        )
    said = (
        f"{count(row['numerator'])} of {count(row['denominator'])} reports show calcification or ossification of soft"
        f" tissue: {percent(row['estimate'])} (95{PERCENT} interval {interval(row)})."
    )
    first = _leading(contents, labels, 1)
    return f"{said} The commonest likely cause is {first[0]}." if first else said


def facts(contents: Contents, labels: Mapping[str, str]) -> list[dict[str, str]]:
    """The four facts of the first screen."""
    row = headline(contents)
    people = f", {_patients(contents.patients)}" if contents.patients is not None else ""
    leading = _leading(contents, labels, 3)
    rest = f"then {' and '.join(leading[1:])}" if leading[1:] else ""
    abstained = f"{count(contents.abstained)} abstained" if contents.abstained else ""
    nothing = "no other cause" if leading else "no soft tissue calcification is present"
    causes = {
        "name": "Leading causes",
        "value": sentence(leading[0]) if leading else "none",
        "detail": "; ".join(part for part in (rest, abstained) if part) or nothing,
    }
    return [
        {
            "name": "Reports",
            "value": count(contents.counted),
            "detail": f"counted of {count(contents.read)} read{people}{period(contents, ', {} to {}')}",
        },
        {
            "name": "With soft tissue calcification",
            "value": percent(row["estimate"]),
            "detail": f"{interval(row)}: {count(row['numerator'])} present, {count(contents.possible)} more uncertain",
        },
        causes,
        _error_fact(contents),
    ]


def flow(contents: Contents) -> str:
    """Who is counted and who is not."""
    people = f" of {_patients(contents.patients)}" if contents.patients is not None else ""
    unknown = "" if contents.patients is not None else " No report carries a patient, so patients cannot be counted."
    dated = period(contents, ", dated {} to {}") or "; no report carries a date"
    left = contents.read - contents.counted
    gone = f" {_reports(left)} left before counting, as the figure shows." if left else ""
    return (
        f"{count(contents.read)} rows were read and {_reports(contents.counted)}{people} counted{dated}.{gone}"
        " A report without any word for calcification or ossification counts as without." + unknown
    )


def prevalence(contents: Contents) -> str:
    """How to read the prevalence table."""
    row = headline(contents)
    said = "This is the prevalence as labelled by the machine; its interval covers sampling, not mistakes in labelling."
    if not row["numerator"] and row["denominator"]:
        said = f"No soft tissue calcification was found; the upper limit is {percent(row['upper'])}. {said}"
    clusters = (
        " Reports of one patient resemble each other, and the interval allows for that."
        if contents.patients is not None
        else " Without patient ids every report counts as independent, so the interval is too narrow if patients recur."
    )
    return said + clusters


def error(contents: Contents) -> str:
    """What is known about the machine's mistakes on this corpus."""
    parts = []
    if contents.corrected is None and contents.scores is None:
        parts.append(
            "Nothing is known yet about the machine’s mistakes on this corpus: no labels have been checked. Have a"
            " person check a random sample (miner sample), with about three quarters of it drawn from reports labelled"
            " as without; then this section shows the corrected prevalence."
        )
    if contents.corrected is not None:
        ground = "a sample of the labels that the corpus was written with" if contents.written is not None else ""
        parts.append(
            f"The corrected prevalence rests on {ground or 'the reports that a person checked'} and assumes nothing"
            " about the machine."
        )
    if contents.scores is not None:
        parts.append("The scores compare the machine’s labels with checked ones.")
    if contents.written is not None:
        parts.append(_written(contents.written, contents.corrected))
    if contents.first_look is not None:
        parts.append("How the reader did on new reports that were written for it stands in the last table.")
    return " ".join(parts)


def calibration(contents: Contents) -> str:
    """What the points of the reliability curve are made of."""
    reports = None if contents.calibration is None else contents.calibration.attrs.get("reports")
    where = (
        f"on {int(reports):,} written reports that no rule was made with, by the labels they were written with and not"
        " on this corpus"
        if reports
        else "on checking"
    )
    return (
        f"How often the likely cause was right, {where}, against the probability the machine gave it. "
        "On the dashed line the two agree; the number beside a point is the number of lesions."
    )


def _written(share: float, corrected: pd.DataFrame | None) -> str:
    """Of a made-up corpus: the share that was written, and whether the corrected intervals hold it."""
    told = (
        f"This corpus was made up, so its truth is known: {percent(share)} of the reports counted were written with"
        " soft tissue calcification, and the sample was held against the labels they were written with."
    )
    if corrected is None:
        return told
    held = [row for row in rows_of(corrected) if known(row["estimate"])]
    outside = [str(row["estimand"]) for row in held if not row["lower"] <= share <= row["upper"]]
    if not outside:
        both = "Both corrected intervals hold" if len(held) == 2 else "The corrected interval holds"
        return f"{told} {both} it."
    return f"{told} The corrected interval of the {' and of the '.join(outside)} does not hold it."


def causes(contents: Contents) -> str:
    """How to read the table of causes."""
    if not headline(contents)["numerator"]:
        return "No soft tissue calcification is present, so there are no causes to show."
    if not contents.shares:
        return "The likely cause of each report, as deep as the evidence goes. No table of expected shares was given."
    likely = contents.shares["likely"]
    unit = {"patient": "Each patient counts once, with the first report that has the finding."}.get(
        str(likely["unit"].iloc[0]), "Each report counts by itself."
    )
    test = likely[likely["in_table"]].iloc[0]
    p_value = float(test["p_value"])
    shown = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
    return (
        "Shares are of the findings whose cause has a row in the teaching page’s table; what has none there, and where"
        f" the miner abstained, stands apart below as a share of all. {unit} Likely causes against the table as a"
        f" whole: {shown} ({test['test']})."
    )


def disagreement(contents: Contents) -> str:
    """How often the stated and the inferred cause agree."""
    frame = contents.disagreement
    total = int(frame["reports"].sum()) if len(frame) else 0
    if not total:
        return "No report names a cause that could be held against the description."
    differ = int(frame.loc[~frame["agree"].astype(bool), "reports"].sum())
    verb = "names" if total == 1 else "name"
    return (
        f"{_reports(total)} {verb} a cause and also give enough to infer one; in {count(differ)} of these the two"
        f" differ ({percent(differ / total)})."
    )


def audit(contents: Contents) -> str:
    """What the scorecard looked at, and how often the named cause does not go with the description."""
    card = contents.audit
    if not card.reports:
        return "No report speaks of soft tissue calcification, so there is nothing to hold against the criteria."
    verb = "speaks" if card.reports == 1 else "speak"
    told = (
        f"{_reports(card.reports)} {verb} of soft tissue calcification. Each criterion counts only reports that it asks"
        " something of, and stands for itself."
    )
    away = int(card.worklist["disagreement"].str.contains("points_elsewhere").sum()) if len(card.worklist) else 0
    if len(card.worklist):
        told += (
            f" In {count(len(card.worklist))} the named cause and the description do not go together; in"
            f" {count(away)} of these the description points to another cause. miner audit --worklist lists them."
        )
    return told


def elsewhere(contents: Contents) -> str:
    """How much of what is found lies outside soft tissue."""
    row = rows_of(contents.elsewhere)[0]
    if not row["numerator"]:
        return "No report shows calcification outside soft tissue."
    return (
        f"{_reports(row['numerator'])} ({percent(row['estimate'])}, {interval(row)}) show calcification in vessels,"
        " organs, nodes, cartilage or bone. None of it counts in the numbers above."
    )


def strata(contents: Contents) -> str:
    """How to read the groups."""
    return (
        "Reports in which soft tissue calcification is present; uncertain ones count as without. The intervals are not"
        " corrected for the number of groups: read a single outlying group with care."
    )


def _leading(contents: Contents, labels: Mapping[str, str], most: int) -> list[str]:
    rows = [row for row in rows_of(contents.leaves) if row["cause"] not in (ABSTAINED, "(none)")]
    return [f"{name(row['cause'], labels)} ({percent(row['estimate'], digits=2)})" for row in rows[:most]]


def _error_fact(contents: Contents) -> dict[str, str]:
    heading = "The machine’s error"
    if contents.corrected is not None and len(contents.corrected):
        rows = [row for row in rows_of(contents.corrected) if known(row["estimate"])]
        if rows:
            return {
                "name": "Corrected for the machine’s error",
                "value": percent(rows[0]["estimate"]),
                "detail": f"{interval(rows[0])}: {rows[0]['estimand']}, after {count(rows[0].get('reviewed'))} checks",
            }
    if contents.scores is not None:
        return {"name": heading, "value": "measured", "detail": "on checked labels; the scores are under Prevalence"}
    if contents.first_look is not None:
        right = rows_of(contents.first_look)[0]
        wrong = {"lower": 1 - float(right["upper"]), "upper": 1 - float(right["lower"])}
        return {
            "name": heading,
            "value": f"{percent(1 - float(right['value']))} wrong",
            "detail": f"of {count(right['n'])} new written reports ({interval(wrong)}); none of this corpus has been"
            " checked",
        }
    unchecked = "no labels of this corpus have been checked; the interval covers sampling only"
    return {"name": heading, "value": "not known", "detail": unchecked}


def period(contents: Contents, template: str) -> str:
    """The first and last date in a template with two places, or nothing where no report carries a date."""
    return "" if contents.first is None else template.format(_day(contents.first), _day(contents.last))


def _day(day: Any) -> str:
    return f"{day.day}\N{NO-BREAK SPACE}{day:%B}\N{NO-BREAK SPACE}{day:%Y}"


def _patients(number: int) -> str:
    return "1 patient" if number == 1 else f"{count(number)} patients"


def _reports(number: Any) -> str:
    return f"{count(number)} report{'' if number == 1 else 's'}"
