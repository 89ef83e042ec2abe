"""Redraw ornament.svg from ornament.typ: `python src/sogoc/adapters/diploma/ornament.py`.

A diploma takes the drawing ready made, because drawing it anew would cost six times the rest of the page; and with two
decimals of a point, four thousandths of a millimetre, because longer numbers would be a fifth of every file.
"""

from __future__ import annotations

import re
from pathlib import Path

import typst

HERE = Path(__file__).parent
_LONG = re.compile(rb"-?\d+\.\d{3,}")


def redraw() -> bytes:
    """The ornament as SVG, the same bytes every time."""
    drawn = typst.compile(HERE / "ornament.typ", format="svg")
    if not isinstance(drawn, bytes):
        raise AssertionError("the ornament is one page")
    return _LONG.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip(".").encode(), drawn)


if __name__ == "__main__":
    (HERE / "ornament.svg").write_bytes(redraw())
