"""One look at every input before anything is mined: can it be read, how, and which column is what."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from miner.columns import Columns, date_order, recognise
from miner.errors import InputError
from miner.readers import delimited, jsonl, parquet, texts
from miner.readers.delimited import Chunk
from miner.readers.encoding import binary, digest_of, look
from miner.readers.source import Source, resolve


@dataclass(frozen=True, slots=True)
class Survey:
    """The inputs, ready to be read. ``day_first`` settles 01/02/2024; ``notes`` are sentences for the manifest."""

    sources: tuple[Source, ...]
    encoding: str | None
    day_first: bool
    notes: tuple[str, ...]


class _Unreadable(Exception):
    """A file of which nothing can be read; the others are read all the same."""


class _Empty(Exception):
    """A file in order, without a single report: the export of a quiet day."""


def survey(
    inputs: str | Path | Sequence[str | Path],
    *,
    text_column: str | None = None,
    id_column: str | None = None,
    encoding: str | None = None,
) -> Survey:
    """Look at all inputs.

    Raises InputError, with every problem, where the call has to be changed (no such file, no text column, two of
    them), and where not one input can be read. A single unreadable input among others is kept with its ``problem``.
    """
    if encoding is not None:
        try:
            "a".encode(encoding)
        except LookupError:
            raise InputError(f"--encoding {encoding!r}: no such encoding; usual are utf-8, cp1252, utf-16") from None
    faults: list[str] = []
    seen: list[Source] = []
    for source in resolve(inputs):
        stamped = replace(source, stamps=stamps(source.paths))
        try:
            seen.append(_look(stamped, text_column, id_column, encoding))
        except InputError as error:
            faults += [f"{source.path}: {line}" for line in str(error).split("\n")]
        except _Empty as error:
            seen.append(replace(stamped, digest=digest_of(source.paths[0])[0], readable=False, notes=(str(error),)))
        except (_Unreadable, OSError, pa.ArrowException) as error:
            told = str(error) if isinstance(error, _Unreadable) else reason(error)
            seen.append(replace(stamped, readable=False, problem=told))
    if faults or not any(source.readable for source in seen):
        unread = [f"{source.path}: {source.problem or source.notes[0]}" for source in seen if not source.readable]
        raise InputError("\n".join([*faults, *unread]))
    day_first, note = _day_first([source for source in seen if source.readable], encoding)
    return Survey(tuple(seen), encoding, day_first, (note,) if note else ())


def reason(error: Exception) -> str:
    """Why a file cannot be read, without the words of Arrow, which may quote its content."""
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return "cannot be read: it is damaged, or not of the kind that its name says"


def stamps(paths: Sequence[Path]) -> tuple[tuple[int, int], ...]:
    """Size and time of change of files, (-1, -1) for one that is not there: what tells that a file was exchanged."""
    found = []
    for path in paths:
        try:
            state = path.stat()
            found.append((state.st_size, state.st_mtime_ns))
        except OSError:
            found.append((-1, -1))
    return tuple(found)


def chunks(source: Source, encoding: str | None = None) -> Iterator[Chunk]:
    """The raw columns of a source that was looked at. Raises OSError or pyarrow.ArrowException."""
    if source.columns is None:
        return iter(())
    names = source.columns.names
    if source.kind == "parquet":
        return parquet.read(source, names)
    if source.kind == "jsonl":
        return jsonl.read(source, names)
    if source.kind == "text":
        return texts.read(source, encoding)
    return delimited.read(source, source.header, names, source.columns.get("note_id"))


def _look(source: Source, text_column: str | None, id_column: str | None, encoding: str | None) -> Source:
    if source.kind == "text":
        made, size, told, closed = texts.survey(source, encoding)
        if len(closed) == len(source.paths):
            raise _Unreadable("none of its files can be read" if len(closed) > 1 else closed[0])
        return replace(
            source,
            digest=made,
            size=size,
            encoding=told,
            columns=recognise(["note_id", "note_text"]),
            problem="; ".join(closed[:20]) or None,
        )
    if source.kind == "parquet":
        made, size = digest_of(source.paths[0])
        source = replace(source, digest=made, size=size)
        names, count = parquet.header(source.paths[0])
        if count == 0:
            raise _Empty("holds no reports")
        return replace(source, columns=recognise(names, text_column=text_column, id_column=id_column))
    seen = look(source.paths[0], encoding)
    source = replace(source, digest=seen.digest, size=seen.size, encoding=seen.encoding, problem=seen.damage)
    if not seen.start.strip():
        raise _Unreadable("is empty" if seen.damage is None else seen.damage)
    if seen.damage is not None and b"\n" not in seen.start:
        raise _Unreadable(seen.damage)
    if (fault := binary(seen.start, seen.encoding)) is not None:
        raise _Unreadable(fault)
    if seen.undecodable:
        told = f"{seen.undecodable} bytes that are not {seen.encoding} were replaced by U+FFFD"
        source = replace(source, notes=(told,))
    start = codecs.getincrementaldecoder(seen.encoding)("replace").decode(seen.start)
    if source.kind == "jsonl":
        names = jsonl.header(source)
        if not names:
            listed = start.lstrip().startswith("[")
            raise _Unreadable("is one JSON array; write one object a line" if listed else "holds no JSON object")
    else:
        wanted = [name for name in (text_column, id_column) if name is not None]
        delimiter, before = ("\t", 0) if source.kind == "tsv" else delimited.sniff(start, wanted)
        rows, blank = delimited.first_rows(start, delimiter, 2 + before)
        names = rows[before] if len(rows) > before else []
        source = replace(source, delimiter=delimiter, header_rows=before + blank + 1, header=tuple(names))
    columns = recognise(names, text_column=text_column, id_column=id_column)
    source = replace(source, columns=columns)
    if source.kind != "jsonl" and next(chunks(source), None) is None:
        raise _Empty("holds a header and no reports")
    return source


def _day_first(sources: Sequence[Source], encoding: str | None) -> tuple[bool, str | None]:
    """Whether dates such as 01/02/2024 have the day first, from the first date in any input that can only be one.

    An input is read on only as long as it shows nothing but ambiguous dates.
    """
    ambiguous = False
    for source in sources:
        column = source.columns.get("note_date") if source.columns is not None else None
        if column is None or source.columns is None:
            continue
        only = replace(source, columns=Columns(None, (), (("note_date", column),)))
        try:
            for chunk in chunks(only, encoding):
                shown, unclear = date_order(chunk.table[column])
                if shown is not None:
                    order = "day" if shown else "month"
                    return (
                        shown,
                        f"{source.label}: dates with slashes or hyphens are read {order} first, as its own dates show",
                    )
                ambiguous = ambiguous or unclear
                if not unclear:
                    break
        except (OSError, pa.ArrowException):
            continue
    note = "no date shows whether day or month comes first: dates such as 01/02/2024 are read month first"
    return False, note if ambiguous else None
