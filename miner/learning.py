"""Fits the evidence weights to checked labels: multinomial logistic regression around the expert's weights.

The logit of a cause is ``sharpness * (the expert model's log-posterior + sum of the changes of its weights)``. The
changes are drawn towards 0, the expert's weights, by a normal prior, so that few labels change little and a weight
without labels stays as it is. scikit-learn's ``LogisticRegression`` knows neither an offset nor a prior mean other than
0; the estimator here is the same model with both, fitted by L-BFGS with its exact gradient, and follows scikit-learn's
interface. Folds are made by patient.

Source of the approach (a strong prior on expert coefficients, and recalibration of an existing model): Steyerberg EW,
Clinical Prediction Models, 2nd ed., Springer 2019, chapter 20.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GroupKFold

from miner.errors import InputError
from miner.gold import Gold
from miner.lexicon import CauseEntry, Lexicon
from miner.model import LearnedWeight, Model
from miner.selection import Tables
from miner.statistics.calibration import calibration_error

MIN_REPORTS = 200
MIN_PATIENTS = 100
MIN_CAUSES = 5
MIN_PER_CAUSE = 10
"""Least labels to learn from: reports with a cause, their patients, and causes that have at least so many reports."""

PRIOR_SDS = (0.15, 0.3, 0.6, 1.2)
"""Standard deviations of the prior on a change of weight among which the inner folds choose."""

_SHARPNESS_SD = 0.5
_FOLDS = 5
_FLIP = 0.3
_LEAP = 1.5

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """The labelled reports as the regression sees them.

    ``offset``: (reports, causes), the expert model's summed weights. ``shares``: sparse (reports * causes, pairs), the
    share at which a weight counted for a cause in a report. ``pairs``: (feature, cause) of each column.
    """

    notes: tuple[str, ...]
    patients: tuple[str, ...]
    causes: tuple[str, ...]
    offset: _Floats
    shares: sparse.csr_matrix
    pairs: tuple[tuple[str, str], ...]
    expert: _Floats
    label: npt.NDArray[np.int64]
    also: tuple[frozenset[int], ...]

    def rows(self, chosen: npt.NDArray[np.int64]) -> tuple[_Floats, sparse.csr_matrix]:
        """Offset and shares of some reports."""
        wide = (chosen[:, None] * len(self.causes) + np.arange(len(self.causes))).ravel()
        return self.offset[chosen], self.shares[wide]


class OffsetLogistic(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Multinomial logistic regression on changes of expert weights, with the expert's log-posterior as offset.

    ``X`` are row numbers of ``design``, (n, 1); ``y`` positions in ``design.causes``. ``prior_sd``: standard deviation
    of the prior on a change of weight. Fitted: ``change_`` (one a pair), ``sharpness_``.
    """

    def __init__(self, design: Design, prior_sd: float = 0.3) -> None:
        self.design = design
        self.prior_sd = prior_sd

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> OffsetLogistic:
        """Fits to the rows of the design that ``X`` names."""
        chosen = np.asarray(X, dtype=np.int64).ravel()
        label = np.asarray(y, dtype=np.int64).ravel()
        offset, shares = self.design.rows(chosen)
        hot = np.zeros_like(offset)
        hot[np.arange(len(chosen)), label] = 1.0

        def loss(theta: _Floats) -> tuple[float, _Floats]:
            change, log_sharp = theta[:-1], theta[-1]
            sharp = float(np.exp(log_sharp))
            inner = offset + (shares @ change).reshape(offset.shape)
            logits = sharp * inner
            log_p = logits - logsumexp(logits, axis=1, keepdims=True)
            residual = np.exp(log_p) - hot
            value = -float((log_p * hot).sum())
            value += float((change**2).sum()) / (2 * self.prior_sd**2) + log_sharp**2 / (2 * _SHARPNESS_SD**2)
            slope = sharp * (shares.T @ residual.ravel()) + change / self.prior_sd**2
            slope_sharp = sharp * float((residual * inner).sum()) + log_sharp / _SHARPNESS_SD**2
            return value, np.append(slope, slope_sharp)

        start = np.zeros(shares.shape[1] + 1)
        result = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
        self.change_ = result.x[:-1]
        self.sharpness_ = float(np.exp(result.x[-1]))
        self.classes_ = np.arange(len(self.design.causes))
        return self

    def predict_proba(self, X: npt.ArrayLike) -> _Floats:
        """Probabilities of the causes, (n, causes)."""
        offset, shares = self.design.rows(np.asarray(X, dtype=np.int64).ravel())
        logits = self.sharpness_ * (offset + (shares @ self.change_).reshape(offset.shape))
        found: _Floats = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
        return found

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The likeliest cause of each row."""
        found: npt.NDArray[np.int64] = self.predict_proba(X).argmax(axis=1)
        return found


def learn(sweep: Tables, gold: Gold, lexicon: Lexicon, *, seed: int = 20240501, repeats: int = 1000) -> Model:
    """Fits the weights of ``lexicon`` to the causes of a gold standard that ``sweep`` has read.

    The sweep must have been made with these lexicons and without a model. Returns the model fitted to all labels; its
    ``scores`` are those of five folds by patient in which the labels of a fold were not seen, beside the expert model
    on the same folds, with percentile intervals of a bootstrap by patient, also of the difference.

    Raises:
        InputError: if there are too few labels, saying how many more are wanted.
    """
    design = designed(sweep, gold, lexicon)
    rows = np.arange(len(design.notes))
    patients = np.asarray(design.patients)
    learned = np.zeros_like(design.offset)
    for train, test in _folds(rows, patients, _FOLDS):
        sd = _chosen_sd(design, train, patients)
        learned[test] = OffsetLogistic(design, sd).fit(train, design.label[train]).predict_proba(test)
    expert = np.exp(design.offset - logsumexp(design.offset, axis=1, keepdims=True))
    sd = _chosen_sd(design, rows, patients)
    final = OffsetLogistic(design, sd).fit(rows, design.label)
    counts = np.asarray((design.shares != 0).sum(axis=0)).ravel()
    weights = tuple(
        LearnedWeight(feature, cause, round(float(e), 4), round(float(e + change), 4), int(n))
        for (feature, cause), e, change, n in zip(design.pairs, design.expert, final.change_, counts, strict=True)
        if abs(change) >= 0.005
    )
    from miner import __version__

    return Model(
        lexicon=lexicon.digest,
        sharpness=round(final.sharpness_, 4),
        weights=weights,
        contradictions=contradictions(weights),
        labels=_described(design),
        settings={"prior_sd": sd, "folds": _FOLDS, "seed": seed, "prior_sds": list(PRIOR_SDS)},
        scores=tuple(_scores(design, expert, learned, repeats, seed)),
        version=__version__,
    )


def contradictions(weights: Sequence[LearnedWeight]) -> tuple[LearnedWeight, ...]:
    """Learned weights for a person to look at: the sign has turned, or the weight has moved by 1.5 or more."""
    found = []
    for w in weights:
        turned = abs(w.expert) >= _FLIP and abs(w.learned) >= _FLIP / 3 and w.expert * w.learned < 0
        if turned or abs(w.learned - w.expert) >= _LEAP:
            found.append(w)
    return tuple(sorted(found, key=lambda w: -abs(w.learned - w.expert)))


def designed(sweep: Tables, gold: Gold, lexicon: Lexicon) -> Design:
    """The labelled reports of a sweep as a design. Raises InputError where they are too few."""
    causes = tuple(lexicon.of(CauseEntry))
    position = {cause: i for i, cause in enumerate(causes)}
    weight_of = {(f.id, w.cause): w.value for f in lexicon.features.values() for w in f.weights}
    labels = {str(row["note_id"]): row for row in gold.reports.to_dict("records") if str(row.get("cause")) in position}
    leading = {
        str(r["note_id"]): str(r["lesion_id"])
        for r in sweep.reports.to_dict("records")
        if str(r["note_id"]) in labels and isinstance(r["lesion_id"], str)
    }
    notes = tuple(sorted(leading))
    _enough(notes, labels)
    per_cause = pd.Series([str(labels[n]["cause"]) for n in notes]).value_counts()
    taught = {str(c) for c in per_cause.index[per_cause >= MIN_PER_CAUSE]}
    index = {note: i for i, note in enumerate(notes)}
    offset = np.zeros((len(notes), len(causes)))
    columns: dict[tuple[str, str], int] = {}
    where: list[tuple[int, int, float]] = []
    for row in sweep.causes.to_dict("records"):  # type: ignore[attr-defined]
        note = str(row["note_id"])
        if note not in index or str(row["lesion_id"]) != leading[note]:
            continue
        place = index[note] * len(causes) + position[str(row["cause"])]
        for item in row["evidence"]:
            offset[index[note], position[str(row["cause"])]] += float(item["weight"])
            pair = (str(item["entry"]), str(row["cause"]))
            value = weight_of.get(pair)
            if value and pair[1] in taught:
                where.append((place, columns.setdefault(pair, len(columns)), float(item["weight"]) / value))
    pairs = tuple(columns)
    shares = sparse.csr_matrix(
        ([w[2] for w in where], ([w[0] for w in where], [w[1] for w in where])),
        shape=(len(notes) * len(causes), len(pairs)),
    )
    return Design(
        notes,
        tuple(str(labels[n].get("person_id") or f"report {n}") for n in notes),
        causes,
        offset,
        shares,
        pairs,
        np.asarray([weight_of[p] for p in pairs]),
        np.asarray([position[str(labels[n]["cause"])] for n in notes]),
        tuple(
            frozenset(
                {position[str(labels[n]["cause"])]}
                | {position[str(c)] for c in _listed(labels[n].get("cause_also")) if str(c) in position}
            )
            for n in notes
        ),
    )


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, np.ndarray)) else []


def _enough(notes: Sequence[str], labels: dict[str, Any]) -> None:
    patients = {str(labels[n].get("person_id") or n) for n in notes}
    per_cause = pd.Series([str(labels[n]["cause"]) for n in notes], dtype=object).value_counts()
    full = int((per_cause >= MIN_PER_CAUSE).sum())
    wanted = []
    if len(notes) < MIN_REPORTS:
        wanted.append(f"{MIN_REPORTS - len(notes)} more labelled reports with a cause ({len(notes)} of {MIN_REPORTS})")
    if len(patients) < MIN_PATIENTS:
        wanted.append(f"{MIN_PATIENTS - len(patients)} more patients ({len(patients)} of {MIN_PATIENTS})")
    if full < MIN_CAUSES:
        near = ", ".join(f"{c}: {MIN_PER_CAUSE - n} more" for c, n in per_cause.items() if n < MIN_PER_CAUSE)
        wanted.append(
            f"{MIN_CAUSES - full} more causes with {MIN_PER_CAUSE} labelled reports each ({full} of {MIN_CAUSES}"
            + (f"; {near})" if near else ")")
        )
    if wanted:
        raise InputError("too few labels to learn from; wanted are:\n  " + "\n  ".join(wanted))


def _folds(
    rows: npt.NDArray[np.int64], patients: npt.NDArray[Any], count: int
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    return [(rows[a], rows[b]) for a, b in GroupKFold(count).split(rows, groups=patients[rows])]


def _chosen_sd(design: Design, rows: npt.NDArray[np.int64], patients: npt.NDArray[Any]) -> float:
    """The prior standard deviation with the least log loss in inner folds by patient."""
    loss = dict.fromkeys(PRIOR_SDS, 0.0)
    for train, test in _folds(rows, patients, _FOLDS - 1):
        for sd in PRIOR_SDS:
            p = OffsetLogistic(design, sd).fit(train, design.label[train]).predict_proba(test)
            loss[sd] -= float(np.log(np.maximum(p[np.arange(len(test)), design.label[test]], 1e-12)).sum())
    return min(loss, key=lambda sd: (loss[sd], sd))


def _described(design: Design) -> dict[str, Any]:
    named = pd.Series([design.causes[i] for i in design.label]).value_counts()
    digest = hashlib.sha256()
    for note, label in zip(design.notes, design.label, strict=True):
        digest.update(f"{note}\x1f{design.causes[label]}\x1e".encode())
    return {
        "reports": len(design.notes),
        "patients": len(set(design.patients)),
        "causes": {str(c): int(n) for c, n in named.items()},
        "digest": digest.hexdigest()[:16],
    }


def _scores(design: Design, expert: _Floats, learned: _Floats, repeats: int, seed: int) -> list[dict[str, Any]]:
    """Expert and learned side by side, with bootstrap intervals by patient."""
    patients = np.asarray(design.patients)
    names, member = np.unique(patients, return_inverse=True)
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=repeats)
    weights = draws[:, member].astype(float)
    ones = np.ones((1, len(patients)))
    found = []
    for measure, per_report in _MEASURES.items():
        e, x = per_report(design, expert), per_report(design, learned)
        row: dict[str, Any] = {"measure": measure}
        for name, values in (("expert", e), ("learned", x), ("difference", x - e)):
            means = (weights @ values) / weights.sum(axis=1)
            lower, upper = np.percentile(means, [2.5, 97.5])
            row |= {
                name: round(float((ones @ values)[0] / len(values)), 4),
                f"{name}_lower": round(float(lower), 4),
                f"{name}_upper": round(float(upper), 4),
            }
        found.append(row)
    row = {"measure": "calibration_error"}
    for name, p in (("expert", expert), ("learned", learned)):
        interval = calibration_error(
            _strict(design, p), p.max(axis=1), cluster=list(design.patients), replicates=min(repeats, 300), seed=seed
        )
        row |= {name: round(interval.estimate, 4), f"{name}_lower": round(interval.lower, 4)}
        row |= {f"{name}_upper": round(interval.upper, 4)}
    found.append(row)
    return found


def _strict(design: Design, p: _Floats) -> _Floats:
    return np.asarray(p.argmax(axis=1) == design.label, dtype=np.float64)


def _lenient(design: Design, p: _Floats) -> _Floats:
    return np.asarray([float(top in also) for top, also in zip(p.argmax(axis=1), design.also, strict=True)])


def _log_loss(design: Design, p: _Floats) -> _Floats:
    return np.asarray(-np.log(np.maximum(p[np.arange(len(p)), design.label], 1e-12)), dtype=np.float64)


def _brier(design: Design, p: _Floats) -> _Floats:
    return np.asarray((_strict(design, p) - p.max(axis=1)) ** 2, dtype=np.float64)


_MEASURES: dict[str, Callable[[Design, _Floats], _Floats]] = {
    "cause_strict": _strict,
    "cause_lenient": _lenient,
    "log_loss": _log_loss,
    "brier": _brier,
}


def render(model: Model) -> str:
    """The model as text for the terminal: labels, scores, and what a person should look at."""
    labels = model.labels
    lines = [
        f"{labels['reports']} labelled reports of {labels['patients']} patients; "
        f"{len(model.weights)} weights changed, sharpness {model.sharpness:g}.",
        "",
        f"{'measure':18s} {'expert':>24s} {'learned':>24s} {'difference':>26s}",
    ]
    for row in model.scores:
        cells = [
            f"{row[n]:.3f} ({row[f'{n}_lower']:.3f} to {row[f'{n}_upper']:.3f})" if n in row else ""
            for n in ("expert", "learned", "difference")
        ]
        lines.append(f"{row['measure']:18s} {cells[0]:>24s} {cells[1]:>24s} {cells[2]:>26s}")
    lines.append("\nFive folds by patient, the same for both; intervals: bootstrap by patient, 95 %.")
    if model.contradictions:
        lines.append("\nLearned weights that contradict the lexicon; look at them before you use the model:")
        lines += [
            f"  {w.feature} for {w.cause}: {w.expert:+.2f} -> {w.learned:+.2f} ({w.reports} reports)"
            for w in model.contradictions
        ]
    return "\n".join(lines)
