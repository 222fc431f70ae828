"""A folder of .txt files as raw columns: one report a file, its name the identifier."""

from __future__ import annotations

import codecs
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from miner.columns import clean
from miner.readers.delimited import Chunk
from miner.readers.encoding import Look, binary, look
from miner.readers.source import Source

AT_ONCE = 1000


def identifier(path: Path, root: Path) -> str:
    """The name of the file without its ending, with the folders between it and the folder that was named."""
    return (path.relative_to(root) if path != root else Path(path.name)).with_suffix("").as_posix()


def survey(source: Source, encoding: str | None) -> tuple[str, int, str, list[str]]:
    """Digest over all files and their names, size, encodings with counts, and the files that cannot be opened."""
    digest, size, encodings, closed = hashlib.sha256(), 0, Counter[str](), []
    for path in source.paths:
        digest.update(identifier(path, source.root).encode("utf-8", "replace") + b"\0")
        try:
            seen = look(path, encoding)
        except OSError as error:
            closed.append(f"{path}: {error.strerror}")
            continue
        digest.update(seen.digest.encode())
        size += seen.size
        encodings[seen.encoding] += 1
    told = ", ".join(
        name if len(encodings) == 1 else f"{name} ({count} files)" for name, count in encodings.most_common()
    )
    return digest.hexdigest(), size, told, closed


def read(source: Source, encoding: str | None) -> Iterator[Chunk]:
    """Columns ``note_id`` and ``note_text``; a file that cannot be read is a broken row."""
    for first in range(0, len(source.paths), AT_ONCE):
        ids: list[str] = []
        texts: list[str] = []
        numbers: list[int] = []
        broken: list[tuple[int, str]] = []
        for number, path in enumerate(source.paths[first : first + AT_ONCE], start=first + 1):
            try:
                text = _text(path, encoding)
            except OSError as error:
                broken.append((number, f"{path.name}: {error.strerror}"))
                continue
            if text is None:
                broken.append((number, f"{path.name}: it holds binary data, not text"))
                continue
            ids.append(clean(identifier(path, source.root)))
            texts.append(text)
            numbers.append(number)
        yield Chunk(pa.table({"note_id": ids, "note_text": texts}), pa.array(numbers, pa.int64()), broken)


def _text(path: Path, encoding: str | None) -> str | None:
    seen: Look = look(path, encoding)
    if binary(seen.start, seen.encoding) is not None or (
        b"\0" in seen.start and not seen.encoding.startswith("utf-16")
    ):
        return None
    return codecs.decode(path.read_bytes(), seen.encoding, "miner.replace")
