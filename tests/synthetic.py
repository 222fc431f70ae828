"""A sweep and a reading made up for the tests: right in shape and plausible in content, from a fixed seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from miner import records
from miner.tables import to_frame

FAMILIES = {
    "dystrophic": "dystrophic",
    "phlebolith": "dystrophic",
    "heterotopic_ossification": "dystrophic",
    "injection_granuloma": "dystrophic",
    "venous_insufficiency": "dystrophic",
    "dermatomyositis": "dystrophic",
    "calcific_tendinitis": None,
    "cppd": "cppd",
    "metastatic_calcification": "metastatic_calcification",
    "tumoral_calcinosis": "tumoral_calcinosis",
}
SHARES = (0.16, 0.3, 0.17, 0.06, 0.05, 0.03, 0.13, 0.06, 0.03, 0.01)
SITES = {
    "dystrophic": ("thigh", "leg", "forearm"),
    "phlebolith": ("pelvis",),
    "heterotopic_ossification": ("hip", "elbow", "shoulder"),
    "injection_granuloma": ("gluteal_region",),
    "venous_insufficiency": ("leg",),
    "dermatomyositis": ("thigh", "upper_arm"),
    "calcific_tendinitis": ("supraspinatus_tendon", "shoulder"),
    "cppd": ("knee", "wrist"),
    "metastatic_calcification": ("hand", "hip"),
    "tumoral_calcinosis": ("elbow", "hip"),
}
DESCRIPTORS = {
    "dystrophic": ("amorphous", "small"),
    "phlebolith": ("round", "lucent_centre"),
    "heterotopic_ossification": ("cortex_and_medulla", "large"),
    "injection_granuloma": ("focal", "dense"),
    "venous_insufficiency": ("linear",),
    "dermatomyositis": ("sheet_like",),
    "calcific_tendinitis": ("globular", "small", "amorphous"),
    "cppd": ("linear", "fine"),
    "metastatic_calcification": ("speckled", "fine"),
    "tumoral_calcinosis": ("globular", "large"),
}
LABELS = {
    "cppd": "CPPD",
    "dystrophic": "dystrophic, kind open",
    "gluteal_region": "gluteal region",
    "cortex_and_medulla": "cortex and medulla",
    "sheet_like": "sheet-like",
}


@dataclass
class Sweep:
    """What ``miner.load`` returns, as far as tables and manifest go."""

    reports: pd.DataFrame
    mentions: pd.DataFrame
    attributes: pd.DataFrame
    contexts: pd.DataFrame
    causes: pd.DataFrame
    advice: pd.DataFrame
    failures: pd.DataFrame
    manifest: dict[str, Any] = field(default_factory=dict)


def sweep(
    n: int = 4000,
    *,
    patients: int | None = None,
    rate: float = 0.06,
    dates: bool = True,
    carried: bool = True,
    failed: int = 3,
    seed: int = 7,
) -> Sweep:
    """``n`` reports, of which about ``rate`` show soft tissue calcification and four times as many one elsewhere."""
    rng = np.random.default_rng(seed)
    patients = patients or max(1, n * 2 // 3)
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in records.TABLES}
    causes = list(FAMILIES)
    for row in range(n):
        note_id = f"R{row:06d}"
        person = int(rng.integers(patients))
        day = date(2018, 1, 1) + timedelta(days=int(rng.integers(6 * 365)))
        report: dict[str, Any] = {
            "note_id": note_id,
            "person_id": f"P{person:05d}",
            "note_date": day if dates else None,
            "outcome": "screened_out",
            "soft_tissue": "absent",
            "elsewhere": "absent",
            "abstained": False,
            "n_mentions": 0,
            "text_digest": row,
        }
        if carried:
            report |= {
                "modality": "XR",
                "age": float(20 + person % 70),
                "sex": "MF"[person % 2],
                "site_id": ("north", "south", "west")[int(rng.integers(3))],
                "radiologist_id": f"Rad {int(rng.integers(6)) + 1}",
            }
        draw = float(rng.random())
        if row < failed:
            report |= dict.fromkeys(("soft_tissue", "elsewhere", "abstained", "n_mentions"), None) | {
                "outcome": "failed"
            }
            tables["failures"].append({"note_id": note_id, "stage": "pipeline", "error": "ValueError: [E088] too long"})
        elif draw < rate:
            _lesion(rng, report, tables, causes[int(rng.choice(len(causes), p=SHARES))])
        elif draw < 5 * rate:
            scope = ("vascular", "organ", "other")[int(rng.choice(3, p=(0.5, 0.3, 0.2)))]
            report |= {"outcome": "mined", "elsewhere": "present" if draw < 4.6 * rate else "possible", "n_mentions": 1}
            concept = {"vascular": "vascular_calcification", "organ": "stone", "other": "calcified_node"}[scope]
            tables["mentions"].append(_mention(note_id, 1, concept, report["elsewhere"], scope))
        elif draw < 5.5 * rate:
            report |= {"outcome": "mined", "n_mentions": 1}
            tables["mentions"].append(_mention(note_id, 1, "calcification", "absent", "soft_tissue"))
        tables["reports"].append(report)
    frames = {name: to_frame(pa.Table.from_pylist(rows, schema=records.TABLES[name])) for name, rows in tables.items()}
    return Sweep(**frames, manifest=manifest(frames["reports"]))


def manifest(reports: pd.DataFrame) -> dict[str, Any]:
    """A ``run.json`` that fits these reports."""
    found = reports["outcome"].value_counts()
    counts = {name: int(found.get(name, 0)) for name in records.OUTCOMES}
    return {
        "schema_version": 1,
        "versions": {"miner": "0.1.0", "medspacy": "1.3.1", "spacy": "3.7.5", "python": "3.11.9"},
        "lexicon_digest": "5f1d0c9e",
        "state": "complete",
        "configuration_digest": "a07b11aa",
        "inputs": [
            {"label": "reports.parquet", "path": "/there/reports.parquet", "format": "parquet", "size": 123456}
            | {"digest": "9c1d", "columns": {"note_text": "report"}, "rows": len(reports), "problem": None, "notes": []}
        ],
        "counts": {"read": len(reports), **counts},
        "made_ids": 0,
        "blank_texts": 1,
        "unreadable": {"note_date": 4, "age": 0},
        "dates_in_other_order": 0,
        "fell_short": [],
        "settings": {"contexts": "findings", "batch": 5000},
        "start": "2024-05-01T22:00:00+00:00",
        "end": "2024-05-01T22:04:10+00:00",
    }


def _lesion(
    rng: np.random.Generator, report: dict[str, Any], tables: dict[str, list[dict[str, Any]]], cause: str
) -> None:
    note_id = report["note_id"]
    stated = rng.random() < 0.45
    abstained = rng.random() < 0.12
    inferred = cause if rng.random() < 0.8 else "dystrophic"
    state = "present" if rng.random() < 0.88 else "possible"
    site = SITES[cause][int(rng.integers(len(SITES[cause])))]
    descriptors = [value for value in DESCRIPTORS[cause] if rng.random() < 0.7]
    probability = float(rng.uniform(0.55, 0.97))
    report |= {
        "outcome": "mined",
        "soft_tissue": state,
        "kind": "ossification" if cause == "heterotopic_ossification" else "calcification",
        "cause": cause,
        "cause_family": FAMILIES[cause],
        "cause_probability": probability,
        "cause_basis": "stated" if stated else "inferred",
        "stated_cause": cause if stated else None,
        "inferred_cause": inferred,
        "abstained": abstained,
        "n_mentions": 1,
    }
    mention = _mention(note_id, 1, "calcification", state, "soft_tissue", [site], descriptors)
    tables["mentions"].append(mention | {"lesion_id": f"{note_id}-L1"})
    for dimension, values in (("site", [site]), ("descriptor", descriptors)):
        for value in values:
            tables["attributes"].append(
                {"note_id": note_id, "mention_id": mention["mention_id"], "dimension": dimension, "value": value}
                | {"start": 5, "end": 9}
            )
    second = "dystrophic" if cause != "dystrophic" else "phlebolith"
    for rank, (name, share) in enumerate(((cause, probability), (second, 1 - probability)), start=1):
        evidence = [{"entry": site, "kind": "site", "weight": 1.2 / rank, "start": 5, "end": 9}]
        tables["causes"].append(
            {"note_id": note_id, "lesion_id": f"{note_id}-L1", "rank": rank, "cause": name, "probability": share}
            | {"stated": stated and rank == 1, "evidence": evidence}
        )


def _mention(
    note_id: str,
    number: int,
    concept: str,
    status: str,
    scope: str,
    sites: list[str] | None = None,
    descriptors: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "note_id": note_id,
        "mention_id": f"{note_id}-M{number}",
        "start": 10,
        "end": 23,
        "concept": concept,
        "kind": "calcification",
        "status": status,
        "scope": scope,
        "sites": sites or [],
        "descriptors": descriptors or [],
        "section": "findings",
        "cues": ["no"] if status == "absent" else [],
    }


TEXT = (
    "INDICATION: Dialysis. Pain.\nFINDINGS: Small globular calcification in the supraspinatus tendon, 8 mm,"
    " likely calcific tendinitis.\nNo vascular calcification.\nIMPRESSION: Calcific tendinitis <favored> & more."
)


def reading() -> records.Reading:
    """A shoulder film with a hedged cause, a negated mention, a context and a differential whose numbers agree."""

    def at(words: str, after: int = 0) -> tuple[int, int]:
        start = TEXT.index(words, after)
        return start, start + len(words)

    def cue(entry: str, category: str, words: str) -> records.Cue:
        return records.Cue(entry, category, *at(words))

    site = records.Attribute("site", "supraspinatus_tendon", *at("supraspinatus tendon"))
    exam = records.Attribute("site", "shoulder", -1, -1)
    shape = records.Attribute("shape", "globular", *at("globular"))
    coarse = records.Attribute("size", "small", *at("Small"))
    size = records.Attribute("measurement", "8", *at("8 mm"))
    mentions = (
        records.Mention(
            "m1", *at("calcification"), "calcification", "calcification", "present", "soft_tissue", "findings",
            ("supraspinatus_tendon", "shoulder"), None, ("globular", "small"), 8.0, "L1", (), "supraspinatus_tendon",
            (site, exam, shape, coarse, size),
        ),
        records.Mention(
            "m2", *at("calcific tendinitis"), "calcific_tendinitis", "calcification", "possible", "soft_tissue",
            "findings", ("supraspinatus_tendon",), None, (), None, "L1", (cue("likely", "hedge", "likely"),),
            "calcific_tendinitis", (site,),
        ),
        records.Mention(
            "m3", *at("vascular calcification"), "vascular_calcification", "calcification", "absent", "vascular",
            "findings", (), None, (), None, None, (cue("no", "negation", "No "),), "vascular_calcification",
        ),
    )  # fmt: skip
    context = records.Context("renal_failure", "present", "indication", *at("Dialysis"))
    evidence = {
        "calcific_tendinitis": (
            records.Evidence("globular", "descriptor", 1.104, *at("globular")),
            records.Evidence("supraspinatus_tendon", "site", 2.303, *at("supraspinatus tendon")),
            records.Evidence("calcific_tendinitis", "stated", 3.0, *at("calcific tendinitis")),
        ),
        "metastatic_calcification": (records.Evidence("renal_failure", "context", 1.5, *at("Dialysis")),),
        "dystrophic": (records.Evidence("small", "descriptor", 0.2, *at("Small")),),
    }
    prior = {"calcific_tendinitis": 0.3, "metastatic_calcification": 0.01, "dystrophic": 0.69}
    raw = {cause: prior[cause] * float(np.exp(sum(e.weight for e in evidence[cause]))) for cause in prior}
    candidates = tuple(
        records.Candidate(cause, raw[cause] / sum(raw.values()), cause == "calcific_tendinitis", evidence[cause])
        for cause in sorted(raw, key=lambda each: -raw[each])
    )
    first = candidates[0]
    differential = records.Differential(
        "L1", candidates, first.cause, None, first.probability, "stated", first.cause, first.cause, False, "shoulder"
    )
    return records.Reading(
        records.Report("A-1", TEXT), "present", "absent", "calcification", mentions, (context,), (differential,),
        differential,
    )  # fmt: skip
