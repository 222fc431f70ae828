"""A cause model learned from checked labels: a readable file that changes evidence weights, and nothing else.

The file (JSON) holds for every learned weight what the lexicon says, what was learned and from how many reports, the
sharpness of the posterior, the scores by which it was judged, and digests of the lexicons and of the labels. It holds
no code, no report text and no identifier.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from miner.errors import InputError
from miner.lexicon import Lexicon, load

KIND = "miner cause model"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class LearnedWeight:
    """A weight of a feature for a cause: the lexicon's, the learned one, and in how many labelled reports it held."""

    feature: str
    cause: str
    expert: float
    learned: float
    reports: int


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned. ``scores``: one row a measure, expert and learned on the same folds, with intervals."""

    lexicon: str
    sharpness: float
    weights: tuple[LearnedWeight, ...]
    contradictions: tuple[LearnedWeight, ...] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: tuple[Mapping[str, Any], ...] = ()
    version: str = ""

    def save(self, path: str | Path) -> None:
        """Writes the file."""
        content = {"kind": KIND, "schema": SCHEMA, **asdict(self)}
        Path(path).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def applied(self, lexicon: Lexicon) -> Lexicon:
        """The lexicons with the learned weights and sharpness.

        Raises:
            InputError: if the model was learned with other lexicons, whose weights it would change at random.
        """
        if self.lexicon != lexicon.digest:
            raise InputError(
                f"the model was learned with other lexicons (digest {self.lexicon}; these have {lexicon.digest}): "
                "learn it anew with these (miner learn)"
            )
        learned = {(w.feature, w.cause): w for w in self.weights}
        features = {}
        for name, feature in lexicon.features.items():
            weights = tuple(
                replace(
                    weight,
                    value=found.learned,
                    basis=f"learned from {found.reports} labelled reports; {found.expert:+g} before: {weight.basis}",
                )
                if (found := learned.get((name, weight.cause))) is not None
                else weight
                for weight in feature.weights
            )
            features[name] = replace(feature, weights=weights)
        content = json.dumps([self.sharpness, [asdict(w) for w in self.weights]]).encode()
        digest = hashlib.sha256(lexicon.digest.encode() + content).hexdigest()[:16]
        settings = {**lexicon.settings, "sharpness": self.sharpness}
        return replace(lexicon, features=features, settings=settings, digest=digest)


def load_model(path: str | Path) -> Model:
    """Reads a model file.

    Raises:
        InputError: if the file cannot be read, is no model, or comes from a newer version.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a model: {type(error).__name__}; miner learn writes one") from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError(f"{path}: is no model; miner learn writes one")
    if content.get("schema", 0) > SCHEMA:
        raise InputError(
            f"{path}: was written by a newer version (schema {content['schema']}); this one reads {SCHEMA}"
        )
    try:
        return Model(
            lexicon=str(content["lexicon"]),
            sharpness=float(content["sharpness"]),
            weights=_weights(content["weights"]),
            contradictions=_weights(content.get("contradictions", [])),
            labels=dict(content.get("labels", {})),
            settings=dict(content.get("settings", {})),
            scores=tuple(content.get("scores", [])),
            version=str(content.get("version", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: is damaged ({type(error).__name__}); learn it anew") from None


def weighted(lexicons: Sequence[str | Path] = (), model: str | Path | None = None) -> Lexicon:
    """The lexicons, with the weights of a model if there is one. Raises LexiconError, InputError."""
    lexicon = load([Path(folder) for folder in lexicons])
    return lexicon if model is None else load_model(model).applied(lexicon)


def _weights(rows: Sequence[Mapping[str, Any]]) -> tuple[LearnedWeight, ...]:
    return tuple(
        LearnedWeight(
            str(row["feature"]), str(row["cause"]), float(row["expert"]), float(row["learned"]), int(row["reports"])
        )
        for row in rows
    )
