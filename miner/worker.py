"""The process that mines: batches in by standard input, tables out by standard output.

It is started by :mod:`miner.pool` and shares nothing with its parent, so a report that kills it, hangs it or bloats it
costs one report. Its standard error is closed: libraries that log what they read put no patient text into a job log.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import signal
import struct
import threading
import traceback
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from miner import records
from miner.errors import MinerError

SLICE = 2000
"""Reports mined at a time: what has to be mined again, one by one, where one of them takes too long."""

_LENGTH = struct.Struct("<Q")
_ALLOCATIONS = 50_000
"""Objects made before the garbage collector looks at them; 700 is the default, and a batch makes far more."""


class Mines(Protocol):
    """What a worker needs of :class:`miner.batch.Miner`."""

    digest: str

    def mine(self, batch: pa.Table) -> dict[str, pa.Table]:
        """Tables by name from a table with :data:`miner.records.INPUT_SCHEMA`."""


class TimeUp(BaseException):
    """A slice took longer than one report may. Not an Exception, so that nobody takes it for a report's own fault."""


def send(stream: BinaryIO, message: object) -> None:
    """Write one message. Raises OSError where the other side is gone."""
    data = pickle.dumps(message, protocol=5)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message. Raises EOFError where the other side is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


def pack(table: pa.Table) -> bytes:
    """A table as Arrow IPC bytes; of a slice, only its rows."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def unpack(data: bytes) -> pa.Table:
    """The table of :func:`pack`."""
    return pa.ipc.open_stream(data).read_all()


def build(factory: str, options: dict[str, Any]) -> Mines:
    """The miner that ``factory`` (``module:attribute``) makes."""
    module, _, name = factory.partition(":")
    made: Mines = getattr(importlib.import_module(module), name)(**options)
    return made


def failed(batch: pa.Table, stage: str, errors: Sequence[str]) -> dict[str, pa.Table]:
    """The tables for reports that could not be mined: a row in ``reports`` and one in ``failures`` for each."""
    schema = records.TABLES["reports"]
    columns = {name: batch[name] for name in ("note_id", *records.CARRIED)}
    columns["outcome"] = pa.array(["failed"] * batch.num_rows, pa.string())
    reports = [columns.get(name, pa.nulls(batch.num_rows, schema.field(name).type)) for name in schema.names]
    tables = {name: kind.empty_table() for name, kind in records.TABLES.items()}
    tables["reports"] = pa.table(reports, schema=schema)
    told = {"note_id": batch["note_id"], "stage": [stage] * batch.num_rows, "error": list(errors)}
    tables["failures"] = pa.table(told, schema=records.TABLES["failures"])
    return tables


def describe(error: BaseException) -> str:
    """Class and place of an error. Its message may quote the report, so only our own errors show theirs."""
    if isinstance(error, MinerError):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def mined(miner: Mines, batch: pa.Table, time_limit: float) -> Iterator[dict[str, pa.Table]]:
    """The tables of a batch, in one piece, or report by report where one takes too long or the whole cannot be done."""
    try:
        with _within(time_limit):
            tables = miner.mine(batch)
            if tables["reports"].num_rows != batch.num_rows:
                raise ValueError("rows in are not rows out")
        yield tables
        return
    except TimeUp:
        stage, fault = "timeout", f"it took longer than {time_limit:g} s"
    except Exception as error:
        stage, fault = "mine", describe(error)
    if batch.num_rows == 1:
        yield failed(batch, stage, [fault])
        return
    for row in range(batch.num_rows):
        yield from mined(miner, batch.slice(row, 1), time_limit)


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the body after ``seconds``.

    Where timers cannot be used (Windows, a thread) the parent's watch remains.
    """
    timers = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not timers or seconds <= 0:
        yield
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Answer orders until there are no more: first ``(factory, options, time limit)``, then ``(batch, slice)``."""
    factory, options, time_limit = receive(orders)
    try:
        miner = build(factory, options)
    except Exception as error:
        text = str(error) if isinstance(error, MinerError) else f"{type(error).__name__}: {error}"
        send(answers, ("fault", text, getattr(error, "exit_code", 1)))
        return
    # what was built stays: the collector need not go through it again and again
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 50, 50)
    send(answers, ("ready", miner.digest))
    while True:
        data, step = receive(orders)
        batch = unpack(data)
        for first in range(0, batch.num_rows, step):
            for tables in mined(miner, batch.slice(first, step), time_limit):
                send(answers, ("rows", {name: pack(table) for name, table in tables.items()}))
        send(answers, ("done",))


def main() -> None:
    """Keep the pipe to the parent for messages alone: whatever prints, prints into nothing."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError):
        serve(orders, answers)
    # Not a tidy exit: half-written answers must not be flushed, and libraries' exit hooks have nothing to say here.
    os._exit(0)
