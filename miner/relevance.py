"""Which sentences of a report can matter to its reading; the others need not go through the pipeline.

A sentence matters where a phrase stands in it that can become a mention, a clinical context or a named cause, where it
says what was examined, and where it stands beside a finding, which it may describe.
"""

from __future__ import annotations

from collections.abc import Sequence

from miner.lexicon import Lexicon
from miner.lexicon.terms import plain
from miner.phrases import Phrases
from miner.sections import Section
from miner.words import tokens_of

_EXAMINED = frozenset({"exam", "technique", "request", "history"})


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
