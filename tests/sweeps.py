"""Small sweeps made by hand, for the tests of what is counted."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import pandas as pd

from miner.records import TABLES

DAY = datetime.date(2020, 5, 4)


@dataclass(frozen=True)
class Sweep:
    """The tables that counting needs."""

    reports: pd.DataFrame
    mentions: pd.DataFrame
    contexts: pd.DataFrame
    causes: pd.DataFrame


def report(state: str | None = "absent", person: str | None = None, **more: Any) -> dict[str, Any]:
    """One row of ``reports`` with the state of its soft tissue finding."""
    positive = state in ("present", "possible")
    row: dict[str, Any] = dict.fromkeys(TABLES["reports"].names)
    row.update(
        person_id=person,
        note_date=DAY,
        outcome="failed" if state is None else "mined",
        soft_tissue=state,
        elsewhere=None if state is None else "absent",
        kind="calcification" if positive else None,
        cause="dystrophic" if positive else None,
        cause_family="dystrophic" if positive else None,
        cause_basis="stated" if positive else None,
        abstained=False,
        n_mentions=int(positive),
    )
    return {**row, **more}


def sweep(
    rows: list[dict[str, Any]],
    mentions: list[dict[str, Any]] | None = None,
    contexts: list[dict[str, Any]] | None = None,
) -> Sweep:
    """A sweep of these reports; ids and digests are made from the row's place where not given."""
    rows = [
        {**r, "note_id": r["note_id"] or f"n{i}", "text_digest": i if r["text_digest"] is None else r["text_digest"]}
        for i, r in enumerate(rows)
    ]

    def frame(name: str, given: list[dict[str, Any]]) -> pd.DataFrame:
        return pd.DataFrame(given, columns=list(TABLES[name].names))

    made = frame("reports", rows)
    if rows:
        made["text_digest"] = made["text_digest"].astype("uint64")
    return Sweep(made, frame("mentions", mentions or []), frame("contexts", contexts or []), frame("causes", []))
