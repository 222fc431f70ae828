"""One report in, one reading out: the order in which the rooms do their work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from miner import (
    addenda,
    differential,
    evidence,
    lesions,
    linking,
    measurement,
    naming,
    opening,
    patient,
    placement,
    position,
    result,
    scope,
    screen,
    sections,
    sentences,
    status,
)
from miner.advice import Advisor
from miner.contexts import Contexts
from miner.draft import Draft
from miner.examination import Examination, described, examined, region_of, side_of
from miner.language import Pipeline, pairs, vocabulary
from miner.lexicon import CueEntry, Lexicon
from miner.lexicon.entries import CauseEntry
from miner.model import weighted
from miner.parse import Parse, Sentence
from miner.records import (
    Context,
    Cue,
    Differential,
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
        self.every_context = contexts == "all"
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
        self.contexts = Contexts(self.lexicon)
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
        if screened_out and (not self.every_context or not normal.text.strip()):
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
        contexts = self.contexts.found(parse, lower, examination) if drafts or self.every_context else []
        groups = lesions.gather(drafts)
        heard = naming.heard(parse, lower, self.lexicon) + naming.dismissed(drafts, lower) if groups else []
        names = naming.assigned(groups, heard, self.lexicon)
        who = (patient.age(report, lower), patient.sex(report, lower)) if groups else (None, None)
        said = self.advisor.found(parse) if groups else ()
        outcomes = [
            self._conclude(lesion, who, contexts, names.get(lesion.number, []), examination) for lesion in groups
        ]
        silent = self.contexts.silent
        return result.reading(report, parse, drafts, groups, contexts, outcomes, said, self.causes, silent)

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
            if finding.states and verdict.status == "present" and status.to_suggest(lower, sentence.start, start):
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
                target.size = measurement.size(reach, lower)
            if not target.own_place:
                placed = [h for h in sentence.sites if h[0].scope in ("", target.scope)]
                if placed:
                    target.sites = placed
                    target.own_place = True
            by_sentence.setdefault(sentence.index, [])

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


def _opening_word(sentence: Sentence) -> tuple[int, int] | None:
    """The descriptor that opens a sentence about nothing else ("Fluid-calcium levels on the lateral view.")."""
    if sentence.contexts or sentence.causes or any(entry.role == "finding" for entry, _, _ in sentence.grammar):
        return None
    first = next((hit for hit in sentence.descriptors if hit[0].reach == "sentence"), None)
    return (first[1], first[2]) if first is not None and first[1] - sentence.start < 4 else None
