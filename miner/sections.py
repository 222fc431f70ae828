"""Headings: which part of a report a sentence belongs to, found by title, place and typography."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from miner.lexicon import Lexicon, SectionEntry
from miner.lexicon.terms import plain

_COLON = re.compile(r"(?:\A|(?<=[\n.;,!?\]):*]))[ \t*#_]{0,8}((?:[A-Za-z][\w'()&/ -]{0,60}?))[ \t*_]*:(?!\d)")
_CAPITALS = re.compile(r"(?<![A-Z])([A-Z][A-Z/&() ]{1,40}[A-Z)]):(?!\d)")
_LINE = re.compile(r"^[ \t*#_=-]*([A-Za-z][A-Za-z/&() ]{1,40}?)[ \t]*[*_=]*[ \t]*(?:[-.][ \t]+|$)", re.MULTILINE)
_OPENING = re.compile(
    r"^[ \t*]*([A-Z][A-Z/&]{2,}(?: [A-Z][A-Z/&]{2,}){0,2})(?:[ \t]{2,}|[ \t]+(?=[A-Z]?[a-z]|\d+[.)]))", re.MULTILINE
)
_ADDENDUM = re.compile(
    r"^[ \t*]*(ADDENDUM|Addendum|AMENDED|Amended|CORRECTION|"
    r"Correction)\b(?:[ \t]*\([^\n)]{0,60}\)|[^\n.:]{0,60}?)"
    r"(?:(?:\d{1,2}:\d\d)[^\n.:]{0,50})?(?:[.:](?=\s|\Z)|[ \t*_=]*(?:\n|\Z))",
    re.MULTILINE,
)
_LETTER = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: what kind of text it is, the place it implies, and where its text starts and ends."""

    id: str
    role: str
    start: int
    end: int
    title: str = ""
    title_start: int = 0
    scope: str = ""
    sites: tuple[str, ...] = ()
    organ: bool = False


@dataclass(frozen=True, slots=True)
class Titles:
    """The known headings, by their plain form."""

    known: Mapping[str, SectionEntry]
    bare: frozenset[str]
    finding_word: re.Pattern[str]
    anatomy: frozenset[str]

    @classmethod
    def of(cls, lexicon: Lexicon, finding_word: re.Pattern[str]) -> Titles:
        """The headings of the lexicon; words that name a finding are never a heading ("Calcification: none")."""
        known: dict[str, SectionEntry] = {}
        for entry in lexicon.of(SectionEntry).values():
            for phrase in lexicon.phrases("sections", entry.id):
                known.setdefault(phrase, entry)
        return cls(
            known, frozenset(title for title, entry in known.items() if entry.bare), finding_word, _anatomy(lexicon)
        )

    def suffix(self, title: str) -> tuple[SectionEntry | None, str]:
        """The entry of a title, or of the longest run of its last words that is one."""
        words = title.split()
        while len(words) > 1 and any(c.isdigit() for c in words[-1]):
            # "ADDENDUM 14/3"
            words.pop()
        for index in range(len(words)):
            tail = " ".join(words[index:])
            entry = self.known.get(plain(tail).strip(" ()"))
            if entry is not None:
                return entry, tail
        return None, ""


def _anatomy(lexicon: Lexicon) -> frozenset[str]:
    """Words that an unlisted heading in small letters may consist of ("Left elbow joint:")."""
    words = {w for (kind, _), found in lexicon.expanded.items() if kind == "sites" for p in found for w in p.split()}
    for entry in lexicon.entries["grammar"].values():
        if entry.id in ("g_left", "g_right", "g_bilateral"):
            words.update(w for p in lexicon.phrases("grammar", entry.id) for w in p.split())
    return frozenset(words)


def _before_colons(text: str) -> Iterator[tuple[int, int]]:
    """The lines with a colon, each from its start to behind its last colon and the character that follows.

    A heading that ends in a colon stands nowhere else, and most of a report need not be looked at.
    """
    place = text.find(":")
    while place >= 0:
        stop = text.find("\n", place)
        stop = len(text) if stop < 0 else stop
        yield text.rfind("\n", 0, place) + 1, min(text.rfind(":", place, stop) + 2, len(text))
        place = text.find(":", stop)


def _headings(text: str, titles: Titles) -> Iterator[tuple[int, int, str, SectionEntry | None]]:
    """Every heading as (start, end of heading, title, entry), unknown ones with None."""
    parts = list(_before_colons(text))
    for match in (match for start, end in parts for match in _COLON.finditer(text, start, end)):
        raw = match.group(1)
        entry = titles.known.get(plain(raw))
        if entry is not None:
            yield match.start(1), match.end(), raw, entry
            continue
        named = titles.finding_word.search(raw.lower()) is not None
        found, tail = titles.suffix(raw)
        line_start = text.rfind("\n", 0, match.start(1)) + 1
        opens_line = not _LETTER.search(text, line_start, match.start(1))
        if found is not None and (tail[:1].isupper() or opens_line) and (tail.isupper() or len(raw.split()) <= 5):
            yield match.end(1) - len(tail), match.end(), tail, found
        elif opens_line and not named and (raw.isupper() or all(w in titles.anatomy for w in plain(raw).split())):
            yield match.start(1), match.end(), raw, None
    for match in (match for start, end in parts for match in _CAPITALS.finditer(text, start, end)):
        found, tail = titles.suffix(match.group(1))
        if found is not None:
            yield match.end(1) - len(tail), match.end(), tail, found
    for match in _ADDENDUM.finditer(text):
        yield match.start(1), match.end(), match.group(1), titles.known.get("addendum")
    for pattern in (_LINE, _OPENING):
        for match in pattern.finditer(text):
            raw = match.group(1)
            entry = titles.known.get(plain(raw))
            if entry is not None and plain(raw) in titles.bare:
                yield match.start(1), match.end(), raw, entry


def split(text: str, titles: Titles) -> tuple[Section, ...]:
    """The sections of a normalised text in order, without gaps; what stands before the first heading is ``start``.

    An organ line takes the role of the conclusion or addendum that it stands in; everywhere else, under a request too,
    it is findings.
    """
    found: dict[int, tuple[int, str, SectionEntry | None]] = {}
    for start, end, title, entry in sorted(_headings(text, titles), key=lambda h: (h[0], h[3] is None, -h[1])):
        if start not in found:
            found[start] = (end, title, entry)
    sections: list[Section] = []
    starts = sorted(found)
    covered = 0
    role = "start"
    if not starts or text[: starts[0]].strip(" \t\n*#_-="):
        sections.append(Section("start", "start", 0, starts[0] if starts else len(text)))
        covered = sections[0].end
    for index, start in enumerate(starts):
        if start < covered:
            continue
        end, title, entry = found[start]
        covered = end
        upcoming = bisect.bisect_left(starts, end, index + 1)
        following = starts[upcoming] if upcoming < len(starts) else len(text)
        if entry is None or entry.role == "organ":
            own = role if role in ("request", "history", "conclusion", "addendum", "comparison") else "body"
            if own in ("request", "history", "comparison"):
                # a heading that is none of the request's own ends it
                own = "body"
            role = own
        else:
            role = entry.role
        sections.append(
            Section(
                entry.id if entry else "heading",
                role,
                end,
                following,
                title,
                start,
                entry.scope if entry else "",
                entry.sites if entry else (),
                entry is not None and entry.role == "organ",
            )
        )
    return tuple(_closed(sections, text, titles.finding_word))


_SHORT = frozenset({"request", "history", "comparison", "technique", "exam"})
_ASKS = re.compile(r"\?|\b(?:query|rule out|r/o|evaluate|assess|exclude|please|eval)\b", re.IGNORECASE)
_LINE_END = re.compile(r"\n+")
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_LISTED = re.compile(r"\n[ \t]*\n\s*|\n+(?=[ \t]*1[.)]\s)")
_SENTENCE_END = re.compile(r"[.?!]\s+(?=[A-Z])")


def _told(rest: str, line: str, finding_word: re.Pattern[str]) -> bool:
    """Whether a new line that holds a finding and asks nothing follows a finished sentence: findings, not a request."""
    first = rest.split("\n", 1)[0]
    return line.endswith(".") and finding_word.search(first.lower()) is not None and not _ASKS.search(first)


def _closed(sections: list[Section], text: str, finding_word: re.Pattern[str]) -> Iterator[Section]:
    """Ends a request (history, comparison, technique) that no heading ends: what follows its paragraph is findings.

    Many reports have a heading over the request and none over the findings. Where a findings heading comes later, the
    request keeps its text up to the next heading.
    """
    last_body = max(
        (i for i, s in enumerate(sections) if s.role == "body" and s.id != "heading" and not s.organ),
        default=-1,
    )
    # the last section that concludes or describes: only before it is there one behind
    last_told = max((i for i, s in enumerate(sections) if s.role in ("conclusion", "body")), default=-1)
    bodiless = not any(s.role == "body" for s in sections)
    for index, section in enumerate(sections):
        if section.role not in _SHORT or index < last_body or not section.title:
            yield section
            continue
        body = text[section.start : section.end]
        offset = len(body) - len(body.lstrip())
        cut = None
        # organ headings further down are findings too, so that only a blank line or a list ends the request before them
        listed = any(s.organ for s in sections[index + 1 : index + 40])
        for match in _LINE_END.finditer(body, offset):
            rest = body[match.end() :].lstrip()
            line = body[offset : match.start()].rstrip()
            wrapped = rest[:1].islower() or line.endswith(",")
            if listed and not _LISTED.match(body, match.start()) and not _told(rest, line, finding_word):
                continue
            if rest and not wrapped:
                cut = match.end()
                break
        if cut is None and "\n" not in body.strip() and section.role != "exam":
            ends = [m.end() for m in _SENTENCE_END.finditer(body, offset)]
            concluded = last_told > index
            if ends and (not concluded or bodiless):
                # the sentences that still ask belong to the request; before a conclusion, all until a finding is told
                cut = next(
                    (
                        a
                        for a, b in zip(ends, [*ends[1:], len(body)], strict=True)
                        if not _ASKS.search(body, a, b) and (not concluded or finding_word.search(body[a:b].lower()))
                    ),
                    None,
                )
        if cut is None:
            yield section
            continue
        yield replace(section, end=section.start + cut)
        yield Section("findings", "body", section.start + cut, section.end)
