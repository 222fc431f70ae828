"""What travels between the rooms of the house: frozen records, and the Arrow schemas of the tables.

Nothing here knows where a value came from or what becomes of it; every other module may import this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

SCHEMA_VERSION = 4

STATUSES = ("present", "possible", "absent", "historical", "hypothetical", "family")
SCOPES = ("soft_tissue", "vascular", "organ", "other")
OUTCOMES = ("mined", "screened_out", "failed")
STATES = ("present", "possible", "absent")
KINDS = ("calcification", "ossification", "both")
BASES = ("stated", "inferred", "prior")
KIND_BASES = ("word", "structure", "undetermined")
DISAGREEMENTS = ("unsupported", "points_elsewhere", "context_missing")

CARRIED = (
    "person_id",
    "note_date",
    "modality",
    "study_description",
    "body_part",
    "age",
    "sex",
    "site_id",
    "radiologist_id",
    "report_status",
)
"""Columns of the input that go through to the ``reports`` table unread, apart from age and date, which are parsed."""

INPUT_SCHEMA = pa.schema(
    [
        ("note_id", pa.string()),
        ("note_text", pa.string()),
        ("person_id", pa.string()),
        ("note_date", pa.date32()),
        ("modality", pa.string()),
        ("study_description", pa.string()),
        ("body_part", pa.string()),
        ("age", pa.float64()),
        ("sex", pa.string()),
        ("site_id", pa.string()),
        ("radiologist_id", pa.string()),
        ("report_status", pa.string()),
    ]
)
"""A batch of reports as every reader hands it on: one row a report, absent columns filled with nulls."""

_EVIDENCE = pa.struct(
    [
        ("entry", pa.string()),
        ("kind", pa.string()),
        ("weight", pa.float64()),
        ("start", pa.int64()),
        ("end", pa.int64()),
    ]
)

TABLES: Mapping[str, pa.Schema] = {
    "reports": pa.schema(
        [
            ("note_id", pa.string()),
            *[(name, INPUT_SCHEMA.field(name).type) for name in CARRIED],
            ("outcome", pa.string()),
            ("soft_tissue", pa.string()),
            ("elsewhere", pa.string()),
            ("kind", pa.string()),
            ("kind_basis", pa.string()),
            ("lesion_id", pa.string()),
            ("cause", pa.string()),
            ("cause_family", pa.string()),
            ("cause_probability", pa.float64()),
            ("cause_basis", pa.string()),
            ("stated_cause", pa.string()),
            ("inferred_cause", pa.string()),
            ("disagreement", pa.list_(pa.string())),
            ("abstained", pa.bool_()),
            ("n_mentions", pa.int32()),
            ("text_digest", pa.uint64()),
            ("body_region", pa.string()),
        ]
    ),
    "mentions": pa.schema(
        [
            ("note_id", pa.string()),
            ("mention_id", pa.string()),
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("concept", pa.string()),
            ("kind", pa.string()),
            ("status", pa.string()),
            ("scope", pa.string()),
            ("sites", pa.list_(pa.string())),
            ("laterality", pa.string()),
            ("descriptors", pa.list_(pa.string())),
            ("size_mm", pa.float64()),
            ("section", pa.string()),
            ("lesion_id", pa.string()),
            ("cues", pa.list_(pa.string())),
            ("scope_basis", pa.string()),
        ]
    ),
    "attributes": pa.schema(
        [
            ("note_id", pa.string()),
            ("mention_id", pa.string()),
            ("dimension", pa.string()),
            ("value", pa.string()),
            ("start", pa.int64()),
            ("end", pa.int64()),
        ]
    ),
    "contexts": pa.schema(
        [
            ("note_id", pa.string()),
            ("condition", pa.string()),
            ("status", pa.string()),
            ("section", pa.string()),
            ("start", pa.int64()),
            ("end", pa.int64()),
        ]
    ),
    "causes": pa.schema(
        [
            ("note_id", pa.string()),
            ("lesion_id", pa.string()),
            ("rank", pa.int32()),
            ("cause", pa.string()),
            ("probability", pa.float64()),
            ("stated", pa.bool_()),
            ("evidence", pa.list_(_EVIDENCE)),
        ]
    ),
    "advice": pa.schema(
        [
            ("note_id", pa.string()),
            ("topic", pa.string()),
            ("entry", pa.string()),
            ("modality", pa.string()),
            ("interval_days", pa.int32()),
            ("section", pa.string()),
            ("start", pa.int64()),
            ("end", pa.int64()),
        ]
    ),
    "failures": pa.schema([("note_id", pa.string()), ("stage", pa.string()), ("error", pa.string())]),
}
"""The tables of a sweep, by name. ``start`` and ``end`` are half-open ``str`` positions in the text as given."""

IDENTIFIERS = frozenset({"note_id", "person_id", "mention_id", "lesion_id"})
"""Columns that tell rows apart. Every other column of text has few values, and is categorical in a frame."""

ALIKE = (("cause", "cause_family", "stated_cause", "inferred_cause"), ("soft_tissue", "elsewhere"))
"""Columns of one table that hold the same words: as categories they can be compared with each other."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report as the reader gets it: its text and what is known of the examination."""

    note_id: str
    text: str
    study_description: str | None = None
    body_part: str | None = None
    modality: str | None = None
    age: float | None = None
    sex: str | None = None


class Cue(NamedTuple):
    """A word that set a status: the lexicon entry, its category and where it stands."""

    entry: str
    category: str
    start: int
    end: int


class Attribute(NamedTuple):
    """A descriptor, site, measurement or side tied to a mention; ``start`` is -1 where the examination gave it."""

    dimension: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention of calcification or ossification with everything that was decided about it."""

    mention_id: str
    start: int
    end: int
    concept: str
    kind: str
    status: str
    scope: str
    section: str
    sites: tuple[str, ...] = ()
    laterality: str | None = None
    descriptors: tuple[str, ...] = ()
    size_mm: float | None = None
    lesion_id: str | None = None
    cues: tuple[Cue, ...] = ()
    scope_basis: str = ""
    attributes: tuple[Attribute, ...] = ()


class Context(NamedTuple):
    """A disease, injury, operation, drug or exposure that bears on the cause."""

    condition: str
    status: str
    section: str
    start: int
    end: int
    cues: tuple[Cue, ...] = ()
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a report says besides its findings: its topic (comparison, follow_up, work_up, naming) and lexicon entry.

    ``modality`` and ``interval_days`` belong to a follow-up: what is advised, and after how many days.
    """

    topic: str
    entry: str
    section: str
    start: int
    end: int
    modality: str | None = None
    interval_days: int | None = None


class Piece(NamedTuple):
    """A feature that holds for a lesion: its id, where it stands in the text (-1: no words), and its share."""

    feature: str
    start: int
    end: int
    share: float = 1.0


class Naming(NamedTuple):
    """A cause that the report names for a lesion: how surely, in which order, and where."""

    cause: str
    certainty: str
    order: int
    start: int
    end: int


class Evidence(NamedTuple):
    """One piece of evidence for one cause: lexicon entry, kind, weight (log likelihood ratio), place (-1: no words)."""

    entry: str
    kind: str
    weight: float
    start: int = -1
    end: int = -1


class Candidate(NamedTuple):
    """One line of a differential; its evidence weights plus its prior, normalised over all lines, give probability."""

    cause: str
    probability: float
    stated: bool
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Differential:
    """The ranked causes of one lesion and what was concluded from them."""

    lesion_id: str
    candidates: tuple[Candidate, ...]
    cause: str
    family: str | None
    probability: float
    basis: str
    stated_cause: str | None
    inferred_cause: str | None
    abstained: bool
    region: str = "any"
    disagreement: tuple[str, ...] = ()
    """How the named cause and the description disagree (``DISAGREEMENTS``); empty where they do not."""
    sharpness: float = 1.0
    """What the sums of weights are multiplied by before they become probabilities."""
    kind_basis: str = "word"
    """What decided between calcification and ossification (``KIND_BASES``)."""
    pieces: tuple[Piece, ...] = ()
    namings: tuple[Naming, ...] = ()
    """What went into the differential, so that it can be drawn up again without or with a piece."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read out of one report."""

    report: Report
    soft_tissue: str
    elsewhere: str
    kind: str | None
    mentions: tuple[Mention, ...] = ()
    contexts: tuple[Context, ...] = ()
    differentials: tuple[Differential, ...] = ()
    cause: Differential | None = field(default=None)
    advice: tuple[Advice, ...] = ()
    screened_out: bool = False
