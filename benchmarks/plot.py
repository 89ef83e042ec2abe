"""The growth as a picture: diplomas a second and the memory of the largest process, from a thousand up to the size of a run.

Run by the environment of requirements/bench.txt, which has nothing of the project: `plot.py RESULTS.json PICTURE.png`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

YEAR, SECONDS, MEMORY = 1_500_000, 300, 400
SINGLE = {"color": "#777777", "linestyle": "--", "linewidth": 1}


def points(found: dict[str, Any], name: str) -> list[tuple[int, float]]:
    """(how many, value) of one figure, over all sizes of a results file."""
    every = [*found["growth"].values(), found["figures"]]
    return sorted((one["n"], one["value"]) for those in every for one in those if one["name"] == name and one["n"])


def draw(found: dict[str, Any], to: Path) -> None:
    """Raises: SystemExit where no year was measured."""
    year, bound = points(found, "year"), points(found, "bound: year")
    if not year:
        raise SystemExit("there is no year in these results")
    figure, (speed, memory) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    speed.plot(*zip(*((n, n / seconds) for n, seconds in year), strict=True), marker="o", label="a year, all of it")
    if bound:
        speed.plot(*zip(*((n, n / seconds) for n, seconds in bound), strict=True), "s", color="#2a7", label="raw bound")
    speed.axhline(YEAR / SECONDS, label=f"{YEAR:,} in {SECONDS // 60} minutes", **SINGLE)
    speed.set(title="diplomas a second", xscale="log", yscale="log", xlabel="diplomas")
    for name, label in (
        ("year: peak memory", "largest of ours"),
        ("year: peak memory of PostgreSQL", "largest of PostgreSQL"),
    ):
        if those := points(found, name):
            memory.plot(*zip(*those, strict=True), marker="o", label=label)
    memory.axhline(MEMORY, label=f"{MEMORY} MiB", **SINGLE)
    memory.set(title="memory of one process, MiB", xscale="log", yscale="log", xlabel="diplomas")
    for axes in (speed, memory):
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(fontsize=8)
    at, commit = found["at"], found["machine"]["commit"]
    figure.suptitle(f"Sổ Gốc, {at[:10]}, {commit}, {found['machine']['cores']} cores", fontsize=10)
    figure.savefig(to, dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
