"""A checked sample: how it is drawn, read, and turned into a corrected prevalence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sweeps import report, sweep

import miner
from miner import checked
from miner.cli import main
from miner.errors import InputError


def made(positives: int = 40, screened: int = 300, negatives: int = 60, doubtful: int = 10) -> object:
    """A sweep with so many reports of each stratum, two of each patient."""
    rows = [report("present") for _ in range(positives)] + [report("possible") for _ in range(doubtful)]
    rows += [report("absent") for _ in range(negatives)]
    rows += [report("absent", outcome="screened_out") for _ in range(screened)]
    return sweep([{**row, "person_id": f"p{n // 2}"} for n, row in enumerate(rows)])


def test_sample_is_random_within_labels() -> None:
    """Three quarters come from the negatives, every stratum is drawn from, and the same seed draws the same."""
    corpus = made()
    drawn = checked.sample(corpus, 120)
    counts = drawn["stratum"].value_counts()
    assert set(counts.index) == set(checked.STRATA)
    assert counts[checked.STRATA[2]] + counts[checked.STRATA[3]] == 90
    assert drawn["note_id"].is_unique and (drawn["soft_tissue"] == "").all()
    assert drawn.equals(checked.sample(corpus, 120)) and not drawn.equals(checked.sample(corpus, 120, seed=2))
    assert drawn["stratum"].tolist() != sorted(drawn["stratum"].tolist())


def test_sample_of_a_small_corpus_is_all_of_it() -> None:
    """No more can be drawn than there are."""
    assert len(checked.sample(made(3, 4, 2, 0), 400)) == 9
    with pytest.raises(InputError, match="fewer than 8"):
        checked.sample(made(), 5)


def test_corrected_interval_holds_the_truth() -> None:
    """Over many draws from a corpus with wrong labels, the interval holds the true share about as often as it says."""
    corpus = made(positives=60, screened=1200, negatives=140, doubtful=20)
    strata = checked.strata(corpus)
    chance = np.random.default_rng(20240501)
    wrong = {"present": 0.92, "possible": 0.5, checked.STRATA[2]: 0.05, checked.STRATA[3]: 0.003}
    held = 0
    for seed in range(300):
        drawn = chance.random(len(strata)) < strata["stratum"].map(wrong).to_numpy()
        truth = pd.Series(drawn, index=strata["note_id"])
        sample = checked.sample(corpus, 200, seed=seed)["note_id"]
        found = checked.corrected(corpus, pd.DataFrame({"note_id": sample, "truth": truth.reindex(sample).to_numpy()}))
        first = found.iloc[0]
        held += bool(first["lower"] <= truth.mean() <= first["upper"])
    assert held / 300 >= 0.94


def test_read_takes_labels_and_truths(tmp_path: Path) -> None:
    """Labels and truths are read, empty rows left out, possible counted as without."""
    path = tmp_path / "a.csv"
    path.write_text("note_id,soft_tissue\n001,present\n2,Possible\n3,\n4, absent\n", encoding="utf-8")
    assert checked.read(path).to_dict("list") == {"note_id": ["001", "2", "4"], "truth": [True, False, False]}
    path.write_text("note_id,truth\n001,TRUE\n2,0\n", encoding="utf-8")
    assert checked.read(path)["truth"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("note_id,soft_tissue\n1,yes\n2,present\n3,maybe\n", "line 2, 4"),
        ("note_id,label\n1,present\n", "needs the columns"),
        ("note_id,soft_tissue\n1,\n", "no label is filled in"),
        ("", "cannot be read"),
    ],
)
def test_read_tells_what_is_wrong(tmp_path: Path, content: str, told: str) -> None:
    """A file that cannot be used is an error that names the lines and what is allowed."""
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        checked.read(path)


def test_commands(tmp_path: Path) -> None:
    """Draw, fill in, report and count: the corrected prevalence stands on the page and in the terminal."""
    texts = [f"Soft tissue calcification of the left thigh, {n + 5} mm." for n in range(8)]
    texts += [f"No fracture. Image {n}." for n in range(40)]
    pd.DataFrame({"note_id": [f"{n:03d}" for n in range(48)], "note_text": texts}).to_csv(
        tmp_path / "in.csv", index=False
    )
    out = tmp_path / "out"
    miner.sweep(tmp_path / "in.csv", out)
    run = CliRunner().invoke
    done = run(main, ["sample", str(out), "--size", "24", "--save", str(tmp_path / "check.csv")])
    assert done.exit_code == 0 and "24 reports" in done.output, done.output
    filled = pd.read_csv(tmp_path / "check.csv", dtype=str)
    assert list(filled.columns) == ["note_id", "soft_tissue"]
    filled["soft_tissue"] = ["present" if int(note) < 8 else "absent" for note in filled["note_id"]]
    filled.to_csv(tmp_path / "check.csv", index=False)
    done = run(main, ["prevalence", str(out), "--checked", str(tmp_path / "check.csv")])
    assert done.exit_code == 0 and "true prevalence" in done.output, done.output
    page = tmp_path / "page.html"
    done = run(main, ["report", str(out), "--page", str(page), "--checked", str(tmp_path / "check.csv")])
    assert done.exit_code == 0, done.output
    html = page.read_text(encoding="utf-8")
    assert "Corrected for the machine" in html and "left thigh" not in html
    done = run(main, ["report", str(out), "--page", str(page), "--snippets", str(tmp_path / "in.csv")])
    assert done.exit_code == 0 and "left thigh" in page.read_text(encoding="utf-8"), done.output
