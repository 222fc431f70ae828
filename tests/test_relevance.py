"""Sentences that are left out of the pipeline change nothing that is read."""

from __future__ import annotations

import csv
import random
import tomllib
from pathlib import Path

import pytest
from marked import unmarked

from miner.gold import load
from miner.phrases import Phrases, Tree
from miner.reader import Reader
from miner.records import Report
from miner.sections import Section
from miner.words import placed, tokens_of, words_of


@pytest.fixture(scope="module")
def whole() -> Reader:
    """A reader that has every sentence parsed."""
    return Reader(whole=True)


def reports(corpora: Path) -> list[Report]:
    """Traps, demo corpus and both parts of the gold standard."""
    found = []
    for path in sorted((corpora / "traps").glob("*.toml")):
        traps = tomllib.loads(path.read_text(encoding="utf-8"))["trap"]
        found += [Report("trap", unmarked(trap["text"])[0]) for trap in traps]
    with (corpora / "demo" / "reports.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.append(Report(row["note_id"], row["note_text"], row["study_description"]))
    for row in load(sorted((corpora / "gold").glob("*/round-*.toml"))).reports.to_dict("records"):
        described = row["study_description"]
        found.append(Report(row["note_id"], row["note_text"], described if isinstance(described, str) else None))
    return found


def test_readings_are_those_of_whole_reports(reader: Reader, whole: Reader, corpora: Path) -> None:
    """Every reading, with its evidence and its positions, is the one that the whole report gives."""
    assert not reader.whole
    given = reports(corpora)
    differing = [report.note_id for report in given if reader.read(report) != whole.read(report)]
    assert len(given) > 3000
    assert differing == []


def test_readings_are_those_of_whole_reports_in_shuffled_text(reader: Reader, whole: Reader, corpora: Path) -> None:
    """The same holds for texts that nobody wrote: the sentences of many reports, mixed and set in other lines."""
    chance = random.Random(20240501)
    sentences = [s for report in reports(corpora) for s in report.text.split(". ")]
    differing = 0
    for number in range(400):
        text = chance.choice([". ", ".\n", "\n\n", ".\nIMPRESSION: "]).join(chance.sample(sentences, 12))
        report = Report(str(number), text, chance.choice(["", "XR HIP LEFT", "CT ABDOMEN"]))
        differing += reader.read(report) != whole.read(report)
    assert differing == 0


def test_sentences_that_say_nothing_are_left_out(reader: Reader) -> None:
    """Of a templated normal only the title, the finding and its neighbours go through the pipeline."""
    normal = reader.normal(
        "XR KNEE LEFT\n\nFINDINGS: The joint space is preserved. Alignment is anatomic. There is no effusion of note. "
        "The patella is normal. A calcified loose body is seen. Skin is smooth. The marrow signal is even."
    )
    parsed = reader.parse(normal, whole=False)
    filled = [s for s in parsed.sentences if s.sites or s.findings or s.descriptors or s.grammar]
    assert len(parsed.sentences) == 8
    assert {s.index for s in filled} <= {0, 4, 5, 6}
    assert any(s.findings for s in parsed.sentences)


def test_phrases_are_found_where_they_stand() -> None:
    """A phrase is found anywhere, also behind a beginning that leads nowhere; a part of it is not."""
    phrases = Phrases([["renal", "failure"], ["chronic", "renal", "disease"], ["gout"]])
    assert phrases.in_(["known", "renal", "failure"])
    assert phrases.in_(["chronic", "renal", "failure"])
    assert phrases.in_(["renal", "renal", "failure"])
    assert phrases.in_(["gout"])
    assert not phrases.in_(["renal"])
    assert not phrases.in_(["failure", "renal"])
    assert not phrases.in_([])


def test_tree_finds_the_longest_phrase() -> None:
    """The longest phrase wins, the first entry of a phrase stays, and a phrase of None hides its words."""
    tree: Tree[str] = Tree()
    tree.add("knee", "joint")
    tree.add("knee", "other")
    tree.add("knee cap", "patella")
    tree.add("knee brace", None)
    words = words_of("knee cap knee brace knee", 0, 24)
    assert list(tree.hits(words)) == [("patella", 0, 8), ("joint", 20, 24)]


def test_placed_words_are_the_words() -> None:
    """Words with their places are the same, found anew or placed by their tokens, masks and repeated words included."""
    for text in (
        "no no calcification, no 3.5 x 2 mm, dr's __ note",
        "seen xxxx x ray xxx x",
        "",
        "a_b __c",
        "x xxx",
        "?ho?",
    ):
        tokens = tokens_of(text, 0, len(text))
        assert tokens == [word for word, _, _ in words_of(text, 0, len(text))]
        assert list(placed(tokens, text, 0, len(text))) == words_of(text, 0, len(text))


def test_abbreviations_matter(reader: Reader) -> None:
    """The short form of a condition makes its sentence matter."""
    words = [["nothing", "here"], ["esrd"], ["nothing", "here"]]
    assert reader.relevance.of(words, [0, 14, 20], [Section("findings", "body", 0, 0)] * 3, 0) == [1]


def test_report_in_which_nothing_matters(whole: Reader) -> None:
    """A report without any sentence that matters is read too, where all reports are."""
    everything = Reader(contexts="all")
    report = Report("r", "FINDINGS: The joint space is preserved. Alignment is anatomic.")
    assert everything.read(report).mentions == ()
    assert everything.parse(everything.normal(report.text), whole=False).sentences[0].sites == []
    assert whole.read(Report("r", "")).screened_out
