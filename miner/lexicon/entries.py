"""The entries of the lexicons: one dataclass per file, its fields being the keys that the file may use.

The loader reads the field types, defaults and allowed values from here, so this page is also the file format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from miner.records import SCOPES, STATUSES


def _key(*, allowed: tuple[str, ...] | None = None, default: Any = None, many: bool = False) -> Any:
    """A dataclass field with the values that the file may give it."""
    metadata = {"allowed": allowed}
    return field(default_factory=tuple, metadata=metadata) if many else field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """A short form: matched in this exact case, and where ``needs`` is given only beside one of those words."""

    form: str
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What every entry has: an id that is never reused, how radiologists say it, its source and its own tests."""

    id: str
    label: str
    terms: tuple[str, ...] = ()
    abbreviations: tuple[Abbreviation, ...] = ()
    exclude: tuple[str, ...] = ()
    inflect: bool = True
    note: str = ""
    source: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    hit: tuple[str, ...] = ()
    miss: tuple[str, ...] = ()
    off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Entry):
    """A way to say that calcium or bone is there (``findings.toml``)."""

    kind: str = _key(allowed=("calcification", "ossification"), default="calcification")
    scope: str = _key(allowed=SCOPES, default="")
    sites: tuple[str, ...] = ()
    states: str = ""
    implies: tuple[str, ...] = ()
    needs: str = _key(allowed=("", "soft_tissue", "support", "alone"), default="")
    head: bool = False
    ossified: bool = False
    yields: bool = False
    # what a mass is made of: counts where the sentence names a mass, and when it is denied
    matrix: bool = False
    # lies along the whole body (arteries, lymph nodes): a region named beside it is its place too
    regional: bool = False
    # a site that stands for the region it lies in: phleboliths in the pelvis lie in the pelvic veins
    lodges: str = ""
    joint_scope: str = _key(allowed=("", *SCOPES), default="")
    status: str = _key(allowed=("", "absent"), default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoy(Entry):
    """Words that look like a finding, a site or a context and are none (``decoys.toml``); the longest match wins."""

    hides: tuple[str, ...] = ("findings",)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherFinding(Entry):
    """Nouns and verbs of the sentence that are no calcification but steer its reading (``grammar.toml``)."""

    role: str = _key(
        allowed=(
            "finding",
            "affirming_verb",
            "there",
            "filler",
            "anaphor",
            "inside",
            "around",
            "along",
            "holding",
            "relation",
            "left",
            "right",
            "bilateral",
            "modality",
            "definite",
            "undecided",
            "list",
        ),
        default="finding",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor(Entry):
    """Shape, texture, size word, extent, distribution, order or change (``descriptors.toml``)."""

    dimension: str = _key(
        allowed=("shape", "texture", "order", "size", "extent", "distribution", "change"), default="shape"
    )
    kind: str = _key(allowed=("", "calcification", "ossification"), default="")
    reach: str = _key(allowed=("phrase", "sentence"), default="phrase")
    silent: bool = False
    # nouns: the descriptor holds for what the text places inside, or around, one of them
    inside: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    # descriptors that rule out a position: a rim is not inside the mass
    not_with: tuple[str, ...] = ()
    # nouns that a mention is an adjective of: "calcified gluteal nodules"
    heads: tuple[str, ...] = ()
    # regions in which a mention that is so described lies in soft tissue, whatever organ is named beside it
    draws_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Entry):
    """An anatomic place (``sites.toml``): its region, its tissue, and on which side of the scope it lies."""

    region: str = ""
    compartment: str = ""
    scope: str = _key(allowed=("", *SCOPES), default="")
    paired: bool = False
    parent: str = ""
    reported_as: str = ""
    # further sites that are reported with it: a femoral artery lies in the thigh
    also: tuple[str, ...] = ()
    silent: bool = False
    weak: bool = False
    bony: bool = False
    holds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Entry):
    """A disease, injury, operation, drug or exposure that bears on the cause (``contexts.toml``)."""

    imaging: bool = False
    reported_as: str = ""
    reported_absent: bool = False
    silent: bool = False
    region: str = ""
    anywhere: bool = False
    # the sections in which it counts; everywhere where none is given
    sections: tuple[str, ...] = ()
    # the sections in which words that another condition has too mean this one
    told_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CueEntry(Entry):
    """A word that changes a status (``cues.toml``), in ConText's terms of direction and scope."""

    category: str = _key(
        allowed=(
            "ABSENT",
            "POSSIBLE",
            "HYPOTHETICAL",
            "HISTORICAL",
            "FAMILY",
            "PRESENT",
            "FAVOURED",
            "LESS_LIKELY",
            "ALTERNATIVE",
            "LEADS_IN",
            "DISMISSED",
            "TERMINATE",
            "PSEUDO",
        ),
        default="ABSENT",
    )
    direction: str = _key(allowed=("FORWARD", "BACKWARD", "BIDIRECTIONAL", "TERMINATE", "PSEUDO"), default="FORWARD")
    reach: int = 0
    applies_to: tuple[str, ...] = ("findings", "contexts", "causes")
    through_comma: bool = True
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionEntry(Entry):
    """A heading (``sections.toml``): what kind of text follows it, and the place that it implies."""

    role: str = _key(
        allowed=("exam", "request", "history", "technique", "comparison", "body", "conclusion", "addendum", "organ"),
        default="body",
    )
    sites: tuple[str, ...] = ()
    scope: str = _key(allowed=("", *SCOPES), default="")
    bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseEntry(Entry):
    """A cause (``causes.toml``): its place in the tree, its row of the teaching page's table, how it is named."""

    parent: str = ""
    family: str = ""
    severity: int = 0
    draws: bool = False
    passes_down: bool = True
    # what ties the name to a calcification: a cue, its standing in the same sentence, or nothing
    named: str = _key(allowed=("cued", "beside", "alone"), default="cued")
    # whether its name in the conclusion says what the findings are due to
    concludes: bool = True
    # causes that say more: where one of them is named too, this name is only its genus ("parasite", "guinea worm")
    gives_way_to: tuple[str, ...] = ()
    # conditions of which one brings it about: named without any of them, it is a finding for the audit
    explained_by: tuple[str, ...] = ()
    # so rare that the audit asks for a hedge or support in the description
    rare: bool = False
    # what settles it (entries of advice.toml): named without any of them, it is a finding for the audit
    work_up: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceEntry(Entry):
    """What a report says besides its findings (``advice.toml``): comparison, follow-up, work-up, outdated names."""

    topic: str = _key(
        allowed=("comparison", "follow_up", "modality", "not_advised", "work_up", "naming"), default="comparison"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """A status and its priority: where several cues reach one target, the highest priority decides."""

    status: str = field(metadata={"allowed": STATUSES})
    priority: int = 0
