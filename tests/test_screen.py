"""The screen loses nothing: a report with a mention is never screened out."""

from __future__ import annotations

import csv
import random
import re
import tomllib
from pathlib import Path

import pyarrow as pa
import pytest
from marked import unmarked

from miner import screen
from miner.reader import Reader
from miner.records import Report
from miner.screen import stems


def texts(corpora: Path) -> list[str]:
    """All reports at hand: traps, demo corpus and gold standards."""
    found = []
    for path in sorted((corpora / "traps").glob("*.toml")):
        found += [unmarked(t["text"])[0] for t in tomllib.loads(path.read_text(encoding="utf-8"))["trap"]]
    with (corpora / "demo" / "reports.csv").open(encoding="utf-8", newline="") as file:
        found += [row["note_text"] for row in csv.DictReader(file)]
    for path in sorted((corpora / "gold" / "development").glob("*.toml")):
        found += [r["note_text"] for r in tomllib.loads(path.read_text(encoding="utf-8")).get("report", [])]
    return found


def test_screen_is_lossless(corpora: Path) -> None:
    """Read without the screen, no report that it would keep out has a mention."""
    unscreened = Reader(contexts="all")
    lost = []
    kept_out = 0
    for text in texts(corpora):
        if not unscreened.screened_in(unscreened.normal(text)):
            kept_out += 1
            if unscreened.read(Report("r", text)).mentions:
                lost.append(text)
    assert kept_out > 100
    assert not lost


@pytest.mark.parametrize(
    "dress", [str.upper, str.lower, str.title, lambda p: p.replace(" ", "  "), lambda p: p.replace(" ", "\n")]
)
def test_every_phrase_is_let_through(reader: Reader, dress: object) -> None:
    """Every phrase of the finding lexicon is let through in any case and with any blanks between its words."""
    missed = [
        phrase
        for phrase in screen.finding_phrases(reader.lexicon)
        if not reader.screened_in(reader.normal(f"seen: {dress(phrase)}."))  # type: ignore[operator]
    ]
    assert not missed


def dressed(phrase: str, chance: random.Random) -> str:
    """A phrase as exports garble it: case, blanks, hyphens, ligatures, invisible and full-width letters, line ends."""
    text = chance.choice([str.upper, str.lower, str.title])(phrase)
    for _ in range(chance.randint(0, 3)):
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(["\u00ad", "\u200b", "\ufeff", ""]) + text[place:]
    text = text.replace(" ", chance.choice([" ", "  ", "\t", "\n", "\r\n", "-", "\u00a0", "\x0b", "\u2011"]))
    text = chance.choice([text, text.replace("fi", "\ufb01"), text.replace("a", "\uff41"), text])
    if chance.random() < 0.2 and len(text) > 4:
        place = chance.randrange(1, len(text))
        text = text[:place] + chance.choice(["-\n", "- \n ", "-\r\n"]) + text[place:]
    return chance.choice(["Seen: ", "(", "\n", ""]) + text + chance.choice([".", ",", "\r\n", " in the hip"])


def test_column_screen_is_lossless(reader: Reader, corpora: Path) -> None:
    """What the screen of whole columns keeps out, the screen of normalised texts keeps out too."""
    chance = random.Random(20240501)
    phrases = screen.finding_phrases(reader.lexicon)
    given = texts(corpora) + [dressed(chance.choice(phrases), chance) for _ in range(20_000)]
    passes = screen.Screen(screen.pattern(reader.lexicon)).passes(pa.array(given)).to_pylist()
    lost = [t for t, p in zip(given, passes, strict=True) if not p and reader.screened_in(reader.normal(t))]
    assert not lost
    assert passes.count(False) > 100


def test_column_screen_spares_the_reading(reader: Reader) -> None:
    """Plain reports without a finding word do not pass, null neither."""
    given = ["Normal study.", "No acute fracture.\r\nJoint spaces are preserved.", "", None]
    assert screen.Screen(screen.pattern(reader.lexicon)).passes(pa.array(given, pa.string())).to_pylist() == [False] * 4


def test_screen_keeps_most_normal_reports_out(reader: Reader) -> None:
    """Reports without a finding word are kept out and read as absent without mentions."""
    for text in ("", "Normal study.", "No acute fracture. Joint spaces are preserved.", "\u200b\ud800"):
        assert not reader.screened_in(reader.normal(text))
        reading = reader.read(Report("r", text))
        assert (reading.soft_tissue, reading.mentions, reading.contexts) == ("absent", (), ())


def test_screened_out_is_read_the_same(reader: Reader) -> None:
    """What the screen keeps out has the same states as without it."""
    text = "HISTORY: Dermatomyositis. FINDINGS: Normal."
    unscreened = Reader(contexts="all").read(Report("r", text))
    assert reader.read(Report("r", text)).soft_tissue == unscreened.soft_tissue == "absent"


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        (["calcific", "calcific density", "soft tissue calcification"], ("calcific",)),
        (["ho", "ho about the hip", "bone within muscle"], ("bone within muscle", "ho")),
        (["ho", "hot spot"], ("ho", "hot spot")),
        ([], ()),
    ],
)
def test_stems(phrases: list[str], expected: tuple[str, ...]) -> None:
    """A word covers the phrases that contain it, a short one only as a whole word; the rest stays whole."""
    assert stems(phrases) == expected


def test_pattern_is_portable(reader: Reader) -> None:
    """The pattern uses nothing that RE2 lacks: no look-around and no back-references."""
    pattern = screen.pattern(reader.lexicon)
    assert not re.search(r"\(\?(?!:)", pattern)
    assert not re.search(r"\\[1-9]", pattern)
