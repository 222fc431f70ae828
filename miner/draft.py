"""A mention while it is being read: what is tied to it so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from miner.lexicon import Descriptor, Finding, Site
from miner.parse import Sentence
from miner.records import Attribute
from miner.status import Verdict

_DENIAL = re.compile(
    r"\b(?:no|without|not|lacks?|lacking|absence of|devoid of|absent|nor|neither|rather than|never)\b[^.;:]{0,40}\Z"
)


@dataclass(slots=True)
class Draft:
    """A mention while it is being read; positions are those of the normalised text."""

    sentence: Sentence
    finding: Finding
    start: int
    end: int
    left: int
    right: int
    verdict: Verdict
    sites: list[tuple[Site, int, int]] = field(default_factory=list)
    descriptors: list[tuple[Descriptor, int, int]] = field(default_factory=list)
    denied: list[tuple[Descriptor, int, int]] = field(default_factory=list)
    side: tuple[str, int, int] | None = None
    size: tuple[float, int, int] | None = None
    hidden: list[tuple[Site, int, int]] = field(default_factory=list)
    own_place: bool = False
    scope: str = ""
    scope_basis: str = ""
    tied: Draft | None = None
    lesion: int = -1

    def describe(self, hit: tuple[Descriptor, int, int], lower: str) -> None:
        """Takes in a descriptor: as one that holds, or as one that is denied of a finding that is there."""
        denied = (
            self.verdict.status != "absent"
            and hit[0].dimension != "change"
            and (
                _DENIAL.search(lower, max(self.left, hit[1] - 45), hit[1])
                or (hit[0].dimension == "distribution" and self.spared(hit[1]))
            )
        )
        (self.denied if denied else self.descriptors).append(hit)

    def spared(self, start: int) -> bool:
        """Whether a place stands behind a word that keeps the mention out of it ("they spare the subcutaneous fat")."""
        return any(
            entry.role == "relation" and last <= start and start - last < 30 and self.left <= first
            for entry, first, last in self.sentence.grammar
        )

    def attributes(self) -> list[Attribute]:
        """Everything tied to the mention, in normalised positions."""
        found = [Attribute("site", site.id, start, end) for site, start, end in self.sites]
        found += [Attribute(d.dimension, d.id, start, end) for d, start, end in self.descriptors]
        if self.side:
            found.append(Attribute("laterality", *self.side))
        if self.size:
            found.append(Attribute("size_mm", f"{self.size[0]:g}", self.size[1], self.size[2]))
        return found


def is_head(word: str) -> bool:
    """Nouns that stand for the calcification itself."""
    return word.strip(" ,.") in (
        "mass",
        "masses",
        "lesion",
        "lesions",
        "nodule",
        "nodules",
        "collection",
        "collections",
        "opacity",
        "opacities",
        "change",
        "changes",
        "abnormality",
    )
