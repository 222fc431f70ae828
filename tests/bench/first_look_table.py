"""The README's tables of first-look scores, from the two files of ``corpora/gold``.

    python tests/bench/first_look_table.py [--check]

The last rounds that were scored together stand first, with intervals. Fills the block of the README; with ``--check``
writes nothing and exits 1 where the block is out of date.
"""

from __future__ import annotations

import sys

import pandas as pd
from blocks import ROOT, block, fill

SOURCE = ROOT / "corpora" / "gold" / "first-look.csv"
INTERVALS = ROOT / "corpora" / "gold" / "first-look-intervals.csv"
README = ROOT / "README.md"
NAME = "first-look"
_LAST = 10
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
    "cause_strict_at_90": "likely cause right among the surest nine tenths",
    "cause_calibration_error": "expected calibration error of the cause's probability",
}


def table(rows: pd.DataFrame, intervals: pd.DataFrame) -> str:
    """The block: the last rounds scored together, with intervals, and each earlier round beside them."""
    pooled = [r for r in intervals["round"].unique() if "+" in r][-1]
    together = intervals[intervals["round"] == pooled].set_index("measure")
    parts = pooled.split("+")
    last = rows[rows["round"].isin(parts)]
    total = int(together["reports"].iloc[0])
    rounds = " and ".join(parts)
    lines = [
        f"Rounds {rounds} together, {total} reports ({'; '.join(last['writers'])}), each read once before anything was "
        "changed for it. Earlier rounds stand below; what was learnt from a round is in the rules by now, so "
        "only first looks are shown.",
        "",
        "| " + " | ".join([f"measure, rounds {rounds}", "value", "95 % interval", "n"]) + " |",
        "|---" * 4 + "|",
    ]
    for name, label in SHOWN.items():
        row = together.loc[name]
        lines.append(f"| {label} | {row['value']:.3f} | {row['lower']:.3f} to {row['upper']:.3f} | {int(row['n'])} |")
    every, rows = rows, rows.tail(_LAST)
    lines += [
        "",
        "Proportions have Wilson intervals, F1, recall and precision a bootstrap by patient. "
        f"The last {len(rows)} rounds one by one (all of them: `corpora/gold/first-look.csv`):",
        "",
        "| measure | " + " | ".join(str(r) for r in rows["round"]) + " |",
        "|---" * (len(rows) + 1) + "|",
        "| reports | " + " | ".join(str(n) for n in rows["n"]) + " |",
    ]
    for name, label in SHOWN.items():
        if name in rows:
            lines.append("| " + " | ".join([label, *(f"{v:.2f}" for v in rows[name])]) + " |")
    hardest = every.loc[every["state_accuracy"].idxmin()]
    tricky = every[every["absent_specificity"] < 0.8]
    lines += [
        "",
        f"Rounds differ in writers and difficulty (round {hardest['round']}: {hardest['writers'].lower()}; rounds "
        f"{', '.join(tricky['round'])} asked for reports that are hard to call absent, and fewer than four in five of "
        "these were), and from round 9 on the guideline was clearer, so a rise from one to the next is not improvement "
        "alone. Intervals: `corpora/gold/first-look-intervals.csv`.",
    ]
    return "\n".join(lines)


def current() -> str:
    """The block as it should stand in the README."""
    return table(pd.read_csv(SOURCE, dtype={"round": str}), pd.read_csv(INTERVALS, dtype={"round": str}))


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(block(README, NAME) != current())
    fill(README, NAME, current())
