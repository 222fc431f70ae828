"""Sentence boundaries in dictated text: hard wraps, lists, glued and missing full stops, units and abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_CANDIDATE = re.compile(r"[.!?]+|\n+")
_CANDIDATE_OR_ITEM = re.compile(r"[.!?]+|\n+| (?<=[a-z.,;] ) *(?=\(?[2-9]\) ?[A-Za-z])")
_ABBREVIATIONS = frozenset(
    "vs v approx e.g i.e eg ie dr mr mrs ms st resp incl ca cf al fig inc jr sr bil bilat lat med ant post sup inf "
    "w s h o a.m p.m am pm cm mm ml mg sq min max avg no nos est prev hx pt".split()
)
_UNITS = frozenset({"cm", "mm", "ml", "mg"})
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*>+]+[ \t]|\(?\d{1,2}[.)](?!\d)|\(?[a-h][.)][ \t]|[ivx]{1,4}[.)][ \t])")
_NUMBER_BEFORE = re.compile(r"(?:\A|[\n:;.,)][ \t]*|[ \t]{2,})\(?\d{1,2}\Z")
_ITEM_BEFORE = re.compile(r"(?:\A|[\s:])\(?1\) ?[A-Za-z]")
_FIRST_WORD = re.compile(r"[A-Za-z]+")
_LAST_WORD = re.compile(r"[A-Za-z.]+\Z")
_OPEN_WORDS = frozenset(
    "of the in and or with a an to at by for from on into over under within along about near left right is are was "
    "were has have not no may be this that these those its as than versus vs soft bilateral both large small".split()
)
_ANSWER = re.compile(r"\s+(?:(?:none|nil|not seen|negative)\b[^.\n]{0,20}|no)(?:[.\n]|\Z)", re.IGNORECASE)
_LONGEST = 1200
_SOFT_BREAK = re.compile(r"[;,]\s")


def _wrap_width(text: str) -> int:
    """The width at which the lines of a text are wrapped; 0 where its line ends are no wraps.

    In wrapped text most lines that go on in the next one fill the width; in notes they end where the thought does.
    """
    lines = [line.strip() for line in text.split("\n")]
    width = max((len(line) for line in lines), default=0)
    followed = [line for line, below in pairwise(lines) if line and below]
    going_on = [line for line in followed if line[-1] not in ".:;!?"]
    full = sum(len(line) >= 0.72 * width for line in going_on)
    # two lines are too few to tell by: their first letters decide then
    few = len(going_on) <= 2 and width >= 40
    return width if len(lines) > 1 and (2 * full > len(going_on) or few) else 0


def _breaks_line(text: str, start: int, end: int, width: int, joined: frozenset[str]) -> bool:
    """Whether a single line end also ends the sentence."""
    line_start = text.rfind("\n", 0, start) + 1
    before = text[line_start:start].rstrip()
    after = text[end : end + 60]
    stripped = after.lstrip(" \t")
    if not before or not stripped:
        return True
    if _LIST_ITEM.match(after):
        return True
    if before[-1] in ".!?":
        return True
    if before[-1] in ",/(&" or stripped[0] in ",;).":
        return False
    last = _LAST_WORD.search(before)
    if last and last.group() in _OPEN_WORDS:
        return False
    first = _FIRST_WORD.match(stripped)
    if last and first and f"{last.group().lower()} {first.group().lower()}" in joined:
        return False
    if stripped[0].islower():
        # "both sides no calcification": in notes a new line is a new thought, whatever its first letter
        return start - line_start < 0.6 * width or width == 0
    if stripped[0].isdigit() and last and last.group().lower() in ("measuring", "approximately", "about", "by", "x"):
        return False
    wrapped = 45 <= width <= 200 and start - line_start >= 0.72 * width
    return not wrapped


def _breaks_stop(text: str, start: int, end: int) -> bool:
    """Whether a full stop, question or exclamation mark ends the sentence."""
    stops = text[start:end]
    if end >= len(text):
        return True
    following = text[end]
    if len(stops) >= 2 and stops != "??":
        return True
    if following in "\"')]" and end + 1 < len(text):
        following = text[end + 1]
    glued = not following.isspace()
    word = _LAST_WORD.search(text, max(0, start - 14), start)
    before = word.group().lower() if word else ""
    if stops == ".":
        if glued:
            # "normal.IMPRESSION", "apex.There", but not "3.5", "e.g.", "L4.5" or a file name
            upper = (
                following.isupper() and start > 0 and (text[start - 1].islower() or text[start - 1] in ")0123456789")
            )
            capitals = following.isupper() and len(before) > 3
            return upper or capitals
        rest = text[end : end + 12].lstrip()
        if not rest:
            return True
        if _NUMBER_BEFORE.search(text, max(0, start - 8), start):
            return False
        if before in _UNITS:
            return rest[0].isupper()
        if before.rstrip(".") in _ABBREVIATIONS or (len(before) == 1 and before.isalpha() and rest[0].islower()):
            if before in (
                "no",
                "st",
                "med",
                "lat",
                "min",
                "post",
                "o",
                "s",
                "h",
                "v",
                "a.m",
                "p.m",
                "am",
                "pm",
                "ant",
                "pt",
                "ms",
            ):
                # also words of their own: only a following small letter or digit shows an abbreviation
                return not (rest[0].islower() or rest[0].isdigit())
            return False
        return True
    if stops.startswith("?"):
        # "?HO", "? fracture": a question mark that opens a question does not end a sentence
        opens = start == 0 or text[start - 1] in " \n\t(,;:/"
        # "phleboliths? none": the answer belongs to the question
        return not opens and not glued and not _ANSWER.match(text, end)
    return not glued


def split(
    text: str, start: int, end: int, width: int, joined: frozenset[str] = frozenset()
) -> Iterator[tuple[int, int]]:
    """The sentences between two positions as half-open spans without surrounding white space.

    ``width`` is the wrap width of the whole text; ``joined`` are pairs of words ("heterotopic ossification") that stand
    together wherever a line ends. A sentence of more than 1,200 characters is cut at a comma, so that
    the time for one sentence stays bounded.
    """
    begin = start
    candidate = _CANDIDATE if text.find(")", start, end) < 0 else _CANDIDATE_OR_ITEM
    for match in candidate.finditer(text, start, end):
        first, last = match.span()
        if last <= begin:
            continue
        if match.group()[0] == "\n":
            blank = last - first > 1 or (not text[first:last].strip("\n") and text[last : last + 1] == "\n")
            if not (blank or _is_blank_line(text, last) or _breaks_line(text, first, last, width, joined)):
                continue
            stop = first
        elif match.group()[0] == " ":
            # "1) no bony injury 2) venous stasis": an item of a list that runs on in the line
            if not _ITEM_BEFORE.search(text, max(start, first - 400), first):
                continue
            stop = first
        elif _breaks_stop(text, first, last):
            stop = last
        else:
            continue
        yield from _trim(text, begin, stop)
        begin = last
    yield from _trim(text, begin, end)


def _is_blank_line(text: str, position: int) -> bool:
    """Whether the line that starts here holds nothing but blanks."""
    stop = text.find("\n", position)
    return stop >= 0 and not text[position:stop].strip()


def _trim(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > _LONGEST:
        cut = 0
        for match in _SOFT_BREAK.finditer(text, start + _LONGEST // 2, start + _LONGEST):
            cut = match.end()
        if not cut:
            space = text.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
            cut = space + 1 if space > 0 else start + _LONGEST
        yield start, cut
        start = cut
    if end > start:
        yield start, end


def wrap_width(text: str) -> int:
    """The width at which a text is wrapped, 0 where it is not; pass it to :func:`split`."""
    return _wrap_width(text)
