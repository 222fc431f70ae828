"""Is there a finding word in this text? Compiled from the lexicon, so that nothing the pipeline would find is missed.

A text is screened in its normalised, lower-cased form. Every phrase of every finding entry contains one of the stems.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from miner.lexicon import Lexicon
from miner.lexicon.terms import plain


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
    """The regular expression (Python and RE2 syntax) that matches every lower-cased text with a finding phrase."""
    parts = []
    for stem in stems(finding_phrases(lexicon)):
        escaped = re.escape(stem).replace(r"\ ", r"\s+")
        parts.append(rf"\b{escaped}\b" if len(stem) <= 4 and stem.isalpha() else escaped)
    return "|".join(parts)
