"""A miner for tests of reading and sweeping: finds the word "calcification" and obeys words that do harm."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa

from miner import records
from miner.errors import InputError

VERSION = pd.__version__
"""Arrow loads pandas at first need; loaded here, that does not count as time taken by a report."""


class Miner:
    """Has the shape of ``miner.batch.Miner``.

    Words in a report: ``KILLME`` ends the process, ``HANGME`` sleeps, ``STUCKME`` sleeps and cannot be interrupted,
    ``RAISEME`` raises. A folder ``bad`` among the lexicons is a faulty lexicon, any other changes the digest.
    """

    def __init__(
        self, *, lexicons: tuple[Path, ...] = (), contexts: str = "findings", model: Path | None = None
    ) -> None:
        if any(folder.name == "bad" for folder in lexicons):
            raise InputError("findings.toml: entry x: no label")
        self.digest = hashlib.sha256("|".join(folder.name for folder in lexicons).encode()).hexdigest()

    def mine(self, batch: pa.Table) -> dict[str, pa.Table]:
        """A mention for every "calcification"."""
        rows = batch.to_pylist()
        reports, mentions = [], []
        for row in rows:
            text = row["note_text"]
            harm(text)
            starts = [at for at in range(len(text)) if text.startswith("calcification", at)]
            mentions += [
                {
                    "note_id": row["note_id"],
                    "mention_id": f"{row['note_id']}#{n}",
                    "start": at,
                    "end": at + 13,
                    "concept": "calcification",
                    "status": "present",
                }
                for n, at in enumerate(starts)
            ]
            state = "present" if starts else "absent"
            digest = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
            outcome = "mined" if starts else "screened_out"
            reports.append(
                {**row, "outcome": outcome, "soft_tissue": state, "n_mentions": len(starts), "text_digest": digest}
            )
        made = {name: schema.empty_table() for name, schema in records.TABLES.items()}
        for name, found in (("reports", reports), ("mentions", mentions)):
            schema = records.TABLES[name]
            made[name] = pa.Table.from_pylist([{key: row.get(key) for key in schema.names} for row in found], schema)
        return made


def harm(text: str) -> None:
    """Do what the report says."""
    if "KILLME" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "HANGME" in text:
        time.sleep(60)
    if "STUCKME" in text:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(60)
    if "RAISEME" in text:
        raise ValueError(text)
    if "SLOWLY" in text:
        time.sleep(0.02)


class Careless(Miner):
    """Prints and logs what it reads, and dies at once."""

    def mine(self, batch: pa.Table) -> dict[str, pa.Table]:
        """Write report text to both outputs."""
        print(batch["note_text"])
        os.write(2, b"text of a report")
        return super().mine(batch)


class Mortal(Miner):
    """Dies at every batch, whatever it is."""

    def mine(self, batch: pa.Table) -> dict[str, pa.Table]:
        """End the process."""
        os.kill(os.getpid(), signal.SIGKILL)
        return super().mine(batch)


class Short(Miner):
    """Loses a row."""

    def mine(self, batch: pa.Table) -> dict[str, pa.Table]:
        """All rows but the last, where there are several."""
        made = super().mine(batch)
        return {**made, "reports": made["reports"].slice(0, batch.num_rows - 1)}
