"""Histories as public files: what `fsck` and `mirror` read, written by the sequencer's own core functions."""

from __future__ import annotations

from sogoc.adapters.memory import MemoryFiles
from sogoc.core.checkpoint import Checkpoint, sign
from sogoc.core.merkle import Frontier, leaf_hash
from sogoc.core.tiles import edge_frontier, grow
from tests.archive import Archive
from tests.histories import History

LOG = Archive()
"""Whose keys sign the checkpoints."""


def checkpoint(history: History, size: int, *, log: Archive = LOG) -> bytes:
    root = Frontier.empty().extend(map(leaf_hash, history.entries[:size])).root()
    plain, post_quantum = log.keys()
    head = Checkpoint(origin=log.origin, size=size, root=root)
    return sign(head, ed25519=plain, ml_dsa=post_quantum, timestamp=1_784_000_000).encode()


def published(history: History, files: MemoryFiles | None = None, *, log: Archive = LOG) -> MemoryFiles:
    """Publish what is new of a history, after what `files` hold already."""
    into = files if files is not None else MemoryFiles()
    presented = into.get("checkpoint")
    old = Checkpoint.parse(presented.decode().split("\n\n")[0] + "\n").size if presented else 0
    into.put_many(list(grow(edge_frontier(old, into.get), history.entries[old:], into.get)))
    into.put_many((f"authority/{ordinal}/{version}.json", page) for (ordinal, version), page in history.files.items())
    for number, content in enumerate(history.lists()):
        into.put(f"status/{number}", content, mutable=True)
    into.put("checkpoint", checkpoint(history, history.size, log=log), mutable=True)
    return into
