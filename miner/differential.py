"""Evidence to ranked causes: a prior by body region plus weights in log-likelihood-ratio units, and what follows.

Knows nothing of where the evidence came from. The posterior of a cause is proportional to
``exp(sharpness * (log prior + sum of its evidence weights))``; each candidate carries exactly the weights that were
added. ``sharpness`` (causes.toml) is 1 unless a model learned from checked labels says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from miner import disagreement
from miner.lexicon import CauseEntry, Feature, Lexicon
from miner.records import Candidate, Differential, Evidence, Naming, Piece

_STATED = {
    "PRESENT": "stated_present",
    "FAVOURED": "stated_favoured",
    "POSSIBLE": "stated_possible",
    "LESS_LIKELY": "stated_less_likely",
    "DISMISSED": "stated_dismissed",
    "ABSENT": "stated_dismissed",
}
NAMED = frozenset({"PRESENT", "FAVOURED", "POSSIBLE"})
"""The certainties with which a report counts as stating a cause."""


def combinations(features: Mapping[str, Feature]) -> list[Feature]:
    """The features that hold where others hold together."""
    return [feature for feature in features.values() if feature.when]


def active(
    pieces: Sequence[Piece], features: Mapping[str, Feature], combined: Sequence[Feature] | None = None
) -> list[tuple[Feature, Piece]]:
    """The features of the weights lexicon that hold, combinations included; a combination points at its first part.

    ``combined`` are the ``combinations`` of the features, where they are known.
    """
    held = {p.feature: p for p in pieces}
    found = [(features[p.feature], p) for p in pieces if p.feature in features]
    for feature in combinations(features) if combined is None else combined:
        if feature.when[0] in held and all(w in held and held[w].share > 0 for w in feature.when):
            if not any(u in held and held[u].share > 0 for u in feature.unless):
                parts = [held[w] for w in feature.when]
                first = min(parts, key=lambda p: (p.start < 0, p.start))
                share = min(p.share for p in parts)
                found.append((feature, Piece(feature.id, first.start, first.end, share)))
    return found


def weigh(held: Sequence[tuple[Feature, Piece]], rest: float) -> dict[str, list[Evidence]]:
    """The evidence for every cause that any of it bears on.

    In a group the strongest piece counts in full, the others at the share ``rest``.
    """
    grouped: dict[tuple[str, str, bool], list[tuple[float, str, Piece]]] = {}
    for feature, piece in held:
        name, group, share = feature.id, feature.group, piece.share
        for weight in feature.weights:
            value = weight.value * share
            if not weight.value:
                continue
            key = (weight.cause, group, value > 0)
            if key in grouped:
                grouped[key].append((value, name, piece))
            else:
                grouped[key] = [(value, name, piece)]
    found: dict[str, list[Evidence]] = {}
    for (cause, group, _), members in grouped.items():
        if len(members) > 1:
            members.sort(key=lambda m: -abs(m[0]))
        items = found.setdefault(cause, [])
        for place, (value, name, piece) in enumerate(members):
            items.append(Evidence(name, group, round(value * rest if place else value, 4), piece.start, piece.end))
    return found


def stated_evidence(namings: Sequence[Naming], settings: Mapping[str, float]) -> dict[str, Evidence]:
    """What the report itself says about causes, as one piece of evidence a cause: the surest naming counts."""
    found: dict[str, Evidence] = {}
    for naming in namings:
        key = _STATED.get(naming.certainty)
        if key is None:
            continue
        weight = settings[key] - (settings["stated_second"] * naming.order if naming.certainty in NAMED else 0.0)
        old = found.get(naming.cause)
        if old is None or abs(weight) > abs(old.weight):
            found[naming.cause] = Evidence(
                f"stated:{naming.certainty.lower()}", "stated", weight, naming.start, naming.end
            )
    return found


def _posterior(scores: Mapping[str, float], sharpness: float) -> dict[str, float]:
    top = max(scores.values())
    raw = {cause: math.exp(sharpness * (score - top)) for cause, score in scores.items()}
    total = sum(raw.values())
    return {cause: value / total for cause, value in raw.items()}


def _families(posterior: Mapping[str, float], causes: Mapping[str, CauseEntry]) -> dict[str, float]:
    """The posterior of every inner node of the tree: a cause with all that stands under it."""
    found: dict[str, float] = {}
    for cause, value in posterior.items():
        node = causes[cause].parent
        while node:
            found[node] = found.get(node, 0.0) + value
            node = causes[node].parent
    for node in found:
        found[node] += posterior.get(node, 0.0)
    return found


class Weighing:
    """The causes, their priors and what bears on them, compiled from a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.causes = lexicon.of(CauseEntry)
        self.settings = lexicon.settings
        self._features = lexicon.features
        self._combined = combinations(lexicon.features)
        self._priors = {region: self._prior(region, priors) for region, priors in lexicon.priors.items()}

    def _prior(self, region: str, priors: Mapping[str, float]) -> dict[str, Evidence]:
        least = min(p for p in priors.values() if p > 0) / 10
        return {
            cause: Evidence(f"prior:{region}", "prior", round(math.log(priors.get(cause, 0.0) or least), 4))
            for cause in self.causes
        }

    def conclude(
        self,
        lesion_id: str,
        region: str,
        pieces: Sequence[Piece],
        namings: Sequence[Naming],
        kind_basis: str = "word",
    ) -> Differential:
        """The differential of one lesion: ranked candidates, the answer as deep as the posterior supports, its basis.

        A region without priors of its own has those of ``any``.
        """
        causes, settings = self.causes, self.settings
        sharpness = settings["sharpness"]
        prior_name = region if region in self._priors else "any"
        held = active(pieces, self._features, self._combined)
        weighed = weigh(held, settings["group_rest"])
        described = {cause: (prior, *weighed.get(cause, ())) for cause, prior in self._priors[prior_name].items()}
        sums = {cause: sum([e.weight for e in items]) for cause, items in described.items()}
        evidence, inferred = described, _posterior(sums, sharpness)
        posterior = inferred
        said = stated_evidence(namings, settings)
        if said:
            evidence = dict(described)
            for cause in causes:
                item = said.get(cause) or _inherited(cause, said, causes, settings["stated_descendant"])
                if item is not None:
                    evidence[cause] = (*described[cause], item)
                    sums[cause] += item.weight
            posterior = _posterior(sums, sharpness)
        ranked = sorted(posterior, key=lambda c: (-posterior[c], c))
        named = [n for n in namings if n.certainty in NAMED]
        names = {n.cause for n in named}
        candidates = tuple(Candidate(cause, posterior[cause], cause in names, evidence[cause]) for cause in ranked)
        best_inferred, sure, open_question = _depth(inferred, causes, settings)
        answer, probability, abstained = best_inferred, sure, open_question
        if said:
            answer, probability, abstained = _depth(posterior, causes, settings)
        stated = _stated(named, causes, settings)
        informative = any(e.group not in ("age", "sex", "kind") for e, _ in held if e.weights)
        if stated is not None and (answer == stated or answer in _ancestors(stated, causes)):
            basis = "stated"
        else:
            basis = "inferred" if informative else "prior"
        return Differential(
            lesion_id,
            candidates,
            answer,
            causes[answer].family or None,
            probability,
            basis,
            stated,
            None if open_question and not informative else best_inferred,
            abstained,
            prior_name,
            disagreement.found(stated, described, inferred, pieces, causes, settings) if stated is not None else (),
            sharpness,
            kind_basis,
            tuple(pieces),
            tuple(namings),
        )


def conclude(
    lesion_id: str,
    region: str,
    pieces: Sequence[Piece],
    namings: Sequence[Naming],
    lexicon: Lexicon,
    kind_basis: str = "word",
) -> Differential:
    """The differential of one lesion by the weights of a lexicon; to draw up many, keep a :class:`Weighing`."""
    return Weighing(lexicon).conclude(lesion_id, region, pieces, namings, kind_basis)


def _inherited(
    cause: str, said: Mapping[str, Evidence], causes: Mapping[str, CauseEntry], share: float
) -> Evidence | None:
    """What a statement about a wider cause says for one that stands under it; dismissals are not inherited."""
    node = causes[cause].parent
    while node:
        item = said.get(node)
        if item is not None and item.weight > 0 and causes[node].passes_down:
            return Evidence(item.entry, item.kind, round(item.weight * share, 4), item.start, item.end)
        share *= share
        node = causes[node].parent
    return None


def _stated(named: Sequence[Naming], causes: Mapping[str, CauseEntry], settings: Mapping[str, float]) -> str | None:
    """The cause that the report names: the surest naming, the first of equals."""
    if not named:
        return None
    best = max(
        named, key=lambda n: (settings[_STATED[n.certainty]] - settings["stated_second"] * n.order, -n.order, -n.start)
    )
    # "heterotopic ossification in FOP": of a cause and one that stands under it, the deeper one is what is meant
    deeper = [n for n in named if best.cause in _ancestors(n.cause, causes) and n.certainty == best.certainty]
    return deeper[0].cause if deeper and causes[best.cause].passes_down and causes[best.cause].parent else best.cause


def _ancestors(cause: str, causes: Mapping[str, CauseEntry]) -> set[str]:
    found = set()
    node = causes[cause].parent
    while node:
        found.add(node)
        node = causes[node].parent
    return found


def _depth(
    posterior: Mapping[str, float], causes: Mapping[str, CauseEntry], settings: Mapping[str, float]
) -> tuple[str, float, bool]:
    """The answer as deep as the posterior supports: a leaf, else its family, else the leader, for a person to see."""
    leader = min(posterior, key=lambda c: (-posterior[c], c))
    if posterior[leader] >= settings["leaf"]:
        return leader, posterior[leader], False
    families = _families(posterior, causes)
    node = causes[leader].parent
    while node:
        # the root "dystrophic" is also the name for nondescript calcification: too wide to be an answer for a rare leaf
        if families[node] >= settings["family"] and causes[node].parent:
            return node, families[node], False
        node = causes[node].parent
    return leader, posterior[leader], True
