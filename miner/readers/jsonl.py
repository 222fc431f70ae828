"""JSON lines as raw columns: one report an object, one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from miner.columns import to_array
from miner.readers.delimited import LONGEST_ROW, Chunk
from miner.readers.encoding import Stream, blocks
from miner.readers.source import Source


def header(source: Source) -> list[str]:
    """The keys of the objects at the beginning of a file (at least one whole line), in the order they turn up."""
    start = b""
    with Stream(source.paths[0]) as stream:
        for block in blocks(stream, source.encoding or "utf-8"):
            start += block
            if b"\n" in start or len(start) > LONGEST_ROW:
                break
    keys: dict[str, None] = {}
    for line in start.decode().split("\n")[:2000]:
        value = _object(line)
        if isinstance(value, dict):
            keys.update(dict.fromkeys(value))
    return list(keys)


def read(source: Source, needed: Sequence[str]) -> Iterator[Chunk]:
    """The ``needed`` keys as strings; a line that is no JSON object is a broken row. Raises OSError."""
    number, line = 1, 1
    with Stream(source.paths[0]) as stream:
        carry, final = b"", False
        incoming = blocks(stream, source.encoding or "utf-8")
        while not final:
            data = next(incoming, None)
            final = data is None
            block = carry + (data or b"")
            end = len(block) if final else block.rfind(b"\n") + 1
            if end == 0 and len(block) > LONGEST_ROW:
                end = len(block)
            carry = block[end:]
            rows: list[dict[str, Any]] = []
            numbers: list[int] = []
            broken: list[tuple[int, str]] = []
            for text in block[:end].decode().removesuffix("\n").split("\n"):
                if text.strip():
                    value = _object(text)
                    if isinstance(value, dict):
                        rows.append(value)
                        numbers.append(number)
                    else:
                        fault = "it is not valid JSON" if value is None else "it is not a JSON object"
                        broken.append((number, f"line {line}: {fault}"))
                    number += 1
                line += 1
            if rows or broken:
                columns = [to_array([_text(row.get(name)) for row in rows]) for name in needed]
                yield Chunk(pa.table(columns, names=list(needed)), pa.array(numbers, pa.int64()), broken)


def _object(text: str) -> Any:
    try:
        return json.loads(text, parse_int=str, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list, bool)) else value
