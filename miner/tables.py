"""The tables of a sweep as pandas frames, read when they are asked for."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from miner import manifest as manifests
from miner import records
from miner.errors import InputError
from miner.store import markers, part_path

# pandas is imported by what makes a frame: a sweep from the command line starts without it
if TYPE_CHECKING:
    import pandas as pd


def to_frame(table: pa.Table) -> pd.DataFrame:
    """A table as a frame: ``Int32``, ``UInt64`` and ``boolean`` where there can be nulls, dates as ``datetime64``.

    Columns of text are categories but for identifiers: a million reports have some ten values in each of them.
    Lists of records (``evidence``) stay in Arrow: as Python objects they would take most of the memory of a sweep.
    """
    import pandas as pd

    kinds = {pa.int32(): pd.Int32Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}
    kinds |= {
        t: pd.ArrowDtype(t) for t in table.schema.types if pa.types.is_list(t) and pa.types.is_struct(t.value_type)
    }
    chosen = [f.name for f in table.schema if pa.types.is_string(f.type) and f.name not in records.IDENTIFIERS]
    for name in chosen:
        table = table.set_column(table.schema.get_field_index(name), name, table[name].dictionary_encode())
    frame: pd.DataFrame = table.to_pandas(types_mapper=kinds.get, date_as_object=False, split_blocks=True)
    alike = {name: group for group in records.ALIKE for name in group}
    known = {name: set(frame[name].cat.categories) for name in chosen}
    for name in chosen:
        words = set().union(*(known.get(other, set()) for other in alike.get(name, (name,))))
        # in alphabetical order, not in that of the reports, so that what is sorted or grouped comes as text would
        frame[name] = frame[name].cat.set_categories(sorted(words))
    return frame


class _Frames:
    """The seven tables under their names; a class that has ``_table`` gets them."""

    def _table(self, name: str) -> pa.Table:
        raise KeyError(name)

    def _frame(self, name: str) -> pd.DataFrame:
        frame = to_frame(self._table(name))
        # what was read is a frame now: a sweep of a million reports would hold its memory twice
        pa.default_memory_pool().release_unused()
        return frame

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A table by name. Raises KeyError, with the names there are."""
        if name not in records.TABLES:
            raise KeyError(f"no table {name!r}; there are {', '.join(records.TABLES)}")
        frame: pd.DataFrame = getattr(self, name)
        return frame

    @cached_property
    def reports(self) -> pd.DataFrame:
        """One row for every report that was read."""
        return self._frame("reports")

    @cached_property
    def mentions(self) -> pd.DataFrame:
        """One row for every mention of calcification or ossification; ``start``, ``end`` in characters of the text."""
        return self._frame("mentions")

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """One row for every descriptor, site or measurement of a mention."""
        return self._frame("attributes")

    @cached_property
    def contexts(self) -> pd.DataFrame:
        """One row for every disease, injury, operation, drug or exposure that bears on the cause."""
        return self._frame("contexts")

    @cached_property
    def causes(self) -> pd.DataFrame:
        """The ranked differentials: one row for every lesion and candidate."""
        return self._frame("causes")

    @cached_property
    def advice(self) -> pd.DataFrame:
        """What reports with soft tissue calcification say besides: comparison, follow-up, work-up, outdated names."""
        return self._frame("advice")

    @cached_property
    def failures(self) -> pd.DataFrame:
        """One row for every report that could not be read or mined: where, and why."""
        return self._frame("failures")


@dataclass(frozen=True, eq=False)
class Frames(_Frames):
    """The tables of reports that were mined in memory; also by name, ``frames["mentions"]``."""

    tables: dict[str, pa.Table]

    def _table(self, name: str) -> pa.Table:
        return self.tables[name]

    def __repr__(self) -> str:
        return "Frames(" + ", ".join(f"{name}: {table.num_rows:,}" for name, table in self.tables.items()) + ")"

    def _repr_html_(self) -> str:
        return _html("Frames", [(name, table.num_rows) for name, table in self.tables.items()])


@dataclass(frozen=True, eq=False)
class Sweep(_Frames):
    """A sweep on disk: ``path``, ``manifest`` and the tables. Frames are read at first use and then kept."""

    path: Path
    manifest: dict[str, Any]

    def _table(self, name: str) -> pa.Table:
        parts = [part_path(self.path, name, number) for number in range(self.manifest["parts"])]
        schema = records.TABLES[name]
        if name not in self.manifest["tables"]:
            # made by a version that did not have this table yet
            return schema.empty_table()
        try:
            read = (pq.read_table(part, schema=schema, memory_map=True) for part in parts)
            return pa.concat_tables([schema.empty_table(), *read])
        except (OSError, pa.ArrowException):
            raise InputError(
                f"{self.path}: a part of {name} is missing or damaged; sweep again with --replace"
            ) from None

    @property
    def fell_short(self) -> list[str]:
        """What was not as it should be, each as a sentence: more failures than allowed, inputs not read to the end."""
        return list(self.manifest.get("fell_short", []))

    @cached_property
    def repeated_ids(self) -> int:
        """How many reports share their ``note_id`` with another report of the sweep; all of them are kept."""
        parts = [part_path(self.path, "reports", number) for number in range(self.manifest["parts"])]
        ids = pa.concat_tables([pq.read_table(part, columns=["note_id"]) for part in parts]) if parts else None
        if ids is None:
            return 0
        counts = pc.value_counts(ids["note_id"].combine_chunks()).field("counts")
        return int(pc.sum(counts.filter(pc.greater(counts, 1))).as_py() or 0)

    @property
    def exit_code(self) -> int:
        """What the command line ends with: 1 where something fell short, else 0."""
        return 1 if self.fell_short else 0

    def __repr__(self) -> str:
        counts = self.manifest["counts"]
        return (
            f"Sweep({str(self.path)!r}, {self.manifest['state']}: {counts['read']:,} reports, "
            f"{counts['mined']:,} mined, {counts['screened_out']:,} screened out, {counts['failed']:,} failed)"
        )

    def _repr_html_(self) -> str:
        counts = [(name.replace("_", " "), number) for name, number in self.manifest["counts"].items()]
        tables = [(name, number) for name, number in self.manifest["tables"].items() if name != "reports"]
        return _html(f"Sweep {self.path} ({self.manifest['state']})", [*counts, *tables])


def _html(title: str, rows: list[tuple[str, int]]) -> str:
    cells = "".join(f"<tr><th>{html.escape(name)}</th><td>{number:,}</td></tr>" for name, number in rows)
    return f"<table><caption>{html.escape(title)}</caption>{cells}</table>"


def load(out: str | Path, *, partial: bool = False) -> Sweep:
    """The sweep in folder ``out``.

    Raises InputError where there is none, and, unless ``partial``, where it is not complete: its counts would be those
    of the part of the corpus that happened to come first.
    """
    out = Path(out)
    manifest = manifests.read(out)
    if manifest["state"] == "complete":
        return Sweep(out, manifest)
    if not partial:
        raise InputError(
            f"{out}: this sweep is {manifest['state']}, not complete; repeat the same sweep to go on with it, or load "
            "what there is with partial=True (--partial)"
        )
    return Sweep(out, manifests.close(manifest, markers(out), state=manifest["state"]))
