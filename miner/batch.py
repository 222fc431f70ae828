"""One batch of reports in, rows out: a pure function of its batch and the lexicons, the unit of every parallelism."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from miner.reader import Reader
from miner.records import CARRIED, TABLES, Reading, Report
from miner.screen import Screen, pattern

_BLANKS = bytes(code for code in range(128) if chr(code).isspace())


class Miner:
    """Reads batches. Build it once a process: compiling the lexicons takes about a second."""

    def __init__(self, *, lexicons: Sequence[Path] = (), contexts: str = "findings", model: Path | None = None) -> None:
        self.reader = Reader(lexicons, contexts, model)
        self.contexts = contexts
        self.screen = Screen(pattern(self.reader.lexicon))
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
        rest = _screened(table.filter(pc.invert(passed)))
        # the two parts go back to the order of the batch
        places = pa.concat_arrays([pc.indices_nonzero(passed), pc.indices_nonzero(pc.invert(passed))])
        reports = pa.concat_tables([found["reports"], rest]).take(pc.sort_indices(places))
        return found | {"reports": reports.combine_chunks()}

    def _mined(self, batch: pa.Table) -> dict[str, pa.Table]:
        """The tables of reports that are read one by one."""
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        for row in batch.to_pylist():
            text = row["note_text"] or ""
            base = {"note_id": row["note_id"], **{name: row[name] for name in CARRIED}, "text_digest": digest(text)}
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
        return {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in TABLES.items()}


def _screened(batch: pa.Table) -> pa.Table:
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


def tables(reading: Reading) -> dict[str, list[dict[str, Any]]]:
    """The rows of one reading, by table; ``reports`` holds what was read and not the carried columns."""
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
    mentions = [
        {
            "note_id": note,
            "mention_id": m.mention_id,
            "start": m.start,
            "end": m.end,
            "concept": m.concept,
            "kind": m.kind,
            "status": m.status,
            "scope": m.scope,
            "sites": list(m.sites),
            "laterality": m.laterality,
            "descriptors": list(m.descriptors),
            "size_mm": m.size_mm,
            "section": m.section,
            "lesion_id": m.lesion_id,
            "cues": [c.entry for c in m.cues],
            "scope_basis": m.scope_basis,
        }
        for m in reading.mentions
    ]
    attributes = [
        {
            "note_id": note,
            "mention_id": m.mention_id,
            "dimension": a.dimension,
            "value": a.value,
            "start": a.start,
            "end": a.end,
        }
        for m in reading.mentions
        for a in m.attributes
    ]
    contexts = [
        {
            "note_id": note,
            "condition": c.condition,
            "status": c.status,
            "section": c.section,
            "start": c.start,
            "end": c.end,
        }
        for c in reading.contexts
    ]
    causes = [
        {
            "note_id": note,
            "lesion_id": d.lesion_id,
            "rank": rank,
            "cause": c.cause,
            "probability": c.probability,
            "stated": c.stated,
            "evidence": [
                {"entry": e.entry, "kind": e.kind, "weight": e.weight, "start": e.start, "end": e.end}
                for e in c.evidence
            ],
        }
        for d in reading.differentials
        for rank, c in enumerate(d.candidates, 1)
    ]
    advice = [
        {
            "note_id": note,
            "topic": a.topic,
            "entry": a.entry,
            "modality": a.modality,
            "interval_days": a.interval_days,
            "section": a.section,
            "start": a.start,
            "end": a.end,
        }
        for a in reading.advice
    ]
    return {
        "reports": [report],
        "mentions": mentions,
        "attributes": attributes,
        "contexts": contexts,
        "causes": causes,
        "advice": advice,
        "failures": [],
    }
