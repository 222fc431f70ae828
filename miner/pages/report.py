"""The HTML report of a sweep: one file that stands alone, prints, and holds no patient text unless asked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from miner import counts
from miner.errors import InputError, WriteError
from miner.pages import figures, prose, tables
from miner.pages.contents import Contents, Group, Sweep, gather
from miner.pages.markup import visible
from miner.pages.methods import methods
from miner.pages.words import PERCENT, environment, name, rows_of, sentence

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Soft tissue calcification in radiology reports"
HEADINGS: Mapping[str, str] = {
    "year": "year",
    "sex": "sex",
    "age_band": "age",
    "site_id": "site",
    "modality": "modality",
    "radiologist_id": "radiologist",
}
CONTENTS = (
    ("flow", "Reports"),
    ("prevalence", "Prevalence"),
    ("causes", "Causes"),
    ("elsewhere", "Calcification elsewhere"),
    ("patterns", "Sites and descriptors"),
    ("audit", "How well reports describe it"),
    ("strata", "By group"),
    ("snippets", "Examples in the reports’ own words"),
    ("quality", "Quality of the data"),
    ("methods", "Methods, for a paper"),
    ("manifest", "Manifest"),
)
MOST_DRAWN = 25
"""Beyond so many groups the table says more than a figure."""

QUALITY: Mapping[str, str] = {
    "made_ids": "Report ids made from the row’s position",
    "unreadable.note_date": "Dates that could not be read",
    "dates_in_other_order": "Dates read in the other order of day and month",
    "unreadable.age": "Ages that could not be read",
    "blank_texts": "Reports without text",
    "duplicates": "Duplicates seen while reading",
}
"""What the manifest may count about the input, by its path there, and how the page calls it."""

HIDDEN = ("path",)
"""Keys of the manifest that stay off the page: where files lay on the machine says nothing to its readers."""

MOST_LEVELS = 6
"""So many columns the table of criteria by group may have."""

MOST_FUNNELS = 3

MOST_ITEMS = 30
"""So many entries of a list of the manifest are shown; a sweep may have thousands of inputs."""


def report(
    sweep: Sweep,
    *,
    path: str | os.PathLike[str] | None = None,
    labels: Mapping[str, str] | None = None,
    table: pd.DataFrame | None = None,
    families: Mapping[str, str | None] | None = None,
    corrected: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
    calibration: pd.DataFrame | None = None,
    first_look: pd.DataFrame | None = None,
    written: float | None = None,
    snippets: bool = False,
    texts: Mapping[str, str] | None = None,
    lexicons: Sequence[str | Path] = (),
    title: str = TITLE,
) -> Path | str:
    """The report of a sweep as one HTML file at ``path``, which is returned; without ``path`` the HTML itself.

    ``labels`` maps entry ids to labels. ``table`` (``cause_family``, ``label``, ``low``, ``high``) holds the expected
    shares of the causes, of which ``table.attrs["source"]`` is cited; ``families`` the row of each cause, as for
    ``cause_shares``. ``corrected`` is what ``statistics.corrected.two_phase`` returns, ``calibration`` what
    ``statistics.calibration.reliability`` returns, and ``scores`` any table of scores against checked labels, its first
    column naming the row. ``first_look`` is what ``explain.first_look`` returns: how the reader did on new reports that
    were written for it. ``written``: of a made-up corpus, the share of reports that were written with soft tissue
    calcification. ``lexicons``: the folders that the sweep was made with. ``snippets`` puts a few words around
    mentions into the page; ``texts`` (note id to report text) must then be given, and the page says that it holds
    patient text. Without ``snippets`` the texts are not looked at.

    Raises InputError for an empty sweep, snippets without texts or a folder that does not exist, WriteError where the
    file cannot be written.
    """
    target = None if path is None else Path(path)
    problems = []
    if snippets and texts is None:
        problems.append("snippets=True needs the reports' texts: give texts, a mapping of note_id to text")
    if target is not None and not target.parent.is_dir():
        problems.append(f"{target.parent}: there is no such folder; make it first")
    if problems:
        raise InputError("\n".join(problems))
    contents = gather(
        sweep,
        table=table,
        families=families,
        corrected=corrected,
        scores=scores,
        calibration=calibration,
        first_look=first_look,
        written=written,
        texts=texts if snippets else None,
        lexicons=lexicons,
    )
    html = page(contents, labels or {}, title=title)
    if target is None:
        return html
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_text(html, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        raise WriteError(f"{target}: the report could not be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def page(contents: Contents, labels: Mapping[str, str], *, title: str = TITLE) -> str:
    """The finished frames and numbers as HTML."""
    shown = [each for each in CONTENTS if each[0] != "snippets" or contents.snippets]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            kicker=_kicker(contents.manifest),
            lede=prose.lede(contents, labels),
            facts=prose.facts(contents, labels),
            contents=shown,
            flow_words=prose.flow(contents),
            prevalence_words=prose.prevalence(contents),
            error_words=prose.error(contents),
            calibration_words=prose.calibration(contents),
            causes_words=prose.causes(contents),
            disagreement_words=prose.disagreement(contents),
            elsewhere_words=prose.elsewhere(contents),
            audit_words=prose.audit(contents),
            audit=_audit(contents),
            strata_words=prose.strata(contents),
            methods=methods(contents),
            figures=_figures(contents, labels),
            tables=_tables(contents, labels),
            strata=[_group(group, labels) for group in contents.groups],
            snippets=_snippets(contents, labels),
            state=str(contents.manifest.get("state", "complete")),
            cautions=[sentence(each) for each in contents.cautions],
            footer=_kicker(contents.manifest),
        )
    )


def _figures(contents: Contents, labels: Mapping[str, str]) -> dict[str, Any]:
    steps = contents.steps.assign(label=[sentence(str(label)) for label in contents.steps["label"]])
    overall = contents.prevalence.assign(
        label=[
            f"{tables.UNITS.get(unit, unit).capitalize()}, uncertain {tables.policy(policy)}"
            for unit, policy in zip(contents.prevalence["unit"], contents.prevalence["policy"], strict=True)
        ],
        series=[tables.UNITS.get(unit, unit) for unit in contents.prevalence["unit"]],
        note="",
    )
    drawn = {
        "flow": figures.flow(steps),
        "prevalence": figures.forest(overall, title="Prevalence of soft tissue calcification", axis="share"),
        "causes": None,
        "sites": _heat(contents.sites, labels, "Sites by causes", "sites"),
        "descriptors": _heat(contents.descriptors, labels, "Descriptors by causes", "descriptors"),
        "reliability": None,
    }
    if contents.shares and contents.leaves["numerator"].sum():
        likely = contents.shares["likely"]
        rows = likely[likely["in_table"].astype(bool)].drop(columns="note")
        drawn["causes"] = figures.forest(
            rows, title="Causes beside the teaching page", odds=True, reference="teaching page",
            axis="share of findings with a cause in the table",
        )  # fmt: skip
    if contents.calibration is not None and len(contents.calibration):
        drawn["reliability"] = figures.reliability(contents.calibration)
    return {key: _safe(svg) for key, svg in drawn.items()}


def _heat(frame: pd.DataFrame, labels: Mapping[str, str], title: str, down: str) -> str | None:
    if not frame.size:
        return None
    named = frame.set_axis([name(each, labels) for each in frame.index], axis=0)
    named = named.set_axis([name(each, labels) for each in frame.columns], axis=1)
    return figures.heat(named, title=title, across="causes", down=down)


def _tables(contents: Contents, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "prevalence": tables.prevalence(contents.prevalence),
        "corrected": None if contents.corrected is None else tables.corrected(contents.corrected),
        "first_look": None if contents.first_look is None else tables.first_look(contents.first_look),
        "scores": None if contents.scores is None else tables.scores(contents.scores),
        "shares": [tables.shares(frame, basis, labels) for basis, frame in contents.shares.items()],
        "leaves": tables.leaves(contents.leaves, labels) if len(contents.leaves) else None,
        "disagreement": tables.disagreement(contents.disagreement, labels),
        "scopes": tables.scopes(contents.scopes),
        "concepts": tables.concepts(contents.concepts, labels),
        "quality": tables.pairs("The input and the run", ("What", "Rows"), _quality(contents), numeric=True),
        "failures": tables.failures(contents.failures),
        "manifest": tables.pairs("What the run was", ("Item", "Value"), _flat(contents.manifest), numeric=False),
    }


def _audit(contents: Contents) -> dict[str, Any]:
    """The scorecard, the criteria by site, modality and year, and the funnels of those that differ most by radiologist.

    Where all radiologists lie within chance, the funnel of the criterion that counts most reports is shown.
    """
    card = contents.audit
    labels = dict(zip(card.criteria["criterion"], card.criteria["label"], strict=True))
    marks = card.marks
    by = [
        tables.scorecard_by(card.rates(column), column, heading, labels)
        for column, heading in (("site_id", "site"), ("modality", "modality"), ("year", "year"))
        if 1 < marks[column].nunique() <= MOST_LEVELS
    ]
    drawn = []
    if marks["radiologist_id"].nunique() > 2:
        found = {criterion: card.funnel(criterion) for criterion in labels}
        beyond = {
            c: (int(((f["outside"] == "99.8") & ~f["small"]).sum()), int(f["counted"].sum())) for c, f in found.items()
        }
        first = sorted((c for c in beyond if beyond[c][1]), key=lambda c: beyond[c], reverse=True)
        shown = [c for c in first if beyond[c][0]][:MOST_FUNNELS] or first[:1]
        drawn = [
            {"svg": _safe(figures.funnel(found[c], title=f"{labels[c]} by radiologist")), "label": labels[c]}
            for c in shown
        ]
    return {"card": tables.scorecard(card.card), "by": by, "funnels": drawn}


def _quality(contents: Contents) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [("Rows read", contents.read)]
    lines += [
        (f"Left out: {row['label']}", row["count"])
        for row in rows_of(contents.steps)
        if row["role"] == "aside" and row["label"] != counts.UNREAD
    ]
    lines.append(("Reports counted", contents.counted))
    if contents.later:
        lines.append(("Dated after the day of the sweep", contents.later))
    told = dict(_flat(contents.manifest))
    return lines + [(heading, told[key]) for key, heading in QUALITY.items() if key in told]


def _group(group: Group, labels: Mapping[str, str]) -> dict[str, Any]:
    heading = HEADINGS.get(group.column, group.column.replace("_", " "))
    if group.frame is None:
        empty = tables.Table("", (), ())
        return {"heading": f"By {heading}", "figure": None, "caption": "", "table": empty, "reason": group.reason}
    frame = group.frame
    if group.column == "body_region":
        named = [level if level.startswith("(") else sentence(name(level, labels)) for level in frame[group.column]]
        frame = frame.assign(**{group.column: named})
    drawn = frame[frame[group.column] != "(not recorded)"]
    if group.column == "year":
        svg: str | None = figures.over_time(drawn.rename(columns={"year": "period"}))
        caption = f"Reports with soft tissue calcification by year; the band is the 95{PERCENT} interval."
    elif len(drawn) > MOST_DRAWN:
        svg, caption = None, ""
    else:
        svg = figures.forest(
            drawn.rename(columns={group.column: "label"}).drop(columns="note"), title=f"Prevalence by {heading}"
        )
        caption = f"Reports with soft tissue calcification by {heading}; 95{PERCENT} intervals."
    return {
        "heading": f"By {heading}",
        "figure": _safe(svg),
        "caption": caption,
        "table": tables.strata(frame, group.column, heading),
        "reason": "",
    }


def _snippets(contents: Contents, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, str]]] = {}
    for each in contents.snippets:
        parts = {"before": each.before, "words": each.words, "after": each.after}
        groups.setdefault(each.cause, []).append({key: _one_line(text) for key, text in parts.items()})
    return [{"heading": name(cause, labels), "lines": lines} for cause, lines in groups.items()]


def _one_line(text: str) -> str:
    return visible(text).replace("\n", " ").replace("\t", " ")


def _kicker(manifest: Mapping[str, Any]) -> str:
    versions = manifest.get("versions")
    version = str(versions.get("miner", "")) if isinstance(versions, Mapping) else ""
    ended = str(manifest.get("end", ""))[:10]
    return " · ".join(part for part in (f"miner {version}".strip(), f"run of {ended}" if ended else "") if part)


def _flat(value: Any, path: str = "") -> list[tuple[str, object]]:
    """A manifest as lines of path and value; each entry of a list is one line."""
    if isinstance(value, Mapping):
        return [
            line
            for key, each in value.items()
            if key not in HIDDEN
            for line in _flat(each, f"{path}.{key}".lstrip("."))
        ]
    if not isinstance(value, list):
        return [(path, value)]
    if not any(isinstance(each, Mapping) for each in value):
        return [(path, ", ".join(map(str, value)) or "none")]
    lines: list[tuple[str, object]] = [
        (f"{path}.{place}", "; ".join(f"{key} {each}" for key, each in _flat(item) if each not in (None, "none")))
        for place, item in enumerate(value[:MOST_ITEMS], start=1)
    ]
    more = len(value) - MOST_ITEMS
    return [*lines, (path, f"and {more} more")] if more > 0 else lines


def _safe(svg: str | None) -> Any:
    return None if svg is None else Markup(svg)
