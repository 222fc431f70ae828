"""The folder of a sweep: parts that are written whole or not at all, and a lock against a second writer."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import pyarrow as pa
import pyarrow.parquet as pq

from miner import records
from miner.errors import InputError, WriteError

MANIFEST = "run.json"
MARKERS = "_parts"
LOCK = "_lock"
SHARDS = "_shards"
OURS = frozenset({MANIFEST, MARKERS, LOCK, SHARDS, *records.TABLES})


def part_path(out: Path, table: str, number: int) -> Path:
    """Where part ``number`` of a table lies."""
    return out / table / f"part-{number:05d}.parquet"


def check(out: Path, *, replace: bool) -> None:
    """Refuse a folder that holds anything but a sweep, whatever ``replace`` says. Raises InputError."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; --out names a folder")
    if not out.exists() or (out / MANIFEST).exists():
        return
    other = sorted(path.name for path in out.iterdir() if path.name not in OURS and not path.name.startswith("."))
    if other:
        shown = ", ".join(other[:5]) + (" ..." if len(other) > 5 else "")
        hint = " (--replace only replaces a sweep)" if replace else ""
        raise InputError(f"{out}: holds other things than a sweep ({shown}); name a new or empty folder{hint}")


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the folder, made if need be, for one writer. The lock of a dead process is no lock.

    Raises InputError where another sweep holds it or nothing can be written there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in (MARKERS, *records.TABLES):
            (out / name).mkdir(exist_ok=True)
        lock = filelock.FileLock(out / LOCK)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(f"{out}: another sweep is writing into this folder; wait for it or name another") from None
    except OSError as error:
        raise InputError(f"{out}: cannot be written to: {error.strerror or type(error).__name__}") from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """A failed write as an error that says what to do."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error).split(". ")[0]
        raise WriteError(
            f"{path}: cannot be written: {why}; the parts written before are whole. Make room or give access, then "
            "repeat the same call: it goes on from there"
        ) from None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON under another name and put it in place. Raises WriteError."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    _put(path, lambda stream: stream.write(text.encode("utf-8", "replace")))


def _put(path: Path, write: Any) -> None:
    waiting = path.with_name(f".{path.name}.tmp")
    with told(path):
        try:
            with waiting.open("wb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
            waiting.replace(path)
            _sync(path.parent)
        except BaseException:
            waiting.unlink(missing_ok=True)
            raise


def _sync(folder: Path) -> None:
    """Have the renaming itself on disk; not every system can open a folder."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_part(out: Path, number: int, tables: dict[str, pa.Table], marker: dict[str, Any]) -> None:
    """Write one part of every table, and last the marker that says that all of them are there. Raises WriteError."""
    for name, table in tables.items():
        _put(part_path(out, name, number), lambda stream, table=table: pq.write_table(table, stream))
    write_json(out / MARKERS / f"{number:05d}.json", marker)


def markers(out: Path) -> list[dict[str, Any]]:
    """The markers of the parts that are done, from the first without a gap."""
    found: list[dict[str, Any]] = []
    while (path := out / MARKERS / f"{len(found):05d}.json").exists():
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except ValueError:
            break
    return found


def clear(out: Path, first: int) -> None:
    """Remove what a sweep left from part ``first`` on, and everything half written; nothing that is not a sweep's."""
    with told(out):
        for folder, pattern in [(MARKERS, "*.json"), *((name, "part-*.parquet") for name in records.TABLES)]:
            for path in (out / folder).glob(pattern):
                number = path.stem.removeprefix("part-")
                if number.isdigit() and int(number) >= first:
                    path.unlink()
            for path in (out / folder).glob(".*.tmp"):
                path.unlink()
