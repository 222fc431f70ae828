"""The documents say what the product does: commands, options, links, blocks and pages that scripts make."""

from __future__ import annotations

import importlib
import json
import os
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

import miner
from miner.cli import main
from miner.lexicon import load

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "tests" / "bench"
README = ROOT / "README.md"
PAGES = [
    README,
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
    *sorted((ROOT / "reports").glob("*.html")),
]


def script(name: str) -> ModuleType:
    """A script of tests/bench as a module; they import each other by their bare names."""
    sys.path.insert(0, str(BENCH))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCH))


def fenced(language: str) -> list[str]:
    """The README's code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), flags=re.M | re.S)


def runnable() -> list[str]:
    """The README's shell commands that call the miner."""
    lines = [line.strip().removeprefix(".venv/bin/") for block in fenced("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("miner ")]


def commands(
    group: click.Group = main, before: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that is not a group, with the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


def missing(line: str) -> list[str]:
    """The options of a command line that its help does not list; the whole line where there is no such command."""
    words = shlex.split(line.split(" | ")[-1])[1:]
    known = dict(commands())
    names = next((tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in known), None)
    if names is None:
        return [line]
    shown = CliRunner().invoke(main, [*names, "--help"])
    assert shown.exit_code == 0
    return [word for word in words if word.startswith("--") and not re.search(rf"{word}\b", shown.output)]


def test_the_readme_has_commands_to_run() -> None:
    """The README shows the commands of all three kinds of user."""
    shown = " ".join(runnable())
    assert all(
        f"miner {name}" in shown for name in ("demo", "sweep", "prevalence", "report", "evaluate", "lexicon check")
    )


@pytest.mark.parametrize("line", runnable())
def test_a_command_of_the_readme_exists_with_its_options(line: str) -> None:
    """Each command of the README's shell blocks and each of its options is known to the command line."""
    assert missing(line) == []


@pytest.mark.parametrize(("names", "command"), [pytest.param(*pair, id=" ".join(pair[0])) for pair in commands()])
def test_every_command_has_help_with_an_example_that_exists(names: tuple[str, ...], command: click.Command) -> None:
    """Each command says what it does, gives an example, and the example uses options that exist."""
    assert command.help
    assert command.epilog is not None and command.epilog.startswith("Example: ")
    example = command.epilog.removeprefix("Example: ")
    assert f"miner {' '.join(names)}" in example
    assert missing(example) == []


def test_make_targets_of_the_readme_exist() -> None:
    """Each make target that the README names stands in the Makefile."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    named = set(re.findall(r"(?:`|^)make (\w+)", README.read_text(encoding="utf-8"), flags=re.M))
    assert {"demo", "test"} <= named <= targets


def test_python_names_of_the_readme_exist() -> None:
    """Each function that the README's Python calls on the package is there."""
    named = set(re.findall(r"\bminer\.(\w+)\(", "\n".join(fenced("python"))))
    assert {"read", "mine", "sweep", "load", "prevalence", "cause_shares", "pipeline"} <= named
    assert all(callable(getattr(miner, name)) for name in named)


def test_links_of_the_documents_lead_somewhere() -> None:
    """Each relative link of README and docs is a file of the repository, each anchor a heading."""
    broken = []
    for page in (p for p in PAGES if p.suffix == ".md"):
        text = page.read_text(encoding="utf-8")
        anchors = {
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, flags=re.M)
        }
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if link.startswith("#"):
                broken += [link] if link[1:] not in anchors else []
            elif not link.startswith("http"):
                broken += [link] if not (page.parent / link).exists() else []
    assert broken == []


def test_the_lexicon_example_of_the_readme_works(tmp_path: Path) -> None:
    """The overlay entries of the README load, and the first of them finds its own example."""
    added, off = (block for block in fenced("toml"))
    (tmp_path / "findings.toml").write_text(added, encoding="utf-8")
    assert "lime_deposit" in load([tmp_path]).entries["findings"]
    found = miner.read("Lime deposits in the supraspinatus tendon.", lexicons=[tmp_path])
    assert [mention.concept for mention in found.mentions] == ["lime_deposit"]
    (tmp_path / "findings.toml").write_text(off, encoding="utf-8")
    assert "phlebolith" not in load([tmp_path]).entries["findings"]


def test_the_first_look_table_is_what_its_script_makes() -> None:
    """The README's first-look block equals the table that the script makes from the scores on record."""
    assert script("blocks").block(README, "first-look") == script("first_look_table").current()


def test_the_speed_table_is_what_its_script_recorded() -> None:
    """The README's speed block equals the table of the last recorded benchmark."""
    speed = script("speed")
    assert script("blocks").block(README, "speed") == speed.table(speed.recorded()).strip()


def test_the_scale_table_is_what_its_script_recorded() -> None:
    """The README's block on growth equals the table of the last recorded run."""
    scale = script("scale")
    assert script("blocks").block(README, "scale") == scale.table(scale.recorded()).strip()


def test_the_page_of_tables_is_up_to_date() -> None:
    """docs/tables.md equals what its script makes of the schemas, and every column has a meaning."""
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == script("tables_page").page()


def test_the_coverage_table_is_up_to_date() -> None:
    """docs/statistics.md holds the coverage that was simulated last."""
    assert script("blocks").block(ROOT / "docs" / "statistics.md", "coverage") == script("coverage_table").current()


def test_every_source_of_the_lexicons_is_listed_and_no_other() -> None:
    """docs/sources.md lists exactly the sources that the lexicons name."""
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "lexicons").glob("*.toml")]
    used = set(re.findall(r"\bS_[A-Z0-9_]+", "\n".join(texts)))
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (S_\w+) \|", page, flags=re.M)) == used


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documents_name_no_machine_paths(page: Path) -> None:
    """No document, notebook or committed report names a folder of the machine it was made on."""
    assert re.findall(r"(?<![\w.])/(?:tmp|work|home|root|Users|var)/\S*", page.read_text(encoding="utf-8")) == []


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(notebook: Path, tmp_path: Path) -> None:
    """The code of a notebook runs from its own folder, cell after cell, and ends without an error."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    script = tmp_path / "cells.py"
    script.write_text("import matplotlib\nmatplotlib.use('agg')\n" + "\n\n".join(code), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=notebook.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebooks_were_run(notebook: Path) -> None:
    """Every code cell of a notebook was run in order, without an error, and most show something."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = [output["output_type"] for cell in code for output in cell["outputs"]]
    assert "error" not in kinds and len(kinds) >= len(code) - 1


def test_the_speed_corpora_are_varied_and_mention_what_they_should() -> None:
    """The benchmark's reports hardly repeat a sentence, and only those meant to mention calcification do."""
    speed = script("speed")
    chance = random.Random(1)
    plain = [speed.report(n, False, chance)["note_text"] for n in range(300)]
    said = [speed.report(n, True, chance)["note_text"] for n in range(50)]
    words = re.compile("calcif|calcinosis|ossific|phlebolith", re.I)
    assert not any(words.search(text) for text in plain) and all(words.search(text) for text in said)
    sentences = [s for text in plain for s in re.split(r"(?<=\.)\s", text)]
    assert len(set(sentences)) > 0.9 * len(sentences)
