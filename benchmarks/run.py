"""Measure the whole table at one size, write it down, and say what got better or worse since the last time.

    make bench                    what takes less than ten minutes on two cores
    make bench SIZE=1500000       a national year; see docs/performance.md for how long that takes
    make bench PEERS=1            and what people use today, on the same records (benchmarks/peers/setup installs it)

Every part is a program of its own, started with `--json` in a process of its own; one that fails is named, the others go on, and the
exit code is 1. Figures are medians: of three processes, or of the runs that a program makes by itself. Results go to
benchmarks/results/<date>-<size>.json, with a plot of the growth beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import results
from benchmarks.figures import NOT_HERE, Figure
from benchmarks.results import ROOT, Done, Results
from benchmarks.targets import LOG, TARGETS, Outcome

DEFAULT_SIZE = 30_000
SHORT = 100_000
"""Up to so many diplomas a part that makes them runs three times."""
BUSY = 0.5
"""A load before we begin from which on the clock says little."""
LIST, LISTS = 5_000, 3
"""Rows of a list, at most; lists of an institution."""
REFUSED = "this machine does not let it measure; why, it said itself"
PROGRAMS = ROOT / "benchmarks"
PLOT = ROOT / ".tools/bench/bin/python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One program: what it is told at a size, and how many processes of it are measured."""

    name: str
    arguments: Callable[[int], Sequence[object]] = lambda _: ()
    times: Callable[[int], int] = lambda _: 1
    program: str | None = None
    by_request: bool = False

    @property
    def path(self) -> Path:
        return PROGRAMS / (self.program or f"{self.name}.py")


def thrice(size: int) -> int:
    return 3 if size <= SHORT else 1


def rows(size: int) -> int:
    """Rows of a list, such that both processes have an institution to act for also when there are few."""
    return min(LIST, -(-size // (2 * LISTS)))


def a_year(size: int) -> Sequence[object]:
    return "--size", size, "--rows", rows(size)


PARTS = (
    Part(name="startup"),
    Part(name="core"),
    Part(name="bound", arguments=lambda size: ("--size", size, "--runs", thrice(size))),
    Part(name="year", arguments=a_year, times=thrice),
    Part(name="delivery", arguments=lambda size: (*a_year(size), "--count", min(size, 5_000), "--sample", min(size, 1_000))),
    Part(name="verify"),
    Part(name="log", arguments=lambda size: ("--size", min(size, 300_000), "--simulate", LOG if size > SHORT else LOG // 100)),
    Part(name="hosts", arguments=lambda size: ("--size", 150_000 if size > SHORT else min(size, 10_000))),
    Part(name="intake", arguments=lambda size: ("--size", min(size, 10_000))),
    Part(name="workbench", arguments=lambda size: ("--size", min(size, 10_000))),
    Part(name="audit", arguments=lambda size: ("--size", min(size, 3_000))),
    Part(name="peers", program="peers/compare.py", by_request=True),
)  # fmt: skip


def sizes(size: int) -> list[int]:
    """Where the growth is measured: the powers of ten from a thousand up to half the size."""
    return [10**power for power in range(3, 9) if 2 * 10**power <= size]


def measure(part: Part, size: int, limit: float) -> tuple[Done, list[Figure]]:
    """Run one program as often as it is to be; what became of it, and its figures."""
    if not part.path.exists():
        return Done(part=part.name, outcome="not measured", why=f"there is no benchmarks/{part.path.name}"), []
    began, found, why = time.monotonic(), [], ""
    for _ in range(part.times(size)):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "figures.json"
            command = [sys.executable, str(part.path), *map(str, part.arguments(size)), "--json", str(file)]
            why = outcome_of(command, limit)
            if file.exists():  # a program that failed at the end still says what it measured
                found.append(results.figures(json.loads(file.read_text())))
            if why or not file.exists():
                why = why or "it wrote no figures"
                break
    seconds = round(time.monotonic() - began, 1)
    outcome = "measured" if not why else "not measured" if why == REFUSED else "failed"
    return Done(part=part.name, outcome=outcome, seconds=seconds, why=why), results.medians(found)


def outcome_of(command: Sequence[str], limit: float) -> str:
    """Run a program until it ends, and what it started with it after `limit` seconds; why it failed, or nothing."""
    running = subprocess.Popen(command, cwd=ROOT, env=environment(), start_new_session=True)
    try:
        code = running.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        return f"stopped after {limit:,.0f} s"
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGTERM)
            running.wait()
    if code == NOT_HERE:
        return REFUSED
    return f"exit code {code}" if code else ""


def environment() -> dict[str, str]:
    """Without what points at an archive of the one who measures."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SOGOC_", "DJANGO_"))}


def run(size: int, chosen: Sequence[Part], *, at: str, limit: float) -> Results:
    """Run the parts one after another."""
    found = Results(at=at, size=size, machine=results.machine())
    print("  ".join(f"{name} {value}" for name, value in found.machine.items()), flush=True)
    if float(found.machine["load"]) > BUSY:
        print("others use this machine: rates by the clock will be low", flush=True)
    figures: list[list[Figure]] = []
    for part in chosen:
        grown = [one for one in sizes(size) if part.name == "year"]
        for each in (*grown, size):
            print(f"\n== {part.name}, {each:,}", flush=True)
            done, those = measure(part, each, limit)
            found.parts.append(replace(done, part=f"{part.name} {each}") if grown else done)
            if each in grown:
                found.growth[each] = those
            else:
                figures.append(those)
    found.figures.extend(concluded(results.medians(figures), found.growth, size))
    return found


def concluded(figures: list[Figure], growth: dict[int, list[Figure]], size: int) -> list[Figure]:
    """What only several parts say together: the year to its bound, and its memory to that of a tenth."""
    figures = results.bounded(figures, "year", "bound: year", "the raw bound")
    figures = results.bounded(figures, "stored: in PostgreSQL", "bound: stored", "a bare table", each=True)
    figures = results.bounded(figures, "stored: public log", "bound: logged", "an entry and its hash", each=True)
    name = "year: peak memory"
    here = next((one for one in figures if one.name == name), None)
    tenth = next((one for one in growth.get(nearest_tenth(size, growth), []) if one.name == name), None)
    if here is not None and tenth is not None:
        ratio, note = here.value / tenth.value, f"{tenth.value:,.0f} MiB at {tenth.n:,}"
        figures.append(Figure(name=f"{name}, to that of a tenth", value=ratio, unit="", n=here.n, note=note))
    return figures


def nearest_tenth(size: int, growth: dict[int, list[Figure]]) -> int:
    """The largest size of the growth that is at most a fifth, and whose lists are as long: 100,000 for 1,500,000; or 0."""
    return max((one for one in growth if one * 5 <= size and rows(one) == rows(size)), default=0)


def table(found: Results) -> Iterator[str]:
    """The table of the targets, as a terminal shows it."""
    figures = found.by_name
    for target in TARGETS:
        yield f"{target.outcome(figures).value:27}{target.work}: {target.asked}"
        yield from (f"{'':27}{one.outcome(figures).value}: {one.says(figures)}" for one in target.conditions)


def changes(old: Results | None, new: Results) -> Iterator[str]:
    """What is better or worse than in the run before, beyond noise."""
    if old is None:
        yield "There is no earlier results file to compare with."
        return
    yield (
        f"Against {old.name}, of {old.machine['commit']}. Noise: {results.NOISE:.0%} between medians"
        f" ({results.NOISE_ALONE:.0%} where there is one value) and ranges that touch."
    )
    other = [
        f"{name} {old.machine.get(name)} -> {value}"
        for name, value in new.machine.items()
        if name not in {"commit", "load"} and old.machine.get(name) != value
    ]
    if other:
        yield f"On another machine: {', '.join(other)}"
    found = [one for one in results.compare(old, new) if one.beyond_noise]
    for word, those in (
        ("better", [one for one in found if one.factor > 1]),
        ("worse", [one for one in found if one.factor < 1]),
    ):
        yield f"{word}: {len(those)}"
        yield from (f"  {one.line()}" for one in sorted(those, key=lambda one: one.factor, reverse=True))


def plotted(file: Path, picture: Path) -> str:
    """Draw the growth, by the environment that holds the plotting library; where it is, or why it is not."""
    if not PLOT.exists():
        return "no plot: there is no .tools/bench (make bench makes it)"
    done = subprocess.run([PLOT, PROGRAMS / "plot.py", file, picture], capture_output=True, text=True, check=False)
    return str(picture) if done.returncode == 0 else f"no plot: {done.stderr.strip()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--size", type=int, default=DEFAULT_SIZE, metavar="N", help=f"diplomas (default {DEFAULT_SIZE:,})"
    )
    parser.add_argument("--only", metavar="PART,…", help=f"only these of {', '.join(part.name for part in PARTS)}")
    parser.add_argument("--peers", action="store_true", help="also the peers")
    parser.add_argument(
        "--limit", type=float, default=3600, metavar="S", help="seconds after which a program is stopped"
    )
    parser.add_argument("--to", type=Path, default=results.FOLDER, metavar="FOLDER", help="where results files are")
    asked = parser.parse_args()
    names = asked.only.split(",") if asked.only else [part.name for part in PARTS if asked.peers or not part.by_request]
    if unknown := set(names) - {part.name for part in PARTS}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H%M")
    found = run(asked.size, [part for part in PARTS if part.name in names], at=at, limit=asked.limit)
    old = results.previous(asked.to, found)
    path = found.write(asked.to.resolve())
    print("", *table(found), "", *changes(old, found), "", sep="\n")
    for done in found.parts:
        print(f"{done.outcome:14}{done.part:16}{done.seconds:8.1f} s  {done.why}")
    print(f"\n{path}\n{plotted(path, path.with_suffix('.png'))}")
    missed = [one.work for one in TARGETS if one.outcome(found.by_name) is Outcome.MISSED]
    print(f"{len(missed)} of {len(TARGETS)} rows are not reached" if missed else "")
    return int(any(done.outcome == "failed" for done in found.parts))


if __name__ == "__main__":
    sys.exit(main())
