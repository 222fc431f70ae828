"""The examples of the lexicon entries, run through the real pipeline: what must be found, and what must not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from miner.language import KINDS
from miner.lexicon import Decoy, Entry
from miner.parse import Parse
from miner.reader import Reader
from miner.records import Report
from miner.words import words_of

_MARKED = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_TOKEN = re.compile(r"[^\W_]+|[^\w\s]")
_NAME = "example"


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence without its marks, and the half-open places of the words that were marked."""

    text: str
    marked: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, written: str) -> Example:
        """An example as it stands in a lexicon, the words that matter in ``[[ ]]``."""
        places = []
        for number, match in enumerate(_MARKED.finditer(written)):
            start = match.start() - 4 * number
            places.append((start, start + len(match.group(1))))
        return cls(_MARKED.sub(r"\1", written), tuple(places))


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that fired: which one, and where in the text as given."""

    entry: str
    start: int
    end: int


def run(reader: Reader, kind: str) -> list[str]:
    """What the examples of one lexicon file show to be wrong, each as ``file: entry: what``.

    A ``hit`` asks that the entry fires on exactly the marked words, a ``miss`` that it does not fire. Findings are
    read in full, as mentions; of the other kinds it is enough that the words are found. The ``miss`` of a decoy must
    hold one of its terms, and nothing of the kinds that it hides may be found in it (where words are marked: in them).
    """
    return [
        f"{kind}.toml: {entry.id}: {key} {written!r}: {what}"
        for entry in reader.lexicon.entries[kind].values()
        for key, examples, ask in (("hit", entry.hit, _hit), ("miss", entry.miss, _miss))
        for written in examples
        for what in ask(reader, kind, entry, Example.of(written))
    ]


def _hit(reader: Reader, kind: str, entry: Entry, example: Example) -> Iterator[str]:
    found = list(_found(reader, kind, example.text))
    for start, end in example.marked:
        if Found(entry.id, start, end) in found:
            continue
        words = example.text[start:end]
        instead = [f for f in found if f.start < end and start < f.end]
        told = ", ".join(f"{f.entry} on {example.text[f.start : f.end]!r}" for f in instead)
        yield f"{words!r} is not found" + (f"; found there: {told}" if told else "; nothing is found there")


def _miss(reader: Reader, kind: str, entry: Entry, example: Example) -> Iterator[str]:
    if not isinstance(entry, Decoy):
        for found in _found(reader, kind, example.text):
            if found.entry == entry.id:
                yield f"is found on {example.text[found.start : found.end]!r}"
        return
    lower = _tokens(reader.normal(example.text).lower)
    if not any(_tokens(phrase) in lower for phrase in reader.lexicon.phrases(kind, entry.id)):
        yield "holds none of the terms, so it does not test them"
    for hidden in entry.hides:
        for found in _found(reader, hidden, example.text, full=False):
            if not example.marked or any(found.start < end and start < found.end for start, end in example.marked):
                yield f"{found.entry} ({hidden}) is found on {example.text[found.start : found.end]!r}"


def _tokens(text: str) -> str:
    """The words and signs of a text with a space before and behind each."""
    return f" {' '.join(_TOKEN.findall(text))} "


def _found(reader: Reader, kind: str, text: str, *, full: bool = True) -> Iterator[Found]:
    """Everything of one kind that is found in a text."""
    if kind == "findings" and full:
        for mention in reader.read(Report(_NAME, text)).mentions:
            yield Found(mention.concept, mention.start, mention.end)
        return
    parse: Parse = reader.parse(reader.normal(text))
    span = parse.normal.span
    if kind == "sections":
        for part in parse.sections:
            if part.title:
                yield Found(part.id, *span(part.title_start, part.title_start + len(part.title)))
        return
    for sentence in parse.sentences:
        if kind == "advice":
            for said, start, end in reader.advisor.hits(words_of(parse.normal.lower, sentence.start, sentence.end)):
                yield Found(said.id, *span(start, end))
        elif kind == "cues":
            for cue in sentence.cues:
                yield Found(cue.entry.id, *span(cue.start, cue.end))
        elif kind in KINDS:
            for entry, start, end in getattr(sentence, kind):
                yield Found(entry.id, *span(start, end))
