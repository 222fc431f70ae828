"""Where the bundled files stand: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _bundled(name: str, *checkout: str) -> Path:
    installed = _PACKAGE / "_bundled" / name
    return installed if installed.is_dir() else _PACKAGE.parent.joinpath(*checkout)


def lexicon_folder() -> Path:
    """The folder of the lexicons that come with the package."""
    return _bundled("lexicons", "lexicons")


def demo_folder() -> Path:
    """The folder of the demo corpus that comes with the package."""
    return _bundled("demo", "corpora", "demo")


def gold_folder() -> Path:
    """The folder with the scores of the first looks; in a checkout the whole gold standard is there."""
    return _bundled("gold", "corpora", "gold")
