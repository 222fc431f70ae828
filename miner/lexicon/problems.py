"""What can be wrong with lexicons beyond a single key: marks that do not match, and ids that lead nowhere."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import fields
from pathlib import Path

from miner.lexicon import entries as e

_MARK = re.compile(r"\[\[|\]\]")


class Problems(list[str]):
    """The problems found so far, each as ``file: entry: what, and what is allowed``."""

    def add(self, file: Path | str, entry: str, what: str) -> None:
        """Notes one problem."""
        name = file.name if isinstance(file, Path) else file
        self.append(f"{name}: {entry}: {what}")


def nearest(word: str, allowed: Iterable[str]) -> str:
    """What may stand there, and which of it was probably meant."""
    choices = sorted(set(allowed))
    close = difflib.get_close_matches(str(word), choices, 1)
    listing = ", ".join(repr(c) for c in choices) if len(choices) <= 30 else f"one of {len(choices)} known ids"
    return f"{f'did you mean {close[0]!r}? ' if close else ''}allowed: {listing}"


def brackets(example: str, *, wanted: bool) -> bool:
    """Whether the marks of an example open and close in turn, and where they are wanted, stand at all."""
    marks = _MARK.findall(example)
    return marks == ["[[", "]]"] * (len(marks) // 2) and (bool(marks) or not wanted)


def references(entries: Mapping[str, Mapping[str, e.Entry]], regions: Set[str], problems: Problems) -> None:
    """Ids that an entry takes from another file, and kinds and roles that it names, must exist."""
    roles = next(f for f in fields(e.SectionEntry) if f.name == "role").metadata["allowed"]
    known: dict[str, Iterable[str]] = {f"in {kind}.toml": found for kind, found in entries.items()}
    known["a lexicon"] = ("findings", "descriptors", "sites", "contexts", "causes", "grammar")
    known["something that cues change"] = ("findings", "contexts", "causes")
    known["the role of a section"] = (*roles, "start")
    known["a region of sites.toml"] = regions

    def check(file: str, entry: str, key: str, values: Sequence[str], what: str) -> None:
        for value in values:
            if value and value not in known[what]:
                problems.add(f"{file}.toml", entry, f"{key}: {value!r} is not {what}; {nearest(value, known[what])}")

    for file, key, what in _REFERENCES:
        for entry in entries[file].values():
            value = getattr(entry, key)
            check(file, entry.id, key, (value,) if isinstance(value, str) else value, what)


_REFERENCES = (
    ("findings", "sites", "in sites.toml"),
    ("findings", "states", "in causes.toml"),
    ("findings", "implies", "in descriptors.toml"),
    ("descriptors", "not_with", "in descriptors.toml"),
    ("decoys", "hides", "a lexicon"),
    ("sites", "parent", "in sites.toml"),
    ("sites", "region", "a region of sites.toml"),
    ("contexts", "region", "a region of sites.toml"),
    ("contexts", "sections", "the role of a section"),
    ("contexts", "told_in", "the role of a section"),
    ("cues", "applies_to", "something that cues change"),
    ("cues", "sections", "the role of a section"),
    ("sections", "sites", "in sites.toml"),
    ("causes", "parent", "in causes.toml"),
    ("causes", "family", "in causes.toml"),
    ("causes", "gives_way_to", "in causes.toml"),
    ("causes", "work_up", "in advice.toml"),
)
"""Every key that names something: the file, the key, and what its value must be."""
