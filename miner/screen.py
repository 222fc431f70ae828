"""Is there a finding word in this text? Compiled from the lexicon, so that nothing the pipeline would find is missed.

A text is screened in its normalised, lower-cased form. Every phrase of every finding entry contains one of the stems.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from miner.lexicon import Lexicon
from miner.lexicon.terms import plain

_END = ""
_ODD = r"[^\t\n\r\x20-\x7e]|[A-Za-z]-[ \t\r]*\n"
"""What normalisation may change more than to a space: other characters than plain ones, a word broken at a line end."""


def stems(phrases: Iterable[str]) -> tuple[str, ...]:
    """A short list of substrings such that every phrase contains at least one.

    Words that are phrases of their own come first and cover all phrases that contain them; what they leave uncovered
    stays whole, since its single words ("dense", "bone") stand in every report.
    """
    wanted = set(phrases)
    chosen: list[str] = []
    for word in sorted((p for p in wanted if " " not in p), key=lambda p: (len(p), p)):
        if not any(_covers(stem, word) for stem in chosen):
            chosen.append(word)
    for phrase in sorted((p for p in wanted if " " in p), key=lambda p: (len(p), p)):
        if not any(_covers(stem, phrase) for stem in chosen):
            chosen.append(phrase)
    return tuple(sorted(chosen))


def _covers(stem: str, phrase: str) -> bool:
    """Whether every text with the phrase is let through by the stem; short stems only count as whole words."""
    if len(stem) > 4 or not stem.isalpha():
        return stem in phrase
    return stem in phrase.split()


def finding_phrases(lexicon: Lexicon) -> list[str]:
    """Every phrase and abbreviation that can become a mention."""
    phrases = [p for (kind, _), found in lexicon.expanded.items() if kind == "findings" for p in found]
    for entry in lexicon.entries["findings"].values():
        phrases += [plain(a.form) for a in entry.abbreviations]
    return phrases


def pattern(lexicon: Lexicon) -> str:
    """The regular expression (Python and RE2 syntax) that matches every lower-cased text with a finding phrase.

    Stems with a common beginning share it: Python tries the alternatives of a pattern one by one at every position, so
    that a plain list of hundreds takes thirty times as long.
    """
    found = stems(finding_phrases(lexicon))
    words = [stem for stem in found if len(stem) <= 4 and stem.isalpha()]
    parts = [_factored([stem for stem in found if stem not in words])]
    if words:
        parts.append(rf"\b{_factored(words)}\b")
    return "|".join(parts)


class Screen:
    """The screen for whole columns of texts as given, before normalisation."""

    def __init__(self, pattern: str) -> None:
        # normalisation makes the hyphen inside "rice-grain" a space; here it is still a hyphen
        finding = pattern.replace(r"\s+", r"[\s-]+")
        # one pass over the text for both
        self._pattern = f"{finding}|{_ODD}"

    def passes(self, texts: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Whether each text may hold a finding word; true for every text that :func:`pattern` matches when normalised.

        A text with characters that normalisation may change otherwise passes unread, and is screened by its normalised
        form later. Null does not pass.
        """
        # lower case first: an expression that ignores case takes twice as long to compile, once for every batch
        found = pc.fill_null(pc.match_substring_regex(pc.ascii_lower(texts), self._pattern), False)
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _factored(stems: Iterable[str]) -> str:
    """A pattern for any of the stems, as a tree by their letters; a stem ends the tree where it is complete."""
    tree: dict[str, Any] = {}
    for stem in sorted(stems, key=len):
        node = tree
        for letter in stem:
            if _END in node:
                break
            node = node.setdefault(letter, {})
        else:
            node.clear()
            node[_END] = {}

    def written(node: dict[str, Any]) -> str:
        if _END in node:
            return ""
        branches = [
            (r"\s+" if letter == " " else re.escape(letter)) + written(child) for letter, child in sorted(node.items())
        ]
        return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"

    return written(tree)
