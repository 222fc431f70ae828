"""From a lesion and its report to the pieces of evidence that the weights lexicon knows, each with its words."""

from __future__ import annotations

from collections.abc import Sequence

from miner.lesions import Lesion
from miner.records import Context, Piece


def age_band(age: float | None) -> str | None:
    """The age bands of the weights lexicon, in years."""
    if age is None:
        return None
    return "under_18" if age < 18 else "18_39" if age < 40 else "40_64" if age < 65 else "65_plus"


def size_band(size: float | None) -> str | None:
    """The size bands of the weights lexicon, from the largest stated dimension in millimetres."""
    if size is None:
        return None
    return "under_5mm" if size < 5 else "5_15mm" if size < 15 else "15_40mm" if size < 40 else "over_40mm"


def pieces(
    lesion: Lesion,
    contexts: Sequence[Context],
    settings: dict[str, float],
    kind: str | None,
    age: float | None,
    sex: str | None,
) -> list[Piece]:
    """Every feature of a lesion, each once, at its first place in the text."""
    found: dict[str, Piece] = {}

    def add(feature: str, start: int, end: int, share: float = 1.0) -> None:
        old = found.get(feature)
        if old is None or abs(share) > abs(old.share):
            found[feature] = Piece(feature, start, end, share)

    size = max((d.size for d in lesion.drafts if d.size), default=None, key=lambda s: s[0])
    for d in lesion.drafts:
        add(f"finding:{d.finding.id}", d.start, d.end)
        for descriptor, start, end in d.descriptors:
            add(f"descriptor:{descriptor.id}", start, end)
        for name in d.finding.implies:
            add(f"descriptor:{name}", d.start, d.end)
        for descriptor, start, end in d.denied:
            add(f"denied:{descriptor.id}", start, end)
        for site, start, end in (*d.sites, *d.hidden):
            add(f"site:{site.id}", start, end)
            if site.compartment and (start >= 0 or not site.weak):
                add(f"compartment:{site.compartment}", start, end)
            if site.region and start >= 0:
                add(f"region:{site.region}", start, end)
    if kind:
        add(f"kind:{kind}", -1, -1)
    if size and (band := size_band(size[0])):
        add(f"size:{band}", size[1], size[2])
    if band := age_band(age):
        add(f"age:{band}", -1, -1)
    if sex in ("F", "M"):
        add(f"sex:{sex}", -1, -1)
    share = {
        "present": 1.0,
        "possible": settings["context_possible"],
        "historical": settings["context_historical"],
        "absent": settings["context_absent"],
    }
    for context in contexts:
        entry = context.entry or context.condition
        # what an entry reports as absent (normal renal function) is itself a fact
        status = "present" if entry != context.condition and context.status == "absent" else context.status
        if status in share:
            add(f"context:{entry}", context.start, context.end, share[status])
            if entry != context.condition and context.status == "present":
                add(f"context:{context.condition}", context.start, context.end, share[status])
    return list(found.values())
