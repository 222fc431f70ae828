"""Shares of the causes beside an expected table."""

from __future__ import annotations

import datetime
import warnings
from typing import Any

import pandas as pd
import pytest
from sweeps import Sweep, report, sweep

from miner.errors import ApproximationWarning, InputError
from miner.prevalence_tables import cause_shares
from miner.statistics.intervals import goodman, wilson

TABLE = pd.DataFrame(
    [("dystrophic", "dystrophic", 0.95, 0.98), ("cppd", "CPPD", 0.01, 0.02), ("tumoral", "tumoral", 0.0, 0.03)],
    columns=["cause_family", "label", "low", "high"],
)


def positives(**numbers: int) -> list[dict[str, Any]]:
    """Positive reports without patients, so many of each cause."""
    family = {"phlebolith": "dystrophic", "dystrophic": "dystrophic", "cppd": "cppd", "tumoral": "tumoral"}
    return [
        report("present", cause=cause, cause_family=family.get(cause), stated_cause=cause, inferred_cause=cause)
        for cause, number in numbers.items()
        for _ in range(number)
    ]


def corpus() -> Sweep:
    """1,000 findings with a row, 40 of calcific tendinitis, 20 abstained, and reports without the finding."""
    rows = positives(dystrophic=600, phlebolith=365, cppd=15, tumoral=20, calcific_tendinitis=40)
    rows += [dict(r, abstained=True) for r in positives(dystrophic=20)]
    return sweep(rows + [report("absent", elsewhere="present") for _ in range(50)])


def test_shares_stand_beside_the_table() -> None:
    """Each row of the table has its observed share with Goodman's limits; causes join their family's row."""
    found = cause_shares(corpus(), table=TABLE)
    rows = found[found["in_table"]]
    assert rows["row"].tolist() == ["dystrophic", "cppd", "tumoral"]
    assert rows["numerator"].tolist() == [965, 15, 20]
    assert rows["denominator"].eq(1000).all()
    limits = goodman([965, 15, 20])
    assert rows["lower"].tolist() == pytest.approx(limits["lower"].tolist())
    assert rows["upper"].tolist() == pytest.approx(limits["upper"].tolist())
    assert rows["low"].tolist() == TABLE["low"].tolist()
    assert rows["p_value"].eq(rows["p_value"][0]).all()
    assert rows["p_value"][0] > 0.9
    assert rows["test"].eq("Monte-Carlo multinomial").all()


def test_the_largest_row_has_an_equivalence_verdict() -> None:
    """For the row with the largest share TOST answers in words; the others say where their interval lies."""
    verdicts = cause_shares(corpus(), table=TABLE).set_index("row")["verdict"]
    assert verdicts["dystrophic"].startswith("96.5 % lies within 95-98 %")
    assert verdicts["cppd"] == "interval overlaps 1-2 %"
    away = cause_shares(sweep(positives(dystrophic=500, cppd=500)), table=TABLE).set_index("row")
    assert away.loc["dystrophic", "verdict"] == "50.0 % lies below 95-98 %"
    assert away.loc["cppd", "verdict"] == "above 1-2 %"
    assert away.loc["tumoral", "verdict"] == "within 0-3 %"
    assert away.loc["dystrophic", "p_value"] < 0.001
    many = cause_shares(sweep(positives(dystrophic=2000)), table=TABLE).set_index("row")
    assert many.loc["cppd", "verdict"] == "below 1-2 %"


def test_what_has_no_row_stands_apart() -> None:
    """Calcific tendinitis and abstained reports are no part of the shares; they stand below, with their denominator."""
    found = cause_shares(corpus(), table=TABLE)
    apart = found[~found["in_table"]].set_index("row")
    assert apart["numerator"].to_dict() == {"(abstained)": 20, "calcific_tendinitis": 40}
    assert apart["denominator"].eq(1060).all()
    assert apart.loc["calcific_tendinitis", "upper"] == pytest.approx(wilson(40, 1060).upper)
    assert apart["low"].isna().all()


def test_reports_without_the_finding_do_not_count() -> None:
    """Calcification elsewhere, absent findings and failed reports are in no denominator."""
    rows = [*positives(dystrophic=3), report("absent", elsewhere="present"), report(None)]
    found = cause_shares(sweep(rows), table=TABLE)
    assert found["denominator"].eq(3).all()


def test_uncertain_findings_count_on_request() -> None:
    """An uncertain finding counts under policy yes only."""
    rows = [*positives(dystrophic=3), dict(positives(cppd=1)[0], soft_tissue="possible")]
    for policy, total in (("yes", 4), ("no", 3), ("left_out", 3)):
        assert cause_shares(sweep(rows), table=TABLE, policy=policy)["denominator"].eq(total).all()


def test_three_ways_below_each_other() -> None:
    """By likely, stated and inferred cause at once; without a stated cause a report stands apart."""
    rows = [*positives(dystrophic=3), dict(positives(cppd=1)[0], stated_cause=None)]
    found = cause_shares(sweep(rows), table=TABLE, cause="all")
    assert found["cause"].unique().tolist() == ["likely", "stated", "inferred"]
    stated = found[found["cause"] == "stated"].set_index("row")
    assert stated.loc["cppd", "numerator"] == 0
    assert stated.loc["(none)", ["label", "numerator"]].tolist() == ["no cause stated", 1]


def test_families_place_causes_that_were_never_likely() -> None:
    """A stated cause gets its row from ``families``; without it, if it was never the likely one, it is unknown."""
    rows = [dict(r, stated_cause="armillifer") for r in positives(dystrophic=3)]
    unknown = cause_shares(sweep(rows), table=TABLE, cause="stated").set_index("row")
    assert unknown.loc["armillifer", "verdict"] == "apart: row not known"
    known = cause_shares(sweep(rows), table=TABLE, cause="stated", families={"armillifer": "dystrophic"})
    assert known.set_index("row").loc["dystrophic", "numerator"] == 3
    none = cause_shares(sweep(rows), table=TABLE, cause="stated", families={"phlebolith": "dystrophic"})
    none = none.set_index("row")
    assert none.loc["armillifer", "verdict"] == "apart: no row in the table"


def test_a_patient_counts_once_with_the_first_finding() -> None:
    """With patient ids the unit is the patient, with the earliest report that has the finding."""
    late, early = datetime.date(2021, 1, 1), datetime.date(2019, 1, 1)
    rows = [
        dict(positives(cppd=1)[0], person_id="a", note_date=late),
        dict(positives(dystrophic=1)[0], person_id="a", note_date=early),
        dict(positives(cppd=1)[0], person_id="a", note_date=None),
        dict(positives(dystrophic=1)[0], person_id="b"),
        dict(positives(dystrophic=1)[0], person_id=None),
    ]
    found = cause_shares(sweep(rows), table=TABLE)
    assert found["unit"].eq("patient").all()
    assert found["numerator"].tolist() == [2, 0, 0]
    assert found["note"].str.contains("1 reports without patient id").all()


def test_reports_of_one_patient_warn() -> None:
    """Counting reports where patients have several warns that the limits are too narrow."""
    rows = [dict(r, person_id="a", text_digest=i) for i, r in enumerate(positives(dystrophic=2))]
    with pytest.warns(ApproximationWarning, match="use unit='patient'"):
        cause_shares(sweep(rows), table=TABLE, unit="report")
    with pytest.raises(InputError, match="use unit='report'"):
        cause_shares(sweep(positives(dystrophic=2)), table=TABLE, unit="patient")


def test_causes_from_the_base_rate_are_said() -> None:
    """Likely causes that rest on the table itself are counted in the note, since comparing them proves nothing."""
    rows = [dict(r, cause_basis="prior") for r in positives(dystrophic=2)] + positives(cppd=1)
    note = cause_shares(sweep(rows), table=TABLE)["note"][0]
    assert "2 of 3 likely causes rest on the base rate alone" in note
    assert "base rate" not in cause_shares(sweep(rows), table=TABLE, cause="inferred")["note"][0]


def test_exact_limits_on_request() -> None:
    """Rows with few units get a note, and exact limits in place of Goodman's on request."""
    made = sweep(positives(dystrophic=90, cppd=2))
    assert "exact=True" in cause_shares(made, table=TABLE)["note"][0]
    exact = cause_shares(made, table=TABLE, exact=True)
    assert exact["upper"].tolist() == pytest.approx(goodman([90, 2, 0], exact=True)["upper"].tolist())
    assert "exact=True" not in exact["note"][0]


def test_no_finding_at_all() -> None:
    """Without any soft tissue finding the shares are missing, the limits 0 and 1, and nothing is claimed."""
    found = cause_shares(sweep([report(), report()]), table=TABLE)
    assert len(found) == 3
    assert found["estimate"].isna().all()
    assert found["lower"].eq(0).all()
    assert found["upper"].eq(1).all()
    assert found["verdict"].eq("nothing to compare").all()
    assert found["p_value"].eq(1).all()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (TABLE.assign(low=TABLE["low"] * 100, high=TABLE["high"] * 100), "95 % is 0.95"),
        (TABLE.drop(columns="label"), "lacks label"),
        (TABLE.iloc[:1], "at least two rows"),
        (pd.concat([TABLE, TABLE]), "twice"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(table: pd.DataFrame, words: str) -> None:
    """Percentages, missing columns, a single row and doubled rows are errors."""
    with pytest.raises(InputError, match=words):
        cause_shares(corpus(), table=table)


def test_wrong_choices_are_told_at_once() -> None:
    """All unknown choices come in one error; an empty sweep has its own."""
    with pytest.raises(InputError) as caught:
        cause_shares(corpus(), table=TABLE, cause="true", policy="maybe", unit="visit")
    for part in ("cause='true'", "policy='maybe'", "unit='visit'"):
        assert part in str(caught.value)
    with pytest.raises(InputError, match="no reports"):
        cause_shares(sweep([]), table=TABLE)


def test_no_warning_without_patients() -> None:
    """Reports without patient ids do not warn: nothing is known about whose they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cause_shares(sweep(positives(dystrophic=3)), table=TABLE)
