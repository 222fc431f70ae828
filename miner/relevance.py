"""Which sentences of a report can matter to its reading; the others need not go through the pipeline.

A sentence matters where a phrase stands in it that can become a mention, a clinical context or a named cause, where it
says what was examined, and where it stands beside a finding, which it may describe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from miner.lexicon import Lexicon
from miner.lexicon.terms import plain
from miner.sections import Section
from miner.words import tokens_of

_EXAMINED = frozenset({"exam", "technique", "request", "history"})
_END = ""


class Phrases:
    """A set of phrases as a tree by their words."""

    def __init__(self, phrases: Iterable[Sequence[str]]) -> None:
        self._tree: dict[str, Any] = {}
        for words in phrases:
            node = self._tree
            for word in words:
                node = node.setdefault(word, {})
            node[_END] = {}

    def in_(self, words: Sequence[str]) -> bool:
        """Whether one of the phrases stands in the lower-case words."""
        tree = self._tree
        if tree.keys().isdisjoint(words):
            return False
        for place, word in enumerate(words):
            node = tree.get(word)
            if node is None:
                continue
            for following in words[place + 1 :]:
                if _END in node:
                    break
                node = node.get(following)
                if node is None:
                    break
            if node is not None and _END in node:
                return True
        return False


class Relevance:
    """Compiled from a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        def phrases(*kinds: str) -> Phrases:
            found = [p for (kind, _), terms in lexicon.expanded.items() if kind in kinds for p in terms]
            for kind in kinds:
                found += [plain(a.form) for entry in lexicon.entries[kind].values() for a in entry.abbreviations]
            return Phrases(tokens_of(phrase.lower(), 0, len(phrase)) for phrase in found)

        self._findings = phrases("findings")
        self._others = phrases("contexts", "causes")

    def of(
        self, words: Sequence[Sequence[str]], starts: Sequence[int], sections: Sequence[Section], first_line: int
    ) -> list[int]:
        """The numbers of the sentences that matter. ``first_line`` is where the first line of the report ends.

        ``words`` (lower-case), ``starts`` and ``sections`` have one item a sentence, in order.
        """
        finding = [self._findings.in_(sentence) for sentence in words]
        chosen = []
        for index, (sentence, section) in enumerate(zip(words, sections, strict=True)):
            if (
                any(finding[max(index - 1, 0) : index + 2])
                or section.role in _EXAMINED
                or (section.role == "start" and starts[index] < first_line)
                or self._others.in_(sentence)
            ):
                chosen.append(index)
        return chosen
