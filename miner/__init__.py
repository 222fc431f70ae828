"""Reads free-text radiology reports for soft tissue calcification and ossification, and counts what they say.

    import miner

    reading = miner.read("XR hip: ...")              # one report
    frames = miner.mine(df)                          # a DataFrame of reports
    sweep = miner.sweep("reports.parquet", "out")    # a corpus of any size
    miner.prevalence(sweep, unit="patient", by=["sex"])

Everything heavy is imported when it is first used, so that ``miner --help`` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.language import Language

    from miner.batch import Miner
    from miner.records import Reading

try:
    __version__ = metadata.version("miner")
except metadata.PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0.0.0"

_ELSEWHERE = {
    "sweep": ("miner.corpus", "sweep"),
    "load": ("miner.tables", "load"),
    "merge": ("miner.shards", "merge"),
    "mine": ("miner.frame", "mine_frame"),
    "prevalence": ("miner.prevalence_tables", "prevalence"),
    "audit": ("miner.scorecard", "audit"),
    "sample": ("miner.checked", "sample"),
    "cause_shares": ("miner.prevalence_tables", "cause_shares"),
    "evaluate": ("miner.scores", "evaluate"),
    "learn": ("miner.learning", "learn"),
    "what_if": ("miner.whatif", "what_if"),
    "report": ("miner.pages.report", "report"),
}

__all__ = [
    "__version__",
    "audit",
    "cause_shares",
    "evaluate",
    "learn",
    "load",
    "merge",
    "mine",
    "pipeline",
    "prevalence",
    "read",
    "report",
    "sample",
    "sweep",
    "what_if",
]


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        module, attribute = _ELSEWHERE[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'miner' has no attribute {name!r}")


@lru_cache(maxsize=4)
def _reader(lexicons: tuple[Path, ...], contexts: str, model: Path | None = None) -> Miner:
    from miner.batch import Miner

    return Miner(lexicons=lexicons, contexts=contexts, model=model)


def read(
    text: str,
    *,
    study_description: str | None = None,
    body_part: str | None = None,
    modality: str | None = None,
    age: float | None = None,
    sex: str | None = None,
    note_id: str = "report",
    lexicons: Sequence[str | Path] = (),
    contexts: str = "findings",
    model: str | Path | None = None,
) -> Reading:
    """Reads one report.

    ``study_description`` and ``body_part`` tell which region the film shows; ``age`` is in years, ``sex`` is F or M.
    The reading has ``.mentions``, ``.contexts``, ``.differentials`` and ``.cause``, and renders itself in a notebook.
    ``model`` is a file of ``miner learn``. The first call compiles the lexicons (seconds); later calls take
    milliseconds.

    Raises:
        LexiconError: if a lexicon holds problems; all of them are listed.
        InputError: if the model cannot be used.
    """
    from miner.records import Report

    miner = _reader(tuple(Path(p) for p in lexicons), contexts, None if model is None else Path(model))
    return miner.read(Report(note_id, text, study_description, body_part, modality, age, sex))


def pipeline(*, lexicons: Sequence[str | Path] = ()) -> Language:
    """The medspaCy Language for those who want Docs.

    ``doc.spans`` holds the groups findings, descriptors, sites, contexts, causes and grammar, whose labels are
    ``kind:entry id``; ``doc._.context_graph`` holds the cues and what they modify.
    """
    return _reader(tuple(Path(p) for p in lexicons), "findings").reader.pipeline.nlp
