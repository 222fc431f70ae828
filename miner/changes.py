"""What a change of the lexicons does to a corpus: two readings of the same reports, laid side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from miner.batch import Miner
from miner.frame import to_batch
from miner.pool import joined
from miner.readers import batches, survey
from miner.tables import Frames
from miner.worker import SLICE, mined

# pandas is imported by the functions that need it: `miner lexicon check` starts and ends without it
if TYPE_CHECKING:
    import pandas as pd

REPORT_COLUMNS = ("soft_tissue", "elsewhere", "cause", "kind")
MENTION_COLUMNS = ("concept", "status", "scope", "sites")
_COUNTED: Mapping[str, tuple[str, str]] = {
    "finding": ("mentions", "concept"),
    "descriptor": ("mentions", "descriptors"),
    "site": ("mentions", "sites"),
    "cue": ("mentions", "cues"),
    "context": ("contexts", "condition"),
    "cause": ("reports", "cause"),
}
_SHOWN = 20
_TIME_LIMIT = 60.0


@dataclass(frozen=True, eq=False)
class Diff:
    """The difference of two sets of lexicons on one corpus. No frame holds report text.

    ``read``: reports that both read to the end; ``failed``: reports left out, since one of them failed on it.
    ``reports``: ``note_id``, ``column`` (soft_tissue, elsewhere, cause, kind), ``before``, ``after``; a row a change.
    ``mentions``: ``note_id``, ``start``, ``end`` (half-open characters of the text), ``change`` (added, removed, or the
    columns that changed), and concept, status, scope and sites, each ``_before`` and ``_after``.
    ``prevalence``: ``what`` (soft_tissue, elsewhere), ``reports``, ``present_before``, ``present_after``, ``gained``,
    ``lost`` (numbers of reports), ``share_before``, ``share_after``, ``difference`` (shares of 0 to 1).
    ``entries``: ``kind`` of entry, ``entry``, ``before``, ``after``, ``difference`` (numbers of mentions, contexts and
    leading causes that name the entry).
    """

    old: str
    new: str
    read: int
    failed: int
    reports: pd.DataFrame
    mentions: pd.DataFrame
    prevalence: pd.DataFrame
    entries: pd.DataFrame

    def __repr__(self) -> str:
        changed = self.reports["note_id"].nunique()
        return f"Diff({self.old} -> {self.new}: {changed:,} of {self.read:,} reports, {len(self.mentions):,} mentions)"


def diff(
    old: str | Path | Sequence[str | Path] | None,
    new: str | Path | Sequence[str | Path] | None,
    reports: pd.DataFrame | str | Path | Sequence[str | Path],
    *,
    text_column: str | None = None,
    id_column: str | None = None,
    contexts: str = "findings",
) -> Diff:
    """Reads a corpus with two sets of lexicons and returns what differs.

    ``old``, ``new``: None for the lexicons that come with the package, a folder laid over them (or several), or a
    folder that holds every lexicon file, which then stands alone. ``reports``: a DataFrame, or files, folders and
    patterns as ``sweep`` takes them; all reports are held in memory. Reports are told apart by their place, so that
    identifiers may repeat.

    Raises LexiconError where lexicons hold problems, InputError where reports cannot be read.
    """
    miners = [Miner(lexicons=_folders(which), contexts=contexts) for which in (old, new)]
    batches, ids = _numbered(_batches(reports, text_column, id_column))
    before, after = (_mined(miner, batches) for miner in miners)
    failed = {row for side in (before, after) for row in _failed(side.reports)}
    one, two = (
        {name: _plain(side[name][~side[name]["note_id"].isin(failed)]) for name in ("reports", "mentions", "contexts")}
        for side in (before, after)
    )
    return Diff(
        old=_name(old),
        new=_name(new),
        read=len(ids) - len(failed),
        failed=len(failed),
        reports=_reports(one, two, ids),
        mentions=_mentions(one, two, ids),
        prevalence=_prevalence(one, two),
        entries=_entries(one, two),
    )


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Categories as text: the two sides have different ones."""
    return frame.astype(dict.fromkeys(frame.columns[frame.dtypes == "category"], object))


def _folders(which: str | Path | Sequence[str | Path] | None) -> tuple[Path, ...]:
    if which is None:
        return ()
    return (Path(which),) if isinstance(which, str | Path) else tuple(Path(folder) for folder in which)


def _name(which: str | Path | Sequence[str | Path] | None) -> str:
    return " + ".join(folder.name for folder in _folders(which)) or "bundled"


def _batches(
    reports: pd.DataFrame | str | Path | Sequence[str | Path], text_column: str | None, id_column: str | None
) -> list[pa.Table]:
    """The reports as tables with ``records.INPUT_SCHEMA``."""
    import pandas as pd

    if isinstance(reports, pd.DataFrame):
        return [to_batch(reports, text_column=text_column, id_column=id_column)]
    seen = survey(reports, text_column=text_column, id_column=id_column)
    return [batch.reports for batch in batches(seen)]


def _numbered(batches: Sequence[pa.Table]) -> tuple[list[pa.Table], list[str]]:
    """The batches with running numbers for identifiers, and the identifiers by number."""
    numbered = []
    ids: list[str] = []
    for batch in batches:
        numbers = [str(len(ids) + row) for row in range(batch.num_rows)]
        ids += batch["note_id"].to_pylist()
        place = batch.schema.get_field_index("note_id")
        numbered.append(batch.set_column(place, batch.schema.field("note_id"), pa.array(numbers, pa.string())))
    return numbered, ids


def _mined(miner: Any, batches: Sequence[pa.Table]) -> Frames:
    parts = [
        tables
        for batch in batches
        for first in range(0, batch.num_rows, SLICE)
        for tables in mined(miner, batch.slice(first, SLICE), _TIME_LIMIT)
    ]
    return Frames(joined(parts))


def _failed(reports: pd.DataFrame) -> list[str]:
    return list(reports.loc[reports["outcome"] == "failed", "note_id"])


_Tables = Mapping[str, "pd.DataFrame"]


def _reports(before: _Tables, after: _Tables, ids: Sequence[str]) -> pd.DataFrame:
    """Every cell of the report table that differs; rows of both sides are the same reports in the same order."""
    import pandas as pd

    rows = []
    one, two = before["reports"], after["reports"]
    for column in REPORT_COLUMNS:
        was, now = one[column].fillna("").tolist(), two[column].fillna("").tolist()
        for number, a, b in zip(one["note_id"], was, now, strict=True):
            if a != b:
                rows.append((int(number), ids[int(number)], column, a, b))
    rows.sort(key=lambda row: (row[0], REPORT_COLUMNS.index(row[2])))
    return pd.DataFrame([row[1:] for row in rows], columns=["note_id", "column", "before", "after"])


def _mentions(before: _Tables, after: _Tables, ids: Sequence[str]) -> pd.DataFrame:
    """Mentions at the same place are the same mention: what one side lacks was added or removed."""
    import pandas as pd

    sides = []
    for mentions in (before["mentions"], after["mentions"]):
        rows = mentions[["note_id", "start", "end", *MENTION_COLUMNS]].itertuples(index=False)
        sides.append({(int(n), int(start), int(end)): tuple(map(_cell, cells)) for n, start, end, *cells in rows})
    none = ("",) * len(MENTION_COLUMNS)
    found = []
    for place in sorted(sides[0].keys() | sides[1].keys()):
        was, now = (side.get(place, none) for side in sides)
        if was == now:
            continue
        changed = [name for name, a, b in zip(MENTION_COLUMNS, was, now, strict=True) if a != b]
        change = "added" if was is none else "removed" if now is none else ", ".join(changed)
        pairs = [cell for pair in zip(was, now, strict=True) for cell in pair]
        found.append([ids[place[0]], place[1], place[2], change, *pairs])
    sided = [f"{name}_{side}" for name in MENTION_COLUMNS for side in ("before", "after")]
    return pd.DataFrame(found, columns=["note_id", "start", "end", "change", *sided])


def _cell(value: Any) -> str:
    """A cell as text, a list (of sites) in order and joined."""
    if value is None or isinstance(value, str):
        return value or ""
    return ", ".join(sorted(str(item) for item in value))


def _prevalence(before: _Tables, after: _Tables) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for what in ("soft_tissue", "elsewhere"):
        was, now = ((side["reports"][what] == "present").to_numpy() for side in (before, after))
        of = max(len(was), 1)
        rows.append(
            {
                "what": what,
                "reports": len(was),
                "present_before": int(was.sum()),
                "present_after": int(now.sum()),
                "gained": int((now & ~was).sum()),
                "lost": int((was & ~now).sum()),
                "share_before": was.sum() / of,
                "share_after": now.sum() / of,
                "difference": (int(now.sum()) - int(was.sum())) / of,
            }
        )
    return pd.DataFrame(rows)


def _entries(before: _Tables, after: _Tables) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for kind, (name, column) in _COUNTED.items():
        counts = [side[name][column].explode().dropna().value_counts() for side in (before, after)]
        part = pd.concat(counts, axis=1, keys=["before", "after"]).fillna(0).astype(int).sort_index()
        part.insert(0, "kind", kind)
        parts.append(part.rename_axis("entry").reset_index())
    frame = pd.concat(parts, ignore_index=True)[["kind", "entry", "before", "after"]]
    frame["difference"] = frame["after"] - frame["before"]
    return frame


def render(found: Diff, *, rows: int = _SHOWN) -> str:
    """A diff for the terminal: how many reports change, the prevalence, the entries that differ, the first changes."""
    changed = found.reports["note_id"].nunique()
    left_out = f"; {found.failed:,} left out, since reading failed" if found.failed else ""
    lines = [f"{found.old} -> {found.new}: {changed:,} of {found.read:,} reports change{left_out}."]
    for row in found.prevalence.to_dict("records"):
        lines.append(
            f"{row['what']}: present in {row['present_before']:,} ({row['share_before']:.2%}) before, "
            f"{row['present_after']:,} ({row['share_after']:.2%}) after; {row['difference'] * 100:+.2f} points "
            f"({row['gained']:,} gained, {row['lost']:,} lost)"
        )
    moved = found.entries[found.entries["difference"] != 0]
    lines += _listed("Entries found more or less often", moved, len(moved))
    lines += _listed("Changed reports", found.reports, rows)
    lines += _listed("Changed mentions", _brief(found.mentions), rows)
    return "\n".join(lines)


def _brief(mentions: pd.DataFrame) -> pd.DataFrame:
    """The mentions with one column for each before and after."""
    import pandas as pd

    brief = mentions[["note_id", "start", "end", "change"]].copy()
    for name in MENTION_COLUMNS:
        was, now = mentions[f"{name}_before"], mentions[f"{name}_after"]
        both = was.where(was == now, was.replace("", "(none)") + " -> " + now.replace("", "(none)"))
        brief[name] = both.where((was != "") & (now != ""), was + now) if len(mentions) else pd.Series(dtype=str)
    return brief


def _listed(title: str, frame: pd.DataFrame, rows: int) -> list[str]:
    if not len(frame):
        return ["", f"{title}: none"]
    shown = frame.head(rows).replace("", "-").to_string(index=False)
    more = f"\n... and {len(frame) - rows:,} more" if len(frame) > rows else ""
    return ["", f"{title}:", shown + more]
