"""What a batch says in public of how many it awards: cells of programme, mode and intake, none so small that it names anybody.

Spec: docs/spec/entry.md ("Batch")
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256

from sogoc.core import canonical
from sogoc.core.canonical import Json
from sogoc.core.record import MODES
from sogoc.errors import MalformedError

Cell = tuple[str, str, str]
"""Programme, mode, and the year of the intake, empty where the record does not say it."""
PublicCell = tuple[str, str, str, int]
"""A cell and its count; the merged cell of all that is small has three empty names."""

SMALLEST = 5
_YEAR = re.compile(r"[12][0-9]{3}", re.ASCII)


def public(exact: Mapping[Cell, int]) -> tuple[PublicCell, ...]:
    """Return the tally that may be published: cells under five merged into one without a name, and more cells with them,
    smallest first, until the merged one has five too or is alone.

    Spec: docs/spec/entry.md, "Batch".
    """
    cells = sorted(((n, *cell) for cell, n in exact.items()), reverse=True)
    merged = 0
    while cells and (cells[-1][0] < SMALLEST or 0 < merged < SMALLEST):
        merged += cells.pop()[0]
    named = [(programme, mode, intake, n) for n, programme, mode, intake in cells]
    return tuple(sorted(named + ([("", "", "", merged)] if merged else [])))


def digest(exact: Mapping[Cell, int], salt: bytes) -> bytes:
    """Return the commitment to the exact tally. `salt` is 16 random bytes. Spec: docs/spec/entry.md, "Batch"."""
    cells = [[*cell, n] for cell, n in sorted(exact.items())]
    return sha256(b"sogoc/tally/v1\x00" + salt + canonical.encode(cells)).digest()


def read(value: Json, count: int) -> tuple[PublicCell, ...]:
    """Read the public tally of a batch of `count`. Raises: MalformedError."""
    tally = []
    for cell in canonical.items(value, 512):
        parts = canonical.items(cell, 4)
        if len(parts) != 4:
            raise MalformedError("a tally cell is not programme, mode, intake and count")
        programme, mode, intake = (
            canonical.text(parts[0], 12),
            canonical.text(parts[1], 20),
            canonical.text(parts[2], 4),
        )
        n = canonical.integer(parts[3], 1)
        if intake and _YEAR.fullmatch(intake) is None:
            raise MalformedError("an intake is not a year")
        merged = not programme and not mode and not intake
        if not merged and (mode not in MODES or not programme or n < SMALLEST):
            raise MalformedError("a tally cell is too small, or of no programme or mode")
        tally.append((programme, mode, intake, n))
    if len(tally) > 1 and tally[0][:3] == ("", "", "") and tally[0][3] < SMALLEST:
        raise MalformedError("a merged tally cell is small enough to name somebody")
    if tally != sorted(tally) or len({cell[:3] for cell in tally}) != len(tally) or sum(c[3] for c in tally) != count:
        raise MalformedError("a tally is unsorted, repeats a cell, or does not add up to its count")
    return tuple(tally)
