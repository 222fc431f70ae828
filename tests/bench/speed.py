"""How many reports a second: a stock medspaCy script, this miner on one and two workers, and the limit of reading.

    python tests/bench/speed.py [--mixed 20000] [--dense 5000] [--repeats 3] [--stock 150]

Writes two corpora of made-up reports (``mixed``: 2 % mention calcification; ``dense``: 15 %), measures all designs on
both in one run, alternating, and gives medians. Most sentences of a corpus stand in it once, so that remembering them
helps little. What is timed:

- stock: ``medspacy.load()`` as it comes (PyRuSH sentences, ConText) with every finding phrase of the lexicon as a
  TargetRule, on a sample of the corpus drawn anew in each repeat; loading is apart. Its log is switched off.
- miner: the whole command ``miner sweep``, from the start of Python to the last table on disk. Start-up is the same
  command on one report and stands apart; the rate is that of the rest.
- Spark: ``miner sweep --engine spark`` with two local cores, in the same way, where PySpark and Java are there.
- limit: the Parquet file read and scanned once with the screen's expression by pyarrow.

Prints a table and writes ``speed.csv`` and ``speed.svg`` beside this file.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from blocks import ROOT, fill

from miner.lexicon import load
from miner.screen import pattern

HERE = Path(__file__).resolve().parent
SEED = 20240501
MOST = 1_000_000
CHUNK = 20_000

EXAMINATIONS = {
    "CHEST": ("XR CHEST 2 VIEWS", "XR CHEST PORTABLE", "CT CHEST WITH CONTRAST"),
    "SHOULDER": ("XR SHOULDER LEFT", "XR SHOULDER RIGHT 3 VIEWS", "MRI SHOULDER WITHOUT CONTRAST"),
    "KNEE": ("XR KNEE LEFT 3 VIEWS", "XR KNEE RIGHT WEIGHT BEARING", "MRI KNEE WITHOUT CONTRAST"),
    "HIP": ("XR HIP RIGHT", "XR PELVIS AP", "CT HIP LEFT"),
    "HAND": ("XR HAND LEFT 3 VIEWS", "XR WRIST RIGHT", "XR FINGER LEFT"),
    "SPINE": ("XR LUMBAR SPINE", "MRI CERVICAL SPINE", "CT THORACIC SPINE"),
    "ABDOMEN": ("CT ABDOMEN AND PELVIS", "US ABDOMEN COMPLETE", "XR ABDOMEN"),
}
PLACES = {
    "CHEST": "right upper lobe|left lower lobe|lingula"
    "|right hilum|mediastinum|left costophrenic angle|cardiac silhouette",
    "SHOULDER": "supraspinatus tendon|subscapularis|glenohumeral joint"
    "|acromion|greater tuberosity|biceps tendon|humeral head",
    "KNEE": "medial meniscus|patella|lateral tibial plateau|quadriceps tendon|femoral condyle|suprapatellar recess",
    "HIP": "acetabulum|femoral neck|gluteus medius"
    "|greater trochanter|pubic symphysis|sacroiliac joint|lesser trochanter",
    "HAND": "scaphoid|first carpometacarpal joint|distal radius|index finger|ulnar styloid|third metacarpal|thumb",
    "SPINE": "L4-L5 disc|C5-C6 level|T12 vertebral body|facet joints|neural foramen|spinous processes|sacrum",
    "ABDOMEN": "liver|gallbladder|left kidney|pancreatic tail|spleen|urinary bladder|ascending colon|adrenal gland",
}
SLOTS = {
    "much": "minimal|mild|moderate|marked|slight|subtle|trace|considerable|borderline|modest|appreciable|faint",
    "side": "left|right|medial|lateral|anterior|posterior|superior|inferior|proximal|distal|central|peripheral",
    "change": "unchanged from|improved since|slightly worse than on|stable compared with|new since|similar to",
    "why": "pain after a fall|cough and fever|follow-up|swelling|stiffness"
    "|trauma|weight loss|routine check|limp|numbness",
    "what": "effusion|swelling|degenerative change|joint space narrowing|oedema"
    "|opacity|thickening|atrophy|sclerosis|irregularity",
    "thing": "fracture|dislocation|mass|collection|effusion|foreign body|erosion|lucency|nodule|subluxation|haematoma",
    "tail": "clinical correlation is advised|comparison with priors would help"
    "|follow-up in {n} months if symptoms persist"
    "|no further imaging is needed|discussed with the referring team at {n}:{m}|orthopaedic referral may be considered",
    "device": "suture anchors|a screw and plate|an endotracheal tube"
    "|surgical clips|a central line|a total arthroplasty|staples",
    "view": "frontal|oblique|axial|weight-bearing|supine|lateral|coronal|swimmer's|sagittal",
}
PLAIN = (
    "There is {much} {what} about the {side} aspect of the {place}, {change} {d}.",
    "No {thing} is seen at the {place} on the {view} projection.",
    "The {place} measures {n}.{m} x {o} mm and shows {much} {what}.",
    "{much} {what} of the {place} with {o} mm of {side} displacement.",
    "Alignment of the {place} is maintained within {n} mm on the {view} view.",
    "{device} projecting over the {side} {place}, position {change} {d}.",
    "The {side} margin of the {place} appears {much} irregular over {n} mm, image {o}.",
    "Signal and attenuation of the {place} are within normal limits on series {n}, image {o}.",
    "No acute {thing} or {thing} of the {side} {place}.",
    "{much} asymmetry between the {side} {place} and the other side, {n} against {m} mm.",
    "The remainder of the {view} series, {o} images, is unremarkable for the {place}.",
    "Soft tissues around the {place} show {much} {what} measuring {o} mm.",
    "Compared with {d} there is {much} progression of the {what} at the {side} {place}.",
    "Incidental {n} mm {thing} near the {place}, {tail}.",
    "Limited {view} projection owing to body habitus; the {side} {place} is seen in {o} per cent.",
)
SUMMARY = (
    "No acute {thing} of the {side} {place}; {tail}.",
    "{much} {what} at the {place}, {change} {d}.",
    "Findings in keeping with {much} {what}, {n} mm; {tail}.",
    "1. {much} {what} of the {place}. 2. No {thing}.",
)
SAID = (
    "There is {much} amorphous calcification in the {place} measuring {n} mm.",
    "{n} mm calcific density adjacent to the {side} {place}, {change} {d}.",
    "Scattered vascular calcifications of the {side} arteries, {much}.",
    "No soft tissue calcification about the {place} on the {view} view.",
    "Calcified granuloma of {n} mm at the {side} base, {change} {d}.",
    "Heterotopic ossification {side} to the {place}, {o} mm in length.",
    "{much} atherosclerotic calcification of the aorta over {o} mm.",
    "Several pelvic phleboliths, the largest {n} mm, {side}.",
    "Chondrocalcinosis of the {place} is {much}.",
    "Possible {n} mm calcified focus near the {place}, likely dystrophic.",
)


def _fill(template: str, region: str, chance: random.Random) -> str:
    def word(match: re.Match[str]) -> str:
        name = match[1]
        if name == "d":
            return f"{chance.randint(1, 28)}/{chance.randint(1, 12)}/{chance.randint(2009, 2024)}"
        if name in "nmo":
            return str(chance.randint(1, {"n": 24, "m": 59, "o": 320}[name]))
        options = (PLACES[region] if name == "place" else SLOTS[name]).split("|")
        return _fill(chance.choice(options), region, chance)

    text = re.sub(r"\{(\w+)\}", word, template)
    return text[:1].upper() + text[1:]


def report(number: int, said: bool, chance: random.Random) -> dict[str, Any]:
    """One made-up report; ``said``: it mentions calcification in one to three sentences."""
    region = chance.choice(list(EXAMINATIONS))
    study = chance.choice(EXAMINATIONS[region])
    body = [_fill(chance.choice(PLAIN), region, chance) for _ in range(chance.randint(2, 9))]
    closing = [_fill(chance.choice(SUMMARY), region, chance)]
    if said:
        for _ in range(chance.choice((1, 1, 2, 3))):
            body.insert(chance.randrange(len(body) + 1), _fill(chance.choice(SAID), region, chance))
    age = chance.randint(3, 96)
    head = f"{study}\nINDICATION: {age} years, {_fill('{why}', region, chance)} for {chance.randint(2, 40)} days.\n"
    return {
        "note_id": f"{number:08d}",
        "person_id": f"P{number // 2:07d}",
        "study_description": study,
        "body_part": region,
        "age": float(age),
        "sex": chance.choice("FM"),
        "note_text": f"{head}FINDINGS: {' '.join(body)}\nIMPRESSION: {' '.join(closing)}",
    }


def write(path: Path, reports: int, share: float) -> dict[str, float]:
    """Writes a corpus; its mean length, and the number of distinct sentences as a share of all."""
    chance = random.Random(f"{SEED} {reports} {share}")
    schema = pa.schema([(n, pa.float64() if n == "age" else pa.string()) for n in report(0, False, chance)])
    length, seen, sentences = 0, set[int](), 0
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, reports, CHUNK):
            rows = [report(n, chance.random() < share, chance) for n in range(first, min(reports, first + CHUNK))]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            for row in rows:
                length += len(row["note_text"])
                for sentence in re.split(r"(?<=\.)\s", row["note_text"]):
                    sentences += 1
                    seen.add(hash(sentence))
    return {"mean_characters": length / reports, "distinct_sentences": len(seen) / sentences}


def stock() -> Any:
    """The stock pipeline with every finding phrase of the lexicon as a literal rule; no logging."""
    with warnings.catch_warnings():
        import medspacy
        from medspacy.target_matcher import TargetRule
    from loguru import logger

    # a matcher without token patterns warns at every report
    warnings.filterwarnings("ignore", message=r"\[W036\]")
    # at DEBUG it writes every token of every report: that would measure a terminal
    logger.disable("PyRuSH")
    logger.disable("PyFastNER")
    lexicon = load()
    nlp = medspacy.load()
    nlp.get_pipe("medspacy_target_matcher").add(
        [
            TargetRule(phrase, entry)
            for entry in lexicon.entries["findings"]
            for phrase in lexicon.phrases("findings", entry)
        ]
    )
    return nlp


def timed_stock(nlp: Any, texts: list[str]) -> float:
    """Seconds to read the texts with the stock pipeline."""
    begun = time.perf_counter()
    for text in texts:
        nlp(text)
    return time.perf_counter() - begun


DESIGNS: dict[str, tuple[str, ...]] = {
    "miner, 1 worker": ("--workers", "1"),
    "miner, 2 workers": ("--workers", "2"),
    "Spark, 2 cores": ("--engine", "spark", "--workers", "2"),
}
"""Options of ``miner sweep`` by design."""


def designs() -> dict[str, tuple[str, ...]]:
    """Those of the designs that this machine can run."""
    spark = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None
    return {name: given for name, given in DESIGNS.items() if spark or "spark" not in given}


def timed_sweep(path: Path, out: Path, given: tuple[str, ...]) -> float:
    """Seconds of the whole command."""
    command = [sys.executable, "-m", "miner.cli", "sweep", str(path), "--out", str(out), *given]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = time.perf_counter()
    done = subprocess.run([*command, "--replace"], capture_output=True, text=True, env=environment, check=False)
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"miner sweep ended with {done.returncode}:\n{done.stderr}")
    return seconds


def timed_limit(path: Path, pattern: str) -> float:
    """Seconds to read the file and scan every text once."""
    begun = time.perf_counter()
    texts = pq.read_table(path, columns=["note_text"])["note_text"]
    pc.sum(pc.match_substring_regex(pc.utf8_lower(texts), pattern)).as_py()
    return time.perf_counter() - begun


def measure(sizes: dict[str, tuple[int, float]], repeats: int, sample: int, folder: Path) -> Iterator[dict[str, Any]]:
    """All designs on all corpora, alternating; one line for each with the medians."""
    expression = pattern(load())
    one = folder / "one.parquet"
    write(one, 1, 1.0)
    # once unmeasured, so that the first repeat does not pay for the disk
    ways = designs()
    timed_sweep(one, folder / "out-one", next(iter(ways.values())))
    corpora = {name: folder / f"{name}.parquet" for name in sizes}
    facts = {name: write(corpora[name], *sizes[name]) for name in sizes}
    loading = time.perf_counter()
    nlp = stock()
    loading = time.perf_counter() - loading
    taken: dict[tuple[str, str], list[float]] = {}
    start: dict[str, list[float]] = {name: [] for name in ways}
    chance = random.Random(SEED)
    for _ in range(repeats):
        for design, given in ways.items():
            start[design].append(timed_sweep(one, folder / "out-one", given))
        for name, path in corpora.items():
            texts = pq.read_table(path, columns=["note_text"])["note_text"].to_pylist()
            some = chance.sample(texts, min(sample, len(texts)))
            taken.setdefault((name, "stock medspaCy"), []).append(timed_stock(nlp, some) * len(texts) / len(some))
            for design, given in ways.items():
                taken.setdefault((name, design), []).append(timed_sweep(path, folder / f"out-{name}", given))
            taken.setdefault((name, "limit: read and scan"), []).append(timed_limit(path, expression))
    began = {design: statistics.median(times) for design, times in start.items()}
    for (name, design), times in taken.items():
        reports, share = sizes[name]
        begin = began.get(design, loading if design.startswith("stock") else 0.0)
        whole = statistics.median(times) + (begin if design.startswith("stock") else 0.0)
        base = statistics.median(taken[name, "stock medspaCy"])
        yield {
            "corpus": name,
            "reports": reports,
            "mention": share,
            "mean_characters": round(facts[name]["mean_characters"]),
            "distinct_sentences": round(facts[name]["distinct_sentences"], 3),
            "design": design,
            "scaled_from": min(sample, reports) if design.startswith("stock") else reports,
            "repeats": repeats,
            "start_up_s": round(begin, 2),
            "whole_s": round(whole, 2),
            "reports_per_s": float(f"{reports / (whole - begin):.3g}"),
            "times_stock": float(f"{base / (whole - begin):.3g}"),
            "machine": machine(),
        }


def machine() -> str:
    """What it ran on, in one line, without its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("medspacy", "spacy", "pyarrow"))
    return f"{cores} cores, Python {platform.python_version()}, {versions}"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Reports a second as bars on a logarithmic axis."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "speed", "font.size": 9})
    names = list(dict.fromkeys(row["corpus"] for row in rows))
    figure, axes = plt.subplots(len(names), 1, figsize=(7, 1.6 * len(names) + 0.4), sharex=True, squeeze=False)
    for axis, name in zip(axes[:, 0], names, strict=True):
        lines = [row for row in rows if row["corpus"] == name][::-1]
        bars = axis.barh([row["design"] for row in lines], [row["reports_per_s"] for row in lines], color="#3b6ea5")
        axis.bar_label(bars, labels=[f" {row['reports_per_s']:,.0f}" for row in lines])
        axis.set_xscale("log")
        axis.set_title(f"{lines[0]['reports']:,} reports, {lines[0]['mention']:.0%} mention it", loc="left", fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("reports a second, start-up apart (logarithmic)")
    axes[-1, 0].set_xlim(right=axes[-1, 0].get_xlim()[1] * 4)
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| corpus | design | start-up, s | whole, s | reports a second | times stock |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        corpus = f"{row['reports']:,} reports, {row['mention']:.0%} mention it"
        lines.append(
            f"| {corpus} | {row['design']} | {row['start_up_s']:.1f} | {row['whole_s']:,.1f} "
            f"| {row['reports_per_s']:,.0f} | {row['times_stock']:,.3g} |"
        )
    facts = " and ".join(dict.fromkeys(f"{row['mean_characters']}" for row in rows))
    once = min(row["distinct_sentences"] for row in rows)
    first = rows[0]
    lines += [
        "",
        f"Medians of {first['repeats']} alternating repeats on {first['machine']}. Mean length of a report: {facts} "
        f"characters; distinct sentences make up {once:.0%} or more of a corpus. The stock script was timed on "
        f"{first['scaled_from']} reports of each corpus in each repeat and scaled.",
    ]
    return "\n".join(lines)


def recorded(path: Path = HERE / "speed.csv") -> list[dict[str, Any]]:
    """The rows of an earlier run."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: value if name in ("corpus", "design", "machine") else _number(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def _number(value: str) -> float:
    return int(value) if value.isdigit() else float(value)


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixed", type=int, default=20_000, help="reports of the corpus of which 2 %% mention it")
    parser.add_argument("--dense", type=int, default=5_000, help="reports of the corpus of which 15 %% mention it")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--stock", type=int, default=150, help="reports of each corpus that the stock script reads")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    parser.add_argument("--recorded", action="store_true", help="measure nothing; show the numbers of the last run")
    options = parser.parse_args()
    for name in ("mixed", "dense"):
        if not 1 <= getattr(options, name) <= MOST:
            parser.error(f"--{name}: between 1 and {MOST:,}")
    if options.recorded:
        rows = recorded()
    else:
        sizes = {"mixed": (options.mixed, 0.02), "dense": (options.dense, 0.15)}
        with tempfile.TemporaryDirectory() as folder:
            rows = list(measure(sizes, options.repeats, options.stock, Path(folder)))
        with (HERE / "speed.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    draw(rows, HERE / "speed.svg")
    print(table(rows))
    if options.readme:
        fill(ROOT / "README.md", "speed", table(rows))


if __name__ == "__main__":
    main()
