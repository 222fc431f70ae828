"""A corpus into tables on disk, and everything that can come between."""

from __future__ import annotations

import errno
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from miner import corpus as sweep_module
from miner import manifest as manifests
from miner import pool, records, store
from miner.cli import main
from miner.corpus import sweep
from miner.errors import InputError, MinerError, WriteError
from miner.tables import Sweep, load

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the stand-in miner where this file lies."""
    monkeypatch.syspath_prepend(str(HERE))


def corpus(path: Path, rows: int = 60, texts: dict[int, str] | None = None) -> Path:
    """A CSV file of short reports, every fifth with a calcification; ``texts`` puts others in place."""
    lines = ["note_id,person_id,note_date,age,note_text"]
    for n in range(rows):
        text = (texts or {}).get(n, "Soft tissue calcification." if n % 5 == 0 else f"Normal study {n}.")
        lines.append(f"{n:04d},p{n // 3},2024-01-{n % 28 + 1:02d},{n % 90},{text}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(source: Any, out: Path, miner: str = "Miner", **options: Any) -> Sweep:
    """Sweep with the stand-in miner, ten reports a part."""
    return sweep(source, out, **{"batch_rows": 10, "miner_factory": f"standin:{miner}", **options})


def content(out: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, in order, as any other tool would read them."""
    found = {}
    for name in records.TABLES:
        paths = sorted((out / name).glob("part-*.parquet"))
        found[name] = ds.dataset([str(path) for path in paths], format="parquet").to_table().to_pylist()
    return found


def adds_up(made: Sweep) -> None:
    """Rows in equal rows out, by every count there is."""
    counts = made.manifest["counts"]
    assert counts["read"] == counts["mined"] + counts["screened_out"] + counts["failed"] == len(made.reports)
    assert counts["read"] == sum(item["rows"] for item in made.manifest["inputs"])
    assert counts["failed"] == (made.reports["outcome"] == "failed").sum() == len(made.failures)


def test_sweep_makes_every_table(tmp_path: Path) -> None:
    """A sweep writes every table in every part with its schema, one report row for each input row, in order."""
    made = run(corpus(tmp_path / "a.csv"), tmp_path / "out")
    assert list(made.reports["note_id"]) == [f"{n:04d}" for n in range(60)]
    assert made.manifest["counts"] == {"read": 60, "mined": 12, "screened_out": 48, "failed": 0}
    assert len(made.mentions) == 12 and made.mentions["start"].tolist() == [12] * 12
    for name, schema in records.TABLES.items():
        parts = sorted((tmp_path / "out" / name).glob("*"))
        assert [part.name for part in parts] == [f"part-{n:05d}.parquet" for n in range(6)]
        assert all(pq.read_schema(part).equals(schema) for part in parts)
    assert made.exit_code == 0 and made.manifest["state"] == "complete"
    adds_up(made)


def test_no_report_text_in_the_output(tmp_path: Path) -> None:
    """Nothing a sweep writes holds text of a report, not even where reports fail with their text in the error."""
    texts = {3: "RAISEME Zebrafish", 4: "Zebrafish calcification"}
    source = corpus(tmp_path / "a.csv", 20, texts)
    source.write_text(source.read_text(encoding="utf-8") + "1,2,3,4,5,6,Zebrafish\n", encoding="utf-8")
    made = run(source, tmp_path / "out", miner="Careless")
    assert made.manifest["counts"]["failed"] == 2
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or b"Zebrafish" not in path.read_bytes()
    assert "Zebrafish" not in repr(content(tmp_path / "out"))


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever a worker prints or logs goes nowhere."""
    run(corpus(tmp_path / "a.csv"), tmp_path / "out", miner="Careless")
    assert capfd.readouterr() == ("", "")


def test_workers_change_nothing(tmp_path: Path) -> None:
    """One worker, three workers and one per core give the same tables."""
    source = corpus(tmp_path / "a.csv", 200, {17: "KILLME", 60: "RAISEME"})
    made = [run(source, tmp_path / f"out{n}", workers=n) for n in (1, 3, 0)]
    assert content(made[0].path) == content(made[1].path) == content(made[2].path)


def test_load_returns_what_sweep_returned(tmp_path: Path) -> None:
    """load(out) is what sweep(...) gave back."""
    made = run(corpus(tmp_path / "a.csv"), tmp_path / "out")
    again = load(tmp_path / "out")
    assert again.manifest == made.manifest
    assert again.reports.equals(made.reports)


def test_manifest_says_what_was_done(tmp_path: Path) -> None:
    """The manifest has versions, digests, inputs, counts, made identifiers, duplicates and what was unreadable."""
    path = tmp_path / "a.csv"
    path.write_text(
        "id,date,age,text\n1,2024-01-01,5,a\n1,soon,old,a\n,2024-01-02,7,b\nNULL,,,\n2,,,\n", encoding="utf-8"
    )
    manifest = run(path, tmp_path / "out").manifest
    assert manifest["made_ids"] == 2 and manifest["blank_texts"] == 2
    assert manifest["unreadable"] == {"note_date": 1, "age": 1}
    assert manifest["duplicates"] == {"note_id": 1, "note_text": 2}
    item = manifest["inputs"][0]
    assert (item["label"], item["rows"], item["size"], item["encoding"]) == ("a.csv", 5, path.stat().st_size, "utf-8")
    assert len(item["digest"]) == 64 and item["columns"]["note_text"] == "text"
    assert manifest["schema_version"] == records.SCHEMA_VERSION
    assert {"python", "miner", "spacy", "medspacy"} <= set(manifest["versions"])
    assert manifest["lexicon_digest"] and manifest["configuration_digest"]
    assert manifest["start"] <= manifest["end"]
    assert manifest["settings"]["time_limit"] == 60.0


def test_blank_reports_are_absent_not_failed(tmp_path: Path) -> None:
    """An empty report is a report in which nothing is present."""
    made = run(corpus(tmp_path / "a.csv", 3, {0: "", 1: '"  "'}), tmp_path / "out")
    assert made.reports["soft_tissue"].tolist() == ["absent"] * 3


def test_duplicate_ids_are_kept(tmp_path: Path) -> None:
    """Two reports of one identifier stay two rows, over part borders too."""
    rows = "".join("7,text\n" for _ in range(25))
    (tmp_path / "a.csv").write_text("id,text\n" + rows, encoding="utf-8")
    made = run(tmp_path / "a.csv", tmp_path / "out")
    assert len(made.reports) == 25 and made.manifest["duplicates"] == {"note_id": 24, "note_text": 24}


def test_broken_rows_are_failures_in_their_place(tmp_path: Path) -> None:
    """A row that cannot be read is a failed report where it stood, with stage and line, and the rest is mined."""
    (tmp_path / "a.csv").write_text("id,text\n1,a\n2,b,secret\n3,calcification\n", encoding="utf-8")
    made = run(tmp_path / "a.csv", tmp_path / "out", max_failures=5)
    assert made.reports["note_id"].tolist() == ["1", "a.csv:row-2", "3"]
    assert made.reports["outcome"].tolist() == ["screened_out", "failed", "mined"]
    assert made.reports["soft_tissue"].isna().tolist() == [False, True, False]
    assert made.failures.iloc[0].tolist() == [
        "a.csv:row-2", "read", "a.csv: line 3: it has 3 fields where the header has 2"
    ]  # fmt: skip
    adds_up(made)


def test_max_failures(tmp_path: Path) -> None:
    """More failures than allowed, as a number or a share, make the exit code 1; the work is done all the same."""
    source = corpus(tmp_path / "a.csv", 20, {3: "RAISEME", 4: "RAISEME"})
    for number, (allowed, code) in enumerate([(2, 0), (1, 1), (0, 1), (0.1, 0), (0.05, 1)]):
        made = run(source, tmp_path / f"out{number}", max_failures=allowed)
        assert made.exit_code == code and len(made.reports) == 20
        assert ("--max-failures" in " ".join(made.fell_short)) == bool(code)


def test_report_that_raises(tmp_path: Path) -> None:
    """A report that raises fails alone, with the class and place of the error and no text."""
    made = run(corpus(tmp_path / "a.csv", 30, {12: "RAISEME secret"}), tmp_path / "out", max_failures=1)
    assert made.failures["note_id"].tolist() == ["0012"] and made.failures["stage"].tolist() == ["mine"]
    assert made.failures["error"][0].startswith("ValueError at standin.py:")
    row = made.reports.iloc[12]
    assert row["outcome"] == "failed" and row["person_id"] == "p4" and row["age"] == 12
    adds_up(made)


def test_report_that_kills_its_worker(tmp_path: Path) -> None:
    """A report that ends the process fails alone; all others of its batch are mined."""
    made = run(corpus(tmp_path / "a.csv", 50, {12: "KILLME", 13: "KILLME", 49: "KILLME"}), tmp_path / "out")
    assert made.failures["note_id"].tolist() == ["0012", "0013", "0049"]
    assert made.failures["stage"].tolist() == ["worker"] * 3 and "SIGKILL" in made.failures["error"][0]
    assert made.manifest["counts"]["failed"] == 3
    adds_up(made)


def test_report_that_hangs(tmp_path: Path) -> None:
    """A report that takes longer than it may fails alone, as a timeout."""
    made = run(corpus(tmp_path / "a.csv", 30, {12: "HANGME"}), tmp_path / "out", time_limit=0.5)
    assert made.failures.iloc[0].tolist() == ["0012", "timeout", "it took longer than 0.5 s"]
    adds_up(made)


def test_report_that_hangs_deaf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report stuck where no timer reaches it costs its process and itself."""
    monkeypatch.setattr("miner.pool.GRACE", 0.5)
    made = run(corpus(tmp_path / "a.csv", 20, {12: "STUCKME"}), tmp_path / "out", time_limit=1.0)
    assert made.failures["note_id"].tolist() == ["0012"] and made.failures["stage"].tolist() == ["timeout"]
    assert "could not be interrupted" in made.failures["error"][0]
    adds_up(made)


def test_workers_that_always_die_stop_the_sweep(tmp_path: Path) -> None:
    """Where every worker dies it is not the reports: the sweep stops and says so, and can go on later."""
    source = corpus(tmp_path / "a.csv", 40)
    with pytest.raises(MinerError, match="in a row") as caught:
        run(source, tmp_path / "out", miner="Mortal", batch_rows=40)
    assert caught.value.exit_code == 1
    assert store.markers(tmp_path / "out") == []
    assert run(source, tmp_path / "out", batch_rows=40).manifest["counts"]["failed"] == 0


def test_rows_that_get_lost_are_failures(tmp_path: Path) -> None:
    """A miner that answers with fewer rows than it was given is not believed."""
    made = run(corpus(tmp_path / "a.csv", 20), tmp_path / "out", miner="Short")
    assert made.manifest["counts"]["failed"] == 20
    adds_up(made)


def test_faulty_lexicon_is_told(tmp_path: Path) -> None:
    """What is wrong with a lexicon reaches the user in the words of the lexicon's check, with exit code 2."""
    with pytest.raises(InputError, match=r"findings.toml: entry x: no label"):
        run(corpus(tmp_path / "a.csv"), tmp_path / "out", lexicons=[tmp_path / "bad"])


def test_worker_that_cannot_start(tmp_path: Path) -> None:
    """A miner that is not there is an error, not a hang."""
    with pytest.raises(MinerError, match="ModuleNotFoundError"):
        sweep(corpus(tmp_path / "a.csv"), tmp_path / "out", miner_factory="nowhere:Miner")


def test_complete_sweep_is_not_done_again(tmp_path: Path) -> None:
    """The same call on a complete sweep gives it back as it is."""
    source = corpus(tmp_path / "a.csv")
    first = run(source, tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("part-*")}
    assert run(source, tmp_path / "out").manifest == first.manifest
    assert times == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("part-*")}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"contexts": "all"}, "configuration: contexts was 'findings', is 'all'"),
        ({"lexicons": ["other"]}, "lexicon digest"),
        ({"time_limit": 9.0}, "time_limit"),
    ],
)
def test_other_settings_are_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    """A folder does not take results of two settings; the error names the difference and the ways out."""
    source = corpus(tmp_path / "a.csv")
    run(source, tmp_path / "out")
    with pytest.raises(InputError) as caught:
        run(source, tmp_path / "out", **change)
    assert told in str(caught.value) and "--replace" in str(caught.value)
    assert run(source, tmp_path / "out", replace=True, **change).manifest["state"] == "complete"


def test_other_input_is_refused(tmp_path: Path) -> None:
    """A changed or added input is named; --replace starts anew and leaves nothing of the old sweep."""
    source = corpus(tmp_path / "a.csv", 60)
    run(source, tmp_path / "out")
    with pytest.raises(InputError, match=r"input: changed: a\.csv"):
        run(corpus(tmp_path / "a.csv", 15), tmp_path / "out")
    with pytest.raises(InputError, match=r"new: b\.csv"):
        run([source, corpus(tmp_path / "b.csv")], tmp_path / "out")
    made = run(source, tmp_path / "out", replace=True)
    assert len(made.reports) == 15 and len(list((tmp_path / "out" / "reports").iterdir())) == 2


def test_other_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of two versions are not mixed."""
    source = corpus(tmp_path / "a.csv")
    run(source, tmp_path / "out")
    monkeypatch.setattr("miner.manifest.versions", lambda: {"miner": "99", "spacy": None, "medspacy": None})
    with pytest.raises(InputError, match="version: miner was"):
        run(source, tmp_path / "out")


def test_foreign_folder_is_refused(tmp_path: Path) -> None:
    """A folder with other things in it is left alone, with --replace too."""
    source = corpus(tmp_path / "a.csv")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("x", encoding="utf-8")
    for replace in (False, True):
        with pytest.raises(InputError, match=r"thesis\.docx"):
            run(source, tmp_path / "out", replace=replace)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.docx"]
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        run(source, tmp_path / "file")


def test_replace_keeps_what_is_not_ours(tmp_path: Path) -> None:
    """--replace removes parts and manifest, and nothing that someone put beside them."""
    source = corpus(tmp_path / "a.csv")
    run(source, tmp_path / "out")
    (tmp_path / "out" / "report.html").write_text("x", encoding="utf-8")
    run(source, tmp_path / "out", replace=True, contexts="all")
    assert (tmp_path / "out" / "report.html").exists()


def test_input_and_output_apart(tmp_path: Path) -> None:
    """A sweep does not write where it reads."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("a", encoding="utf-8")
    with pytest.raises(InputError, match="apart"):
        run(folder, folder / "out")
    run(corpus(tmp_path / "a.csv"), tmp_path / "out")
    with pytest.raises(InputError, match="apart"):
        run(tmp_path / "out" / "reports" / "part-00000.parquet", tmp_path / "out", text_column="outcome")


def test_wrong_options_are_told_together(tmp_path: Path) -> None:
    """All options out of range are named at once."""
    with pytest.raises(InputError) as caught:
        run(corpus(tmp_path / "a.csv"), tmp_path / "out", workers=-1, contexts="some", max_failures=-1, time_limit=-1)
    assert len(str(caught.value).split("\n")) == 4


def test_second_sweep_at_once_is_refused(tmp_path: Path) -> None:
    """Two sweeps do not write into one folder at the same time; the lock of one that is over is no lock."""
    source = corpus(tmp_path / "a.csv")
    with store.locked(tmp_path / "out"), pytest.raises(InputError, match="another sweep"):
        run(source, tmp_path / "out")
    assert (tmp_path / "out" / store.LOCK).exists()
    run(source, tmp_path / "out")


def test_unreadable_input_among_others(tmp_path: Path) -> None:
    """An input that is no text is named in the manifest and makes the exit code 1; the others are swept."""
    (tmp_path / "b.csv").write_bytes(bytes(range(256)) * 9)
    made = run([corpus(tmp_path / "a.csv", 12), tmp_path / "b.csv"], tmp_path / "out")
    assert made.exit_code == 1 and "b.csv" in made.fell_short[0]
    assert len(made.reports) == 12 and made.manifest["inputs"][1]["problem"]
    adds_up(made)


def test_input_that_disappears_in_mid_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that goes away during the sweep is named; the others are swept."""
    sources = [corpus(tmp_path / "a.csv", 12), corpus(tmp_path / "b.csv", 12)]
    real = sweep_module.survey

    def look(*args: Any, **options: Any) -> Any:
        seen = real(*args, **options)
        sources[1].unlink()
        return seen

    monkeypatch.setattr(sweep_module, "survey", look)
    made = run(sources, tmp_path / "out")
    assert made.exit_code == 1 and "No such file" in made.fell_short[0] and len(made.reports) == 12
    adds_up(made)


def test_hundred_files_of_which_three_are_unreadable(tmp_path: Path) -> None:
    """Three files of a hundred that cannot be read are each named; every report of the others is there, in order."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(100):
        corpus(folder / f"day-{number:03d}.csv", 3)
    (folder / "day-007.csv").write_bytes(bytes(range(256)) * 9)
    (folder / "day-050.csv").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 9)
    (folder / "day-099.csv").write_bytes(gzip.compress(b"note_id,note_text\na,b\n")[:9])
    made = run(folder, tmp_path / "out", workers=2)
    assert made.exit_code == 1 and len(made.fell_short) == 3
    assert [any(name in told for told in made.fell_short) for name in ("day-007", "day-050", "day-099")] == [True] * 3
    assert len(made.reports) == 97 * 3
    adds_up(made)


def test_column_that_changes_its_type(tmp_path: Path) -> None:
    """Identifiers and ages that are numbers in one file and words in the next come out as they were given."""
    texts = ["Soft tissue calcification.", "Normal."]
    one = pa.table({"note_id": pa.array([1, 2]), "age": pa.array([67, 5]), "note_text": texts})
    two = pa.table({"note_id": pa.array(["007", "A-1"]), "age": pa.array(["67Y", "unknown"]), "note_text": texts})
    pq.write_table(one, tmp_path / "1.parquet")
    pq.write_table(two, tmp_path / "2.parquet")
    made = run([tmp_path / "1.parquet", tmp_path / "2.parquet"], tmp_path / "out")
    assert made.exit_code == 0
    assert made.reports["note_id"].tolist() == ["1", "2", "007", "A-1"]
    assert made.reports["age"].fillna(-1).tolist() == [67.0, 5.0, 67.0, -1.0]
    adds_up(made)


def test_clock_that_goes_backwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that ends before it began, by the clock, is whole and goes on all the same."""
    source = corpus(tmp_path / "a.csv")
    times = iter([f"20{year:02d}-01-01T00:00:00+00:00" for year in range(60, 0, -1)])
    monkeypatch.setattr(manifests, "now", lambda: next(times))
    made = run(source, tmp_path / "out")
    assert made.manifest["state"] == "complete" and made.manifest["end"] < made.manifest["start"]
    (tmp_path / "out" / "_parts" / "00003.json").unlink()
    manifest = json.loads((tmp_path / "out" / store.MANIFEST).read_text(encoding="utf-8"))
    store.write_json(tmp_path / "out" / store.MANIFEST, {**manifest, "state": "interrupted"})
    assert content(run(source, tmp_path / "out").path) == content(run(source, tmp_path / "whole").path)


def test_only_broken_rows(tmp_path: Path) -> None:
    """A file of nothing but broken rows is a sweep of nothing but failures."""
    (tmp_path / "a.csv").write_text("id,text\n1,2,3\n4,5,6\n", encoding="utf-8")
    made = run(tmp_path / "a.csv", tmp_path / "out")
    assert made.manifest["counts"] == {"read": 2, "mined": 0, "screened_out": 0, "failed": 2}
    assert made.exit_code == 1
    adds_up(made)


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk stops the sweep with what to do; the parts before are whole, and the same call goes on."""
    source = corpus(tmp_path / "a.csv")
    real, written = pq.write_table, []

    def full(table: pa.Table, where: Any, **options: Any) -> None:
        written.append(table)
        if len(written) > 3 * len(records.TABLES) + 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(table, where, **options)

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(WriteError, match=r"No space left.*repeat the same call"):
        run(source, tmp_path / "out")
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(HERE))
    assert json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["state"] == "interrupted"
    assert len(store.markers(tmp_path / "out")) == 3
    made = run(source, tmp_path / "out")
    assert made.manifest["starts"] == 2
    assert content(tmp_path / "out") == content(run(source, tmp_path / "fresh").path)


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without write access is a clear error before anything is mined."""

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    source = corpus(tmp_path / "a.csv")
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        run(source, tmp_path / "out")


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from miner.corpus import sweep
sweep({source!r}, {out!r}, workers={workers}, batch_rows=10, miner_factory="standin:Miner")
"""


def started(source: Path, out: Path, workers: int = 2) -> subprocess.Popen[bytes]:
    """A sweep in a process of its own, from a script without a main guard."""
    script = SCRIPT.format(here=str(HERE), source=str(source), out=str(out), workers=workers)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])}
    # a test run that was started in the background ignores Ctrl-C, and so would what it starts
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)


def wait_for(process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
    """Wait until something holds while the process runs."""
    end = time.monotonic() + 60.0
    while not condition():
        assert process.poll() is None and time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.2, 0.4, 0.7])
def test_kill_and_go_on(tmp_path: Path, moment: float) -> None:
    """A sweep that is killed outright at any moment goes on where it stopped, and ends as one that was not."""
    source = corpus(tmp_path / "a.csv", 300, {n: f"SLOWLY calcification {n}" for n in range(0, 300, 3)})
    out = tmp_path / "out"
    process = started(source, out)
    wait_for(process, lambda: (out / "run.json").exists())
    time.sleep(moment + random.Random(moment).random() / 10)
    process.kill()
    process.communicate()
    with pytest.raises(InputError, match="partial=True"):
        load(out)
    partial = load(out, partial=True)
    assert len(partial.reports) == partial.manifest["counts"]["read"] == 10 * partial.manifest["parts"] < 300
    made = run(source, out, workers=2)
    assert made.manifest["starts"] == 2 and made.manifest["counts"]["read"] == 300
    assert content(out) == content(run(source, tmp_path / "whole").path)
    assert not list(out.rglob(".*.tmp"))


def test_half_written_part_is_overwritten(tmp_path: Path) -> None:
    """A part without its marker, or a marker that is not whole, is not believed."""
    source = corpus(tmp_path / "a.csv")
    whole = content(run(source, tmp_path / "out").path)
    manifest = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    (tmp_path / "out" / "run.json").write_text(json.dumps({**manifest, "state": "running"}), encoding="utf-8")
    (tmp_path / "out" / "_parts" / "00003.json").write_text("{", encoding="utf-8")
    (tmp_path / "out" / "reports" / "part-00004.parquet").write_bytes(b"half")
    assert load(tmp_path / "out", partial=True).manifest["parts"] == 3
    assert content(run(source, tmp_path / "out").path) == whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and a plain kill leave whole parts, a manifest that says interrupted, and no process behind."""
    source = corpus(tmp_path / "a.csv", 300, dict.fromkeys(range(300), "SLOWLY"))
    out = tmp_path / "out"
    process = started(source, out)
    wait_for(process, lambda: len(store.markers(out)) > 2)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert b"KeyboardInterrupt" in told
    manifest = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert manifest["state"] == "interrupted" and manifest["counts"]["read"] == 10 * manifest["parts"] > 0
    assert len(load(out, partial=True).reports) == manifest["counts"]["read"]
    assert run(source, out).manifest["counts"]["read"] == 300


def test_replace_that_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A --replace that stops in the middle of clearing up leaves no manifest that vouches for what is gone."""
    source = corpus(tmp_path / "a.csv")
    run(source, tmp_path / "out")

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "clear", stop)
    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path / "out", replace=True)
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(HERE))
    with pytest.raises(InputError):
        load(tmp_path / "out")
    assert len(run(source, tmp_path / "out").reports) == 60


def test_repeated_ids_are_kept_and_told(tmp_path: Path) -> None:
    """Reports with the same id are all kept; the command says how many there are."""
    source = tmp_path / "a.csv"
    source.write_text("note_id,note_text\n1,Phleboliths in the pelvis.\n1,Normal.\n2,Normal.\n", encoding="utf-8")
    told = CliRunner().invoke(main, ["sweep", str(source), "--out", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    assert "2 reports share their note_id with another" in told.output
    sweep = load(tmp_path / "out")
    assert list(sweep.reports["note_id"]) == ["1", "1", "2"] and sweep.repeated_ids == 2


def test_progress(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Progress is a line on standard error where asked for, and nothing where that is no terminal."""
    run(corpus(tmp_path / "a.csv"), tmp_path / "out")
    assert capsys.readouterr().err == ""
    run(corpus(tmp_path / "b.csv"), tmp_path / "out2", progress=True)
    assert "reports" in capsys.readouterr().err


def test_worker_is_replaced_after_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are replaced after so many mined reports, and nothing is lost."""
    started_ones = []
    real = pool._Worker.__init__

    def counted(self: Any, plan: pool.Plan) -> None:
        started_ones.append(self)
        real(self, plan)

    monkeypatch.setattr(pool._Worker, "__init__", counted)
    monkeypatch.setattr(pool, "RECYCLE", 4)
    made = run(corpus(tmp_path / "a.csv", 60), tmp_path / "out")
    assert len(started_ones) == 3
    adds_up(made)
