"""The clinical contexts of a report: what stands in its request, history and findings about the patient."""

from __future__ import annotations

import re

from miner import status
from miner.examination import Examination
from miner.lexicon import Condition, Lexicon
from miner.parse import Parse
from miner.records import Context

_ASKING = frozenset({"request", "history"})
_QUIET = frozenset({"technique"})
_ASKED_AFTER = re.compile(r"\s?\?+(?=[\s.,;)]|\Z)")
_APART = re.compile(r"\b(?:and|or|with|after|post|then|plus)\b|\n")


class Contexts:
    """Compiled from a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        conditions = lexicon.of(Condition).values()
        self.silent = frozenset(c.id for c in conditions if c.silent)
        """Conditions that are evidence and no rows of the table."""
        self._priorities = lexicon.priorities
        self._told = {
            phrase: condition
            for condition in conditions
            if condition.told_in
            for phrase in lexicon.phrases("contexts", condition.id)
        }

    def found(self, parse: Parse, lower: str, examination: Examination) -> list[Context]:
        """Every condition with its status, in the order of the text."""
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
                verdict = status.resolve(sentence, lower, start, end, "contexts", self._priorities)
                if verdict.status == "absent" and condition.imaging and sentence.role not in _ASKING:
                    continue
                if verdict.category == "DISMISSED":
                    continue
                if verdict.status == "present" and status.to_suggest(lower, sentence.start, start):
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
