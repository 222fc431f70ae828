"""What the text says of a mention and a noun beside it: that it lies inside the noun, around it, along it, or is it.

"Chalky calcification within the deep part of the mass", "a cyst with calcification", "deposits around both hips",
"calcified gluteal nodules": the words of position stand in ``grammar.toml`` (roles ``inside``, ``around``, ``along``,
``holding``), the nouns with the descriptors that follow from them (``descriptors.toml``, keys of the same names and
``heads``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from miner.draft import Draft
from miner.lexicon import Descriptor, Lexicon, OtherFinding

_BETWEEN = r"(?:[\w'./-]+\s+){0,6}?"
"""The words that may stand between a word of position and its noun."""

_OTHER = r"(?!\s+(?:tendons?|tendinous|bursae?|origin|insertion|attachment|fascia)\b)"
"""What makes another tissue of a muscle's name."""

_RELATIONS = ("inside", "around", "along")


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in sorted(words, key=lambda w: (-len(w), w))) or r"(?!)"


@dataclass(frozen=True, slots=True)
class _Rule:
    descriptor: Descriptor
    after: re.Pattern[str] | None = None
    """Behind the mention: the word of position, then the noun."""
    before: re.Pattern[str] | None = None
    """In front of the mention: a noun that holds it, or a place that is said first."""
    head: bool = False
    """Only for a mention that is an adjective, or for one whose own last word is the noun."""
    own: re.Pattern[str] = re.compile(r"(?!)")
    """The noun as the last word of the mention."""


class Positions:
    """The rules of position of a lexicon; ``found`` gives the descriptors that follow for one mention."""

    def __init__(self, lexicon: Lexicon) -> None:
        words: dict[str, list[str]] = {}
        for entry in lexicon.of(OtherFinding).values():
            words.setdefault(entry.role, []).extend(lexicon.phrases("grammar", entry.id))
        holding = _any_of(words.get("holding", ()))
        self._rules: list[_Rule] = []
        for d in lexicon.of(Descriptor).values():
            for relation in _RELATIONS:
                nouns = getattr(d, relation)
                if not nouns:
                    continue
                place = rf"\b(?:{_any_of(words.get(relation, ()))})\s+{_BETWEEN}(?P<NAME>{_any_of(nouns)})\b{_OTHER}"
                before = place.replace("NAME", "place" if relation == "inside" else "noun") + r"[^;:]{0,110}\Z"
                if relation == "inside":
                    held = rf"\b(?P<noun>{_any_of(nouns)})\b{_OTHER}[^;:]{{0,90}}?\b(?:{holding})\b[^;:]{{0,60}}\Z"
                    before = f"{held}|{before}"
                self._rules.append(_Rule(d, re.compile(place.replace("NAME", "noun")), re.compile(before)))
            if d.heads:
                nouns = _any_of(d.heads)
                self._rules.append(
                    _Rule(
                        d,
                        re.compile(rf"\A\s+(?:[\w-]+\s+){{0,3}}?(?P<noun>{nouns})\b"),
                        re.compile(
                            rf"\b(?P<noun>{nouns})\b\s+(?:is|are|was|were|remains?|appears?)\s+(?:\w+\s+){{0,2}}\Z"
                        ),
                        head=True,
                        own=re.compile(rf"\b(?:{nouns})\Z"),
                    )
                )

    def found(self, one: Draft, lower: str) -> Iterator[tuple[Descriptor, int, int]]:
        """The descriptors of position of a mention, each with the noun that gives it."""
        have = {d.id for d, _, _ in one.descriptors} | {d.id for d, _, _ in one.denied}
        others = [first for entry, first, _ in one.sentence.grammar if entry.role == "finding"]
        for rule in self._rules:
            if rule.descriptor.id in have or not have.isdisjoint(rule.descriptor.not_with):
                continue
            hit = None
            if rule.head and (own := rule.own.search(lower[one.start : one.end])):
                # "calcified thyroid nodule": the noun stands in the name itself
                have.add(rule.descriptor.id)
                yield rule.descriptor, one.start + own.start(), one.start + own.end()
                continue
            if rule.after is not None:
                # the text behind an adjective is matched from its end, so that its noun follows at once
                hit = rule.after.match(lower[one.end : one.right]) if rule.head and one.finding.head else None
                if hit is not None:
                    have.add(rule.descriptor.id)
                    yield rule.descriptor, one.end + hit.start("noun"), one.end + hit.end("noun")
                    continue
                hit = None if rule.head else rule.after.search(lower, one.end, one.right)
                if hit and (";" in lower[one.end : hit.start()] or self._claimed(others, one.end, hit.start())):
                    hit = None
            name = "noun"
            if hit is None and rule.before is not None and (one.finding.head or not rule.head):
                hit = rule.before.search(lower, one.left, one.start)
                name = "noun" if hit and hit["noun"] else "place"
                if hit and not rule.head and self._claimed(others, hit.end(name), one.start):
                    hit = None
            if hit is not None:
                have.add(rule.descriptor.id)
                yield rule.descriptor, hit.start(name), hit.end(name)

    @staticmethod
    def _claimed(others: list[int], start: int, end: int) -> bool:
        """Whether another finding stands between the mention and the noun."""
        return any(start <= first < end for first in others)
