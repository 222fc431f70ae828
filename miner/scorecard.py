"""The documentation scorecard: what reports of soft tissue calcification say and leave out, criterion by criterion.

The criteria, their words and their grounds stand in ``lexicons/audit.toml``; here stands how each is decided from the
tables of a sweep. Each is its own number: there is no sum score, since a phlebolith wants less said than a sarcoma.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from miner import tabulation
from miner.errors import InputError
from miner.lexicon import CauseEntry, Descriptor, Lexicon, SectionEntry, Site, load
from miner.rates import SMALL, funnel, rates
from miner.selection import Tables, select

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FOUND = ("present", "possible")
_SAID = ("present", "possible", "absent")
_HISTORY = frozenset({"request", "history", "start", "exam"})
_FORM = frozenset({"shape", "texture", "order"})
_SPREAD = frozenset({"extent", "distribution"})
GROUPS = ("radiologist_id", "site_id", "modality", "year")
"""The columns by which rates are given."""

_Row = Mapping[Any, Any]

_COLUMNS = ("note_id", "radiologist_id", "site_id", "modality", "year", "criterion", "met", "evidence", "start", "end")


class AuditTables(Tables, Protocol):
    """What the audit needs of a sweep."""

    @property
    def attributes(self) -> pd.DataFrame:
        """One row a descriptor, site or measurement of a mention."""

    @property
    def advice(self) -> pd.DataFrame:
        """One row a statement about comparison, follow-up, work-up or a name."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a report stands to a criterion that counts for it, and what shows it: entry ids, and the first place."""

    met: bool
    evidence: str = ""
    start: int = -1
    end: int = -1


@dataclass(frozen=True)
class Audit:
    """The scorecard of a sweep.

    ``criteria``: ``criterion``, ``label``, ``asks``, ``counts``, ``source``. ``marks``: one row a report and criterion
    that counts for it, with ``met`` and its ``evidence``. ``reports``: how many reports were looked at.
    """

    criteria: pd.DataFrame
    marks: pd.DataFrame
    reports: int
    worklist: pd.DataFrame

    def rates(self, by: str | None = None) -> pd.DataFrame:
        """How often each criterion is met, for all or by a column: see :func:`miner.rates.rates`."""
        return rates(self.marks, list(self.criteria["criterion"]), by)

    def funnel(self, criterion: str) -> pd.DataFrame:
        """Each radiologist beside the department's mean: see :func:`miner.rates.funnel`. Raises InputError."""
        if criterion not in set(self.criteria["criterion"]):
            raise InputError(f"{criterion!r} is no criterion; there are {', '.join(self.criteria['criterion'])}")
        return funnel(self.marks[self.marks["criterion"] == criterion])

    @cached_property
    def card(self) -> pd.DataFrame:
        """The rates of all, with the words of each criterion: what the terminal and the page show."""
        return self.criteria.merge(self.rates(), on="criterion", how="left")

    def _repr_html_(self) -> str:
        return str(self.card.to_html(index=False, escape=True, na_rep="–"))


@dataclass(slots=True)
class _Case:
    """One report as the criteria see it."""

    row: _Row
    mentions: list[_Row]
    lead: list[_Row]
    attributes: list[_Row]
    contexts: list[_Row]
    advice: list[_Row]
    certainty: str

    @property
    def open(self) -> bool:
        """Whether soft tissue calcification is present or possible."""
        return self.row["soft_tissue"] in _FOUND

    def said(self, *topics: str) -> list[_Row]:
        """The statements on topics."""
        return [a for a in self.advice if a["topic"] in topics]


def audit(sweep: AuditTables, *, lexicons: Sequence[str | Path] = (), duplicates: str = "once") -> Audit:
    """The scorecard of a sweep: reports with a soft tissue mention, each against every criterion that counts for it.

    Reports are selected as for prevalence: superseded versions and copies count once (``duplicates="keep"`` keeps
    them). ``lexicons``: the folders that the sweep was made with. Raises InputError for an empty sweep.
    """
    lexicon = load([Path(folder) for folder in lexicons])
    selected = select(sweep, duplicates=duplicates).rows
    counted = selected[selected["dropped"] == ""].drop_duplicates("note_id")
    soft = sweep.mentions[(sweep.mentions["scope"] == "soft_tissue") & sweep.mentions["status"].isin(_SAID)]
    rows = counted[counted["note_id"].isin(set(soft["note_id"]))]
    year = pd.to_datetime(rows["note_date"], errors="coerce").dt.year.astype("Int64").astype("string")
    rows = rows.assign(year=year.astype(object).where(year.notna(), None))
    judge = _Judge(lexicon)
    manifest = getattr(sweep, "manifest", None) or {}
    if "advice" not in manifest.get("tables", {"advice": 0}):
        judge.criteria = [c for c in judge.criteria if c["id"] not in _FROM_ADVICE]
    marks: list[tuple[Any, ...]] = []
    worklist: list[dict[str, Any]] = []
    for case in _cases(rows, sweep, soft):
        head = tuple(_plain(case.row[name]) for name in _COLUMNS[:5])
        for criterion, mark in judge.marks(case):
            marks.append((*head, criterion, mark.met, mark.evidence, mark.start, mark.end))
        ways = _listed(case.row["disagreement"])
        if ways:
            worklist.append(
                {
                    **dict(zip(_COLUMNS[:5], head, strict=True)),
                    "stated_cause": case.row["stated_cause"],
                    "inferred_cause": case.row["inferred_cause"],
                    "disagreement": "; ".join(ways),
                    "start": min((m["start"] for m in case.lead), default=-1),
                }
            )
    frame = pd.DataFrame(marks, columns=list(_COLUMNS)).astype({"met": bool, "start": "int64", "end": "int64"})
    waiting = pd.DataFrame(worklist, columns=[*_COLUMNS[:5], "stated_cause", "inferred_cause", "disagreement", "start"])
    # what the description contradicts comes before what merely lacks support
    urgent = waiting["disagreement"].str.contains("points_elsewhere") if len(waiting) else pd.Series(dtype=bool)
    waiting = waiting.assign(_first=~urgent).sort_values(["_first", "note_id"]).drop(columns="_first")
    criteria = pd.DataFrame([{"criterion": c["id"], **{k: c[k] for k in _WORDS}} for c in judge.criteria])
    return Audit(criteria, frame, len(rows), waiting.reset_index(drop=True))


_FROM_ADVICE = frozenset({"work_up", "naming", "comparison", "follow_up"})
"""Criteria that need the table ``advice``: a sweep that was made before there was one is not held against them."""

_WORDS = ("label", "asks", "counts", "source")


def _cases(rows: pd.DataFrame, sweep: AuditTables, soft: pd.DataFrame) -> Iterator[_Case]:
    """The reports with everything that belongs to them."""
    ids = set(rows["note_id"])

    def grouped(frame: pd.DataFrame) -> dict[str, list[_Row]]:
        found: dict[str, list[_Row]] = {}
        for item in frame[frame["note_id"].isin(ids)].to_dict("records"):
            found.setdefault(item["note_id"], []).append(item)
        return found

    mentions, contexts, advice = grouped(soft), grouped(sweep.contexts), grouped(sweep.advice)
    attributes = grouped(sweep.attributes)
    certainty = _certainties(sweep.causes[sweep.causes["note_id"].isin(ids) & sweep.causes["stated"].isin([True])])
    for row in rows.to_dict("records"):
        note = row["note_id"]
        own = mentions.get(note, [])
        lead = [m for m in own if m["status"] in _FOUND and m["lesion_id"] == row["lesion_id"]]
        lead = lead or [m for m in own if m["status"] in _FOUND]
        leading = {m["mention_id"] for m in lead}
        yield _Case(
            row,
            own,
            lead,
            [a for a in attributes.get(note, []) if a["mention_id"] in leading],
            contexts.get(note, []),
            advice.get(note, []),
            certainty.get((note, row["stated_cause"]), ""),
        )


def _certainties(stated: pd.DataFrame) -> dict[tuple[str, str], str]:
    """How surely each named cause is named: ``present``, ``favoured``, ``possible``."""
    found: dict[tuple[str, str], str] = {}
    for item in stated.to_dict("records"):
        for evidence in item["evidence"]:
            if evidence["kind"] == "stated" and evidence["entry"].startswith("stated:"):
                found.setdefault((item["note_id"], item["cause"]), evidence["entry"].removeprefix("stated:"))
    return found


class _Judge:
    """The criteria with what they need of the lexicons."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.criteria: list[_Row] = list(lexicon.audit.get("criterion", []))
        self.causes = lexicon.of(CauseEntry)
        self.sites = lexicon.of(Site)
        self.dimensions = {d.id: d.dimension for d in lexicon.of(Descriptor).values()}
        self.roles = {s.id: s.role for s in lexicon.of(SectionEntry).values()}
        self.tissue_words = frozenset(lexicon.audit.get("tissue", {}).get("descriptors", ()))
        self.rules: dict[str, Callable[[_Case], Mark | None]] = {
            "presence": self._presence,
            "site": self._site,
            "laterality": self._laterality,
            "tissue": self._tissue,
            "morphology": lambda case: self._described(case, _FORM),
            "distribution": lambda case: self._described(case, _SPREAD),
            "size": self._size,
            "kind": self._kind,
            "cause": self._cause,
            "fit": self._fit,
            "history": self._history,
            "rare_cause": self._rare_cause,
            "work_up": self._work_up,
            "naming": self._naming,
            "comparison": self._comparison,
            "follow_up": self._follow_up,
        }

    def marks(self, case: _Case) -> Iterator[tuple[str, Mark]]:
        """Each criterion that counts for the report."""
        for criterion in self.criteria:
            rule = self.rules.get(criterion["id"])
            mark = rule(case) if rule is not None else None
            if mark is not None:
                yield criterion["id"], mark

    def role(self, section: str) -> str:
        """What kind of text a section holds."""
        return self.roles.get(section, section)

    # --- the criteria ----------------------------------------------------------------------------------------------

    def _presence(self, case: _Case) -> Mark | None:
        asking = ("request", "history")
        told = [m for m in case.mentions if self.role(m["section"]) not in asking]
        if not told:
            return None
        sure = next((m for m in told if m["status"] != "possible"), None)
        shown = sure or told[0]
        return Mark(sure is not None, shown["concept"], shown["start"], shown["end"])

    def _site(self, case: _Case) -> Mark | None:
        if not case.open:
            return None
        # "soft tissue" and "subcutaneous" are tissues and no places
        return _mark(
            [
                a
                for a in case.attributes
                if a["dimension"] == "site"
                and a["start"] >= 0
                and a["value"] in self.sites
                and self.sites[a["value"]].region
            ]
        )

    def _laterality(self, case: _Case) -> Mark | None:
        paired = [s for m in case.lead for s in _listed(m["sites"]) if s in self.sites and self.sites[s].paired]
        if not case.open or not paired:
            return None
        sided = next((m for m in case.lead if isinstance(m["laterality"], str)), None)
        if sided is None:
            return Mark(False, paired[0])
        place = next((a for a in case.attributes if a["dimension"] == "laterality"), {"start": -1, "end": -1})
        return Mark(True, sided["laterality"], place["start"], place["end"])

    def _tissue(self, case: _Case) -> Mark | None:
        if not case.open:
            return None
        placed = [
            a
            for a in case.attributes
            if (a["dimension"] == "site" and a["value"] in self.sites and self.sites[a["value"]].compartment)
            or a["value"] in self.tissue_words
        ]
        if placed:
            return _mark(placed)
        implied = [s for m in case.lead for s in _listed(m["sites"]) if s in self.sites and self.sites[s].compartment]
        return Mark(bool(implied), implied[0] if implied else "")

    def _described(self, case: _Case, dimensions: frozenset[str]) -> Mark | None:
        if not case.open:
            return None
        words = [a for a in case.attributes if self.dimensions.get(a["value"]) in dimensions]
        if words:
            return _mark(words)
        implied = [d for m in case.lead for d in _listed(m["descriptors"]) if self.dimensions.get(d) in dimensions]
        return Mark(bool(implied), implied[0] if implied else "")

    def _size(self, case: _Case) -> Mark | None:
        if not case.open:
            return None
        return _mark(
            [a for a in case.attributes if a["dimension"] == "size_mm" or self.dimensions.get(a["value"]) == "size"]
        )

    def _kind(self, case: _Case) -> Mark | None:
        if not case.open or not case.lead:
            return None
        kinds = {m["kind"] for m in case.lead}
        basis = str(case.row["kind_basis"])
        return Mark(len(kinds) == 1 or basis != "word", f"{' and '.join(sorted(kinds))} by {basis}")

    def _cause(self, case: _Case) -> Mark | None:
        if not case.open:
            return None
        named = case.row["stated_cause"]
        return Mark(isinstance(named, str), named if isinstance(named, str) else "")

    def _fit(self, case: _Case) -> Mark | None:
        if not case.open or not isinstance(case.row["stated_cause"], str):
            return None
        ways = set(_listed(case.row["disagreement"]))
        return Mark(not ways & {"unsupported", "points_elsewhere"}, "; ".join(sorted(ways)))

    def _history(self, case: _Case) -> Mark | None:
        cause = self.causes.get(str(case.row["cause"]))
        if not case.open or cause is None:
            return None
        explaining = [c for c in case.contexts if c["condition"] in cause.explained_by and c["status"] == "present"]
        known = [c for c in explaining if self.role(c["section"]) in _HISTORY]
        if not known:
            return None
        taken = [c for c in explaining if self.role(c["section"]) not in _HISTORY]
        shown = (taken or known)[0]
        met = bool(taken) or isinstance(case.row["stated_cause"], str)
        return Mark(met, shown["condition"], shown["start"], shown["end"])

    def _rare_cause(self, case: _Case) -> Mark | None:
        named = self.causes.get(str(case.row["stated_cause"]))
        if not case.open or named is None or not named.rare:
            return None
        ways = set(_listed(case.row["disagreement"]))
        hedged = case.certainty not in ("", "present")
        backed = not ways & {"unsupported", "points_elsewhere"}
        return Mark(hedged or backed, "; ".join(["hedged"] * hedged + ["backed"] * backed + sorted(ways)))

    def _work_up(self, case: _Case) -> Mark | None:
        named = self.causes.get(str(case.row["stated_cause"]))
        if not case.open or named is None or not named.work_up:
            return None
        advised = [a for a in case.said("work_up") if a["entry"] in named.work_up]
        if advised:
            return Mark(True, advised[0]["entry"], advised[0]["start"], advised[0]["end"])
        known = [c for c in case.contexts if c["condition"] in named.explained_by and c["status"] == "present"]
        # a known renal failure is the result of the work-up
        return Mark(True, known[0]["condition"], known[0]["start"], known[0]["end"]) if known else Mark(False)

    def _naming(self, case: _Case) -> Mark | None:
        acquired = "heterotopic_ossification" in (case.row["cause"], case.row["stated_cause"])
        if not case.open or not acquired:
            return None
        old = case.said("naming")
        return Mark(False, old[0]["entry"], old[0]["start"], old[0]["end"]) if old else Mark(True)

    def _comparison(self, case: _Case) -> Mark | None:
        if not case.open:
            return None
        told = case.said("comparison")
        if told:
            return Mark(True, told[0]["entry"], told[0]["start"], told[0]["end"])
        return _mark([a for a in case.attributes if self.dimensions.get(a["value"]) == "change"])

    def _follow_up(self, case: _Case) -> Mark | None:
        advised = [a for a in case.said("follow_up") if _has(a["modality"]) or _has(a["interval_days"])]
        if not case.open or not advised:
            return None
        whole = [a for a in advised if _has(a["modality"]) and _has(a["interval_days"])]
        shown = (whole or advised)[0]
        said = [str(shown["modality"])] if _has(shown["modality"]) else []
        said += [f"{int(shown['interval_days'])} days"] if _has(shown["interval_days"]) else []
        return Mark(bool(whole), "; ".join(said), shown["start"], shown["end"])


def _mark(words: Sequence[_Row]) -> Mark:
    """Met where there are words for it; the first of them shows it."""
    if not words:
        return Mark(False)
    named = "; ".join(dict.fromkeys(str(w["value"]) for w in words))
    return Mark(True, named, words[0]["start"], words[0]["end"])


def _listed(value: Sequence[str] | NDArray[Any] | None) -> list[str]:
    """A cell that holds a list, as one."""
    return [] if value is None or isinstance(value, float) else [str(item) for item in value]


def _has(value: Any) -> bool:
    return bool(pd.notna(value))


def _plain(value: Any) -> Any:
    return value if _has(value) else None


def render(card: Audit, *, by: str | None = None, criterion: str | None = None) -> str:
    """The scorecard for the terminal: rates of all or by a column, or the funnel of one criterion, and the worklist.

    Raises InputError for an unknown criterion or column.
    """
    if criterion is not None:
        shown = card.funnel(criterion)
        label = dict(zip(card.criteria["criterion"], card.criteria["label"], strict=True))[criterion]
        if not len(shown):
            return f"{label}: no report names its radiologist."
        table = shown.drop(columns=["mean", "lower_998", "upper_998"]).rename(
            columns={"lower_95": "lower", "upper_95": "upper"}
        )
        return (
            f"{label}: department's mean {100 * float(shown['mean'].iloc[0]):.1f} %. The limits are those of chance "
            f"(95 %); small: fewer than {SMALL} reports.\n" + tabulation.render(table)
        )
    labels = dict(zip(card.criteria["criterion"], card.criteria["label"], strict=True))
    rated = card.rates(by)
    rated = rated.assign(criterion=[labels[c] for c in rated["criterion"]])
    rated = rated.rename(columns={"met": "numerator", "counted": "denominator"})
    if by is not None:
        rated = rated[rated["denominator"] > 0]
    lines = [
        f"{card.reports:,} reports speak of soft tissue calcification. A criterion counts only reports that it asks "
        "something of.",
        tabulation.render(rated),
    ]
    if by is None:
        elsewhere = int(card.worklist["disagreement"].str.contains("points_elsewhere").sum())
        lines.append(
            f"Worklist: in {len(card.worklist):,} reports the named cause and the description do not go together "
            f"({elsewhere:,} describe another cause); --worklist FILE lists them."
        )
    return "\n\n".join(lines)
