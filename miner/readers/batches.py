"""Batches of reports of even size, the same ones at every reading of the same inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from miner import records
from miner.columns import to_reports
from miner.readers.source import Source
from miner.readers.survey import Survey, chunks, reason, stamps, survey

BATCH_ROWS = 20_000
BATCH_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that could not be read: ``at`` is the number of readable rows before it in its batch."""

    at: int
    note_id: str
    error: str


@dataclass(frozen=True, slots=True)
class Batch:
    """``reports`` has :data:`miner.records.INPUT_SCHEMA`; ``tally`` counts what was put right in it; ``rows`` by input.

    ``problems`` are (input, what happened) for files that could not be read to their end.
    """

    number: int
    reports: pa.Table
    broken: tuple[Broken, ...] = ()
    tally: Counter[str] = field(default_factory=Counter)
    rows: Counter[int] = field(default_factory=Counter)
    problems: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class _Pile:
    """What is being gathered for the next batch."""

    tables: list[pa.Table] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    rows: Counter[int] = field(default_factory=Counter)
    problems: list[tuple[int, str]] = field(default_factory=list)
    good: int = 0
    size: int = 0

    def batch(self, number: int) -> Batch:
        table = pa.concat_tables(self.tables) if self.tables else records.INPUT_SCHEMA.empty_table()
        return Batch(number, table, tuple(self.broken), self.tally, self.rows, tuple(self.problems))


def batches(survey: Survey, *, rows: int = BATCH_ROWS, size: int = BATCH_BYTES) -> Iterator[Batch]:
    """All reports of the inputs in order, in batches of at most ``rows`` rows and about ``size`` bytes.

    A batch may span inputs. Whatever an input does while it is read, the others are read; see :class:`Batch`.
    """
    number = 0
    pile = _Pile()
    for index, source in enumerate(survey.sources):
        for piece in _pieces(index, source, survey, rows, size):
            if pile.rows and (pile.rows.total() + piece.rows.total() > rows or pile.size + piece.size > size):
                yield pile.batch(number)
                number, pile = number + 1, _Pile()
            pile.broken += [Broken(pile.good + broken.at, broken.note_id, broken.error) for broken in piece.broken]
            pile.tables += piece.tables
            pile.tally += piece.tally
            pile.rows += piece.rows
            pile.problems += piece.problems
            pile.good += piece.good
            pile.size += piece.size
    if pile.rows or pile.problems:
        yield pile.batch(number)


def _pieces(index: int, source: Source, survey: Survey, rows: int, size: int) -> Iterator[_Pile]:
    """One input in small pieces, and at its end what went wrong with it."""
    if not source.readable or source.columns is None:
        return
    try:
        for chunk in chunks(source, survey.encoding):
            label = None if source.kind == "text" else source.label
            table, tally = to_reports(
                chunk.table, chunk.numbers, source.columns, label=label, day_first=survey.day_first
            )
            prefix = f"{source.label}:row-"
            numbers = chunk.numbers.to_numpy()
            broken = [
                Broken(int(numbers.searchsorted(row)), f"{prefix}{row}", f"{source.label}: {fault}")
                for row, fault in chunk.broken
            ]
            yield from _cut(_Pile([table], broken, tally, good=table.num_rows), index, rows, size)
    except (OSError, pa.ArrowException) as error:
        yield _Pile(problems=[(index, f"{reason(error)}; what was read before is kept")])
        return
    if stamps(source.paths) != source.stamps:
        yield _Pile(problems=[(index, "was changed while it was read: sweep it again")])


def _cut(pile: _Pile, index: int, rows: int, size: int) -> Iterator[_Pile]:
    """A piece cut so small that batches come out even; what was counted stays with its first part."""
    table = pile.tables[0]
    step = max(1, min(rows, 2000, int(table.num_rows * (size / 8) / max(table.nbytes, 1))))
    first, tally = 0, pile.tally
    waiting = sorted(pile.broken, key=lambda broken: broken.at)
    while first < table.num_rows or waiting:
        part = table.slice(first, step)
        last = first + part.num_rows
        inside = [broken for broken in waiting if broken.at <= last][:rows]
        waiting = waiting[len(inside) :]
        counted = Counter({index: part.num_rows + len(inside)})
        moved = [Broken(broken.at - first, broken.note_id, broken.error) for broken in inside]
        yield _Pile([part] if part.num_rows else [], moved, tally, counted, good=part.num_rows, size=part.nbytes)
        first, tally = last, Counter()


def texts(inputs: Sequence[str | Path], wanted: Collection[str]) -> dict[str, str]:
    """The texts of the reports with these identifiers, by identifier. Raises InputError as :func:`survey` does."""
    found: dict[str, str] = {}
    for batch in batches(survey(inputs)):
        table = batch.reports.select(["note_id", "note_text"])
        for note_id, text in zip(table["note_id"].to_pylist(), table["note_text"].to_pylist(), strict=True):
            if note_id in wanted:
                found.setdefault(note_id, text)
    return found
