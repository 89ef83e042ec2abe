"""What a country needs, computed from what one machine was measured to take for each diploma.

    t = N × max(ours ÷ cores of hosts, one writer, PostgreSQL ÷ its cores)    on hosts of their own
    t = N × (ours + one writer + PostgreSQL) ÷ cores                          where all share a machine

`ours` is what any number of workers do: reading and checking lists, submitting, approving, sealing. Sequencing and publishing is one
process whatever there is. That shares add up is measured for two processes and for two hosts (year.py, hosts.py), and assumed beyond.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.results import Results

OURS = ("read, check, insert", "submit", "approve", "seal")
WRITER = "sequence, publish"
DATABASE = "PostgreSQL"
YEAR = 1_500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one diploma: microseconds of a core for workers, for the one writer and for PostgreSQL; bytes in it and in the log."""

    ours: float
    writer: float
    database: float
    stored: float
    public: float

    def shared(self, count: int, cores: int) -> float:
        """Seconds for so many where everything shares the cores of one machine."""
        return count * (self.ours + self.writer + self.database) / cores / 1e6

    def apart(self, count: int, *, hosts: int, database: int) -> float:
        """Seconds for so many on so many cores of hosts, with PostgreSQL on cores of its own."""
        return count * max(self.ours / hosts, self.writer, self.database / database) / 1e6


def cost(found: Results) -> Cost:
    """Raises: KeyError when the year was not measured."""
    those = {name: one.value for name, one in found.by_name.items()}
    return Cost(
        ours=sum(those[f"year: {name}"] for name in OURS),
        writer=those[f"year: {WRITER}"],
        database=those[f"year: {DATABASE}"],
        stored=those["stored: in PostgreSQL"],
        public=those["stored: public log"],
    )


def capacity(found: Results) -> Iterator[str]:
    """The table of capacity, and what it rests on."""
    if "year" not in found.by_name:
        yield "Not measured."
        return
    one = cost(found)
    year = next(figure for figure in found.figures if figure.name == "year")
    yield (
        f"From {year.n:,} diplomas in one run on {found.machine.get('cores', '?')} cores ({found.machine.get('processor', '?')}), commit"
        f" {found.machine.get('commit', '?')}: workers {one.ours:,.0f} µs of a core for each diploma, the one writer {one.writer:,.0f} µs,"
        f" PostgreSQL {one.database:,.0f} µs; {one.stored:,.0f} B in PostgreSQL, {one.public:,.0f} B in the public log."
    )  # fmt: skip
    yield ""
    yield "| | cores | 1.5 million diplomas in | an hour | PostgreSQL after 20 years | public log after 20 years |"
    yield "|---|---|---|---|---|---|"
    stored = f"{20 * YEAR * one.stored / 1e9:,.0f} GB | {20 * YEAR * one.public / 1e9:,.1f} GB"
    for name, cores, seconds in (
        ("one small machine", "2, shared", one.shared(YEAR, 2)),
        ("one larger machine", "8, shared", one.shared(YEAR, 8)),
        ("a small cluster", "2 hosts of 4, PostgreSQL 4", one.apart(YEAR, hosts=8, database=4)),
        ("the country", "8 hosts of 8, PostgreSQL 16", one.apart(YEAR, hosts=64, database=16)),
    ):
        yield f"| {name} | {cores} | {seconds / 60:,.1f} min | {YEAR * 3600 / seconds / 1e6:,.1f} million | {stored} |"
