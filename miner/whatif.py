"""What the differential would be without a piece of evidence, or with another one.

The pieces that went into a differential are kept with it; here they are taken away or added and the same arithmetic is
done again, so that what changes is exactly what the piece brings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from miner.differential import conclude
from miner.errors import InputError
from miner.lexicon import CauseEntry, Lexicon
from miner.model import weighted
from miner.records import Differential, Naming, Piece, Reading

STATED = "stated:"
"""The prefix of what the report itself says of a cause: ``stated:phlebolith``."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A differential before and after a change of its evidence."""

    before: Differential
    after: Differential
    removed: tuple[str, ...]
    added: tuple[str, ...]

    def rows(self) -> list[tuple[str, float, float]]:
        """The causes with their probability before and after, the likeliest after the change first."""
        earlier = {c.cause: c.probability for c in self.before.candidates}
        return [(c.cause, earlier[c.cause], c.probability) for c in self.after.candidates]


def what_if(
    reading: Reading,
    *,
    without: Sequence[str] = (),
    adding: Sequence[str] = (),
    lesion: str | None = None,
    lexicons: Sequence[str | Path] = (),
    model: str | Path | None = None,
) -> WhatIf:
    """The differential of a lesion without, or with further, pieces of evidence.

    ``without`` and ``adding`` are features of ``lexicons/weights.toml`` (``context:renal_failure``,
    ``descriptor:rice_grain``) or ``stated:`` and a cause for what the report itself says; ``stated:all`` takes away
    everything that it says of causes. ``lesion`` is an id such as ``L2``; without it, the lesion that speaks for the
    report. ``lexicons`` and ``model`` must be those that the report was read with.

    Raises:
        InputError: naming every feature that does not exist or does not hold, or saying that there is no such lesion.
    """
    before = _chosen(reading, lesion)
    lexicon = weighted(lexicons, model)
    problems = [p for p in (_missing(f, before) for f in without) if p]
    problems += [p for p in (_unknown(f, lexicon) for f in adding) if p]
    if problems:
        raise InputError("the question cannot be asked:\n  " + "\n  ".join(problems))
    pieces = [piece for piece in before.pieces if piece.feature not in without]
    pieces += [Piece(f, -1, -1) for f in adding if not f.startswith(STATED)]
    silenced = {f.removeprefix(STATED) for f in without if f.startswith(STATED)}
    namings = [n for n in before.namings if n.cause not in silenced and "all" not in silenced]
    namings += [Naming(f.removeprefix(STATED), "PRESENT", 0, -1, -1) for f in adding if f.startswith(STATED)]
    after = conclude(before.lesion_id, before.region, pieces, namings, lexicon, before.kind_basis)
    return WhatIf(before, after, tuple(without), tuple(adding))


def _chosen(reading: Reading, lesion: str | None) -> Differential:
    if not reading.differentials or reading.cause is None:
        raise InputError("the report holds no soft tissue calcification that is present or possible: no differential")
    if lesion is None:
        lesion = reading.cause.lesion_id
    for differential in reading.differentials:
        if differential.lesion_id == lesion:
            return differential
    known = ", ".join(d.lesion_id for d in reading.differentials)
    raise InputError(f"no lesion {lesion!r} in the report; there are {known}")


def _missing(feature: str, before: Differential) -> str:
    if feature.startswith(STATED):
        named = [n.cause for n in before.namings]
        cause = feature.removeprefix(STATED)
        if cause == "all" or cause in named:
            return ""
        return f"{feature}: the report does not name it; it names {', '.join(sorted(set(named))) or 'no cause'}"
    held = [piece.feature for piece in before.pieces]
    return "" if feature in held else f"{feature}: does not hold for the lesion; what holds: {', '.join(held)}"


def _unknown(feature: str, lexicon: Lexicon) -> str:
    if feature.startswith(STATED):
        cause = feature.removeprefix(STATED)
        return "" if cause in lexicon.of(CauseEntry) else f"{feature}: no such cause"
    if feature in lexicon.features and not feature.startswith("combo:"):
        return ""
    return f"{feature}: no feature of that name in weights.toml"


def render(result: WhatIf, labels: Mapping[str, str], shown: int = 6) -> str:
    """The change as text: the evidence that holds, and the leading causes before and after."""
    name = labels.get
    before, after = result.before, result.after
    lines = [f"Lesion {before.lesion_id}; evidence that holds:"]
    lines += [f"  {p.feature}" for p in before.pieces]
    lines += [f"  stated:{n.cause} ({n.certainty.lower()})" for n in before.namings]
    if result.removed or result.added:
        lines.append(
            "\n" + "; ".join([*(f"without {f}" for f in result.removed), *(f"with {f}" for f in result.added)]) + ":"
        )
        for cause, earlier, later in result.rows()[:shown]:
            lines.append(f"  {later:7.1%}  (before {earlier:6.1%})  {name(cause, cause)}")
        lines.append(
            f"Answer: {name(after.cause, after.cause)} ({after.basis}); "
            f"before: {name(before.cause, before.cause)} ({before.basis})"
        )
    else:
        lines.append("")
        lines += [f"  {c.probability:7.1%}  {name(c.cause, c.cause)}" for c in before.candidates[:shown]]
    return "\n".join(lines)
