"""The status of findings: which cue reaches which mention, and what decides."""

from __future__ import annotations

import pytest
from marked import complaints, settle

from miner.parse import CueHit, Sentence
from miner.reader import Reader
from miner.records import STATUSES, Report
from miner.sections import Section
from miner.status import certainty, resolve

CASES = {
    # negation before, after and far
    "no": "No {absent:calcification} of the tendon.",
    "without": "Tendon thickened, without {absent:calcification}.",
    "no evidence of a list": "No evidence of fracture, {absent:calcification} or mass.",
    "list with or": "No effusion, fracture or {absent:soft tissue calcification}.",
    "not seen": "{absent:Calcification} is not seen in the cuff.",
    "is absent": "{absent:Ossification} is absent.",
    "negative for": "The cuff is negative for {absent:calcification}.",
    "free of": "The bursa is free of {absent:calcific deposits}.",
    "colon none": "{absent:Calcification}: none.",
    "dash no": "{absent:Soft tissue calcification} - no.",
    "neither nor": "Neither fracture nor {absent:calcification} is seen.",
    "behind a heading": "FINDINGS: No {absent:calcification}.",
    "behind an organ heading": "FINDINGS:\nSoft tissues: No {absent:calcification}.",
    "never mind the case": "NO {absent:SOFT TISSUE CALCIFICATION}.",
    "denied kind": "No suspicious {absent:calcifications} in the thigh.",
    "no new": "No new {absent:calcification} about the hip.",
    "prefix": "{absent:Noncalcified} nodule of the calf.",
    # not negated
    "negated property": "{present:Calcification} without bone destruction.",
    "no change": "No change in the {present:calcification} of the tendon.",
    "no significant interval change": "No significant interval change in the {present:heterotopic ossification}.",
    "not changed": "The {present:calcification} has not changed.",
    "other finding denied before": "No fracture. {present:Calcification} of the tendon.",
    "clause of its own": "No acute fracture, {present:calcifications} are noted in the tendon.",
    "but": "No fracture but {present:calcification} of the capsule.",
    "however": "No fracture; however, {present:calcification} is seen in the bursa.",
    "presupposed": "No mass around the {present:calcification}.",
    "denied behind": "{present:Calcification} of the cuff and no fracture.",
    "not only": "Not only {present:calcification} but also fluid in the bursa.",
    "two clauses": "The cuff shows no {absent:calcification}, but {present:calcification} is seen in the bursa.",
    # certainty
    "may": "There may be {possible:calcification} in the tendon.",
    "cannot be excluded": "{possible:Calcification} cannot be excluded.",
    "cannot exclude": "Cannot exclude {possible:calcification} in the cuff.",
    "questionable": "Questionable {possible:calcification} of the cuff.",
    "suspected": "Suspected {possible:calcification} of the cuff.",
    "likely": "Density in the cuff, likely {possible:calcification}.",
    "versus": "Fracture fragment versus {possible:heterotopic ossification}.",
    "consistent with": "Density consistent with {present:calcification} in the cuff.",
    "compatible with": "Findings compatible with {present:calcific tendinitis}.",
    "finding sure, name hedged": "{present:Calcification} of the cuff, likely {possible:calcific tendinitis}.",
    "hedged cause": "{present:Calcifications} may be due to old injury.",
    # time
    "unchanged": "Unchanged {present:calcification} of the cuff.",
    "again seen": "Again seen is {present:calcification} of the cuff.",
    "old": "Old {present:calcification} of the tendon.",
    "new": "New {present:calcification} has developed in the interval.",
    "resolved": "The {historical:calcification} has resolved.",
    "no longer seen": "The previously seen {historical:calcification} is no longer seen.",
    "removed": "Status post removal of {historical:calcification}.",
    "on the prior": "COMPARISON: 2019, {historical:calcification} of the cuff. FINDINGS: Normal.",
    # who asks, who has it
    "request": "INDICATION: Evaluate for {hypothetical:heterotopic ossification}. FINDINGS: Normal.",
    "request bare": "INDICATION: {hypothetical:HO}. FINDINGS: Normal.",
    "question mark": "HISTORY: Stiff hip, ?{hypothetical:HO}. FINDINGS: Normal.",
    "rule out": "INDICATION: r/o {hypothetical:calcific tendinitis}. FINDINGS: Normal.",
    "hedge in the request": "INDICATION: Possible {hypothetical:calcification}. FINDINGS: Normal.",
    "denied in the request": "INDICATION: No {absent:calcification} on outside films. FINDINGS: Normal.",
    "history": "HISTORY: History of {historical:calcific tendinitis}. FINDINGS: Normal.",
    "mother": "HISTORY: Mother with {family:tumoral calcinosis}. FINDINGS: Normal.",
    "may develop": "{hypothetical:Heterotopic ossification} may develop.",
    "asked and answered": "INDICATION: ?{hypothetical:HO}. FINDINGS: {present:Heterotopic ossification} of the hip.",
    # lists and several mentions
    "both denied": "No {absent:calcification} or {absent:ossification}.",
    "sentence by sentence": "No {absent:phleboliths}. {present:Calcification} of the tendon.",
    "calcified and not": "{present:Calcified} and {absent:noncalcified} nodules of the thigh.",
    "lines in small letters": "no fracture\n{present:phleboliths} in the pelvis",
}
"""Marked texts, each with one way to say that something is there or not."""

KNOWN_FAILURES: dict[str, str] = {
    "doubtful significance": "'doubtful' looks back and denies, though it speaks of the significance",
}
"""Texts that are read wrongly at present, with what stands in the way."""


@pytest.mark.parametrize("name", CASES)
def test_status(reader: Reader, name: str) -> None:
    """Each mention gets the status that a reader of the sentence would give it, and nothing else is a mention."""
    settle(name, complaints(reader, CASES[name], study_description="XR SHOULDER RIGHT"), KNOWN_FAILURES)


def test_cues_are_told(reader: Reader) -> None:
    """A mention names the cues that reached it, with their places in the text as given."""
    text = "FINDINGS:\u00a0No calci\u00adfication of the cuff."
    (mention,) = reader.read(Report("r", text)).mentions
    assert mention.status == "absent"
    assert [text[cue.start : cue.end] for cue in mention.cues] == ["No"]


def test_priorities_cover_every_status(reader: Reader) -> None:
    """Every status has a priority of its own, so that no tie between statuses can arise."""
    assert set(reader.lexicon.priorities) == set(STATUSES)
    assert len(set(reader.lexicon.priorities.values())) == len(STATUSES)


def _sentence(reader: Reader, text: str, **places: tuple[int, int]) -> Sentence:
    """A sentence whose cues (by entry id) stand at the given places and reach over all of it."""
    section = Section("start", "start", 0, len(text))
    cues = [CueHit(reader.cues[name], start, end, 0, len(text)) for name, (start, end) in places.items()]
    return Sentence(0, 0, len(text), section, cues=cues)


def test_highest_priority_decides(reader: Reader) -> None:
    """Of several cues that reach a target the one whose status has the highest priority decides, near or far."""
    by_category = {
        category: next(
            c.id for c in reader.cues.values() if c.category == category and not c.sections and c.direction == "FORWARD"
        )
        for category in ("ABSENT", "POSSIBLE")
    }
    text = "aaa bbb calcification"
    sentence = _sentence(reader, text, **{by_category["ABSENT"]: (0, 3), by_category["POSSIBLE"]: (4, 7)})
    order = sorted(("absent", "possible"), key=lambda s: reader.lexicon.priorities[s])
    assert resolve(sentence, text, 8, 21, "findings", reader.lexicon.priorities).status == order[-1]
    turned = {**reader.lexicon.priorities, order[0]: 99}
    assert resolve(sentence, text, 8, 21, "findings", turned).status == order[0]


def test_default_without_cue(reader: Reader) -> None:
    """A target that no cue reaches has the default status and no cues."""
    verdict = resolve(
        _sentence(reader, "calcification"), "calcification", 0, 13, "findings", reader.lexicon.priorities, "historical"
    )
    assert (verdict.status, verdict.cues) == ("historical", ())


def test_certainty_of_no_cue() -> None:
    """A cause that is named without any cue is named outright."""
    assert certainty((), {}) == "PRESENT"
