"""The place of one sweep among several that share a corpus."""

from __future__ import annotations

import re
from dataclasses import dataclass

from miner.errors import InputError


@dataclass(frozen=True, slots=True)
class Shard:
    """Shard ``index`` (from 1) of ``count``: it takes the batches ``index - 1``, ``index - 1 + count``, and so on."""

    index: int
    count: int

    @classmethod
    def of(cls, text: str) -> Shard:
        """The shard that ``i/n`` names. Raises InputError."""
        match = re.fullmatch(r"(\d+)/(\d+)", text.strip())
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise InputError(f"--shard {text!r}: allowed are i/n with i from 1 to n, such as 3/8")
        return cls(int(match[1]), int(match[2]))

    def part(self, batch: int) -> int | None:
        """The part that a batch of the whole corpus becomes here; None where it belongs to another shard."""
        part, rest = divmod(batch - (self.index - 1), self.count)
        return None if rest else part
