"""How fast a clean CSV of 200 MB is read into batches, and how much memory that takes.

    python tests/bench/read_speed.py [MEGABYTES]

Prints seconds and MB/s of the first look (digest, encoding, columns) and of the reading.
"""

from __future__ import annotations

import csv
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from miner.readers import batches, survey


def write(path: Path, megabytes: int) -> None:
    """A corpus of about so many MB: quoted texts of two lines, dates, ages."""
    chance = random.Random(1)
    words = [f"word{n}" for n in range(5000)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["note_id", "person_id", "note_date", "modality", "age", "sex", "note_text"])
        number = 0
        while file.tell() < megabytes * 1_000_000:
            for _ in range(1000):
                number += 1
                text = f'FINDINGS: {" ".join(chance.choices(words, k=80))}.\nIMPRESSION: "quoted", and more.'
                writer.writerow([f"{number:09d}", number // 3, "2024-01-02", "XR", 67, "F", text])


def main(megabytes: int) -> None:
    """Write, look, read, and print the rates."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "corpus.csv"
        write(path, megabytes)
        size = path.stat().st_size / 1e6
        begun = time.perf_counter()
        seen = survey(path)
        looked = time.perf_counter()
        rows = sum(batch.rows.total() for batch in batches(seen))
        read = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows:,} reports, {size:.0f} MB; highest memory {memory:.0f} MB")
    print(f"look: {looked - begun:.2f} s, {size / (looked - begun):.0f} MB/s")
    print(f"read: {read - looked:.2f} s, {size / (read - looked):.0f} MB/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
