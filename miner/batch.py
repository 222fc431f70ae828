"""One batch of reports in, rows out: a pure function of its batch and the lexicons, the unit of every parallelism."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from miner.examination import Regions
from miner.reader import Reader
from miner.records import CARRIED, TABLES, Evidence, Reading, Report
from miner.screen import Screen, pattern

_BLANKS = bytes(code for code in range(128) if chr(code).isspace())


class Miner:
    """Reads batches. Build it once a process: compiling the lexicons takes about a second."""

    def __init__(self, *, lexicons: Sequence[Path] = (), contexts: str = "findings", model: Path | None = None) -> None:
        self.reader = Reader(lexicons, contexts, model)
        self.contexts = contexts
        self.screen = Screen(pattern(self.reader.lexicon))
        self.regions = Regions(self.reader.lexicon)
        self.digest = self.reader.lexicon.digest

    def read(self, report: Report) -> Reading:
        """One report as a reading."""
        return self.reader.read(report)

    def mine(self, batch: pa.Table | pa.RecordBatch) -> dict[str, pa.Table]:
        """The tables of a batch with ``records.INPUT_SCHEMA``; ``reports`` has one row for every input row, in order.

        A report that breaks something becomes a row of ``failures`` with the class of the error and no report text.
        """
        table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
        if self.contexts == "all":
            return self._mined(table)
        passed = self.screen.passes(table["note_text"])
        found = self._mined(table.filter(passed))
        rest = self._screened(table.filter(pc.invert(passed)))
        # the two parts go back to the order of the batch
        places = pa.concat_arrays([pc.indices_nonzero(passed), pc.indices_nonzero(pc.invert(passed))])
        reports = pa.concat_tables([found["reports"], rest]).take(pc.sort_indices(places))
        return found | {"reports": reports.combine_chunks()}

    def _mined(self, batch: pa.Table) -> dict[str, pa.Table]:
        """The tables of reports that are read one by one."""
        rows: dict[str, list[Any]] = {name: [] for name in TABLES}
        for row in batch.to_pylist():
            text = row["note_text"] or ""
            base = {
                "note_id": row["note_id"],
                **{name: row[name] for name in CARRIED},
                "text_digest": digest(text),
                "body_region": self.regions.of(row["study_description"], row["body_part"]),
            }
            try:
                reading = self.reader.read(
                    Report(
                        row["note_id"],
                        text,
                        row["study_description"],
                        row["body_part"],
                        row["modality"],
                        row["age"],
                        _sex(row["sex"]),
                    )
                )
                found = tables(reading)
            except Exception as error:
                # one broken report must not lose the others; the message may hold its text, so only the class is kept
                rows["reports"].append(base | {"outcome": "failed"})
                rows["failures"].append({"note_id": row["note_id"], "stage": "mine", "error": type(error).__name__})
                continue
            rows["reports"].append(base | found.pop("reports")[0])
            for name, items in found.items():
                rows[name] += items
        return {name: _arrow(name, rows[name]) for name in TABLES}

    def _screened(self, batch: pa.Table) -> pa.Table:
        """The rows of ``reports`` for reports without a finding word, made column by column."""
        size = batch.num_rows
        same: dict[str, Any] = {
            "outcome": "screened_out",
            "soft_tissue": "absent",
            "elsewhere": "absent",
            "abstained": False,
            "n_mentions": 0,
        }
        columns = []
        for field in TABLES["reports"]:
            if field.name == "text_digest":
                columns.append(pa.array([digest(text or "") for text in batch["note_text"].to_pylist()], field.type))
            elif field.name == "body_region":
                names = (batch[name].to_pylist() for name in ("study_description", "body_part"))
                columns.append(pa.array([self.regions.of(*pair) for pair in zip(*names, strict=True)], field.type))
            elif field.name == "note_id" or field.name in CARRIED:
                columns.append(batch[field.name].cast(field.type))
            else:
                value = same.get(field.name)
                columns.append(
                    pa.nulls(size, field.type) if value is None else pa.repeat(pa.scalar(value, field.type), size)
                )
        return pa.Table.from_arrays(columns, schema=TABLES["reports"])


def digest(text: str) -> int:
    """A 64-bit digest of a report's text without its white space, by which copies are told."""
    if text.isascii():
        # many reports a second: one pass without making words
        plain = text.encode("ascii").translate(None, _BLANKS)
    else:
        plain = "".join(text.split()).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "little")


def _sex(value: str | None) -> str | None:
    first = (value or "").strip()[:1].upper()
    return {"F": "F", "W": "F", "M": "M"}.get(first)


def _arrow(name: str, rows: Sequence[Any]) -> pa.Table:
    """The rows of one table as Arrow: ``reports`` and ``failures`` by name, the others in the order of the schema."""
    schema = TABLES[name]
    if name in ("reports", "failures") or not rows:
        return pa.Table.from_pylist(rows, schema=schema)
    arrays = []
    for place, field in enumerate(schema):
        column = [row[place] for row in rows]
        arrays.append(_evidence(column, field.type) if field.name == "evidence" else pa.array(column, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _evidence(column: Sequence[tuple[Evidence, ...]], kind: pa.ListType) -> pa.Array:
    """The evidence of every candidate: by far the most values of a batch, and so made column by column."""
    ends = [0, *accumulate(map(len, column))]
    items = list(chain.from_iterable(column))
    fields = list(kind.value_type)
    arrays = [pa.array([item[place] for item in items], field.type) for place, field in enumerate(fields)]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.StructArray.from_arrays(arrays, fields=fields))


def tables(reading: Reading) -> dict[str, list[Any]]:
    """The rows of one reading, by table, in the order of the schemas.

    ``reports`` holds what was read by name, and not the carried columns.
    """
    note = reading.report.note_id
    cause = reading.cause
    report = {
        "outcome": "screened_out" if reading.screened_out else "mined",
        "soft_tissue": reading.soft_tissue,
        "elsewhere": reading.elsewhere,
        "kind": reading.kind,
        "kind_basis": cause.kind_basis if cause else None,
        "lesion_id": cause.lesion_id if cause else None,
        "cause": cause.cause if cause else None,
        "cause_family": cause.family if cause else None,
        "cause_probability": cause.probability if cause else None,
        "cause_basis": cause.basis if cause else None,
        "stated_cause": cause.stated_cause if cause else None,
        "inferred_cause": cause.inferred_cause if cause else None,
        "disagreement": list(cause.disagreement) if cause else None,
        "abstained": cause.abstained if cause else False,
        "n_mentions": len(reading.mentions),
    }
    return {
        "reports": [report],
        "mentions": [
            (
                note,
                m.mention_id,
                m.start,
                m.end,
                m.concept,
                m.kind,
                m.status,
                m.scope,
                m.sites,
                m.laterality,
                m.descriptors,
                m.size_mm,
                m.section,
                m.lesion_id,
                [c.entry for c in m.cues],
                m.scope_basis,
            )
            for m in reading.mentions
        ],
        "attributes": [
            (note, m.mention_id, a.dimension, a.value, a.start, a.end) for m in reading.mentions for a in m.attributes
        ],
        "contexts": [(note, c.condition, c.status, c.section, c.start, c.end) for c in reading.contexts],
        "causes": [
            (note, d.lesion_id, rank, c.cause, c.probability, c.stated, c.evidence)
            for d in reading.differentials
            for rank, c in enumerate(d.candidates, 1)
        ],
        "advice": [
            (note, a.topic, a.entry, a.modality, a.interval_days, a.section, a.start, a.end) for a in reading.advice
        ],
        "failures": [],
    }
