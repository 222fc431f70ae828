"""How often each interval of ``miner.statistics`` holds the truth: simulation with fixed seeds.

    python tests/bench/coverage.py [--replicates 2000] [--csv tests/bench/coverage.csv]

Prints a table and writes it. A nominal 95 % interval should come out within .94 to .985; where it does not, the
docstring of its function says so.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from miner.errors import ApproximationWarning
from miner.statistics import agreement, calibration, compare, corrected, intervals, standardise

LOW, HIGH = 0.94, 0.985
SEED = 20240501
Draw = tuple[float, float, float]
"""Truth, lower and upper limit of one replicate."""


def binomial(method: Callable[..., intervals.Interval], n: int, p: float) -> Callable[[np.random.Generator], Draw]:
    """One sample of n independent observations."""

    def draw(rng: np.random.Generator) -> Draw:
        found = method(int(rng.binomial(n, p)), n)
        return p, found.lower, found.upper

    return draw


def clustered(patients: int, p: float, correlation: float) -> Callable[[np.random.Generator], Draw]:
    """Patients with 1 to about 10 reports each, three on average; beta-binomial within the patient."""

    def draw(rng: np.random.Generator) -> Draw:
        sizes = 1 + rng.negative_binomial(1.5, 1.5 / 3.5, patients)
        scale = (1 - correlation) / correlation
        rates = rng.beta(p * scale, (1 - p) * scale, patients)
        found = intervals.korn_graubard_totals(rng.binomial(sizes, rates), sizes)
        return p, found.lower, found.upper

    return draw


def audited(radiologists: int, p: float, correlation: float) -> Callable[[np.random.Generator], Draw]:
    """Radiologists with 10 to 100 reports each, who differ in how often they meet a criterion."""

    def draw(rng: np.random.Generator) -> Draw:
        sizes = rng.integers(10, 101, radiologists)
        scale = (1 - correlation) / correlation
        met = rng.binomial(sizes, rng.beta(p * scale, (1 - p) * scale, radiologists))
        found = intervals.korn_graubard_totals(met, sizes)
        return p, found.lower, found.upper

    return draw


def clustered_wilson(patients: int, p: float, correlation: float) -> Callable[[np.random.Generator], Draw]:
    """The same with reports counted as independent: what the product does not do."""

    def draw(rng: np.random.Generator) -> Draw:
        sizes = 1 + rng.negative_binomial(1.5, 1.5 / 3.5, patients)
        scale = (1 - correlation) / correlation
        found = intervals.wilson(
            int(rng.binomial(sizes, rng.beta(p * scale, (1 - p) * scale, patients)).sum()), int(sizes.sum())
        )
        return p, found.lower, found.upper

    return draw


def difference(n: int, p: float, q: float) -> Callable[[np.random.Generator], Draw]:
    """Two independent groups of n."""

    def draw(rng: np.random.Generator) -> Draw:
        found = intervals.newcombe(int(rng.binomial(n, p)), n, int(rng.binomial(n, q)), n)
        return p - q, found.lower, found.upper

    return draw


def simultaneous(n: int, shares: tuple[float, ...], exact: bool = False) -> Callable[[np.random.Generator], Draw]:
    """All shares held at once; the width is that of the first."""
    p = np.array(shares)

    def draw(rng: np.random.Generator) -> Draw:
        frame = intervals.goodman(rng.multinomial(n, p), exact=exact)
        held = bool(((frame["lower"] <= p) & (p <= frame["upper"])).all())
        width = float(frame["upper"][0] - frame["lower"][0])
        return (0.0, 0.0, width) if held else (-1.0, 0.0, width)

    return draw


def reviewed(
    prevalence: float, sensitivity: float, specificity: float, estimand: str, n: int = 400
) -> Callable[[np.random.Generator], Draw]:
    """A corpus of 20,000 labelled by machine, n of it reviewed, three quarters among the negatives."""
    size, with_word, word_if_negative = 20_000, 0.998, 0.12
    hit = sensitivity / with_word
    false = (1 - specificity) / word_if_negative
    cells = np.array(
        [
            prevalence * with_word * hit,
            (1 - prevalence) * word_if_negative * false,
            prevalence * with_word * (1 - hit),
            (1 - prevalence) * word_if_negative * (1 - false),
            prevalence * (1 - with_word),
            (1 - prevalence) * (1 - word_if_negative),
        ]
    )
    truth = {"true prevalence": prevalence, "documented prevalence": prevalence * with_word}[estimand]
    # what is negative by definition needs no review, so the documented estimand spends all on the rest
    plan = (n // 4, n // 4, n // 2) if estimand == "true prevalence" else (n // 4, 3 * n // 4, 0)

    def draw(rng: np.random.Generator) -> Draw:
        counts = rng.multinomial(size, cells / cells.sum()).reshape(3, 2)
        rows = []
        for (yes, no), planned, name in zip(counts, plan, ("labelled", "cleared", "no word"), strict=True):
            looked = min(planned, int(yes + no))
            positive = int(rng.hypergeometric(yes, no, looked)) if looked else 0
            rows.append((name, int(yes + no), looked, positive, name == "no word"))
        found = corrected.two_phase(pd.DataFrame(rows, columns=list(corrected.STRATA))).set_index("estimand")
        return truth, float(found["lower"][estimand]), float(found["upper"][estimand])

    return draw


def validated(prevalence: float, sensitivity: float, specificity: float) -> Callable[[np.random.Generator], Draw]:
    """2,000 labelled reports, and an outside validation on 200 positives and 500 negatives."""

    def draw(rng: np.random.Generator) -> Draw:
        labelled = prevalence * sensitivity + (1 - prevalence) * (1 - specificity)
        found = corrected.rogan_gladen(
            int(rng.binomial(2000, labelled)),
            2000,
            (int(rng.binomial(200, sensitivity)), 200),
            (int(rng.binomial(500, specificity)), 500),
        )
        return prevalence, found.lower, found.upper

    return draw


def standardised(scale: float, skewed: bool) -> Callable[[np.random.Generator], Draw]:
    """Six age bands with rates that rise with age; Poisson counts."""
    population = np.array([500, 800, 900, 700, 400, 150]) * scale
    rates = np.array([0.002, 0.004, 0.008, 0.015, 0.03, 0.05])
    standard = np.array([300, 500, 800, 900, 900, 800]) if skewed else population
    truth = float((standard * rates).sum() / standard.sum())

    def draw(rng: np.random.Generator) -> Draw:
        found = standardise.direct(rng.poisson(population * rates), population, standard)
        return truth, found.lower, found.upper

    return draw


def yearly(patients: int, family: str) -> Callable[[np.random.Generator], Draw]:
    """Six years, three reports a patient on average, a prevalence of 8 % that rises by 6 % a year."""

    def draw(rng: np.random.Generator) -> Draw:
        sizes = 1 + rng.negative_binomial(1.5, 1.5 / 3.5, patients)
        person = np.repeat(np.arange(patients), sizes)
        year = rng.integers(2018, 2024, len(person))
        frailty = rng.gamma(2, 0.5, patients)[person]
        y = rng.random(len(person)) < np.minimum(1, frailty * 0.08 * 1.06 ** (year - 2018))
        found = compare.annual_percent_change(y, year, person, family=family)
        return 6.0, found.lower, found.upper

    return draw


def readers(n: int, table: tuple[tuple[float, ...], ...], which: str) -> Callable[[np.random.Generator], Draw]:
    """Two readers on n items, from a fixed table of probabilities."""
    p = np.array(table)
    method = {"kappa": agreement.cohen_kappa, "AC1": agreement.gwet_ac1}[which]
    truth = method(p).estimate

    def draw(rng: np.random.Generator) -> Draw:
        found = method(rng.multinomial(n, p.ravel()).reshape(p.shape))
        return truth, found.lower, found.upper

    return draw


def calibrated(n: int, power: float) -> Callable[[np.random.Generator], Draw]:
    """Probabilities uniform on .5 to 1, the truth their ``power``; ten bands of equal width."""
    fine = np.linspace(0.5, 1, 200_001)
    width = np.minimum((fine - 1e-12) // 0.1, 9)
    gap = fine**power - fine
    truth = float(np.abs([gap[width == b].sum() for b in np.unique(width)]).sum() / len(fine))

    def draw(rng: np.random.Generator) -> Draw:
        p = rng.uniform(0.5, 1, n)
        y = rng.random(n) < p**power
        found = calibration.calibration_error(y, p, strategy="uniform", replicates=400, seed=int(rng.integers(2**31)))
        return truth, found.lower, found.upper

    return draw


def not_claimed(n: int, share: float) -> Callable[[np.random.Generator], Draw]:
    """TOST at the edge of 95-98 %: holds where ``inside`` is not claimed wrongly."""

    def draw(rng: np.random.Generator) -> Draw:
        claimed = compare.equivalence(int(rng.binomial(n, share)), n, 0.95, 0.98).verdict == "inside"
        return (-1.0, 0.0, 0.0) if claimed else (0.0, 0.0, 0.0)

    return draw


def not_rejected(n: int, shares: tuple[float, ...]) -> Callable[[np.random.Generator], Draw]:
    """The multinomial test on counts from the shares themselves: holds where p is not below .05."""

    def draw(rng: np.random.Generator) -> Draw:
        p = compare.multinomial_test(rng.multinomial(n, shares), shares, replicates=2000).p_value
        return (-1.0, 0.0, 0.0) if p < 0.05 else (0.0, 0.0, 0.0)

    return draw


PAGE = (0.965, 0.015, 0.015, 0.004, 0.0008, 0.0002)
LABELLINGS = ((0.01, 0.92, 0.998), (0.01, 0.80, 0.995), (0.05, 0.90, 0.99), (0.30, 0.90, 0.95))
RARE = ((0.025, 0.012), (0.013, 0.95))
EVEN = ((0.4, 0.1), (0.1, 0.4))


def scenarios() -> Iterator[tuple[str, str, Callable[[np.random.Generator], Draw]]]:
    """Method, scenario in words, and one replicate."""
    for n, p in ((200, 0.02), (200, 0.1), (1000, 0.02), (1000, 0.3)):
        yield "wilson", f"n {n}, p {p}", binomial(intervals.wilson, n, p)
        yield "clopper_pearson", f"n {n}, p {p}", binomial(intervals.clopper_pearson, n, p)
    for m, p in ((150, 0.05), (300, 0.02), (300, 0.05), (300, 0.2), (1000, 0.01), (1000, 0.1)):
        yield "korn_graubard", f"{m} patients, p {p}", clustered(m, p, 0.3)
    yield "(wilson on clusters)", "300 patients, p 0.05", clustered_wilson(300, 0.05, 0.3)
    for n, p, q in ((100, 0.1, 0.02), (500, 0.05, 0.03), (500, 0.4, 0.3)):
        yield "newcombe", f"2 x {n}, p {p} and {q}", difference(n, p, q)
    for n in (100, 1000, 10_000):
        yield "goodman", f"n {n}, six shares, some rare", simultaneous(n, PAGE)
        yield "goodman exact", f"n {n}, six shares, some rare", simultaneous(n, PAGE, exact=True)
    yield "goodman", "n 300, four even shares", simultaneous(300, (0.25,) * 4)
    for p, se, sp in LABELLINGS:
        for estimand in ("true prevalence", "documented prevalence"):
            yield "two_phase", f"{estimand}, {p}, Se {se}, Sp {sp}", reviewed(p, se, sp, estimand)
    for p, se, sp in LABELLINGS:
        yield "rogan_gladen", f"p {p}, Se {se}, Sp {sp}", validated(p, se, sp)
    for scale, skewed in ((1, False), (1, True), (10, True)):
        yield "direct", f"{3450 * scale} people, {'other' if skewed else 'own'} standard", standardised(scale, skewed)
    for m in (200, 600):
        yield "annual_percent_change", f"{m} patients, Poisson", yearly(m, "poisson")
    yield "annual_percent_change", "200 patients, log-binomial", yearly(200, "log_binomial")
    for which in ("kappa", "AC1"):
        for n in (100, 400):
            yield f"agreement {which}", f"n {n}, rare finding", readers(n, RARE, which)
            yield f"agreement {which}", f"n {n}, even finding", readers(n, EVEN, which)
    for n, power in ((500, 1.0), (500, 1.2), (500, 1.5), (2000, 1.2), (2000, 1.5), (2000, 3.0)):
        yield "calibration_error", f"n {n}, truth p^{power}", calibrated(n, power)
    yield "equivalence (size)", "n 600, share .95", not_claimed(600, 0.95)
    yield "multinomial_test (size)", "n 15, exact", not_rejected(15, PAGE)
    yield "multinomial_test (size)", "n 300, Monte-Carlo", not_rejected(300, PAGE)
    for radiologists, p in ((8, 0.6), (15, 0.6), (15, 0.9), (30, 0.6), (30, 0.9), (60, 0.9)):
        yield "scorecard rate", f"{radiologists} radiologists, p {p}", audited(radiologists, p, 0.1)


def run(replicates: int, methods: tuple[str, ...] = ()) -> pd.DataFrame:
    """Columns: ``interval``, ``scenario``, ``replicates``, ``coverage``, ``width`` (mean), ``within`` (.94 to .985)."""
    rows: list[dict[str, Any]] = []
    for number, (method, scenario, draw) in enumerate(scenarios()):
        if methods and method not in methods:
            continue
        rng = np.random.default_rng([SEED, number])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ApproximationWarning)
            draws = np.array([draw(rng) for _ in range(replicates)])
        truth, lower, upper = draws.T
        coverage = float(((lower <= truth) & (truth <= upper)).mean())
        rows.append(
            {
                "interval": method,
                "scenario": scenario,
                "replicates": replicates,
                "coverage": round(coverage, 4),
                "width": float(f"{(upper - lower).mean():.3g}"),
                "within": LOW <= coverage <= HIGH,
            }
        )
    return pd.DataFrame(rows)


def main(arguments: list[str] | None = None) -> int:
    """Prints the table and writes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--csv", type=Path, default=Path(__file__).with_name("coverage.csv"))
    options = parser.parse_args(arguments)
    table = run(options.replicates)
    print(table.to_string(index=False))
    table.to_csv(options.csv, index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
