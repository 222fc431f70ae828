"""The lexicon workshop: checks, the table, and what a change does to a corpus."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from miner import workshop
from miner.cli import main
from miner.errors import InputError, LexiconError
from miner.examples import Example, run
from miner.lexicon import load
from miner.reader import Reader
from miner.resources import lexicon_folder

BEAD = '[[entry]]\nid = "x_bead"\nlabel = "Bead"\nscope = "soft_tissue"\nterms = ["pelvic bead"]\n'
OFF = '[[entry]]\nid = "phlebolith"\noff = true\n'
REPORTS = pd.DataFrame(
    {
        "note_id": ["a", "b", "b", "d"],
        "note_text": [
            "XR pelvis: Several phleboliths.",
            "XR pelvis: A pelvic bead on the left.",
            "XR pelvis: No fracture.",
            "XR pelvis: Phleboliths. Heterotopic ossification about the left hip.",
        ],
    }
)

WRONG = {
    "findings": (
        '[[entry]]\nid = "x"\nlabel = "X"\nterms = ["pelvic bead"]\n'
        'hit = ["A [[bead]] is seen.", "[[Coarse]] pelvic bead."]\nmiss = ["A pelvic bead."]',
        [
            "hit 'A [[bead]] is seen.': 'bead' is not found; nothing is found there",
            "hit '[[Coarse]] pelvic bead.': 'Coarse' is not found; nothing is found there",
            "miss 'A pelvic bead.': is found on 'pelvic bead'",
        ],
    ),
    "decoys": (
        '[[entry]]\nid = "x"\nlabel = "X"\nterms = ["pelvic bead"]\nhides = ["findings"]\n'
        'miss = ["A pelvic bead.", "Calcification.", "A pelvic bead and calcification."]',
        [
            "miss 'Calcification.': holds none of the terms, so it does not test them",
            "miss 'Calcification.': calcification (findings) is found on 'Calcification'",
            "miss 'A pelvic bead and calcification.': calcification (findings) is found on 'calcification'",
        ],
    ),
    "sites": (
        '[[entry]]\nid = "x"\nlabel = "X"\nterms = ["hip pocket"]\nhit = ["Calcification of the [[hip]] pocket."]',
        ["hit 'Calcification of the [[hip]] pocket.': 'hip' is not found; found there: x on 'hip pocket'"],
    ),
    "cues": (
        '[[entry]]\nid = "x"\nlabel = "X"\ncategory = "POSSIBLE"\nterms = ["maybe perhaps"]\n'
        'hit = ["[[Maybe perhaps]] calcification.", "[[Without]] calcification."]\n'
        'miss = ["Maybe perhaps calcification."]',
        [
            "hit '[[Without]] calcification.': 'Without' is not found; found there: neg_without on 'Without'",
            "miss 'Maybe perhaps calcification.': is found on 'Maybe perhaps'",
        ],
    ),
    "sections": (
        '[[entry]]\nid = "x"\nlabel = "X"\nterms = ["bottom drawer"]\n'
        'hit = ["[[Bottom drawer]]: Calcification.", "The [[bottom drawer]] is empty."]',
        ["hit 'The [[bottom drawer]] is empty.': 'bottom drawer' is not found; nothing is found there"],
    ),
}
"""Entries with examples that hold and some that do not, by file, and what is said of those."""


def overlay(folder: Path, **files: str) -> Path:
    """A folder with the given lexicon files."""
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def test_marks_are_taken_out_and_kept_as_places() -> None:
    """An example is the sentence without its marks, with the place of each marked stretch."""
    found = Example.of("A [[calcified]] node, [[no]] bone.")
    assert found.text == "A calcified node, no bone."
    assert [found.text[start:end] for start, end in found.marked] == ["calcified", "no"]
    assert Example.of("Plain.") == Example("Plain.", ())


@pytest.mark.parametrize("kind", WRONG)
def test_examples_that_do_not_hold(kind: str, tmp_path: Path) -> None:
    """Each example that fails is told with file, entry, sentence and what was found instead; the others are silent."""
    text, told = WRONG[kind]
    reader = Reader([overlay(tmp_path / "ours", **{kind: text})])
    found = [line for line in run(reader, kind) if line.startswith(f"{kind}.toml: x: ")]
    assert found == [f"{kind}.toml: x: {line}" for line in told]


def test_decoy_example_with_marks_looks_at_the_marked_words(tmp_path: Path) -> None:
    """Where words of a decoy's example are marked, findings beside them may be found."""
    text = (
        '[[entry]]\nid = "x"\nlabel = "X"\nterms = ["stone age"]\nmiss = ["[[Stone age]] tool beside a calcification."]'
    )
    reader = Reader([overlay(tmp_path / "ours", decoys=text)])
    assert [line for line in run(reader, "decoys") if ": x: " in line] == []


def test_check_lists_loader_problems_and_runs_no_example(tmp_path: Path) -> None:
    """Where the files hold problems, exactly these are returned, those of all files."""
    ours = overlay(tmp_path / "ours", findings="[[entry", sites='[[entry]]\nid = "x"\nlabel = "X"\nregion = "moon"')
    found = workshop.check([ours])
    with pytest.raises(LexiconError) as caught:
        load([ours])
    assert found == list(caught.value.problems)
    assert [line.split(":")[0] for line in found] == ["findings.toml", "sites.toml"]


def test_check_runs_the_examples_of_overlays(tmp_path: Path) -> None:
    """The examples of an added entry count with ours; without examples only the files are looked at."""
    ours = overlay(tmp_path / "ours", findings=BEAD + 'hit = ["A [[pelvic bead]].", "A [[glass bead]]."]\n')
    found = [line for line in workshop.check([str(ours)]) if "x_bead" in line]
    assert found == [
        "findings.toml: x_bead: hit 'A [[glass bead]].': 'glass bead' is not found; nothing is found there"
    ]
    assert workshop.check([ours], examples=False) == []


def test_doubts(tmp_path: Path) -> None:
    """Shared and hidden terms, idle exclusions, and entries without terms or example are pointed out."""
    ours = overlay(
        tmp_path / "ours",
        findings='[[entry]]\nid = "x"\nlabel = "X"\nterms = ["phlebolith", "callus", "bead"]\n'
        'exclude = ["bead work", "moon"]\n'
        '[[entry]]\nid = "y"\nlabel = "Y"\nterms = ["bead work"]\nhit = ["[[bead work]]"]\n'
        '[[entry]]\nid = "z"\nlabel = "Z"\nabbreviations = ["HO"]\nhit = ["[[HO]]"]',
        sites='[[entry]]\nid = "nowhere"\nlabel = "Nowhere"\nhit = ["[[x]]"]',
    )
    found = workshop.doubts([ours])
    mine = [line for line in found if line.split(": ")[1] in ("x", "y", "z", "nowhere")]
    first = "that comes first, so they never count here"
    assert mine == [
        f"findings.toml: x: terms: 'phlebolith', 'phleboliths' stand in phlebolith too; {first}",
        f"findings.toml: x: terms: 'callus' stand in the decoy p_fragment too; {first}",
        "findings.toml: x: exclude: 'moon' collides with no term of the entry",
        "findings.toml: x: has no example; give it a hit",
        f"findings.toml: y: terms: 'bead work' stand in the exclude list of x too; {first}",
        "sites.toml: nowhere: has neither terms nor abbreviations",
    ]


def test_cue_that_looks_both_ways_is_no_doubt(tmp_path: Path) -> None:
    """The same words in two cues are doubtful only where direction, sections and targets agree."""
    cue = '[[entry]]\nid = "{}"\nlabel = "X"\ndirection = "{}"\nterms = ["maybe perhaps"]\nhit = ["[[x]]"]\n'
    text = cue.format("x", "FORWARD") + cue.format("y", "BACKWARD") + cue.format("z", "BACKWARD")
    found = [line for line in workshop.doubts([overlay(tmp_path / "ours", cues=text)]) if "maybe" in line]
    assert found == ["cues.toml: z: terms: 'maybe perhaps' stand in y too; both count"]


def test_table_has_every_entry() -> None:
    """One row an entry, with terms as written, the number of phrases, and the keys that the entry sets."""
    frame = workshop.table()
    lexicon = load()
    assert len(frame) == sum(len(entries) for entries in lexicon.entries.values())
    assert not frame.isna().to_numpy().any()
    row = frame[(frame["file"] == "findings.toml") & (frame["id"] == "heterotopic_ossification")].iloc[0]
    assert {"kind=ossification", "states=heterotopic_ossification"} <= set(row["attributes"].split(" | "))
    assert row["phrases"] == len(lexicon.phrases("findings", "heterotopic_ossification"))
    assert "HO (not with house officer)" in row["abbreviations"]
    assert row["terms"].split(" | ") == list(lexicon.entries["findings"]["heterotopic_ossification"].terms)
    assert frame.attrs["digest"] == lexicon.digest


def test_table_of_an_overlay(tmp_path: Path) -> None:
    """Entries of an overlay are in the table, those that it switches off are not."""
    ids = set(workshop.table([overlay(tmp_path / "ours", findings=BEAD + OFF)]).query("file == 'findings.toml'")["id"])
    assert "x_bead" in ids
    assert "phlebolith" not in ids


def test_csv_holds_the_table_and_no_formula(tmp_path: Path) -> None:
    """The CSV reads back as the table, and no cell begins as a formula does."""
    frame = pd.DataFrame({"file": ["cues.toml"], "id": ["x"], "terms": ["= none | - nil"], "phrases": [2]})
    workshop.save_table(frame, tmp_path / "x.csv")
    assert pd.read_csv(tmp_path / "x.csv")["terms"].tolist() == ["'= none | - nil"]
    whole = workshop.table()
    workshop.save_table(whole, tmp_path / "whole.csv")
    back = pd.read_csv(tmp_path / "whole.csv", keep_default_na=False)
    assert back["id"].tolist() == whole["id"].tolist()
    assert not back.astype(str).map(lambda cell: cell[:1] in "=+-@" and cell != "").to_numpy().any()


class _Page(HTMLParser):
    """Counts rows and gathers the addresses that a page loads, and the texts of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.rows += tag == "tr"
        self.loads += [value or "" for name, value in attrs if name == "src" or (name == "href" and value[:1] != "#")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_html_is_whole_escaped_and_loads_nothing(tmp_path: Path) -> None:
    """The page shows every entry, shows markup in a lexicon as text, and needs no other file."""
    text = '[[entry]]\nid = "x"\nlabel = "<script>alert(1)</script>"\nterms = ["bead"]\nnote = "a < b & c"'
    frame = workshop.table([overlay(tmp_path / "ours", findings=text)])
    target = workshop.save_table(frame, tmp_path / "x.html")
    page = _Page()
    page.feed(target.read_text(encoding="utf-8"))
    assert page.rows == len(frame) + frame["file"].nunique()
    assert page.loads == []
    assert "script" not in page.tags
    assert {"<script>alert(1)</script>", "a < b & c"} <= set(page.words)


def test_table_goes_only_where_it_can(tmp_path: Path) -> None:
    """An unknown ending and a missing folder are refused, with what to do."""
    frame = workshop.table()
    with pytest.raises(InputError, match=r"x\.pdf: the ending must be one of \.csv"):
        workshop.save_table(frame, tmp_path / "x.pdf")
    for name in ("x.csv", "x.html"):
        with pytest.raises(InputError, match="there is no such folder"):
            workshop.save_table(frame, tmp_path / "nowhere" / name)


def test_nothing_changed_nothing_differs(tmp_path: Path) -> None:
    """The same lexicons, given as none, as an empty folder and as a whole folder, differ in nothing."""
    whole = tmp_path / "whole"
    shutil.copytree(lexicon_folder(), whole)
    for old, new in ((None, overlay(tmp_path / "empty")), (whole, None)):
        found = workshop.diff(old, new, REPORTS)
        assert (found.read, found.failed) == (4, 0)
        assert len(found.reports) == len(found.mentions) == 0
        assert (found.prevalence["difference"] == 0).all()
        assert (found.entries["difference"] == 0).all()
        assert "0 of 4 reports change" in workshop.render(found)
        assert "Changed mentions: none" in workshop.render(found)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> workshop.Diff:
    """What comes of a new finding and of phleboliths switched off."""
    return workshop.diff(None, overlay(tmp_path_factory.mktemp("x") / "ours", findings=BEAD + OFF), REPORTS)


def test_changed_reports(changed: workshop.Diff) -> None:
    """Every cell of a report that differs is a row with before and after; identifiers may repeat."""
    states = changed.reports[changed.reports["column"] == "soft_tissue"].drop(columns="column")
    assert states.to_numpy().tolist() == [["a", "present", "absent"], ["b", "absent", "present"]]
    causes = changed.reports[changed.reports["column"] == "cause"].set_index("note_id")
    assert causes.loc["a", ["before", "after"]].tolist() == ["phlebolith", ""]
    assert set(changed.reports["column"]) <= {"soft_tissue", "elsewhere", "cause", "kind"}


def test_changed_mentions(changed: workshop.Diff) -> None:
    """A mention that one side lacks is added or removed, with its place and without its text."""
    rows = changed.mentions.set_index(["note_id", "change"])
    assert sorted(rows.index) == [("a", "removed"), ("b", "added"), ("d", "removed")]
    added = rows.loc[("b", "added")]
    assert (added["concept_before"], added["concept_after"], added["scope_after"]) == ("", "x_bead", "soft_tissue")
    assert REPORTS["note_text"][1][added["start"] : added["end"]] == "pelvic bead"
    texts = " ".join(changed.mentions.astype(str).to_numpy().ravel())
    assert "pelvic bead" not in texts


def test_change_of_status_scope_and_sites(tmp_path: Path) -> None:
    """A mention that stays where it is tells which of its labels changed, before and after."""
    files = {
        "sites": '[[entry]]\nid = "x_pouch"\nlabel = "Pouch"\nscope = "organ"\nregion = "pelvis"\nterms = ["pouch"]',
        "cues": '[[entry]]\nid = "x_maybe"\nlabel = "X"\ncategory = "POSSIBLE"\nterms = ["peradventure"]',
    }
    reports = ["XR pelvis: Calcification in the pouch.", "XR hip: Peradventure calcification in the thigh."]
    found = workshop.diff(None, overlay(tmp_path / "ours", **files), pd.DataFrame({"text": reports}))
    one, two = found.mentions.to_dict("records")
    assert (one["change"], one["scope_before"], one["scope_after"]) == ("scope, sites", "soft_tissue", "organ")
    assert (one["sites_before"], one["sites_after"]) == ("pelvis", "x_pouch")
    assert (two["change"], two["status_before"], two["status_after"]) == ("status", "present", "possible")
    assert "present -> possible" in workshop.render(found)


def test_effect_on_prevalence(changed: workshop.Diff) -> None:
    """Shares before and after are those of the reports, and gained and lost reports are told apart."""
    soft = changed.prevalence.set_index("what").loc["soft_tissue"]
    assert soft[["reports", "present_before", "present_after", "gained", "lost"]].tolist() == [4, 2, 2, 1, 1]
    assert (soft["share_before"], soft["share_after"], soft["difference"]) == (0.5, 0.5, 0.0)


def test_counts_by_entry(changed: workshop.Diff) -> None:
    """How often each entry is found before and after is counted, by kind of entry."""
    entries = changed.entries.set_index(["kind", "entry"])
    assert entries.loc[("finding", "phlebolith")].tolist() == [2, 0, -2]
    assert entries.loc[("finding", "x_bead")].tolist() == [0, 1, 1]
    assert entries.loc[("finding", "heterotopic_ossification")].tolist() == [1, 1, 0]
    assert entries.loc[("cause", "heterotopic_ossification")].tolist() == [1, 1, 0]


def test_render_shows_the_change_and_no_report(changed: workshop.Diff) -> None:
    """The terminal text has the numbers and the first changes, says how many more there are, and no report text."""
    text = workshop.render(changed, rows=2)
    assert text.startswith("bundled -> ours: 3 of 4 reports change.")
    assert "soft_tissue: present in 2 (50.00%) before, 2 (50.00%) after; +0.00 points (1 gained, 1 lost)" in text
    assert re.search(r"finding +phlebolith +2 +0 +-2", text)
    assert "... and 1 more" in text
    assert not any(words in text for words in ("pelvic bead", "Several", "about the left hip"))
    assert repr(changed).startswith("Diff(bundled -> ours: ")


def test_corpus_from_files(tmp_path: Path) -> None:
    """Paths are read as a sweep reads them, and give what the frame gives."""
    REPORTS.to_csv(tmp_path / "reports.csv", index=False)
    ours = overlay(tmp_path / "ours", findings=BEAD)
    from_file = workshop.diff(None, [ours], tmp_path / "reports.csv")
    from_frame = workshop.diff(None, ours, REPORTS)
    pd.testing.assert_frame_equal(from_file.mentions, from_frame.mentions)
    pd.testing.assert_frame_equal(from_file.reports, from_frame.reports)
    with pytest.raises(InputError, match="nowhere"):
        workshop.diff(None, ours, [tmp_path / "nowhere.csv"])


def test_faulty_lexicon_stops_the_comparison(tmp_path: Path) -> None:
    """A side that holds problems is not compared."""
    with pytest.raises(LexiconError, match="not valid TOML"):
        workshop.diff(None, overlay(tmp_path / "ours", findings="[[entry"), REPORTS)


def test_no_reports(tmp_path: Path) -> None:
    """An empty corpus differs in nothing and has a share of zero."""
    found = workshop.diff(None, overlay(tmp_path / "ours", findings=BEAD), REPORTS.head(0))
    assert found.read == 0
    assert found.prevalence["share_after"].tolist() == [0.0, 0.0]
    assert "0 of 0 reports change" in workshop.render(found)


def test_the_command_prints_doubts_and_keeps_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doubts follow the problems under a heading; only problems decide the exit code."""
    monkeypatch.setattr(workshop, "doubts", lambda overlays: ["sites.toml: knee: has no example; give it a hit"])
    for problems, code in (([], 0), (["sites.toml: knee: wrong"], 1)):
        monkeypatch.setattr(workshop, "check", lambda overlays, found=problems: found)
        shown = CliRunner().invoke(main, ["lexicon", "check"])
        assert shown.exit_code == code
        assert shown.stdout.splitlines()[-2:] == ["Doubts:", "sites.toml: knee: has no example; give it a hit"]


def test_the_command_has_no_doubts_about_files_that_do_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the files hold problems, these alone are printed."""

    def broken(overlays: object) -> list[str]:
        raise LexiconError(["sites.toml: knee: wrong"])

    monkeypatch.setattr(workshop, "check", lambda overlays: ["sites.toml: knee: wrong"])
    monkeypatch.setattr(workshop, "doubts", broken)
    shown = CliRunner().invoke(main, ["lexicon", "check"])
    assert (shown.exit_code, shown.stdout) == (1, "sites.toml: knee: wrong\n1 problem(s).\n")
