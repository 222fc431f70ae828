"""Where the cause that a report names and what it describes do not go together: a finding for the audit.

``points_elsewhere``: without its words about the cause, the report would be read as another cause.
``unsupported``: nothing that is described speaks for the named cause.
``context_missing``: the cause needs something to bring it about (``causes.toml``, key ``explained_by``) and the report
says nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from miner.lexicon import CauseEntry
from miner.records import Evidence, Piece


def found(
    stated: str,
    evidence: Mapping[str, Sequence[Evidence]],
    inferred: Mapping[str, float],
    pieces: Sequence[Piece],
    causes: Mapping[str, CauseEntry],
    settings: Mapping[str, float],
) -> tuple[str, ...]:
    """The ways in which a named cause and the description disagree, in the order of ``records.DISAGREEMENTS``.

    ``evidence`` and ``inferred`` are those of the description alone, by cause: without what the report says of causes.
    """
    under = {cause for cause in causes if stated in _line(cause, causes)}
    above = set(_line(stated, causes))
    wide = len(under) > 1
    ways = []
    support = sum(item.weight for item in evidence[stated] if item.kind != "prior")
    if support <= 0 and not wide:
        ways.append("unsupported")
    leader = max(inferred, key=lambda cause: (inferred[cause], cause))
    share = sum(inferred[cause] for cause in under)
    if leader not in under | above and inferred[leader] >= settings["leaf"] and share < settings["disagreement"]:
        ways.append("points_elsewhere")
    needed = causes[stated].explained_by
    held = {piece.feature for piece in pieces if piece.share > 0}
    if needed and not any(f"context:{condition}" in held for condition in needed):
        ways.append("context_missing")
    return tuple(ways)


def _line(cause: str, causes: Mapping[str, CauseEntry]) -> list[str]:
    """A cause and everything above it in the tree."""
    line = []
    node = cause
    while node:
        line.append(node)
        node = causes[node].parent
    return line
