"""The spaCy components: tokenizer, matcher, ConText by sentence. Imported only when a pipeline is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby, pairwise
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

    In the Doc of a whole report the sentence starts are those of our own section and sentence boundaries.
    ``doc.user_data`` keeps the normalised text, and of every token its character span there, since a Doc may hold only
    some of the sentences, and the number of its sentence; ``bounds`` has the first token and the end of each.
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
        doc = self.doc(normal, [words_of(normal.text, start, end) for start, end in spans])
        first = {first for first, _ in doc.user_data["bounds"]}
        for token in doc:
            token.is_sent_start = token.i in first
        return doc

    def phrase(self, text: str) -> Doc:
        """The Doc of a lexicon phrase: tokens only."""
        return self.doc(Normal(text, text), [words_of(text, 0, len(text))])

    def doc(self, normal: Normal, sentences: Iterable[Words]) -> Doc:
        """The Doc of the given sentences of a normalised text."""
        tokens: list[tuple[str, int, int]] = []
        numbers: list[int] = []
        bounds: list[tuple[int, int]] = []
        for number, sentence in enumerate(sentences):
            bounds.append((len(tokens), len(tokens) + len(sentence)))
            numbers += [number] * len(sentence)
            tokens += sentence
        words = [word for word, _, _ in tokens]
        starts = [start for _, start, _ in tokens]
        ends = [end for _, _, end in tokens]
        spaces = [following > end for end, following in zip(ends, [*starts[1:], -1], strict=False)]
        doc = Doc(self.vocab, words=words, spaces=spaces)
        doc.user_data["normal"] = normal
        doc.user_data["starts"] = starts
        doc.user_data["ends"] = ends
        doc.user_data["sentences"] = numbers
        doc.user_data["bounds"] = bounds
        return doc


Match = tuple[int, int, str]
"""A phrase in a Doc: its first token, the token behind it, and its label."""


def longest(matches: Iterable[Match]) -> list[Match]:
    """The matches without those that overlap a longer one, in the order of the text.

    Earlier wins among equals. medspaCy's own pruning recurses and is quadratic in the number of matches.
    """
    ordered = sorted(matches, key=lambda m: m[0])
    if all(one[1] <= two[0] for one, two in pairwise(ordered)):
        return ordered
    kept: list[Match] = []
    taken: set[int] = set()
    for match in sorted(ordered, key=lambda m: m[0] - m[1]):
        tokens = range(match[0], match[1])
        if taken.isdisjoint(tokens):
            taken.update(tokens)
            kept.append(match)
    return sorted(kept, key=lambda m: m[0])


class LongestMatcher(TargetMatcher):  # type: ignore[misc]  # medspaCy has no type information
    """medspaCy's TargetMatcher for several groups at once, keeping the longest match of a sentence in each group.

    The category of a rule is its group, a colon, and the label of the span. ``admits(label, doc, start, end)`` decides
    on a match before lengths are compared; it is asked only of labels with a "#". Matches of the category
    ``group:hidden`` are compared and then left out. ``doc.user_data["found"]`` has the matches of each group; in a Doc
    of a whole text they are in ``doc.spans`` too.
    """

    def __init__(
        self,
        nlp: Language,
        groups: Sequence[str],
        hidden: str,
        admits: Callable[[str, Doc, int, int], bool],
    ) -> None:
        super().__init__(nlp, name="miner_phrases", result_type="group", span_group_name=groups[0], prune=False)
        self.groups = tuple(groups)
        self.hidden = frozenset(f"{group}:{hidden}" for group in groups)
        self.admits = admits
        self._labels: dict[int, tuple[str, str, bool]] = {}

    def add(self, rules: Any) -> None:
        """Add rules, as the base class does."""
        super().add(rules)
        known = self._TargetMatcher__matcher.rule_map  # the base class keeps it private
        strings = self.nlp.vocab.strings
        categories = {strings[name]: rule.category for name, rule in known.items()}
        self._labels = {name: (label.split(":", 1)[0], label, "#" in label) for name, label in categories.items()}

    def __call__(self, doc: Doc) -> Doc:
        """Fill the span groups."""
        sentence_of: list[int] = doc.user_data["sentences"]
        labels = self._labels
        found: dict[str, list[Match]] = {group: [] for group in self.groups}
        for rule, start, end in self._TargetMatcher__matcher(doc):
            if sentence_of[start] == sentence_of[end - 1]:
                group, label, asked = labels[rule]
                if not asked or self.admits(label, doc, start, end):
                    found[group].append((start, end, label))
        for group, matches in found.items():
            if matches:
                found[group] = [match for match in longest(matches) if match[2] not in self.hidden]
        doc.user_data["found"] = found
        if doc.user_data.get("whole", True):
            for group, matches in found.items():
                doc.spans[group] = [Span(doc, start, end, label) for start, end, label in matches]
        return doc


def _scope(rule: Any, start: int, end: int, first: int, last: int) -> tuple[int, int]:
    """The reach of a cue in its sentence, as ConTextModifier sets it, without asking spaCy for the sentence."""
    direction, most = rule.direction.lower(), rule.max_scope
    begin = end if direction == "forward" else first
    stop = start if direction == "backward" else last
    if most is None:
        return begin, stop
    if direction == "forward":
        return begin, min(stop, end + most)
    if direction == "backward":
        return max(begin, start - most), stop
    return max(begin, start - most), min(stop, end + most)


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

    ``doc.user_data["modifiers"]`` has the cues with their reach. ``doc.user_data["targeted"]`` are the numbers of the
    sentences that matter; where it is None, every sentence does, and targets get their modifiers in the graph too.
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
        bounds: list[tuple[int, int]] = doc.user_data["bounds"]
        wanted: set[int] | None = doc.user_data["targeted"]
        rules = matcher.rule_map
        strings = self.nlp.vocab.strings
        found = []
        for match_id, start, end in matcher(doc):
            sentence = sentence_of[start]
            if sentence != sentence_of[end - 1] or (wanted is not None and sentence not in wanted):
                continue
            rule = rules[strings[match_id]]
            if self.admits(rule, doc, start):
                found.append((sentence, start, end, rule))
        found.sort(key=lambda f: (f[0], f[1], f[2]))
        modifiers: dict[int, list[ConTextModifier]] = {}
        for sentence, group in groupby(found, key=lambda f: f[0]):
            cues = list(group)
            # a cue inside a longer one says nothing of its own; equals stay (the same word can look both ways)
            kept = [
                c for c in cues if not any(o[1] <= c[1] and c[2] <= o[2] and o[2] - o[1] > c[2] - c[1] for o in cues)
            ]
            modifiers[sentence] = [
                ConTextModifier(rule, start, end, doc, *_scope(rule, start, end, *bounds[sentence]))
                for _, start, end, rule in kept
            ]
            _limit(modifiers[sentence])
        doc.user_data["modifiers"] = [modifier for each in modifiers.values() for modifier in each]
        if wanted is None:
            self._graph(doc, modifiers)
        return doc

    def _graph(self, doc: Doc, modifiers: Mapping[int, Sequence[ConTextModifier]]) -> None:
        """Ties targets and cues together in ``doc._.context_graph``, as ConText does."""
        whole = ConTextGraph()
        whole.targets = sorted(doc.spans[self.span_group_name], key=lambda s: s.start)
        whole.modifiers = doc.user_data["modifiers"]
        by_sentence: dict[int, list[Span]] = {}
        for span in whole.targets:
            by_sentence.setdefault(doc.user_data["sentences"][span.start], []).append(span)
        for sentence, cues in modifiers.items():
            whole.edges += _applied(cues, by_sentence.get(sentence, []))
        for target, modifier in whole.edges:
            target._.modifiers += (modifier,)
        doc._.context_graph = whole
