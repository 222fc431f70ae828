"""Kills a sweep outright at random moments and compares what comes out after going on with an undisturbed sweep.

    python tests/bench/kill_resume.py [MOMENTS] [SEED]

Each moment is one sweep of 600 reports (two workers, 60 parts) that is killed up to three times and then finished.
Prints one line a moment and exits 1 at the first difference.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from test_corpus import content, corpus, run, started


def main(moments: int, seed: int) -> int:
    """Number of moments at which the outcome differed."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = corpus(folder / "a.csv", 600, {n: f"SLOWLY calcification {n}" for n in range(0, 600, 8)})
        whole = content(run(source, folder / "whole", workers=2).path)
        for number in range(moments):
            out = folder / f"out{number}"
            done = []
            for _ in range(chance.randint(1, 3)):
                process = started(source, out)
                time.sleep(chance.uniform(0.0, 3.5))
                process.kill()
                process.communicate()
                done.append(len(list((out / "_parts").glob("*.json"))))
            made = run(source, out, workers=2)
            same = content(out) == whole and made.manifest["counts"]["read"] == 600
            print(f"{number}: killed with {done} parts done, {'same' if same else 'DIFFERENT'}", flush=True)
            if not same:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
