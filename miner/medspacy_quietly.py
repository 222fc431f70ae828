"""Imports medspaCy without its side effects.

Importing it silences every warning of the process, adds a handler to the root logger, lets PyRuSH log each token of
each report (patient text in job logs), and loads quickumls with nltk, which the components used here never touch:
1.5 seconds and 170 MB a process.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import types
import warnings
from typing import Any


class _Unused(types.ModuleType):
    """Stands for a module that is imported but never used: every name in it is an empty class."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _import() -> None:
    handlers = list(logging.root.handlers)
    level = logging.root.level
    placeholders = [name for name in ("quickumls", "quickumls.core", "quickumls.constants") if name not in sys.modules]
    if importlib.util.find_spec("medspacy") is None:
        raise ModuleNotFoundError("medspacy is not installed; install the package with its pinned requirements")
    for name in placeholders:
        sys.modules[name] = _Unused(name)
    try:
        with warnings.catch_warnings():
            for module in ("medspacy.context", "medspacy.target_matcher"):
                importlib.import_module(module)
    finally:
        for name in placeholders:
            sys.modules.pop(name, None)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    # spaCy warns at every call of a matcher without token patterns; ours have none by design
    warnings.filterwarnings("ignore", message=r"\[W036\]")
    from loguru import logger

    logger.disable("PyRuSH")
    logger.disable("PyFastNER")


_import()

from medspacy.context import ConText, ConTextRule  # noqa: E402  (only after the import above has been tamed)
from medspacy.context.context_graph import ConTextGraph  # noqa: E402
from medspacy.context.context_modifier import ConTextModifier  # noqa: E402
from medspacy.target_matcher import TargetMatcher, TargetRule  # noqa: E402

__all__ = ["ConText", "ConTextGraph", "ConTextModifier", "ConTextRule", "TargetMatcher", "TargetRule"]
