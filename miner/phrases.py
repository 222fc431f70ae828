"""Phrases in a run of words, found by a walk over the words: where the pipeline would be too dear, or not yet is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from miner.words import Words, words_of

_END = ""
_Entry = TypeVar("_Entry")


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


class Tree(Generic[_Entry]):
    """Phrases with what they stand for, as a tree by their words; the longest match wins.

    A phrase that stands for None takes its words away from the others.
    """

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    def add(self, phrase: str, entry: _Entry | None) -> None:
        """Adds a lower-case phrase; the first entry of a phrase stays."""
        node = self._tree
        for word, _, _ in words_of(phrase, 0, len(phrase)):
            node = node.setdefault(word, {})
        node.setdefault(_END, entry)

    def hits(self, words: Words) -> Iterator[tuple[_Entry, int, int]]:
        """The entries in lower-case words, in order, with their places."""
        place = 0
        while place < len(words):
            node: dict[str, Any] | None = self._tree
            best: tuple[_Entry | None, int] | None = None
            last = place
            while node is not None and last < len(words):
                node = node.get(words[last][0])
                last += 1
                if node is not None and _END in node:
                    best = (node[_END], last)
            if best is None:
                place += 1
                continue
            entry, behind = best
            if entry is not None:
                yield entry, words[place][1], words[behind - 1][2]
            place = behind
