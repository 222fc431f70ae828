"""Reports with the expectation marked in their text: ``{status/scope:words}``, the scope being optional.

A marked report reads like the report it is about. Every mark is a mention that must be found with this status and
scope; a mention without a mark must not be found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miner.reader import Reader
from miner.records import SCOPES, STATUSES, Reading, Report

_MARK = re.compile(rf"\{{({'|'.join(STATUSES)})(?:/({'|'.join(SCOPES)}))?:([^{{}}]*)\}}")
LABELS = ("soft_tissue", "elsewhere", "kind", "cause", "stated_cause", "laterality", "sites", "descriptors", "contexts")
"""Labels beside the text that :func:`complaints` compares; see ``tests/test_traps.py``."""


@dataclass(frozen=True)
class Mark:
    """A mention that must be found, in the text without marks."""

    start: int
    end: int
    status: str
    scope: str | None


def unmarked(text: str) -> tuple[str, list[Mark]]:
    """The text without its marks, and what they marked."""
    plain = ""
    marks = []
    done = 0
    for match in _MARK.finditer(text):
        plain += text[done : match.start()]
        marks.append(Mark(len(plain), len(plain) + len(match[3]), match[1], match[2]))
        plain += match[3]
        done = match.end()
    return plain + text[done:], marks


def _mentions(reading: Reading, marks: list[Mark]) -> list[str]:
    found = []
    used: set[str] = set()
    text = reading.report.text
    for mark in marks:
        words = text[mark.start : mark.end]
        hits = [m for m in reading.mentions if m.start < mark.end and mark.start < m.end and m.mention_id not in used]
        if not hits:
            found.append(f"missed <{words}>")
            continue
        used.add(hits[0].mention_id)
        if hits[0].status != mark.status:
            cues = ", ".join(c.entry for c in hits[0].cues) or "no cue"
            found.append(f"<{words}> is {hits[0].status}, not {mark.status} ({cues})")
        if mark.scope and hits[0].scope != mark.scope:
            found.append(f"<{words}> is {hits[0].scope}, not {mark.scope} ({hits[0].scope_basis})")
    for m in reading.mentions:
        if m.mention_id not in used:
            found.append(f"<{text[m.start : m.end]}> is no mention ({m.concept}, {m.status})")
    return found


def _labels(reading: Reading, labels: Mapping[str, Any]) -> list[str]:
    cause = reading.cause
    got: dict[str, Any] = {
        "soft_tissue": reading.soft_tissue,
        "elsewhere": reading.elsewhere,
        "kind": reading.kind,
        "cause": cause.cause if cause else None,
        "stated_cause": (cause.stated_cause if cause else None) or "",
    }
    found = [
        f"{name} is {got[name]}, not {labels[name]}" for name in got if name in labels and got[name] != labels[name]
    ]
    soft = [m for m in reading.mentions if m.scope == "soft_tissue"]
    if "laterality" in labels and not any(m.laterality == labels["laterality"] for m in soft):
        found.append(f"no side {labels['laterality']}, but {[m.laterality for m in soft]}")
    for name in ("sites", "descriptors"):
        if name in labels and not any(set(getattr(m, name)) == set(labels[name]) for m in soft):
            found.append(f"no {name} {labels[name]}, but {[getattr(m, name) for m in soft]}")
    held = {f"{c.status} {c.condition}" for c in reading.contexts}
    found += [f"no context {c}, but {sorted(held)}" for c in labels.get("contexts", ()) if c not in held]
    return found


def complaints(reader: Reader, text: str, labels: Mapping[str, Any] | None = None, **about: Any) -> list[str]:
    """What a reading of a marked text gets wrong; ``about`` is what the columns beside the text say."""
    plain, marks = unmarked(text)
    reading = reader.read(Report("r", plain, **about))
    return _mentions(reading, marks) + _labels(reading, labels or {})


def settle(name: str, wrong: list[str], known: Mapping[str, str]) -> None:
    """Fails where something is wrong that is not known to be, and where a known failure has come right."""
    if name in known:
        assert wrong, f"{name} comes right now: take it off the known failures"
    else:
        assert not wrong, "; ".join(wrong)
