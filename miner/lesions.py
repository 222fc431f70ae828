"""Which soft tissue mentions speak of the same thing: findings and impression, description and name, "these"."""

from __future__ import annotations

from dataclasses import dataclass, field

from miner.draft import Draft
from miner.lexicon import Finding

_CALCIFIED = frozenset({"phlebolith", "cppd", "injection_granuloma"})
_OPEN = frozenset({"present", "possible"})


@dataclass(slots=True)
class Lesion:
    """One calcification or ossification of soft tissue and all mentions of it."""

    number: int
    drafts: list[Draft] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """The causes that its mentions name by themselves."""
    structures: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)
    sides: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)
    own_sites: set[str] = field(default_factory=set)

    def add(self, one: Draft) -> None:
        """Takes in a mention; what the mentions say together is kept, so that long reports stay linear."""
        self.drafts.append(one)
        one.lesion = self.number
        structures, regions = _place(one)
        self.structures |= structures
        self.regions |= regions
        self.own_sites |= _own_sites(one)
        self.kinds.add(one.finding.kind)
        self.findings.add(one.finding.id)
        if one.finding.states:
            self.names.add(one.finding.states)
        if one.side and one.side[1] >= 0:
            self.sides.add(one.side[0])

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
        """Calcification or ossification, from the words and from described order; ``both`` where it is left open."""
        if self.kind_basis == "undetermined":
            return "both"
        kinds = {d.finding.kind for d in self.drafts}
        ordered = any(x.kind == "ossification" for d in self.drafts for x, _, _ in d.descriptors)
        if "ossification" in kinds:
            return "ossification"
        if ordered:
            return "ossification"
        return "calcification" if kinds else None

    @property
    def kind_basis(self) -> str:
        """What decided the kind: the described order (cortex, medullary space, trabeculae, zones), or only the word.

        ``undetermined`` where the report leaves the question open and describes no order.
        """
        if any(x.kind == "ossification" for d in self.drafts for x, _, _ in d.descriptors):
            return "structure"
        open_ = any(entry.role == "undecided" for d in self.drafts for entry, _, _ in d.sentence.grammar)
        return "undetermined" if open_ else "word"


def _place(one: Draft) -> tuple[set[str], set[str]]:
    """Structures and regions that a mention names itself (not those of the examination)."""
    own = [site for site, start, _ in one.sites if start >= 0]
    return {s.id for s in own if s.region and not s.weak}, {s.region for s in own if s.region}


def _own_sites(one: Draft) -> set[str]:
    return {site.id for site, start, _ in one.sites if start >= 0 and not site.weak}


def _fits(one: Draft, lesion: Lesion) -> bool:
    if one.tied is not None and one.tied.lesion == lesion.number:
        return True
    name = one.finding.states
    names = lesion.names
    if name and names and name not in names:
        return False
    finding = one.finding
    if name and not names and not all(_generic(d) for d in lesion.drafts):
        # "calcinosis" of the buttock and a phlebolith in the pelvis: a name joins another only at the same structure
        if not (_own_sites(one) & lesion.own_sites or name == "calcific_tendinitis"):
            return False
    if name == "phlebolith" and not names and one.tied is None:
        if lesion.regions and not lesion.regions & {"pelvis", "abdomen"}:
            return False
    if "chondrocalcinosis" in lesion.findings and _elsewhere_than_cartilage(one, lesion):
        return False
    if not _same_kind(finding, lesion, named=bool(name or names)):
        return False
    structures, regions = _place(one)
    if regions and lesion.regions and not regions & lesion.regions:
        return False
    if (
        structures
        and lesion.structures
        and not structures & lesion.structures
        and one.sentence.index == lesion.drafts[-1].sentence.index
    ):
        return False
    own_side = one.side[0] if one.side and one.side[1] >= 0 else None
    sides = lesion.sides
    if own_side and sides and own_side not in sides and "bilateral" not in {own_side, *sides}:
        return False
    # in one sentence two untied mentions of the same name in the same place are one thing, others are two
    same_sentence = one.sentence.index == lesion.drafts[-1].sentence.index
    return not (same_sentence and one.tied is None and name and not names and not regions)


def _generic(one: Draft) -> bool:
    """Whether the mention only says calcification or ossification, not which."""
    return not one.finding.states and (not one.finding.scope or one.finding.id == "soft_tissue_calcification")


def _elsewhere_than_cartilage(one: Draft, lesion: Lesion) -> bool:
    """Whether an unnamed calcification is said to lie in a tendon, muscle or the like, apart from the cartilage."""
    tissues = {site.compartment for site, start, _ in one.sites if start >= 0 and site.compartment}
    return (
        _generic(one)
        and bool(tissues)
        and tissues <= {"tendon", "muscle", "subcutis", "fascia", "bursa"}
        and not _own_sites(one) & lesion.own_sites
    )


def _same_kind(finding: Finding, lesion: Lesion, *, named: bool) -> bool:
    kinds, special = lesion.kinds, lesion.findings
    if finding.id == "chondrocalcinosis" and special - {
        "chondrocalcinosis",
        "calcification",
        "calcified",
        "soft_tissue_calcification",
    }:
        return False
    if "chondrocalcinosis" in special and finding.states and finding.states != "cppd":
        return False
    if finding.kind not in kinds and _CALCIFIED & ({finding.states} | lesion.names):
        # a phlebolith and an ossification are two things
        return False
    # mineral is calcium or bone: a matrix joins either
    neutral = finding.matrix or all(d.finding.matrix for d in lesion.drafts)
    return named or neutral or finding.kind in kinds


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
                    one.tied is not None and one.tied.lesion == le.number,
                    bool(one.finding.states) and one.finding.states in le.names,
                    len(structures & le.structures),
                    one.finding.id in le.findings,
                    -le.number if concluding else le.number,
                ),
            )
        if best is None:
            best = Lesion(len(lesions) + 1)
            lesions.append(best)
        best.add(one)
    return lesions
