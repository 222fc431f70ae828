"""Which reports count."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest
from sweeps import report, sweep

from miner.errors import InputError
from miner.selection import flow, select, unit_codes


def dropped(*rows: dict[str, object], **how: str) -> list[str]:
    """Why each of these rows does not count; empty where it does."""
    return select(sweep(list(rows)), **how).rows["dropped"].tolist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second"), [("preliminary", "final"), ("P", "F"), ("final", "corrected"), ("Draft", "Signed")]
)
def test_a_later_version_supersedes_an_earlier_one(first: str, second: str) -> None:
    """Of the same patient, date and study only the latest version counts, in whatever order they come."""
    early, late = report(person="p", report_status=first), report("present", "p", report_status=second)
    assert dropped(early, late) == ["superseded", ""]
    assert dropped(late, early) == ["", "superseded"]


def test_versions_of_another_study_stay() -> None:
    """Another patient, another date or another study is not a version, nor is a report without patient or date."""
    final = report(person="p", report_status="final", study_description="XR HIP")
    for other in (
        {"person": "q"},
        {"person": "p", "note_date": datetime.date(2021, 1, 1)},
        {"person": "p", "study_description": "XR KNEE"},
        {"person": None},
        {"person": "p", "note_date": None},
    ):
        early = report(**{"report_status": "preliminary", "study_description": "XR HIP", **other})  # type: ignore[arg-type]
        assert dropped(early, final) == ["", ""]


def test_a_lone_preliminary_report_counts() -> None:
    """Without a final report the preliminary one counts, and two final ones both do."""
    assert dropped(report(person="p", report_status="preliminary")) == [""]
    assert dropped(*[report(person="p", report_status="final")] * 2) == ["", ""]


def test_a_failed_version_supersedes_nothing() -> None:
    """If the final report could not be read, the preliminary one still counts."""
    early, late = report(person="p", report_status="preliminary"), report(None, "p", report_status="final")
    assert dropped(early, late) == ["", "failed"]


def test_equal_texts_of_one_patient_and_day_count_once() -> None:
    """The second of two equal texts is a duplicate, even under another study."""
    first = report(person="p", text_digest=7, study_description="XR HIP LEFT")
    second = report(person="p", text_digest=7, study_description="XR HIP RIGHT")
    assert dropped(first, second) == ["", "duplicate"]


def test_equal_texts_of_different_patients_or_days_are_no_duplicates() -> None:
    """Normal reports are dictated from templates: the same words about another patient or day are another report."""
    one = report(person="p", text_digest=7)
    assert dropped(one, report(person="q", text_digest=7)) == ["", ""]
    assert dropped(one, report(person="p", text_digest=7, note_date=datetime.date(2021, 1, 1))) == ["", ""]


def test_without_patients_equal_texts_count_once_unless_something_differs() -> None:
    """Without patient ids equal texts are duplicates if all that is known agrees, as in a corpus of texts alone."""
    assert dropped(report(text_digest=7), report(text_digest=7)) == ["", "duplicate"]
    assert dropped(report(text_digest=7, age=60), report(text_digest=7, age=61)) == ["", ""]


def test_duplicates_can_be_kept() -> None:
    """On request all rows count; a failed row never does."""
    rows = [report(person="p", text_digest=7), report(person="p", text_digest=7), report(None, "p")]
    assert dropped(*rows, duplicates="keep") == ["", "", "failed"]
    with pytest.raises(InputError, match="once, keep"):
        dropped(*rows, duplicates="no")


def test_the_flow_adds_up() -> None:
    """Rows read are the sum of those dropped and those counted, in reports; patients are counted at every step."""
    rows = [
        report(person="p", report_status="preliminary"),
        report("present", "p", report_status="final"),
        report(person="q", text_digest=9),
        report(person="q", text_digest=9),
        report(None, "r"),
        report(person="r"),
    ]
    found = flow(sweep(rows)).set_index("step")
    assert found["reports"].to_dict() == {
        "rows read": 6,
        "superseded by a later version": 1,
        "failed": 1,
        "exact duplicates": 1,
        "counted": 3,
    }
    assert found.loc["rows read", "patients"] == found.loc["counted", "patients"] == 3
    assert found.loc["counted", "studies"] == 3


def test_the_flow_without_patient_ids_has_no_patients() -> None:
    """Where no report has a patient id the number of patients is missing, not 0."""
    assert flow(sweep([report(), report()]))["patients"].isna().all()


def test_among_keeps_reports_or_whole_patients() -> None:
    """A condition selects the reports that name it, or, for patients, all reports of the patients who have it."""
    rows = [report(person="p"), report("present", "p"), report(person="q"), report(person=None)]
    named = [{"note_id": "n0", "condition": "renal_failure", "status": "present"}]
    named += [{"note_id": "n2", "condition": "renal_failure", "status": "absent"}]
    made = sweep(rows, contexts=named)
    by_report = select(made, among="renal_failure").rows["dropped"].tolist()
    by_patient = select(made, among="renal_failure", unit="patient").rows["dropped"].tolist()
    assert by_report == ["", "other context", "other context", "other context"]
    assert by_patient == ["", "", "other context", "other context"]
    assert "without renal_failure" in flow(made, among="renal_failure")["step"].tolist()


def test_an_unknown_condition_lists_those_there_are() -> None:
    """A condition that no report has is an error with the conditions that are present."""
    made = sweep([report()], contexts=[{"note_id": "n0", "condition": "gout", "status": "present"}])
    with pytest.raises(InputError, match=r"(?s)present: gout.*--contexts all"):
        select(made, among="renal_failure")
    with pytest.raises(InputError, match="contexts table is empty"):
        select(sweep([report()]), among="renal_failure")


def test_an_empty_sweep_is_refused() -> None:
    """Without reports there is nothing to count, and the error says so."""
    with pytest.raises(InputError, match="no reports"):
        select(sweep([]))


def test_studies_are_patient_date_and_examination() -> None:
    """Rows of one patient, date and examination are one study; without patient or date each is its own."""
    rows = pd.DataFrame([report(person="p"), report(person="p"), report(person="p", modality="CT"), report(), report()])
    codes = unit_codes(rows, "study")
    assert codes[0] == codes[1]
    assert len(set(codes)) == 4
    with pytest.raises(InputError, match="report, study, patient"):
        unit_codes(rows, "hospital")
