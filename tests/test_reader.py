"""The time that reading takes: by the length of a report, by its mentions, by the size of the lexicons."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from growth import FACTOR, growth

from miner.batch import Miner
from miner.reader import Reader
from miner.records import INPUT_SCHEMA, Report

NASTY = {
    "finding words": "calcification ",
    "one sentence": "calcification of the left knee and the right hip with ",
    "mentions": "Soft tissue calcification in the left knee. ",
    "headings": "FINDINGS: calcification of the knee.\n",
    "unknown headings": "ZZTOP: calcification.\n",
    "cues": "no evidence of possible likely no calcification ",
    "contexts": "Renal failure and dialysis. Calcification of the knee. ",
    "questions": "?calcification ",
    "numbered": "1. calcification 2. ossification ",
    "names": "phlebolith versus myositis ossificans versus dystrophic calcification, ",
    "lesions": "Phlebolith in the pelvis. Tendon calcification in the shoulder. Heterotopic bone at the hip. ",
    "descriptors": "amorphous globular fluffy linear calcification ",
    "brackets": "(calcification ",
}


@pytest.mark.parametrize("name", NASTY)
def test_time_grows_with_the_report(reader: Reader, name: str) -> None:
    """Four times as much of a nasty report takes about four times as long."""
    assert growth(lambda text: reader.read(Report("r", text)), NASTY[name], 10_000) < FACTOR


def test_a_run_of_one_character_is_nothing(reader: Reader) -> None:
    """A megabyte of one character behind a finding is read as the finding."""
    reading = reader.read(Report("r", "Soft tissue calcification. " + "A" * 1_000_000))
    assert [m.status for m in reading.mentions] == ["present"]


def best(work: Callable[[], object]) -> float:
    """Seconds, the best of five."""
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def made_up(count: int) -> list[str]:
    """Phrases that stand in no report."""
    chance = random.Random(20240501)
    letters = "bcdfghjklmnpqrstvwxz"
    words = ["".join(chance.choices(letters, k=6)) for _ in range(2 * count)]
    return [f"{one} {two}" for one, two in zip(words[::2], words[1::2], strict=True)]


def test_ten_thousand_more_terms_cost_little(tmp_path: Path) -> None:
    """With 10,000 more terms, findings among them, a batch takes less than twice as long and gives the same rows."""
    terms = made_up(10_000)
    for kind, some in (("findings", terms[:2_000]), ("contexts", terms[2_000:])):
        listed = ", ".join(f'"{term}"' for term in some)
        (tmp_path / f"{kind}.toml").write_text(
            f'[[entry]]\nid = "made_up"\nlabel = "Made up"\nkind = "calcification"\nterms = [{listed}]\n'
            if kind == "findings"
            else f'[[entry]]\nid = "made_up"\nlabel = "Made up"\nterms = [{listed}]\n',
            encoding="utf-8",
        )
    texts = [
        "XR KNEE LEFT\nFINDINGS: No fracture. Globular calcification in the quadriceps tendon, 8 mm. Renal failure.\n"
        "IMPRESSION: Calcific tendinitis.",
        "CT CHEST\nFINDINGS: No consolidation. Heart size is normal.",
    ] * 200
    rows = [{**dict.fromkeys(INPUT_SCHEMA.names), "note_id": str(n), "note_text": t} for n, t in enumerate(texts)]
    batch = pa.Table.from_pylist(rows, schema=INPUT_SCHEMA)
    small, large = Miner(), Miner(lexicons=[tmp_path])
    assert large.mine(batch)["mentions"].equals(small.mine(batch)["mentions"])
    assert best(lambda: large.mine(batch)) < 2 * best(lambda: small.mine(batch))
