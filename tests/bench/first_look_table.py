"""The README's table of first-look scores, from ``corpora/gold/first-look.csv``.

    python tests/bench/first_look_table.py [--check]

The last two rounds are pooled, weighted by their number of reports. Fills the block of the README; with ``--check``
writes nothing and exits 1 where the block is out of date.
"""

from __future__ import annotations

import sys

import pandas as pd
from blocks import ROOT, block, fill

SOURCE = ROOT / "corpora" / "gold" / "first-look.csv"
README = ROOT / "README.md"
NAME = "first-look"
POOLED = 2
SHOWN = {
    "state_accuracy": "report state (present, possible, absent) right",
    "present_f1": "reports with soft tissue calcification found, F1",
    "absent_specificity": "reports without it called absent",
    "elsewhere_accuracy": "state of calcification elsewhere right",
    "mention_f1": "mentions found, F1",
    "status_accuracy": "status of a mention right",
    "scope_accuracy": "soft tissue or not, per mention, right",
    "laterality_accuracy": "side right",
    "descriptors_f1": "descriptors, F1",
    "sites_f1": "sites, F1",
    "context_recall": "clinical contexts found",
    "context_precision": "clinical contexts found that are right",
    "kind_accuracy": "calcification or ossification right",
    "lesion_pairs": "mentions joined to lesions rightly, pairs",
    "cause_strict": "likely cause right",
    "cause_lenient": "likely cause right or one a fair reader would accept",
    "cause_unnamed_strict": "likely cause right where the report names none",
    "stated_cause": "stated cause right",
    "no_cause_where_absent": "no cause given where there is nothing",
    "cause_decided_strict": "likely cause right where it did not abstain",
    "cause_coverage": "share in which it did not abstain",
}


def table(rows: pd.DataFrame) -> str:
    """The block: what was scored, and each round beside the pooled score of the last two."""
    last = rows.tail(POOLED)
    weights = last["n"]
    earlier = rows.iloc[:-POOLED] if len(rows) > POOLED else rows.iloc[:0]
    total = int(weights.sum())
    rounds = " and ".join(str(r) for r in last["round"])
    before = [f"round {r}" for r in earlier["round"]]
    lines = [
        f"Rounds {rounds} together, {total} reports ({'; '.join(last['writers'])}), each read once before anything was "
        "changed for it. Earlier rounds stand beside them; what was learnt from a round is in the rules by now, so "
        "only "
        "first looks are shown.",
        "",
        "| " + " | ".join(["measure", f"rounds {rounds}, n = {total}", *before]) + " |",
        "|---" * (2 + len(before)) + "|",
    ]
    for name, label in SHOWN.items():
        pooled = float((last[name] * weights).sum() / weights.sum())
        lines.append("| " + " | ".join([label, f"{pooled:.3f}", *(f"{v:.3f}" for v in earlier[name])]) + " |")
    lines += [
        "",
        "Scores are weighted by the number of reports of a round; a measure that counts only some of the reports is "
        "therefore approximate. Rounds differ in writers and difficulty, so a rise from one to the next is not "
        "improvement alone. Source: `corpora/gold/first-look.csv`.",
    ]
    return "\n".join(lines)


def current() -> str:
    """The block as it should stand in the README."""
    return table(pd.read_csv(SOURCE))


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(block(README, NAME) != current())
    fill(README, NAME, current())
