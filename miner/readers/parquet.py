"""Parquet as raw columns, row group by row group: one that cannot be read costs its own rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from miner.readers.delimited import Chunk
from miner.readers.source import Source

ROWS = 4000


def header(path: Path) -> tuple[list[str], int]:
    """Column names and number of rows. Raises OSError or pyarrow.ArrowInvalid where the file cannot be read."""
    with pq.ParquetFile(path) as file:
        return list(file.schema_arrow.names), file.metadata.num_rows


def read(source: Source, needed: Sequence[str]) -> Iterator[Chunk]:
    """The ``needed`` columns in their own types; rows of a damaged row group are broken rows."""
    # Without a buffer of its own Arrow holds a whole row group, which may be the whole file.
    with pq.ParquetFile(source.paths[0], buffer_size=1 << 20, pre_buffer=False) as file:
        number = 1
        for group in range(file.num_row_groups):
            left = file.metadata.row_group(group).num_rows
            try:
                for batch in file.iter_batches(ROWS, row_groups=[group], columns=list(needed)):
                    table = pa.Table.from_batches([batch]).select(list(needed))
                    yield Chunk(table, _numbers(number, batch.num_rows))
                    number, left = number + batch.num_rows, left - batch.num_rows
            except (OSError, pa.ArrowException):
                empty = pa.table([pa.array([], pa.string())] * len(needed), names=list(needed))
                while left > 0:
                    lost = range(number, number + min(left, ROWS))
                    yield Chunk(empty, _numbers(0, 0), [(at, f"row group {group + 1} is damaged") for at in lost])
                    number, left = number + len(lost), left - len(lost)


def _numbers(first: int, count: int) -> pa.Array:
    return pa.array(range(first, first + count), pa.int64())
