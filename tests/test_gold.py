"""Gold standards: the documented format, and every problem of a file told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from miner import gold
from miner.errors import InputError

GOOD = """
[[report]]
note_id = "a-1"
person_id = "p1"
note_text = '''
FINDINGS: Calcification of the cuff. Calcification unchanged. Arterial calcification.
HISTORY: THA.
'''
soft_tissue = "present"
elsewhere = "present"
kind = "calcification"
cause = "calcific_tendinitis"
cause_also = ["dystrophic"]
mentions = [
  {text = "Calcification", status = "present", scope = "soft_tissue", sites = ["rotator_cuff"], lesion = "a"},
  {text = "Calcification", nth = 2, status = "present", scope = "soft_tissue", lesion = "a"},
  {text = "Arterial calcification", status = "present", scope = "vascular"},
]
contexts = [{text = "THA", condition = "hip_arthroplasty", status = "present"}]

[[report]]
note_id = "a-2"
note_text = "Normal."
soft_tissue = "absent"
elsewhere = "absent"
"""


def write(folder: Path, text: str, name: str = "batch.toml") -> Path:
    """A gold file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_places_are_found(tmp_path: Path) -> None:
    """A label's text is found in the report, and nth names a later occurrence."""
    found = gold.load([write(tmp_path, GOOD)])
    text = found.reports["note_text"][0]
    places = list(zip(found.mentions["start"], found.mentions["end"], strict=True))
    assert [text[a:b] for a, b in places] == ["Calcification", "Calcification", "Arterial calcification"]
    assert places[0][0] < places[1][0]
    context = found.contexts.iloc[0]
    assert text[context["start"] : context["end"]] == "THA"


def test_frames_have_their_columns(tmp_path: Path) -> None:
    """Labels that do not apply are left out of the file and empty in the frames; the file names the batch."""
    found = gold.load([write(tmp_path, GOOD)])
    assert found.reports["note_id"].tolist() == ["a-1", "a-2"]
    assert found.reports["batch"].tolist() == ["batch", "batch"]
    assert found.reports["cause"].isna().tolist() == [False, True]
    assert found.mentions["laterality"].isna().all()
    assert {"size_mm", "descriptors", "kind"} <= set(found.mentions.columns)


def test_file_without_labels(tmp_path: Path) -> None:
    """Reports without a mention give frames without rows, with all columns."""
    found = gold.load([write(tmp_path, GOOD[GOOD.rindex("[[report]]") :])])
    assert len(found.reports) == 1
    assert len(found.mentions) == len(found.contexts) == 0
    assert "start" in found.mentions.columns


def test_folder_in_order(tmp_path: Path) -> None:
    """A folder stands for its TOML files in the order of their names."""
    write(tmp_path, GOOD.replace("a-", "b-"), "two.toml")
    write(tmp_path, GOOD, "one.toml")
    write(tmp_path, "no gold", "notes.txt")
    assert gold.load([tmp_path]).reports["note_id"].tolist() == ["a-1", "a-2", "b-1", "b-2"]


BAD = {
    "unknown key": (GOOD.replace("kind =", "kynd ="), "batch.toml: a-1: unknown key 'kynd'"),
    "id twice": (GOOD.replace("a-2", "a-1"), "batch.toml: a-1: the note_id stands twice"),
    "no text": (GOOD.replace('note_text = "Normal."', ""), "batch.toml: a-2: note_text is missing"),
    "no state": (GOOD.replace('elsewhere = "absent"', ""), "batch.toml: a-2: elsewhere is missing"),
    "state": (
        GOOD.replace('soft_tissue = "absent"', 'soft_tissue = "none"'),
        "batch.toml: a-2: soft_tissue must be one of",
    ),
    "text not there": (
        GOOD.replace('text = "THA"', 'text = "SECRET"'),
        "batch.toml: a-1: context 1: its text does not",
    ),
    "nth too high": (GOOD.replace("nth = 2", "nth = 3"), "batch.toml: a-1: mention 2: its text does not occur"),
    "status": (
        GOOD.replace('condition = "hip_arthroplasty", status = "present"', 'condition = "x", status = "sure"'),
        "a-1: context 1: status or scope",
    ),
    "scope": (GOOD.replace('scope = "vascular"', 'scope = "vessel"'), "a-1: mention 3: status or scope"),
    "no toml": ("[[report", "batch.toml: cannot be read"),
}
"""Files with a problem, and what the error says of it."""


@pytest.mark.parametrize("name", BAD)
def test_problem_is_told(tmp_path: Path, name: str) -> None:
    """Each problem is told with file, report and what is allowed, and without report text."""
    text, message = BAD[name]
    with pytest.raises(InputError) as caught:
        gold.load([write(tmp_path, text)])
    assert message in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert "cuff" not in str(caught.value)


def test_all_problems_at_once(tmp_path: Path) -> None:
    """The problems of all files stand in one error."""
    first = write(tmp_path, GOOD.replace("nth = 2", "nth = 3").replace('"THA"', '"TKA"'), "one.toml")
    second = write(tmp_path, "[[report]]\nnote_id = 'x'\n", "two.toml")
    with pytest.raises(InputError) as caught:
        gold.load([first, second, tmp_path / "none.toml"])
    message = str(caught.value)
    for part in ("one.toml: a-1: mention 2", "one.toml: a-1: context 1", "two.toml: x: note_text", "none.toml: cannot"):
        assert part in message


def test_gold_reports_can_be_mined(tmp_path: Path) -> None:
    """The reports of a gold standard are read as any others, one row each, in order."""
    frames = gold.mined(gold.load([write(tmp_path, GOOD)]))
    assert frames.reports["note_id"].tolist() == ["a-1", "a-2"]
    assert frames.reports["soft_tissue"].tolist() == ["present", "absent"]
