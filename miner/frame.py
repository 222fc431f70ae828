"""A DataFrame of reports in, the tables out, in memory and in this process: for notebooks and small corpora."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from miner.columns import date_order, recognise, to_array, to_reports
from miner.corpus import CONTEXTS, MINER
from miner.errors import InputError
from miner.pool import joined
from miner.tables import Frames
from miner.worker import SLICE, Mines, build, mined

if TYPE_CHECKING:
    import pandas as pd


def mine_frame(
    df: pd.DataFrame,
    *,
    lexicons: Sequence[str | Path] = (),
    contexts: str = "findings",
    text_column: str | None = None,
    id_column: str | None = None,
    model: str | Path | None = None,
    time_limit: float = 60.0,
    miner_factory: str = MINER,
) -> Frames:
    """Mine the reports in ``df``, one a row, its columns recognised as those of a file are.

    Returns the tables as frames: ``.reports`` has one row for each row of ``df``, in order; a missing identifier is
    ``row-N``. Raises InputError where no column or more than one could be the text. ``time_limit`` is in seconds for
    one report and holds in the main thread alone.
    """
    if contexts not in CONTEXTS:
        raise InputError(f"contexts={contexts!r}: allowed are {', '.join(CONTEXTS)}")
    batch = to_batch(df, text_column=text_column, id_column=id_column)
    miner: Mines = build(
        miner_factory,
        {
            "lexicons": tuple(Path(folder) for folder in lexicons),
            "contexts": contexts,
            "model": None if model is None else Path(model),
        },
    )
    parts = [
        tables
        for first in range(0, batch.num_rows, SLICE)
        for tables in mined(miner, batch.slice(first, SLICE), time_limit)
    ]
    return Frames(joined(parts))


def to_batch(df: pd.DataFrame, *, text_column: str | None = None, id_column: str | None = None) -> pa.Table:
    """``df`` as a table with :data:`miner.records.INPUT_SCHEMA`. Raises InputError, as :func:`mine_frame` does."""
    names = [str(name) for name in df.columns]
    columns = recognise(names, text_column=text_column, id_column=id_column)
    raw = pa.table([_column(df.iloc[:, names.index(name)]) for name in columns.names], names=list(columns.names))
    day_first = False
    if (date := columns.get("note_date")) is not None:
        day_first = bool(date_order(raw[date])[0])
    numbers = pa.array(range(1, len(df) + 1), pa.int64())
    return to_reports(raw, numbers, columns, label=None, day_first=day_first)[0]


def _column(series: pd.Series) -> pa.Array:
    """A column in its own type, as text where its cells are of several types or hold lone surrogates."""
    try:
        made = pa.array(series, from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError, TypeError, ValueError):
        missing = series.isna().tolist()
        return to_array([None if gone else cell for gone, cell in zip(missing, series.tolist(), strict=True)])
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
