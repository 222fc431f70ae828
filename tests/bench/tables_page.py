"""``docs/tables.md``: every column of every table, from ``miner/records.py`` and the meanings below.

    python tests/bench/tables_page.py [--check]

A column without a meaning, or a meaning without a column, is an error. With ``--check`` nothing is written and the exit
code is 1 where the page is out of date.
"""

from __future__ import annotations

import sys

import pyarrow as pa
from blocks import ROOT

from miner import records

PAGE = ROOT / "docs" / "tables.md"

ROWS = {
    "reports": "One row for every row of the input, in the same order, whatever became of it.",
    "mentions": "One row for every place where a report speaks of calcification or ossification, denied ones too. "
    "Named forms (phlebolith, chondrocalcinosis, heterotopic ossification) count as mentions.",
    "attributes": "One row for every descriptor, site or measurement that belongs to a mention.",
    "contexts": "One row for every disease, injury, operation, drug or exposure that bears on the cause: in reports "
    "with "
    "a finding word, or in all reports where the sweep was made with `--contexts all`.",
    "causes": "The differential of every lesion: one row for every candidate, ranked.",
    "advice": "What reports with soft tissue calcification say besides their findings: one row for every statement.",
    "failures": "One row for every report that could not be read or mined. The report keeps its row in `reports`.",
}

SHARED = {
    "note_id": "Identifier of the report, as text, exactly as it was given. Made from the row's position where the "
    "input has none.",
    "start": "First character in the text as given, counted from 0 as Python counts `str`.",
    "end": "Position behind the last character.",
    "section": "Section of the report in which it stands.",
    "mention_id": "Identifier of the mention, unique within its report.",
    "lesion_id": "Lesion that it belongs to, unique within its report. Mentions of the same thing share it.",
}

MEANINGS = {
    "reports": {
        "person_id": "Patient. Needed for patient-level counts and for intervals that allow for clustering.",
        "note_date": "Date of the study; null where it could not be read.",
        "modality": "As given.",
        "study_description": "As given; also tells the reader which region the film shows.",
        "body_part": "As given; used likewise.",
        "age": "Years.",
        "sex": "As given; values that begin with F, W or M also serve as evidence.",
        "site_id": "As given.",
        "radiologist_id": "As given.",
        "report_status": "As given (preliminary, final, corrected); a superseded version is not counted twice.",
        "outcome": "`mined`; `screened_out`: no finding word, so nothing to mine; `failed`.",
        "soft_tissue": "`present`, `possible` or `absent`: calcification or ossification of soft tissue, in this "
        "patient, at this study. Null where `failed`.",
        "elsewhere": "The same outside soft tissue: vessel, organ, lung, breast, node, rib cartilage, bone.",
        "kind": "`calcification`, `ossification` or `both`, of the soft tissue mentions that are present or possible.",
        "cause": "Id of the likely cause of the leading lesion, as deep as the evidence allows: a leaf, else its "
        "family. "
        "Null where `soft_tissue` is `absent`.",
        "cause_family": "Row of the teaching page's table that the cause belongs to; null where it has none.",
        "cause_probability": "Posterior probability of `cause`, 0 to 1.",
        "cause_basis": "`stated`: the report names it; `inferred`: from form, place, context; `prior`: the base rate "
        "only.",
        "stated_cause": "What the report names, hedged naming included.",
        "kind_basis": "What decided the kind of the leading lesion: `word`, `structure` (cortex, trabeculae, zones are "
        "described), `undetermined` (the report leaves it open and describes no order).",
        "lesion_id": "Lesion that speaks for the report: its row in `causes` is the differential behind `cause`.",
        "disagreement": "How the named cause and the description disagree: `unsupported` (nothing described speaks for "
        "it), `points_elsewhere` (the description alone gives another cause), `context_missing` (nothing is said that "
        "would bring it about).",
        "inferred_cause": "What the evidence says when the report's own words about the cause are left aside.",
        "abstained": "The evidence does not separate the leading causes; a person should look.",
        "n_mentions": "Number of mentions.",
        "body_region": "Body region that `study_description` and `body_part` name, by the sites lexicon; null where "
        "they name none. The text is not asked, so that it is known alike for reports with and without a finding.",
        "text_digest": "64-bit digest of the text without its white space, by which copies are told. Not reversible, "
        "but "
        "whoever holds a text can recognise it.",
    },
    "mentions": {
        "concept": "Id of the entry in `lexicons/findings.toml`.",
        "kind": "`calcification` or `ossification`.",
        "status": "`present`, `possible`, `absent`, `historical` (on the prior only), `hypothetical` (a question, a "
        "plan, "
        "general teaching), `family` (somebody else).",
        "scope": "`soft_tissue`, `vascular` (arteries), `organ` (viscera, breast, brain, valves, stones), `other` "
        "(nodes, "
        "costal cartilage, disc, bone).",
        "sites": "Ids of `lexicons/sites.toml`: of the sentence, else of the examination.",
        "laterality": "`left`, `right`, `bilateral` (only when said), null.",
        "descriptors": "Ids of `lexicons/descriptors.toml`.",
        "size_mm": "Largest stated dimension, mm.",
        "cues": "Ids of `lexicons/cues.toml` that set the status.",
        "scope_basis": "What decided the scope: a finding, a site, the examination.",
    },
    "attributes": {
        "dimension": "What it is: site, shape, texture, size, extent, measurement, laterality and so on.",
        "value": "Id of the entry, or the measurement.",
        "start": "As above; -1 where the examination gave it and no word did.",
        "end": "Position behind the last character; -1 likewise.",
    },
    "contexts": {
        "condition": "Id of the condition (`lexicons/contexts.toml`).",
        "status": "As in mentions.",
    },
    "causes": {
        "rank": "1 is the most probable.",
        "cause": "Id of the cause.",
        "probability": "Posterior, 0 to 1; the candidates of a lesion add up to 1.",
        "stated": "The report names it.",
        "evidence": "What speaks for and against it: `entry` (id), `kind`, `weight` (natural log-likelihood ratio), "
        "`start`, `end` (-1 where no words stand behind it).",
    },
    "advice": {
        "topic": "`comparison`, `follow_up` (something is advised), `work_up` (test or referral), `naming` (a name "
        "that is out of date).",
        "entry": "Id of the entry in `lexicons/advice.toml`.",
        "modality": "Of a follow-up: entry of the modality named in the same sentence; null where none is.",
        "interval_days": "Of a follow-up: the interval named in the same sentence, in days; null where none is.",
    },
    "failures": {
        "stage": "`read` or `mine`: where it broke.",
        "error": "Class of the error, without report text.",
    },
}


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_kind(kind.value_type)}"
    if pa.types.is_struct(kind):
        return "struct"
    return {"string": "text", "double": "float", "date32[day]": "date", "bool": "true or false"}.get(
        str(kind), str(kind)
    )


def page() -> str:
    """The page. Raises ValueError where columns and meanings do not fit."""
    parts = [
        "# Tables",
        "",
        "A sweep writes `OUT/run.json` and one Parquet data set for each table, `OUT/<table>/part-*.parquet`. No "
        "table holds"
        " report text; positions point into the text that the hospital keeps.",
        "",
        f"Schema version {records.SCHEMA_VERSION}. This page is made by `tests/bench/tables_page.py`.",
    ]
    problems = []
    for table, schema in records.TABLES.items():
        own = MEANINGS.get(table, {})
        parts += ["", f"## {table}", "", ROWS[table], "", "| column | type | meaning |", "|---|---|---|"]
        problems += [f"{table}: no column {name}" for name in own if name not in schema.names]
        for field in schema:
            meaning = own.get(field.name) or SHARED.get(field.name)
            if meaning is None:
                problems.append(f"{table}: {field.name} has no meaning")
            parts.append(f"| `{field.name}` | {_kind(field.type)} | {meaning} |")
    if problems:
        raise ValueError("; ".join(problems))
    parts += [
        "",
        "## run.json",
        "",
        "Schema version, state (`running`, `interrupted`, `complete`), versions of the tool, medspaCy, spaCy and "
        "Python, "
        "digests of the lexicons and of the configuration, the settings, the inputs with size, digest and recognised "
        "columns, counts (read = mined + screened out + failed), duplicates, what fell short, start and end.",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
