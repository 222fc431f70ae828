"""Which soft tissue mentions speak of the same thing: findings and impression, description and name, "these"."""

from __future__ import annotations

from dataclasses import dataclass, field

from miner.lexicon import Finding
from miner.linking import Draft

_CALCIFIED = frozenset({"phlebolith", "cppd", "injection_granuloma"})
_OPEN = frozenset({"present", "possible"})


@dataclass(slots=True)
class Lesion:
    """One calcification or ossification of soft tissue and all mentions of it."""

    number: int
    drafts: list[Draft] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id that tables use."""
        return f"L{self.number}"

    @property
    def status(self) -> str:
        """``present`` if any of its mentions is."""
        return "present" if any(d.verdict.status == "present" for d in self.drafts) else "possible"

    @property
    def kind(self) -> str | None:
        """Calcification or ossification, from the words and from described order (cortex, medulla, trabeculae)."""
        kinds = {d.finding.kind for d in self.drafts}
        ordered = any(x.kind == "ossification" for d in self.drafts for x, _, _ in d.descriptors)
        if "ossification" in kinds:
            return "ossification"
        if ordered:
            return "ossification"
        return "calcification" if kinds else None

    @property
    def names(self) -> set[str]:
        """The causes that its mentions name by themselves."""
        return {d.finding.states for d in self.drafts if d.finding.states}


def _place(one: Draft) -> tuple[set[str], set[str]]:
    """Structures and regions that a mention names itself (not those of the examination)."""
    own = [site for site, start, _ in one.sites if start >= 0]
    return {s.id for s in own if s.region and not s.weak}, {s.region for s in own if s.region}


def _fits(one: Draft, lesion: Lesion) -> bool:
    if one.tied is not None and one.tied in lesion.drafts:
        return True
    name = one.finding.states
    names = lesion.names
    if name and names and name not in names:
        return False
    finding = one.finding
    if name and not names and not all(_generic(d) for d in lesion.drafts):
        # "calcinosis" of the buttock and a phlebolith in the pelvis: a name joins another only at the same structure
        mine = {s.id for s, start, _ in one.sites if start >= 0 and not s.weak}
        theirs = {s.id for d in lesion.drafts for s, start, _ in d.sites if start >= 0 and not s.weak}
        if not (mine & theirs or name == "calcific_tendinitis"):
            return False
    if name == "phlebolith" and not names and one.tied is None:
        there = {r for d in lesion.drafts for r in _place(d)[1]}
        if there and not there & {"pelvis", "abdomen"}:
            return False
    if not _same_kind(finding, lesion, named=bool(name or names)):
        return False
    structures, regions = _place(one)
    known_structures: set[str] = set()
    known_regions: set[str] = set()
    for d in lesion.drafts:
        s, r = _place(d)
        known_structures |= s
        known_regions |= r
    if regions and known_regions and not regions & known_regions:
        return False
    if (
        structures
        and known_structures
        and not structures & known_structures
        and one.sentence.index == lesion.drafts[-1].sentence.index
    ):
        return False
    own_side = one.side[0] if one.side and one.side[1] >= 0 else None
    sides = {d.side[0] for d in lesion.drafts if d.side and d.side[1] >= 0}
    if own_side and sides and own_side not in sides and "bilateral" not in {own_side, *sides}:
        return False
    # in one sentence two untied mentions of the same name in the same place are one thing, others are two
    same_sentence = one.sentence.index == lesion.drafts[-1].sentence.index
    return not (same_sentence and one.tied is None and name and not names and not regions)


def _generic(one: Draft) -> bool:
    """Whether the mention only says calcification or ossification, not which."""
    return not one.finding.states and (not one.finding.scope or one.finding.id == "soft_tissue_calcification")


def _same_kind(finding: Finding, lesion: Lesion, *, named: bool) -> bool:
    kinds = {d.finding.kind for d in lesion.drafts}
    special = {d.finding.id for d in lesion.drafts}
    if finding.id == "chondrocalcinosis" and special - {
        "chondrocalcinosis",
        "calcification",
        "calcified",
        "soft_tissue_calcification",
    }:
        return False
    if "chondrocalcinosis" in special and finding.states and finding.states != "cppd":
        return False
    if finding.kind not in kinds and _CALCIFIED & ({finding.states} | {d.finding.states for d in lesion.drafts}):
        # a phlebolith and an ossification are two things
        return False
    return named or finding.kind in kinds


def gather(drafts: list[Draft]) -> list[Lesion]:
    """Groups the open soft tissue mentions of a report, in the order of the text, into lesions."""
    lesions: list[Lesion] = []
    for one in drafts:
        if one.scope != "soft_tissue" or one.verdict.status not in _OPEN:
            continue
        fitting = [lesion for lesion in lesions if _fits(one, lesion)]
        best = None
        if fitting:
            # a mention prefers the lesion that bears its name, then its own word, then its place; a conclusion sums up
            # the first lesion, a later sentence goes on with the latest
            concluding = one.sentence.role in ("conclusion", "addendum")
            structures = _place(one)[0]
            best = max(
                fitting,
                key=lambda le: (
                    one.tied in le.drafts,
                    bool(one.finding.states) and one.finding.states in le.names,
                    len(structures & {s for d in le.drafts for s in _place(d)[0]}),
                    any(d.finding.id == one.finding.id for d in le.drafts),
                    -le.number if concluding else le.number,
                ),
            )
        if best is None:
            best = Lesion(len(lesions) + 1)
            lesions.append(best)
        best.drafts.append(one)
        one.lesion = best.number
    return lesions
