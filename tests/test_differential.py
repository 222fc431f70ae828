"""Evidence to ranked causes: the arithmetic, the groups, what a report states, and how deep an answer goes."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from miner.differential import active, conclude, stated_evidence, weigh
from miner.evidence import age_band, size_band
from miner.lexicon import CauseEntry, Lexicon
from miner.lexicon.loader import Feature, Weight
from miner.reader import Reader
from miner.records import Candidate, Differential, Naming, Piece, Report


@pytest.fixture(scope="module")
def differentials(reader: Reader, corpora: Path) -> list[Differential]:
    """Every differential of the demo corpus."""
    with (corpora / "demo" / "reports.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        outcome
        for row in rows
        for outcome in reader.read(
            Report(
                row["note_id"],
                row["note_text"],
                row["study_description"],
                row["body_part"],
                row["modality"],
                float(row["age"]) if row["age"] else None,
                row["sex"] or None,
            )
        ).differentials
    ]


def softmax(scores: dict[str, float]) -> dict[str, float]:
    """Shares proportional to the exponentials of the scores."""
    top = max(scores.values())
    raw = {key: math.exp(value - top) for key, value in scores.items()}
    return {key: value / sum(raw.values()) for key, value in raw.items()}


def test_evidence_adds_up_to_the_posterior(differentials: list[Differential]) -> None:
    """For every candidate of every report the log prior and the weights give exactly its probability."""
    assert len(differentials) > 80
    for outcome in differentials:
        expected = softmax({c.cause: sum(e.weight for e in c.evidence) for c in outcome.candidates})
        for candidate in outcome.candidates:
            assert candidate.probability == pytest.approx(expected[candidate.cause], abs=1e-12)


def test_candidates_are_ranked_and_whole(differentials: list[Differential]) -> None:
    """Candidates are every cause once, the most probable first, and their probabilities add up to one."""
    for outcome in differentials:
        values = [c.probability for c in outcome.candidates]
        assert values == sorted(values, reverse=True)
        assert math.fsum(values) == pytest.approx(1)
        assert len({c.cause for c in outcome.candidates}) == len(values)


def test_prior_comes_first(reader: Reader, differentials: list[Differential]) -> None:
    """The first piece of evidence of a candidate is the logarithm of its prior in the region of the lesion."""
    for outcome in differentials:
        priors = reader.lexicon.priors.get(outcome.region, reader.lexicon.priors["any"])
        for candidate in outcome.candidates:
            first = candidate.evidence[0]
            assert first.kind == "prior"
            assert first.entry == f"prior:{outcome.region}"
            assert first.weight == pytest.approx(math.log(priors[candidate.cause]), abs=1e-4)


def test_answer_is_supported(reader: Reader, differentials: list[Differential]) -> None:
    """An answer holds at least its share of the posterior, or a person is asked to look."""
    settings = reader.lexicon.settings
    for outcome in differentials:
        own = {c.cause: c.probability for c in outcome.candidates}
        leader = outcome.candidates[0].cause
        if outcome.abstained:
            assert outcome.cause == leader
            assert outcome.probability < settings["leaf"]
        elif outcome.probability == own[outcome.cause]:
            assert outcome.cause == leader
            assert outcome.probability >= settings["leaf"]
        else:
            assert outcome.probability >= settings["family"]


# --- a small world of weights ----------------------------------------------------------------------------------------


def feature(
    name: str, group: str, when: tuple[str, ...] = (), unless: tuple[str, ...] = (), **weights: float
) -> Feature:
    """A feature with weights for causes."""
    return Feature(name, group, tuple(Weight(c, v, "test") for c, v in weights.items()), when=when, unless=unless)


def world(lexicon: Lexicon, *features: Feature, priors: dict[str, float] | None = None) -> Lexicon:
    """The lexicon with these features alone, and flat priors unless given."""
    causes = lexicon.of(CauseEntry)
    shares = priors or dict.fromkeys(causes, 1 / len(causes))
    return replace(lexicon, features={f.id: f for f in features}, priors={"any": shares})


def weights(features: Sequence[Feature], pieces: Sequence[Piece], cause: str, rest: float = 0.25) -> dict[str, float]:
    """The weight of each feature for one cause."""
    held = active(pieces, {f.id: f for f in features})
    return {e.entry: e.weight for e in weigh(held, rest).get(cause, ())}


def test_group_counts_the_strongest_fully() -> None:
    """In a group the strongest piece counts in full and the others at the share of the rest, each sign on its own."""
    features = [
        feature("a", "shape", cppd=1.0),
        feature("b", "shape", cppd=3.0),
        feature("c", "shape", cppd=-2.0),
        feature("d", "shape", cppd=-1.0),
        feature("e", "site", cppd=0.5),
    ]
    pieces = [Piece(name, n, n + 1) for n, name in enumerate("abcde")]
    assert weights(features, pieces, "cppd") == {"a": 0.25, "b": 3.0, "c": -2.0, "d": -0.25, "e": 0.5}


def test_share_scales_a_weight() -> None:
    """A piece that holds in part counts in part, and one that is denied counts against."""
    features = [feature("context:x", "x", cppd=2.0)]
    assert weights(features, [Piece("context:x", 0, 1, 0.5)], "cppd") == {"context:x": 1.0}
    assert weights(features, [Piece("context:x", 0, 1, -0.35)], "cppd") == {"context:x": -0.7}


def test_combination_needs_all_its_parts() -> None:
    """A combination holds where all its parts do and none of its exceptions; it points at its first part."""
    features = [feature("both", "x", when=("a", "b"), unless=("c",), cppd=1.0)]
    one, two, three = Piece("a", 5, 6), Piece("b", 2, 3, 0.5), Piece("c", 9, 10)
    assert weights(features, [one], "cppd") == {}
    assert weights(features, [one, two, three], "cppd") == {}
    assert weights(features, [one, Piece("b", 2, 3, -1.0)], "cppd") == {}
    held = active([one, two], {f.id: f for f in features})
    assert [(p.start, p.share) for _, p in held] == [(2, 0.5)]
    assert weights(features, [one, two], "cppd") == {"both": 0.5}


def test_combination_of_parts_without_words() -> None:
    """A part without words (age) never gives the place of a combination."""
    features = [feature("both", "x", when=("age:under_18", "b"), cppd=1.0)]
    held = active([Piece("age:under_18", -1, -1), Piece("b", 7, 8)], {f.id: f for f in features})
    assert held[0][1].start == 7


def named(cause: str, certainty: str = "PRESENT", order: int = 0) -> Naming:
    """A cause that the report names."""
    return Naming(cause, certainty, order, 0, 1)


def candidate(outcome: Differential, cause: str) -> Candidate:
    """The line of one cause."""
    return next(c for c in outcome.candidates if c.cause == cause)


def stated(outcome: Differential, cause: str) -> float:
    """The weight of what the report states, for one cause."""
    return sum(e.weight for e in candidate(outcome, cause).evidence if e.kind == "stated")


@pytest.mark.parametrize(
    ("certainty", "setting"),
    [
        ("PRESENT", "stated_present"),
        ("FAVOURED", "stated_favoured"),
        ("POSSIBLE", "stated_possible"),
        ("LESS_LIKELY", "stated_less_likely"),
        ("DISMISSED", "stated_dismissed"),
        ("ABSENT", "stated_dismissed"),
    ],
)
def test_naming_counts_by_its_certainty(reader: Reader, certainty: str, setting: str) -> None:
    """A named cause carries the weight of the certainty with which it is named."""
    settings = reader.lexicon.settings
    assert stated_evidence([named("cppd", certainty)], settings)["cppd"].weight == settings[setting]


def test_certainties_are_in_order(reader: Reader) -> None:
    """What is named more surely weighs more; less likely and dismissed causes count against."""
    s = reader.lexicon.settings
    assert (
        s["stated_present"]
        > s["stated_favoured"]
        > s["stated_possible"]
        > 0
        > s["stated_less_likely"]
        > s["stated_dismissed"]
    )


def test_surest_naming_counts_once(reader: Reader) -> None:
    """A cause that is named three times counts once, by its surest naming."""
    found = stated_evidence(
        [named("cppd", "POSSIBLE"), named("cppd"), named("cppd", "FAVOURED")], reader.lexicon.settings
    )
    assert found["cppd"].weight == reader.lexicon.settings["stated_present"]


def test_second_of_several_counts_less(reader: Reader) -> None:
    """Of causes named side by side each counts less than the one before it."""
    found = stated_evidence([named("cppd", "POSSIBLE"), named("osteoma", "POSSIBLE", 1)], reader.lexicon.settings)
    assert found["osteoma"].weight == pytest.approx(found["cppd"].weight - reader.lexicon.settings["stated_second"])


def test_dismissed_cause_counts_against(reader: Reader) -> None:
    """A cause that the report dismisses loses probability and is not stated."""
    lexicon = world(reader.lexicon)
    before = conclude("L1", "any", [], [], lexicon)
    after = conclude("L1", "any", [], [named("cppd", "DISMISSED")], lexicon)
    assert candidate(after, "cppd").probability < candidate(before, "cppd").probability
    assert after.stated_cause is None
    assert not candidate(after, "cppd").stated


def test_parent_supports_its_children(reader: Reader) -> None:
    """A statement about a wider cause supports what stands under it at a share, further down at less."""
    lexicon = world(reader.lexicon)
    settings = lexicon.settings
    outcome = conclude("L1", "any", [], [named("dystrophic")], lexicon)
    whole, share = settings["stated_present"], settings["stated_descendant"]
    assert stated(outcome, "dystrophic") == whole
    assert stated(outcome, "phlebolith") == pytest.approx(whole * share)
    assert 0 < stated(outcome, "cysticercosis") < stated(outcome, "phlebolith")
    assert stated(outcome, "cppd") == 0


def test_dismissed_parent_says_nothing_of_its_children(reader: Reader) -> None:
    """A dismissal of a wider cause is not handed down."""
    outcome = conclude("L1", "any", [], [named("dystrophic", "DISMISSED")], world(reader.lexicon))
    assert stated(outcome, "dystrophic") < 0
    assert stated(outcome, "phlebolith") == 0


def test_answer_is_the_leaf_where_it_can_be(reader: Reader) -> None:
    """A cause with enough of the posterior is the answer."""
    outcome = conclude("L1", "any", [Piece("a", 0, 1)], [], world(reader.lexicon, feature("a", "x", cysticercosis=9.0)))
    assert (outcome.cause, outcome.family, outcome.abstained, outcome.basis) == (
        "cysticercosis",
        "dystrophic",
        False,
        "inferred",
    )


def test_answer_falls_back_on_the_family(reader: Reader) -> None:
    """Where the leaves of one family share the posterior, the family is the answer, with the sum of its leaves."""
    lexicon = world(reader.lexicon, feature("a", "x", cysticercosis=6.0, dracunculiasis=6.0, armillifer=6.0))
    outcome = conclude("L1", "any", [Piece("a", 0, 1)], [], lexicon)
    assert (outcome.cause, outcome.abstained) == ("parasitic_other", False)
    parts = ("parasitic_other", "cysticercosis", "dracunculiasis", "armillifer")
    assert outcome.probability == pytest.approx(sum(candidate(outcome, c).probability for c in parts))


def test_abstains_between_families(reader: Reader) -> None:
    """Where neither a cause nor its family has enough, the leader is given and a person is asked to look."""
    lexicon = world(reader.lexicon, feature("a", "x", cppd=6.2, tumoral_calcinosis=6.0, metastatic_calcification=6.0))
    outcome = conclude("L1", "any", [Piece("a", 0, 1)], [], lexicon)
    assert outcome.abstained
    assert outcome.cause == outcome.candidates[0].cause
    assert outcome.probability < 0.5


def test_tie_is_broken_one_way(reader: Reader) -> None:
    """Of causes with the same probability the one that is ranked first is the answer."""
    lexicon = world(reader.lexicon, feature("a", "x", cppd=6.0, tumoral_calcinosis=6.0))
    outcome = conclude("L1", "any", [Piece("a", 0, 1)], [], lexicon)
    ranked = outcome.candidates[0].cause
    assert outcome.cause == ranked


def test_nothing_known_is_the_prior(reader: Reader) -> None:
    """Without evidence the posterior is the prior, its basis says so, and nothing is inferred."""
    outcome = conclude("L1", "any", [], [], world(reader.lexicon))
    assert outcome.basis == "prior"
    assert outcome.inferred_cause is None
    assert candidate(outcome, "cppd").probability == pytest.approx(1 / len(outcome.candidates))


def test_region_without_priors_takes_those_of_any(reader: Reader) -> None:
    """A region without priors of its own takes the general ones and says so."""
    outcome = conclude("L1", "nowhere", [], [], world(reader.lexicon))
    assert outcome.region == "any"


def test_stated_and_inferred_may_differ(reader: Reader) -> None:
    """What a report states and what its description points to stand side by side."""
    lexicon = world(reader.lexicon, feature("a", "x", cysticercosis=6.0))
    outcome = conclude("L1", "any", [Piece("a", 0, 1)], [named("cppd")], lexicon)
    assert (outcome.stated_cause, outcome.inferred_cause, outcome.basis) == ("cppd", "cysticercosis", "stated")


def test_priors_are_shares(reader: Reader) -> None:
    """The priors of every region name every cause and add up to about one."""
    for region, priors in reader.lexicon.priors.items():
        assert set(priors) == set(reader.causes), region
        assert sum(priors.values()) == pytest.approx(1, abs=0.03), region
        assert min(priors.values()) > 0


@pytest.mark.parametrize(
    ("age", "band"), [(None, None), (0, "under_18"), (17.9, "under_18"), (18, "18_39"), (40, "40_64"), (65, "65_plus")]
)
def test_age_bands(age: float | None, band: str | None) -> None:
    """A band begins at its first year."""
    assert age_band(age) == band


@pytest.mark.parametrize(
    ("size", "band"), [(None, None), (4.9, "under_5mm"), (5, "5_15mm"), (15, "15_40mm"), (40, "over_40mm")]
)
def test_size_bands(size: float | None, band: str | None) -> None:
    """A band begins at its first millimetre."""
    assert size_band(size) == band
