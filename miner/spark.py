"""Mining on Spark: a Spark DataFrame in, the tables out as Spark DataFrames; or a sweep whose shards run as tasks.

Needs the extra ``spark`` and a Java that Spark runs on. Executors need this package installed, and the lexicons and
model that a call names under the same path.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from miner import records
from miner.columns import Columns, date_order, recognise, to_reports
from miner.corpus import CONTEXTS, MINER, sweep
from miner.errors import InputError, MinerError
from miner.shards import merge
from miner.store import SHARDS
from miner.tables import Sweep
from miner.worker import SLICE, Mines, build, mined, pack, unpack

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PACKED = "table string, rows bigint, data binary"
_DATES_LOOKED_AT = 10_000


class SparkTables:
    """The tables of a mined DataFrame, each a Spark DataFrame with the columns of a sweep's table.

    ``reports``, ``mentions``, ``attributes``, ``contexts``, ``causes``, ``failures``. Mining happens once, at the
    first action on any of them; ``unpersist()`` frees what was kept for the others.
    """

    def __init__(self, packed: DataFrame) -> None:
        self._packed = packed

    def __getattr__(self, name: str) -> DataFrame:
        if name not in records.TABLES:
            raise AttributeError(f"no table {name!r}; there are {', '.join(records.TABLES)}")
        return self._tables[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *records.TABLES]

    @cached_property
    def _tables(self) -> dict[str, DataFrame]:
        return {name: self._table(name) for name in records.TABLES}

    def _table(self, name: str) -> DataFrame:
        from pyspark.sql.pandas.types import from_arrow_schema

        rows = self._packed.where(self._packed["table"] == name).select("data")
        return rows.mapInArrow(_unpacked(name), from_arrow_schema(schema(name)))

    def unpersist(self) -> None:
        """Free the packed tables on the executors."""
        self._packed.unpersist()


def mine(
    df: DataFrame,
    *,
    lexicons: Sequence[str | Path] = (),
    contexts: str = "findings",
    text_column: str | None = None,
    id_column: str | None = None,
    model: str | Path | None = None,
    time_limit: float = 60.0,
    day_first: bool | None = None,
    miner_factory: str = MINER,
) -> SparkTables:
    """Mine the reports in ``df``, one a row, its columns recognised as those of a file are.

    Rows come in no order. A missing identifier becomes ``partition-P:row-N``, which holds for one plan of the query:
    give reports an identifier of their own. ``time_limit``: seconds for one report. ``day_first``: the order of day
    and month in dates given as text; None decides by the first dates. Other arguments as in :func:`miner.mine`.
    Returns :class:`SparkTables`. Raises InputError where no column or more than one could be the text.
    """
    _pyspark()
    if contexts not in CONTEXTS:
        raise InputError(f"contexts={contexts!r}: allowed are {', '.join(CONTEXTS)}")
    columns = recognise(df.columns, text_column=text_column, id_column=id_column)
    options = {
        "lexicons": tuple(str(Path(folder).resolve()) for folder in lexicons),
        "contexts": contexts,
        "model": None if model is None else str(Path(model).resolve()),
    }
    order = _day_first(df, columns) if day_first is None else day_first
    packed = df.select(*columns.names).mapInArrow(_mining(columns, miner_factory, options, order, time_limit), _PACKED)
    return SparkTables(packed.persist())


def sweep_on_spark(
    inputs: Sequence[str | Path], out: str | Path, *, tasks: int = 0, replace: bool = False, **options: Any
) -> Sweep:
    """Sweep files with Spark: each task mines one shard where it runs, and the driver merges them into ``out``.

    Inputs and ``out`` lie on a file system that driver and executors share under the same path. ``tasks``: how many
    shards; 0 for as many as Spark runs at once. Other arguments as in :func:`miner.sweep`. A repeated call goes on with
    the shards that are not done. Raises what :func:`miner.sweep` raises.
    """
    session = _session()
    context = session.sparkContext
    count = tasks or context.defaultParallelism
    target = Path(out).resolve()
    if replace:
        shutil.rmtree(target / SHARDS, ignore_errors=True)
    sources = [str(Path(source).absolute()) for source in inputs]
    run = _shard_run(sources, str(target / SHARDS), count, {**options, "progress": False})
    told = [problem for problem in context.parallelize(range(1, count + 1), count).map(run).collect() if problem]
    if told:
        raise InputError("\n".join(dict.fromkeys(told)))
    whole = merge([target / SHARDS / str(index) for index in range(1, count + 1)], target, replace=replace)
    shutil.rmtree(target / SHARDS)
    return whole


def _shard_run(inputs: list[str], folder: str, count: int, options: dict[str, Any]) -> Callable[[int], str | None]:
    def run(index: int) -> str | None:
        try:
            sweep(inputs, Path(folder) / str(index), shard=f"{index}/{count}", workers=1, **options)
        except MinerError as error:
            return str(error)
        return None

    return run


def _mining(
    columns: Columns, factory: str, options: dict[str, Any], day_first: bool, time_limit: float
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What an executor does with a partition: batches of rows in, packed tables out."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        place = TaskContext.get()
        label = f"partition-{place.partitionId() if place else 0}"
        miner = _miner(factory, tuple(sorted(options.items())))
        done = 0
        for batch in batches:
            raw = pa.Table.from_batches([batch])
            numbers = pa.array(range(done + 1, done + raw.num_rows + 1), pa.int64())
            done += raw.num_rows
            reports, _ = to_reports(raw, numbers, columns, label=label, day_first=day_first)
            for first in range(0, reports.num_rows, SLICE):
                for tables in mined(miner, reports.slice(first, SLICE), time_limit):
                    yield _row(tables)

    return run


@lru_cache(maxsize=2)
def _miner(factory: str, options: tuple[tuple[str, Any], ...]) -> Mines:
    """One miner in each Python process of an executor, however many partitions it is given."""
    given = dict(options)
    return build(
        factory,
        {
            **given,
            "lexicons": tuple(Path(folder) for folder in given["lexicons"]),
            "model": None if given["model"] is None else Path(given["model"]),
        },
    )


def _row(tables: dict[str, pa.Table]) -> pa.RecordBatch:
    full = {name: table for name, table in tables.items() if table.num_rows}
    return pa.RecordBatch.from_arrays(
        [
            pa.array(list(full), pa.string()),
            pa.array([table.num_rows for table in full.values()], pa.int64()),
            pa.array([pack(table) for table in full.values()], pa.binary()),
        ],
        names=["table", "rows", "data"],
    )


def schema(name: str) -> pa.Schema:
    """The schema of a table as Spark has it: as it reads a sweep's Parquet files, so that the two can be joined."""
    # Spark has no unsigned integers
    kinds = {pa.uint64(): pa.decimal128(20, 0)}
    return pa.schema([field.with_type(kinds.get(field.type, field.type)) for field in records.TABLES[name]])


def _unpacked(name: str) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    kind = schema(name)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for data in batch.column(0):
                yield from unpack(data.as_py()).cast(kind).to_batches()

    return run


def _day_first(df: DataFrame, columns: Columns) -> bool:
    source = columns.get("note_date")
    if source is None or dict(df.dtypes)[source] != "string":
        return False
    some = [row[0] for row in df.select(source).dropna().limit(_DATES_LOOKED_AT).collect()]
    return bool(date_order(pa.chunked_array([pa.array(some, pa.string())]))[0])


def _session() -> SparkSession:
    _pyspark()
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    if SparkConf().get("spark.master", "local[*]").startswith("local"):
        # on this machine the workers run what runs here; on a cluster the cluster's settings say what they run
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    shown = str(sys.stderr.isatty()).lower()
    return SparkSession.builder.appName("miner").config("spark.ui.showConsoleProgress", shown).getOrCreate()


def _pyspark() -> None:
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise InputError('Spark is not installed: pip install "miner[spark]", and Java 17 or newer') from None
