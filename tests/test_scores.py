"""Scores against a gold standard: a small example worked by hand, and the limits of the scale."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import miner
from miner import scores
from miner.cli import main
from miner.gold import Gold
from miner.scores import compare, evaluate, render

REPORT = dict.fromkeys(("person_id", "kind", "cause", "stated_cause"))
MENTION = {"scope": "soft_tissue", "laterality": None, "lesion": None, "lesion_id": None, "concept": "calcification"}


@dataclass(frozen=True)
class Tables:
    """The tables of a sweep that are scored."""

    reports: pd.DataFrame
    mentions: pd.DataFrame
    contexts: pd.DataFrame


def report(note: str, soft: str, elsewhere: str = "absent", **more: Any) -> dict[str, Any]:
    """A row of reports, of gold or of a sweep."""
    return {
        "note_id": note,
        "soft_tissue": soft,
        "elsewhere": elsewhere,
        **REPORT,
        "cause_also": [],
        "abstained": False,
        **more,
    }


def mention(note: str, start: int, end: int, status: str = "present", **more: Any) -> dict[str, Any]:
    """A row of mentions, of gold or of a sweep."""
    return {
        "note_id": note,
        "start": start,
        "end": end,
        "status": status,
        **MENTION,
        "sites": [],
        "descriptors": [],
        **more,
    }


def context(note: str, start: int, condition: str, status: str = "present") -> dict[str, Any]:
    """A row of contexts, of gold or of a sweep."""
    return {"note_id": note, "start": start, "end": start + 3, "condition": condition, "status": status}


COLUMNS = {
    "mentions": list(mention("", 0, 0)),
    "contexts": list(context("", 0, "")),
}


def frames(
    reports: list[dict[str, Any]], mentions: list[dict[str, Any]], contexts: list[dict[str, Any]]
) -> list[pd.DataFrame]:
    """The three frames."""
    return [
        pd.DataFrame(reports),
        pd.DataFrame(mentions, columns=COLUMNS["mentions"]),
        pd.DataFrame(contexts, columns=COLUMNS["contexts"]),
    ]


GOLD = frames(
    [
        report(
            "r1",
            "present",
            "present",
            kind="calcification",
            cause="phlebolith",
            stated_cause="phlebolith",
            person_id="p1",
        ),
        report(
            "r2",
            "present",
            kind="ossification",
            cause="heterotopic_ossification",
            cause_also=["dystrophic"],
            person_id="p1",
        ),
        report("r3", "absent", person_id="p2"),
        report("r4", "absent"),
        report("r5", "present", kind="calcification", cause="cppd"),
    ],
    [
        mention("r1", 0, 10, sites=["pelvis"], descriptors=["round", "dense"], laterality="left", lesion="a"),
        mention("r1", 20, 30, sites=["pelvis"], lesion="a"),
        mention("r1", 40, 50, scope="vascular"),
        mention("r2", 0, 10, laterality="right", lesion="a"),
        mention("r3", 0, 10, "absent"),
    ],
    [context("r1", 60, "trauma"), context("r2", 60, "diabetes")],
)
FOUND = frames(
    [
        report("r1", "present", "present", kind="calcification", cause="phlebolith", stated_cause="phlebolith"),
        report("r2", "present", "present", kind="calcification", cause="dystrophic", abstained=True),
        report("r3", "absent"),
        report("r4", "present", kind="calcification", cause="cppd"),
    ],
    [
        mention("r1", 2, 12, sites=["pelvis", "hip"], descriptors=["round"], laterality="left", lesion_id="L1"),
        mention("r1", 20, 30, "possible", sites=["pelvis"], lesion_id="L2"),
        mention("r1", 40, 50, scope="organ"),
        mention("r2", 0, 10, scope="vascular", laterality="left"),
        mention("r2", 80, 90, scope="organ"),
        mention("r3", 0, 10, "absent"),
        mention("r4", 0, 10),
    ],
    [context("r1", 61, "trauma", "absent"), context("r2", 60, "trauma")],
)

WORKED = {
    # r1, r2, r3 right; r4 wrong; r5 is missing and so read wrongly
    "state_accuracy": (3, 5),
    "present_recall": (2, 3),
    "present_precision": (2, 3),
    "absent_specificity": (1, 2),
    "elsewhere_accuracy": (3, 5),
    "kind_accuracy": (1, 3),
    "cause_strict": (1, 3),
    "cause_lenient": (2, 3),
    "cause_unnamed_strict": (0, 2),
    "cause_unnamed_lenient": (1, 2),
    # r1 alone was decided: r2 abstained, r5 is missing
    "cause_decided_strict": (1, 1),
    "cause_coverage": (1, 3),
    "stated_cause": (1, 1),
    "no_cause_where_absent": (1, 2),
    # five gold mentions, all found; two extra ones
    "mention_recall": (5, 5),
    "mention_precision": (5, 7),
    "status_accuracy": (4, 5),
    # soft tissue or not: r2 alone is wrong; four ways the vascular one of r1 is wrong too
    "scope_accuracy": (4, 5),
    "scope_four_way": (3, 5),
    "laterality_accuracy": (1, 2),
    "descriptors_recall": (1, 2),
    "descriptors_precision": (1, 1),
    "sites_recall": (2, 2),
    "sites_precision": (2, 3),
    # two soft tissue mentions of r1 share a lesion in the gold and do not in the sweep
    "lesion_pairs": (0, 1),
    # trauma of r1 is found with another status; diabetes of r2 is missed and its trauma is extra
    "context_recall": (1, 2),
    "context_precision": (1, 2),
    "context_status": (0, 1),
}
"""What the example must give, as numerator and denominator."""


@pytest.fixture(scope="module")
def example() -> scores.Scores:
    """The scores of the example."""
    return evaluate(Tables(*FOUND), Gold(*GOLD), repeats=200)


@pytest.mark.parametrize("measure", WORKED)
def test_worked_example(example: scores.Scores, measure: str) -> None:
    """Each measure of the example is what counting by hand gives."""
    right, number = WORKED[measure]
    assert example.value(measure) == pytest.approx(right / number)


def test_f1_of_the_example(example: scores.Scores) -> None:
    """F1 is twice the found over twice the found and all errors."""
    assert example.value("mention_f1") == pytest.approx(10 / 12)
    assert example.value("present_f1") == pytest.approx(4 / 6)


def test_misses_name_their_report(example: scores.Scores) -> None:
    """Every disagreement is a row with its report and measure."""
    rows = {(m.note_id, m.measure) for m in example.misses.itertuples()}
    expected = {
        ("r4", "state"),
        ("r5", "state"),
        ("r2", "elsewhere"),
        ("r2", "kind"),
        ("r2", "cause"),
        ("r5", "cause_lenient"),
        ("r1", "status"),
        ("r1", "scope4"),
        ("r2", "scope"),
        ("r2", "laterality"),
        ("r1", "descriptors"),
        ("r1", "sites"),
        ("r2", "mention_extra"),
        ("r4", "mention_extra"),
        ("r1", "context_status"),
        ("r2", "context_missed"),
        ("r2", "context_extra"),
    }
    assert expected <= rows
    assert not any(note == "r3" for note, _ in rows)


def test_causes_of_the_example(example: scores.Scores) -> None:
    """Recall by cause counts each cause of the gold standard, strictly and leniently."""
    table = example.causes.set_index("cause")
    assert table["n"].to_dict() == {"phlebolith": 1, "heterotopic_ossification": 1, "cppd": 1}
    assert table["recall_strict"].to_dict() == {"phlebolith": 1.0, "heterotopic_ossification": 0.0, "cppd": 0.0}
    assert table.loc["heterotopic_ossification", "recall_lenient"] == 1.0


def test_confusion_of_the_example(example: scores.Scores) -> None:
    """The table of states holds every report once, the missing one as failed."""
    assert int(example.confusion.to_numpy().sum()) == 5
    assert example.confusion.loc["absent", "present"] == 1
    assert example.confusion.loc["present", "failed"] == 1


def test_intervals_hold_their_values(example: scores.Scores) -> None:
    """Every interval lies within the scale and around its value."""
    known = example.summary[example.summary["value"].notna()]
    assert (known["lower"] <= known["value"] + 1e-9).all()
    assert (known["value"] <= known["upper"] + 1e-9).all()
    assert known["lower"].ge(0).all()
    assert known["upper"].le(1).all()


def test_same_seed_same_intervals(example: scores.Scores) -> None:
    """The bootstrap is repeatable."""
    again = evaluate(Tables(*FOUND), Gold(*GOLD), repeats=200)
    pd.testing.assert_frame_equal(again.summary, example.summary)


def test_perfect_labels_give_one() -> None:
    """A sweep that holds the gold labels themselves scores 1 in every measure and misses nothing."""
    reports, mentions, contexts = (frame.copy() for frame in GOLD)
    mentions["lesion_id"] = mentions["lesion"]
    reports["cause_probability"] = 1.0
    perfect = evaluate(Tables(reports, mentions, contexts), Gold(*GOLD), repeats=50)
    values = perfect.summary.set_index("measure")["value"]
    assert values.notna().all()
    errors = ["cause_brier", "cause_calibration_error"]
    assert np.allclose(values.drop(errors), 1.0)
    assert np.allclose(values[errors], 0.0)
    assert perfect.misses.empty


@pytest.mark.parametrize(("right", "error"), [(8, 0.0), (5, 0.3)])
def test_calibration(right: int, error: float) -> None:
    """Of ten causes given at .8, eight right is no error and five right is one of .3."""
    gold = [report(f"r{i}", "present", cause="phlebolith") for i in range(10)]
    found = [
        report(f"r{i}", "present", cause="phlebolith" if i < right else "cppd", cause_probability=0.8)
        for i in range(10)
    ]
    result = evaluate(Tables(*frames(found, [], [])), Gold(*frames(gold, [], [])), repeats=50)
    assert result.value("cause_calibration_error") == pytest.approx(error)
    brier = (right * 0.2**2 + (10 - right) * 0.8**2) / 10
    assert result.value("cause_brier") == pytest.approx(brier)
    assert result.reliability["observed"].tolist() == [right / 10]
    assert result.record()["reliability"]


def test_mentions_match_one_to_one() -> None:
    """Of two found mentions over one gold mention, the larger overlap is the match and the other is extra."""
    gold = Gold(*frames([report("r", "present")], [mention("r", 0, 20)], []))
    found = Tables(*frames([report("r", "present")], [mention("r", 0, 5, "absent"), mention("r", 6, 20)], []))
    result = evaluate(found, gold, repeats=10)
    assert result.value("status_accuracy") == 1.0
    assert result.value("mention_precision") == 0.5
    assert result.value("mention_recall") == 1.0


def test_nothing_to_score() -> None:
    """A measure without a case has no value rather than a wrong one."""
    gold = Gold(*frames([report("r", "absent")], [], []))
    result = evaluate(Tables(*frames([report("r", "absent")], [], [])), gold, repeats=10)
    assert result.value("state_accuracy") == 1.0
    assert np.isnan(result.value("cause_strict"))
    assert np.isnan(result.value("mention_recall"))


def test_comparison(example: scores.Scores) -> None:
    """Two sweeps of one gold standard stand side by side with their difference."""
    perfect = evaluate(Tables(*GOLD), Gold(*GOLD), repeats=10)
    table = compare(example, perfect).set_index("measure")
    assert table.loc["state_accuracy", "difference"] == pytest.approx(0.4)


def test_rendering_and_record(example: scores.Scores) -> None:
    """The scores can be read as text and kept as JSON; neither holds report text."""
    text = render(example)
    assert "state_accuracy" in text
    assert "report state, expected by found" in text
    assert json.loads(json.dumps(example.record()))["summary"]


def test_sweeps_of_different_lexicons_are_told_apart(tmp_path: Path) -> None:
    """Two sweeps that are compared and were made with different lexicons or settings are called so."""
    text = "XR HIP LEFT. Soft tissue calcification lateral to the hip."
    (tmp_path / "in.csv").write_text(f"note_id,note_text\na-1,{text}\n", encoding="utf-8")
    (tmp_path / "gold.toml").write_text(
        f'[[report]]\nnote_id = "a-1"\nperson_id = "p1"\nnote_text = "{text}"\nsoft_tissue = "present"\n'
        'elsewhere = "absent"\nkind = "calcification"\ncause = "dystrophic"\n',
        encoding="utf-8",
    )
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "contexts.toml").write_text('[[entry]]\nid = "sle"\noff = true\n', encoding="utf-8")
    miner.sweep(tmp_path / "in.csv", tmp_path / "one")
    miner.sweep(tmp_path / "in.csv", tmp_path / "two", lexicons=[ours])
    call = ["evaluate", str(tmp_path / "one"), "--gold", str(tmp_path / "gold.toml"), "--against"]
    done = CliRunner().invoke(main, [*call, str(tmp_path / "two")])
    assert done.exit_code == 0, done.output
    assert "The two sweeps differ: lexicon digest" in done.output
    assert "The two sweeps differ" not in CliRunner().invoke(main, [*call, str(tmp_path / "one")]).output
