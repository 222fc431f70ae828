"""What a report says besides its findings: comparison, follow-up, work-up, names that are out of date.

It changes no label and is read only where there is soft tissue calcification, for the audit; so it is found by a plain
walk over the words of each sentence and not by the pipeline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from miner.lexicon import AdviceEntry, Lexicon
from miner.lexicon.terms import plain
from miner.parse import Parse, Sentence
from miner.phrases import Phrases, Tree
from miner.records import Advice
from miner.words import Words, tokens_of, words_of

_SHOWN = ("comparison", "follow_up", "work_up", "naming")
_ASKING = frozenset({"request", "history"})
_NAMED = frozenset({"request"})
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_NUMBERS = {
    word: number
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), 1
    )
}
_FURTHEST = 3
"""Words between a number and its unit at most ("6 to 8 weeks")."""


class Advisor:
    """Compiled from ``advice.toml``.

    Modalities have a tree of their own, since they stand inside other phrases ("repeat radiograph in").
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._modalities: Tree[AdviceEntry] = Tree()
        self._others: Tree[AdviceEntry] = Tree()
        for entry in lexicon.of(AdviceEntry).values():
            tree = self._modalities if entry.topic == "modality" else self._others
            for phrase in lexicon.phrases("advice", entry.id):
                tree.add(phrase, entry)
            for phrase in entry.exclude:
                tree.add(plain(phrase), None)
        entries = [entry for entry in lexicon.of(AdviceEntry).values() if entry.topic != "modality"]
        said = [phrase for entry in entries for phrase in lexicon.phrases("advice", entry.id)]
        self._phrases = Phrases(tokens_of(phrase, 0, len(phrase)) for phrase in said)

    def found(self, parse: Parse) -> tuple[Advice, ...]:
        """Everything of the shown topics, in the order of the text, in positions of the normalised text."""
        pairs = zip(parse.sentences, parse.tokens, strict=True)
        return tuple(item for sentence, tokens in pairs for item in self._said(parse, sentence, tokens))

    def _said(self, parse: Parse, sentence: Sentence, tokens: Sequence[str]) -> Iterator[Advice]:
        if sentence.role != "comparison" and not self._phrases.in_(tokens):
            return
        words = words_of(parse.normal.lower, sentence.start, sentence.end)
        hits = self.hits(words)
        if sentence.role == "comparison" and words:
            yield Advice("comparison", "comparison_made", sentence.section.id, sentence.start, sentence.end)
            hits = [hit for hit in hits if hit[0].topic != "comparison"]
        advised = [hit for hit in hits if hit[0].topic == "follow_up" and sentence.role not in _ASKING]
        modality = next((entry.id for entry, _, _ in hits if entry.topic == "modality"), None)
        for entry, start, end in hits:
            if entry.topic not in _SHOWN or entry.topic == "follow_up":
                continue
            if sentence.role in _ASKING and (entry.topic == "comparison" or sentence.role in _NAMED):
                continue
            yield Advice(entry.topic, entry.id, sentence.section.id, start, end)
        if advised:
            entry, start, end = advised[0]
            yield Advice("follow_up", entry.id, sentence.section.id, start, end, modality, interval(words))

    def hits(self, words: Words) -> list[tuple[AdviceEntry, int, int]]:
        """The entries in lower-case words, with their places, modalities last."""
        return [*self._others.hits(words), *self._modalities.hits(words)]


def interval(words: Words) -> int | None:
    """The first span of time in a sentence, in days: "6 weeks", "three months", "6 to 8 weeks" (the longer)."""
    for place, (word, _, _) in enumerate(words):
        unit = _DAYS.get(word.removesuffix("s")) if word != "s" else None
        if unit is None:
            continue
        for before in reversed(words[max(0, place - _FURTHEST) : place]):
            number = int(before[0]) if before[0].isdigit() and len(before[0]) <= 3 else _NUMBERS.get(before[0])
            if number:
                return number * unit
    return 365 if any(word in ("annual", "annually", "yearly") for word, _, _ in words) else None
