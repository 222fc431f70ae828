"""Learning from checked labels: simulated worlds with known weights, the file, and the refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import miner
from miner.errors import InputError
from miner.gold import Gold
from miner.learning import MIN_REPORTS, contradictions, designed, learn, render
from miner.lexicon import CauseEntry, Lexicon
from miner.model import LearnedWeight, Model, load_model, weighted

FEATURES = ("descriptor:round", "descriptor:linear", "context:dialysis", "context:trauma", "descriptor:amorphous")


@dataclass(frozen=True)
class Tables:
    """The tables of a simulated sweep."""

    reports: pd.DataFrame
    causes: pd.DataFrame
    mentions: pd.DataFrame
    contexts: pd.DataFrame


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    """The bundled lexicons."""
    return weighted()


def world(lexicon: Lexicon, size: int, *, shift: dict[tuple[str, str], float], seed: int = 7) -> tuple[Tables, Gold]:
    """Reports whose true causes follow the expert's weights plus a shift; the sweep knows the expert's only."""
    rng = np.random.default_rng(seed)
    causes = list(lexicon.of(CauseEntry))
    weights = {f: {w.cause: w.value for w in lexicon.features[f].weights} for f in FEATURES}
    prior = {c: np.log(max(lexicon.priors["any"].get(c, 0.0), 1e-4)) for c in causes}
    reports, rows, gold = [], [], []
    for number in range(size):
        held = [f for f in FEATURES if rng.random() < 0.4]
        expert = {c: prior[c] + sum(weights[f].get(c, 0.0) for f in held) for c in causes}
        truth = {c: expert[c] + sum(shift.get((f, c), 0.0) for f in held) for c in causes}
        p = np.exp(np.array([truth[c] for c in causes]))
        label = causes[rng.choice(len(causes), p=p / p.sum())]
        note = f"n{number}"
        reports.append({"note_id": note, "lesion_id": "L1", "cause": max(expert, key=lambda c: expert[c])})
        for c in causes:
            evidence = [{"entry": "prior:any", "kind": "prior", "weight": prior[c], "start": -1, "end": -1}]
            evidence += [
                {"entry": f, "kind": "x", "weight": weights[f][c], "start": 0, "end": 1}
                for f in held
                if weights[f].get(c)
            ]
            rows.append({"note_id": note, "lesion_id": "L1", "cause": c, "evidence": evidence})
        gold.append({"note_id": note, "person_id": f"p{number // 2}", "cause": label, "cause_also": []})
    empty = pd.DataFrame()
    return (
        Tables(pd.DataFrame(reports), pd.DataFrame(rows), empty, empty),
        Gold(pd.DataFrame(gold), empty, empty),
    )


def test_shift_is_found(lexicon: Lexicon) -> None:
    """A weight that the expert has too low is learned upwards, and the scores on unseen folds rise."""
    pair = ("context:trauma", "heterotopic_ossification")
    tables, gold = world(lexicon, 1200, shift={pair: 2.0})
    model = learn(tables, gold, lexicon, repeats=100)
    found = {(w.feature, w.cause): w for w in model.weights}[pair]
    assert 0.8 < found.learned - found.expert < 2.6
    score = {row["measure"]: row for row in model.scores}
    assert score["log_loss"]["difference_upper"] < 0
    assert model.labels["reports"] == 1200
    assert model.labels["patients"] == 600


def test_expert_stays_where_it_is_right(lexicon: Lexicon) -> None:
    """Labels drawn from the expert's own model change little, and the sharpness stays near 1."""
    tables, gold = world(lexicon, 1200, shift={})
    model = learn(tables, gold, lexicon, repeats=50)
    assert 0.85 < model.sharpness < 1.15
    assert max((abs(w.learned - w.expert) for w in model.weights), default=0.0) < 0.8
    score = {row["measure"]: row for row in model.scores}
    assert abs(score["cause_strict"]["difference"]) < 0.03


def test_folds_keep_patients_together(lexicon: Lexicon) -> None:
    """Both reports of a patient lie in the same fold."""
    from miner.learning import _folds

    tables, gold = world(lexicon, 300, shift={})
    design = designed(tables, gold, lexicon)
    patients = np.asarray(design.patients)
    for train, test in _folds(np.arange(len(patients)), patients, 5):
        assert not set(patients[train]) & set(patients[test])


def test_offset_is_the_expert_model(lexicon: Lexicon) -> None:
    """The offset of a report is the sum of its evidence."""
    tables, gold = world(lexicon, 300, shift={})
    design = designed(tables, gold, lexicon)
    row = tables.causes[tables.causes["note_id"] == design.notes[5]].set_index("cause")
    for place, cause in enumerate(design.causes):
        assert design.offset[5, place] == pytest.approx(sum(e["weight"] for e in row.loc[cause, "evidence"]))


def test_too_few_labels(lexicon: Lexicon) -> None:
    """The refusal says how many more are wanted."""
    tables, gold = world(lexicon, 40, shift={})
    with pytest.raises(InputError) as error:
        learn(tables, gold, lexicon)
    assert f"{MIN_REPORTS - 40} more labelled reports" in str(error.value)
    assert "more patients" in str(error.value)


@pytest.mark.parametrize(
    ("expert", "learned", "listed"), [(1.0, -0.5, True), (1.0, 0.9, False), (0.2, -0.2, False), (1.0, 2.6, True)]
)
def test_contradictions(expert: float, learned: float, listed: bool) -> None:
    """A sign that has turned, or a long way: a person should look."""
    weight = LearnedWeight("descriptor:round", "phlebolith", expert, learned, 12)
    assert contradictions([weight]) == ((weight,) if listed else ())


def small(base: Lexicon, **more: Any) -> Model:
    """A model with one changed weight."""
    weight = LearnedWeight("context:dialysis", "metastatic_calcification", 2.6, 5.6, 30)
    model = Model(base.digest, 0.8, (weight,), labels={"reports": 300, "patients": 280}, version="x")
    return replace(model, **more)


def test_file_is_readable_and_comes_back(lexicon: Lexicon, tmp_path: Path) -> None:
    """The file is plain JSON and loads as what was saved."""
    model = small(lexicon)
    model.save(tmp_path / "model.json")
    assert json.loads((tmp_path / "model.json").read_text())["weights"][0]["learned"] == 5.6
    assert load_model(tmp_path / "model.json") == model


def test_model_changes_reading_and_its_reasons(lexicon: Lexicon, tmp_path: Path) -> None:
    """With the model the weight and the sharpness are those of the file, and the sums still give the posterior."""
    path = tmp_path / "model.json"
    small(lexicon).save(path)
    text = "XR HIP LEFT. Dialysis. Amorphous periarticular calcification about the hip."
    plain, learned = miner.read(text).cause, miner.read(text, model=path).cause
    assert plain is not None
    assert learned is not None
    assert learned.sharpness == 0.8
    weights = {
        e.entry: e.weight for c in learned.candidates if c.cause == "metastatic_calcification" for e in c.evidence
    }
    assert weights["context:dialysis"] == 5.6
    totals = np.array([sum(e.weight for e in c.evidence) for c in learned.candidates])
    p = np.exp(0.8 * (totals - totals.max()))
    assert p / p.sum() == pytest.approx([c.probability for c in learned.candidates])
    found = {c.cause: c.probability for c in learned.candidates}["metastatic_calcification"]
    assert found > {c.cause: c.probability for c in plain.candidates}["metastatic_calcification"]


def test_model_of_other_lexicons_is_refused(lexicon: Lexicon, tmp_path: Path) -> None:
    """Weights learned beside other lexicons would be changed at random."""
    small(lexicon, lexicon="0" * 16).save(tmp_path / "model.json")
    with pytest.raises(InputError, match="other lexicons"):
        weighted((), tmp_path / "model.json")


@pytest.mark.parametrize("content", ["no json", "{}", '{"kind": "miner cause model", "schema": 99}'])
def test_what_is_no_model(tmp_path: Path, content: str) -> None:
    """Files that are none are refused with what to do."""
    path = tmp_path / "model.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"model|newer"):
        load_model(path)


def test_model_is_part_of_the_digest(lexicon: Lexicon) -> None:
    """A sweep with a model is another sweep."""
    assert small(lexicon).applied(lexicon).digest != lexicon.digest


def test_rendering_lists_contradictions(lexicon: Lexicon) -> None:
    """The text shows both models and what to look at."""
    tables, gold = world(lexicon, 400, shift={})
    model = learn(tables, gold, lexicon, repeats=20)
    text = render(replace(model, contradictions=small(lexicon).weights))
    assert "cause_strict" in text
    assert "contradict" in text
    assert "+2.60 -> +5.60" in text
