"""The medspaCy Language, compiled from the lexicons, and the way from its Docs to plain records.

With ``components`` the only room in which a spaCy Doc exists. A TargetMatcher in group mode, with a group a lexicon,
finds the phrases; ConText with the cue lexicon finds what modifies them. Section and sentence boundaries are our own.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from miner import sections as sectioning
from miner.lexicon import CueEntry, Decoy, Entry, Lexicon
from miner.lexicon.terms import plain
from miner.parse import CueHit, Parse, Sentence
from miner.sections import Section
from miner.text import Normal
from miner.words import Words, placed, tokens_of, words_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

KINDS = ("findings", "descriptors", "sites", "contexts", "causes", "grammar")
_MODIFIED = ("findings", "contexts", "causes")
_DECOY = "decoy"
_TERMINATING = {
    "ABSENT": ["PRESENT", "FAVOURED", "POSSIBLE", "HYPOTHETICAL", "HISTORICAL"],
    "POSSIBLE": ["PRESENT", "ABSENT", "LESS_LIKELY"],
    "FAVOURED": ["PRESENT", "ABSENT", "LESS_LIKELY", "POSSIBLE"],
    "HYPOTHETICAL": ["PRESENT", "HISTORICAL", "ABSENT"],
    "LESS_LIKELY": ["PRESENT", "ABSENT", "FAVOURED"],
    "PRESENT": ["ABSENT"],
    "HISTORICAL": ["PRESENT", "HYPOTHETICAL"],
}


@dataclass(frozen=True, slots=True)
class _Form:
    """An abbreviation: its exact case and the words that must or must not stand in the same report."""

    form: str
    needs: re.Pattern[str] | None
    unless: re.Pattern[str] | None

    def holds(self, text: str, lower: str, start: int, end: int) -> bool:
        """Whether the short form at this place means what the entry says."""
        if text[start:end] != self.form:
            return False
        if self.needs is not None and not self.needs.search(lower):
            return False
        return self.unless is None or not self.unless.search(lower)


def _any_of(words: Sequence[str]) -> re.Pattern[str] | None:
    if not words:
        return None
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True)) + r")(?!\w)")


def _rules(lexicon: Lexicon, kind: str) -> Iterable[tuple[str, str, _Form | None]]:
    """Every phrase of one kind once, as (phrase, name, abbreviation or None).

    The name is the entry's id. It goes into the label of the span: spaCy shares the extension attributes of two spans
    of the same extent, so the label is the one place where the entry of a match is safe.
    """
    seen: set[tuple[str, str | None, str]] = set()

    def rule(phrase: str, label: str, form: _Form | None = None) -> Iterable[tuple[str, str, _Form | None]]:
        # the same short form may stand for two things, which its words around decide
        key = (phrase, form.form if form else None, label if form else "")
        if phrase and key not in seen:
            seen.add(key)
            yield phrase, label, form

    for decoy in lexicon.of(Decoy).values():
        if kind in decoy.hides:
            for phrase in lexicon.phrases("decoys", decoy.id):
                yield from rule(phrase, _DECOY)
    named = {phrase for entry in lexicon.entries[kind] for phrase in lexicon.phrases(kind, entry)}
    for entry in lexicon.entries[kind].values():
        for phrase in entry.exclude:
            # what one entry excludes may be the name of another ("normal renal function")
            if plain(phrase) not in named:
                yield from rule(plain(phrase), _DECOY)
    for entry in lexicon.entries[kind].values():
        for phrase in lexicon.phrases(kind, entry.id):
            yield from rule(phrase, entry.id)
        for number, short in enumerate(entry.abbreviations):
            form = _Form(short.form, _any_of(short.needs), _any_of(short.unless))
            yield from rule(plain(short.form), f"{entry.id}#{number}", form)


def vocabulary(lexicon: Lexicon) -> frozenset[str]:
    """Every word of every phrase: what a word broken at a line end may join to."""
    return frozenset(word for phrases in lexicon.expanded.values() for phrase in phrases for word in phrase.split())


def pairs(lexicon: Lexicon) -> frozenset[str]:
    """Every two neighbouring words of a finding's phrase: a line end between them ends no sentence."""
    found: set[str] = set()
    for (kind, _), phrases in lexicon.expanded.items():
        if kind == "findings":
            for phrase in phrases:
                found.update(" ".join(two) for two in pairwise(phrase.split()))
    return frozenset(found)


class Pipeline:
    """The compiled pipeline. ``nlp`` is the medspaCy Language; ``parse`` runs it on chosen sentences of a report."""

    def __init__(self, lexicon: Lexicon, titles: sectioning.Titles) -> None:
        import spacy

        from miner.components import LongestMatcher, SentenceConText, Tokenizer
        from miner.medspacy_quietly import ConTextRule, TargetRule

        self.lexicon = lexicon
        self.nlp: Language = spacy.blank("en")
        self.tokenizer = Tokenizer(self.nlp.vocab, titles, vocabulary(lexicon))
        # while rules are compiled, a phrase is only its tokens: it has no headings
        self.nlp.tokenizer = self.tokenizer.phrase
        self._entries: dict[str, Entry] = {}
        self._forms: dict[str, _Form] = {}
        labels: dict[str, set[str]] = {kind: set() for kind in KINDS}
        self._matcher = LongestMatcher(self.nlp, KINDS, _DECOY, self._holds)
        rules = []
        for kind in KINDS:
            for phrase, name, form in _rules(lexicon, kind):
                label = f"{kind}:{name}"
                rules.append(TargetRule(phrase, label))
                labels[kind].add(label.upper())
                if form is not None:
                    self._forms[label] = form
                if name != _DECOY:
                    self._entries[label] = lexicon.entries[kind][name.split("#")[0]]
        context = SentenceConText(self.nlp, "targets", _TERMINATING)
        cues = lexicon.of(CueEntry).values()
        cue_rules = [rule for entry in cues for rule in self._cue_rules(entry, lexicon, labels, ConTextRule)]
        with self._words_known([rule.literal for rule in (*rules, *cue_rules)]):
            self._matcher.add(rules)
            context.add(cue_rules)
        context.admits = self._admits
        self._context = context
        self.nlp.tokenizer = self.tokenizer
        self._register()

    @contextlib.contextmanager
    def _words_known(self, phrases: Iterable[str]) -> Iterator[None]:
        """Makes the lexemes of the phrases, and lets spaCy work out no word attributes in the body.

        A matcher makes a lexeme of the name of every rule, of which nobody asks whether it looks like a number.
        """
        vocab = self.nlp.vocab
        for word in {word for phrase in phrases for word in tokens_of(phrase, 0, len(phrase))}:
            _ = vocab[word]
        getters = vocab.lex_attr_getters
        vocab.lex_attr_getters = {}
        try:
            yield
        finally:
            vocab.lex_attr_getters = getters

    @staticmethod
    def _cue_rules(entry: CueEntry, lexicon: Lexicon, labels: Mapping[str, set[str]], rule: Any) -> Iterable[Any]:
        allowed = {label for kind in entry.applies_to for label in labels[kind]}
        for phrase in lexicon.phrases("cues", entry.id):
            yield rule(
                phrase,
                entry.category,
                direction=entry.direction,
                max_scope=entry.reach or None,
                allowed_types=None if len(entry.applies_to) == len(_MODIFIED) else allowed,
                metadata={"entry": entry},
            )

    @staticmethod
    def _admits(rule: Any, doc: Doc, token: int) -> bool:
        entry: CueEntry = rule.metadata["entry"]
        if not entry.sections:
            return True
        roles = doc.user_data.get("roles")
        return roles is not None and roles[doc.user_data["sentences"][token]] in entry.sections

    def _register(self) -> None:
        """Puts the steps into the Language, so that ``nlp(text)`` does what ``parse`` does."""
        from spacy.language import Language

        steps = (("phrases", self._matcher), ("targets", self._targets), ("context", self._context))
        for name, step in ((f"miner_{name}", step) for name, step in steps):
            if not Language.has_factory(name):
                Language.factory(name, func=_factory(name))
            self.nlp.add_pipe(name).target = step

    def _holds(self, label: str, doc: Doc, start: int, end: int) -> bool:
        """Whether an abbreviation means what its entry says."""
        form = self._forms[label]
        normal: Normal = doc.user_data["normal"]
        return form.holds(normal.text, normal.lower, doc.user_data["starts"][start], doc.user_data["ends"][end - 1])

    @staticmethod
    def _targets(doc: Doc) -> Doc:
        """Gathers what ConText looks at."""
        if doc.user_data.get("whole", True):
            doc.spans["targets"] = [span for kind in _MODIFIED for span in doc.spans[kind]]
            doc.user_data["targeted"] = None
        else:
            found, sentence_of = doc.user_data["found"], doc.user_data["sentences"]
            doc.user_data["targeted"] = {sentence_of[start] for kind in _MODIFIED for start, _, _ in found[kind]}
        return doc

    def parse(
        self,
        normal: Normal,
        sections: tuple[Section, ...],
        split: Sequence[tuple[int, int, Section]],
        tokens: tuple[Sequence[str], ...] = (),
        chosen: Sequence[int] | None = None,
    ) -> Parse:
        """Runs the pipeline on the sentences (start, end, section) of a normalised report, or only on the chosen ones.

        ``tokens`` are the lower-case words of each sentence, where they are known. The sentences that are not chosen
        stand in the result with nothing found.
        """
        result = [Sentence(i, start, end, section) for i, (start, end, section) in enumerate(split)]
        used = result if chosen is None else [result[i] for i in chosen]
        if chosen is None or not tokens:
            words: list[Words] = [words_of(normal.text, s.start, s.end) for s in used]
        else:
            words = [placed(tokens[s.index], normal.lower, s.start, s.end) for s in used]
        doc = self.tokenizer.doc(normal, words)
        starts, ends = doc.user_data["starts"], doc.user_data["ends"]
        sentence_of = doc.user_data["sentences"]
        doc.user_data["roles"] = [s.role for s in used]
        # where only the reading counts, cues that modify nothing are not looked at
        doc.user_data["whole"] = chosen is None
        for _, step in self.nlp.pipeline:
            doc = step(doc)
        entries = self._entries
        for kind, matches in doc.user_data["found"].items():
            for first, last, label in matches:
                hit = (entries[label], starts[first], ends[last - 1])
                getattr(used[sentence_of[first]], kind).append(hit)
        for modifier in doc.user_data["modifiers"]:
            first, last = modifier.modifier_span
            scope_first, scope_last = modifier.scope_span
            empty = scope_last <= scope_first
            used[sentence_of[first]].cues.append(
                CueHit(
                    modifier.rule.metadata["entry"],
                    starts[first],
                    ends[last - 1],
                    starts[first] if empty else starts[scope_first],
                    starts[first] if empty else ends[scope_last - 1],
                )
            )
        for sentence in used:
            # the graph lists cues by rule
            sentence.cues.sort(key=lambda cue: (cue.start, -cue.end, cue.entry.id))
        return Parse(normal, sections, tuple(result), tokens)


class _Step:
    """A pipe that hands a Doc to a step of ours; the step is set once the Language exists."""

    def __init__(self) -> None:
        self.target: Any = None

    def __call__(self, doc: Doc) -> Doc:
        done: Doc = self.target(doc)
        return done


def _factory(name: str) -> Any:
    def create(nlp: Any, name: str) -> Any:
        return _Step()

    return create
