"""The lexicons: what the loader accepts, refuses and makes of it, and the examples that stand in the files."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from miner import examples, screen
from miner.errors import LexiconError
from miner.lexicon import Decoy, Finding, load
from miner.lexicon.loader import FILES
from miner.lexicon.terms import alternatives, expand, plain, plural, respell
from miner.reader import Reader
from miner.resources import lexicon_folder
from miner.text import normalise

KNOWN_FAILURES: Mapping[str, str] = {}
"""Examples that are right and fail, by the beginning of their line, with the reason; a new failure breaks the tests."""

BAD = {
    "misspelt key": ('[[entry]]\nid = "x"\nlabel = "X"\ntermz = ["x"]', "x: unknown key 'termz'", "'terms'"),
    "wrong type": ('[[entry]]\nid = "x"\nlabel = "X"\nhead = "yes"', "x: head: must be true or false, is str", ""),
    "number for a list": (
        '[[entry]]\nid = "x"\nlabel = "X"\nterms = 3',
        "x: terms: must be a list of texts, is int",
        "",
    ),
    "value not allowed": (
        '[[entry]]\nid = "x"\nlabel = "X"\nscope = "soft_tisue"',
        "x: scope: 'soft_tisue' is not known; did you mean 'soft_tissue'?",
        "'vascular'",
    ),
    "no label": ('[[entry]]\nid = "x"\nterms = ["x"]', "x: label is missing", ""),
    "no id": ('[[entry]]\nlabel = "X"', "(entry without id): id is missing", ""),
    "id with a colon": ('[[entry]]\nid = "x:1"\nlabel = "X"', "x:1: id: use small letters", ""),
    "hit without marks": (
        '[[entry]]\nid = "x"\nlabel = "X"\nhit = ["a x"]',
        "x: hit: mark the expected words",
        "[[ ]]",
    ),
    "mark left open": (
        '[[entry]]\nid = "x"\nlabel = "X"\nmiss = ["a [[x"]',
        "x: miss: mark the expected words",
        "[[ ]]",
    ),
    "brace left open": (
        '[[entry]]\nid = "x"\nlabel = "X"\nterms = ["x{a,b"]',
        "x: terms: a brace without its partner",
        "",
    ),
    "id twice": (
        '[[entry]]\nid = "x"\nlabel = "X"\n[[entry]]\nid = "x"\nlabel = "Y"',
        "x: the id stands twice in this file",
        "",
    ),
    "unknown table": ('[[entries]]\nid = "x"', "(whole file): unknown table 'entries'; did you mean 'entry'?", ""),
    "single brackets": ('[entry]\nid = "x"', "(whole file): entry: every entry begins with a line [[entry]]", ""),
    "not TOML": ("[[entry", "(whole file): not valid TOML", ""),
    "off without an entry": (
        '[[entry]]\nid = "phlebolth"\noff = true',
        "phlebolth: off: there is no such entry; did you mean 'phlebolith'?",
        "known ids",
    ),
    "abbreviation key": (
        '[[entry]]\nid = "x"\nlabel = "X"\nabbreviations = [{form = "X", need = ["y"]}]',
        "x: abbreviations: unknown key 'need'; did you mean 'needs'?",
        "'unless'",
    ),
    "abbreviation without form": (
        '[[entry]]\nid = "x"\nlabel = "X"\nabbreviations = [{needs = ["y"]}]',
        "x: abbreviations: each is a text or a table",
        "",
    ),
    "site that is not there": (
        '[[entry]]\nid = "x"\nlabel = "X"\nsites = ["hipp"]',
        "x: sites: 'hipp' is not in sites.toml; did you mean 'hip'?",
        "known ids",
    ),
    "cause that is not there": (
        '[[entry]]\nid = "x"\nlabel = "X"\nstates = "pleboliths"',
        "x: states: 'pleboliths' is not in causes.toml; did you mean 'phlebolith'?",
        "'cppd'",
    ),
}
"""What can be wrong in findings.toml: the text of the file, how the problem begins, and what else it says."""

ELSEWHERE = {
    "decoys": ('hides = ["finding"]', "hides: 'finding' is not a lexicon; did you mean 'findings'?"),
    "sites": ('region = "hips"', "region: 'hips' is not a region of sites.toml; did you mean 'hip'?"),
    "cues": ('sections = ["requests"]', "sections: 'requests' is not the role of a section; did you mean 'request'?"),
    "sections": ('sites = ["lungs"]', "sites: 'lungs' is not in sites.toml; did you mean 'lung'?"),
    "causes": ('parent = "dystrofic"', "parent: 'dystrofic' is not in causes.toml; did you mean 'dystrophic'?"),
}
"""Names that lead nowhere, by file: a line of an entry, and the problem."""


def overlay(folder: Path, **files: str) -> Path:
    """A folder with the given lexicon files."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def problems(*folders: Path) -> tuple[str, ...]:
    """The problems that loading reports."""
    with pytest.raises(LexiconError) as caught:
        load(folders)
    return caught.value.problems


@pytest.mark.parametrize("case", BAD)
def test_problem_names_file_entry_key_and_what_is_allowed(case: str, tmp_path: Path) -> None:
    """Each fault is one problem that says where it is, what is wrong, and what is allowed or was meant."""
    text, begins, says = BAD[case]
    (found,) = problems(overlay(tmp_path / "ours", findings=text))
    assert found.startswith(f"findings.toml: {begins}")
    assert says in found


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_names_must_lead_somewhere(kind: str, tmp_path: Path) -> None:
    """What an entry names in another file, or as a role or a lexicon, must exist."""
    line, told = ELSEWHERE[kind]
    (found,) = problems(overlay(tmp_path / "ours", **{kind: f'[[entry]]\nid = "x"\nlabel = "X"\n{line}'}))
    assert found.startswith(f"{kind}.toml: x: {told}")


def test_all_problems_of_all_files_at_once(tmp_path: Path) -> None:
    """Faults of several entries, files and folders are listed together, and the error shows every one of them."""
    one = overlay(
        tmp_path / "one",
        findings='[[entry]]\nid = "a"\nlabel = "A"\nscop = "x"\n[[entry]]\nid = "b"\nkind = "bone"',
        sites="[[entry",
    )
    two = overlay(tmp_path / "two", cues='[[entry]]\nid = "c"\nlabel = "C"\ndirection = "UP"', finding="")
    found = problems(one, two, tmp_path / "nowhere")
    begun = ["findings.toml: a: unknown key", "findings.toml: b: kind: 'bone'", "findings.toml: b: label is missing"]
    begun += ["sites.toml: (whole file): not valid TOML", "cues.toml: c: direction: 'UP'"]
    begun += ["finding.toml: (whole file): unknown file; did you mean 'findings'?", f"{tmp_path / 'nowhere'}: (folder)"]
    assert all(any(line.startswith(start) for line in found) for start in begun)
    assert len(found) == len(begun)
    with pytest.raises(LexiconError, match=r"7 problem\(s\); nothing was started") as caught:
        load([one, two, tmp_path / "nowhere"])
    assert all(line in str(caught.value) for line in found)
    assert caught.value.exit_code == 2


def test_faulty_weights(tmp_path: Path) -> None:
    """A weight for a cause that does not exist, without a basis, or twice, is a problem of weights.toml."""
    text = """
        [[feature]]
        id = "site:hip"
        weights = {cpdd = [1.0, "x"], cppd = 1.0}
        [[feature]]
        id = "site:hip"
        group = "g"
        wieghts = {}
    """
    found = problems(overlay(tmp_path / "ours", weights=text))
    assert any("weights: 'cpdd' is not a cause; did you mean 'cppd'?" in line for line in found)
    assert 'weights.toml: site:hip: weights: cppd must be [number, "basis"]' in found
    assert "weights.toml: site:hip: group is missing" in found
    assert "weights.toml: site:hip: the id stands twice" in found
    assert any("unknown key 'wieghts'; did you mean 'weights'?" in line for line in found)


def test_file_that_is_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is named, with what to do."""
    ours = overlay(tmp_path / "ours")
    (ours / "findings.toml").write_bytes('[[entry]]\nid = "x"\nlabel = "Mönckeberg"'.encode("cp1252"))
    assert problems(ours) == ("findings.toml: (whole file): not UTF-8; save it as UTF-8",)


def test_overlay_adds_replaces_and_switches_off(tmp_path: Path) -> None:
    """An entry of a folder is added, takes the place of ours, or switches ours off; the rest stays."""
    text = """
        [[entry]]
        id = "x_new"
        label = "New"
        terms = ["pelvic bead"]
        [[entry]]
        id = "concretion"
        label = "Concrement"
        terms = ["concrement"]
        [[entry]]
        id = "phlebolith"
        off = true
    """
    ours, both = load(), load([overlay(tmp_path / "ours", findings=text)])
    assert both.phrases("findings", "x_new") == ("pelvic bead", "pelvic beads")
    assert both.phrases("findings", "concretion") == ("concrement", "concrements")
    assert both.of(Finding)["concretion"].label == "Concrement"
    assert "phlebolith" not in both.of(Finding)
    assert set(both.of(Finding)) == set(ours.of(Finding)) - {"phlebolith"} | {"x_new"}
    assert {k: v for k, v in both.entries.items() if k != "findings"} == {
        k: v for k, v in ours.entries.items() if k != "findings"
    }


def test_later_folders_lie_over_earlier_ones(tmp_path: Path) -> None:
    """Of two folders the later one wins, and may switch off what the earlier one added."""
    one = overlay(tmp_path / "one", findings='[[entry]]\nid = "x"\nlabel = "One"\nterms = ["bead"]')
    two = overlay(tmp_path / "two", findings='[[entry]]\nid = "x"\nlabel = "Two"\nterms = ["pearl"]')
    off = overlay(tmp_path / "off", findings='[[entry]]\nid = "x"\noff = true')
    assert load([one, two]).of(Finding)["x"].label == "Two"
    assert load([two, one]).of(Finding)["x"].label == "One"
    assert "x" not in load([one, two, off]).of(Finding)


def test_switching_off_what_others_name_is_a_problem(tmp_path: Path) -> None:
    """A site that a finding implies cannot vanish unnoticed."""
    found = problems(overlay(tmp_path / "ours", sites='[[entry]]\nid = "pericardium"\noff = true'))
    assert any(line.startswith("findings.toml: oos_pericardium: sites: 'pericardium'") for line in found)


def test_overlay_replaces_a_weight(tmp_path: Path) -> None:
    """A feature of a folder takes the place of ours with the same id, and no other."""
    before = load().features
    name = next(iter(before))
    text = f'[[feature]]\nid = "{name}"\ngroup = "g"\nweights = {{cppd = [1.5, "expert judgement"]}}'
    after = load([overlay(tmp_path / "ours", weights=text)]).features
    assert [(w.cause, w.value) for w in after[name].weights] == [("cppd", 1.5)]
    assert {k: v for k, v in after.items() if k != name} == {k: v for k, v in before.items() if k != name}


def test_whole_folder_stands_alone(tmp_path: Path) -> None:
    """A folder with every file replaces ours: what is deleted in it is gone, and unchanged it is the same lexicon."""
    whole = tmp_path / "whole"
    shutil.copytree(lexicon_folder(), whole)
    assert load([whole]).digest == load().digest
    file = whole / "findings.toml"
    kept = [block for block in file.read_text(encoding="utf-8").split("[[entry]]") if 'id = "concretion"' not in block]
    file.write_text("[[entry]]".join(kept), encoding="utf-8")
    assert set(load().of(Finding)) - set(load([whole]).of(Finding)) == {"concretion"}


def test_digest_changes_with_the_content_alone(tmp_path: Path) -> None:
    """Comments, blank lines and the order of keys leave the digest; a term, a new entry or a weight changes it."""
    text = '[[entry]]\nid = "x"\nlabel = "X"\nterms = ["bead"]\n'
    shuffled = '# remark\n\n[[entry]]\nterms = [ "bead" ]\nlabel = "X"\n\nid = "x"\n'
    first = load([overlay(tmp_path / "a", findings=text)]).digest
    assert load([overlay(tmp_path / "b", findings=shuffled)]).digest == first
    assert load([overlay(tmp_path / "empty")]).digest == load().digest
    others = [
        load().digest,
        load([overlay(tmp_path / "c", findings=text.replace("bead", "pearl"))]).digest,
        load([overlay(tmp_path / "d", findings=text + text.replace('"x"', '"y"'))]).digest,
        load([overlay(tmp_path / "e", sites=text)]).digest,
        load([overlay(tmp_path / "f", weights='[[feature]]\nid = "x"\ngroup = "g"')]).digest,
        load([overlay(tmp_path / "g", spelling='[uk_us]\nplough = "plow"')]).digest,
    ]
    assert len({first, *others}) == len(others) + 1


@pytest.mark.parametrize(
    ("term", "readings"),
    [
        ("plain", ["plain"]),
        ("calcif{ied,ic} {focus,foci}", ["calcified focus", "calcified foci", "calcific focus", "calcific foci"]),
        ("stone{,s}", ["stone", "stones"]),
        ("a{ b , c}d", ["abd", "acd"]),
        ("{a,b{c,d}}", ["a", "bc", "a", "bd"]),
    ],
)
def test_braces(term: str, readings: list[str]) -> None:
    """Braces stand for alternatives, an empty one included, in every combination and in the order written."""
    assert sorted(alternatives(term)) == sorted(readings)


@pytest.mark.parametrize(
    ("phrase", "more"),
    [
        ("calcification", "calcifications"),
        ("vein stone", "vein stones"),
        ("calcified body", "calcified bodies"),
        ("bony ray", None),
        ("cervix", "cervixes"),
        ("bone bridge", "bone bridges"),
        ("crush", "crushes"),
        ("calcified", None),
        ("stippling", None),
        ("phleboliths", None),
        ("amorphous", None),
        ("C1", None),
    ],
)
def test_plurals(phrase: str, more: str | None) -> None:
    """The last word gets its regular plural, unless it is short, an adjective, a participle or a plural already."""
    assert plural(phrase) == more


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("haematoma", "hematoma"),
        ("hematoma", "haematoma"),
        ("mineralised focus", "mineralized focus"),
        ("ossification centre", "ossification center"),
        ("tumoural", "tumoral"),
        ("oesophageal dysmotility", "esophageal dysmotility"),
        ("generalised", "generalized"),
    ],
)
def test_both_spellings(one: str, other: str) -> None:
    """A term in one spelling finds the other, whichever of the two is written."""
    found = expand([one], load().spelling, inflect=False)
    assert {one, other} <= set(found)


def test_expansion_is_finite_ordered_and_without_doubles() -> None:
    """Phrases come in the order of the terms, each once, in the form that the normalised text has."""
    found = expand(["Ca-P  {x,x}", "hip\u2019s", ""], {}, inflect=True)
    assert found == ("ca p x", "hip's")
    assert list(respell("hip", {"haem": "hem"})) == ["hip"]
    assert expand(["focus"], {}, inflect=False) == expand(["focus"], {}, inflect=True) == ("focus",)


def test_phrases_are_what_the_normalised_text_holds() -> None:
    """No phrase holds what normalisation takes away: capitals, hyphens in words, double spaces."""
    lexicon = load()
    wrong = [p for phrases in lexicon.expanded.values() for p in phrases if normalise(p).lower != p or plain(p) != p]
    assert wrong == []


def test_every_finding_passes_the_screen() -> None:
    """Each phrase and short form of each finding is let through by the screen, alone and in a sentence."""
    lexicon = load()
    word = re.compile(screen.pattern(lexicon))
    phrases = screen.finding_phrases(lexicon)
    assert [p for p in phrases if not (word.search(p) and word.search(f"the {p} is seen."))] == []
    assert len(phrases) > 1000
    assert not word.search("no fracture. alignment is normal. soft tissues are unremarkable.")


def test_screen_follows_the_lexicon(tmp_path: Path) -> None:
    """A term of an overlay is let through although no bundled stem covers it."""
    ours = overlay(tmp_path / "ours", findings='[[entry]]\nid = "x"\nlabel = "X"\nterms = ["pelvic bead"]')
    assert not re.search(screen.pattern(load()), "a pelvic bead")
    assert re.search(screen.pattern(load([ours])), "a pelvic bead")


@pytest.mark.parametrize("kind", FILES)
def test_every_entry_has_an_example(kind: str) -> None:
    """Each entry shows what it finds; a decoy shows what it hides."""
    entries = load().entries[kind].values()
    assert [e.id for e in entries if not (e.miss if isinstance(e, Decoy) else e.hit)] == []


@pytest.mark.parametrize("kind", FILES)
def test_examples(kind: str, reader: Reader) -> None:
    """Every example of the file holds, but for those that are known to fail; those do fail."""
    found = examples.run(reader, kind)
    known = {start for start in KNOWN_FAILURES if start.startswith(f"{kind}.toml")}
    assert [line for line in found if not line.startswith(tuple(known))] == []
    assert {start for start in known if any(line.startswith(start) for line in found)} == known
