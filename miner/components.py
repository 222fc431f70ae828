"""The spaCy components: tokenizer, matcher, ConText by sentence. Imported only when a pipeline is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from miner import sections as sectioning
from miner import sentences as sentencing
from miner.medspacy_quietly import ConText, ConTextGraph, ConTextModifier, TargetMatcher
from miner.text import Normal, normalise
from miner.words import Words, words_of


class Tokenizer:
    """Words, numbers and single punctuation marks; linear in the text whatever the text is.

    Sentence starts are set here, from our own section and sentence boundaries. ``doc.user_data`` keeps the normalised
    text, and of every token its character span there, since a Doc may hold only some of the sentences, and the number
    of its sentence.
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
        return self.doc(normal, [words_of(normal.text, start, end) for start, end in spans])

    def phrase(self, text: str) -> Doc:
        """The Doc of a lexicon phrase: tokens only."""
        return self.doc(Normal(text, text), [words_of(text, 0, len(text))])

    def doc(self, normal: Normal, sentences: Iterable[Words]) -> Doc:
        """The Doc of the given sentences of a normalised text."""
        words: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        first: list[bool] = []
        numbers: list[int] = []
        for number, sentence in enumerate(sentences):
            for word, start, end in sentence:
                words.append(word)
                starts.append(start)
                ends.append(end)
            if sentence:
                first += [True] + [False] * (len(sentence) - 1)
                numbers += [number] * len(sentence)
        spaces = [following > end for end, following in zip(ends, [*starts[1:], -1], strict=False)]
        doc = Doc(self.vocab, words=words, spaces=spaces, sent_starts=first)
        doc.user_data["normal"] = normal
        doc.user_data["starts"] = starts
        doc.user_data["ends"] = ends
        doc.user_data["sentences"] = numbers
        return doc


def longest(matches: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The matches (start, end, label) without those that overlap a longer one, in the order of the text.

    Earlier wins among equals. medspaCy's own pruning recurses and is quadratic in the number of matches.
    """
    kept: list[tuple[int, int, str]] = []
    taken: set[int] = set()
    for match in sorted(matches, key=lambda m: (m[0] - m[1], m[0])):
        tokens = range(match[0], match[1])
        if taken.isdisjoint(tokens):
            taken.update(tokens)
            kept.append(match)
    return sorted(kept, key=lambda m: m[0])


class LongestMatcher(TargetMatcher):  # type: ignore[misc]  # medspaCy has no type information
    """medspaCy's TargetMatcher in group mode, keeping the longest match of a sentence; only what is kept is a Span.

    ``admits(label, doc, start, end)`` decides on a match before lengths are compared. Matches with the label ``hidden``
    are compared and then left out.
    """

    def __init__(self, nlp: Language, group: str, hidden: str, admits: Callable[[str, Doc, int, int], bool]) -> None:
        super().__init__(nlp, name=f"miner_{group}", result_type="group", span_group_name=group, prune=False)
        self.hidden = hidden
        self.admits = admits
        self._labels: dict[int, str] = {}

    def add(self, rules: Any) -> None:
        """Add rules, as the base class does."""
        super().add(rules)
        known = self._TargetMatcher__matcher.rule_map  # the base class keeps it private
        strings = self.nlp.vocab.strings
        self._labels = {strings[name]: rule.category for name, rule in known.items()}

    def __call__(self, doc: Doc) -> Doc:
        """Fill the span group."""
        sentence_of: list[int] = doc.user_data["sentences"]
        labels = self._labels
        found = []
        for rule, start, end in self._TargetMatcher__matcher(doc):
            if sentence_of[start] == sentence_of[end - 1]:
                label = labels[rule]
                if self.admits(label, doc, start, end):
                    found.append((start, end, label))
        doc.spans[self.span_group_name] = [
            Span(doc, start, end, label) for start, end, label in longest(found) if label != self.hidden
        ]
        return doc


def _limit(modifiers: Sequence[ConTextModifier]) -> None:
    """Let cues end each other's reach, as ConTextGraph.update_scopes does, without asking those that lie apart."""
    for index, one in enumerate(modifiers):
        for other in modifiers[index + 1 :]:
            if one._scope_end < other._scope_start or other._scope_end < one._scope_start:
                continue
            one.limit_scope(other)
            other.limit_scope(one)


def _applied(modifiers: Sequence[ConTextModifier], targets: Sequence[Span]) -> list[tuple[Span, ConTextModifier]]:
    """Each target with each cue in whose reach it lies, as ConTextGraph.apply_modifiers finds them."""
    for target in targets:
        start, end = target.start, target.end
        for modifier in modifiers:
            if end < modifier._scope_start or modifier._scope_end < start:
                continue
            if modifier.modifies(target):
                modifier.modify(target)
    edges = []
    for modifier in modifiers:
        modifier.reduce_targets()
        edges += [(target, modifier) for target in modifier._targets]
    return edges


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
        sentence_of: list[int] = doc.user_data["sentences"]
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
        idle = doc.user_data.get("idle_cues", True)
        for sentence, group in groupby(found, key=lambda f: f[0]):
            if sentence not in by_sentence and not idle:
                continue
            cues = list(group)
            # a cue inside a longer one says nothing of its own; equals stay (the same word can look both ways)
            kept = [
                c for c in cues if not any(o[1] <= c[1] and c[2] <= o[2] and o[2] - o[1] > c[2] - c[1] for o in cues)
            ]
            graph = ConTextGraph()
            graph.targets = by_sentence.get(sentence, [])
            graph.modifiers = [ConTextModifier(rule, start, end, doc) for _, start, end, rule in kept]
            _limit(graph.modifiers)
            graph.edges = _applied(graph.modifiers, graph.targets)
            whole.modifiers += graph.modifiers
            whole.edges += graph.edges
        for target, modifier in whole.edges:
            target._.modifiers += (modifier,)
        doc._.context_graph = whole
        return doc
