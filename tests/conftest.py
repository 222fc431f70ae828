"""What many tests share: one reader, built once, and the corpora that stand beside the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from miner.reader import Reader


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The reader with the bundled lexicons."""
    return Reader()


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of the corpora."""
    return Path(__file__).resolve().parent.parent / "corpora"
