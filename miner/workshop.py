"""The lexicon workshop: check the entries and their examples, list them for a spreadsheet, see what a change does."""

from __future__ import annotations

import dataclasses
import html
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from miner import tabulation
from miner.changes import Diff, diff, render
from miner.errors import InputError, LexiconError
from miner.examples import run
from miner.language import KINDS
from miner.lexicon import CueEntry, Decoy, Entry, Lexicon, load
from miner.lexicon.entries import Abbreviation
from miner.lexicon.loader import FILES
from miner.lexicon.terms import plain
from miner.reader import Reader

# pandas is imported by the functions that need it: `miner lexicon check` starts and ends without it
if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Diff", "check", "diff", "doubts", "render", "save_table", "table"]

_BETWEEN = " | "
_TEXTS = frozenset(field.name for field in dataclasses.fields(Entry)) - {"inflect"}
_FORMULA = ("=", "+", "-", "@")


def check(overlays: Sequence[str | Path] = (), *, examples: bool = True) -> list[str]:
    """What is wrong with the lexicons, each as ``file: entry: what``; empty where all is in order.

    ``overlays``: folders laid over ours. Where the files themselves hold problems, all of all files are listed and no
    example is run. ``examples``: run every ``hit`` and ``miss`` through the pipeline (seconds).
    """
    folders = [Path(folder) for folder in overlays]
    try:
        load(folders)
    except LexiconError as error:
        return list(error.problems)
    if not examples:
        return []
    reader = Reader(folders)
    return [line for kind in FILES for line in run(reader, kind)]


def doubts(overlays: Sequence[str | Path] = ()) -> list[str]:
    """What is allowed but probably not meant, each as ``file: entry: what``.

    Terms that stand in two entries of a file, or in an entry and in what hides it; words under ``exclude`` that no term
    of their entry could be mistaken for; entries without terms or without an example.

    Raises LexiconError where the lexicons hold problems.
    """
    lexicon = load([Path(folder) for folder in overlays])
    found: list[str] = []
    for kind, entries in lexicon.entries.items():
        taken = _taken(lexicon, kind)
        for entry in entries.values():
            said = [*taken.get(entry.id, ()), *_idle(lexicon, kind, entry)]
            if not entry.terms and not entry.abbreviations:
                said.append("has neither terms nor abbreviations")
            if not (entry.miss if isinstance(entry, Decoy) else entry.hit):
                said.append(f"has no example; give it a {'miss' if isinstance(entry, Decoy) else 'hit'}")
            found += [f"{kind}.toml: {entry.id}: {what}" for what in said]
    return found


def _taken(lexicon: Lexicon, kind: str) -> dict[str, list[str]]:
    """For each entry, its phrases that decoys, excluded words or an earlier entry of the file have too."""
    owner: dict[tuple[str, ...], str] = {}
    if kind in KINDS:
        for decoy in lexicon.of(Decoy).values():
            if kind in decoy.hides:
                owner.update({(phrase,): f"the decoy {decoy.id}" for phrase in lexicon.phrases("decoys", decoy.id)})
        for entry in lexicon.entries[kind].values():
            owner.update({(plain(phrase),): f"the exclude list of {entry.id}" for phrase in entry.exclude})
    both = "both count" if kind in ("cues", "decoys") else "that comes first, so they never count here"
    told: dict[str, list[str]] = {}
    for entry in lexicon.entries[kind].values():
        lost: dict[str, dict[str, None]] = {}
        for phrase in lexicon.phrases(kind, entry.id):
            for sense in _senses(entry):
                first = owner.setdefault((phrase, *sense), entry.id)
                if first != entry.id:
                    lost.setdefault(first, {}).setdefault(repr(phrase))
        told[entry.id] = [f"terms: {', '.join(words)} stand in {first} too; {both}" for first, words in lost.items()]
    return told


def _senses(entry: Entry) -> Iterator[tuple[str, ...]]:
    """In which respects a phrase belongs to one entry: cues may look both ways, decoys hide in several lexicons."""
    if isinstance(entry, CueEntry):
        yield (entry.direction, *entry.sections, "/", *entry.applies_to)
    elif isinstance(entry, Decoy):
        yield from ((hidden,) for hidden in entry.hides)
    else:
        yield ()


def _idle(lexicon: Lexicon, kind: str, entry: Entry) -> Iterator[str]:
    """Excluded words that nothing of the entry overlaps, so that excluding them changes nothing."""
    own = [*lexicon.phrases(kind, entry.id), *(plain(short.form) for short in entry.abbreviations)]
    for excluded in entry.exclude:
        if not any(_collide(plain(excluded).split(), phrase.split()) for phrase in own):
            yield f"exclude: {excluded!r} collides with no term of the entry"


def _collide(excluded: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether a text can hold both so that they share words, and the excluded words win by length."""
    if len(phrase) > len(excluded):
        return False
    for shift in range(1 - len(phrase), len(excluded)):
        shared = [(excluded[shift + i], word) for i, word in enumerate(phrase) if 0 <= shift + i < len(excluded)]
        if all(one == two for one, two in shared):
            return True
    return False


def table(overlays: Sequence[str | Path] = ()) -> pd.DataFrame:
    """Every entry of every lexicon, one a row, for spreadsheets.

    Columns: ``file``, ``id``, ``label``, ``terms``, ``abbreviations``, ``exclude``, ``attributes`` (what else the entry
    sets, as key=value), ``phrases`` (how many phrases the terms stand for), ``note``, ``source``, ``codes``, ``hit``,
    ``miss``. Lists are joined with a vertical bar. Raises LexiconError where the lexicons hold problems.
    """
    import pandas as pd

    lexicon = load([Path(folder) for folder in overlays])
    rows = [
        {
            "file": f"{kind}.toml",
            "id": entry.id,
            "label": entry.label,
            "terms": _BETWEEN.join(entry.terms),
            "abbreviations": _BETWEEN.join(_abbreviation(short) for short in entry.abbreviations),
            "exclude": _BETWEEN.join(entry.exclude),
            "attributes": _BETWEEN.join(_attributes(entry)),
            "phrases": len(lexicon.phrases(kind, entry.id)),
            "note": entry.note,
            "source": _BETWEEN.join(entry.source),
            "codes": _BETWEEN.join(entry.codes),
            "hit": _BETWEEN.join(entry.hit),
            "miss": _BETWEEN.join(entry.miss),
        }
        for kind, entries in lexicon.entries.items()
        for entry in entries.values()
    ]
    frame = pd.DataFrame(rows)
    frame.attrs["digest"] = lexicon.digest
    return frame


def _abbreviation(short: Abbreviation) -> str:
    sides = (("beside", short.needs), ("not with", short.unless))
    told = [f"{word} {', '.join(words)}" for word, words in sides if words]
    return f"{short.form} ({'; '.join(told)})" if told else short.form


def _attributes(entry: Entry) -> Iterator[str]:
    """The keys that an entry sets beside its texts, unless to their default."""
    blank = type(entry)(id="", label="")
    for field in dataclasses.fields(entry):
        value = getattr(entry, field.name)
        if field.name in _TEXTS or value == getattr(blank, field.name):
            continue
        shown = ", ".join(value) if isinstance(value, tuple) else str(value).lower()
        yield f"{field.name}={shown}"


def save_table(frame: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Writes the frame of :func:`table`; the ending of the name decides: ``.csv``, ``.xlsx``, ``.json``, or ``.html``
    for one self-contained page.

    In a ``.csv``, a cell that a spreadsheet would run as a formula begins with an apostrophe. Raises InputError for
    another ending or a folder that does not exist.
    """
    target = Path(path)
    if target.suffix.lower() in (".html", ".htm"):
        if not target.parent.is_dir():
            raise InputError(f"{target.parent}: there is no such folder; make it first")
        target.write_text(page(frame), encoding="utf-8")
        return target
    if target.suffix.lower() == ".csv":
        frame = frame.map(lambda cell: f"'{cell}" if isinstance(cell, str) and cell[:1] in _FORMULA else cell)
    elif target.suffix.lower() not in (".xlsx", ".json"):
        raise InputError(f"{target.name}: the ending must be one of .csv, .xlsx, .json, .html")
    return tabulation.save_table(frame, target)


def page(frame: pd.DataFrame) -> str:
    """The frame of :func:`table` as one HTML page that loads nothing: a table for each file, links to them on top."""
    parts = []
    links = []
    for file, rows in frame.groupby("file", sort=False):
        name = html.escape(str(file))
        links.append(f'<a href="#{name}">{name} ({len(rows)})</a>')
        body = rows.drop(columns="file").fillna("").astype(str)
        head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in body.columns)
        lines = [_line(row) for row in body.itertuples(index=False)]
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        parts.append(f'<h2 id="{name}">{name}</h2><div class="wide">{table}</div>')
    digest = html.escape(str(frame.attrs.get("digest", "")))
    return _PAGE.format(links=" ".join(links), body="\n".join(parts), digest=digest, count=f"{len(frame):,}")


def _line(row: Sequence[str]) -> str:
    first, *others = (html.escape(cell).replace(html.escape(_BETWEEN), "<br>") for cell in row)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Lexicons</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 14px/1.45 system-ui, sans-serif; margin: 2rem; color: #1c1c1c; background: #fff }}
nav a {{ margin-right: 1rem }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse }}
th, td {{ border: 1px solid #c8c8c8; padding: .3rem .5rem; text-align: left; vertical-align: top; max-width: 28rem;
  overflow-wrap: anywhere }}
thead th {{ background: #efefef }}
tbody th {{ white-space: nowrap; font-weight: 600 }}
</style></head><body>
<h1>Lexicons</h1>
<p>{count} entries, digest {digest}. Alternatives in braces; UK and US spellings and plurals are added when read.</p>
<nav aria-label="Files">{links}</nav>
{body}
</body></html>
"""
