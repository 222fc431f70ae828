"""A sweep in shards, merged, is the sweep in one piece; nothing may be missing or twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import miner
from miner import records
from miner.cli import main
from miner.corpus import sweep
from miner.errors import InputError
from miner.shard import Shard
from miner.shards import merge

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in miner, where workers look for it."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """95 reports in a Parquet file, one of them twice."""
    path = tmp_path / "corpus.parquet"
    ids = [f"n{i}" for i in range(94)] + ["n3"]
    pq.write_table(pa.table({"note_id": ids, "note_text": [f"Report {i % 94}." for i in range(95)]}), path)
    return path


def run(source: Path, out: Path, **options: Any) -> Any:
    """A sweep with the stand-in miner and small batches."""
    return sweep(source, out, **{"batch_rows": 10, "miner_factory": "standin:Miner", **options})


def tables(out: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, in order."""
    return {
        name: [row for part in sorted((out / name).glob("part-*.parquet")) for row in pq.read_table(part).to_pylist()]
        for name in records.TABLES
    }


@pytest.mark.parametrize("count", [1, 3, 4, 16])
def test_merged_shards_are_the_whole(tmp_path: Path, corpus: Path, count: int) -> None:
    """Row for row, in the order of the input, with the same counts; also with more shards than batches."""
    whole = run(corpus, tmp_path / "whole")
    folders = [tmp_path / f"shard-{i}" for i in range(1, count + 1)]
    for index, folder in enumerate(folders, 1):
        run(corpus, folder, shard=f"{index}/{count}")
    made = merge(folders[::-1], tmp_path / "merged")
    assert tables(tmp_path / "merged") == tables(tmp_path / "whole")
    for name in ("counts", "tables", "parts", "made_ids", "duplicates", "fell_short", "configuration_digest"):
        assert made.manifest[name] == whole.manifest[name], name
    assert made.manifest["inputs"] == whole.manifest["inputs"]
    assert made.manifest["shards"] == count


def test_shard_goes_on_where_it_stopped(tmp_path: Path, corpus: Path) -> None:
    """A shard whose last parts are gone makes only those anew."""
    run(corpus, tmp_path / "a", shard="2/3")
    before = tables(tmp_path / "a")
    manifest = tmp_path / "a" / "run.json"
    manifest.write_text(manifest.read_text().replace('"state": "complete"', '"state": "interrupted"'))
    (tmp_path / "a" / "_parts" / "00001.json").unlink()
    run(corpus, tmp_path / "a", shard="2/3")
    assert tables(tmp_path / "a") == before


def test_another_shard_does_not_go_on(tmp_path: Path, corpus: Path) -> None:
    """The folder of one shard is refused to another."""
    run(corpus, tmp_path / "a", shard="1/3")
    with pytest.raises(InputError, match=r"shard was \[1, 3\], is \[2, 3\]"):
        run(corpus, tmp_path / "a", shard="2/3")


def test_everything_wrong_is_told_at_once(tmp_path: Path, corpus: Path) -> None:
    """A missing shard, one twice, one of another sweep, one unfinished and one that is none, in one error."""
    run(corpus, tmp_path / "one", shard="1/4")
    run(corpus, tmp_path / "again", shard="1/4")
    run(corpus, tmp_path / "other", shard="2/4", contexts="all")
    run(corpus, tmp_path / "none")
    run(corpus, tmp_path / "half", shard="3/4")
    manifest = tmp_path / "half" / "run.json"
    manifest.write_text(manifest.read_text().replace('"state": "complete"', '"state": "interrupted"'))
    with pytest.raises(InputError) as caught:
        merge([tmp_path / name for name in ("one", "again", "other", "none", "half")], tmp_path / "out")
    told = str(caught.value)
    for part in (
        "none: is not a shard",
        "half: is interrupted",
        "contexts was 'findings', is 'all'",
        "missing: 4/4",
        "1/4: is there more than once",
    ):
        assert part in told
    assert not (tmp_path / "out").exists()


def test_merge_refuses_its_own_shards_and_foreign_folders(tmp_path: Path, corpus: Path) -> None:
    """The result never lands on a shard, nor on a sweep that nobody said to replace."""
    for index in (1, 2):
        run(corpus, tmp_path / str(index), shard=f"{index}/2")
    folders = [tmp_path / "1", tmp_path / "2"]
    with pytest.raises(InputError, match="is one of the shards"):
        merge(folders, tmp_path / "1")
    merge(folders, tmp_path / "out")
    with pytest.raises(InputError, match="holds a sweep already"):
        merge(folders, tmp_path / "out")
    before = tables(tmp_path / "out")
    assert tables(miner.merge(folders, tmp_path / "out", replace=True).path) == before


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "-1/3", "1/3/5"])
def test_wrong_shards(text: str) -> None:
    """What is no shard is told with what is allowed."""
    with pytest.raises(InputError, match="allowed are i/n"):
        Shard.of(text)


def test_every_batch_has_one_shard() -> None:
    """Each batch belongs to exactly one shard, and the parts of a shard are numbered without a gap."""
    for count in range(1, 9):
        shards = [Shard(index, count) for index in range(1, count + 1)]
        parts: dict[int, list[int]] = {shard.index: [] for shard in shards}
        for batch in range(50):
            places = [(shard.index, part) for shard in shards if (part := shard.part(batch)) is not None]
            assert len(places) == 1
            parts[places[0][0]].append(places[0][1])
        assert all(found == list(range(len(found))) for found in parts.values())


def test_command_line(tmp_path: Path, corpus: Path) -> None:
    """The commands say what was done, and errors come without a trace."""
    for index in (1, 2):
        run(corpus, tmp_path / str(index), shard=f"{index}/2")
    made = CliRunner().invoke(main, ["merge", str(tmp_path / "1"), str(tmp_path / "2"), "--out", str(tmp_path / "out")])
    assert made.exit_code == 0, made.output
    assert "2 shards, 95 reports" in made.output
    wrong = CliRunner().invoke(main, ["merge", str(tmp_path / "1"), "--out", str(tmp_path / "other")])
    assert wrong.exit_code == 2
    assert "missing: 2/2" in wrong.output + (wrong.stderr if wrong.stderr_bytes else "")
