"""The medical knowledge, read from TOML files and checked."""

from miner.lexicon.entries import (
    AdviceEntry,
    CauseEntry,
    Condition,
    CueEntry,
    Decoy,
    Descriptor,
    Entry,
    Finding,
    OtherFinding,
    SectionEntry,
    Site,
)
from miner.lexicon.loader import Feature, Lexicon, Weight, load

__all__ = [
    "AdviceEntry",
    "CauseEntry",
    "Condition",
    "CueEntry",
    "Decoy",
    "Descriptor",
    "Entry",
    "Feature",
    "Finding",
    "Lexicon",
    "OtherFinding",
    "SectionEntry",
    "Site",
    "Weight",
    "load",
]
