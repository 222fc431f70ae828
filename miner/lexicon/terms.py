"""From the terms of an entry to the finite list of phrases that the pipeline looks for.

``{a,b}`` in a term stands for alternatives; UK and US spellings and plurals are added here, so that an entry need
not list them. Everything is finite: no regular expression is left when this module is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

_BRACE = re.compile(r"\{([^{}]*)\}")
_WORD = re.compile(r"[a-z]{4,}$")
_HYPHEN = re.compile(r"(?<=\w)[-\u2010-\u2015](?=\w)")
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=4096)
def plain(term: str) -> str:
    """A term as the normalised text shows it: lower case, hyphens inside words as spaces, single spaces."""
    return _SPACE.sub(" ", _HYPHEN.sub(" ", term.replace("\u2019", "'"))).strip().lower()


def alternatives(term: str) -> Iterator[str]:
    """All readings of the braces in a term: ``calcif{ied,ic} {focus,foci}`` gives four."""
    match = _BRACE.search(term)
    if not match:
        yield term
        return
    for choice in match.group(1).split(","):
        yield from alternatives(term[: match.start()] + choice.strip() + term[match.end() :])


@lru_cache(maxsize=65536)
def plural(phrase: str) -> str | None:
    """The regular English plural of the last word of a phrase, or None where there is none to be made."""
    word = phrase.rsplit(" ", 1)[-1]
    if not _WORD.search(word) or word.endswith(("s", "ed", "ing", "ly", "ic", "al", "ous")):
        return None
    if word.endswith("y") and word[-2] not in "aeiou":
        return phrase[:-1] + "ies"
    if word.endswith(("x", "ch", "sh")):
        return phrase + "es"
    return phrase + "s"


def respell(phrase: str, spelling: Mapping[str, str]) -> Iterator[str]:
    """The phrase and its transatlantic variants, each stem of the spelling table replaced throughout."""
    yield phrase
    for uk, us in spelling.items():
        if uk in phrase:
            yield phrase.replace(uk, us)
        elif us in phrase:
            yield phrase.replace(us, uk)


def expand(terms: Iterable[str], spelling: Mapping[str, str], *, inflect: bool) -> tuple[str, ...]:
    """Every phrase that the given terms stand for, in a fixed order and without doubles."""
    found: dict[str, None] = {}
    for term in terms:
        for reading in alternatives(term):
            for phrase in respell(plain(reading), spelling):
                found.setdefault(phrase)
                if inflect and (more := plural(phrase)):
                    found.setdefault(more)
    found.pop("", None)
    return tuple(found)
