"""From TOML files to a checked ``Lexicon``; every problem of every file is reported at once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from miner.errors import LexiconError
from miner.lexicon import entries as e
from miner.lexicon.problems import Problems, brackets, nearest, references
from miner.lexicon.terms import alternatives, expand, plain
from miner.resources import lexicon_folder

FILES: Mapping[str, type[e.Entry]] = {
    "findings": e.Finding,
    "decoys": e.Decoy,
    "grammar": e.OtherFinding,
    "descriptors": e.Descriptor,
    "sites": e.Site,
    "contexts": e.Condition,
    "cues": e.CueEntry,
    "sections": e.SectionEntry,
    "causes": e.CauseEntry,
    "advice": e.AdviceEntry,
}
"""The lexicon files, by kind: the file ``findings.toml`` holds ``Finding`` entries, and so on."""

EXTRA_TABLES: Mapping[str, tuple[str, ...]] = {
    "cues": ("status",),
    "causes": ("prior", "table", "setting"),
    "sites": ("region",),
}
_OWN_FILES = ("spelling", "audit")
_WEIGHTS = "weights"
_FEATURE_KEYS = ("id", "group", "label", "note", "weights", "when", "unless")
_ID = re.compile(r"[a-z][a-z0-9_]*\Z")
_Kind = TypeVar("_Kind", bound=e.Entry)


@dataclass(frozen=True, slots=True)
class Weight:
    """What one piece of evidence says for or against one cause, in log-likelihood-ratio units, and on what ground."""

    cause: str
    value: float
    basis: str


@dataclass(frozen=True, slots=True)
class Feature:
    """A piece of evidence of the differential: its id, the group in which it counts once, and its weights."""

    id: str
    group: str
    weights: tuple[Weight, ...]
    label: str = ""
    note: str = ""
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All lexicons, checked. ``entries[kind][id]`` is an entry; ``phrases(entry)`` what it looks for."""

    entries: Mapping[str, Mapping[str, e.Entry]]
    features: Mapping[str, Feature]
    priors: Mapping[str, Mapping[str, float]]
    prior_notes: Mapping[str, str]
    regions: Mapping[str, Mapping[str, Any]]
    table: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]
    priorities: Mapping[str, int]
    spelling: Mapping[str, str]
    audit: Mapping[str, Any]
    digest: str
    folders: tuple[Path, ...] = ()
    expanded: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def of(self, kind: type[_Kind]) -> Mapping[str, _Kind]:
        """The entries of one class, by id."""
        name = next(name for name, cls in FILES.items() if cls is kind)
        return self.entries[name]  # type: ignore[return-value]

    def phrases(self, kind: str, entry_id: str) -> tuple[str, ...]:
        """The finite list of lower-case phrases that an entry stands for."""
        return self.expanded[kind, entry_id]

    def labels(self) -> dict[str, str]:
        """The label of every entry, by id; causes win over conditions of the same id."""
        found: dict[str, str] = {}
        for kind in FILES:
            found.update({entry.id: entry.label for entry in self.entries[kind].values()})
        return found


def _abbreviations(value: Any, file: Path, name: str, problems: Problems) -> tuple[e.Abbreviation, ...]:
    found = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            found.append(e.Abbreviation(item))
        elif isinstance(item, dict) and isinstance(item.get("form"), str):
            for key in set(item) - {"form", "needs", "unless"}:
                what = f"abbreviations: unknown key {key!r}; {nearest(key, ['form', 'needs', 'unless'])}"
                problems.add(file, name, what)
            found.append(
                e.Abbreviation(
                    item["form"],
                    tuple(plain(x) for t in item.get("needs", ()) for x in alternatives(t)),
                    tuple(plain(x) for t in item.get("unless", ()) for x in alternatives(t)),
                )
            )
        else:
            problems.add(file, name, "abbreviations: each is a text or a table with 'form', 'needs', 'unless'")
    return tuple(found)


@cache
def _keys(kind: type[e.Entry]) -> tuple[dict[str, dataclasses.Field[Any]], dict[str, Any]]:
    """The fields of a kind of entry and their types, by name."""
    return {f.name: f for f in dataclasses.fields(kind)}, get_type_hints(kind)


def _entry(raw: Mapping[str, Any], kind: type[e.Entry], file: Path, problems: Problems) -> e.Entry | None:
    name = str(raw.get("id", "(entry without id)"))
    fields, hints = _keys(kind)  # type: ignore[arg-type]  # mypy takes the class for its instances
    values: dict[str, Any] = {}
    before = len(problems)
    for key, value in raw.items():
        if key not in fields:
            problems.add(file, name, f"unknown key {key!r}; {nearest(key, fields)}")
            continue
        if key == "abbreviations":
            values[key] = _abbreviations(value, file, name, problems)
            continue
        wanted = hints[key]
        many = wanted == tuple[str, ...]
        if many and isinstance(value, str):
            value = [value]
        right = (
            isinstance(value, list) and all(isinstance(v, str) for v in value)
            if many
            else isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
        )
        if not right:
            said = "a list of texts" if many else {str: "a text", int: "a whole number", bool: "true or false"}[wanted]
            problems.add(file, name, f"{key}: must be {said}, is {type(value).__name__}")
            continue
        allowed = fields[key].metadata.get("allowed")
        if allowed is not None and value not in allowed:
            problems.add(file, name, f"{key}: {value!r} is not known; {nearest(value, allowed)}")
            continue
        values[key] = tuple(value) if many else value
    for key in ("id", "label"):
        if key not in raw and not raw.get("off"):
            problems.add(file, name, f"{key} is missing")
    if not _ID.match(name) and "id" in raw:
        problems.add(file, name, "id: use small letters, digits and underscores, a letter first")
    for key in ("terms", "exclude"):
        for term in values.get(key, ()):
            if any("{" in reading or "}" in reading for reading in alternatives(term)):
                problems.add(file, name, f"{key}: a brace without its partner in {term!r}; write {{a,b}}")
    for key in ("hit", "miss"):
        for example in values.get(key, ()):
            if not brackets(example, wanted=key == "hit"):
                problems.add(file, name, f"{key}: mark the expected words with [[ ]] in {example!r}")
    if len(problems) > before:
        return None
    values.setdefault("label", name)
    return kind(**values)


def _rows(raw: Mapping[str, Any], file: Path, problems: Problems) -> Iterator[Mapping[str, Any]]:
    """The entries of a file."""
    rows = raw.get("entry", [])
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        yield from rows
    else:
        problems.add(file, "(whole file)", "entry: every entry begins with a line [[entry]], with two brackets")


def _read(file: Path, problems: Problems) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        problems.add(file, "(whole file)", f"not valid TOML: {error}")
    except UnicodeDecodeError:
        problems.add(file, "(whole file)", "not UTF-8; save it as UTF-8")
    except OSError as error:
        problems.add(file, "(whole file)", f"cannot be read: {error.strerror}")
    return {}


def _features(raw: Mapping[str, Any], causes: Iterable[str], file: Path, problems: Problems) -> dict[str, Feature]:
    found: dict[str, Feature] = {}
    known = set(causes)
    for key in sorted(set(raw) - {"feature"}):
        problems.add(file, "(whole file)", f"unknown table {key!r}; {nearest(key, ('feature',))}")
    for number, item in enumerate(raw.get("feature", ()), 1):
        name = str(item.get("id", f"(feature {number})"))
        for key in sorted(set(item) - set(_FEATURE_KEYS)):
            problems.add(file, name, f"unknown key {key!r}; {nearest(key, _FEATURE_KEYS)}")
        weights = []
        for cause, value in item.get("weights", {}).items():
            if cause not in known:
                problems.add(file, name, f"weights: {cause!r} is not a cause; {nearest(cause, known)}")
            elif not (isinstance(value, list) and len(value) == 2 and isinstance(value[0], (int, float))):
                problems.add(file, name, f'weights: {cause} must be [number, "basis"]')
            else:
                weights.append(Weight(cause, float(value[0]), str(value[1])))
        if "group" not in item:
            problems.add(file, name, "group is missing")
        if name in found:
            problems.add(file, name, "the id stands twice")
        found[name] = Feature(
            name,
            str(item.get("group", "")),
            tuple(weights),
            str(item.get("label", "")),
            str(item.get("note", "")),
            tuple(item.get("when", ())),
            tuple(item.get("unless", ())),
        )
    return found


def _standing(folders: Sequence[Path]) -> tuple[Path, ...]:
    """The folders from the last one that is a whole set of lexicons by itself."""
    ours = {file.name for file in folders[0].glob("*.toml")}
    whole = [number for number, folder in enumerate(folders) if ours <= {file.name for file in folder.glob("*.toml")}]
    return tuple(folders[max(whole, default=0) :])


def load(overlays: Sequence[Path] = ()) -> Lexicon:
    """Reads the bundled lexicons and lays the given folders over them.

    An entry of a later folder replaces the one with its id, is added where the id is new, and switches it off with
    ``off = true``; a feature of ``weights.toml`` replaces the one with its id. A folder that holds every file that
    ours holds stands alone: nothing before it is read.

    Raises:
        LexiconError: with every problem of every file, one a line, as ``file: entry: what, and what is allowed``.
    """
    problems = Problems()
    folders = _standing((lexicon_folder(), *(Path(o) for o in overlays)))
    entries: dict[str, dict[str, e.Entry]] = {kind: {} for kind in FILES}
    extra: dict[str, list[Mapping[str, Any]]] = {}
    singles: dict[str, dict[str, Any]] = {name: {} for name in _OWN_FILES}
    weights: list[tuple[Path, Mapping[str, Any]]] = []
    digest = hashlib.sha256()
    for folder in folders:
        if not folder.is_dir():
            problems.add(str(folder), "(folder)", "is not a folder; --lexicons takes a folder of TOML files")
            continue
        for file in sorted(folder.glob("*.toml")):
            raw = _read(file, problems)
            digest.update(file.stem.encode() + b"\0" + json.dumps(raw, sort_keys=True, default=str).encode())
            if file.stem == _WEIGHTS:
                weights.append((file, raw))
                continue
            if file.stem in _OWN_FILES:
                for key, value in raw.items():
                    if isinstance(value, list):
                        singles[file.stem].setdefault(key, []).extend(value)
                    elif isinstance(value, dict):
                        singles[file.stem].setdefault(key, {}).update(value)
                    else:
                        singles[file.stem][key] = value
                continue
            if file.stem not in FILES:
                names = [*FILES, *_OWN_FILES, _WEIGHTS]
                problems.add(file, "(whole file)", f"unknown file; {nearest(file.stem, names)}")
                continue
            for key, rows in raw.items():
                if key == "entry":
                    continue
                if key not in EXTRA_TABLES.get(file.stem, ()):
                    allowed = ("entry", *EXTRA_TABLES.get(file.stem, ()))
                    problems.add(file, "(whole file)", f"unknown table {key!r}; {nearest(key, allowed)}")
                else:
                    extra.setdefault(key, []).extend(rows if isinstance(rows, list) else [rows])
            seen: set[str] = set()
            for item in _rows(raw, file, problems):
                entry = _entry(item, FILES[file.stem], file, problems)
                if entry is None:
                    continue
                if entry.id in seen:
                    problems.add(file, entry.id, "the id stands twice in this file")
                seen.add(entry.id)
                if entry.off:
                    if entries[file.stem].pop(entry.id, None) is None:
                        what = f"off: there is no such entry; {nearest(entry.id, entries[file.stem])}"
                        problems.add(file, entry.id, what)
                else:
                    entries[file.stem][entry.id] = entry
    references(entries, {str(r.get("id", "")) for r in extra.get("region", ())}, problems)
    features: dict[str, Feature] = {}
    for file, raw in weights:
        features.update(_features(raw, entries["causes"], file, problems))
    spelling = {str(k): str(v) for k, v in singles["spelling"].get("uk_us", {}).items()}
    priors, notes = _priors(extra.get("prior", []), entries["causes"], problems)
    if problems:
        raise LexiconError(problems)
    expanded = {
        (kind, entry.id): expand(entry.terms, spelling, inflect=entry.inflect)
        for kind, found in entries.items()
        for entry in found.values()
    }
    return Lexicon(
        entries=entries,
        features=features,
        priors=priors,
        prior_notes=notes,
        regions={str(r["id"]): r for r in extra.get("region", [])},
        table=tuple(extra.get("table", [])),
        settings={k: v for row in extra.get("setting", []) for k, v in row.items()},
        priorities={str(r["status"]): int(r["priority"]) for r in extra.get("status", [])},
        spelling=spelling,
        audit=singles["audit"],
        digest=digest.hexdigest()[:16],
        folders=folders,
        expanded=expanded,
    )


def _priors(
    rows: Sequence[Mapping[str, Any]], causes: Mapping[str, e.Entry], problems: Problems
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """The prior of every cause by region, each row scaled to one."""
    priors: dict[str, dict[str, float]] = {}
    notes: dict[str, str] = {}
    for row in rows:
        region = str(row.get("region", "(prior without region)"))
        shares = row.get("shares", {})
        for cause in set(shares) - set(causes):
            problems.add("causes.toml", f"prior {region}", f"{cause!r} is not a cause; {nearest(cause, causes)}")
        total = float(sum(shares.values()))
        if total <= 0:
            problems.add("causes.toml", f"prior {region}", "shares must be positive numbers")
            continue
        priors[region] = {cause: float(value) / total for cause, value in shares.items()}
        notes[region] = str(row.get("note", ""))
    return priors, notes
