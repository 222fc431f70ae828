"""Prevalence tables."""

from __future__ import annotations

import datetime
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sweeps import Sweep, report, sweep

from miner.errors import ApproximationWarning, InputError
from miner.prevalence_tables import age_band, prevalence
from miner.records import TABLES
from miner.statistics.intervals import clopper_pearson, korn_graubard, wilson
from miner.tables import to_frame


@pytest.fixture(autouse=True)
def quiet() -> Any:
    """Small frames warn of few patients; tests that are about the warning ask for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ApproximationWarning)
        yield


def one(frame: pd.DataFrame, **where: Any) -> pd.Series:
    """The only row in which these columns have these values."""
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def mixed() -> Sweep:
    """Ten reports without patients: 2 present, 1 possible, 6 absent, 1 failed."""
    states = ["present"] * 2 + ["possible"] + ["absent"] * 6 + [None]
    return sweep([report(s) for s in states])


def test_three_policies_for_what_is_uncertain() -> None:
    """Uncertain counts as yes, as no, or is left out of numerator and denominator; rows in equal rows counted."""
    found = prevalence(mixed())
    numbers = {r.policy: (r.numerator, r.denominator, r.excluded) for r in found.itertuples()}
    assert numbers == {"yes": (3, 9, 1), "no": (2, 9, 1), "left_out": (2, 8, 2)}
    assert found["denominator"].add(found["excluded"]).eq(10).all()
    assert "1 uncertain left out" in one(found, policy="left_out")["note"]
    assert "1 failed" in one(found, policy="yes")["note"]


def test_one_policy_on_request() -> None:
    """A single policy gives a single row."""
    assert prevalence(mixed(), uncertain="no")["policy"].tolist() == ["no"]


def test_without_patients_it_is_wilson_and_says_so() -> None:
    """Without patient ids the interval is Wilson's, clusters are missing, and the note says that clustering is off."""
    row = one(prevalence(mixed(), uncertain="no"))
    expected = wilson(2, 9)
    assert (row["lower"], row["upper"]) == pytest.approx((expected.lower, expected.upper))
    assert row["method"] == "Wilson"
    assert "clustering is off" in row["note"]
    assert row["clusters"] is pd.NA


def test_reports_of_patients_are_clustered() -> None:
    """With patient ids the interval of reports is Korn-Graubard's over patients; one without an id is its own."""
    people = ["a", "a", "a", "b", "b", None, "c", "d", "d", "e"]
    states = ["present", "present", "absent", "absent", "absent", "present", "absent", "absent", "absent", "absent"]
    found = one(prevalence(sweep([report(s, p) for s, p in zip(states, people, strict=True)]), uncertain="no"))
    expected = korn_graubard([s == "present" for s in states], people)
    assert found["method"] == "Korn-Graubard"
    assert (found["lower"], found["upper"]) == pytest.approx((expected.lower, expected.upper))
    assert found["clusters"] == 6


def test_few_patients_warn() -> None:
    """Below 200 patients a warning of its own class is raised, once, and the rows say it; patients do not warn."""
    made = sweep([report("present" if i % 5 == 0 else "absent", f"p{i // 2}") for i in range(40)])
    with pytest.warns(ApproximationWarning, match="fewer than 200 patients") as caught:
        found = prevalence(made)
    assert len(caught) == 1
    assert found["note"].str.contains("fewer than 200").all()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ApproximationWarning)
        assert prevalence(made, unit="patient")["method"].eq("Wilson").all()


def test_a_patient_has_what_any_of_the_reports_has() -> None:
    """The strongest state of a patient's reports counts; reports without an id are left out and said so."""
    rows = [
        report("absent", "a"),
        report("present", "a"),
        report("possible", "b"),
        report("absent", "b"),
        report("absent", "c"),
        report(None, "d"),
        report("present", None),
    ]
    found = prevalence(sweep(rows), unit="patient")
    assert one(found, policy="yes")[["numerator", "denominator", "excluded"]].tolist() == [2, 3, 1]
    assert one(found, policy="no")[["numerator", "denominator"]].tolist() == [1, 3]
    assert one(found, policy="left_out")[["numerator", "denominator", "excluded"]].tolist() == [1, 2, 2]
    assert found["note"].str.contains("1 reports without patient id").all()
    assert found["clusters"].tolist() == [3, 3, 2]


def test_a_study_joins_its_reports() -> None:
    """Two reports of one examination are one study, clustered on the patient."""
    rows = [report("absent", "a"), report("present", "a"), report("absent", "a", modality="CT"), report("absent", "b")]
    found = one(prevalence(sweep(rows), unit="study", uncertain="no"))
    assert found[["numerator", "denominator", "clusters"]].tolist() == [1, 3, 2]
    assert found["method"] == "Korn-Graubard"


def test_superseded_and_duplicate_reports_count_once() -> None:
    """A preliminary report and an exact duplicate do not count, and the note and the flow give their number."""
    rows = [
        report("present", "a", report_status="preliminary"),
        report("present", "a", report_status="final"),
        report("absent", "b", text_digest=5),
        report("absent", "b", text_digest=5),
    ]
    found = prevalence(sweep(rows), uncertain="no")
    assert one(found)[["numerator", "denominator", "excluded"]].tolist() == [1, 2, 2]
    assert "1 superseded, 1 exact duplicates" in one(found)["note"]
    assert found.attrs["flow"][-1] == {"step": "counted", "reports": 2, "studies": 2, "patients": 2}
    assert one(prevalence(sweep(rows), uncertain="no", duplicates="keep"))["denominator"] == 4


def test_strata_with_what_is_not_recorded_last() -> None:
    """Strata are text, the unrecorded one comes last, and a stratum of one report has an interval too."""
    rows = [report("present", sex=s, note_date=d) for s, d in (("M", datetime.date(2019, 1, 1)), (None, None))]
    rows += [report(sex="F", note_date=datetime.date(2020, 3, 1)) for _ in range(3)]
    found = prevalence(sweep([dict(r, text_digest=i) for i, r in enumerate(rows)]), by=["sex"], uncertain="no")
    assert found["sex"].tolist() == ["F", "M", "(not recorded)"]
    assert found["denominator"].tolist() == [3, 1, 1]
    single = one(found, sex="M")
    assert single["estimate"] == 1
    assert 0 < single["lower"] < 0.3
    years = prevalence(sweep(rows), by="year", uncertain="no")
    assert years["year"].tolist() == ["2019", "2020", "(not recorded)"]


def test_no_dates_at_all() -> None:
    """Without dates the year is not recorded in the only row."""
    found = prevalence(sweep([report(note_date=None, age=i) for i in range(4)]), by="year", uncertain="no")
    assert found["year"].tolist() == ["(not recorded)"]


def test_grouping_by_an_id_column_leaves_ids_as_they_are() -> None:
    """A stratum that is also used for clustering does not turn missing ids into one patient."""
    rows = [report("present", None), report("absent", None), report("absent", "a"), report("absent", "a")]
    found = prevalence(sweep(rows), by="person_id", uncertain="no")
    assert one(found, person_id="(not recorded)")["denominator"] == 2
    assert one(found, person_id="a")["clusters"] == 1


def test_ages_fall_into_bands() -> None:
    """Bands are ten years wide; ages that cannot be and unreadable ones stand apart."""
    ages = pd.Series([0, 9.9, 10, 64.5, 89, 90, 104, 120, -1, 121, 999, None, "x"], dtype=object)
    assert age_band(ages).tolist() == [
        "0-9",
        "0-9",
        "10-19",
        "60-69",
        "80-89",
        "90+",
        "90+",
        "90+",
        "(out of range)",
        "(out of range)",
        "(out of range)",
        "(not recorded)",
        "(not recorded)",
    ]


def test_age_bands_as_strata() -> None:
    """Ages out of range have a row of their own, so that nothing is lost."""
    rows = [report("present", age=a) for a in (5.0, 66.0, 200.0, None)]
    found = prevalence(sweep(rows), by="age_band", uncertain="no")
    assert found["age_band"].tolist() == ["0-9", "60-69", "(not recorded)", "(out of range)"]


def test_nothing_found_leaves_an_upper_limit() -> None:
    """Without any soft tissue calcification the estimate is 0 and the upper limit that of Clopper-Pearson or Wilson."""
    clustered = one(prevalence(sweep([report(person=f"p{i}") for i in range(300)]), uncertain="no"))
    assert clustered["estimate"] == 0
    assert clustered["upper"] == pytest.approx(clopper_pearson(0, 300).upper)
    assert "can rule out" in clustered["note"]
    plain = one(prevalence(sweep([report() for _ in range(300)]), uncertain="no"))
    assert plain["upper"] == pytest.approx(wilson(0, 300).upper)


def test_one_patient() -> None:
    """All reports of one patient are one observation: the interval says next to nothing."""
    found = one(prevalence(sweep([report("present", "a"), report("absent", "a")]), uncertain="no"))
    assert found["upper"] - found["lower"] > 0.9
    assert "one cluster" in found["note"]


def test_all_failed() -> None:
    """If every report failed there is no estimate, the limits are 0 and 1, and the note tells why."""
    found = one(prevalence(sweep([report(None), report(None)]), uncertain="no"))
    assert math.isnan(found["estimate"])
    assert found[["numerator", "denominator", "excluded", "lower", "upper"]].tolist() == [0, 0, 2, 0, 1]
    assert "2 failed" in found["note"]


def test_an_empty_sweep_is_refused() -> None:
    """Without reports the error says that there is nothing to count."""
    with pytest.raises(InputError, match="no reports"):
        prevalence(sweep([]))


def test_patients_without_ids_are_refused() -> None:
    """Patients cannot be counted without patient ids; the error says what to ask for."""
    with pytest.raises(InputError, match="use unit='report'"):
        prevalence(mixed(), unit="patient")


def test_all_wrong_choices_are_told_at_once() -> None:
    """Every unknown choice is named with what is allowed, in one error."""
    with pytest.raises(InputError) as caught:
        prevalence(mixed(), unit="visit", what="bones", uncertain="maybe", cause="true")
    for part in ("unit='visit'", "what='bones'", "uncertain='maybe'", "cause='true'", "report, study, patient"):
        assert part in str(caught.value)


def test_body_region_is_a_stratum() -> None:
    """Reports are split by the body region of the examination; those without one stand apart."""
    made = sweep(
        [
            report(person="p1", body_region="hip", soft_tissue="present"),
            report(person="p2", body_region="hip"),
            report(person="p3", body_region=None),
        ]
    )
    frame = prevalence(made, by="body_region", uncertain="no")
    assert frame["body_region"].tolist() == ["hip", "(not recorded)"]
    assert frame["numerator"].tolist() == [1, 0] and frame["denominator"].tolist() == [2, 1]


def test_too_many_levels_are_refused_with_a_way_out() -> None:
    """More than 50 levels, unknown columns and doubled ones are told together, each with what to use instead."""
    made = sweep([report(person=f"p{i}", age=i / 10, study_description=f"XR {i}") for i in range(60)])
    with pytest.raises(InputError) as caught:
        prevalence(made, by=["person_id", "age", "study_description", "ward", "body_region", "sex", "sex"])
    message = str(caught.value)
    assert "60 levels are more than 50; use unit='patient'" in message
    assert "use age_band" in message
    assert "use body_part" in message
    assert "by='body_region': no report has one" in message
    assert "by='ward': no such column" in message
    assert "twice" in message
    with pytest.raises(InputError, match="cannot be a stratum"):
        prevalence(made, by="outcome")


def test_elsewhere_is_a_question_of_its_own() -> None:
    """Calcification outside soft tissue is counted from its own column."""
    made = sweep([report(elsewhere="present"), report("present")])
    assert one(prevalence(made, what="elsewhere", uncertain="no"))["numerator"] == 1


def test_causes_have_a_row_each() -> None:
    """Every cause has a row, abstained reports and those without a cause theirs, in each stratum."""
    rows = [
        report("present", cause="phlebolith"),
        report("present", cause="phlebolith", abstained=True),
        report("possible", cause="cppd", cause_family="cppd", stated_cause="cppd"),
        report("absent"),
    ]
    found = prevalence(sweep(rows), what="cause")
    assert one(found, value="phlebolith", policy="no")["numerator"] == 1
    assert one(found, value="(abstained)", policy="no")["numerator"] == 1
    assert one(found, value="cppd", policy="no")["numerator"] == 0
    assert one(found, value="cppd", policy="yes")["numerator"] == 1
    assert found["denominator"].max() == 4
    stated = prevalence(sweep(rows), what="cause", cause="stated", uncertain="yes")
    assert stated.set_index("value")["numerator"].to_dict() == {"(none)": 2, "cppd": 1}
    family = prevalence(sweep(rows), what="cause_family", uncertain="yes")
    assert family.set_index("value")["numerator"].to_dict() == {"(abstained)": 1, "cppd": 1, "dystrophic": 1}
    with pytest.raises(InputError, match="likely cause only"):
        prevalence(sweep(rows), what="cause_family", cause="stated")


def test_a_single_cause_can_be_asked_for() -> None:
    """A cause id counts its reports, the name of a row all of its causes, and one that was only considered counts 0."""
    rows = [
        report("present", cause="phlebolith"),
        report("possible", cause="phlebolith"),
        report("present", cause="phlebolith", abstained=True),
        report("present", cause="cppd", cause_family="cppd", stated_cause="phlebolith"),
    ]
    made = sweep(rows)
    considered = Sweep(made.reports, made.mentions, made.contexts, pd.DataFrame({"cause": ["fop"]}))
    assert one(prevalence(made, what="phlebolith", uncertain="no"))[["value", "numerator"]].tolist() == [
        "phlebolith",
        1,
    ]
    assert one(prevalence(made, what="dystrophic", uncertain="yes"))["numerator"] == 2
    assert one(prevalence(made, what="phlebolith", cause="stated", uncertain="no"))["numerator"] == 1
    none = one(prevalence(considered, what="fop", uncertain="no"))
    assert none[["value", "numerator", "denominator"]].tolist() == ["fop", 0, 4]
    with pytest.raises(InputError, match=r"or a cause of this sweep \(cppd, dystrophic, phlebolith\)"):
        prevalence(made, what="phlebolit")


def test_frames_as_a_sweep_gives_them() -> None:
    """Nullable integers, nullable booleans and datetimes, as read from the Parquet tables, count like plain columns."""
    made = mixed()
    plain = made.reports.assign(person_id=[f"p{i // 2}" for i in range(10)]).astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    rows[-1].update(abstained=None, text_digest=None, n_mentions=None)
    arrow = Sweep(
        *(
            to_frame(pa.Table.from_pylist(given, schema=TABLES[name]))
            for name, given in (("reports", rows), ("mentions", []), ("contexts", []), ("causes", []))
        )
    )
    for how in (
        {"by": ["year", "age_band"]},
        {"unit": "patient"},
        {"unit": "study", "what": "cause"},
        {"what": "site"},
        {"what": "context"},
    ):
        found = prevalence(arrow, uncertain="no", **how)
        assert found["denominator"].iloc[0] in (5, 9)
    assert prevalence(arrow, by="year", uncertain="no")["year"].tolist() == ["2020"]


def test_sites_descriptors_and_concepts_come_from_soft_tissue_mentions() -> None:
    """A report has a site once however often it is mentioned; absent mentions and other tissues do not count."""
    mentions = [
        {"note_id": "n0", "scope": "soft_tissue", "status": "present", "sites": np.array(["hip", "thigh"])},
        {"note_id": "n0", "scope": "soft_tissue", "status": "possible", "sites": np.array(["hip"])},
        {"note_id": "n1", "scope": "soft_tissue", "status": "possible", "sites": ["hip"]},
        {"note_id": "n2", "scope": "vascular", "status": "present", "sites": ["hip"]},
        {"note_id": "n2", "scope": "soft_tissue", "status": "absent", "sites": ["hip"]},
    ]
    mentions = [{"concept": "calcification", "descriptors": [], **m} for m in mentions]
    made = sweep([report("present"), report("possible"), report()], mentions)
    found = prevalence(made, what="site")
    assert {(r.value, r.policy): r.numerator for r in found.itertuples()} == {
        ("hip", "yes"): 2,
        ("hip", "no"): 1,
        ("hip", "left_out"): 1,
        ("thigh", "yes"): 1,
        ("thigh", "no"): 1,
        ("thigh", "left_out"): 1,
    }
    assert one(found, value="hip", policy="left_out")["denominator"] == 2
    assert one(prevalence(made, what="concept", uncertain="no"))["value"] == "calcification"
    assert one(prevalence(made, what="descriptor", uncertain="no"))["numerator"] == 0


def test_among_a_condition() -> None:
    """The denominator is the reports, or the patients, with the condition; others are not counted as excluded."""
    rows = [report("present", "a"), report("absent", "a", n_mentions=0), report("absent", "b"), report("present", "c")]
    named = [{"note_id": n, "condition": "renal_failure", "status": "present"} for n in ("n1", "n2")]
    made = sweep(rows, contexts=named)
    by_report = one(prevalence(made, among="renal_failure", uncertain="no"))
    by_patient = one(prevalence(made, among="renal_failure", unit="patient", uncertain="no"))
    assert by_report[["numerator", "denominator", "excluded"]].tolist() == [0, 2, 0]
    assert by_patient[["numerator", "denominator", "excluded"]].tolist() == [1, 2, 0]
    assert by_report["among"] == "renal_failure"
    assert one(prevalence(made, what="context", uncertain="no"))["numerator"] == 2


def test_a_denominator_from_contexts_that_looks_incomplete_warns() -> None:
    """If every report with the condition has a finding word, the others were probably never read for it."""
    made = sweep(
        [report("present", "a"), report("absent", "b")],
        contexts=[{"note_id": "n0", "condition": "gout", "status": "present"}],
    )
    with pytest.warns(ApproximationWarning, match="--contexts all"):
        found = prevalence(made, among="gout", unit="patient")
    assert found["note"].str.contains("finding word").all()


def test_columns_and_estimand() -> None:
    """The columns come in their order, and each row says that the number is the labelled prevalence."""
    found = prevalence(mixed(), by=["sex"])
    assert found.columns.tolist() == [
        "sex",
        "unit",
        "what",
        "value",
        "policy",
        "numerator",
        "denominator",
        "excluded",
        "estimate",
        "lower",
        "upper",
        "method",
        "clusters",
        "estimand",
        "note",
    ]
    assert found["estimand"].str.startswith("labelled prevalence").all()
    assert "<table" in found.to_html()


def test_categories_and_missing_columns_do_no_harm() -> None:
    """Categorical columns count like text, and a table that lacks carried columns is taken as without them."""
    made = mixed()
    slim = made.reports.assign(sex=["F", "M"] * 5).drop(columns=["age", "site_id", "report_status", "modality"])
    slim["sex"] = slim["sex"].astype("category")
    found = prevalence(Sweep(slim, made.mentions, made.contexts, made.causes), by="sex", uncertain="no")
    assert found["denominator"].sum() == 9
