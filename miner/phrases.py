"""Whether one of many phrases stands in a run of words: a walk over the words, before anything dearer is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

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
