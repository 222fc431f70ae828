"""Numbers and entry ids as a reader wants them, and the one template environment of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, isfinite, log10
from numbers import Real
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    import pandas as pd

PERCENT = "\N{NO-BREAK SPACE}%"
"""The sign as it stands behind a number, on the same line."""


def name(entry: object, labels: Mapping[str, str]) -> str:
    """The label of a lexicon entry, or its id with spaces where it has none; a dash for nothing."""
    if not isinstance(entry, str) or not entry:
        return "–"
    return labels.get(entry) or entry.replace("_", " ")


def sentence(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame by column name."""
    return [{str(key): cell for key, cell in row.items()} for row in frame.to_dict("records")]


def known(value: Any) -> bool:
    """Whether a cell holds a finite number (no None, no NaN, no NA)."""
    return isinstance(value, Real) and isfinite(value)


def percent(value: float | None, *, digits: int | None = None) -> str:
    """A proportion as text, without exponent, 0 and 100 only where exact, a dash where unknown.

    ``digits`` counts significant digits: three from one percent up, two below, unless told.
    """
    if value is None or not known(value):
        return "–"
    hundred = 100 * float(value)
    if hundred in (0, 100):
        return f"{hundred:.0f}{PERCENT}"
    if 0 < hundred < 0.00001:
        return f"< 0.00001{PERCENT}"
    if 99.95 <= hundred < 100:
        return f"> 99.9{PERCENT}"
    digits = digits or (3 if hundred >= 1 else 2)
    return f"{hundred:.{max(0, digits - 1 - decade(abs(hundred)))}f}{PERCENT}"


def interval(row: Mapping[str, Any]) -> str:
    """``lower`` and ``upper`` of a row as a range of percentages."""
    low, high = percent(row.get("lower")), percent(row.get("upper"))
    return "–" if low == high == "–" else f"{low.removesuffix(PERCENT)}–{high}"


def count(value: Any) -> str:
    """A whole number with thousands separators; a dash where it is not known."""
    return f"{int(value):,}" if known(value) else "–"


def decade(value: float) -> int:
    """The power of ten at or below a positive number."""
    return floor(log10(value) + 1e-9)


def environment() -> Environment:
    """The Jinja2 environment: everything escaped, an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("miner.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(percent=percent, count=count, interval=interval)
    return made
