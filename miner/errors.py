"""The errors that a user can meet: each says what is wrong, where, and what to do; none holds report text."""

from __future__ import annotations

from collections.abc import Sequence


class MinerError(Exception):
    """What the command line shows as one message and an exit code."""

    exit_code = 1


class InputError(MinerError):
    """The call or its input cannot be worked with as it is."""

    exit_code = 2


class LexiconError(MinerError):
    """The lexicons hold problems; ``problems`` lists them all, each as ``file: entry: what, and what is allowed``."""

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  {p}" for p in self.problems)
        super().__init__(f"the lexicons hold {len(self.problems)} problem(s); nothing was started:\n{lines}")


class ApproximationWarning(UserWarning):
    """The number is given, but the method behind its interval is outside the range in which it was shown to work."""


class WriteError(MinerError):
    """Results could not be written; what was written before is whole, and the same call goes on from there."""
