"""One report in, one reading out: the order in which the rooms do their work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from miner import (
    addenda,
    differential,
    evidence,
    lesions,
    linking,
    naming,
    opening,
    patient,
    placement,
    position,
    scope,
    screen,
    sections,
    sentences,
    status,
)
from miner.advice import Advisor
from miner.examination import Examination, described, examined, region_of, side_of
from miner.language import Pipeline, pairs, vocabulary
from miner.lexicon import Condition, CueEntry, Lexicon
from miner.lexicon.entries import CauseEntry
from miner.linking import Draft
from miner.model import weighted
from miner.parse import Parse, Sentence
from miner.records import (
    Advice,
    Attribute,
    Candidate,
    Context,
    Cue,
    Differential,
    Evidence,
    Mention,
    Naming,
    Piece,
    Reading,
    Report,
)
from miner.referent import Referents
from miner.relevance import Relevance
from miner.sections import Section
from miner.text import Normal, normalise
from miner.words import tokens_of

_ASKING = frozenset({"request", "history"})
_NONE = re.compile(r"\s*(?:none|no|nil|not)\b")
_ASKED_AFTER = re.compile(r"\s?\?+(?=[\s.,;)]|\Z)")
_APART = re.compile(r"\b(?:and|or|with|after|post|then|plus)\b|\n")
_TO_SUGGEST = re.compile(
    r"\b(?:no|without)\b[^.;:\n]*\bto\s+(?:suggest|indicate|support|confirm)\s+(?:[\w-]+\s+){0,3}(?:or\s+)?\Z"
)
_OPENING = 250
"""So many characters at most hold what is asked, where no heading says so."""
_QUIET = frozenset({"technique"})
_EXAM = Section("exam", "exam", 0, 0)


class Reader:
    """Reads reports with one set of lexicons. Building it compiles the pipeline (seconds); reading is milliseconds.

    ``whole`` has every sentence parsed, also those that cannot change the reading; it is there to compare with.
    """

    def __init__(
        self,
        lexicons: Sequence[Path] = (),
        contexts: str = "findings",
        model: Path | None = None,
        *,
        whole: bool = False,
    ) -> None:
        self.lexicon: Lexicon = weighted(lexicons, model)
        self.contexts = contexts
        self.whole = whole
        self.finding_word = re.compile(screen.pattern(self.lexicon))
        self.titles = sections.Titles.of(self.lexicon, self.finding_word)
        self.words = vocabulary(self.lexicon)
        self.joined = pairs(self.lexicon)
        self.pipeline = Pipeline(self.lexicon, self.titles)
        self.relevance = Relevance(self.lexicon)
        self.advisor = Advisor(self.lexicon)
        self.weighing = differential.Weighing(self.lexicon)
        self.positions = position.Positions(self.lexicon)
        self.referents = Referents(self.lexicon, self.positions)
        self.cues = self.lexicon.of(CueEntry)
        self.causes = self.lexicon.of(CauseEntry)
        self.silent = frozenset(c.id for c in self.lexicon.of(Condition).values() if c.silent)
        self._told = {
            phrase: condition
            for condition in self.lexicon.of(Condition).values()
            if condition.told_in
            for phrase in self.lexicon.phrases("contexts", condition.id)
        }
        self.tissues = placement.tissues(self.lexicon)
        self._described = lru_cache(maxsize=4096)(self._title)

    def _title(self, text: str) -> Sentence:
        """A short title (examination, heading) as a sentence of its own."""
        normal = normalise(text[:300], self.words)
        parsed = self.pipeline.parse(normal, (), [(0, len(normal.text), _EXAM)] if normal.text.strip() else [])
        return parsed.sentences[0] if parsed.sentences else Sentence(0, 0, 0, _EXAM)

    def normal(self, text: str) -> Normal:
        """The text as the pipeline sees it."""
        return normalise(text, self.words)

    def screened_in(self, normal: Normal) -> bool:
        """Whether the text holds a finding word."""
        return self.finding_word.search(normal.lower) is not None

    def read(self, report: Report) -> Reading:
        """Everything that is read out of one report."""
        normal = self.normal(report.text)
        screened_out = not normal.text.strip() or not self.screened_in(normal)
        if screened_out and (self.contexts != "all" or not normal.text.strip()):
            return Reading(report, "absent", "absent", None, screened_out=True)
        reading = self._interpret(report, self.parse(normal, whole=self.whole))
        return replace(reading, screened_out=True) if screened_out else reading

    def parse(self, normal: Normal, *, whole: bool = True) -> Parse:
        """The sections and sentences of a text, and every phrase of the lexicons in them.

        Without ``whole`` the sentences that cannot matter to the reading stay empty.
        """
        parts = sections.split(normal.text, self.titles)
        width = sentences.wrap_width(normal.text)
        chosen = [
            (start, end, part)
            for part in parts
            for start, end in sentences.split(normal.text, part.start, part.end, width, self.joined)
        ]
        chosen = opening.retitled(chosen, normal, self.finding_word)
        tokens = tuple(tokens_of(normal.lower, start, end) for start, end, _ in chosen)
        if whole:
            return self.pipeline.parse(normal, parts, chosen, tokens)
        first_line = max(normal.text.find("\n", 1), 1)
        starts = [start for start, _, _ in chosen]
        matter = self.relevance.of(tokens, starts, [part for _, _, part in chosen], first_line)
        return self.pipeline.parse(normal, parts, chosen, tokens, matter)

    # --- interpretation -------------------------------------------------------------------------------------------

    def _examination(self, report: Report, parse: Parse) -> Examination:
        titles: list[Sentence] = []
        line = described(report)
        if line:
            titles.append(self._described(line))
        titles += [s for s in parse.sentences if s.role == "exam"]
        for part in parse.sections:
            if part.id == "heading" and part.title and part.role != "request":
                titles.append(self._described(part.title))
        titles += [s for s in parse.sentences if s.role in ("technique", "request")]
        titles += [s for s in parse.sentences if s.role == "history"]
        first = parse.normal.text.find("\n", 1)
        titles += [s for s in parse.sentences if s.role == "start" and not s.findings and s.start < max(first, 1)]
        return examined(titles, self.lexicon)

    def _heading(self, part: Section) -> Examination:
        """What the heading over a sentence says of places and side."""
        if part.role in ("exam", "start") or not part.title:
            return Examination()
        words = self._described(part.title)
        found = tuple(dict.fromkeys(site for site, _, _ in words.sites))
        placed = tuple(s for s in found if s.region)
        side = side_of(words)
        if part.sites:
            known = self.lexicon.entries["sites"]
            named = tuple(known[s] for s in part.sites if s != "soft_tissue")
            # "PERICARDIUM:" under the headings of the heart: the heading says its organ itself
            named = tuple(s for s in placed if s.scope == "organ" and s.scope == part.scope) or named
            default = next((s.scope for s in named if s.scope), "soft_tissue")  # type: ignore[attr-defined]
            return Examination(named, side, "any", part.scope or default)  # type: ignore[arg-type]
        if not placed:
            return Examination(laterality=side)
        region = region_of(placed) or "any"
        default = next((s.scope for s in placed if s.scope), "") or str(
            self.lexicon.regions.get(region, {}).get("scope", "")
        )
        return Examination(placed, side, region, default or "soft_tissue")

    def _interpret(self, report: Report, parse: Parse) -> Reading:
        lower = parse.normal.lower
        examination = self._examination(report, parse)
        known = self.lexicon.entries["sites"]
        drafts: list[Draft] = []
        by_sentence: dict[int, list[Draft]] = {}
        for sentence in parse.sentences:
            if not sentence.findings or sentence.role in _QUIET:
                continue
            linking.arteries(sentence, lower)
            found = self._drafts(sentence, lower)
            linking.link(found, lower)
            for one in found:
                for hit in self.positions.found(one, lower):
                    one.describe(hit, lower)
                if sentence.index:
                    self.referents.refer(one, parse.sentences[sentence.index - 1], lower)
            heading = self._heading(sentence.section)
            for one in found:
                scope.decide(one, lower, heading, sentence.section.scope, examination, self.lexicon)
            near = [
                parse.sentences[i] for i in (sentence.index - 1, sentence.index + 1) if 0 <= i < len(parse.sentences)
            ]
            kept = [one for one in found if scope.counts(one, found, lower, near)]
            for one in kept:
                implied = one.finding.sites if one.scope != "soft_tissue" else ()
                if one.finding.yields and any(site.compartment for site in heading.sites):
                    implied = ()
                placement.place(one, lower, heading, examination, [known[s] for s in implied])  # type: ignore[misc]
                placement.with_tissue(one, lower, self.tissues)
                if one.finding.lodges:
                    placement.lodge(one, known[one.finding.lodges])  # type: ignore[arg-type]
                if one.tied is not None and one.tied not in kept:
                    one.tied = None
            by_sentence[sentence.index] = kept
            drafts += kept
        self._look_back(parse, by_sentence, lower)
        scope.settle(drafts)
        addenda.retract(drafts, parse.sentences, lower)
        contexts = self._contexts(parse, lower, examination) if drafts or self.contexts == "all" else []
        groups = lesions.gather(drafts)
        heard = naming.heard(parse, lower, self.lexicon) + naming.dismissed(drafts, lower) if groups else []
        names = naming.assigned(groups, heard, self.lexicon)
        who = (patient.age(report, lower), patient.sex(report, lower)) if groups else (None, None)
        said = self.advisor.found(parse) if groups else ()
        outcomes = [
            self._conclude(lesion, who, contexts, names.get(lesion.number, []), examination) for lesion in groups
        ]
        return self._reading(report, parse, drafts, groups, contexts, outcomes, said)

    def _drafts(self, sentence: Sentence, lower: str) -> list[Draft]:
        default = "present"
        if sentence.role in _ASKING:
            default = "hypothetical" if sentence.role == "request" or status.asked(lower, sentence) else "historical"
        elif sentence.role == "comparison":
            default = "historical"
        elif sentence.section.id == "differential":
            default = "possible"
        open_ = [(start, end) for entry, start, end in sentence.grammar if entry.role == "undecided"]
        if open_:
            # "calcification or ossification": what is left open is its nature, not that it is there
            sentence.cues[:] = [c for c in sentence.cues if not any(s <= c.start and c.end <= e for s, e in open_)]
        weak = ("support", "alone")
        if any(f.needs not in weak and f.scope in ("", "soft_tissue") for f, _, _ in sentence.findings):
            # beside a plain calcification word a weak one ("rounded densities") is only its description
            sentence.findings[:] = [hit for hit in sentence.findings if hit[0].needs not in weak]
        if any(
            not f.needs and not f.states and f.status != "absent" and f.scope in ("", "soft_tissue")
            for f, _, _ in sentence.findings
        ):
            # "calcified mass with cortex and trabeculae": what makes it bone is its description, not a second mention
            sentence.findings[:] = [hit for hit in sentence.findings if not (hit[0].needs and hit[0].ossified)]
        verdicts = []
        for finding, start, end in sentence.findings:
            verdict = status.resolve(sentence, lower, start, end, "findings", self.lexicon.priorities, default)
            if sentence.role in _ASKING and verdict.status == "possible":
                # a hedge in the request is a question
                verdict = status.Verdict("hypothetical", verdict.cues, verdict.category)
            if verdict.status == "present" and not verdict.cues and lower.startswith("?", end):
                # "insertional calcification?": asked before the findings, doubted in them
                early = sentence.role in ("start", "exam") or sentence.start < _OPENING
                answered = _NONE.match(lower, end + 1) is not None
                said = "absent" if answered else "hypothetical" if early else "possible"
                verdict = status.Verdict(said, verdict.cues, verdict.category)
            if finding.states and verdict.status == "present" and _TO_SUGGEST.search(lower, sentence.start, start):
                # "no zonal pattern to support myositis ossificans"
                verdict = status.Verdict("absent", verdict.cues, "ABSENT")
            if finding.status == "absent":
                verdict = status.Verdict("absent", (Cue(finding.id, "ABSENT", start, end),), "ABSENT")
            verdicts.append(verdict)
        return linking.draft(sentence, lower, verdicts)

    def _look_back(self, parse: Parse, by_sentence: dict[int, list[Draft]], lower: str) -> None:
        """A sentence that only points back ("these are round and lamellated") describes the mention before it."""
        for sentence in parse.sentences:
            if sentence.findings and by_sentence.get(sentence.index):
                continue
            before = by_sentence.get(sentence.index - 1)
            if not before or not (sentence.descriptors or sentence.sites):
                continue
            opening = [g for g in sentence.grammar if g[0].role == "anaphor" and g[1] - sentence.start < 24]
            word = opening[0][1:] if opening else _opening_word(sentence)
            if word is None:
                continue
            target = before[-1]
            reach = Draft(sentence, target.finding, *word, sentence.start, sentence.end, target.verdict)
            for hit in sentence.descriptors:
                if linking.describes(reach, hit, lower):
                    reach.describe(hit, lower)
            target.descriptors += reach.descriptors
            target.denied += reach.denied
            if target.size is None:
                target.size = linking.size(reach, lower)
            if not target.own_place:
                placed = [h for h in sentence.sites if h[0].scope in ("", target.scope)]
                if placed:
                    target.sites = placed
                    target.own_place = True
            by_sentence.setdefault(sentence.index, [])

    def _contexts(self, parse: Parse, lower: str, examination: Examination) -> list[Context]:
        found = []
        described = next((s.index for s in parse.sentences if s.findings), len(parse.sentences))
        for sentence in parse.sentences:
            if sentence.role in _QUIET:
                continue
            # without headings the history ends where the findings begin
            role = "body" if sentence.role == "start" and sentence.index >= described else sentence.role
            for condition, start, end in sentence.contexts:
                asking = sentence.role in (*_ASKING, "start", "exam")
                if condition.region and (condition.region != examination.region or not (asking or condition.anywhere)):
                    continue
                told = self._told.get(lower[start:end])
                if told is not None and role in told.told_in:
                    condition = told
                if condition.sections and sentence.role not in condition.sections:
                    continue
                verdict = status.resolve(sentence, lower, start, end, "contexts", self.lexicon.priorities)
                if verdict.status == "absent" and condition.imaging and sentence.role not in _ASKING:
                    continue
                if verdict.category == "DISMISSED":
                    continue
                if verdict.status == "present" and _TO_SUGGEST.search(lower, sentence.start, start):
                    # "no bone destruction to suggest osteomyelitis"
                    verdict = status.Verdict("absent", verdict.cues, verdict.category)
                if verdict.status == "present" and _ASKED_AFTER.match(lower, end):
                    # "Osteomyelitis? Known diabetes."
                    verdict = status.Verdict("hypothetical", verdict.cues, verdict.category)
                if sentence.role in _ASKING and verdict.status == "possible":
                    verdict = status.Verdict("hypothetical", verdict.cues, verdict.category)
                name, said = condition.reported_as or condition.id, verdict.status
                if condition.reported_absent:
                    said = {"present": "absent", "absent": "present"}.get(said, said)
                found.append(Context(name, said, sentence.section.id, start, end, verdict.cues, condition.id))
        return _joined(found, lower, self.silent)

    def _conclude(
        self,
        lesion: lesions.Lesion,
        who: tuple[float | None, str | None],
        contexts: list[Context],
        heard: list[naming.Heard],
        examination: Examination,
    ) -> Differential:
        own = tuple(site for d in lesion.drafts for site, start, _ in d.sites if start >= 0)
        regions = {site.region for site in own if site.region}
        region = examination.region if examination.region in regions else region_of(own) or examination.region
        found = evidence.pieces(
            lesion,
            contexts,
            dict(self.lexicon.settings),
            "undetermined" if lesion.kind_basis == "undetermined" else lesion.kind,
            *who,
        )
        namings = naming.namings(lesion, heard, self.lexicon)
        return self.weighing.conclude(lesion.id, region, found, namings, lesion.kind_basis)

    # --- the result, in positions of the text as given ---------------------------------------------------------------

    def _reading(
        self,
        report: Report,
        parse: Parse,
        drafts: list[Draft],
        groups: list[lesions.Lesion],
        contexts: list[Context],
        outcomes: list[Differential],
        said: Sequence[Advice],
    ) -> Reading:
        span = parse.normal.span

        def back(cue: Cue) -> Cue:
            return Cue(cue.entry, cue.category, *span(cue.start, cue.end))

        mentions = []
        for number, one in enumerate(drafts, 1):
            one.sites = placement.specific(placement.inside(one))
            attributes = tuple(
                Attribute(a.dimension, a.value, *(span(a.start, a.end) if a.start >= 0 else (-1, -1)))
                for a in one.attributes()
            )
            described = dict.fromkeys(
                (
                    *one.finding.implies,
                    *(d.id for d, _, _ in one.descriptors if d.dimension != "change" and not d.silent),
                )
            )
            mentions.append(
                Mention(
                    f"M{number}",
                    *span(one.start, one.end),
                    one.finding.id,
                    one.finding.kind,
                    one.verdict.status,
                    one.scope,
                    one.sentence.section.id,
                    tuple(
                        dict.fromkeys(
                            name for site, _, _ in one.sites for name in (site.reported_as or site.id, *site.also)
                        )
                    ),
                    one.side[0] if one.side else None,
                    tuple(described),
                    one.size[0] if one.size else None,
                    f"L{one.lesion}" if one.lesion > 0 else None,
                    tuple(back(c) for c in one.verdict.cues),
                    one.scope_basis,
                    attributes,
                )
            )
        placed = tuple(
            Context(c.condition, c.status, c.section, *span(c.start, c.end), tuple(back(x) for x in c.cues), c.entry)
            for c in contexts
            if c.entry not in self.silent
        )
        # most texts are given as they are read
        concluded = tuple(_translated(d, span) for d in outcomes) if parse.normal.cuts else tuple(outcomes)
        soft = [m for m in mentions if m.scope == "soft_tissue"]
        state = _state(m.status for m in soft)
        kinds = {g.kind for g in groups}
        kind = "both" if len(kinds) > 1 or "both" in kinds else next(iter(kinds), None)
        headline = self._headline(groups, concluded) if state != "absent" else None
        if headline is not None and headline.stated_cause is None:
            # the conclusion may name the cause beside another lesion of the same disease
            same = next((d for d in concluded if d.stated_cause == headline.cause), None)
            headline = replace(headline, stated_cause=headline.cause, basis="stated") if same else headline
        return Reading(
            report,
            state,
            _state(m.status for m in mentions if m.scope != "soft_tissue"),
            kind if state != "absent" else None,
            tuple(mentions),
            placed,
            concluded,
            headline,
            tuple(replace(a, start=span(a.start, a.end)[0], end=span(a.start, a.end)[1]) for a in said),
        )

    def _headline(self, groups: list[lesions.Lesion], outcomes: Sequence[Differential]) -> Differential | None:
        """The differential that speaks for the report: present before possible, then the gravest cause, then the one
        that the conclusion names, then the first."""
        best = None
        for lesion, outcome in zip(groups, outcomes, strict=True):
            concluded = any(d.sentence.role in ("conclusion", "addendum") for d in lesion.drafts)
            key = (lesion.status == "present", self.causes[outcome.cause].severity, concluded, -lesion.number)
            if best is None or key > best[0]:
                best = (key, outcome)
        return best[1] if best else None


def _opening_word(sentence: Sentence) -> tuple[int, int] | None:
    """The descriptor that opens a sentence about nothing else ("Fluid-calcium levels on the lateral view.")."""
    if sentence.contexts or sentence.causes or any(entry.role == "finding" for entry, _, _ in sentence.grammar):
        return None
    first = next((hit for hit in sentence.descriptors if hit[0].reach == "sentence"), None)
    return (first[1], first[2]) if first is not None and first[1] - sentence.start < 4 else None


def _joined(found: list[Context], lower: str, silent: frozenset[str]) -> list[Context]:
    """One context out of two of the same condition and status that stand side by side ("refugee from Chad")."""
    result: list[Context] = []
    for context in found:
        last = result[-1] if result else None
        alike = last is not None and last.condition == context.condition and last.status == context.status
        if last is not None and alike and (last.entry in silent) == (context.entry in silent):
            gap = lower[last.end : context.start]
            if len(gap.split()) <= 2 and re.fullmatch(r"[\s\w'-]*", gap) and not _APART.search(gap):
                result[-1] = Context(
                    last.condition, last.status, last.section, last.start, context.end, last.cues, last.entry
                )
                continue
        result.append(context)
    return result


def _state(statuses: object) -> str:
    found = set(statuses)  # type: ignore[call-overload]
    return "present" if "present" in found else "possible" if "possible" in found else "absent"


def _translated(outcome: Differential, span: object) -> Differential:
    def place(item: Any) -> tuple[int, int]:
        return span(item.start, item.end) if item.start >= 0 else (item.start, item.end)  # type: ignore[no-any-return, operator]

    candidates = tuple(
        Candidate(
            c.cause,
            c.probability,
            c.stated,
            tuple(Evidence(e.entry, e.kind, e.weight, *place(e)) for e in c.evidence),
        )
        for c in outcome.candidates
    )
    return replace(
        outcome,
        candidates=candidates,
        pieces=tuple(Piece(p.feature, *place(p), p.share) for p in outcome.pieces),
        namings=tuple(Naming(n.cause, n.certainty, n.order, *place(n)) for n in outcome.namings),
    )
