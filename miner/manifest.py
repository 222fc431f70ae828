"""``run.json``: what a sweep was made from, so that it can be repeated, and what it counted, so that it adds up."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from miner import records
from miner.errors import InputError
from miner.readers import Source, Survey
from miner.store import MANIFEST

Manifest = dict[str, Any]

STATES = ("running", "complete", "interrupted")


def now() -> str:
    """This moment, UTC, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def digest(content: object) -> str:
    """SHA-256 of a JSON-like value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def path_digest(path: Path) -> str:
    """SHA-256 over a file, or over the names and bytes of all files in a folder. Raises InputError."""
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    made = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            made.update(file.relative_to(path).as_posix().encode() + b"\0" + file.read_bytes())
    return made.hexdigest()


def versions() -> dict[str, str | None]:
    """Versions of what reads: this tool, medspaCy, spaCy, PyRuSH (it moves sentence ends), Arrow and Python."""
    found: dict[str, str | None] = {}
    for name in ("miner", "medspacy", "spacy", "pyrush", "pyarrow"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = _checkout_version() if name == "miner" else None
    return {**found, "python": platform.python_version()}


def _checkout_version() -> str | None:
    """The version in the project file beside the package, where it runs from a checkout without being installed."""
    project = Path(__file__).parents[1] / "pyproject.toml"
    if not project.is_file():
        return None
    with project.open("rb") as file:
        version: str = tomllib.load(file)["project"]["version"]
    return version


def begin(survey: Survey, *, lexicons: str, settings: Mapping[str, Any]) -> Manifest:
    """The manifest at the start of a sweep; ``settings`` are what has to be said again to repeat it."""
    return {
        "schema_version": records.SCHEMA_VERSION,
        "state": "running",
        "versions": versions(),
        "lexicon_digest": lexicons,
        "configuration_digest": digest(dict(settings)),
        "settings": dict(settings),
        "inputs": [_input(source) for source in survey.sources],
        "day_first": survey.day_first,
        "notes": list(survey.notes),
        "start": now(),
        "end": None,
        "starts": 1,
    }


def _input(source: Source) -> dict[str, Any]:
    return {
        "label": source.label,
        "path": str(source.path),
        "format": source.kind,
        "files": len(source.paths),
        "size": source.size,
        "digest": source.digest,
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "columns": None if source.columns is None else source.columns.sources,
        "rows": 0,
        "problem": source.problem,
        "notes": list(source.notes),
    }


def differences(before: Manifest, after: Manifest) -> list[str]:
    """What keeps ``after`` from going on where ``before`` stopped, each as one sentence."""
    found: list[str] = []
    if before.get("schema_version") != after["schema_version"]:
        found.append(f"the tables have version {before.get('schema_version')}, now {after['schema_version']}")
    for name in ("miner", "medspacy", "spacy", "pyrush"):
        old, new = before.get("versions", {}).get(name), after["versions"].get(name)
        if old != new:
            found.append(f"version: {name} was {old}, is {new}")
    if before.get("lexicon_digest") != after["lexicon_digest"]:
        found.append("lexicon digest: the lexicons are not the same")
    old_settings, new_settings = before.get("settings", {}), after["settings"]
    for name in sorted({*old_settings, *new_settings}):
        old, new = old_settings.get(name), new_settings.get(name)
        if old != new:
            found.append(f"configuration: {name} was {old!r}, is {new!r}")
    old_inputs = [(item["label"], item["digest"]) for item in before.get("inputs", [])]
    new_inputs = [(item["label"], item["digest"]) for item in after["inputs"]]
    if old_inputs != new_inputs:
        old_labels, new_labels = [label for label, _ in old_inputs], [label for label, _ in new_inputs]
        changed = [label for label, made in new_inputs if label in old_labels and (label, made) not in old_inputs]
        added = [label for label in new_labels if label not in old_labels]
        gone = [label for label in old_labels if label not in new_labels]
        told = [
            f"{word} {', '.join(labels[:5])}" + (" ..." if len(labels) > 5 else "")
            for word, labels in (("changed:", changed), ("new:", added), ("no longer there:", gone))
            if labels
        ]
        found.append("input: " + ("; ".join(told) or "the same files in another order"))
    return found


def close(manifest: Manifest, markers: Sequence[Mapping[str, Any]], *, state: str) -> Manifest:
    """The manifest with everything that the markers of the parts count, and ``state`` (one of :data:`STATES`)."""
    counts: Counter[str] = Counter({"read": 0, "mined": 0, "screened_out": 0, "failed": 0})
    tally: Counter[str] = Counter()
    rows: Counter[int] = Counter()
    lengths: Counter[str] = Counter(dict.fromkeys(records.TABLES, 0))
    problems: dict[int, list[str]] = {}
    for marker in markers:
        counts.update(marker["counts"])
        tally.update(marker["tally"])
        lengths.update(marker["tables"])
        rows.update({int(index): count for index, count in marker["rows"].items()})
        for index, told in marker["problems"]:
            problems.setdefault(int(index), []).append(told)
    inputs = []
    for index, item in enumerate(manifest["inputs"]):
        told = [*([item["problem"]] if item["problem"] else []), *problems.get(index, [])]
        inputs.append({**item, "rows": rows[index], "problem": "; ".join(dict.fromkeys(told)) or None})
    return {
        **manifest,
        "state": state,
        "inputs": inputs,
        "counts": dict(counts),
        "tables": dict(lengths),
        "parts": len(markers),
        "made_ids": tally["made_ids"],
        "blank_texts": tally["blank_texts"],
        "unreadable": {"note_date": tally["unreadable_dates"], "age": tally["unreadable_ages"]},
        "dates_in_other_order": tally["dates_in_other_order"],
        "end": now(),
    }


def read(out: Path) -> Manifest:
    """The manifest of a sweep. Raises InputError where there is none or it cannot be read."""
    path = out / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{out}: no sweep lies here ({MANIFEST} is missing); name the --out of a sweep") from None
    except (OSError, ValueError):
        raise InputError(f"{path}: cannot be read; sweep again with --replace") from None
    if not isinstance(content, dict) or content.get("state") not in STATES:
        raise InputError(f"{path}: is not the manifest of a sweep")
    if content.get("schema_version", 0) > records.SCHEMA_VERSION:
        raise InputError(
            f"{path}: its tables have version {content['schema_version']}; this tool reads up to "
            f"{records.SCHEMA_VERSION}: use a newer one"
        )
    return content
