"""Mining on Spark gives what mining here gives; run where the extra ``spark`` and a Java are installed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from miner import mine, records
from miner.cli import main
from miner.corpus import sweep
from miner.errors import InputError

pyspark = pytest.importorskip("pyspark")
if shutil.which("java") is None:
    pytest.skip("no Java", allow_module_level=True)

from pyspark.sql import SparkSession  # noqa: E402

from miner import spark  # noqa: E402

HERE = Path(__file__).parent
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module", params=["local[2]", "local-cluster[2,1,1024]"])
def session(request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    """A session on this machine's threads, and one on two executors with a process each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{HERE.parent}:{HERE}")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.syspath_prepend(str(HERE))
        made = (
            SparkSession.builder.master(request.param)
            .appName("test")
            .config("spark.ui.enabled", "false")
            .config("spark.executorEnv.PYTHONPATH", f"{HERE.parent}:{HERE}")
            .getOrCreate()
        )
        made.sparkContext.setLogLevel("OFF")
        yield made
        made.stop()


@pytest.fixture(scope="module")
def reports() -> pd.DataFrame:
    """The demo corpus, of which some reports have no date."""
    frame = pd.read_csv(HERE.parent / "corpora" / "demo" / "reports.csv", dtype=str, keep_default_na=False)
    return frame.head(160)


def rows(table: pa.Table, name: str) -> list[str]:
    """The rows of a table as text, in one order."""
    return sorted(map(repr, table.select(records.TABLES[name].names).cast(spark.schema(name)).to_pylist()))


def test_tables_are_those_of_this_process(session: SparkSession, reports: pd.DataFrame) -> None:
    """Row for row in every table, with the columns of a sweep's table."""
    here = mine(reports)
    there = spark.mine(session.createDataFrame(reports).repartition(3))
    for name in records.TABLES:
        found = getattr(there, name).toArrow()
        assert found.schema.names == records.TABLES[name].names
        assert rows(found, name) == rows(here.tables[name], name), name
    there.unpersist()


def test_failures_and_missing_identifiers(session: SparkSession) -> None:
    """A report that breaks something is one row of failures; a missing identifier is made from the partition."""
    rows = [("a", "fine"), (None, "fine too"), ("c", "RAISEME")]
    df = session.createDataFrame(rows, "note_id string, note_text string").coalesce(1)
    made = spark.mine(df, miner_factory="standin:Miner")
    ids = {row.note_id for row in made.reports.collect()}
    assert ids == {"a", "partition-0:row-2", "c"}
    failures = made.failures.collect()
    assert [row.note_id for row in failures] == ["c"]
    assert "RAISEME" not in failures[0].error


def test_wrong_calls(session: SparkSession) -> None:
    """Columns that cannot be the text, options that do not exist and tables that are none are told."""
    df = session.createDataFrame([("a", "b")], "note_id string, other string")
    with pytest.raises(InputError, match="no column with the text"):
        spark.mine(df)
    good = df.withColumnRenamed("other", "note_text")
    with pytest.raises(InputError, match="allowed are findings, all"):
        spark.mine(good, contexts="some")
    with pytest.raises(AttributeError, match="no table 'words'"):
        _ = spark.mine(good, miner_factory="standin:Miner").words


def test_sweep_on_spark(session: SparkSession, tmp_path: Path, reports: pd.DataFrame) -> None:
    """The tables on disk are those of the local sweep, row for row and in its order; a repeated call is refused."""
    source = tmp_path / "corpus.csv"
    reports.to_csv(source, index=False)
    here = sweep([source], tmp_path / "here", batch_rows=25, miner_factory="standin:Miner")
    there = spark.sweep_on_spark([source], tmp_path / "there", tasks=3, batch_rows=25, miner_factory="standin:Miner")
    for name in records.TABLES:
        parts = [sorted((tmp_path / out / name).glob("part-*.parquet")) for out in ("here", "there")]
        assert [p.name for p in parts[0]] == [p.name for p in parts[1]]
        for one, two in zip(*parts, strict=True):
            assert pq.read_table(one).equals(pq.read_table(two)), name
    assert there.manifest["counts"] == here.manifest["counts"]
    assert there.manifest["shards"] == 3
    assert not (tmp_path / "there" / "_shards").exists()
    with pytest.raises(InputError, match="holds a sweep already"):
        spark.sweep_on_spark([source], tmp_path / "there", tasks=3, batch_rows=25, miner_factory="standin:Miner")


def test_faults_of_a_task_reach_the_user(session: SparkSession, tmp_path: Path) -> None:
    """What is wrong with the input is told once, without a trace of Spark's."""
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    made = CliRunner().invoke(
        main,
        ["sweep", str(tmp_path / "odd.csv"), "--out", str(tmp_path / "out"), "--engine", "spark", "--workers", "2"],
    )
    assert made.exit_code == 2
    assert made.output.count("no column with the text") == 1
    both = CliRunner().invoke(
        main,
        ["sweep", "x.csv", "--out", str(tmp_path / "o"), "--engine", "spark", "--shard", "1/2"],
    )
    assert both.exit_code == 2
    assert "Spark makes its own shards" in both.output
