"""Gold standards: reports with the labels that a reader should find, from the documented TOML format."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from miner.errors import InputError
from miner.frame import mine_frame
from miner.records import SCOPES, STATES, STATUSES

_REPORT_KEYS = frozenset(
    "note_id person_id note_date age sex modality study_description body_part site_id radiologist_id report_status "
    "note_text soft_tissue elsewhere kind cause cause_also stated_cause mentions contexts style".split()
)


@dataclass(frozen=True, slots=True)
class Gold:
    """A gold standard as frames.

    ``reports``: the input columns and soft_tissue, elsewhere, kind, cause, cause_also (list), stated_cause.
    ``mentions``: note_id, start, end, status, scope, kind, sites (list), laterality, descriptors (list), size_mm,
    lesion.
    ``contexts``: note_id, start, end, condition, status.
    """

    reports: pd.DataFrame
    mentions: pd.DataFrame
    contexts: pd.DataFrame


def files(paths: Iterable[Path]) -> list[Path]:
    """The TOML files among files and folders (with the folders in them), in a fixed order."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("*.toml")) if path.is_dir() else [path]
    return found


def _locate(text: str, item: dict[str, Any]) -> tuple[int, int] | None:
    position = -1
    for _ in range(int(item.get("nth", 1))):
        position = text.find(item["text"], position + 1)
        if position < 0:
            return None
    return position, position + len(item["text"])


def load(paths: Sequence[Path]) -> Gold:
    """Reads gold files (see corpora/gold/GUIDELINE.md, section 11).

    Raises:
        InputError: naming every problem of every file with its report id; never quoting report text.
    """
    if not files(paths):
        raise InputError(f"{', '.join(str(p) for p in paths)}: no gold file (*.toml) in it")
    reports: list[dict[str, Any]] = []
    mentions: list[dict[str, Any]] = []
    contexts: list[dict[str, Any]] = []
    problems: list[str] = []
    seen: set[str] = set()
    for path in files(paths):
        try:
            rows = tomllib.loads(path.read_text(encoding="utf-8")).get("report", [])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            problems.append(f"{path.name}: cannot be read: {error}")
            continue
        for number, row in enumerate(rows, 1):
            name = str(row.get("note_id", f"report {number}"))
            where = f"{path.name}: {name}"
            for key in set(row) - _REPORT_KEYS:
                problems.append(f"{where}: unknown key {key!r}")
            if name in seen:
                problems.append(f"{where}: the note_id stands twice")
            seen.add(name)
            for key in ("note_text", "soft_tissue", "elsewhere"):
                if key not in row:
                    problems.append(f"{where}: {key} is missing")
            if any(f"{where}:" in p for p in problems):
                continue
            for key in ("soft_tissue", "elsewhere"):
                if row[key] not in STATES:
                    problems.append(f"{where}: {key} must be one of {', '.join(STATES)}")
            reports.append({k: v for k, v in row.items() if k not in ("mentions", "contexts")} | {"batch": path.stem})
            for kind, items, out in (
                ("mention", row.get("mentions", []), mentions),
                ("context", row.get("contexts", []), contexts),
            ):
                for index, item in enumerate(items, 1):
                    place = _locate(row["note_text"], item) if "text" in item else None
                    if place is None:
                        problems.append(
                            f"{where}: {kind} {index}: its text does not occur in the report "
                            f"(nth = {item.get('nth', 1)})"
                        )
                        continue
                    if item.get("status") not in STATUSES or (kind == "mention" and item.get("scope") not in SCOPES):
                        problems.append(f"{where}: {kind} {index}: status or scope is not one of the allowed values")
                        continue
                    out.append(
                        {"note_id": name, "start": place[0], "end": place[1]}
                        | {k: v for k, v in item.items() if k not in ("text", "nth")}
                    )
    if problems:
        raise InputError("the gold standard holds problems:\n  " + "\n  ".join(problems))
    return Gold(
        _frame(
            reports,
            [
                "note_id",
                "person_id",
                "note_text",
                "soft_tissue",
                "elsewhere",
                "kind",
                "cause",
                "cause_also",
                "stated_cause",
                "study_description",
                "modality",
                "age",
                "sex",
                "batch",
            ],
        ),
        _frame(
            mentions,
            [
                "note_id",
                "start",
                "end",
                "status",
                "scope",
                "kind",
                "sites",
                "laterality",
                "descriptors",
                "size_mm",
                "lesion",
            ],
        ),
        _frame(contexts, ["note_id", "start", "end", "condition", "status"]),
    )


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for column in columns:
        if column not in frame:
            frame[column] = None
    return frame


def mined(gold: Gold, lexicons: Sequence[Path] = (), model: Path | None = None) -> Any:
    """The tables of the gold standard's reports, read now."""
    return mine_frame(
        gold.reports.drop(columns=["soft_tissue", "elsewhere", "kind", "cause", "cause_also", "stated_cause"]),
        lexicons=list(lexicons),
        model=model,
    )
