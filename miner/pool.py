"""Worker processes that mine batches, and what happens when one of them dies.

Processes of our own rather than ``multiprocessing``: a dying worker must not take the pool with it, and a script
without ``if __name__ == "__main__"`` must not be run again in every worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Self, cast

import pyarrow as pa
import pyarrow.compute as pc

from miner import records
from miner.errors import InputError, MinerError
from miner.worker import SLICE, failed, pack, receive, send, unpack

JOB_ROWS = 2000
"""Reports that one worker is given at a time, so that even one batch keeps all of them busy."""

RECYCLE = 100_000
"""Mined reports after which a worker is replaced: spaCy keeps every new word it has ever seen (1.6 kB a report)."""

MOST_DEATHS = 12
"""Deaths in a row, without a report mined between them, after which the fault is not the reports'."""

START_LIMIT = 600.0
"""Seconds in which a worker has to be ready."""

GRACE = 10.0
"""Seconds beyond two and a half times the time limit after which a silent worker is taken to be stuck."""

_START = (
    "import json,os,sys; sys.path[:] = json.loads(os.environ.pop('MINER_WORKER_PATH')); "
    "from miner.worker import main; main()"
)

Tables = dict[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Plan:
    """What every worker is built from. ``time_limit`` is in seconds for one report; 0 for none."""

    factory: str
    options: dict[str, Any]
    time_limit: float


@dataclass(slots=True)
class _Piece:
    """Rows of a batch that one worker is to mine, ``step`` at a time."""

    first: int
    rows: pa.Table
    step: int = SLICE


@dataclass(slots=True)
class _Job:
    batch: pa.Table
    future: Future[Tables] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Pending:
    """A batch that is being mined."""

    jobs: tuple[Future[Tables], ...]

    def result(self) -> Tables:
        """Wait for its tables. Raises InputError or MinerError where workers cannot be started or kept alive."""
        return joined([job.result() for job in self.jobs])


class _Died(Exception):
    """A worker went away in mid-order; ``hung`` where it was ended because it no longer answered."""

    def __init__(self, told: str, hung: bool) -> None:
        self.told, self.hung = told, hung
        super().__init__(told)


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, plan: Plan) -> None:
        environment = {**os.environ, "MINER_WORKER_PATH": json.dumps([os.path.abspath(part) for part in sys.path])}
        # A group of its own: Ctrl-C at the terminal is for the parent, which then decides.
        group: dict[str, Any] = {"creationflags": 0x200} if os.name == "nt" else {"process_group": 0}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            **group,
        )
        self.orders, self.answers = cast(BinaryIO, self.process.stdin), cast(BinaryIO, self.process.stdout)
        self.mined = 0
        self.hung = False
        self._silence = plan.time_limit * 2.5 + GRACE if plan.time_limit > 0 else None
        self.send((plan.factory, plan.options, plan.time_limit))
        answer = self.receive(START_LIMIT)
        if answer[0] == "fault":
            self.end()
            raise (InputError if answer[2] == 2 else MinerError)(answer[1])
        self.digest: str = answer[1]

    def send(self, message: object) -> None:
        try:
            send(self.orders, message)
        except OSError:
            raise self._dead() from None

    def receive(self, silence: float | None = None) -> Any:
        """The next message; a worker that is silent for longer than it may be is ended."""
        limit = silence if silence is not None else self._silence
        watch = threading.Timer(limit, self._stop_hung) if limit is not None else None
        if watch is not None:
            watch.daemon = True
            watch.start()
        try:
            return receive(self.answers)
        except (EOFError, OSError):
            raise self._dead() from None
        finally:
            if watch is not None:
                watch.cancel()

    def _stop_hung(self) -> None:
        self.hung = True
        self.process.kill()

    def _dead(self) -> _Died:
        code = self.process.wait()
        told = f"exit code {code}"
        if code < 0:
            with contextlib.suppress(ValueError):
                told = f"signal {signal.Signals(-code).name}"
        self.end()
        return _Died(told, self.hung)

    def end(self) -> None:
        """Be rid of the process, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        for stream in (self.orders, self.answers):
            with contextlib.suppress(OSError):
                stream.close()


class Pool:
    """``workers`` processes. Use it as a context manager; leaving it ends them all at once."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self.plan = plan
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._workers: set[_Worker] = set()
        self._guard = threading.Lock()
        self._closed = False
        self._deaths = 0
        # the others get ready while we wait for the first, whose word is enough to begin
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(workers - 1)]
        for thread in self._threads:
            thread.start()
        try:
            first = self._start()
        except BaseException:
            self.__exit__()
            raise
        self.digest = first.digest
        self._threads.append(threading.Thread(target=self._run, args=(first,), daemon=True))
        self._threads[-1].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with self._guard:
            self._closed = True
            workers = list(self._workers)
        for _ in self._threads:
            self._jobs.put(None)
        for worker in workers:
            worker.process.kill()
        for thread in self._threads:
            thread.join()

    def submit(self, batch: pa.Table) -> Pending:
        """Mine a batch: the tables of :data:`miner.records.TABLES`, ``reports`` with one row for each of its rows."""
        jobs = [_Job(batch.slice(first, JOB_ROWS)) for first in range(0, batch.num_rows, JOB_ROWS)]
        for job in jobs:
            self._jobs.put(job)
        return Pending(tuple(job.future for job in jobs))

    def _start(self) -> _Worker:
        try:
            worker = _Worker(self.plan)
        except _Died as died:
            raise MinerError(
                f"a worker process could not be started ({died.told}); nothing is wrong with the input"
            ) from None
        with self._guard:
            self._workers.add(worker)
            if self._closed:
                worker.process.kill()
        return worker

    def _drop(self, worker: _Worker) -> None:
        with self._guard:
            self._workers.discard(worker)
        worker.end()

    def _run(self, worker: _Worker | None = None) -> None:
        """One thread a worker: takes jobs, hands them to its process, replaces the process when it has to."""
        if worker is None:
            # what goes wrong here goes wrong again at the first job, which can tell it
            with contextlib.suppress(Exception):
                worker = self._start()
        while (job := self._jobs.get()) is not None:
            try:
                if worker is not None and worker.mined >= RECYCLE:
                    self._drop(worker)
                    worker = None
                parts: dict[int, Tables] = {}
                pieces = [_Piece(0, job.batch)]
                while pieces:
                    if self._closed:
                        raise MinerError("the sweep was stopped")
                    worker = worker or self._start()
                    piece = pieces.pop(0)
                    try:
                        self._mine(worker, piece, parts)
                    except _Died as died:
                        self._drop(worker)
                        worker = None
                        pieces = self._blame(piece, parts, died) + pieces
                tables = joined([parts[first] for first in sorted(parts)])
                if worker is not None:
                    unread = pc.sum(pc.equal(tables["reports"]["outcome"], "screened_out")).as_py() or 0
                    worker.mined += job.batch.num_rows - unread
                job.future.set_result(tables)
            except BaseException as error:
                job.future.set_exception(error)
        if worker is not None:
            self._drop(worker)

    def _mine(self, worker: _Worker, piece: _Piece, parts: dict[int, Tables]) -> None:
        """Have a piece mined; what arrives goes into ``parts`` under the number of its first row."""
        worker.send((pack(piece.rows), piece.step))
        while (answer := worker.receive())[0] == "rows":
            tables = {name: unpack(data) for name, data in answer[1].items()}
            parts[piece.first] = tables
            done = tables["reports"].num_rows
            piece.first, piece.rows = piece.first + done, piece.rows.slice(done)
            self._deaths = 0

    def _blame(self, piece: _Piece, parts: dict[int, Tables], died: _Died) -> list[_Piece]:
        """What is left to do of a piece on which a worker died: first its slice one by one, then the one is known."""
        self._deaths += 1
        if self._closed:
            raise MinerError("the sweep was stopped")
        if self._deaths > MOST_DEATHS:
            raise MinerError(
                f"{self._deaths} worker processes in a row were ended ({died.told}): is there enough memory? "
                "The same call goes on from here"
            )
        if piece.rows.num_rows == 0:
            return []
        if piece.step > 1:
            slow, rest = piece.rows.slice(0, piece.step), piece.rows.slice(piece.step)
            left = [_Piece(piece.first, slow, 1)]
            return left + ([_Piece(piece.first + slow.num_rows, rest)] if rest.num_rows else [])
        if died.hung:
            stage, fault = "timeout", f"it took longer than {self.plan.time_limit:g} s and could not be interrupted"
        else:
            stage, fault = "worker", f"the worker process ended ({died.told})"
        parts[piece.first] = failed(piece.rows.slice(0, 1), stage, [fault])
        rest = piece.rows.slice(1)
        return [_Piece(piece.first + 1, rest, 1)] if rest.num_rows else []


def joined(parts: Sequence[Tables]) -> Tables:
    """The tables of several batches, one behind the other."""
    made = {}
    for name, schema in records.TABLES.items():
        tables = [part[name].select(schema.names).cast(schema) for part in parts]
        made[name] = pa.concat_tables(tables).combine_chunks() if tables else schema.empty_table()
    return made
