"""Which column of an input is what, and how its cells become the columns of :data:`miner.records.INPUT_SCHEMA`."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from miner import records
from miner.errors import InputError
from miner.values import MISSING, parse_age, parse_date

SECTIONS = ("indication", "technique", "comparison", "findings", "impression")
"""Columns that are joined under these headings, in this order, where there is no column with the whole report."""

TEXT = ("note_text", "text", "report", "report_text", "narrative", "body")

ALIASES: Mapping[str, tuple[str, ...]] = {
    "note_id": ("note_id", "report_id", "accession_number", "accession", "study_id", "uid", "id"),
    "person_id": ("person_id", "patient_id", "subject_id", "mrn"),
    "note_date": ("note_date", "date", "study_date", "report_date"),
    "modality": ("modality",),
    "study_description": ("study_description", "image"),
    "body_part": ("body_part",),
    "age": ("age",),
    "sex": ("sex",),
    "site_id": ("site_id",),
    "radiologist_id": ("radiologist_id",),
    "report_status": ("report_status",),
}
"""Names by which a column is recognised, in any case, with or without spaces and underscores; the first found wins."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_NAME_LIKE = re.compile(r"[A-Za-z_][A-Za-z_ ./()#-]{0,39}")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one input by their role: ``sections`` is empty where ``text`` is set, and the other way round."""

    text: str | None
    sections: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The source columns that have to be read, each once."""
        texts = (self.text,) if self.text is not None else tuple(name for _, name in self.sections)
        return tuple(dict.fromkeys((*texts, *(name for _, name in self.others))))

    @property
    def sources(self) -> dict[str, str]:
        """Role to source column, for the manifest."""
        texts = {"note_text": self.text} if self.text is not None else {}
        return {**texts, **dict(self.sections), **dict(self.others)}

    def get(self, role: str) -> str | None:
        """The source column of a role such as ``note_date``, or None."""
        return dict(self.others).get(role)


def plain(name: str) -> str:
    """A column name without case, spaces, underscores and hyphens, as names are compared."""
    return re.sub(r"[\s_\-]+", "", name.lstrip("\ufeff")).casefold()


def known(name: str) -> bool:
    """Whether a header names a column that means something here; used to find the delimiter."""
    return plain(name) in _KNOWN


_KNOWN = {plain(name) for names in (*ALIASES.values(), TEXT, SECTIONS) for name in names}


def recognise(names: Sequence[str], *, text_column: str | None = None, id_column: str | None = None) -> Columns:
    """Find the roles of the columns ``names``.

    ``text_column`` and ``id_column`` settle what is ambiguous or unusual. Raises InputError, with every problem, where
    no column or more than one column could be the text, or a named column is not there.
    """
    problems: list[str] = []
    by_plain: dict[str, list[str]] = {}
    for name in names:
        by_plain.setdefault(plain(name), []).append(name)

    def named(option: str, wanted: str | None) -> str | None:
        if wanted is None:
            return None
        if wanted in names:
            return wanted
        found = by_plain.get(plain(wanted), [])
        if len(found) != 1:
            fault = "no column" if not found else "more than one column"
            problems.append(f"{option} {wanted!r}: {fault} of that name; {_listed(names)}")
        return found[0] if found else None

    def first(aliases: Sequence[str]) -> str | None:
        return next((found[0] for alias in aliases if (found := by_plain.get(plain(alias)))), None)

    text = named("--text-column", text_column)
    chosen_id = named("--id-column", id_column)
    sections: tuple[tuple[str, str], ...] = ()
    if text_column is None:
        candidates = [name for alias in TEXT for name in by_plain.get(plain(alias), [])]
        if len(candidates) > 1:
            both = " and ".join(repr(name) for name in candidates)
            problems.append(f"{both} could each be the text of the report; choose with --text-column {candidates[0]!r}")
        elif candidates:
            text = candidates[0]
        else:
            sections = tuple((role, column) for role in SECTIONS if (column := first([role])) is not None)
            if not {"findings", "impression"} & {role for role, _ in sections}:
                problems.append(
                    f"no column with the text of the report; {_listed(names)}. Recognised are {', '.join(TEXT)}, or "
                    "findings and/or impression; name another with --text-column"
                )
    if problems:
        raise InputError("\n".join(problems))
    others: list[tuple[str, str]] = []
    for role, aliases in ALIASES.items():
        source = chosen_id if role == "note_id" and chosen_id is not None else first(aliases)
        if source is not None and source != text:
            others.append((role, source))
    return Columns(text, sections, tuple(others))


def _listed(names: Sequence[str]) -> str:
    """The columns there are. A file without a header has a patient's row in its place, so only name-like ones show."""
    shown = [name for name in names if _NAME_LIKE.fullmatch(name) and len(name.split()) <= 4]
    if not any(known(name) for name in names) or not shown:
        return f"none of the {len(names)} columns has a known name (is the first line a header?)"
    rest = len(names) - len(shown)
    return f"there are {', '.join(shown[:40])}" + (f" and {rest} more" if rest else "")


def join_sections(sections: Sequence[tuple[str, str | None]]) -> str:
    """One text from the sections of a report, each under its heading; blank ones are left out.

    Offsets in the tables count in this text where an input has no column with the whole report.
    """
    parts = [f"{role.upper()}: {text.strip()}" for role, text in sections if text is not None and text.strip()]
    return "\n\n".join(parts)


def clean(text: str) -> str:
    """Lone surrogates replaced by U+FFFD one for one, so that offsets stay and the text can be stored."""
    return _SURROGATE.sub("\ufffd", text)


def to_array(values: Sequence[Any]) -> pa.Array:
    """Cells of any type as an Arrow string array; None stays null, lone surrogates are replaced."""
    cells = [value if value is None or isinstance(value, str) else _cell(value) for value in values]
    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:
        return pa.array([None if cell is None else clean(cell) for cell in cells], pa.string())


def _cell(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        # An integer column with gaps comes as floats: 123.0 was 123.
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)
    return None if text in ("<NA>", "NaT", "nan") else text


def to_text(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """An Arrow column of any type as a string array (categories, integers, integral floats, dates, binary)."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return array.cast(pa.string())
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        # Dates of nanosecond columns would print with nine zeros; an identifier or stratum wants the plain form.
        return array.cast(pa.date32(), safe=False).cast(pa.string()) if _whole_days(array) else array.cast(pa.string())
    return to_array(array.to_pylist())


def _whole_days(array: pa.Array) -> bool:
    if pa.types.is_date(array.type):
        return True
    return bool(pc.all(pc.equal(array, pc.floor_temporal(array, unit="day"))).as_py() is not False)


def to_reports(
    raw: pa.Table, numbers: pa.Array, columns: Columns, *, label: str | None, day_first: bool = False
) -> tuple[pa.Table, Counter[str]]:
    """The rows of ``raw`` as a table with :data:`miner.records.INPUT_SCHEMA`, and what had to be put right, counted.

    ``numbers`` are the row numbers that made-up identifiers take: ``LABEL:row-N``. Counted are ``made_ids``,
    ``unreadable_dates``, ``unreadable_ages``, ``dates_in_other_order`` and ``blank_texts``.
    """
    tally: Counter[str] = Counter()
    made: dict[str, pa.Array] = {"note_text": _texts(raw, columns)}
    tally["blank_texts"] = _blank(made["note_text"])
    for role in records.INPUT_SCHEMA.names:
        source = columns.get(role)
        if role == "note_text":
            continue
        if source is None:
            made[role] = pa.nulls(raw.num_rows, records.INPUT_SCHEMA.field(role).type)
        elif role == "note_date":
            made[role] = _dates(raw[source], day_first, tally)
        elif role == "age":
            made[role] = _ages(raw[source], tally)
        else:
            made[role] = _without_missing(to_text(raw[source]))
    tally["made_ids"] = made["note_id"].null_count
    if made["note_id"].null_count:
        prefix = f"{label}:row-" if label else "row-"
        made["note_id"] = pc.coalesce(
            made["note_id"], pc.binary_join_element_wise(pa.scalar(prefix), numbers.cast(pa.string()), "")
        )
    table = pa.table([made[name] for name in records.INPUT_SCHEMA.names], schema=records.INPUT_SCHEMA)
    return table, +tally


def _texts(raw: pa.Table, columns: Columns) -> pa.Array:
    if columns.text is not None:
        return pc.fill_null(to_text(raw[columns.text]), "")
    roles = [role for role, _ in columns.sections]
    cells = [to_text(raw[name]).to_pylist() for _, name in columns.sections]
    return to_array([join_sections(list(zip(roles, row, strict=True))) for row in zip(*cells, strict=True)])


def _blank(texts: pa.Array) -> int:
    """How many texts are empty or white space; only those that begin with much of it are looked at to their end."""
    open_ = pc.binary_length(pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(texts, 0, 80)))
    unclear = texts.filter(pc.equal(open_, 0))
    return int(pc.sum(pc.equal(pc.binary_length(pc.utf8_trim_whitespace(unclear)), 0)).as_py() or 0)


def _without_missing(array: pa.Array) -> pa.Array:
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(array))
    missing = pc.is_in(plain, value_set=pa.array(sorted(MISSING), pa.string()))
    return pc.if_else(missing, None, array) if pc.any(missing).as_py() else array


def _mapped(array: pa.Array, function: Callable[[str], Any], kind: pa.DataType) -> pa.Array:
    """``function`` on every distinct value: dates, ages and strata repeat, so this is as good as vectorised."""
    coded = array.dictionary_encode()
    return pa.array([function(value) for value in coded.dictionary.to_pylist()], kind).take(coded.indices)


def _ages(column: pa.ChunkedArray, tally: Counter[str]) -> pa.Array:
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        given = pc.if_else(pc.is_nan(column), None, column) if pa.types.is_floating(column.type) else column
        number = given.cast(pa.float64())
        ages = pc.if_else(pc.and_(pc.greater_equal(number, 0.0), pc.less_equal(number, 120.0)), number, None)
        ages = pa.chunked_array(ages).combine_chunks() if isinstance(ages, pa.ChunkedArray) else ages
        ages = ages if isinstance(ages, pa.Array) else pa.concat_arrays(ages.chunks)
        tally["unreadable_ages"] += ages.null_count - given.null_count
        return ages
    cells = _without_missing(to_text(column))
    ages = _mapped(cells, parse_age, pa.float64())
    tally["unreadable_ages"] += ages.null_count - cells.null_count
    return ages


def _dates(column: pa.ChunkedArray, day_first: bool, tally: Counter[str]) -> pa.Array:
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = pc.local_timestamp(column)
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32(), safe=False)
    cells = _without_missing(to_text(column))
    other = 0
    coded = cells.dictionary_encode()
    found = [parse_date(value, day_first) for value in coded.dictionary.to_pylist()]
    dates = pa.array([None if date is None else date.value for date in found], pa.date32()).take(coded.indices)
    against = pa.array([date is not None and date.day_first is (not day_first) for date in found], pa.bool_())
    if len(against):
        other = int(pc.sum(against.take(coded.indices)).as_py() or 0)
    tally["dates_in_other_order"] += other
    tally["unreadable_dates"] += dates.null_count - cells.null_count
    return dates


def date_order(column: pa.ChunkedArray) -> tuple[bool | None, bool]:
    """What a column of dates says about the order of day and month: (day first, if it shows; any ambiguous value)."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return None, False
    found = [parse_date(value) for value in to_text(column).unique().to_pylist() if value is not None]
    shown = Counter(date.day_first for date in found if date is not None and date.day_first is not None)
    ambiguous = any(date.ambiguous for date in found if date is not None)
    return (shown.most_common(1)[0][0] if shown else None), ambiguous
