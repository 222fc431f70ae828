"""The tables of a sweep as frames."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from miner import records
from miner.corpus import sweep
from miner.errors import InputError
from miner.tables import Frames, Sweep, load


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """A sweep of four reports, one of which fails."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    path = tmp_path / "a.csv"
    path.write_text("id,date,text\n1,2024-01-01,calcification\n2,,RAISEME\n3,,x\n4,,x\n", encoding="utf-8")
    return sweep(path, tmp_path / "out<b>", miner_factory="standin:Miner")


def test_types_hold_nulls(made: Sweep) -> None:
    """Integers and booleans stay what they are where a report failed; dates are dates."""
    assert str(made.reports["n_mentions"].dtype) == "Int32"
    assert str(made.reports["abstained"].dtype) == "boolean"
    assert str(made.reports["text_digest"].dtype) == "UInt64"
    assert str(made.reports["note_date"].dtype).startswith("datetime64")
    assert made.reports["n_mentions"].isna().tolist() == [False, True, False, False]


def test_text_of_few_values_is_categorical(made: Sweep) -> None:
    """Columns of text are categories in alphabetical order; identifiers are text; what a report lacks is missing."""
    for name, schema in records.TABLES.items():
        for field in schema:
            if pa.types.is_string(field.type):
                expected = field.name not in records.IDENTIFIERS
                assert (made[name][field.name].dtype == "category") is expected, f"{name}.{field.name}"
    outcome = made.reports["outcome"]
    assert list(outcome.cat.categories) == ["failed", "mined", "screened_out"]
    assert (made.reports["stated_cause"] == made.reports["inferred_cause"]).tolist() == [False] * 4
    assert outcome.tolist() == ["mined", "failed", "screened_out", "screened_out"]
    assert made.reports["soft_tissue"].isna().tolist() == [False, True, False, False]


def test_all_tables_are_there(made: Sweep) -> None:
    """Every table is an attribute and an item, the empty ones with their columns; an unknown one is named."""
    for name, schema in records.TABLES.items():
        assert list(made[name].columns) == schema.names
        assert made[name] is getattr(made, name)
    with pytest.raises(KeyError, match="there are reports"):
        made["tables"]


def test_shows_itself(made: Sweep) -> None:
    """A sweep prints its counts, and in a notebook shows them with everything escaped."""
    assert "4 reports, 1 mined, 2 screened out, 1 failed" in repr(made)
    assert "&lt;b&gt;" in made._repr_html_() and "<b>" not in made._repr_html_()
    frames = Frames({name: schema.empty_table() for name, schema in records.TABLES.items()})
    assert "mentions: 0" in repr(frames) and "mentions" in frames._repr_html_()


def test_load_refuses_what_is_no_sweep(tmp_path: Path) -> None:
    """A folder without a manifest, or with another tool's run.json, is no sweep."""
    with pytest.raises(InputError, match=r"run\.json is missing"):
        load(tmp_path)
    (tmp_path / "run.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="not the manifest"):
        load(tmp_path)
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path)


def test_load_refuses_a_newer_schema(made: Sweep) -> None:
    """Tables of a later version are not read by guesswork."""
    path = made.path / "run.json"
    path.write_text(json.dumps({**made.manifest, "schema_version": 99}), encoding="utf-8")
    with pytest.raises(InputError, match="version 99"):
        load(made.path)


def test_damaged_part_is_told(made: Sweep) -> None:
    """A part that was damaged after the sweep is an error when its table is asked for."""
    (made.path / "mentions" / "part-00000.parquet").write_bytes(b"x")
    with pytest.raises(InputError, match="mentions is missing or damaged"):
        _ = load(made.path).mentions
