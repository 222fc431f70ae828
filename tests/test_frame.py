"""A DataFrame of reports in, the tables out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from miner import records
from miner.errors import InputError
from miner.frame import mine_frame, to_batch


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in miner lies beside this file."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def test_frame_in_tables_out() -> None:
    """Each row of the frame is a row of the reports, in order; tables are attributes and items."""
    df = pd.DataFrame({"accession": ["a", "b"], "report": ["calcification", "x"], "age": [67, None]}, index=[5, 5])
    made = mine_frame(df, miner_factory="standin:Miner")
    assert made.reports["note_id"].tolist() == ["a", "b"]
    assert made.reports["outcome"].tolist() == ["mined", "screened_out"]
    assert made["mentions"] is made.mentions and len(made.mentions) == 1
    assert list(made.causes.columns) == records.TABLES["causes"].names


def test_columns_of_any_type() -> None:
    """Mixed, categorical and date columns, missing values and lone surrogates are taken as they come."""
    df = pd.DataFrame(
        {
            "id": [1, "x", None],
            "text": pd.Series(["a\ud800b", None, "c"], dtype=object),
            "sex": pd.Categorical(["F", "M", None]),
            "date": pd.to_datetime(["2024-01-02", None, "2024-03-04"]),
        }
    )
    batch = to_batch(df)
    assert batch.schema == records.INPUT_SCHEMA
    assert batch["note_id"].to_pylist() == ["1", "x", "row-3"]
    assert batch["note_text"].to_pylist() == ["a\ufffdb", "", "c"]
    assert batch["sex"].to_pylist() == ["F", "M", None]
    assert batch["note_date"].to_pylist() == [dt.date(2024, 1, 2), None, dt.date(2024, 3, 4)]


def test_same_rules_as_for_files() -> None:
    """Two candidate texts are refused in a frame as in a file, and the options settle it."""
    df = pd.DataFrame({"report": ["a"], "body": ["b"], "key": ["k"]})
    with pytest.raises(InputError, match="--text-column"):
        to_batch(df)
    assert to_batch(df, text_column="body", id_column="key").to_pylist()[0]["note_id"] == "k"
    with pytest.raises(InputError, match="contexts"):
        mine_frame(df, text_column="body", contexts="some")


def test_report_that_raises_fails_alone() -> None:
    """A report that raises is a failure, and the others are mined."""
    df = pd.DataFrame({"text": ["x", "RAISEME", "HANGME", "calcification"]})
    made = mine_frame(df, miner_factory="standin:Miner", time_limit=0.2)
    assert made.reports["outcome"].tolist() == ["screened_out", "failed", "failed", "mined"]
    assert made.failures["stage"].tolist() == ["mine", "timeout"]


def test_empty_frame() -> None:
    """A frame without rows gives tables without rows."""
    made = mine_frame(pd.DataFrame({"text": pd.Series([], dtype=str)}), miner_factory="standin:Miner")
    assert len(made.reports) == 0 and list(made.reports.columns) == records.TABLES["reports"].names
