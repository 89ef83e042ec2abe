"""Redraw ornament.svg from ornament.typ: `python src/sogoc/adapters/diploma/ornament.py`.

A diploma takes the drawing ready made, because drawing it anew would cost six times the rest of the page. It is written in whole
tenths of a point, two hundredths of a millimetre at most beside the true line: every page writes and packs these numbers again,
and with decimals they would be a third of the file.
"""

from __future__ import annotations

import re
from pathlib import Path

import typst

HERE = Path(__file__).parent
_CURVE = re.compile(rb'(?<= d=")M 0 0[^"vh]*(?=")')
_STEP = re.compile(rb"([mcZ])([^mcZ]*)")
_LONG = re.compile(rb"-?\d+\.\d{3,}")


def redraw() -> bytes:
    """The ornament as SVG, the same bytes every time."""
    drawn = typst.compile(HERE / "ornament.typ", format="svg")
    if not isinstance(drawn, bytes):
        raise AssertionError("the ornament is one page")
    return _LONG.sub(lambda number: str(round(float(number[0]))).encode(), _CURVE.sub(_placed, drawn))


def _placed(path: re.Match[bytes]) -> bytes:
    """The same curve in whole places instead of steps, which would drift when they are rounded."""
    at = start = 0j
    placed = []
    for letter, written in _STEP.findall(path[0].removeprefix(b"M 0 0")):
        numbers = list(map(float, written.split()))
        points = [at + complex(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
        at = points[-1] if points else start
        start = at if letter == b"m" else start
        placed.append(letter.decode().upper() + " ".join(f"{round(one.real)} {round(one.imag)}" for one in points))
    return ("" if placed[0][0] == "M" else "M0 0").encode() + "".join(placed).encode()


if __name__ == "__main__":
    (HERE / "ornament.svg").write_bytes(redraw())
