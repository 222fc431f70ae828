"""The language traps: short reports of which each sets one trap, with the expectation marked in the text.

``corpora/traps/*.toml`` hold tables ``[[trap]]`` with ``id``, ``phenomenon``, ``text`` (marks as in ``marked.py``) and
the optional labels ``soft_tissue``, ``cause``, ``stated_cause`` ("" where none must be stated), ``laterality``,
``sites``, ``descriptors`` (of one soft tissue mention), ``contexts`` ("status condition") and ``study_description``.
``known-failures.toml`` lists those that go wrong at present, each with its reason.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from marked import LABELS, complaints, settle, unmarked

from miner.reader import Reader

FOLDER = Path(__file__).resolve().parent.parent / "corpora" / "traps"
KNOWN = FOLDER / "known-failures.toml"
TRAPS: list[dict[str, Any]] = [
    trap
    for path in sorted(FOLDER.glob("*.toml"))
    if path != KNOWN
    for trap in tomllib.loads(path.read_text(encoding="utf-8"))["trap"]
]
KNOWN_FAILURES: dict[str, str] = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["reasons"]
_KEYS = {"id", "phenomenon", "text", "study_description", *LABELS}


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap["id"])
def test_trap(reader: Reader, trap: dict[str, Any]) -> None:
    """Each trap is read as marked, unless it is a known failure; a known failure still fails."""
    wrong = complaints(reader, trap["text"], trap, study_description=trap.get("study_description"))
    settle(trap["id"], wrong, KNOWN_FAILURES)


def test_traps_are_well_formed() -> None:
    """Ids are unique, keys are known, and every mark is closed."""
    names = [trap["id"] for trap in TRAPS]
    assert len(names) == len(set(names))
    for trap in TRAPS:
        assert set(trap) <= _KEYS, trap["id"]
        assert not set(unmarked(trap["text"])[0]) & set("{}"), trap["id"]


def test_known_failures_are_traps_with_reasons() -> None:
    """The list of known failures names traps that exist, gives each a reason, and stays short."""
    assert set(KNOWN_FAILURES) <= {trap["id"] for trap in TRAPS}
    assert all(reason.strip() for reason in KNOWN_FAILURES.values())
    assert len(KNOWN_FAILURES) <= len(TRAPS) // 10
