"""The figure and the table of calibration in ``docs/causes.md``, and the file from which a page draws it.

All are made from the test part of the gold standard.

    python tests/bench/calibration_page.py

Reads the test part as the reader is now. Its reports were scored at first look and are not read for ideas, so the
figure is not made of reports that the rules or the weights were made with.
"""

from __future__ import annotations

from blocks import ROOT, fill

from miner import gold, scores
from miner.pages import figures

PAGE = ROOT / "docs" / "causes.md"
FIGURE = ROOT / "docs" / "calibration.svg"
BANDS = ROOT / "corpora" / "gold" / "reliability.csv"
TEST = ROOT / "corpora" / "gold" / "test"


def main() -> None:
    """Writes the figure and fills the table."""
    standard = gold.load([TEST])
    result = scores.evaluate(gold.mined(standard, ()), standard)
    FIGURE.write_text(figures.reliability(result.reliability), encoding="utf-8")
    result.reliability.assign(reports=len(standard.reports)).to_csv(BANDS, index=False, float_format="%.6g")
    summary = result.summary.set_index("measure")
    lines = [
        f"{len(standard.reports)} written reports of the test part, "
        f"{int(summary.loc['cause_calibration_error', 'denominator'])} of them with a cause:",
        "",
        "| measure | value | 95 % interval |",
        "|---|---|---|",
    ]
    for name, label in (
        ("cause_strict", "likely cause right"),
        ("cause_strict_at_90", "likely cause right among the surest nine tenths"),
        ("cause_brier", "Brier score"),
        ("cause_calibration_error", "expected calibration error, ten bands of equal width"),
    ):
        row = summary.loc[name]
        lines.append(f"| {label} | {row['value']:.3f} | {row['lower']:.3f} to {row['upper']:.3f} |")
    lines += ["", "| probability given | causes | mean probability | right |", "|---|---|---|---|"]
    for row in result.reliability.to_dict("records"):
        lines.append(
            f"| {row['low']:.1f} to {row['high']:.1f} | {row['nobs']} | {row['predicted']:.3f} | "
            f"{row['observed']:.3f} ({row['lower']:.3f} to {row['upper']:.3f}) |"
        )
    fill(PAGE, "calibration", "\n".join(lines))


if __name__ == "__main__":
    main()
