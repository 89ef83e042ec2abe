"""A results file: what was measured in one run of `make bench`, on which machine, and how it compares with the run before.

Machines are noisy. Where a figure has a raw bound of its own run, ratios are compared, so that a slower machine is not taken for a
slower program; everything else is compared as it is. Something got better or worse when the medians differ by more than `NOISE`
(`NOISE_ALONE` where either run has one value) and the ranges of the two runs' values do not touch.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, shown
from tests import postgres

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks/results"
NOISE, NOISE_ALONE = 0.10, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one part: `outcome` is "measured", "failed" or "not measured", `why` says more of the last two."""

    part: str
    outcome: str
    seconds: float = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One run. `growth` holds the figures of the year for each smaller size, by size."""

    at: str
    size: int
    machine: dict[str, str]
    parts: list[Done] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    growth: dict[int, list[Figure]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.at}-{self.size}"

    @property
    def by_name(self) -> dict[str, Figure]:
        return {one.name: one for one in self.figures}

    def write(self, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n")
        return path


def read(path: Path) -> Results:
    found = json.loads(path.read_text())
    return Results(
        at=found["at"],
        size=found["size"],
        machine=found["machine"],
        parts=[Done(**one) for one in found["parts"]],
        figures=figures(found["figures"]),
        growth={int(size): figures(those) for size, those in found["growth"].items()},
    )


def figures(found: Iterable[dict[str, Any]]) -> list[Figure]:
    """Figures as a program wrote them."""
    return [Figure(**{**one, "runs": tuple(one.get("runs", ()))}) for one in found]


def previous(folder: Path, of: Results) -> Results | None:
    """The newest earlier run of the same size, else the newest of any size."""
    earlier = [read(path) for path in folder.glob("*.json") if path.stem != of.name]
    earlier = sorted((one for one in earlier if one.at <= of.at), key=lambda one: one.at)
    same = [one for one in earlier if one.size == of.size]
    return next(reversed(same or earlier), None)


# -- medians ------------------------------------------------------------------------------------------------------------


def medians(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """The figures of several runs as one: of each name and number the median, with the values that it is the median of."""
    together: dict[tuple[str, str, int | None], list[Figure]] = {}
    for one in (one for run in runs for one in run):
        together.setdefault((one.name, one.unit, one.n), []).append(one)
    return [_median(those) for those in together.values()]


def _median(those: Sequence[Figure]) -> Figure:
    if len(those) == 1:
        return those[0]
    values = tuple(value for one in those for value in one.runs or (one.value,))
    bounds = [one.bound for one in those if one.bound is not None]
    return replace(
        those[-1],
        value=statistics.median(values),
        bound=statistics.median(bounds) if bounds else None,
        runs=values,
    )


def bounded(found: Sequence[Figure], name: str, bound: str, bound_name: str, *, each: bool = False) -> list[Figure]:
    """Set the bound of one figure from another of the same run: in proportion to how many they are of, unless it is of `each`."""
    those = {one.name: one for one in found}
    if name not in those or bound not in those:
        return list(found)
    figure, least = those[name], those[bound]
    factor = figure.n / least.n if figure.n and least.n and not each else 1
    with_bound = replace(figure, bound=least.value * factor, bound_name=bound_name)
    return [with_bound if one is figure else one for one in found]


# -- comparison ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure in two runs. `factor` is how much better the newer is: 2 is twice as good, 0.5 half as good."""

    name: str
    before: str
    after: str
    factor: float
    beyond_noise: bool

    def line(self) -> str:
        return f"{self.name:58}{self.before:>22} -> {self.after:<22} × {self.factor:.2f}"


def compare(old: Results, new: Results) -> Iterator[Change]:
    """Every figure that both runs have in the same unit and of the same number."""
    earlier = {(one.name, one.unit, one.n): one for one in old.figures}
    for after in new.figures:
        before = earlier.get((after.name, after.unit, after.n))
        if before is None or not before.value or not after.value or (up := more_is_better(after.unit)) is None:
            continue
        ratio = bool(before.bound and after.bound)
        those = [_values(one, ratio=ratio) for one in (before, after)]
        (mid_before, *range_before), (mid_after, *range_after) = those
        factor = mid_after / mid_before if up else mid_before / mid_after
        noise = NOISE if min(len(before.runs), len(after.runs)) > 1 else NOISE_ALONE
        apart = max(range_before) < min(range_after) or max(range_after) < min(range_before)
        beyond = apart and not 1 / (1 + noise) <= factor <= 1 + noise
        said = [f"{shown(mid)} {'of the bound' if ratio else after.unit}" for mid in (mid_before, mid_after)]
        yield Change(name=after.name, before=said[0], after=said[1], factor=factor, beyond_noise=beyond)


def _values(figure: Figure, *, ratio: bool) -> tuple[float, ...]:
    """The median and all the values of one figure, as they are or to their bound."""
    by = figure.bound if ratio and figure.bound else 1
    return (figure.value / by, *(one / by for one in figure.runs or (figure.value,)))


def more_is_better(unit: str) -> bool | None:
    """Whether a larger value in this unit is better; None for what is neither: a count."""
    if "/s" in unit:
        return True
    return False if unit.partition(" ")[0] in {"s", "ms", "µs", "MiB", "KiB", "B", "bytes", "gas"} else None


# -- where it was -------------------------------------------------------------------------------------------------------


def machine() -> dict[str, str]:
    """What the figures depend on beside the program."""
    folder = postgres.binaries()
    return {
        "processor": _after(Path("/proc/cpuinfo"), "model name"),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(_after(Path('/proc/meminfo'), 'MemTotal').split()[0]) / 2**20:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "PostgreSQL": _said(str(folder / "postgres"), "--version").split()[2],
        "commit": _commit(),
        "load": f"{os.getloadavg()[0]:.2f}",
    }


def _after(path: Path, word: str) -> str:
    lines = path.read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(word)), "0 unknown")


def _commit() -> str:
    commit = _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD") or "unknown"
    changed = _said("git", "-C", str(ROOT), "status", "--porcelain", "--", "src", "benchmarks", "tests")
    return f"{commit} and changes" if changed else commit


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
