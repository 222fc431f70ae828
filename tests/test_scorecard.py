"""The documentation scorecard: each criterion on reports that meet it and that do not, rates, funnel, worklist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import miner
from miner.cli import main
from miner.errors import InputError
from miner.lexicon import load
from miner.rates import funnel, rates
from miner.scorecard import Audit, _Judge, audit, render
from miner.statistics.intervals import korn_graubard, wilson

REPORTS: dict[str, dict[str, Any]] = {
    "good": {
        "note_text": "XR SHOULDER LEFT. History: shoulder pain. Comparison: none.\nFINDINGS: Solitary 9 mm amorphous "
        "calcification in the distal left supraspinatus tendon.\nIMPRESSION: Calcific tendinitis. Repeat radiograph in "
        "3 months is advised."
    },
    "bare": {"note_text": "XR HIP RIGHT. FINDINGS: Soft tissue calcification. IMPRESSION: No fracture."},
    "hedged": {"note_text": "XR KNEE LEFT. FINDINGS: Possible soft tissue calcification medial to the knee."},
    "denied": {"note_text": "XR HIP LEFT. FINDINGS: No soft tissue calcification."},
    "old_name": {
        "note_text": "XR FEMUR LEFT. History: fall on the thigh six weeks ago.\nFINDINGS: Mature ossification with "
        "cortex in the left vastus intermedius. IMPRESSION: Myositis ossificans."
    },
    "new_name": {
        "note_text": "XR HIP LEFT. History: paraplegia.\nFINDINGS: Bridging ossification about the left hip. "
        "IMPRESSION: Heterotopic ossification in paraplegia. Follow up CT is advised."
    },
    "unused": {
        "note_text": "XR HAND LEFT. History: end stage renal failure on dialysis.\nFINDINGS: Fine speckled "
        "calcification throughout the soft tissues of the left hand. IMPRESSION: No fracture."
    },
    "rare": {
        "note_text": "XR SHOULDER LEFT. FINDINGS: Small calcified focus in the soft tissues. IMPRESSION: Tumoral "
        "calcinosis."
    },
    "rare_worked_up": {
        "note_text": "XR HIP LEFT. FINDINGS: 11 cm lobulated globular calcified mass about the left hip. IMPRESSION: "
        "Probably tumoral calcinosis; correlation with serum phosphate is advised."
    },
    "nothing": {"note_text": "XR HIP LEFT. FINDINGS: No fracture."},
}


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The scorecard of the reports above, two radiologists."""
    frame = pd.DataFrame(
        [
            {"note_id": name, "radiologist_id": "AB"[number % 2], "modality": "XR", "note_date": "2024-03-05", **row}
            for number, (name, row) in enumerate(REPORTS.items())
        ]
    )
    return audit(miner.mine(frame))


def met(card: Audit, criterion: str) -> dict[str, bool]:
    """Which reports a criterion counts, and whether they meet it."""
    rows = card.marks[card.marks["criterion"] == criterion]
    return dict(zip(rows["note_id"], rows["met"], strict=True))


def test_every_criterion_has_a_rule_words_and_a_ground() -> None:
    """What the lexicon asks for is decided somewhere, and what is decided is asked for."""
    judge = _Judge(load())
    assert [c["id"] for c in judge.criteria] == list(judge.rules)
    assert all(c["label"] and c["asks"] and c["counts"] and c["source"] for c in judge.criteria)
    assert judge.tissue_words <= set(judge.dimensions)


def test_reports_without_a_soft_tissue_mention_are_not_judged(card: Audit) -> None:
    """A report that says nothing of soft tissue calcification counts for no criterion; a denial counts for presence."""
    assert card.reports == len(REPORTS) - 1
    assert "nothing" not in set(card.marks["note_id"])
    assert set(card.marks.loc[card.marks["note_id"] == "denied", "criterion"]) == {"presence"}


@pytest.mark.parametrize(
    ("criterion", "yes", "no"),
    [
        ("presence", {"good", "bare", "denied"}, {"hedged"}),
        ("site", {"good", "old_name", "hedged"}, {"bare"}),
        ("laterality", {"good", "old_name"}, set()),
        ("tissue", {"good", "old_name"}, {"bare"}),
        ("morphology", {"good", "old_name"}, {"bare", "hedged"}),
        ("distribution", {"good", "unused"}, {"bare"}),
        ("size", {"good", "rare_worked_up"}, {"bare", "old_name"}),
        ("kind", {"good", "bare", "old_name"}, set()),
        ("cause", {"good", "old_name", "rare"}, {"bare", "unused"}),
        ("fit", {"good"}, {"rare"}),
        ("history", {"new_name"}, {"unused"}),
        ("rare_cause", {"rare_worked_up"}, {"rare"}),
        ("work_up", {"rare_worked_up"}, {"rare"}),
        ("naming", {"new_name"}, {"old_name"}),
        ("comparison", {"good"}, {"bare"}),
        ("follow_up", {"good"}, {"new_name"}),
    ],
)
def test_criterion(card: Audit, criterion: str, yes: set[str], no: set[str]) -> None:
    """Each criterion is met by the reports that do what it asks, and not by those that do not."""
    found = met(card, criterion)
    assert {name for name in yes | no if name not in found} == set()
    assert {name for name in yes if not found[name]} == set()
    assert {name for name in no if found[name]} == set()


def test_criteria_count_only_reports_that_they_ask_something_of(card: Audit) -> None:
    """A fit needs a named cause, a work-up a rare one, a follow-up something advised."""
    assert "bare" not in met(card, "fit")
    assert set(met(card, "rare_cause")) == {"rare", "rare_worked_up"}
    assert set(met(card, "follow_up")) == {"good", "new_name"}
    assert set(met(card, "naming")) == {"old_name", "new_name"}


def test_evidence_points_into_the_report(card: Audit) -> None:
    """What shows a mark is an entry and its place in the text, and never the text itself."""
    mark = card.marks[(card.marks["note_id"] == "old_name") & (card.marks["criterion"] == "naming")].iloc[0]
    text = REPORTS["old_name"]["note_text"]
    assert (mark["evidence"], text[mark["start"] : mark["end"]]) == ("myositis_ossificans", "Myositis ossificans")
    advised = card.marks[(card.marks["note_id"] == "good") & (card.marks["criterion"] == "follow_up")].iloc[0]
    assert advised["evidence"] == "by_radiograph; 90 days"


def test_worklist_holds_the_reports_that_disagree(card: Audit) -> None:
    """A named cause that the description does not bear is listed; what it contradicts comes first."""
    assert "rare" in set(card.worklist["note_id"])
    assert "good" not in set(card.worklist["note_id"])
    first = card.worklist["disagreement"].str.contains("points_elsewhere").tolist()
    assert first == sorted(first, reverse=True)


def marks(values: list[int], radiologists: list[str | None]) -> pd.DataFrame:
    """Marks of one criterion."""
    frame = pd.DataFrame({"met": np.array(values, dtype=bool), "radiologist_id": radiologists, "criterion": "size"})
    return frame.assign(site_id="N", modality="XR", year="2024", evidence="")


def test_rates_are_clustered_on_the_radiologist() -> None:
    """Overall rates have the Korn-Graubard interval by radiologist; a radiologist's own rate has Wilson's."""
    values, who = [1, 1, 1, 0, 0, 0, 0, 1] * 3, ["a", "a", "a", "b", "b", "b", "c", "c"] * 3
    found = rates(marks(values, who), ["size"]).iloc[0]
    wanted = korn_graubard(values, who)
    assert (found["lower"], found["upper"], found["clusters"]) == (wanted.lower, wanted.upper, 3)
    own = rates(marks(values, who), ["size"], "radiologist_id").set_index("radiologist_id").loc["c"]
    assert (own["lower"], own["upper"]) == (wilson(3, 6).lower, wilson(3, 6).upper)
    assert own["note"] == "small"


def test_rates_without_radiologists_say_so() -> None:
    """Where nobody is known, nothing is clustered, and the note says it; a criterion nobody counts for has no rate."""
    found = rates(marks([1, 0, 1], [None] * 3), ["size", "site"])
    assert "not clustered" in found.iloc[0]["note"]
    assert (found.iloc[1]["counted"], found.iloc[1]["clusters"] is pd.NA) == (0, True)
    with pytest.raises(InputError, match="no report has it"):
        rates(marks([1], [None]), ["size"], "radiologist_id")
    with pytest.raises(InputError, match="choose from"):
        rates(marks([1], ["a"]), ["size"], "met")


def test_funnel_limits_are_binomial() -> None:
    """One radiologist far from the mean lies outside the outer limits, ordinary ones inside; few reports are small."""
    values = [1] * 90 + [0] * 10 + [1] * 88 + [0] * 12 + [0] * 40 + [1] * 4
    who = ["a"] * 100 + ["b"] * 100 + ["c"] * 40 + ["d"] * 4
    found = funnel(marks(values, who)).set_index("radiologist_id")
    assert found.loc["c", "outside"] == "99.8"
    assert found.loc["d", "small"] and not found.loc["a", "small"]
    assert found["mean"].nunique() == 1 and found["mean"].iloc[0] == pytest.approx(182 / 244)
    assert (found["lower_998"] <= found["lower_95"]).all() and (found["upper_95"] <= found["upper_998"]).all()


def test_funnel_false_alarms() -> None:
    """Where radiologists do not differ, at most 5 and 0.2 in a hundred lie outside, as the limits say."""
    chance = np.random.default_rng(20240501)
    outer = outside = 0
    for _ in range(200):
        who = np.repeat([f"r{n}" for n in range(20)], 60)
        found = funnel(marks(list(chance.binomial(1, 0.7, len(who))), list(who)))
        outside += int((found["outside"] != "").sum())
        outer += int((found["outside"] == "99.8").sum())
    assert 0.005 < outside / 4000 <= 0.05
    assert outer / 4000 <= 0.002 + 3 * (0.002 / 4000) ** 0.5


def test_sweeps_without_the_table_of_advice(tmp_path: Path) -> None:
    """A sweep that an earlier version made is not held against criteria that it cannot show."""
    pd.DataFrame([{"note_id": n, **r} for n, r in REPORTS.items()]).to_csv(tmp_path / "in.csv", index=False)
    sweep = miner.sweep(tmp_path / "in.csv", tmp_path / "out")
    del sweep.manifest["tables"]["advice"]
    found = audit(sweep)
    assert set(found.criteria["criterion"]).isdisjoint({"work_up", "naming", "comparison", "follow_up"})
    assert len(found.criteria) == 12 and found.reports == len(REPORTS) - 1


def test_unknown_criterion_is_told(card: Audit) -> None:
    """A criterion that does not exist is an error with those that do."""
    with pytest.raises(InputError, match="there are presence, site"):
        card.funnel("beauty")


def test_rendered_card_has_no_text_of_reports(card: Audit) -> None:
    """The terminal shows labels and numbers; a notebook a table, escaped."""
    shown = render(card) + render(card, by="modality") + render(card, criterion="size") + card._repr_html_()
    assert "Form and texture" in shown and "Worklist" in shown
    assert "supraspinatus" not in shown and "vastus" not in shown


def test_command(tmp_path: Path) -> None:
    """The command prints the card and writes marks, worklist and rates; its files hold no report text."""
    pd.DataFrame([{"note_id": n, "radiologist_id": "A", **r} for n, r in REPORTS.items()]).to_csv(
        tmp_path / "in.csv", index=False
    )
    miner.sweep(tmp_path / "in.csv", tmp_path / "out")
    call = ["audit", str(tmp_path / "out"), "--save", str(tmp_path / "rates.csv")]
    call += ["--marks", str(tmp_path / "marks.csv"), "--worklist", str(tmp_path / "work.csv")]
    done = CliRunner().invoke(main, call)
    assert done.exit_code == 0, done.output
    assert "9 reports speak of soft tissue calcification" in done.output
    written = "".join((tmp_path / f"{name}.csv").read_text(encoding="utf-8") for name in ("rates", "marks", "work"))
    assert "points_elsewhere" in written and "supraspinatus tendon" not in written
    assert CliRunner().invoke(main, ["audit", str(tmp_path / "out"), "--funnel", "beauty"]).exit_code == 2
