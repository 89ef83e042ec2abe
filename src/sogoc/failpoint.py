"""Crash points: named places where a test lets the process die as if the power had gone.

`SOGOC_FAILPOINT=sequence.decided` kills the process the first time that it gets there, `sequence.decided:3` the third
time. Nothing is flushed, closed or caught. Where the variable is not set a crash point does nothing.
"""

from __future__ import annotations

import os
import signal
from typing import Literal, get_args

Failpoint = Literal[
    "seal.planned",
    "seal.written",
    "seal.signed",
    "seal.closed",
    "sequence.head",
    "sequence.staged",
    "sequence.decided",
    "sequence.signed",
    "publish.tiles",
    "publish.checkpoint",
    "publish.recorded",
    "recall.chunk",
    "anchor.prepared",
    "anchor.sent",
    "anchor.confirmed",
]

FAILPOINTS: tuple[Failpoint, ...] = get_args(Failpoint)
"""All of them, in the order in which an entry comes by."""


def _armed(wish: str | None) -> tuple[str | None, int]:
    """Return the name of the crash point to die at, and after how many times there."""
    if wish is None:
        return None, 0
    name, colon, times = wish.partition(":")
    if name not in FAILPOINTS or (colon and (not times.isdecimal() or int(times) < 1)):
        raise ValueError(f"SOGOC_FAILPOINT is {wish!r}; it is NAME or NAME:TIMES with one of {', '.join(FAILPOINTS)}")
    return name, int(times or 1)


_name, _left = _armed(os.environ.get("SOGOC_FAILPOINT"))


def reach(name: Failpoint) -> None:
    """Die here if the environment says so."""
    global _left  # noqa: PLW0603 - one process dies once
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
