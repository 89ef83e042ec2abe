"""Write the measured parts of docs/performance.md and its plot, and of docs/operate.md, from a results file: the newest, or one that
is named.

What stands between `<!-- measured: NAME -->` and `<!-- end -->` is written anew; everything else on a page is written by hand. Why
a row is not reached is said in targets.py, and shown only while it is not.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import results, run
from benchmarks.capacity import capacity
from benchmarks.figures import Figure, shown
from benchmarks.peers.list import PEERS
from benchmarks.results import ROOT, Results
from benchmarks.targets import TARGETS, Outcome, Target

PAGE, OPERATING = ROOT / "docs/performance.md", ROOT / "docs/operate.md"
REGION = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str, found: Results) -> str:
    """The page with every measured region written anew. Raises: KeyError for a region that is not known."""
    return REGION.sub(lambda match: match[1] + "\n".join((*REGIONS[match[2]](found), match[3])), page)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(one.replace('|', '∣') for one in row)} |" for row in rows)


def run_of(found: Results) -> Iterator[str]:
    """Which run it was, and on what."""
    at = f"{found.at[:10]} {found.at[11:13]}:{found.at[13:15]} UTC"
    yield f"`benchmarks/results/{found.name}.json`: {found.size:,} diplomas, {at}, commit {found.machine['commit']}."
    yield ""
    yield from table(("machine", ""), ((name, value) for name, value in found.machine.items() if name != "commit"))


def targets(found: Results) -> Iterator[str]:
    """Every row: what is asked, what was measured, whether that is it."""
    yield from table(
        ("work", "asked", "measured", "to its raw bound", "outcome"),
        (
            (
                one.work,
                one.asked,
                "; ".join(condition.says(found.by_name) for condition in one.conditions if not condition.of_bound),
                "; ".join(bounds(one, found)) or "none measured",
                f"**{one.outcome(found.by_name).value}**",
            )
            for one in TARGETS
        ),
    )
    yield ""
    for one in TARGETS:
        if one.outcome(found.by_name) is Outcome.MISSED:
            missed = [
                condition.says(found.by_name)
                for condition in one.conditions
                if condition.outcome(found.by_name) is Outcome.MISSED
            ]
            yield f"- Not reached: {one.work} ({'; '.join(missed)}). {one.short or 'Why is not known yet.'}"


def bounds(target: Target, found: Results) -> Iterator[str]:
    """Each figure of a row that has a bound: the bound, and how often it goes into the figure."""
    figures = [one.found(found.by_name) for one in target.conditions]
    for figure in dict.fromkeys(one for one in figures if one is not None):
        if figure.bound:
            ratio = figure.value / figure.bound
            yield f"{shown(ratio)} × {figure.bound_name or 'the bound'} ({shown(figure.bound)} {figure.unit})"


def growth(found: Results) -> Iterator[str]:
    """The year at every size."""
    sizes = [*found.growth.values(), found.figures]
    named = [{one.name: one for one in those} for those in sizes]
    yield from table(
        ("diplomas", "seconds", "a second", "peak of ours, MiB", "peak of PostgreSQL's, MiB", "B in PostgreSQL each"),
        (
            (
                f"{those['year'].n:,}",
                shown(those["year"].value),
                shown((those["year"].n or 0) / those["year"].value),
                *(
                    shown(those[name].value) if name in those else ""
                    for name in ("year: peak memory", "year: peak memory of PostgreSQL", "stored: in PostgreSQL")
                ),
            )
            for those in named
            if "year" in those
        ),
    )


def every(found: Results) -> Iterator[str]:
    """All figures, with the ranges of their runs."""
    yield from table(
        ("figure", "median", "", "from – to", "of its raw bound", "n", "note"), map(_row, _without_peers(found.figures))
    )
    yield ""
    for done in found.parts:
        if done.outcome != "measured":
            yield f"- {done.part}: {done.outcome}; {done.why}."


def _without_peers(figures: Iterable[Figure]) -> Iterator[Figure]:
    return (one for one in figures if not one.name.startswith("peer: "))


def _row(one: Figure) -> tuple[str, ...]:
    spread = f"{shown(min(one.runs))} – {shown(max(one.runs))}" if len(one.runs) > 1 else ""
    of_bound = f"{shown(one.value / one.bound)} of {shown(one.bound)}" if one.bound else ""
    return one.name, shown(one.value), one.unit, spread, of_bound, f"{one.n:,}" if one.n else "", one.note


def peers(found: Results) -> Iterator[str]:
    """What people use today, on the same records, and what it does and does not do."""

    def said(peer: str, what: str) -> str:
        figure = found.by_name.get(f"peer: {peer}: {what}")
        return shown(figure.value) if figure is not None else "not measured"

    yield from table(
        ("", "issued, per second and core", "verified, per second and core", "does", "does not"),
        ((f"{one.name} {one.version}", said(one.name, "issue"), said(one.name, "verify"), one.does, one.does_not) for one in PEERS),
    )  # fmt: skip


REGIONS: dict[str, Callable[[Results], Iterator[str]]] = {
    "run": run_of,
    "targets": targets,
    "growth": growth,
    "every": every,
    "peers": peers,
    "capacity": capacity,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "file", type=Path, nargs="?", metavar="RESULTS", help="default: the newest of benchmarks/results"
    )
    asked = parser.parse_args()
    files = sorted(results.FOLDER.glob("*.json"))
    if asked.file is None and not files:
        parser.error("there is no results file yet; make bench writes one")
    file = asked.file or files[-1]
    for page in (PAGE, OPERATING):
        page.write_text(filled(page.read_text(), results.read(file)))
    print(f"{PAGE}\n{run.plotted(file, PAGE.with_suffix('.png'))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
