"""The spaCy components of the pipeline: tokenizer and ConText by sentence. Imported only when a pipeline is built."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from miner import sections as sectioning
from miner import sentences as sentencing
from miner.medspacy_quietly import ConText, ConTextGraph, ConTextModifier
from miner.text import Normal, normalise

_REMOVED = re.compile(r"[Xx]{3,}|_{2,}")
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]{1,2}(?![^\W\d_]))?|\d+(?:[.,]\d+)*|[^\w\s]|_+")


class Tokenizer:
    """Words, numbers and single punctuation marks; linear in the text whatever the text is.

    Sentence starts are set here, from our own section and sentence boundaries. ``doc.user_data`` keeps the normalised
    text and the character span of every token in it, since a Doc may hold only some of the sentences.
    """

    def __init__(self, vocab: Vocab, titles: sectioning.Titles, words: frozenset[str]) -> None:
        self.vocab = vocab
        self.titles = titles
        self.words = words

    def __call__(self, text: str) -> Doc:
        """The Doc of a whole report, or of a phrase when rules are compiled."""
        normal = normalise(text, self.words)
        parts = sectioning.split(normal.text, self.titles)
        width = sentencing.wrap_width(normal.text)
        spans = [
            (start, end) for part in parts for start, end in sentencing.split(normal.text, part.start, part.end, width)
        ]
        return self.doc(normal, spans)

    def phrase(self, text: str) -> Doc:
        """The Doc of a lexicon phrase: tokens only."""
        return self.doc(Normal(text, text), [(0, len(text))])

    def doc(self, normal: Normal, spans: Sequence[tuple[int, int]]) -> Doc:
        """The Doc of the given sentences of a normalised text."""
        words: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        first: list[bool] = []
        text = normal.text
        for start, end in spans:
            opening = True
            for match in _TOKEN.finditer(text, start, end):
                if _REMOVED.fullmatch(match.group()):
                    # a word that de-identification took out must not keep its neighbours apart ("not XXXX showing")
                    continue
                words.append(match.group())
                starts.append(match.start())
                ends.append(match.end())
                first.append(opening)
                opening = False
        spaces = [following > end for end, following in zip(ends, [*starts[1:], -1], strict=True)]
        doc = Doc(self.vocab, words=words, spaces=spaces, sent_starts=first)
        doc.user_data["normal"] = normal
        doc.user_data["starts"] = starts
        doc.user_data["ends"] = ends
        return doc


def longest(spans: Iterable[Span]) -> list[Span]:
    """The spans without those that overlap a longer one, in the order of the text; earlier wins among equals.

    medspaCy's own pruning recurses and is quadratic in the number of matches.
    """
    kept: list[Span] = []
    taken: set[int] = set()
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start)):
        tokens = range(span.start, span.end)
        if taken.isdisjoint(tokens):
            taken.update(tokens)
            kept.append(span)
    return sorted(kept, key=lambda s: s.start)


class SentenceConText(ConText):  # type: ignore[misc]  # medspaCy has no type information
    """medspaCy's ConText, one graph a sentence: its cost grows with the cues of a sentence, not with those of a report.

    ``admits(rule, token index)`` may switch a cue off where it does not hold (some cues belong to certain sections).
    """

    def __init__(self, nlp: Language, span_group: str, terminating: dict[str, list[str]]) -> None:
        super().__init__(
            nlp,
            name="miner_context",
            rules=None,
            prune_on_modifier_overlap=False,
            span_attrs=None,
            input_span_type="group",
            span_group_name=span_group,
            terminating_types=terminating,
        )
        self.admits: Callable[[Any, Doc, int], bool] = lambda rule, doc, token: True

    def __call__(self, doc: Doc, targets: str | None = None) -> Doc:
        """Finds the cues and links each target to those in whose reach it lies."""
        matcher = self._ConText__matcher  # the base class keeps it private and offers no hook
        sentence_of: list[int] = []
        number = -1
        for token in doc:
            number += bool(token.is_sent_start)
            sentence_of.append(number)
        rules = matcher.rule_map
        strings = self.nlp.vocab.strings
        found = []
        for match_id, start, end in matcher(doc):
            rule = rules[strings[match_id]]
            if sentence_of[start] == sentence_of[end - 1] and self.admits(rule, doc, start):
                found.append((sentence_of[start], start, end, rule))
        found.sort(key=lambda f: (f[0], f[1], f[2]))
        spans = sorted(doc.spans[self.span_group_name], key=lambda s: s.start)
        whole = ConTextGraph()
        whole.targets = spans
        whole.modifiers = []
        by_sentence: dict[int, list[Span]] = {}
        for span in spans:
            by_sentence.setdefault(sentence_of[span.start], []).append(span)
        for sentence, group in groupby(found, key=lambda f: f[0]):
            cues = list(group)
            # a cue inside a longer one says nothing of its own; equals stay (the same word can look both ways)
            kept = [
                c for c in cues if not any(o[1] <= c[1] and c[2] <= o[2] and o[2] - o[1] > c[2] - c[1] for o in cues)
            ]
            graph = ConTextGraph()
            graph.targets = by_sentence.get(sentence, [])
            graph.modifiers = [ConTextModifier(rule, start, end, doc) for _, start, end, rule in kept]
            graph.update_scopes()
            graph.apply_modifiers()
            whole.modifiers += graph.modifiers
            whole.edges += graph.edges
        for target, modifier in whole.edges:
            target._.modifiers += (modifier,)
        doc._.context_graph = whole
        return doc
