"""What "it" refers to: "Within it are calcifications" lies in the mass of the sentence before, where that was said."""

from __future__ import annotations

import re

from miner.draft import Draft
from miner.lexicon import Descriptor, Lexicon
from miner.linking import place_holds
from miner.parse import Sentence
from miner.position import Positions

_BEFORE = re.compile(
    r"\b(?:within|inside|throughout)\s+(?:it|its\s+\w+|the\s+(?:substance|interior|cent(?:er|re)))\b[^.;]*\Z"
    r"|\b(?:it|this|its\s+(?:\w+\s+)?(?:cent(?:er|re)|interior|core|substance|matrix))\s+(?:is\s+\S+\s+and\s+)?(?:\w+\s+)?"
    r"(?:contains?|shows?|harbou?rs|holds|has|demonstrates?|carries)\b[^.;]*\Z"
)
_AFTER = re.compile(
    r"\A[^.;]*\b(?:within|inside|throughout)\s+(?:it|its\s+(?:cent(?:er|re)|interior|core|substance|matrix))\b"
)
_DENIED = re.compile(r"\b(?:no|without|nor)\s+(?:[\w-]+\s+){0,3}\Z")


class Referents:
    """The nouns that can hold a calcification, compiled from a lexicon."""

    def __init__(self, lexicon: Lexicon, positions: Positions) -> None:
        self._holder = next((d for d in lexicon.of(Descriptor).values() if d.id == "within_a_mass"), None)
        words = sorted(self._holder.inside if self._holder else (), key=len, reverse=True)
        self._nouns = re.compile(rf"\b(?:{'|'.join(map(re.escape, words)) or '(?!)'})\b")
        self._positions = positions

    def refer(self, one: Draft, before: Sentence, lower: str) -> None:
        """Gives a mention that its sentence puts into "it" the mass of the sentence before, and the place of that."""
        if self._holder is None or not (
            _BEFORE.search(lower, one.sentence.start, one.start) or _AFTER.match(lower[one.end : one.sentence.end])
        ):
            return
        noun = self._nouns.search(lower, before.start, before.end)
        if noun is None or _DENIED.search(lower, before.start, noun.start()):
            return
        one.describe((self._holder, noun.start(), noun.end()), lower)
        held = Draft(before, one.finding, noun.start(), noun.end(), before.start, before.end, one.verdict)
        for hit in self._positions.found(held, lower):
            if hit[0].dimension == "distribution":
                one.describe(hit, lower)
        if not any(site.region for site, _, _ in one.sites):
            one.sites += [
                hit for hit in before.sites if hit[0].scope == "soft_tissue" and place_holds(held, hit, lower)
            ]
