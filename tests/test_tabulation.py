"""Tables as text and as files."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from miner.errors import InputError
from miner.tabulation import render, save_table


def frame() -> pd.DataFrame:
    """A small prevalence table."""
    return pd.DataFrame(
        {
            "sex": ["F", "M"],
            "unit": ["patient", "patient"],
            "policy": ["no", "no"],
            "numerator": [1234, 5],
            "denominator": [20000, 1000],
            "estimate": [0.0617, 0.005],
            "lower": [0.058, 0.002],
            "upper": [0.065, 0.0117],
            "clusters": pd.array([20000, None], dtype="Int64"),
            "note": ["3 failed", "3 failed"],
        }
    )


def test_render_aligns_and_lifts_what_all_rows_share() -> None:
    """Shares are per cent with limits, common values stand above, notes below, and columns line up."""
    assert render(frame()).splitlines() == [
        "unit: patient; uncertain: as no",
        "sex   with      of     %     limits  clusters  note",
        "---  -----  ------  ----  ---------  --------  ----",
        "F    1,234  20,000  6.17  5.80-6.50    20,000  [1]",
        "M        5   1,000  0.50  0.20-1.17            [1]",
        "[1] 3 failed",
    ]


def test_render_of_a_single_row_keeps_its_columns() -> None:
    """With one row nothing is lifted out, and without notes there is no note column."""
    text = render(frame().iloc[:1].assign(note=""))
    assert text.splitlines()[0].startswith("sex  unit     uncertain")
    assert "note" not in text


def test_render_wraps_long_notes() -> None:
    """Notes are wrapped to the width."""
    text = render(frame().assign(note="word " * 60), width=60)
    assert max(len(line) for line in text.splitlines()) <= 60


def test_render_shows_hidden_cells_as_hidden() -> None:
    """Suppressed cells read hidden, not empty."""
    hidden = frame().assign(suppressed=["", "small"])
    numbers = ["numerator", "denominator", "estimate", "lower", "upper"]
    hidden[numbers] = hidden[numbers].astype("Float64")
    hidden.loc[1, numbers] = pd.NA
    line = render(hidden).splitlines()[4]
    assert line.split()[:5] == ["M", "hidden", "hidden", "hidden", "hidden"]


def test_render_of_other_tables() -> None:
    """Expected ranges, p-values and measures that are no shares are shown as what they are."""
    shares = pd.DataFrame(
        {"row": ["a", "b"], "label": ["A", "B"], "low": [0.95, None], "high": [0.98, None], "p_value": [0.0001, None]}
    )
    text = render(shares)
    assert "95.0-98.0" in text
    assert "<0.001" in text
    kappa = pd.DataFrame({"measure": ["Cohen kappa"], "estimate": [0.65], "lower": [0.5], "upper": [0.8]})
    assert "0.650" in render(kappa)
    assert "0.500-0.800" in render(kappa)
    dates = pd.DataFrame({"day": [datetime.date(2020, 5, 4)], "rate": [0.123456]})
    assert render(dates).splitlines()[-1].split() == ["2020-05-04", "0.1235"]
    assert render(frame().iloc[:0]) == "(no rows)"


@pytest.mark.parametrize("ending", [".csv", ".json", ".xlsx"])
def test_files_give_back_the_numbers(tmp_path: Path, ending: str) -> None:
    """Each format holds all rows at full precision, with missing values missing."""
    path = save_table(frame(), tmp_path / f"table{ending}")
    # pandas reads JSON numbers a digit short
    readers = {".csv": pd.read_csv, ".json": lambda p: pd.DataFrame(json.loads(p.read_text())), ".xlsx": pd.read_excel}
    read = readers[ending](path)
    assert read["estimate"].tolist() == frame()["estimate"].tolist()
    assert read["clusters"].isna().tolist() == [False, True]
    assert read.columns.tolist() == frame().columns.tolist()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_json_has_null_for_missing(tmp_path: Path) -> None:
    """JSON has no NaN, which other programs cannot read."""
    path = save_table(frame().assign(estimate=[float("nan"), 0.1]), tmp_path / "t.json")
    rows = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
    assert rows[0]["estimate"] is None
    assert rows[0]["numerator"] == 1234


def test_text_is_not_run_as_a_formula(tmp_path: Path) -> None:
    """A value from the input that begins with = stays text in Excel."""
    path = save_table(frame().assign(sex=["=1+1", "M"]), tmp_path / "t.xlsx")
    cell = openpyxl.load_workbook(path).active["A2"]
    assert cell.value == "=1+1"
    assert cell.data_type == "s"


def test_unknown_endings_and_folders_are_refused(tmp_path: Path) -> None:
    """The error names what is allowed, or the folder that is missing."""
    with pytest.raises(InputError, match=r"\.csv, \.json, \.xlsx"):
        save_table(frame(), tmp_path / "t.docx")
    with pytest.raises(InputError, match="no such folder"):
        save_table(frame(), tmp_path / "none" / "t.csv")


def test_excel_without_openpyxl_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without openpyxl the error names the extra, and no half file is left."""
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(InputError, match="extra 'excel'"):
        save_table(frame(), tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []
