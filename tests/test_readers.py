"""Every input format as batches of reports, and every bad input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miner import records
from miner.errors import InputError
from miner.readers import Batch, batches, delimited, survey

HEADER = ["note_id", "sex", "note_text"]
ROWS = [["001", "F", "No calcification."], ["002", "M", 'Said "normal",\nsecond line; ü'], ["003", "F", "Ossified."]]


def written(rows: list[list[str]], delimiter: str = ",", header: list[str] | None = HEADER) -> str:
    """Rows as the text of a CSV file."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([header, *rows] if header else rows)
    return stream.getvalue()


def everything(path: object, **options: object) -> list[Batch]:
    """All batches of an input."""
    sizes = {name: options.pop(name) for name in ("rows", "size") if name in options}
    return list(batches(survey(path, **options), **sizes))  # type: ignore[arg-type]


def texts(found: list[Batch]) -> list[str]:
    """The texts in batches."""
    return [text for batch in found for text in batch.reports["note_text"].to_pylist()]


def ids(found: list[Batch]) -> list[str]:
    """The identifiers in batches."""
    return [value for batch in found for value in batch.reports["note_id"].to_pylist()]


def broken(found: list[Batch]) -> list[str]:
    """The errors of the rows that could not be read."""
    return [row.error for batch in found for row in batch.broken]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiters(tmp_path: Path, delimiter: str) -> None:
    """Comma, semicolon, tab and bar are told apart; leading zeros, quotes and line breaks survive."""
    path = tmp_path / "a.csv"
    path.write_text(written(ROWS, delimiter), encoding="utf-8", newline="")
    found = everything(path)
    assert ids(found) == ["001", "002", "003"]
    assert texts(found) == [row[2] for row in ROWS]
    assert found[0].reports.schema == records.INPUT_SCHEMA
    assert not broken(found)


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_encodings(tmp_path: Path, encoding: str, told: str, zipped: bool) -> None:
    """Each encoding is recognised and recorded, plain and compressed."""
    path = tmp_path / ("a.csv.gz" if zipped else "a.csv")
    data = written(ROWS).encode(encoding)
    path.write_bytes(gzip.compress(data) if zipped else data)
    assert survey(path).sources[0].encoding == told
    assert texts(everything(path)) == [row[2] for row in ROWS]


def test_encoding_that_turns_late(tmp_path: Path) -> None:
    """A Windows-1252 letter behind megabytes of plain ASCII is seen before the first row is handed on."""
    path = tmp_path / "a.csv"
    rows = [[str(n), "F", "plain text " * 100] for n in range(8000)]
    path.write_bytes(written([*rows, ["x", "F", "Größe"]]).encode("cp1252"))
    assert path.stat().st_size > 8_000_000
    seen = survey(path)
    assert seen.sources[0].encoding == "cp1252"
    assert texts(list(batches(seen)))[-1] == "Größe"


def test_stray_bytes_in_utf8_are_replaced(tmp_path: Path) -> None:
    """Where most of a file speaks for UTF-8, a few stray bytes become U+FFFD and are told; nothing else changes."""
    path = tmp_path / "a.csv"
    path.write_bytes(written([["1", "F", "äöü äöü"], ["2", "F", "bad ?"]]).encode().replace(b"?", b"\xff"))
    seen = survey(path)
    assert seen.sources[0].encoding == "utf-8" and "1 byte" in seen.sources[0].notes[0]
    assert texts(list(batches(seen))) == ["äöü äöü", "bad \ufffd"]


def test_surrogates_written_as_bytes_keep_their_length(tmp_path: Path) -> None:
    """A surrogate that was written as three bytes becomes one U+FFFD, so offsets stay."""
    path = tmp_path / "a.csv"
    path.write_bytes(written([["1", "F", "äöüäöü x\ud800y"]]).encode("utf-8", "surrogatepass"))
    assert texts(everything(path)) == ["äöüäöü x\ufffdy"]


def test_encoding_can_be_told(tmp_path: Path) -> None:
    """--encoding overrides the look; an unknown one is refused."""
    path = tmp_path / "a.csv"
    path.write_bytes(written(ROWS).encode("utf-16-le"))
    assert texts(everything(path, encoding="utf-16-le")) == [row[2] for row in ROWS]
    for wrong in ("klingon", "base64"):
        with pytest.raises(InputError, match=f"--encoding '{wrong}'"):
            survey(path, encoding=wrong)
    path.write_bytes(b'\xef\xbb\xbf"note_id","note_text"\n"1","a"\n')
    assert ids(everything(path, encoding="utf-8")) == ["1"]


def test_row_with_more_fields(tmp_path: Path) -> None:
    """A row with more fields than the header is a broken row with its line; the others are kept, in place."""
    path = tmp_path / "a.csv"
    path.write_text('note_id,note_text\n1,"two\nlines"\n2,one,two,secret\n3,three\n', encoding="utf-8")
    found = everything(path)
    assert ids(found) == ["1", "3"]
    assert broken(found) == ["a.csv: line 4: it has 4 fields where the header has 2"]
    assert (found[0].broken[0].at, found[0].broken[0].note_id) == (1, "a.csv:row-2")


def test_every_row_with_more_fields_is_counted(tmp_path: Path) -> None:
    """Rows that are broken one after the other are each a row."""
    path = tmp_path / "a.csv"
    path.write_text("note_id,note_text\n" + "1,a,b\n" * 5, encoding="utf-8")
    assert len(broken(everything(path))) == 5


def test_row_with_fewer_fields(tmp_path: Path) -> None:
    """A row torn apart by a line break is broken: what is behind it must not become an identifier."""
    path = tmp_path / "a.csv"
    path.write_text("note_id,sex,note_text\n1,F,first\nsecond half of it\n2,F,whole\n", encoding="utf-8")
    found = everything(path)
    assert ids(found) == ["1", "2"] and "1 field where" in broken(found)[0]


def test_empty_columns_behind_the_last(tmp_path: Path) -> None:
    """Empty fields behind the last column are no fault."""
    path = tmp_path / "a.csv"
    path.write_text("note_id,note_text\n1,a,,\n2,b\n", encoding="utf-8")
    assert ids(everything(path)) == ["1", "2"]


def test_unterminated_quote(tmp_path: Path) -> None:
    """A forgotten closing quote costs its own row, whether the next quote is near, far, or never comes."""
    for tail in ('4,F,"next, text"\n5,F,plain\n', "4,F,plain\n5,F,plain\n", '4,F,plain\n5,F,"x"\n'):
        path = tmp_path / "a.csv"
        path.write_text('note_id,sex,note_text\n1,F,"a,b"\n3,F,"no end\n' + tail, encoding="utf-8")
        found = everything(path)
        assert ids(found) == ["1", "4", "5"], tail
        assert len(broken(found)) == 1 and "line 3" in broken(found)[0]


def test_remains_of_a_torn_row_are_no_identifiers(tmp_path: Path) -> None:
    """The lines behind an unescaped quote in a report do not turn up as reports, or their words as identifiers."""
    path = tmp_path / "a.csv"
    torn = '3,"line one\nsaid "stop" here\nheart size normal, lungs clear"\n'
    path.write_text('note_id,note_text\n1,"a,b"\n' + torn + "4,plain\n", encoding="utf-8")
    found = everything(path)
    assert ids(found) == ["1", "4"]
    assert broken(found) == [
        "a.csv: line 3: a quote stands inside a field; 2 line(s) behind it were taken for its remains"
    ]


def test_identifiers_with_blanks_are_not_taken_for_remains(tmp_path: Path) -> None:
    """Where identifiers hold blanks as a rule, rows behind a torn one are kept."""
    path = tmp_path / "a.csv"
    rows = "".join(f"CR {n},text\n" for n in range(10))
    path.write_text('note_id,note_text\nCR 99,"a "b" c"\n' + rows, encoding="utf-8")
    found = everything(path)
    assert len(ids(found)) == 10 and len(broken(found)) == 1


def test_nul_bytes(tmp_path: Path) -> None:
    """A row with NUL bytes is broken; the others are kept."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"note_id,note_text\n1,fine text\n2,with \0 in it\n3,fine text\n")
    found = everything(path)
    assert ids(found) == ["1", "3"] and broken(found) == ["a.csv: line 3: it holds NUL bytes"]


def test_garbage_in_the_middle(tmp_path: Path) -> None:
    """Lines of random bytes in mid-file cost themselves, not the rows around them."""
    path = tmp_path / "a.csv"
    garbage = bytes(random.Random(3).choices([c for c in range(256) if c not in (10, 13, 34, 44)], k=300))
    before, behind = written([["1", "F", "a"]] * 50), written([["2", "F", "b"]] * 50, header=None)
    path.write_bytes(before.encode() + garbage + b"\n" + behind.encode())
    found = everything(path)
    assert ids(found).count("1") == 50 and ids(found).count("2") == 50
    assert len(broken(found)) >= 1


def test_quotes_in_unquoted_fields(tmp_path: Path) -> None:
    """Inch marks in unquoted fields are text."""
    path = tmp_path / "a.csv"
    path.write_text('note_id,note_text\n1,a 5" nail\n2,a 6" nail\n3,"x, y"\n', encoding="utf-8")
    found = everything(path)
    assert texts(found) == ['a 5" nail', 'a 6" nail', "x, y"] and not broken(found)


@pytest.mark.parametrize("seed", range(6))
def test_fast_and_careful_reading_agree(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow's reader and Python's give the same rows on files in order, however they are cut into blocks."""
    chance = random.Random(seed)
    pieces = ["plain", '"', ",", "\n", "\r\n", "ü", '""', " ", ";", "'"]
    rows = [[str(n), "F", "".join(chance.choices(pieces, k=chance.randrange(9)))] for n in range(300)]
    path = tmp_path / "a.csv"
    path.write_text(written(rows), encoding="utf-8", newline="")
    monkeypatch.setattr("miner.readers.encoding.Stream.block.__defaults__", (chance.choice([64, 200, 1000]),))
    fast = everything(path)
    monkeypatch.setattr(delimited, "_fast", lambda *_: None)
    slow = everything(path)
    assert texts(fast) == texts(slow) == [row[2] for row in rows]
    assert not broken(fast) and not broken(slow)


def test_broken_rows_over_block_borders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lost does not depend on where a block ends."""
    path = tmp_path / "a.csv"
    rows = "".join(f'{n},F,"text, {n}\nmore"\n' + ('x,F,"no end\n' if n % 7 == 0 else "") for n in range(60))
    path.write_text("note_id,sex,note_text\n" + rows, encoding="utf-8")
    found = {}
    for size in (50, 77, 300, 1 << 20):
        monkeypatch.setattr("miner.readers.encoding.Stream.block.__defaults__", (size,))
        read = everything(path)
        found[size] = (tuple(ids(read)), len(broken(read)))
    assert set(found.values()) == {(tuple(str(n) for n in range(60)), 9)}


def test_five_megabyte_report(tmp_path: Path) -> None:
    """A report of 5 MB with line breaks and quotes is read whole."""
    path = tmp_path / "a.csv"
    big = 'calcified "focus", line\n' * 220_000
    path.write_text(written([["1", "F", big], ["2", "F", "small"]]), encoding="utf-8", newline="")
    found = everything(path)
    assert texts(found) == [big, "small"]


def test_excel_separator_line_and_blank_lines(tmp_path: Path) -> None:
    """Excel's sep= line names the delimiter, and blank lines before the header and between rows are passed over."""
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nnote_id;note_text\n1;a, b\n\n2;c\n", encoding="utf-8")
    assert texts(everything(path)) == ["a, b", "c"]
    path.write_text("\n\nnote_id,note_text\n1,a\n", encoding="utf-8")
    assert texts(everything(path)) == ["a"]


def test_old_mac_line_ends(tmp_path: Path) -> None:
    """Carriage returns alone end lines too."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"note_id,note_text\r1,a\r2,b\r")
    assert texts(everything(path)) == ["a", "b"]


def test_single_column(tmp_path: Path) -> None:
    """A file with nothing but texts is a corpus; its identifiers are made."""
    path = tmp_path / "a.csv"
    path.write_text("report\nfirst\nsecond\n", encoding="utf-8")
    found = everything(path)
    assert ids(found) == ["a.csv:row-1", "a.csv:row-2"] and found[0].tally["made_ids"] == 2


def test_tsv(tmp_path: Path) -> None:
    """A .tsv file is read by tabs, whatever else its header holds."""
    path = tmp_path / "a.tsv"
    path.write_text("note_id\tnote_text\n1\ta, b; c\n", encoding="utf-8")
    assert texts(everything(path)) == ["a, b; c"]


def test_jsonl(tmp_path: Path) -> None:
    """JSON lines are read; numbers become text, lone surrogates U+FFFD, and what is no object is a broken row."""
    path = tmp_path / "a.jsonl"
    lines = [
        json.dumps({"note_id": 17, "note_text": "x\ud800y", "age": 67}),
        "",
        "{broken",
        "[1]",
        json.dumps({"note_text": None, "sex": ["F"]}),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = everything(path)
    assert ids(found) == ["17", "a.jsonl:row-4"]
    assert texts(found) == ["x\ufffdy", ""]
    assert broken(found) == ["a.jsonl: line 3: it is not valid JSON", "a.jsonl: line 4: it is not a JSON object"]


def test_jsonl_that_begins_with_a_long_line(tmp_path: Path) -> None:
    """The keys are found even where the first report alone has 5 MB."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"note_text": "x" * 5_000_000}) + '\n{"note_text": "y"}\n', encoding="utf-8")
    assert [len(text) for text in texts(everything(path))] == [5_000_000, 1]


def test_json_array_is_refused(tmp_path: Path) -> None:
    """One JSON array instead of lines says what to do."""
    path = tmp_path / "a.json"
    path.write_text('[{"note_text": "a"}]', encoding="utf-8")
    with pytest.raises(InputError, match="one object a line"):
        survey(path)


def test_parquet(tmp_path: Path) -> None:
    """Parquet columns of other types are converted; row numbers run over row groups."""
    path = tmp_path / "a.parquet"
    table = pa.table({"id": pa.array([7, None, 9]), "text": pa.array(["a", "b", "c"], pa.large_string())})
    pq.write_table(table, path, row_group_size=1)
    assert ids(everything(path)) == ["7", "a.parquet:row-2", "9"]


def test_parquet_with_a_damaged_row_group(tmp_path: Path) -> None:
    """The rows of a damaged row group are broken rows; the other row groups are kept."""
    path = tmp_path / "a.parquet"
    text = ["".join(random.Random(n).choices("abcdefghij ", k=200)) for n in range(300)]
    pq.write_table(pa.table({"id": [str(n) for n in range(300)], "text": text}), path, row_group_size=100)
    meta = pq.ParquetFile(path).metadata.row_group(1).column(1)
    data = bytearray(path.read_bytes())
    start = meta.dictionary_page_offset or meta.data_page_offset
    data[start : start + 60] = b"\xff" * 60
    path.write_bytes(bytes(data))
    found = everything(path)
    assert ids(found) == [str(n) for n in (*range(100), *range(200, 300))]
    assert broken(found) == ["a.parquet: row group 2 is damaged"] * 100
    assert found[0].broken[0].at == 100 and found[0].rows.total() == 300


def test_truncated_gzip(tmp_path: Path) -> None:
    """Of a compressed file that is cut off, the rows before the cut are kept and the file is named."""
    path = tmp_path / "a.csv.gz"
    rows = [[str(n), "F", "".join(random.Random(n).choices("abcdefgh ", k=80))] for n in range(5000)]
    path.write_bytes(gzip.compress(written(rows).encode())[:-9000])
    seen = survey(path)
    assert "cut off" in (seen.sources[0].problem or "")
    found = list(batches(seen))
    kept = ids(found)
    assert 100 < len(kept) < 5000 and kept == [str(n) for n in range(len(kept))]
    assert len(broken(found)) == 1 and texts(found)[-1] == rows[len(kept) - 1][2]


def test_texts(tmp_path: Path) -> None:
    """A folder of .txt files is one corpus: names are identifiers, each file has its own encoding."""
    folder = tmp_path / "notes"
    (folder / "p1").mkdir(parents=True)
    (folder / "b.txt").write_bytes("Größe".encode("cp1252"))
    (folder / "a.txt").write_text("Größe", encoding="utf-8")
    (folder / "p1" / "s2.txt").write_text("", encoding="utf-8")
    (folder / "c.txt").write_bytes(b"\x00\x01\x02\x03" * 9)
    (folder / ".DS_Store").write_bytes(b"\0")
    found = everything(folder)
    assert ids(found) == ["a", "b", "p1/s2"] and texts(found) == ["Größe", "Größe", ""]
    assert broken(found) == ["notes: c.txt: it holds binary data, not text"]
    single = everything(folder / "a.txt")
    assert ids(single) == ["a"]
    assert ids(everything(str(folder / "[ab].txt"))) == ["a", "b"]


def test_several_inputs_and_patterns(tmp_path: Path) -> None:
    """Inputs of several kinds are read one after the other; made identifiers name their file."""
    (tmp_path / "one.csv").write_text("report\na\n", encoding="utf-8")
    (tmp_path / "two.jsonl").write_text('{"text": "b"}\n', encoding="utf-8")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "one.csv").write_text("report\nc\n", encoding="utf-8")
    found = everything([str(tmp_path / "*.csv"), tmp_path / "two.jsonl", tmp_path / "x"])
    assert texts(found) == ["a", "b", "c"]
    assert len(set(ids(found))) == 3 and ids(found)[1] == "two.jsonl:row-1" and ids(found)[2] == "x/one.csv:row-1"


def test_day_and_month_are_settled_over_all_inputs(tmp_path: Path) -> None:
    """A date late in the second file settles 01/02/2024 in the first; where nothing settles it, that is noted."""
    (tmp_path / "1.csv").write_text("date,text\n01/02/2024,a\n", encoding="utf-8")
    assert "month first" in survey(tmp_path / "1.csv").notes[0]
    assert everything(tmp_path / "1.csv")[0].reports["note_date"].to_pylist()[0].month == 1
    (tmp_path / "2.csv").write_text("date,text\n01/02/2024,a\n25/02/2024,a\n", encoding="utf-8")
    found = everything([tmp_path / "1.csv", tmp_path / "2.csv"])
    assert [date.month for date in found[0].reports["note_date"].to_pylist()] == [2, 2, 2]


def test_batches_are_even_and_always_the_same(tmp_path: Path) -> None:
    """Batches keep to their rows and bytes, lose nothing, and come out the same at every reading."""
    path = tmp_path / "a.csv"
    rows = [[str(n), "F", "x" * (n % 400)] for n in range(5000)]
    path.write_text(written(rows), encoding="utf-8")
    by_rows = everything(path, rows=300)
    assert all(batch.rows.total() <= 300 for batch in by_rows) and len(by_rows) < 25
    by_bytes = everything(path, size=50_000)
    assert all(batch.reports.nbytes <= 60_000 for batch in by_bytes) and len(by_bytes) > 15
    assert ids(by_rows) == ids(by_bytes) == [row[0] for row in rows]
    assert [ids([b]) for b in by_bytes] == [ids([b]) for b in everything(path, size=50_000)]
    assert [batch.number for batch in by_rows] == list(range(len(by_rows)))


def test_input_that_disappears(tmp_path: Path) -> None:
    """An input that goes away after the look is named, and the others are read."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"id,text\n{name},x\n", encoding="utf-8")
    seen = survey([tmp_path / "a.csv", tmp_path / "b.csv"])
    (tmp_path / "a.csv").unlink()
    found = list(batches(seen))
    assert ids(found) == ["b"]
    assert [index for batch in found for index, _ in batch.problems] == [0]


def test_input_that_changes(tmp_path: Path) -> None:
    """An input that is written to after the look is named."""
    (tmp_path / "a.csv").write_text("id,text\n1,x\n", encoding="utf-8")
    seen = survey(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("id,text\n1,x\n2,y\n", encoding="utf-8")
    assert "changed while" in list(batches(seen))[-1].problems[0][1]


BAD = [
    ("a.csv", b"", "is empty"),
    ("a.csv", b"id,text\n", "no reports"),
    ("a.csv", b"id,befund\n1,secretword\n", "no column with the text"),
    ("a.csv", b"id,text,report\n1,a,secretword\n", "--text-column"),
    ("a.csv", b"PK\x03\x04" + b"\0" * 99, "Excel"),
    ("a.csv", bytes(range(256)) * 20, "binary"),
    ("a.csv", "id,text\n1,a\n".encode("utf-16-le"), "--encoding utf-16-le"),
    ("a.csv", b"PAR1 and so on", "Parquet"),
    ("a.parquet", b"PAR1 and so on", "damaged"),
    ("a.parquet", b"", "damaged"),
    ("a.jsonl", b"not json\n", "no JSON object"),
    ("a.jsonl", b'{"befund": "secretword"}\n', "no column with the text"),
    ("a.docx", b"x", "allowed are"),
    ("a.csv.gz", gzip.compress(b"id,text\n1,a\n", mtime=0)[:12], "cut off"),
]


@pytest.mark.parametrize(("name", "data", "told"), BAD)
def test_bad_input_is_refused_clearly(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    """Each bad input is an InputError (exit code 2) that names the file and the fault, without text of a report."""
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        survey(path)
    assert told in str(caught.value) and name in str(caught.value) and "secretword" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_bad_paths_are_all_told(tmp_path: Path) -> None:
    """Missing files, patterns without a match and empty folders are told together."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        survey([tmp_path / "gone.csv", str(tmp_path / "*.nix"), tmp_path / "empty"])
    assert len(str(caught.value).split("\n")) == 3
    with pytest.raises(InputError, match="no input"):
        survey([])


def test_empty_parquet(tmp_path: Path) -> None:
    """A Parquet file without rows holds no reports."""
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="no reports"):
        survey(tmp_path / "a.parquet")


def test_empty_day_among_others(tmp_path: Path) -> None:
    """A file with a header and no reports among others is noted, and is no problem."""
    (tmp_path / "a.csv").write_text("id,text\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("id,text\n1,x\n", encoding="utf-8")
    seen = survey([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert seen.sources[0].problem is None and "no reports" in seen.sources[0].notes[0]
    found = list(batches(seen))
    assert ids(found) == ["1"] and not found[0].problems


def test_same_file_twice(tmp_path: Path) -> None:
    """A file that is named twice would count twice, and is refused."""
    (tmp_path / "a.csv").write_text("text\na\n", encoding="utf-8")
    with pytest.raises(InputError, match="twice"):
        survey([tmp_path / "a.csv", str(tmp_path / "*.csv")])


def test_folder_of_both_kinds(tmp_path: Path) -> None:
    """A folder with texts and tables needs a pattern."""
    (tmp_path / "a.csv").write_text("text\na\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    with pytest.raises(InputError, match="pattern"):
        survey(tmp_path)


def test_unreadable_file_among_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be opened is kept with its problem; the others are read."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"id,text\n{name},x\n", encoding="utf-8")
    real = Path.open

    def guarded(self: Path, *args: object, **options: object) -> object:
        if self.name == "a.csv":
            raise PermissionError(13, os.strerror(13))
        return real(self, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", guarded)
    seen = survey([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert [source.problem for source in seen.sources] == ["cannot be read: Permission denied", None]
    assert ids(list(batches(seen))) == ["b"]
    with pytest.raises(InputError, match="Permission denied"):
        survey(tmp_path / "a.csv")
