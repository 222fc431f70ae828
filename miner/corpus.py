"""A corpus of any size into tables on disk: batches, workers, checkpoints, manifest."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm import tqdm

from miner import manifest as manifests
from miner import records, store
from miner.errors import InputError, MinerError
from miner.pool import Pending, Plan, Pool, Tables
from miner.readers import BATCH_BYTES, BATCH_ROWS, Batch, Survey, batches, survey
from miner.shard import Shard
from miner.tables import Sweep, load
from miner.worker import failed

CONTEXTS = ("findings", "all")
MINER = "miner.batch:Miner"


def sweep(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    workers: int = 1,
    lexicons: Sequence[str | Path] = (),
    contexts: str = "findings",
    text_column: str | None = None,
    id_column: str | None = None,
    encoding: str | None = None,
    replace: bool = False,
    progress: bool | None = None,
    max_failures: float = 0.01,
    time_limit: float = 60.0,
    model: str | Path | None = None,
    shard: str | None = None,
    batch_rows: int = BATCH_ROWS,
    batch_bytes: int = BATCH_BYTES,
    miner_factory: str = MINER,
) -> Sweep:
    """Mine all reports of ``inputs`` into the folder ``out``, and go on where an earlier call with it stopped.

    ``inputs``: files (CSV, TSV, JSON lines, Parquet, text), folders, patterns. ``workers``: processes, 0 for one per
    core. ``lexicons``: folders laid over ours. ``contexts``: ``findings``, or ``all`` to list clinical contexts of
    reports without a finding too. ``progress``: None shows it where standard error is a terminal. ``max_failures``: a
    number of reports, or, below 1, a share of them; more than that is recorded in ``fell_short``. ``time_limit``:
    seconds for one report, 0 for none. ``replace``: start anew over another sweep. ``shard``: ``i/n`` to mine only
    every n-th batch, from the i-th on; :func:`miner.merge` puts the n folders together. Returns what
    :func:`miner.load` returns.

    Raises InputError where the call has to be changed: inputs that cannot be used, a folder that holds other things or
    a sweep made from something else, another sweep at work in it. Raises WriteError where the disk is full. Ctrl-C
    leaves whole parts and a manifest that says ``interrupted``.
    """
    out = Path(out)
    place = Shard(1, 1) if shard is None else Shard.of(shard)
    _check(workers, contexts, max_failures, time_limit, batch_rows, batch_bytes)
    store.check(out, replace=replace)
    seen = survey(inputs, text_column=text_column, id_column=id_column, encoding=encoding)
    _apart(seen, out)
    settings = {
        "contexts": contexts,
        "text_column": text_column,
        "id_column": id_column,
        "encoding": encoding,
        "time_limit": time_limit,
        "batch_rows": batch_rows,
        "batch_bytes": batch_bytes,
        "model": None if model is None else manifests.path_digest(Path(model)),
        "shard": None if shard is None else [place.index, place.count],
    }
    options = {
        "lexicons": tuple(Path(folder).resolve() for folder in lexicons),
        "contexts": contexts,
        "model": None if model is None else Path(model).resolve(),
    }
    count = workers or _cores()
    with store.locked(out), Pool(Plan(miner_factory, options, time_limit), count) as pool:
        plan = manifests.begin(seen, lexicons=pool.digest, settings=settings)
        manifest = _resumed(out, plan, replace=replace)
        if manifest["state"] == "complete":
            return load(out)
        _run(out, seen, manifest, pool, count, batch_rows, batch_bytes, progress, max_failures, place)
    return load(out)


def _check(workers: int, contexts: str, max_failures: float, time_limit: float, rows: int, size: int) -> None:
    faults = [
        told
        for wrong, told in (
            (workers < 0, f"--workers {workers}: allowed are 0 (one per core) and more"),
            (contexts not in CONTEXTS, f"--contexts {contexts!r}: allowed are {', '.join(CONTEXTS)}"),
            (max_failures < 0, f"--max-failures {max_failures}: allowed are a number of reports, or a share below 1"),
            (time_limit < 0, f"--time-limit {time_limit}: allowed are seconds, 0 for no limit"),
            (rows < 1 or size < 1, "a batch holds at least one report"),
        )
        if wrong
    ]
    if faults:
        raise InputError("\n".join(faults))


def _apart(seen: Survey, out: Path) -> None:
    """Refuse to read what is written: a folder of inputs that ``out`` lies in would hold the tables next time."""
    there = out.resolve()
    for source in seen.sources:
        inside = any(there in path.resolve().parents for path in source.paths)
        if inside or (source.kind == "text" and source.root.resolve() in (there, *there.parents)):
            raise InputError(f"{out}: lies together with the input {source.path}; name an --out apart from the inputs")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _resumed(out: Path, plan: manifests.Manifest, *, replace: bool) -> manifests.Manifest:
    """The manifest to go on with: the old one where everything is the same, else ``plan``."""
    if not (out / store.MANIFEST).exists() or replace:
        (out / store.MANIFEST).unlink(missing_ok=True)
        store.clear(out, 0)
        manifest = plan
    else:
        before = manifests.read(out)
        if found := manifests.differences(before, plan):
            told = "\n".join(f"  {line}" for line in found)
            raise InputError(
                f"{out}: holds a sweep ({before['state']}) made from something else:\n{told}\n"
                "Repeat it as it was to go on with it, name another --out, or start anew with --replace"
            )
        if before["state"] == "complete":
            return before
        manifest = {**before, "state": "running", "end": None, "starts": before.get("starts", 1) + 1}
        store.clear(out, len(store.markers(out)))
    store.write_json(out / store.MANIFEST, manifest)
    return manifest


def _run(
    out: Path,
    seen: Survey,
    manifest: manifests.Manifest,
    pool: Pool,
    workers: int,
    rows: int,
    size: int,
    progress: bool | None,
    max_failures: float,
    shard: Shard,
) -> None:
    """Mine what is not yet done; whatever ends it, the manifest says how it stands."""
    try:
        with _terminable(), _shown(progress) as shown:
            waiting: deque[tuple[int, Batch, Pending]] = deque()
            done = store.markers(out)
            for batch in batches(seen, rows=rows, size=size):
                part = shard.part(batch.number)
                if part is None:
                    continue
                if part < len(done):
                    shown.update(batch.rows.total())
                    continue
                waiting.append((part, batch, pool.submit(batch.reports)))
                while len(waiting) > workers + 1:
                    shown.update(_commit(out, *waiting.popleft()))
            while waiting:
                shown.update(_commit(out, *waiting.popleft()))
        final = manifests.close(manifest, store.markers(out), state="complete")
        final = {**final, "duplicates": duplicates(out, final["parts"])}
        final["fell_short"] = _short(final, max_failures)
        store.write_json(out / store.MANIFEST, final)
    except BaseException:
        with contextlib.suppress(MinerError, OSError):
            store.write_json(out / store.MANIFEST, manifests.close(manifest, store.markers(out), state="interrupted"))
        raise


def _commit(out: Path, part: int, batch: Batch, pending: Pending) -> int:
    """Write a mined batch as a part; its number of rows."""
    tables = with_broken(batch, pending.result())
    outcomes = {item["values"]: item["counts"] for item in pc.value_counts(tables["reports"]["outcome"]).to_pylist()}
    counts = {"read": tables["reports"].num_rows, **{name: outcomes.get(name, 0) for name in records.OUTCOMES}}
    marker: dict[str, Any] = {
        "counts": counts,
        "tally": dict(batch.tally),
        "rows": {str(index): count for index, count in batch.rows.items()},
        "problems": [list(problem) for problem in batch.problems],
        "tables": {name: table.num_rows for name, table in tables.items()},
    }
    store.write_part(out, part, tables, marker)
    return batch.rows.total()


def with_broken(batch: Batch, tables: Tables) -> Tables:
    """The tables of a batch with a row for each of its unreadable reports, where it stood in the input."""
    if not batch.broken:
        return tables
    empty: dict[str, Any] = {field.name: pa.nulls(len(batch.broken), field.type) for field in records.INPUT_SCHEMA}
    ids = pa.array([broken.note_id for broken in batch.broken], pa.string())
    extra = failed(pa.table({**empty, "note_id": ids}), "read", [broken.error for broken in batch.broken])
    places = np.concatenate([np.arange(batch.reports.num_rows) + 0.5, [float(broken.at) for broken in batch.broken]])
    reports = pa.concat_tables([tables["reports"], extra["reports"]]).take(pa.array(np.argsort(places, kind="stable")))
    return {**tables, "reports": reports, "failures": pa.concat_tables([extra["failures"], tables["failures"]])}


def duplicates(out: Path, parts: int) -> dict[str, int]:
    """How many reports repeat an identifier, and how many a text, that an earlier one has: both were kept."""
    ids, texts = [], []
    for number in range(parts):
        part = pq.read_table(store.part_path(out, "reports", number), columns=["note_id", "text_digest"])
        ids.append(np.fromiter(map(hash, part["note_id"].to_pylist()), np.int64, part.num_rows))
        texts.append(part["text_digest"].drop_null().to_numpy())
    return {name: _repeats(found) for name, found in (("note_id", ids), ("note_text", texts))}


def _repeats(found: Sequence[np.ndarray[Any, Any]]) -> int:
    every = np.concatenate(found) if found else np.array([], np.int64)
    return int(len(every) - len(np.unique(every)))


def _short(manifest: manifests.Manifest, max_failures: float) -> list[str]:
    """What fell short of what was asked, each as a sentence."""
    found = [f"{item['label']}: {item['problem']}" for item in manifest["inputs"] if item["problem"]]
    read, lost = manifest["counts"]["read"], manifest["counts"]["failed"]
    allowed = max_failures * read if 0 < max_failures < 1 else max_failures
    if lost > allowed:
        found.append(f"{lost} of {read} reports failed, more than --max-failures {max_failures:g} allows: see failures")
    return found


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Have a plain kill end a sweep as tidily as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextlib.contextmanager
def _shown(progress: bool | None) -> Iterator[Any]:
    """A line with reports done, rate and time on standard error, where that is a terminal."""
    wanted = sys.stderr.isatty() if progress is None else progress
    with tqdm(unit=" reports", unit_scale=True, disable=not wanted, file=sys.stderr, mininterval=0.5) as bar:
        yield bar
