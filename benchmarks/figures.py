"""What a benchmark says: a list of figures, each with the raw bound that was measured beside it.

Other programs load a machine that is shared, and then the clock says little. So a rate is counted in time of the processor, "a
second of a core", and the clock's own rate stands in the note.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RUNS, SECONDS = 5, 0.5
NOT_HERE = 77
"""Exit code of a program that may not measure on this machine what it measures; it says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value. `bound` is what the least work that could do the same takes, in the same unit; `n` is how many were
    made or read; `runs` are all the values of which `value` is the median.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    bound_name: str | None = None
    n: int | None = None
    note: str = ""
    target: str | None = None
    runs: tuple[float, ...] = ()

    def line(self) -> str:
        bound = (
            f"  of {self.bound_name or 'the bound'} {shown(self.bound)}: {self.value / self.bound:.2f}"
            if self.bound
            else ""
        )
        return f"{self.name:44}{shown(self.value):>12} {self.unit}{bound}{'  (' + self.note + ')' if self.note else ''}"


def shown(value: float) -> str:
    """A number with three digits that matter, or all of them before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def arguments(about: str | None, *, size: int | None = None, runs: int | None = None) -> argparse.ArgumentParser:
    """The arguments that benchmarks share: `--json`, and where it means something `--size` and `--runs`."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures into this file")
    if size is not None:
        parser.add_argument("--size", type=int, default=size, metavar="N", help=f"how many (default {size:,})")
    if runs is not None:
        parser.add_argument("--runs", type=int, default=runs, metavar="N", help=f"how often (default {runs})")
    return parser


def say(figures: Sequence[Figure], file: Path | None) -> None:
    """Print the figures, and write them where `--json` says."""
    for one in figures:
        print(one.line(), flush=True)
    write(figures, file)


def write(figures: Sequence[Figure], file: Path | None) -> None:
    """Write the figures where `--json` says."""
    if file is not None:
        file.write_text(json.dumps([asdict(one) for one in figures], ensure_ascii=False, indent=1) + "\n")


def core_seconds() -> float:
    """Seconds of the processor that this process took, children that ended included."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def peak(process: int | str = "self") -> float:
    """The largest memory that a process ever had, in MiB."""
    line = next(one for one in Path(f"/proc/{process}/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@dataclass(frozen=True, slots=True)
class Rate:
    """How many in a second: of a core, and on the clock; one value a run."""

    core: tuple[float, ...]
    wall: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.core)

    def figure(self, name: str, *, bound: Rate | None = None, bound_name: str | None = None, note: str = "") -> Figure:
        clock = f"{shown(statistics.median(self.wall))}/s by the clock"
        return Figure(
            name=name,
            value=self.median,
            unit="/s of a core",
            bound=bound.median if bound else None,
            bound_name=bound_name,
            note=f"{note}; {clock}" if note else clock,
            runs=self.core,
        )


def rates(*works: Callable[[], int], runs: int = RUNS, seconds: float = SECONDS) -> list[Rate]:
    """How many things each of `works` does in a second; each returns how many it did in one call.

    Works that are compared are given together: they take turns, so that a machine that slows down slows all of them.
    """
    measured: list[tuple[list[float], list[float]]] = [([], []) for _ in works]
    for work in works:
        work()
    for _ in range(runs):
        for work, (by_core, by_clock) in zip(works, measured, strict=True):
            done, began, before = 0, time.perf_counter(), core_seconds()
            while time.perf_counter() - began < seconds:
                done += work()
            by_core.append(done / (core_seconds() - before))
            by_clock.append(done / (time.perf_counter() - began))
    return [Rate(tuple(by_core), tuple(by_clock)) for by_core, by_clock in measured]
