"""What the text says of a mention and a noun beside it: that it lies inside the noun, or around it.

"Chalky calcification within the deep part of the mass", "a cyst with calcification", "deposits around both hips": the
words of position stand in ``grammar.toml`` (roles ``inside``, ``around``, ``holding``), the nouns with the
descriptors that follow from them (``descriptors.toml``, keys ``inside`` and ``around``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from miner.lexicon import Descriptor, Lexicon, OtherFinding
from miner.linking import Draft

_BETWEEN = r"(?:[\w'./-]+\s+){0,6}?"
"""The words that may stand between a word of position and its noun."""

_OTHER = r"(?:tendons?|tendinous|bursae?|origin|insertion|attachment|fascia)\b"
"""What makes another tissue of a muscle's name."""


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in sorted(words, key=lambda w: (-len(w), w)))


@dataclass(frozen=True, slots=True)
class _Rule:
    descriptor: Descriptor
    after: re.Pattern[str] | None
    """Behind the mention: the word of position, then the noun."""
    before: re.Pattern[str] | None
    """In front of the mention: a noun that holds it."""


class Positions:
    """The rules of position of a lexicon; ``found`` gives the descriptors that follow for one mention."""

    def __init__(self, lexicon: Lexicon) -> None:
        words: dict[str, list[str]] = {}
        for entry in lexicon.of(OtherFinding).values():
            words.setdefault(entry.role, []).extend(lexicon.phrases("grammar", entry.id))
        inside, around, holding = (_any_of(words.get(role, ["\0"])) for role in ("inside", "around", "holding"))
        self._rules = []
        for d in lexicon.of(Descriptor).values():
            if d.inside:
                nouns = _any_of(d.inside)
                self._rules.append(
                    _Rule(
                        d,
                        re.compile(rf"\b(?:{inside})\s+{_BETWEEN}(?P<noun>{nouns})\b(?!\s+{_OTHER})"),
                        re.compile(
                            rf"\b(?P<noun>{nouns})\b[^;:]{{0,90}}?\b(?:{holding})\b[^;:]{{0,110}}\Z"
                            rf"|\b(?:{inside})\s+{_BETWEEN}(?P<place>{nouns})\b(?!\s+{_OTHER})[^;:]{{0,110}}\Z"
                        ),
                    )
                )
            if d.around:
                self._rules.append(
                    _Rule(d, re.compile(rf"\b(?:{around})\s+{_BETWEEN}(?P<noun>{_any_of(d.around)})\b"), None)
                )

    def found(self, one: Draft, lower: str) -> Iterator[tuple[Descriptor, int, int]]:
        """The descriptors of position of a mention, each with the noun that gives it."""
        have = {d.id for d, _, _ in one.descriptors} | {d.id for d, _, _ in one.denied}
        others = [first for entry, first, _ in one.sentence.grammar if entry.role == "finding"]
        for rule in self._rules:
            if rule.descriptor.id in have:
                continue
            hit, noun = None, "noun"
            if rule.after is not None:
                hit = rule.after.search(lower, one.end, one.right)
                if hit and (";" in lower[one.end : hit.start()] or self._claimed(others, one.end, hit.start())):
                    hit = None
            if hit is None and rule.before is not None:
                hit = rule.before.search(lower, one.left, one.start)
                noun = "noun" if hit and hit["noun"] else "place"
                if hit and self._claimed(others, hit.end(noun), one.start):
                    hit = None
            if hit is not None:
                have.add(rule.descriptor.id)
                yield rule.descriptor, hit.start(noun), hit.end(noun)

    @staticmethod
    def _claimed(others: list[int], start: int, end: int) -> bool:
        """Whether another finding stands between the mention and the noun."""
        return any(start <= first < end for first in others)
