"""Where the named cause and the description do not go together, and what decided the kind."""

from __future__ import annotations

import pytest

from miner.reader import Reader
from miner.records import Differential, Report


def outcome(reader: Reader, text: str, study: str = "XR HIP LEFT") -> Differential:
    """The differential that speaks for a report."""
    found = reader.read(Report("r", text, study)).cause
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        (
            "Large globular lobulated calcified mass about the hip, 7 cm, with sedimentation levels. "
            "Impression: Myositis ossificans.",
            ("points_elsewhere", "context_missing"),
        ),
        ("HISTORY: Hip arthroplasty. Mature trabeculated heterotopic ossification lateral to the hip.", ()),
        ("Mature trabeculated heterotopic ossification lateral to the hip.", ("context_missing",)),
        ("Round lamellated phleboliths with lucent centers in the pelvis.", ()),
    ],
)
def test_ways_to_disagree(reader: Reader, text: str, ways: tuple[str, ...]) -> None:
    """The name, the description and what would explain it are held against each other."""
    assert outcome(reader, text).disagreement == ways


def test_name_without_support(reader: Reader) -> None:
    """A name for which nothing speaks, in a description that speaks against it."""
    found = outcome(
        reader,
        "Rice-grain calcifications in the thigh muscles along the muscle fibers, consistent with tumoral calcinosis.",
        "XR FEMUR LEFT",
    )
    assert found.stated_cause == "tumoral_calcinosis"
    assert "unsupported" in found.disagreement


def test_silence_is_no_disagreement(reader: Reader) -> None:
    """A report that names no cause cannot disagree with one."""
    assert outcome(reader, "Amorphous calcification beside the hip.").disagreement == ()


@pytest.mark.parametrize(
    ("text", "basis", "kind"),
    [
        ("Calcification beside the hip.", "word", "calcification"),
        ("Calcified mass with a cortex and trabeculae beside the hip.", "structure", "ossification"),
        ("Faint calcification or ossification beside the hip.", "undetermined", "both"),
        ("Calcification/ossification with cortex and trabeculae beside the hip.", "structure", "ossification"),
    ],
)
def test_kind_and_what_decided_it(reader: Reader, text: str, basis: str, kind: str) -> None:
    """Order decides; what the report leaves open stays open."""
    reading = reader.read(Report("r", text, "XR HIP LEFT"))
    assert reading.cause is not None
    assert (reading.cause.kind_basis, reading.kind) == (basis, kind)
    assert reading.soft_tissue == "present"


def test_open_kind_speaks_for_neither(reader: Reader) -> None:
    """Without a decision neither calcification nor ossification is counted as evidence."""
    found = outcome(reader, "Faint calcification or ossification beside the hip.")
    entries = {e.entry for c in found.candidates for e in c.evidence}
    assert "kind:undetermined" in entries
    assert not entries & {"kind:calcification", "kind:ossification"}
