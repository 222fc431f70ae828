"""Scores of a sweep against a gold standard: every label of the contract, with intervals and a table of misses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from miner.gold import Gold
from miner.selection import Tables
from miner.statistics.calibration import calibration_error, reliability
from miner.statistics.intervals import wilson

_REPEATS = 1000


@dataclass(frozen=True, slots=True)
class Scores:
    """``summary``: measure, value, lower, upper, numerator, denominator, method. ``causes``: recall by cause.

    ``misses``: note_id, measure, expected, found, start, end; positions point into the text, which is not copied.
    ``confusion``: expected by found report states; ``cause_confusion`` the same for causes. ``reliability``: in each
    tenth of the cause's probability how often it was right (strict), as ``statistics.calibration.reliability`` has it;
    empty where the sweep gives no probabilities.
    """

    summary: pd.DataFrame
    causes: pd.DataFrame
    misses: pd.DataFrame
    confusion: pd.DataFrame
    cause_confusion: pd.DataFrame
    counts: pd.DataFrame = field(repr=False)
    reliability: pd.DataFrame = field(default_factory=pd.DataFrame)

    def value(self, measure: str) -> float:
        """The value of one measure."""
        return float(self.summary.set_index("measure")["value"].loc[measure])

    def record(self) -> dict[str, Any]:
        """The scores as a JSON-ready dictionary."""
        return {
            "summary": self.summary.to_dict("records"),
            "causes": self.causes.to_dict("records"),
            "confusion": self.confusion.to_dict("index"),
            "reliability": self.reliability.to_dict("records"),
        }


class _Ledger:
    """Counts by report, so that every measure can be resampled by patient."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, float]] = {}
        self.misses: list[dict[str, Any]] = []

    def add(self, note: str, **counts: float) -> None:
        row = self.rows.setdefault(note, {})
        for name, value in counts.items():
            row[name] = row.get(name, 0) + value

    def miss(self, note: str, measure: str, expected: object, found: object, start: int = -1, end: int = -1) -> None:
        self.misses.append(
            {
                "note_id": note,
                "measure": measure,
                "expected": str(expected),
                "found": str(found),
                "start": start,
                "end": end,
            }
        )


def _list(value: object) -> list[str]:
    return [] if value is None or (isinstance(value, float) and np.isnan(value)) else [str(v) for v in value]  # type: ignore[attr-defined]


def _text(value: object) -> str | None:
    return None if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)) else str(value)


def _pairs(gold: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Gold and found spans matched one to one, largest overlap first."""
    overlaps = []
    for i, g in enumerate(gold):
        for j, f in enumerate(found):
            common = min(g["end"], f["end"]) - max(g["start"], f["start"])
            if common > 0:
                overlaps.append((-common, i, j))
    pairs = []
    used_gold: set[int] = set()
    used_found: set[int] = set()
    for _, i, j in sorted(overlaps):
        if i not in used_gold and j not in used_found:
            used_gold.add(i)
            used_found.add(j)
            pairs.append((gold[i], found[j]))
    return pairs


def _sets(ledger: _Ledger, note: str, measure: str, expected: set[str], found: set[str], at: Mapping[str, Any]) -> None:
    ledger.add(
        note,
        **{
            f"{measure}_tp": len(expected & found),
            f"{measure}_fp": len(found - expected),
            f"{measure}_fn": len(expected - found),
        },
    )
    if expected != found:
        ledger.miss(note, measure, sorted(expected), sorted(found), at["start"], at["end"])


def _report(ledger: _Ledger, note: str, gold: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    expected, got = str(gold["soft_tissue"]), _text(found["soft_tissue"]) or "failed"
    ledger.add(note, state_ok=expected == got, state_n=1)
    ledger.add(
        note,
        present_tp=expected == got == "present",
        present_fp=expected != "present" and got == "present",
        present_fn=expected == "present" and got != "present",
    )
    if expected == "absent":
        ledger.add(note, absent_ok=got == "absent", absent_n=1, nocause_ok=_text(found["cause"]) is None, nocause_n=1)
    elsewhere = _text(found["elsewhere"]) or "failed"
    ledger.add(note, elsewhere_ok=str(gold["elsewhere"]) == elsewhere, elsewhere_n=1)
    for measure, a, b in (("state", expected, got), ("elsewhere", str(gold["elsewhere"]), elsewhere)):
        if a != b:
            ledger.miss(note, measure, a, b)
    if expected == "absent":
        return
    kind = _text(gold["kind"])
    if kind:
        ledger.add(note, kind_ok=kind == _text(found["kind"]), kind_n=1)
        if kind != _text(found["kind"]):
            ledger.miss(note, "kind", kind, _text(found["kind"]))
    cause, named = _text(gold["cause"]), _text(gold["stated_cause"])
    if cause is None:
        return
    answer = _text(found["cause"])
    lenient = answer == cause or answer in _list(gold["cause_also"])
    ledger.add(note, cause_ok=answer == cause, lenient_ok=lenient, cause_n=1)
    if named is None:
        ledger.add(note, unnamed_ok=answer == cause, unnamed_lenient_ok=lenient, unnamed_n=1)
    else:
        ledger.add(note, stated_ok=_text(found["stated_cause"]) == named, stated_n=1)
    if answer is not None and not bool(found["abstained"]):
        ledger.add(note, decided_ok=answer == cause, decided_n=1)
    if answer != cause:
        ledger.miss(note, "cause" if lenient else "cause_lenient", cause, answer)


def _mention(ledger: _Ledger, note: str, g: Mapping[str, Any], f: Mapping[str, Any]) -> None:
    ledger.add(note, status_ok=g["status"] == f["status"], status_n=1)
    if g["status"] != f["status"]:
        ledger.miss(note, "status", g["status"], f["status"], f["start"], f["end"])
    inside = (g["scope"] == "soft_tissue") == (f["scope"] == "soft_tissue")
    ledger.add(note, scope_ok=inside, scope_n=1, scope4_ok=g["scope"] == f["scope"])
    if not inside or g["scope"] != f["scope"]:
        ledger.miss(note, "scope" if not inside else "scope4", g["scope"], f["scope"], f["start"], f["end"])
    side = _text(g["laterality"])
    if side:
        ledger.add(note, side_ok=side == _text(f["laterality"]), side_n=1)
        if side != _text(f["laterality"]):
            ledger.miss(note, "laterality", side, f["laterality"], f["start"], f["end"])
    _sets(ledger, note, "descriptors", set(_list(g["descriptors"])), set(_list(f["descriptors"])), f)
    _sets(ledger, note, "sites", set(_list(g["sites"])), set(_list(f["sites"])), f)


def _rows(frame: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in frame.to_dict("records"):
        found.setdefault(str(row["note_id"]), []).append({str(k): v for k, v in row.items()})
    return found


def evaluate(sweep: Tables, gold: Gold, *, repeats: int = _REPEATS, seed: int = 20240501) -> Scores:
    """Scores a sweep of the gold standard's reports.

    Mentions and contexts are matched by overlapping spans, one to one. Proportions have Wilson intervals; F1, recall
    and precision have percentile intervals of a bootstrap that draws patients (reports where no patient is known).
    A gold report that the sweep does not hold counts as read wrongly throughout.
    """
    ledger = _Ledger()
    found_reports = {str(r["note_id"]): {str(k): v for k, v in r.items()} for r in sweep.reports.to_dict("records")}
    missing: dict[str, Any] = {
        "soft_tissue": None,
        "elsewhere": None,
        "kind": None,
        "cause": None,
        "stated_cause": None,
        "abstained": False,
    }
    found_mentions, found_contexts = _rows(sweep.mentions), _rows(sweep.contexts)
    gold_mentions, gold_contexts = _rows(gold.mentions), _rows(gold.contexts)
    person: dict[str, str] = {}
    table = []
    chances: list[tuple[str, float, float]] = []
    for row in gold.reports.to_dict("records"):
        note = str(row["note_id"])
        person[note] = _text(row["person_id"]) or f"report {note}"
        found = found_reports.get(note, missing)
        table.append(
            (
                str(row["soft_tissue"]),
                _text(found["soft_tissue"]) or "failed",
                _text(row["cause"]),
                _text(found["cause"]),
                _list(row["cause_also"]),
            )
        )
        _report(ledger, note, {str(k): v for k, v in row.items()}, found)
        chance = found.get("cause_probability")
        if _text(row["cause"]) is not None and isinstance(chance, float) and np.isfinite(chance):
            chances.append((person[note], chance, float(_text(found["cause"]) == _text(row["cause"]))))
        expected, got = gold_mentions.get(note, []), found_mentions.get(note, [])
        pairs = _pairs(expected, got)
        ledger.add(note, mention_tp=len(pairs), mention_fn=len(expected) - len(pairs), mention_fp=len(got) - len(pairs))
        for item in expected:
            if not any(item is g for g, _ in pairs):
                ledger.miss(note, "mention_missed", item["scope"], None, item["start"], item["end"])
        for item in got:
            if not any(item is f for _, f in pairs):
                ledger.miss(note, "mention_extra", None, item["concept"], item["start"], item["end"])
        for g, f in pairs:
            _mention(ledger, note, g, f)
        _lesions(ledger, note, pairs)
        _contexts(ledger, note, gold_contexts.get(note, []), found_contexts.get(note, []))
    counts = pd.DataFrame.from_dict(ledger.rows, orient="index").fillna(0.0).astype(float)
    counts["person"] = pd.Series(person)
    frame = pd.DataFrame(table, columns=["expected", "found", "cause", "answer", "also"])
    answers = pd.DataFrame(chances, columns=["person", "probability", "right"])
    return Scores(
        pd.concat([_summary(counts, repeats, seed), _calibration(answers, repeats, seed)], ignore_index=True),
        _by_cause(frame),
        pd.DataFrame(ledger.misses, columns=["note_id", "measure", "expected", "found", "start", "end"]),
        pd.crosstab(frame["expected"], frame["found"]),
        pd.crosstab(frame["cause"].fillna("none"), frame["answer"].fillna("none")),
        counts,
        reliability(answers["right"], answers["probability"], strategy="uniform") if len(answers) else pd.DataFrame(),
    )


def _calibration(answers: pd.DataFrame, repeats: int, seed: int) -> pd.DataFrame:
    """Whether the probabilities of the causes hold: Brier score, expected calibration error, the surest nine tenths."""
    columns = ["measure", "value", "lower", "upper", "numerator", "denominator", "method"]
    if len(answers) < 2:
        nothing = [(name, *[np.nan] * 4, 0.0, "") for name in _CHANCES]
        return pd.DataFrame(nothing, columns=columns)
    right, p = answers["right"].to_numpy(float), answers["probability"].to_numpy(float)
    error = calibration_error(
        right, p, cluster=list(answers["person"]), strategy="uniform", replicates=min(repeats, 500), seed=seed
    )
    surest = np.argsort(-p, kind="stable")[: max(1, round(0.9 * len(p)))]
    held = wilson(int(right[surest].sum()), len(surest))
    squares = (right - p) ** 2
    rng = np.random.default_rng(seed)
    drawn = squares[rng.integers(0, len(squares), (repeats, len(squares)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    n = float(len(p))
    rows = [
        ("cause_brier", float(squares.mean()), float(low), float(high), float(squares.sum()), n, "bootstrap"),
        ("cause_calibration_error", error.estimate, error.lower, error.upper, np.nan, n, error.method),
        ("cause_strict_at_90", held.estimate, held.lower, held.upper, right[surest].sum(), len(surest), "Wilson"),
    ]
    return pd.DataFrame(rows, columns=columns)


def _lesions(ledger: _Ledger, note: str, pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Agreement on which pairs of soft tissue mentions speak of the same lesion."""
    placed = [(str(g["lesion"]), f["lesion_id"]) for g, f in pairs if _text(g["lesion"]) and _text(f["lesion_id"])]
    for i, (a, x) in enumerate(placed):
        for b, y in placed[i + 1 :]:
            ledger.add(note, lesion_ok=(a == b) == (x == y), lesion_n=1)


def _contexts(ledger: _Ledger, note: str, expected: list[dict[str, Any]], got: list[dict[str, Any]]) -> None:
    pairs = []
    for condition in {e["condition"] for e in expected} | {g["condition"] for g in got}:
        pairs += _pairs(
            [e for e in expected if e["condition"] == condition], [g for g in got if g["condition"] == condition]
        )
    ledger.add(note, context_tp=len(pairs), context_fn=len(expected) - len(pairs), context_fp=len(got) - len(pairs))
    for g, f in pairs:
        ledger.add(note, context_status_ok=g["status"] == f["status"], context_status_n=1)
        if g["status"] != f["status"]:
            ledger.miss(note, "context_status", f"{g['condition']} {g['status']}", f["status"], f["start"], f["end"])
    for item in expected:
        if not any(item is g for g, _ in pairs):
            ledger.miss(note, "context_missed", item["condition"], None, item["start"], item["end"])
    for item in got:
        if not any(item is f for _, f in pairs):
            ledger.miss(note, "context_extra", None, item["condition"], item["start"], item["end"])


_PROPORTIONS = {
    "state_accuracy": ("state_ok", "state_n"),
    "absent_specificity": ("absent_ok", "absent_n"),
    "elsewhere_accuracy": ("elsewhere_ok", "elsewhere_n"),
    "kind_accuracy": ("kind_ok", "kind_n"),
    "status_accuracy": ("status_ok", "status_n"),
    "scope_accuracy": ("scope_ok", "scope_n"),
    "scope_four_way": ("scope4_ok", "scope_n"),
    "laterality_accuracy": ("side_ok", "side_n"),
    "lesion_pairs": ("lesion_ok", "lesion_n"),
    "context_status": ("context_status_ok", "context_status_n"),
    "cause_strict": ("cause_ok", "cause_n"),
    "cause_lenient": ("lenient_ok", "cause_n"),
    "cause_unnamed_strict": ("unnamed_ok", "unnamed_n"),
    "cause_unnamed_lenient": ("unnamed_lenient_ok", "unnamed_n"),
    "cause_decided_strict": ("decided_ok", "decided_n"),
    "cause_coverage": ("decided_n", "cause_n"),
    "stated_cause": ("stated_ok", "stated_n"),
    "no_cause_where_absent": ("nocause_ok", "nocause_n"),
}
_CHANCES = ("cause_brier", "cause_calibration_error", "cause_strict_at_90")
_FSCORES = ("present", "mention", "descriptors", "sites", "context")


def _summary(counts: pd.DataFrame, repeats: int, seed: int) -> pd.DataFrame:
    columns = [c for c in counts.columns if c != "person"]
    by_person = counts.groupby("person")[columns].sum()
    totals = {str(name): float(value) for name, value in by_person.sum().items()}
    rows: list[dict[str, Any]] = []
    for measure, (ok, n) in _PROPORTIONS.items():
        good, number = totals.get(ok, 0.0), totals.get(n, 0.0)
        interval = wilson(int(good), int(number))
        limits = (interval.lower, interval.upper) if number else (np.nan, np.nan)
        rows.append(
            {
                "measure": measure,
                "value": good / number if number else np.nan,
                "lower": limits[0],
                "upper": limits[1],
                "numerator": good,
                "denominator": number,
                "method": "Wilson",
            }
        )
    generator = np.random.default_rng(seed)
    values = by_person.to_numpy()
    position = {c: i for i, c in enumerate(columns)}
    draws = (
        generator.multinomial(len(by_person), np.full(len(by_person), 1 / len(by_person)), size=repeats) @ values
        if len(by_person)
        else np.zeros((repeats, len(columns)))
    )

    def score(kind: str, tp: Any, fp: Any, fn: Any) -> Any:
        below = {"f1": 2 * tp + fp + fn, "recall": tp + fn, "precision": tp + fp}[kind]
        above = 2 * tp if kind == "f1" else tp
        return np.divide(above, below, out=np.full_like(np.asarray(above, float), np.nan), where=np.asarray(below) > 0)

    for name in _FSCORES:
        parts = [f"{name}_tp", f"{name}_fp", f"{name}_fn"]
        tp, fp, fn = (np.asarray(totals.get(p, 0.0)) for p in parts)
        drawn = [draws[:, position[p]] if p in position else np.zeros(repeats) for p in parts]
        for kind in ("f1", "recall", "precision"):
            sample = score(kind, *drawn)
            lower, upper = np.nanpercentile(sample, [2.5, 97.5]) if np.isfinite(sample).any() else (np.nan, np.nan)
            rows.append(
                {
                    "measure": f"{name}_{kind}",
                    "value": float(score(kind, tp, fp, fn)),
                    "lower": float(lower),
                    "upper": float(upper),
                    "numerator": float(tp),
                    "denominator": float(
                        tp + fn if kind == "recall" else tp + fp if kind == "precision" else tp + (fp + fn) / 2
                    ),
                    "method": "bootstrap by patient",
                }
            )
    return pd.DataFrame(rows)


def _by_cause(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for cause, group in frame[frame["cause"].notna()].groupby("cause"):
        strict = int((group["answer"] == cause).sum())
        lenient = int(sum(a == cause or a in also for a, also in zip(group["answer"], group["also"], strict=True)))
        rows.append(
            {
                "cause": cause,
                "n": len(group),
                "strict": strict,
                "lenient": lenient,
                "recall_strict": strict / len(group),
                "recall_lenient": lenient / len(group),
            }
        )
    return pd.DataFrame(rows, columns=["cause", "n", "strict", "lenient", "recall_strict", "recall_lenient"])


def compare(one: Scores, two: Scores) -> pd.DataFrame:
    """Two sweeps of one gold standard side by side: measure, first, second, difference."""
    merged = one.summary[["measure", "value"]].merge(
        two.summary[["measure", "value"]], on="measure", suffixes=("_first", "_second")
    )
    merged["difference"] = merged["value_second"] - merged["value_first"]
    return merged


def render(scores: Scores) -> str:
    """The scores as text: the summary, the report states and the causes."""
    rows = [f"{'measure':28s} {'value':>6s}  {'95 % interval':15s} {'n':>6s}"]
    for row in scores.summary.to_dict("records"):
        if row["denominator"]:
            rows.append(
                f"{row['measure']:28s} {row['value']:6.3f}  {row['lower']:.3f} to {row['upper']:.3f}  "
                f"{row['denominator']:6.0f}"
            )
    causes = scores.causes.to_string(index=False, float_format=lambda v: f"{v:.2f}")
    return "\n".join(
        [*rows, "", "report state, expected by found:", scores.confusion.to_string(), "", "causes:", causes]
    )
