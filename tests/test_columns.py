"""Which column is what."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from miner import records
from miner.columns import Columns, clean, date_order, join_sections, recognise, to_reports, to_text
from miner.errors import InputError


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("note_id", "Accession Number"),
        ("note_id", "ACCESSION"),
        ("note_id", "StudyID"),
        ("note_id", "uid"),
        ("note_id", "id"),
        ("note_id", "report_id"),
        ("person_id", "Patient ID"),
        ("person_id", "MRN"),
        ("person_id", "subject_id"),
        ("note_date", "Study Date"),
        ("note_date", "date"),
        ("note_date", "REPORT_DATE"),
        ("study_description", "image"),
        ("study_description", "Study Description"),
        ("site_id", "Site_Id"),
        ("radiologist_id", "Radiologist ID"),
        ("report_status", "report status"),
        ("body_part", "BodyPart"),
    ],
)
def test_column_is_recognised(role: str, name: str) -> None:
    """A column is recognised in any case, with or without spaces and underscores."""
    assert recognise(["text", name]).get(role) == name


@pytest.mark.parametrize("name", ["note_text", "Text", "REPORT", "Report Text", "narrative", "body", "\ufeffreport"])
def test_text_is_recognised(name: str) -> None:
    """Every name of the text column is recognised."""
    assert recognise(["id", name]).text == name


def test_two_texts_are_refused_with_the_way_out() -> None:
    """Two columns that could be the text are named, with the option that settles it; the option settles it."""
    with pytest.raises(InputError, match=r"'report' and 'body'|'body' and 'report'") as caught:
        recognise(["id", "report", "body"])
    assert "--text-column" in str(caught.value)
    assert caught.value.exit_code == 2
    assert recognise(["id", "report", "body"], text_column="body").text == "body"


def test_missing_text_says_what_there_is() -> None:
    """Without a text column the error lists the columns there are and the names that are recognised."""
    with pytest.raises(InputError) as caught:
        recognise(["accession", "befund"])
    assert "befund" in str(caught.value) and "note_text" in str(caught.value)


def test_all_problems_at_once() -> None:
    """A missing text column and a misnamed identifier are told together."""
    with pytest.raises(InputError) as caught:
        recognise(["accession", "befund"], id_column="nummer")
    assert "--id-column" in str(caught.value) and "--text-column" in str(caught.value)


def test_first_row_in_place_of_a_header_is_not_shown() -> None:
    """A file without a header has a patient's row where names are expected: its cells stay out of the message."""
    with pytest.raises(InputError) as caught:
        recognise(["4711", "Mustermann", "Calcification in the left hip."])
    assert "Mustermann" not in str(caught.value) and "Calcification" not in str(caught.value)
    assert "header" in str(caught.value)


def test_sections_stand_in_for_the_text() -> None:
    """Findings and impression with their companions are joined in order under their headings, blank ones left out."""
    columns = recognise(["uid", "MeSH", "Problems", "image", "indication", "comparison", "findings", "impression"])
    assert [role for role, _ in columns.sections] == ["indication", "comparison", "findings", "impression"]
    raw = pa.table(
        {
            "uid": ["1"],
            "image": ["Xray Chest"],
            "indication": ["Pain."],
            "comparison": [""],
            "findings": [" Clear. "],
            "impression": ["Normal."],
        }
    )
    table, _ = to_reports(raw, pa.array([1]), columns, label="x.csv")
    assert table["note_text"].to_pylist() == ["INDICATION: Pain.\n\nFINDINGS: Clear.\n\nIMPRESSION: Normal."]
    assert table["study_description"].to_pylist() == ["Xray Chest"]


def test_sections_give_way_to_a_text_column() -> None:
    """With a column that holds the whole report, section columns are not read."""
    columns = recognise(["report", "findings", "impression"])
    assert columns.text == "report" and columns.sections == ()


def test_request_alone_is_no_report() -> None:
    """Indication and technique without findings or impression are no text."""
    with pytest.raises(InputError):
        recognise(["id", "indication", "technique"])


def test_join_sections_of_nothing() -> None:
    """A report whose sections are all blank is blank."""
    assert join_sections([("findings", None), ("impression", " ")]) == ""


def reports(**columns: object) -> tuple[pa.Table, dict[str, int]]:
    """The reports and counts that columns with canonical names give."""
    raw = pa.table(columns)
    made, tally = to_reports(raw, pa.array(range(1, raw.num_rows + 1)), recognise(raw.column_names), label="x.csv")
    return made, dict(tally)


def test_schema_is_the_input_schema() -> None:
    """Whatever columns there are, the table has the columns and types that mining expects."""
    made, tally = reports(note_text=["a"])
    assert made.schema == records.INPUT_SCHEMA
    assert tally == {"made_ids": 1}


def test_missing_ids_are_made_from_the_row() -> None:
    """A null, blank or NULL identifier becomes file and row number, and is counted; given ones stay as they are."""
    made, tally = reports(note_id=["007", None, " ", "NULL", " 5"], note_text=["a"] * 5)
    assert made["note_id"].to_pylist() == ["007", "x.csv:row-2", "x.csv:row-3", "x.csv:row-4", " 5"]
    assert tally["made_ids"] == 3


def test_unreadable_values_are_null_and_counted() -> None:
    """Ages and dates that cannot be read are null and counted; missing ones are null and not counted."""
    made, tally = reports(
        note_text=["a"] * 4, age=["67Y", "old", "", "130"], note_date=["20240101", "soon", "NULL", ""]
    )
    assert made["age"].to_pylist() == [67.0, None, None, None]
    assert made["note_date"].to_pylist() == [dt.date(2024, 1, 1), None, None, None]
    assert tally["unreadable_ages"] == 2 and tally["unreadable_dates"] == 1


def test_numeric_ages() -> None:
    """Ages in number columns are checked for their range; gaps are not counted."""
    made, tally = reports(note_text=["a"] * 3, age=pa.array([67.5, None, 300.0]))
    assert made["age"].to_pylist() == [67.5, None, None] and tally["unreadable_ages"] == 1
    made, tally = reports(note_text=["a"] * 3, age=pa.array([67, None, -1]))
    assert made["age"].to_pylist() == [67.0, None, None] and tally["unreadable_ages"] == 1


def test_typed_columns_become_text() -> None:
    """Integers, integral floats, categories, timestamps and bytes are converted, not refused."""
    made, _ = reports(
        note_id=pa.array([1, 2, None]),
        note_text=pa.array(["a", "b", "a"]).dictionary_encode(),
        person_id=pa.array([10.0, None, 12.0]),
        note_date=pa.array([dt.datetime(2024, 1, 2, 3, 4)] * 3, pa.timestamp("ns", tz="Europe/Berlin")),
        sex=pa.array([b"F", b"M", b"\xff"]),
        site_id=pa.array([True, False, None]),
    )
    assert made["note_id"].to_pylist() == ["1", "2", "x.csv:row-3"]
    assert made["note_text"].to_pylist() == ["a", "b", "a"]
    assert made["person_id"].to_pylist() == ["10", None, "12"]
    assert made["note_date"].to_pylist() == [dt.date(2024, 1, 2)] * 3
    assert made["sex"].to_pylist() == ["F", "M", "\ufffd"]


def test_null_and_blank_texts_are_blank_reports() -> None:
    """A report without text stays a report, with an empty text, and is counted."""
    made, tally = reports(note_text=[None, "", "  ", "a"])
    assert made["note_text"].to_pylist() == ["", "", "  ", "a"]
    assert tally["blank_texts"] == 3


def test_integers_in_a_date_column() -> None:
    """Dates written as numbers (20240203) are read."""
    made, _ = reports(note_text=["a"], note_date=pa.array([20240203]))
    assert made["note_date"].to_pylist() == [dt.date(2024, 2, 3)]


def test_surrogates_are_replaced_one_for_one() -> None:
    """A lone surrogate becomes U+FFFD without moving any offset."""
    assert clean("a\ud800b\udfffc") == "a\ufffdb\ufffdc"


def test_date_order_shows() -> None:
    """One date that can only be read one way tells the order for the column; ISO dates tell nothing."""
    assert date_order(pa.chunked_array([["01/02/2024", "13/02/2024"]])) == (True, True)
    assert date_order(pa.chunked_array([["02/13/2024", None]])) == (False, False)
    assert date_order(pa.chunked_array([["2024-01-02"]])) == (None, False)
    assert date_order(pa.chunked_array([[dt.date(2024, 1, 2)]])) == (None, False)


def test_dates_against_the_order_are_counted() -> None:
    """A date that cannot be in the order of the column is read the other way, and counted."""
    columns = Columns("note_text", (), (("note_date", "note_date"),))
    raw = pa.table({"note_text": ["a", "b"], "note_date": ["02/13/2024", "03/04/2024"]})
    made, tally = to_reports(raw, pa.array([1, 2]), columns, label=None, day_first=True)
    assert made["note_date"].to_pylist() == [dt.date(2024, 2, 13), dt.date(2024, 4, 3)]
    assert tally["dates_in_other_order"] == 1


def test_to_text_of_dates_and_times() -> None:
    """Whole days print as days, times as times."""
    assert to_text(pa.array([dt.datetime(2024, 1, 2)])).to_pylist() == ["2024-01-02"]
    assert to_text(pa.array([dt.datetime(2024, 1, 2, 3)])).to_pylist()[0].startswith("2024-01-02 03")


@pytest.mark.parametrize("given", ["", "  ", "NULL", "null", "\\N", "NaN", "<NA>", "None", "\u00a0None\t"])
def test_spellings_of_no_value(given: str) -> None:
    """The ways in which databases and pandas write "nothing" count as nothing; the other rows stay as they are."""
    raw = pa.table({"text": ["a", "b"], "patient_id": [given, "p 2 "]})
    made, _ = to_reports(raw, pa.array([1, 2]), recognise(raw.column_names), label=None)
    assert made["person_id"].to_pylist() == [None, "p 2 "]


def test_a_value_is_not_missing() -> None:
    """Identifiers that merely look odd are values."""
    odd = ["0", "00", "N", "NA12", None]
    raw = pa.table({"text": ["a"] * 5, "patient_id": odd})
    made, _ = to_reports(raw, pa.array(range(5)), recognise(raw.column_names), label=None)
    assert made["person_id"].to_pylist() == odd


def test_blank_texts_are_counted() -> None:
    """Empty and missing texts and long runs of white space of any kind are blank; a word behind them is not."""
    texts = ["", None, " \n\t" * 50, "\u00a0" * 100, " " * 200 + "word", "word"]
    _, tally = to_reports(pa.table({"text": texts}), pa.array(range(6)), recognise(["text"]), label=None)
    assert tally["blank_texts"] == 4
