"""Blocks of the documents that a script fills, between ``<!-- name:begin -->`` and ``<!-- name:end -->``."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def block(path: Path, name: str) -> str:
    """What stands in the block now. Raises ValueError where the marks are missing."""
    begin, end = _marks(name)
    _, opened, rest = path.read_text(encoding="utf-8").partition(begin)
    inside, closed, _ = rest.partition(end)
    if not opened or not closed:
        raise ValueError(f"{path.name}: the marks {begin} and {end} are missing")
    return inside.strip()


def fill(path: Path, name: str, content: str) -> None:
    """Puts ``content`` into the block and leaves the rest of the file alone."""
    block(path, name)
    begin, end = _marks(name)
    head, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, _, tail = rest.partition(end)
    path.write_text(f"{head}{begin}\n{content.strip()}\n{end}{tail}", encoding="utf-8")
