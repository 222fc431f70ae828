"""A batch of reports in, tables out: every row comes back, whatever happened to it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from miner.batch import Miner, digest
from miner.examination import Regions
from miner.reader import Reader
from miner.records import CARRIED, INPUT_SCHEMA, OUTCOMES, TABLES, Reading, Report
from miner.screen import Screen, pattern

ROWS: list[dict[str, Any]] = [
    {
        "note_id": "007",
        "note_text": "Soft tissue calcification of the cuff.",
        "person_id": "p1",
        "sex": "Female",
        "age": 61.0,
    },
    {"note_id": "002", "note_text": "Normal study.", "person_id": "p2"},
    {"note_id": "003", "note_text": None},
    {"note_id": "003", "note_text": "HISTORY: Dermatomyositis. FINDINGS: Normal."},
    {"note_id": "001", "note_text": "BOOM Phleboliths of SECRETPATIENT."},
    {"note_id": "006", "note_text": "No calcification. \ufffdİ\x00"},
    {"note_id": "005", "note_text": "Arterial calcification.", "study_description": "XR FOOT LEFT", "site_id": "NORTH"},
]


def batch(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows with the input schema, absent columns null."""
    return pa.Table.from_pylist([{name: row.get(name) for name in INPUT_SCHEMA.names} for row in rows], INPUT_SCHEMA)


@pytest.fixture(scope="module")
def plain() -> Miner:
    """A miner as it is made."""
    return Miner()


@pytest.fixture(scope="module")
def miner(reader: Reader) -> Miner:
    """A miner whose reader raises, with the text in its message, where a report says so."""

    class Breaking:
        lexicon = reader.lexicon

        def read(self, report: Report) -> Reading:
            if "BOOM" in report.text:
                raise ValueError(report.text)
            return reader.read(report)

    made = Miner.__new__(Miner)
    made.reader = Breaking()  # type: ignore[assignment]
    made.contexts = "findings"
    made.screen = Screen(pattern(reader.lexicon))
    made.regions = Regions(reader.lexicon)
    return made


@pytest.fixture(scope="module")
def tables(miner: Miner) -> dict[str, pa.Table]:
    """The tables of the rows."""
    return miner.mine(batch(ROWS))


def test_rows_in_are_rows_out(tables: dict[str, pa.Table]) -> None:
    """The reports table has one row for every row of the batch, in order, repeated identifiers included."""
    assert tables["reports"]["note_id"].to_pylist() == [row["note_id"] for row in ROWS]


def test_tables_have_their_schemas(tables: dict[str, pa.Table]) -> None:
    """Every table is there with the schema of the contract."""
    assert set(tables) == set(TABLES)
    for name, table in tables.items():
        assert table.schema.equals(TABLES[name])


def test_carried_columns_come_through(tables: dict[str, pa.Table]) -> None:
    """Carried columns leave as they came."""
    for row, given in zip(tables["reports"].to_pylist(), ROWS, strict=True):
        assert {name: row[name] for name in CARRIED} == {name: given.get(name) for name in CARRIED}


def test_outcomes(tables: dict[str, pa.Table]) -> None:
    """A report is mined, screened out where no finding word stands in it, or failed."""
    found = tables["reports"]["outcome"].to_pylist()
    assert found == ["mined", "screened_out", "screened_out", "screened_out", "failed", "mined", "mined"]
    assert set(found) <= set(OUTCOMES)


def test_failure_keeps_no_text(tables: dict[str, pa.Table]) -> None:
    """A report that raises is a row of failures with the class of the error, and its text stands nowhere."""
    assert tables["failures"].to_pylist() == [{"note_id": "001", "stage": "mine", "error": "ValueError"}]
    row = tables["reports"].to_pylist()[4]
    assert row["soft_tissue"] is None
    assert not row["n_mentions"]
    for table in tables.values():
        assert "SECRETPATIENT" not in str(table.to_pylist())


def test_rows_of_one_report_belong_together(tables: dict[str, pa.Table]) -> None:
    """Mentions, attributes and causes name their report, and attributes their mention."""
    mentions = {(m["note_id"], m["mention_id"]) for m in tables["mentions"].to_pylist()}
    assert mentions
    assert {(a["note_id"], a["mention_id"]) for a in tables["attributes"].to_pylist()} <= mentions
    counted = {r["note_id"]: r["n_mentions"] for r in tables["reports"].to_pylist() if r["n_mentions"]}
    assert counted == {note: sum(n == note for n, _ in mentions) for note, _ in mentions}
    ranks = [c["rank"] for c in tables["causes"].to_pylist() if c["note_id"] == "007"]
    assert ranks == list(range(1, len(ranks) + 1))


def test_no_cause_without_soft_tissue(tables: dict[str, pa.Table]) -> None:
    """A report without a soft tissue finding has neither cause nor kind."""
    for row in tables["reports"].to_pylist():
        if row["soft_tissue"] == "absent":
            assert row["cause"] is None
            assert row["kind"] is None


def test_empty_batch(miner: Miner) -> None:
    """A batch of no reports gives empty tables with their schemas."""
    assert all(
        table.num_rows == 0 and table.schema.equals(TABLES[name]) for name, table in miner.mine(batch([])).items()
    )


def test_mining_is_a_pure_function(miner: Miner, tables: dict[str, pa.Table]) -> None:
    """The same rows give the same tables, alone or together."""
    again = [miner.mine(batch([row])) for row in ROWS]
    for name, table in tables.items():
        assert pa.concat_tables(part[name] for part in again).to_pylist() == table.to_pylist()


def test_screening_a_column_changes_no_row(plain: Miner, corpora: Path) -> None:
    """Reports screened as a column give the rows that they give one by one, in the same order."""
    with (corpora / "demo" / "reports.csv").open(encoding="utf-8", newline="") as file:
        rows = [{"note_id": r["note_id"], "note_text": r["note_text"]} for r in csv.DictReader(file)]
    rows += [
        {"note_id": f"x{i}", "note_text": text} for i, text in enumerate(["", None, " \t", "calci-\nfication", "HO"])
    ]
    table = batch(rows)
    whole, single = plain.mine(table), plain._mined(table)
    for name in TABLES:
        assert whole[name].to_pylist() == single[name].to_pylist()


def test_contexts_of_all_reports(plain: Miner) -> None:
    """With contexts='all' a report without a finding word gives its contexts and is still screened out."""
    text = "HISTORY: Dermatomyositis. FINDINGS: Normal."
    rows = batch([{"note_id": "1", "note_text": text}, {"note_id": "2", "note_text": "Normal."}])
    found = Miner(contexts="all").mine(rows)
    assert found["contexts"]["condition"].to_pylist() == ["dermatomyositis_ctx"]
    assert found["reports"]["outcome"].to_pylist() == ["screened_out", "screened_out"]
    assert found["reports"]["soft_tissue"].to_pylist() == ["absent", "absent"]
    assert plain.mine(rows)["contexts"].num_rows == 0


@pytest.mark.parametrize(
    ("given", "sex"),
    [("F", "F"), ("female", "F"), ("Woman", "F"), ("M", "M"), (" male", "M"), ("X", None), ("", None), (None, None)],
)
def test_sex_as_written(plain: Miner, given: str | None, sex: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sex column is understood as sites write it, and carried through as written."""
    seen: list[str | None] = []

    def read(report: Report) -> Reading:
        seen.append(report.sex)
        return Reading(report, "absent", "absent", None)

    monkeypatch.setattr(plain.reader, "read", read)
    found = plain.mine(batch([{"note_id": "1", "note_text": "Calcification.", "sex": given}]))
    assert seen == [sex]
    assert found["reports"]["sex"].to_pylist() == [given]


def test_digest_of_copies() -> None:
    """Copies that differ in white space alone have one digest, other texts another, odd characters none fails."""
    assert digest("No  calcification.\r\n") == digest("No calcification.")
    assert digest("No calcification.") != digest("Calcification.")
    assert 0 <= digest("\ud800") < 2**64


def test_digest_of_the_lexicons(plain: Miner, reader: Reader) -> None:
    """A miner tells the digest of the lexicons that it reads with."""
    assert plain.digest == reader.lexicon.digest


@pytest.mark.parametrize(
    ("study", "part", "region"),
    [
        ("XR HIP LEFT", None, "hip"),
        (None, "SHOULDER", "shoulder"),
        ("MRI L-SPINE", "", "spine"),
        ("US soft tissue thigh", "LEG", "thigh"),
        ("Bone survey", None, None),
        (None, None, None),
    ],
)
def test_body_region(miner: Miner, study: str | None, part: str | None, region: str | None) -> None:
    """The region comes from the columns alone, alike for reports with and without a finding word."""
    texts = ("FINDINGS: Calcification of the knee.", "FINDINGS: Normal knee.")
    rows = [
        {"note_id": str(n), "note_text": text, "study_description": study, "body_part": part}
        for n, text in enumerate(texts)
    ]
    reports = miner.mine(batch(rows))["reports"].to_pylist()
    assert [row["outcome"] for row in reports] == ["mined", "screened_out"]
    assert [row["body_region"] for row in reports] == [region, region]
