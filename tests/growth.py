"""How the time of a function grows with the length of its text, without saying how long it may take."""

from __future__ import annotations

import time
from collections.abc import Callable

SMALL = 20_000
FACTOR = 12
"""Four times the text may take at most this many times as long; what is quadratic takes sixteen times as long."""


def _once(work: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats


def growth(work: Callable[[str], object], pattern: str, small_size: int = SMALL) -> float:
    """How many times as long ``work`` takes on a repeated pattern than on a quarter of it: the best of three."""
    small, large = ((pattern * (size // len(pattern) + 1))[:size] for size in (small_size, 4 * small_size))
    # short times drown in noise, so the small text is worked on until it takes as long as a person would notice
    repeats = 1
    while _once(lambda: work(small), repeats) * repeats < 0.01 and repeats < 1000:
        repeats *= 4
    return min(_once(lambda: work(large), max(1, repeats // 4)) / _once(lambda: work(small), repeats) for _ in range(3))
