"""Result tables as text for the terminal, and as CSV, JSON and Excel files."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miner.errors import InputError

# pandas is imported by the function that needs it: the lexicon workshop starts without it
if TYPE_CHECKING:
    import pandas as pd

FRACTIONS = ("estimate", "crude", "low", "high")
HEADINGS: Mapping[str, str] = {
    "policy": "uncertain",
    "numerator": "with",
    "denominator": "of",
    "estimate": "%",
    "low": "expected",
    "p_value": "p",
}
POLICY_WORDS: Mapping[str, str] = {"yes": "as yes", "no": "as no", "left_out": "left out"}
NOTES = ("test", "note", "verdict")
HIDDEN = "hidden"
WIDTH = 100


def render(frame: pd.DataFrame, *, width: int = WIDTH) -> str:
    """A result table as aligned text: shares in per cent with limits, what all rows share above, notes below.

    ``frame`` is what ``prevalence``, ``cause_shares``, ``flow`` or the functions of ``miner.statistics`` return.
    Hidden cells (``suppress``) read ``hidden``. Raises nothing; an empty table reads ``(no rows)``.
    """
    if not len(frame):
        return "(no rows)"
    columns, shared = _columns(frame)
    notes: dict[str, int] = {}
    for column in (c for c in NOTES if c in frame.columns):
        words = [v if isinstance(v, str) else "" for v in frame[column].tolist()]
        marks = [f"[{notes.setdefault(w, len(notes) + 1)}]" if w else "" for w in words]
        if any(marks):
            columns[column] = marks
    head = [f"{name}: {value}" for name, value in shared.items()]
    widths = {name: max(len(name), *map(len, cells)) for name, cells in columns.items()}
    right = {name for name, cells in columns.items() if _numeric(cells)}

    def line(cells: Mapping[str, str]) -> str:
        pad = [cells[n].rjust(widths[n]) if n in right else cells[n].ljust(widths[n]) for n in columns]
        return "  ".join(pad).rstrip()

    lines = textwrap.wrap("; ".join(head), width) if head else []
    lines += [line({n: n for n in columns}), line({n: "-" * widths[n] for n in columns})]
    lines += [line({n: cells[i] for n, cells in columns.items()}) for i in range(len(frame))]
    for text, number in notes.items():
        lines += textwrap.wrap(f"[{number}] {text}", width, subsequent_indent="    ")
    return "\n".join(lines)


def save_table(frame: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Writes a result table; the ending of the name decides: ``.csv``, ``.json`` (a list of rows) or ``.xlsx``.

    Numbers stay fractions at full precision, missing values empty (null in JSON). The file appears whole or not at all.
    Raises InputError for another ending, a folder that does not exist, or Excel without openpyxl.
    """
    target = Path(path)
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        raise InputError(f"{target.name}: the ending must be one of {', '.join(_WRITERS)}")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent}: there is no such folder; make it first")
    part = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        writer(frame, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def to_csv(frame: pd.DataFrame, path: Path) -> None:
    """UTF-8 with a header and full precision. Raises OSError where the file cannot be written."""
    frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def to_json(frame: pd.DataFrame, path: Path) -> None:
    """A JSON list with one object a row. Raises OSError where the file cannot be written."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    path.write_text(json.dumps(rows, indent=2, ensure_ascii=False, default=_plain) + "\n", encoding="utf-8")


def to_excel(frame: pd.DataFrame, path: Path) -> None:
    """One sheet, with text as text: a value that begins with ``=`` is not run as a formula.

    Raises InputError where openpyxl is missing, OSError where the file cannot be written.
    """
    try:
        import openpyxl  # optional: only the extra 'excel' installs it
    except ImportError as error:
        raise InputError("Excel files need openpyxl: install miner with its extra 'excel', or write .csv") from error
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "result"
    cells = frame.astype(object).where(frame.notna(), None)
    for r, row in enumerate([list(map(str, frame.columns)), *cells.itertuples(index=False)], start=1):
        for c, value in enumerate(row, start=1):
            cell = sheet.cell(r, c, _plain(value))
            if isinstance(value, str):
                cell.data_type = "s"
    sheet.freeze_panes = "A2"
    book.save(path)


_WRITERS: Mapping[str, Callable[[Any, Path], None]] = {".csv": to_csv, ".json": to_json, ".xlsx": to_excel}


def _plain(value: Any) -> Any:
    """numpy scalars as Python's own; anything that Excel and JSON do not know as text."""
    plain = value.item() if hasattr(value, "item") else value
    return plain if plain is None or isinstance(plain, bool | int | float | str) else str(plain)


def _columns(frame: pd.DataFrame) -> tuple[dict[str, list[str]], dict[str, str]]:
    columns: dict[str, list[str]] = {}
    shared: dict[str, str] = {}
    limits = {"lower", "upper"} <= set(frame.columns)
    skip = {*NOTES, "in_table"} | ({"lower", "upper"} if limits else set())
    skip |= {"row"} if "label" in frame.columns else set()
    # a change in per cent a year and a kappa are not shares of one
    shares = not {"measure", "family"} & set(frame.columns)
    for name in frame.columns:
        if name in skip or (name == "high" and "low" in frame.columns):
            continue
        values = list(frame[name].astype(object))
        texts = [_text(name, v, shares) for v in values]
        if name == "low" and "high" in frame.columns:
            texts = [_range(a, b, shares) for a, b in zip(values, frame["high"], strict=True)]
        if name == "suppressed":
            continue
        if len(frame) > 1 and len(set(texts)) == 1 and isinstance(values[0], str):
            shared[HEADINGS.get(name, name)] = texts[0]
            continue
        columns["estimate" if name == "estimate" and not shares else HEADINGS.get(name, name)] = texts
        if name == "estimate" and limits:
            pairs = zip(frame["lower"], frame["upper"], strict=True)
            columns["limits"] = [_range(a, b, shares) for a, b in pairs]
    if "suppressed" in frame.columns:
        for i, why in enumerate(frame["suppressed"]):
            for cells in columns.values() if why else ():
                cells[i] = HIDDEN if cells[i] == "" else cells[i]
    return columns, shared


def _text(name: str, value: Any, shares: bool) -> str:
    if _missing(value):
        return ""
    if name == "policy":
        return POLICY_WORDS.get(str(value), str(value))
    if name in FRACTIONS:
        return _number(float(value), shares)
    if name == "p_value":
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    if isinstance(value, bool | str):
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{int(number):,}" if number.is_integer() else f"{number:.4g}"


def _number(value: float, shares: bool) -> str:
    if not shares:
        return f"{value:.3f}"
    percent = 100 * value
    return f"{percent:.2f}" if percent < 10 else f"{percent:.1f}"


def _range(low: Any, high: Any, shares: bool) -> str:
    if _missing(low) or _missing(high):
        return ""
    return f"{_number(float(low), shares)}-{_number(float(high), shares)}"


def _missing(value: Any) -> bool:
    import pandas as pd

    return value is None or bool(pd.isna(value))


def _numeric(cells: list[str]) -> bool:
    shown = [c for c in cells if c not in ("", HIDDEN)]
    return bool(shown) and all(
        c.replace(",", "").replace(".", "").replace("-", "").lstrip("<").isdigit() for c in shown
    )
