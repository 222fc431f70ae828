"""What the pipeline found in a report, as plain records: no spaCy object leaves the room before this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from miner.lexicon import (
    CauseEntry,
    Condition,
    CueEntry,
    Descriptor,
    Entry,
    Finding,
    OtherFinding,
    Site,
)
from miner.sections import Section
from miner.text import Normal


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of the lexicon in the text: its entry and its half-open place in the normalised text."""

    entry: Entry
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CueHit:
    """A cue with the reach that ConText gave it."""

    entry: CueEntry
    start: int
    end: int
    scope_start: int
    scope_end: int


@dataclass(slots=True)
class Sentence:
    """One sentence and everything that was found in it, each list in the order of the text."""

    index: int
    start: int
    end: int
    section: Section
    findings: list[tuple[Finding, int, int]] = field(default_factory=list)
    descriptors: list[tuple[Descriptor, int, int]] = field(default_factory=list)
    sites: list[tuple[Site, int, int]] = field(default_factory=list)
    contexts: list[tuple[Condition, int, int]] = field(default_factory=list)
    causes: list[tuple[CauseEntry, int, int]] = field(default_factory=list)
    grammar: list[tuple[OtherFinding, int, int]] = field(default_factory=list)
    cues: list[CueHit] = field(default_factory=list)

    @property
    def role(self) -> str:
        """The role of the section that the sentence stands in."""
        return self.section.role


@dataclass(frozen=True, slots=True)
class Parse:
    """A report as parsed: its normalised text, its sections, and the sentences that were looked into."""

    normal: Normal
    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]
    tokens: tuple[Sequence[str], ...] = ()
    """The lower-case words of every sentence."""
