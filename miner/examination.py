"""What the examination shows: places, side and body region, from its description and its title line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from miner.lexicon import Decoy, Lexicon, Site
from miner.lexicon.terms import plain
from miner.parse import Sentence
from miner.phrases import Tree
from miner.records import Report
from miner.words import words_of

_LONGEST = 300


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


class Regions:
    """The body regions that the columns of a report name; compiled from a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._sites: Tree[Site] = Tree()
        for decoy in lexicon.of(Decoy).values():
            if "sites" in decoy.hides:
                for phrase in lexicon.phrases("decoys", decoy.id):
                    self._sites.add(phrase, None)
        for site in lexicon.of(Site).values():
            for phrase in lexicon.phrases("sites", site.id):
                self._sites.add(phrase, site)
            for short in site.abbreviations:
                if not short.needs:
                    self._sites.add(plain(short.form), site)
            for phrase in site.exclude:
                self._sites.add(plain(phrase), None)
        self.of = lru_cache(maxsize=4096)(self._of)

    def _of(self, study_description: str | None, body_part: str | None) -> str | None:
        """The region of the most specific place that they name, or None. The text of the report is not asked.

        So it is known alike for reports with and without a finding: the two halves of a prevalence.
        """
        line = plain(described(Report("", "", study_description, body_part))[:_LONGEST])
        return region_of(tuple(site for site, _, _ in self._sites.hits(words_of(line, 0, len(line)))))
