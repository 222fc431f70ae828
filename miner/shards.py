"""One sweep on several machines: each takes every n-th batch, and a merge that lets nothing be missing or twice."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from miner import manifest as manifests
from miner import records, store
from miner.corpus import duplicates
from miner.errors import InputError
from miner.shard import Shard
from miner.tables import Sweep, load


def merge(shards: Sequence[str | Path], out: str | Path, *, replace: bool = False) -> Sweep:
    """Put the shards of one sweep together into the folder ``out``, the reports in the order of the input.

    ``shards``: the folders of all n shards of the same sweep (``miner sweep --shard 1/n`` to ``n/n``), in any order.
    The tables are those of the sweep in one piece, row for row. ``replace``: start anew over another sweep in ``out``.
    Returns what :func:`miner.load` returns.

    Raises InputError, with everything that is wrong, where a shard is missing, twice, unfinished or of another sweep,
    or ``out`` is one of them or holds other things. Raises WriteError where the disk is full.
    """
    folders = [Path(folder) for folder in shards]
    target = Path(out)
    found = {folder: manifests.read(folder) for folder in folders}
    problems = _problems(found)
    if target.resolve() in {folder.resolve() for folder in folders}:
        problems.append(f"{target}: is one of the shards; name another --out")
    if problems:
        raise InputError("\n".join(problems))
    store.check(target, replace=replace)
    if (target / store.MANIFEST).exists() and not replace:
        raise InputError(f"{target}: holds a sweep already; name another --out, or start anew with --replace")
    ordered = sorted(found, key=lambda folder: _shard(found[folder]).index)
    with store.locked(target):
        (target / store.MANIFEST).unlink(missing_ok=True)
        store.clear(target, 0)
        plan = _plan([found[folder] for folder in ordered])
        store.write_json(target / store.MANIFEST, plan)
        markers = {folder: store.markers(folder) for folder in ordered}
        parts = _order(ordered, found)
        for number, (folder, part) in enumerate(parts):
            with store.told(target):
                for table in records.TABLES:
                    shutil.copyfile(store.part_path(folder, table, part), store.part_path(target, table, number))
            store.write_json(target / store.MARKERS / f"{number:05d}.json", markers[folder][part])
        final = manifests.close(plan, store.markers(target), state="complete")
        final = {**final, "duplicates": duplicates(target, len(parts))}
        final["fell_short"] = sorted({told for folder in ordered for told in found[folder]["fell_short"]})
        store.write_json(target / store.MANIFEST, final)
    return load(target)


def _shard(manifest: manifests.Manifest) -> Shard:
    return Shard(*manifest["settings"]["shard"])


def _problems(found: dict[Path, manifests.Manifest]) -> list[str]:
    """What keeps these folders from being all shards of one sweep, each as one sentence."""
    if not found:
        return ["no shards are named"]
    problems = [
        f"{folder}: is not a shard; it was swept without --shard" for folder in found if not _is_shard(found[folder])
    ]
    problems += [
        f"{folder}: is {manifest['state']}; repeat its sweep, which goes on from there"
        for folder, manifest in found.items()
        if manifest["state"] != "complete"
    ]
    ours = {folder: manifest for folder, manifest in found.items() if _is_shard(manifest)}
    if not ours:
        return problems
    first, model = next(iter(ours.items()))
    for folder, manifest in ours.items():
        problems += [f"{folder}: another sweep than {first}: {told}" for told in _unlike(model, manifest)]
    taken: dict[int, list[Path]] = {}
    for folder, manifest in ours.items():
        taken.setdefault(_shard(manifest).index, []).append(folder)
    count = _shard(model).count
    missing = [f"{index}/{count}" for index in range(1, count + 1) if index not in taken]
    if missing:
        problems.append(f"missing: {', '.join(missing)}")
    problems += [
        f"{index}/{count}: is there more than once: {', '.join(map(str, folders))}"
        for index, folders in sorted(taken.items())
        if len(folders) > 1
    ]
    return problems


def _is_shard(manifest: manifests.Manifest) -> bool:
    return bool(manifest["settings"].get("shard"))


def _unlike(one: manifests.Manifest, two: manifests.Manifest) -> list[str]:
    """The differences of two manifests that are not their place among the shards."""

    def whole(manifest: manifests.Manifest) -> manifests.Manifest:
        settings = {name: value for name, value in manifest["settings"].items() if name != "shard"}
        return {**manifest, "settings": {**settings, "shards": _shard(manifest).count}}

    return manifests.differences(whole(one), whole(two))


def _order(ordered: Sequence[Path], found: dict[Path, manifests.Manifest]) -> list[tuple[Path, int]]:
    """The parts of the whole sweep in its order: part k of shard i of n was batch k n + i - 1."""
    longest = max(found[folder]["parts"] for folder in ordered)
    return [(folder, part) for part in range(longest) for folder in ordered if part < found[folder]["parts"]]


def _plan(shards: Sequence[manifests.Manifest]) -> manifests.Manifest:
    """The manifest of the whole, as the sweep in one piece would have begun it."""
    first = shards[0]
    settings: dict[str, Any] = {**first["settings"], "shard": None}
    inputs = []
    for items in zip(*(manifest["inputs"] for manifest in shards), strict=True):
        told = [item["problem"] for item in items if item["problem"]]
        inputs.append({**items[0], "rows": 0, "problem": told[0] if told else None})
    return {
        **first,
        "state": "running",
        "settings": settings,
        "configuration_digest": manifests.digest(settings),
        "inputs": inputs,
        "notes": list(dict.fromkeys(note for manifest in shards for note in manifest["notes"])),
        "start": min(manifest["start"] for manifest in shards),
        "end": None,
        "starts": sum(manifest["starts"] for manifest in shards),
        "shards": len(shards),
    }
