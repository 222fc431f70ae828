"""What the examination shows: places, side and body region, from its description and its title line."""

from __future__ import annotations

from dataclasses import dataclass

from miner.lexicon import Lexicon, Site
from miner.parse import Sentence
from miner.records import Report


@dataclass(frozen=True, slots=True)
class Examination:
    """Places and side that hold for every finding of a report that names none of its own."""

    sites: tuple[Site, ...] = ()
    laterality: str | None = None
    region: str = "any"
    scope: str = "soft_tissue"


def described(report: Report) -> str:
    """The columns that say what was examined, as one line."""
    parts = [report.study_description, report.body_part]
    return " ; ".join(p.strip() for p in parts if p and p.strip())


def side_of(sentence: Sentence) -> str | None:
    """The one side that a sentence names, or None where it names none or several."""
    roles = {entry.role for entry, _, _ in sentence.grammar if entry.role in ("left", "right", "bilateral")}
    if "bilateral" in roles or roles == {"left", "right"}:
        return "bilateral"
    return roles.pop() if len(roles) == 1 else None


def region_of(sites: tuple[Site, ...]) -> str | None:
    """The body region of the most specific place."""
    for site in sorted(sites, key=lambda s: s.weak):
        if site.region:
            return site.region
    return None


def examined(titles: list[Sentence], lexicon: Lexicon) -> Examination:
    """The examination from the sentences that describe it, most reliable first."""
    for sentence in titles:
        sites = tuple(dict.fromkeys(site for site, _, _ in sentence.sites))
        placed = tuple(s for s in sites if s.region)
        if not placed:
            continue
        region = region_of(placed) or "any"
        side = side_of(sentence) or next((side for t in titles if (side := side_of(t))), None)
        rule = lexicon.regions.get(region, {})
        default = str(rule.get("scope", "soft_tissue"))
        scopes = {s.scope for s in placed if s.scope}
        if "vascular" in scopes:
            default = "vascular"
        elif scopes == {"soft_tissue"}:
            default = "soft_tissue"
        elif len(scopes) == 1 and default == "soft_tissue" and all(s.scope for s in placed):
            default = scopes.pop()
        return Examination(placed, side, region, default)
    side = next((side for t in titles if (side := side_of(t))), None)
    return Examination(laterality=side)
