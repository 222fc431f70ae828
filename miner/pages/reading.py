"""One report as the miner read it: the marked-up text, the mentions and the differential with its arithmetic.

Showing the text is what the user asked for here; nothing of it goes anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log

from miner.pages import markup
from miner.pages.words import environment, name, percent
from miner.records import Candidate, Differential, Evidence, Mention, Reading

SHOWN = 5
"""So many causes of a lesion are set out with their evidence; the rest is one line."""

_COLOURS = {"M": "1;34", "S": "32", "D": "35", "X": "36", "C": "31"}


@dataclass(frozen=True, slots=True)
class Line:
    """One summand of a score: what it is, its words in the text, on what its weight rests, the weight as shown."""

    what: str
    words: str
    source: str
    weight: float


@dataclass(frozen=True, slots=True)
class Sum:
    """A cause with its summands; ``total`` is the sum of the weights as shown, ``share`` its posterior probability."""

    cause: str
    lines: tuple[Line, ...]
    total: float
    share: float
    stated: bool


@dataclass(frozen=True, slots=True)
class Account:
    """The differential of one lesion, ready to be printed; the shares of ``sums`` and ``rest`` make one."""

    lesion: str
    mentions: str
    region: str
    conclusion: str
    disagreement: tuple[str, ...]
    sharpness: float
    scale: float
    sums: tuple[Sum, ...]
    others: int
    rest: float


@dataclass(frozen=True, slots=True)
class Row:
    """One mention with the reason for each of its labels."""

    number: str
    words: str
    entry: str
    kind: str
    status: str
    scope: str
    sites: str
    descriptors: str
    section: str
    lesion: str


def reading_html(
    reading: Reading,
    *,
    labels: Mapping[str, str] | None = None,
    sources: Mapping[tuple[str, str], str] | None = None,
    page: bool = False,
) -> str:
    """The reading as HTML: a fragment for a notebook, with ``page`` a whole document that stands alone.

    ``labels`` maps entry ids to labels, ``sources`` a (cause, evidence entry) pair to what the weight rests on. The
    weights are natural logarithms: those of a cause add up to its total, and e to the total, divided by the same number
    for every cause of the lesion, is its probability.
    """
    return _template(reading, labels or {}, sources or {}, page)


def reading_text(
    reading: Reading,
    colour: bool,
    *,
    labels: Mapping[str, str] | None = None,
    sources: Mapping[tuple[str, str], str] | None = None,
) -> str:
    """The same for a terminal: marks as lettered brackets, in ``colour`` as well where the terminal has it."""
    labels, sources = labels or {}, sources or {}
    lines = [_headline(reading, labels), ""]
    lines += [_marked(reading, labels, colour), ""]
    lines += ["  ".join(f"{letter} {what}" for letter, what in markup.LETTERS.items()), ""]
    for row in rows(reading, labels):
        lines += [
            f'M{row.number} "{row.words}": {row.entry}',
            f"    {row.kind}, {row.status}",
            f"    scope {row.scope}",
            f"    sites {row.sites}",
            f"    descriptors {row.descriptors}",
            f"    section {row.section}, lesion {row.lesion}",
            "",
        ]
    for account in accounts(reading, labels, sources):
        lines += [f"Lesion {account.lesion} ({account.mentions}): {account.conclusion}"]
        lines += [f"  ! {sentence}" for sentence in account.disagreement]
        for total in account.sums:
            lines += [f"  {percent(total.share):>7}  {total.cause}{' (stated)' if total.stated else ''}"]
            for line in total.lines:
                quote = f' "{line.words}"' if line.words else ""
                source = f"  [{line.source}]" if line.source else ""
                lines += [f"           {line.weight:+7.2f}  {line.what}{quote}{source}"]
            lines += [f"         = {total.total:+7.2f}"]
        if account.others:
            lines += [f"  {percent(account.rest):>7}  {account.others} other causes together"]
        times = "" if account.sharpness == 1 else f"{account.sharpness:g} x "
        lines += [f"  probability = exp({times}total) / {account.scale:.4g}", ""]
    return "\n".join(lines).rstrip() + "\n"


def rows(reading: Reading, labels: Mapping[str, str]) -> tuple[Row, ...]:
    """The table of mentions: every label beside the words, cues and places that it rests on."""
    made = []
    for place, mention in enumerate(reading.mentions, start=1):
        cues = "; ".join(
            f"{name(cue.entry, labels)} “{markup.words(reading.report.text, cue.start, cue.end)}”"
            for cue in mention.cues
        )
        made.append(
            Row(
                number=str(place),
                words=markup.words(reading.report.text, mention.start, mention.end),
                entry=name(mention.concept, labels),
                kind=mention.kind,
                status=mention.status + (f", set by {cues}" if cues else ", no cue"),
                scope=name(mention.scope, labels)
                + (f", from {name(mention.scope_basis, labels)}" if mention.scope_basis else ""),
                sites=_tied(reading, mention, labels, mention.sites, ("site", "laterality")) + _side(mention),
                descriptors=_tied(reading, mention, labels, mention.descriptors, None) + _size(mention),
                section=name(mention.section, labels),
                lesion=mention.lesion_id or "–",
            )
        )
    return tuple(made)


def accounts(
    reading: Reading, labels: Mapping[str, str], sources: Mapping[tuple[str, str], str]
) -> tuple[Account, ...]:
    """The differentials with their arithmetic, rounded so that what is shown adds up."""
    made = []
    for differential in reading.differentials:
        priors = _priors(differential)
        sums = []
        for candidate in differential.candidates[:SHOWN]:
            evidence = [item for item in candidate.evidence if item.kind != "prior"]
            lines = [
                Line("prior", "", f"{percent(exp(priors[candidate.cause]))} before evidence", priors[candidate.cause])
            ]
            lines += [_line(reading, candidate, item, labels, sources) for item in evidence]
            lines = [Line(line.what, line.words, line.source, round(line.weight, 2)) for line in lines]
            total = round(sum(line.weight for line in lines), 2)
            sums.append(
                Sum(name(candidate.cause, labels), tuple(lines), total, candidate.probability, candidate.stated)
            )
        scale = exp(differential.sharpness * sums[0].total) / sums[0].share if sums and sums[0].share else 1.0
        of = [f"M{n}" for n, each in enumerate(reading.mentions, 1) if each.lesion_id == differential.lesion_id]
        others = differential.candidates[SHOWN:]
        made.append(
            Account(
                lesion=differential.lesion_id,
                mentions=", ".join(of) or "no mention",
                region=name(differential.region, labels),
                conclusion=_conclusion(differential, labels),
                disagreement=tuple(_disagreement(way, differential, labels) for way in differential.disagreement),
                sharpness=differential.sharpness,
                scale=scale,
                sums=tuple(sums),
                others=len(others),
                rest=sum(candidate.probability for candidate in others),
            )
        )
    return tuple(made)


def _priors(differential: Differential) -> dict[str, float]:
    # The prior stands among the evidence, or else it is what the evidence leaves to explain of the probabilities.
    given = {
        candidate.cause: sum(item.weight for item in candidate.evidence if item.kind == "prior")
        for candidate in differential.candidates
        if any(item.kind == "prior" for item in candidate.evidence)
    }
    if len(given) == len(differential.candidates):
        return given
    left = {
        candidate.cause: log(max(candidate.probability, 1e-12)) - sum(item.weight for item in candidate.evidence)
        for candidate in differential.candidates
    }
    whole = log(sum(exp(value) for value in left.values()))
    return {cause: value - whole for cause, value in left.items()}


def _line(
    reading: Reading,
    candidate: Candidate,
    item: Evidence,
    labels: Mapping[str, str],
    sources: Mapping[tuple[str, str], str],
) -> Line:
    return Line(
        what=f"{name(item.kind, labels)}: {name(item.entry, labels)}",
        words=markup.words(reading.report.text, item.start, item.end),
        source=sources.get((candidate.cause, item.entry), ""),
        weight=item.weight,
    )


def _tied(
    reading: Reading,
    mention: Mention,
    labels: Mapping[str, str],
    values: tuple[str, ...],
    dimensions: tuple[str, ...] | None,
) -> str:
    parts = []
    for value in values:
        places = [tied for tied in mention.attributes if tied.value == value]
        quote = next(
            (markup.words(reading.report.text, tied.start, tied.end) for tied in places if tied.start >= 0), ""
        )
        basis = f" “{quote}”" if quote else " (from the examination)" if dimensions and places else ""
        parts.append(name(value, labels) + basis)
    return ", ".join(parts) or "–"


def _side(mention: Mention) -> str:
    return f"; {mention.laterality}" if mention.laterality else ""


def _size(mention: Mention) -> str:
    return f"; {mention.size_mm:g} mm" if mention.size_mm is not None else ""


def _disagreement(way: str, differential: Differential, labels: Mapping[str, str]) -> str:
    """One way in which the named cause and the description disagree, as a sentence."""
    stated, inferred = name(differential.stated_cause or "", labels), name(differential.inferred_cause or "", labels)
    return {
        "unsupported": f"Stated and unsupported: nothing that is described speaks for {stated}.",
        "points_elsewhere": f"The report names {stated}; what it describes points to {inferred}.",
        "context_missing": f"The report names {stated} and nothing that would bring it about.",
    }[way]


def _conclusion(differential: Differential, labels: Mapping[str, str]) -> str:
    said = f"{name(differential.cause, labels)}, {percent(differential.probability)} ({differential.basis})"
    return f"{said}; the evidence does not separate the leading causes" if differential.abstained else said


def _headline(reading: Reading, labels: Mapping[str, str]) -> str:
    cause = f"; cause: {_conclusion(reading.cause, labels)}" if reading.cause else ""
    kind = f" ({reading.kind})" if reading.kind else ""
    return f"soft tissue: {reading.soft_tissue}{kind}; elsewhere: {reading.elsewhere}{cause}"


def _marked(reading: Reading, labels: Mapping[str, str], colour: bool) -> str:
    out = []
    for piece in markup.pieces(reading.report.text, markup.marks(reading, labels)):
        opened = "".join(f"[{mark.tag} " for mark in piece.opens)
        closed = "]" * len(piece.closes)
        shown = f"{opened}{piece.text}{closed}"
        out.append(f"\x1b[{_COLOURS[piece.marks[-1].letter]}m{shown}\x1b[0m" if colour and piece.marks else shown)
    return "".join(out)


def _template(reading: Reading, labels: Mapping[str, str], sources: Mapping[tuple[str, str], str], page: bool) -> str:
    marked = markup.marks(reading, labels)
    return (
        environment()
        .get_template("reading.html.j2")
        .render(
            page=page,
            note_id=reading.report.note_id,
            headline=_headline(reading, labels),
            pieces=markup.pieces(reading.report.text, marked),
            letters=markup.LETTERS,
            rows=rows(reading, labels),
            contexts=[
                {
                    "tag": f"X{place}",
                    "words": markup.words(reading.report.text, context.start, context.end),
                    "condition": name(context.condition, labels),
                    "status": context.status,
                    "section": name(context.section, labels),
                }
                for place, context in enumerate(reading.contexts, start=1)
            ],
            accounts=accounts(reading, labels, sources),
        )
    )
