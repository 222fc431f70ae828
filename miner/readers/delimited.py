"""CSV and TSV as raw columns, block by block: Arrow's reader where a block is in order, Python's where it is not.

Arrow reads ten times as fast, but merges rows over a stray quote without a word. So each block is first checked for
quotes that stand where no quote may stand; a block that fails is read row by row, and a broken row costs itself alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from miner.columns import clean, known
from miner.readers.encoding import Stream, blocks
from miner.readers.source import Source

DELIMITERS = (",", ";", "\t", "|")
LONGEST_ROW = 16 << 20
"""Bytes after which a quote that was not closed counts as forgotten."""

MOST_REMAINS = 200

csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))


@dataclass(slots=True)
class Chunk:
    """Rows as a reader finds them. ``numbers``: the row numbers of ``table``'s rows; ``broken``: (number, reason)."""

    table: pa.Table
    numbers: pa.Array
    broken: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Rows:
    """Rows of one block read one by one; ``used`` bytes of it are done, the rest waits for the next block."""

    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    used: int = 0


@dataclass(slots=True)
class _Trail:
    """What is kept from row to row: where the identifier stands, whether identifiers hold blanks, and whether the row
    before was torn apart by a quote, so that its remains may follow (``remains`` lines of them did)."""

    id_at: int | None
    blanks: bool
    torn: bool = False
    remains: int = 0


def first_rows(start: str, delimiter: str, count: int) -> tuple[list[list[str]], int]:
    """Up to ``count`` rows from the beginning of a file, and the number of blank lines before them."""
    rows: list[list[str]] = []
    blank = 0
    try:
        for row in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            elif not rows:
                blank += 1
            if len(rows) == count:
                break
    except csv.Error:
        pass
    return rows, blank


def sniff(start: str, wanted: Sequence[str]) -> tuple[str, int]:
    """Delimiter, and number of lines before the header (Excel's ``sep=;`` is one), from the beginning of a file.

    The delimiter is the one under which most column names are known or ``wanted``, then the one with most columns.
    """
    line = start.split("\n", 1)[0].strip().lower()
    if line.startswith("sep=") and len(line) == 5:
        return line[4], 1

    def score(delimiter: str) -> tuple[int, int]:
        header = (first_rows(start, delimiter, 1)[0] or [[]])[0]
        return sum(known(name) or name in wanted for name in header), len(header)

    return max(DELIMITERS, key=score), 0


def read(source: Source, header: Sequence[str], needed: Sequence[str], id_column: str | None) -> Iterator[Chunk]:
    """The ``needed`` columns of a CSV or TSV file, as strings. Raises OSError where the file cannot be read."""
    delimiter = source.delimiter or ","
    places = [list(header).index(name) for name in needed]
    trail = _Trail(list(header).index(id_column) if id_column is not None else None, blanks=False)
    line, number, head = 1, 1, source.header_rows
    with Stream(source.paths[0]) as stream:
        carry, final = b"", False
        incoming = blocks(stream, source.encoding or "utf-8")
        while not final:
            data = next(incoming, None)
            final = data is None
            block = carry + (data or b"")
            while head and (taken := _first_row_end(block, delimiter, final)):
                line += block[:taken].count(b"\n")
                block, head = block[taken:], head - 1
            if head:
                carry = block
                continue
            cut = final and stream.damage is not None and not block.endswith(b"\n")
            fast = None if cut or trail.torn else _fast(block, len(header), places, needed, delimiter, number, final)
            if fast is not None:
                chunk, used = fast
            else:
                found = _slow(block, len(header), delimiter, number, line, final, cut, trail)
                columns = [pa.array([clean(row[at]) for row in found.rows], pa.string()) for at in places]
                chunk = Chunk(pa.table(columns, names=list(needed)), pa.array(found.numbers, pa.int64()), found.broken)
                used = found.used
            carry, line = block[used:], line + block[:used].count(b"\n")
            number += chunk.table.num_rows + len(chunk.broken)
            if chunk.table.num_rows or chunk.broken:
                yield chunk


def _first_row_end(block: bytes, delimiter: str, final: bool) -> int:
    """Length of the first record of a block, or 0 where its end is not yet in sight."""
    lines = io.StringIO(block[: 1 << 20].decode("utf-8", "ignore"), newline="")
    row = next(csv.reader(lines, delimiter=delimiter), None)
    taken = len(lines.getvalue()[: lines.tell()].encode())
    return taken if row is not None and (final or taken < len(block)) else 0


def _fast(
    block: bytes, width: int, places: Sequence[int], names: Sequence[str], delimiter: str, number: int, final: bool
) -> tuple[Chunk, int] | None:
    """The whole rows of a block by Arrow, and how many bytes they take; None where anything in it is out of order."""
    quotes = block.count(b'"')
    end = len(block) if final else _last_row_end(block, quotes)
    if end == 0 or (final and quotes % 2) or b"\0" in block:
        return None
    whole = block[:end]
    if quotes and not _quotes_in_order(whole, delimiter):
        return None
    stray: list[bool] = []

    def invalid(_: pacsv.InvalidRow) -> str:
        stray.append(True)
        return "skip"

    every = [str(place) for place in range(width)]
    try:
        table = pacsv.read_csv(
            pa.py_buffer(whole),
            read_options=pacsv.ReadOptions(column_names=every, block_size=max(len(whole), 1 << 16)),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=True, invalid_row_handler=invalid
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in every},
                include_columns=[str(place) for place in places],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if stray:
        return None
    table = table.combine_chunks().rename_columns(list(names))
    return Chunk(table, pa.array(np.arange(number, number + table.num_rows))), end


def _last_row_end(block: bytes, quotes: int) -> int:
    """Just behind the last line end that is not inside quotes, supposing that the quotes are in order."""
    end, behind = len(block), 0
    while (at := block.rfind(b"\n", 0, end)) >= 0:
        behind += block.count(b'"', at, end)
        if (quotes - behind) % 2 == 0:
            return at + 1
        end = at
    return 0


def _quotes_in_order(block: bytes, delimiter: str) -> bool:
    """Whether each quote opens a field, closes one, or is doubled."""
    single = block.replace(b'""', b"")
    codes = np.frombuffer(b"\n" + single + b"\n", np.uint8)
    at = np.flatnonzero(codes == ord('"'))
    if len(at) % 2:
        return False
    edges = np.zeros(256, bool)
    edges[[ord("\n"), ord("\r"), ord(delimiter)]] = True
    return bool(edges[codes[at[0::2] - 1]].all() and edges[codes[at[1::2] + 1]].all())


def _slow(
    block: bytes, width: int, delimiter: str, number: int, line: int, final: bool, cut: bool, trail: _Trail
) -> _Rows:
    """Row by row. A row that cannot be one is reported by its line, and reading goes on where the next may begin.

    After a quote out of place that is the line behind the one on which the broken row began. The lines that remain of
    it can look like rows themselves: see :func:`_remains`.
    """
    lines = list(io.StringIO(block.decode(), newline=""))
    found, told = _Rows(), ""
    at = 0
    trail.blanks = trail.blanks or _blanks(lines, width, delimiter, trail.id_at)
    while at < len(lines):
        row, count, fault = _record(lines, at, delimiter)
        last = at + count >= len(lines)
        unfinished = fault is not None or not lines[-1].endswith("\n")
        if last and unfinished and not final and sum(map(len, lines[at:])) < LONGEST_ROW:
            break
        torn = fault is not None
        begin, at = at, at + (1 if torn else count)
        if not torn and not row:
            continue
        if len(row) > width and not any(row[width:]):
            row = row[:width]
        text = "".join(lines[begin:at])
        if not torn and trail.torn and _remains(text, row, width, delimiter, trail):
            trail.remains += 1
            if found.broken:
                found.broken[-1] = (number - 1, f"{told}; {trail.remains} line(s) behind it were taken for its remains")
            continue
        if not torn:
            fault = _fault(text, row, width, cut and last)
        if fault is None:
            found.rows.append(row)
            found.numbers.append(number)
            trail.blanks = trail.blanks or (trail.id_at is not None and " " in row[trail.id_at].strip())
        else:
            place = line + sum(text.endswith("\n") for text in lines[:begin])
            told = f"line {place}: {fault}"
            found.broken.append((number, told))
        trail.torn, trail.remains = torn, 0
        number += 1
    found.used = sum(len(text.encode()) for text in lines[:at])
    return found


def _blanks(lines: Sequence[str], width: int, delimiter: str, at: int | None) -> bool:
    """Whether identifiers hold blanks as a rule, as a glance at the rows shows."""
    if at is None:
        return False
    rows = csv.reader(lines[:2000], delimiter=delimiter)
    ids = [row[at].strip() for row in rows if len(row) == width]
    return sum(" " in value for value in ids) * 2 > len(ids)


def _fault(text: str, row: Sequence[str], width: int, cut: bool) -> str | None:
    """What is wrong with a row whose quotes are in order."""
    if "\0" in text:
        return "it holds NUL bytes"
    if cut:
        return "the compressed data is cut off or damaged here"
    if len(row) != width:
        return f"it has {len(row)} field{'s' if len(row) != 1 else ''} where the header has {width}"
    return None


def _remains(text: str, row: Sequence[str], width: int, delimiter: str, trail: _Trail) -> bool:
    """Whether a line behind a torn row is part of that row's text, which must not turn up as an identifier.

    It is, if columns are missing, if a quote in it does not quote, or if its identifier holds blanks where no
    identifier before did; but no more than MOST_REMAINS lines in a row, so that nothing long is dropped unseen.
    """
    if trail.remains >= MOST_REMAINS:
        return False
    if len(row) < width or not _quotes_in_order(text.encode(), delimiter):
        return True
    return trail.id_at is not None and not trail.blanks and " " in row[trail.id_at].strip()


def _record(lines: Sequence[str], at: int, delimiter: str) -> tuple[list[str], int, str | None]:
    """The row that begins on line ``at``, the lines it takes, and what is wrong with its quotes."""
    upto = at
    size = 0

    def following() -> Iterator[str]:
        nonlocal upto, size
        while upto < len(lines) and size < LONGEST_ROW:
            size += len(lines[upto])
            upto += 1
            yield lines[upto - 1]

    try:
        row = next(csv.reader(following(), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        ended = "unexpected end" in str(error) or "field larger" in str(error)
        return [], upto - at, "a quoted field is not closed" if ended else "a quote stands inside a field"
    return row, max(upto - at, 1), None
