"""On which side of the scope a mention lies: soft tissue, vascular, organ, other; and whether it counts at all."""

from __future__ import annotations

import re

from miner.draft import Draft
from miner.examination import Examination
from miner.lexicon import Lexicon
from miner.linking import anchored
from miner.parse import Sentence
from miner.placement import dominant

_NOT_SOFT = re.compile(
    r"\b(?:fractures?|fractured|callus|periosteal|osteotomy|arthrodesis|fusion|nonunion|union|healing|healed|"
    r"vertebra\w*|"
    r"spondyl\w+|syndesmophyte\w*|osteophyte\w*|endplate\w*|disc|graft)\b"
)


_JOINT = re.compile(r"\b(?:joint|recess|intra-?articular)\b")
_MASS = re.compile(
    r"\b(?:mass|masses|matrix|lesion|tumou?r|centre|center|central|internal|zoning|peripheral|amorphous)\b"
)


def drawn(one: Draft) -> bool:
    """Whether the sentence explains the mention by a cause that makes it a soft tissue one wherever it lies."""
    return any(cause.draws for cause, _, _ in one.sentence.causes) or any(
        d.id == "crescentic" for d, _, _ in one.descriptors
    )


def looks_apart(one: Draft) -> bool:
    """Whether the mention looks like what lies in soft tissue there, though an organ is named beside it."""
    regions = {site.region for site, _, _ in one.sites}
    return any(not regions.isdisjoint(d.draws_in) for d, _, _ in one.descriptors)


def decide(
    one: Draft, lower: str, heading: Examination, heading_scope: str, examination: Examination, lexicon: Lexicon
) -> None:
    """Sets scope and the word or rule that decided it; call before the places are filled from the examination."""
    fixed = one.finding.scope
    site = dominant(one, lower)
    if not heading.sites and one.sentence.section.id == "organ_limb" and examination.scope in ("organ", "vascular"):
        # "Right:" on a mammogram, or on a duplex of the carotids
        heading_scope = examination.scope
    if (
        site is not None
        and "vascular" in (heading_scope, heading.scope)
        and site.scope == "soft_tissue"
        and not site.compartment
    ):
        # "VASCULATURE: calcified plaques in both legs": a region under the vessels is where the vessel runs
        one.scope, one.scope_basis = "vascular", f"heading:{one.sentence.section.id}"
        return
    if fixed:
        if anchored(one):
            one.scope, one.scope_basis = fixed, f"finding:{one.finding.id}"
        elif (
            one.finding.yields
            and site is not None
            and site.scope
            and site.scope != fixed
            and not (fixed == "soft_tissue" and drawn(one) and not site.holds)
        ):
            one.scope, one.scope_basis = site.scope, f"site:{site.id}"
        elif one.finding.yields and site is None and heading_scope:
            one.scope, one.scope_basis = heading_scope, f"heading:{one.sentence.section.id}"
        else:
            one.scope, one.scope_basis = fixed, f"finding:{one.finding.id}"
        return
    if (
        site is not None
        and examination.scope == "vascular"
        and site.scope == "soft_tissue"
        and not site.compartment
        and (one.finding.head or any(h[0] is site and 0 <= one.start - h[2] <= 1 for h in one.sites))
    ):
        # on a vascular study "calcified popliteal" is the artery
        one.scope, one.scope_basis = "vascular", f"examination:{examination.region}"
        return
    if one.tied is not None and one.tied.finding.scope and one.tied.verdict.status in ("present", "possible"):
        if (
            site is None
            or site.weak
            or not site.scope
            or one.tied.finding.scope == site.scope
            or not one.tied.finding.states
        ):
            one.scope, one.scope_basis = one.tied.finding.scope, f"tied:{one.tied.finding.id}"
            return
    if site is not None:
        scope = site.scope
        if not scope:
            scope = str(lexicon.regions.get(site.region, {}).get("scope", ""))
            if examination.scope == "soft_tissue" and site.weak and examination.region == site.region:
                scope = "soft_tissue"
            scope = _of_bone(scope, one)
        if not site.scope and heading_scope and site.weak:
            # "MUSCLES: calcified foci in the neck": the heading says more than the region
            scope = heading_scope
        if scope in ("other", "organ") and (looks_apart(one) or (drawn(one) and not site.holds)):
            one.scope, one.scope_basis = "soft_tissue", "cause"
            return
        if scope:
            in_joint = any(s.compartment == "joint" for s, _, _ in one.sites) or _JOINT.search(
                lower, one.end, one.right
            )
            if one.finding.joint_scope and in_joint:
                scope = one.finding.joint_scope
            one.scope, one.scope_basis = scope, f"site:{site.id}"
            return
    if heading_scope:
        serosal = not any(s.holds for s in heading.sites) and examination.region in ("abdomen", "any", "pelvis")
        if heading_scope == "organ" and serosal and any(d.id == "crescentic" for d, _, _ in one.descriptors):
            # comma and horseshoe shapes under "liver" lie on its surface
            one.scope, one.scope_basis = "soft_tissue", "descriptor:crescentic"
            return
        one.scope, one.scope_basis = heading_scope, f"heading:{one.sentence.section.id}"
        return
    if heading.sites:
        one.scope, one.scope_basis = heading.scope, f"heading:{one.sentence.section.id}"
        return
    if drawn(one) and examination.region in ("abdomen", "spine"):
        one.scope, one.scope_basis = "soft_tissue", "cause"
        return
    one.scope, one.scope_basis = _of_bone(examination.scope, one), f"examination:{examination.region}"


def _of_bone(scope: str, one: Draft) -> str:
    """The scope that a region or an examination gives: organs calcify, but new bone of no named organ is no organ's."""
    return "soft_tissue" if scope == "organ" and one.finding.kind == "ossification" else scope


def settle(drafts: list[Draft]) -> None:
    """What a cause drew into the soft tissues ("crescents over the peritoneum") stays there in the whole report."""
    drawn_in = {
        site.id
        for d in drafts
        if d.scope == "soft_tissue" and d.scope_basis in ("cause", "descriptor:crescentic")
        for site, _, _ in d.sites
        if site.scope == "organ" and not site.holds
    }
    for d in drafts:
        if d.scope == "organ" and d.scope_basis.partition(":")[2] in drawn_in and not d.finding.scope:
            d.scope, d.scope_basis = "soft_tissue", "cause"


def counts(one: Draft, drafts: list[Draft], lower: str, near: list[Sentence]) -> bool:
    """Whether a weak word ("radiodense focus", "new bone") is a mention here; strong words always are."""
    need = one.finding.needs
    if not need:
        return True
    sentence = one.sentence
    strong = any(d is not one and not d.finding.needs and d.scope == "soft_tissue" for d in drafts)
    if need == "alone":
        return all(d is one for d in drafts) and bool(one.descriptors or one.size)
    if need == "soft_tissue":
        if one.scope != "soft_tissue":
            return False
        if one.finding.matrix and (one.verdict.status == "absent" or _MASS.search(lower, sentence.start, sentence.end)):
            return True
        placed = any(site.scope == "soft_tissue" for site, _, _ in one.sites if not site.bony)
        # "mature trabeculated bony bridging": bone is told by its order
        ordered = one.finding.ossified and any(d.dimension == "order" for d, _, _ in one.descriptors)
        return (strong or placed or ordered) and not _NOT_SOFT.search(lower, sentence.start, sentence.end)
    shapes = [
        d
        for d, _, _ in one.descriptors
        if d.dimension in ("shape", "texture", "order") and d.id not in ("dense", "linear", "nodular", "plaque_like")
    ]
    causes = any(sentence.causes) or any(s.causes or any(not f.needs for f, _, _ in s.findings) for s in near)
    if causes and one.scope == "soft_tissue":
        return True
    soft = one.scope == "soft_tissue" and any(site.scope == "soft_tissue" for site, start, _ in one.sites if start >= 0)
    return soft and bool(shapes)
