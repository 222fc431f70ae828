"""The bytes of a text file as UTF-8: which encoding they are in, and blocks of them decoded."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

BLOCK = 4 << 20
"""Bytes read at a time."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_GZIP = b"\x1f\x8b"


def _replace(error: UnicodeError) -> tuple[str, int]:
    """One U+FFFD for a byte that does not decode, and one for a surrogate that was written as three bytes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    three = error.object[error.start : error.start + 3]
    surrogate = len(three) == 3 and three[0] == 0xED and 0xA0 <= three[1] <= 0xBF
    return "\ufffd", error.start + (3 if surrogate and error.encoding.startswith("utf-8") else 1)


codecs.register_error("miner.replace", _replace)


class Stream:
    """A plain or gzip file as bytes; compressed data that is cut off or damaged ends it and sets ``damage``.

    Raises OSError where the file cannot be opened or read.
    """

    def __init__(self, path: Path) -> None:
        self.damage: str | None = None
        self._file = path.open("rb")
        self.zipped = self._file.read(2) == _GZIP
        self._file.seek(0)
        self._gzip = gzip.GzipFile(fileobj=self._file) if self.zipped else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def block(self, size: int = BLOCK) -> bytes:
        """Up to ``size`` bytes, fewer only at the end."""
        if self._gzip is None:
            return self._file.read(size)
        parts: list[bytes] = []
        while size > 0 and self.damage is None:
            try:
                # Not read(): an error there would take with it what the same call had already unpacked.
                part = self._gzip.read1(size)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                self.damage = "its compressed data is cut off or damaged"
                break
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Look:
    """What one pass over a text file shows. ``start`` is its beginning, ``damage`` why it cannot be read to the end."""

    encoding: str
    digest: str
    size: int
    start: bytes
    damage: str | None
    undecodable: int


def look(path: Path, encoding: str | None = None) -> Look:
    """Read the whole file once: digest, size and, where ``encoding`` is not given, the encoding.

    UTF-8 unless more bytes contradict it than speak for it, however late in the file they stand; then Windows-1252.
    UTF-16 only with a byte order mark. Raises OSError where the file cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    start, fits, wrong = b"", 0, 0
    with Stream(path) as stream:
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        while data := stream.block():
            start = start or data[: 1 << 16]
            if not stream.zipped:
                digest.update(data)
                size += len(data)
            if not data.isascii() or decoder.getstate()[0]:
                text = decoder.decode(data)
                bad = _escaped(text)
                wrong += bad
                fits += _wide(text) - bad
        wrong += _escaped(decoder.decode(b"", final=True))
        damage = stream.damage
    if encoding is None:
        encoding = next((name for mark, name in _BOMS if start.startswith(mark)), "utf-8")
        if encoding == "utf-8" and wrong > fits:
            encoding = "cp1252"
    if codecs.lookup(encoding).name == "utf-8" and start.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    undecodable = wrong if encoding.startswith("utf-8") else 0
    told, size = digest_of(path) if stream.zipped else (digest.hexdigest(), size)
    return Look(encoding, told, size, start, damage, undecodable)


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            digest.update(data)
            size += len(data)
    return digest.hexdigest(), size


def _escaped(text: str) -> int:
    """Number of bytes that did not decode and were carried as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return sum("\udc80" <= character <= "\udcff" for character in text)
    return 0


def _wide(text: str) -> int:
    """Number of characters outside ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def blocks(stream: Stream, encoding: str) -> Iterator[bytes]:
    """The file as blocks of valid UTF-8, without a byte order mark; what does not decode is U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)("miner.replace")
    plain = encoding == "utf-8"
    while data := stream.block():
        if plain and data.isascii() and not decoder.getstate()[0]:
            yield data
        else:
            yield decoder.decode(data).encode("utf-8", "replace")
    if rest := decoder.decode(b"", final=True):
        yield rest.encode("utf-8", "replace")


def binary(start: bytes, encoding: str) -> str | None:
    """Why the beginning of a file cannot be that of a text, or None."""
    for mark, what in (
        (b"PK\x03\x04", "an Excel workbook or zip archive"),
        (b"PAR1", "a Parquet file"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"%PDF", "a PDF"),
        (b"SQLite", "a database"),
    ):
        if start.startswith(mark):
            return f"holds {what} under the name of a text file; export it as CSV, or name it as what it is"
    if encoding.startswith("utf-16") or not start:
        return None
    controls = sum(start.count(code) for code in range(32) if code not in (9, 10, 12, 13, 27))
    header = start.split(b"\n", 1)[0][:2000]
    if controls * 10 > len(start) or any(code < 9 for code in header):
        hint = "; if it is UTF-16 without a byte order mark, say --encoding utf-16-le" if start[1::2].count(0) else ""
        return f"holds binary data, not text{hint}"
    return None
