"""The methods paragraphs for a paper: numbers filled in where the run knows them, the rest marked for the analyst.

What has to be said follows RECORD (items 1, 6, 7, 13, 22) and the criteria of Davidson 2021 for radiology reports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from miner.pages.contents import Contents
from miner.pages.prose import headline, period
from miner.pages.words import count, interval, percent, rows_of

Paragraph = tuple[tuple[str, bool], ...]
"""Pieces of a paragraph; True marks what only the analyst can fill in."""


def methods(contents: Contents) -> dict[str, Paragraph]:
    """Data, labelling, validation and statistics, a paragraph each."""
    texts = {
        "Data": _data(contents),
        "Labelling": _labelling(contents.manifest),
        "Validation": _validation(contents),
        "Statistics": _statistics(contents),
    }
    return {heading: _pieces(text) for heading, text in texts.items()}


def _pieces(text: str) -> Paragraph:
    return tuple((piece, place % 2 == 1) for place, piece in enumerate(re.split(r"\[\[|\]\]", text)) if piece)


def _data(contents: Contents) -> str:
    dated = period(contents, "dated {} to {}") or "dated [[time frame]]"
    patients = f" of {count(contents.patients)} patients" if contents.patients is not None else ""
    return (
        f"{count(contents.read)} free-text radiology reports {dated} were taken from [[information system,"
        " department, population, and how the reports were chosen]]. Access and approval: [[ethics committee, number]]."
        " After leaving out superseded versions, exact duplicates and reports that could not be processed,"
        f" {count(contents.counted)} reports{patients} were counted (Figure 1)."
    )


def _labelling(manifest: Mapping[str, Any]) -> str:
    versions = manifest.get("versions")
    tools = (
        "; ".join(f"{tool} {version}" for tool, version in versions.items()) if isinstance(versions, Mapping) else ""
    )
    return (
        f"Reports were labelled by a rule-based program ({tools or '[[version of miner]]'}) on the medspaCy"
        " framework. Mentions of calcification and ossification were found with a lexicon, without statistical language"
        " model; their status (present, possible, absent, historical, hypothetical, family) was set by context rules,"
        " their place assigned to soft tissue, vessels, organs or other, and the likely cause ranked by Bayes’ rule"
        " from shape, distribution, site, clinical context and what the report states."
        f" Digests: lexicons {_digest(manifest, 'lexicon')}, configuration {_digest(manifest, 'config')}."
        " Code and complete term list: [[where the code and the lexicons are deposited]]."
    )


def _validation(contents: Contents) -> str:
    readers = "[[number and experience of annotators, blinding, agreement]]"
    if contents.corrected is not None and len(contents.corrected):
        row = rows_of(contents.corrected)[0]
        return (
            f"{count(row.get('reviewed'))} reports, drawn at random within strata of the program’s label, were"
            f" checked by {readers}. The {row['estimand']} corrected for labelling error was {percent(row['estimate'])}"
            f" ({interval(row)}; {row['method']})."
        )
    if contents.scores is not None:
        return f"Labels were compared with those of {readers}; scores are given in [[table]]."
    return (
        f"The labels were checked by {readers} on [[number of reports, sampling]]; precision and recall were"
        " [[values with intervals]]. External validation: [[none, or where]]."
    )


def _statistics(contents: Contents) -> str:
    row = headline(contents)
    people = contents.patients is not None
    clusters = ", with patients as clusters" if people and row["method"] != "Wilson" else ""
    others = [
        *(["Wilson for patients"] if people else []),
        *(["Goodman, simultaneous, for the shares of causes"] if len(contents.leaves) else []),
    ]
    shares = (
        " Shares of causes were compared with the expected ranges of "
        f"{contents.source or '[[source of the table]]'}, as a whole by a multinomial"
        " test and for its largest row by two one-sided tests."
        if contents.shares
        else ""
    )
    return (
        "The unit was the report. Uncertain mentions counted as without, and in sensitivity analyses as with"
        f" or not at all. Intervals are 95 % ({'; '.join([str(row['method']) + clusters, *others])})."
        f" Soft tissue calcification was present in {count(row['numerator'])} of {count(row['denominator'])} reports"
        f" ({percent(row['estimate'])}, {interval(row)}).{shares} Subgroups decided beforehand and handling of missing"
        " values: [[to be said]]."
    )


def _digest(manifest: Mapping[str, Any], which: str) -> str:
    nested = manifest.get("digests")
    flat = {**(nested if isinstance(nested, Mapping) else {}), **manifest}
    found = [value for key, value in flat.items() if which in key and isinstance(value, str)]
    return found[0] if found else "[[not recorded]]"
