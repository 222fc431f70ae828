"""What the user named as input, as a list of files with their kind: folders and patterns resolved, order settled."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from miner.columns import Columns
from miner.errors import InputError

KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".txt": "text",
}
ALLOWED = ".csv, .tsv, .jsonl (each also with .gz), .parquet, .txt, or a folder of such files"


@dataclass(frozen=True, slots=True)
class Source:
    """One input as it will be read. A folder of .txt files is one source with many ``paths``.

    ``label`` names it in made-up identifiers and messages. ``problem`` says why it cannot be read, or not to its end;
    ``readable`` is False where nothing of it can. ``digest`` is SHA-256 over the bytes as they lie on disk.
    """

    label: str
    kind: str
    paths: tuple[Path, ...]
    root: Path
    size: int = 0
    digest: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_rows: int = 1
    header: tuple[str, ...] = field(default=(), repr=False)
    columns: Columns | None = None
    readable: bool = True
    problem: str | None = None
    notes: tuple[str, ...] = ()
    stamps: tuple[tuple[int, int], ...] = field(default=(), repr=False)

    @property
    def path(self) -> Path:
        """The file; for a folder of texts, the folder."""
        return self.paths[0] if self.kind != "text" or self.paths[0] == self.root else self.root


def resolve(inputs: str | Path | Sequence[str | Path]) -> list[Source]:
    """The sources that ``inputs`` name, in the order given; folders and patterns in the order of their names.

    Raises InputError, with every problem, for a path that is not there, a pattern without a match, a folder with
    nothing to read in it, an unknown kind of file.
    """
    given = [inputs] if isinstance(inputs, (str, Path)) else list(inputs)
    problems: list[str] = [] if given else ["no input was named"]
    found: list[Source] = []
    for item in given:
        try:
            found += _resolve(str(item))
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    count = Counter(path.resolve() for path in paths_of(found))
    twice = [path for path, times in count.items() if times > 1]
    if twice:
        raise InputError("\n".join(f"{path.name}: named twice as input" for path in sorted(twice)))
    return _labelled(_texts_joined(found))


def paths_of(sources: Sequence[Source]) -> list[Path]:
    """Every file of the sources."""
    return [path for source in sources for path in source.paths]


def _resolve(item: str) -> list[Source]:
    path = Path(item)
    if path.is_dir():
        return _folder(path)
    if path.exists():
        return [_file(path)]
    if glob.has_magic(item):
        matches = sorted(Path(match) for match in glob.glob(item, recursive=True))
        if not matches:
            raise InputError(f"{item}: no file matches this pattern")
        return [source for match in matches for source in (_folder(match) if match.is_dir() else [_file(match)])]
    raise InputError(f"{item}: there is no such file or folder")


def _kind(path: Path) -> str | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = bool(suffixes) and suffixes[-1] == ".gz"
    kind = KINDS.get(suffixes[-2 if zipped else -1]) if len(suffixes) > zipped else None
    return None if zipped and kind in ("parquet", "text") else kind


def _file(path: Path) -> Source:
    kind = _kind(path)
    if kind is None:
        raise InputError(f"{path}: this kind of file is not read; allowed are {ALLOWED}")
    return Source(path.name, kind, (path,), root=path)


def _folder(folder: Path) -> list[Source]:
    # Leading dots and underscores mark what other tools keep beside their data (_SUCCESS, .DS_Store).
    inside = sorted(
        Path(parent) / name
        for parent, folders, names in os.walk(folder)
        if not folders.sort()
        and not any(part.startswith((".", "_")) for part in Path(parent).relative_to(folder).parts)
        for name in names
        if not name.startswith((".", "_"))
    )
    texts = [path for path in inside if _kind(path) == "text"]
    tables = [path for path in inside if _kind(path) not in (None, "text")]
    if texts and tables:
        raise InputError(f"{folder}: holds both .txt and table files; name the ones to read with a pattern")
    if texts:
        return [Source(folder.name, "text", tuple(texts), root=folder)]
    if not tables:
        raise InputError(f"{folder}: an empty folder, or nothing in it that can be read; allowed are {ALLOWED}")
    return [_file(path) for path in tables]


def _texts_joined(sources: Sequence[Source]) -> list[Source]:
    """Single .txt files named one after the other become one source: ten thousand of them are one corpus."""
    joined: list[Source] = []
    for source in sources:
        last = joined[-1] if joined else None
        single = source.kind == "text" and source.paths == (source.root,)
        if single and last is not None and last.kind == "text" and last.root == source.root.parent:
            joined[-1] = Source(last.label, "text", (*last.paths, *source.paths), root=last.root)
        elif single:
            joined.append(
                Source(source.root.parent.name or source.label, "text", source.paths, root=source.root.parent)
            )
        else:
            joined.append(source)
    return joined


def _labelled(sources: Sequence[Source]) -> list[Source]:
    """Two files of one name in different folders get their folder into the label, else a running number."""
    seen: dict[str, int] = {}
    for source in sources:
        seen[source.label] = seen.get(source.label, 0) + 1
    labelled: list[Source] = []
    taken: set[str] = set()
    for source in sources:
        label = source.label
        if seen[label] > 1:
            label = f"{source.root.parent.name}/{label}"
        number = 2
        while label in taken:
            label, number = f"{source.label}({number})", number + 1
        taken.add(label)
        labelled.append(Source(label, source.kind, source.paths, source.root))
    return labelled
