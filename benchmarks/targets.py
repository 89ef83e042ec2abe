"""The figures to reach, one row for each kind of work, and how a measured figure is held against them.

What is asked for is asked of two cores that PostgreSQL shares, fsync on, and of a whole national year; a run of fewer diplomas is
judged by what it makes of the year in proportion, and the page says of how many it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from benchmarks.figures import Figure, shown

YEAR = 1_500_000
"""Diplomas that a country issues in a year."""
LOG = 100_000_000
"""Entries of a log after decades."""


class Outcome(Enum):
    REACHED = "reached"
    SMALLER = "reached at a smaller size"
    MISSED = "not reached"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What one measured figure has to be. `of_bound` asks it of the ratio to the raw bound, `each` of the value for so many.

    `figure` may hold a star, for a name with a number in it; `of` is how many are asked for where a smaller run says less.
    """

    figure: str
    at_least: float | None = None
    at_most: float | None = None
    of_bound: bool = False
    each: int | None = None
    of: int | None = None

    def found(self, figures: Mapping[str, Figure]) -> Figure | None:
        """The figure that is judged: of the most, where several have such a name."""
        named = [one for name, one in figures.items() if fnmatchcase(name, self.figure)]
        return max(named, key=lambda one: one.n or 0, default=None)

    def measured(self, figures: Mapping[str, Figure]) -> float | None:
        """The value that is judged, or None where it was not measured."""
        figure = self.found(figures)
        if figure is None:
            return None
        if self.of_bound:
            return figure.value / figure.bound if figure.bound else None
        if self.each is not None:
            return figure.value * self.each / figure.n if figure.n else None
        return figure.value

    def outcome(self, figures: Mapping[str, Figure]) -> Outcome:
        value = self.measured(figures)
        if value is None:
            return Outcome.NOT_MEASURED
        low = self.at_least is None or value >= self.at_least
        high = self.at_most is None or value <= self.at_most
        if not (low and high):
            return Outcome.MISSED
        figure, asked = self.found(figures), self.each or self.of
        return Outcome.SMALLER if asked and figure and figure.n and figure.n < asked else Outcome.REACHED

    def says(self, figures: Mapping[str, Figure]) -> str:
        """The measured value as a reader wants it."""
        value, figure = self.measured(figures), self.found(figures)
        if value is None or figure is None:
            return f"{self.figure}: not measured"
        if self.of_bound:
            return f"{shown(value)} × {figure.bound_name or 'the bound'}"
        if self.each is not None and figure.n != self.each:
            return f"{shown(value)} {figure.unit} for {self.each:,}, from {shown(figure.value)} {figure.unit} for {figure.n:,}"
        smaller = f" at {figure.n:,}" if self.of and figure.n and figure.n < self.of else ""
        return f"{shown(value)} {figure.unit}".rstrip() + smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One row: the work, what is asked in words, the conditions that say the same in numbers.

    `short` is what is known of why it is not reached; it is shown only when it is not.
    """

    work: str
    asked: str
    conditions: tuple[Condition, ...]
    short: str = ""

    def outcome(self, figures: Mapping[str, Figure]) -> Outcome:
        """The worst of its conditions: a row is reached when all of them are."""
        found = {one.outcome(figures) for one in self.conditions}
        return next(
            one for one in (Outcome.MISSED, Outcome.NOT_MEASURED, Outcome.SMALLER, Outcome.REACHED) if one in found
        )


TARGETS = (
    Target(
        work="a whole year: CSV files, rows checked, gate, sealed, logged, published, stored, one anchor",
        asked="1,500,000 in ≤ 5 minutes and ≤ 2.5 × the raw bound; ≤ 400 MiB in any process, the same at a tenth",
        conditions=(
            Condition(figure="year", at_most=300, each=YEAR),
            Condition(figure="year", at_most=2.5, of_bound=True),
            Condition(figure="year: peak memory", at_most=400),
            Condition(figure="year: peak memory, to that of a tenth", at_most=1.1),
        ),
        short="Of 737 µs of a core that a diploma took on this machine, sealing it is 312 (a bare loop takes 220), reading and checking "
        "its row 242, PostgreSQL 137, its place in the log 35, submitting and approving it 11. The bound seals and stores, 253 µs, and "
        "does nothing else: no list read, no rule, no second person, no audit. Five minutes were asked of a machine on which that "
        "bound takes two: there this ratio is six minutes.",
    ),
    Target(
        work="seal alone: a record of 26 fields, its commitment, the signed SD-JWT",
        asked="≥ 7,000 per second and core, ≥ 0.75 of a bare loop",
        conditions=(
            Condition(figure="seal a record of 26 fields and sign it", at_least=7_000),
            Condition(figure="seal a record of 26 fields and sign it", at_least=0.75, of_bound=True),
        ),
        short="The rate was asked of a machine whose bare loop does 8,700 a second and core; the ratio is what "
        "travels.",
    ),
    Target(
        work="append and publish to the log",
        asked="≥ 150,000 entries per second",
        conditions=(Condition(figure="log: append and publish", at_least=150_000),),
        short="Most of it is the system's, which writes two small files for every 256 entries; that cost differs between machines more "
        "than any other here. The run before, on another one, published 183,110 a second, 0.33 of its bound, which writes two large files.",
    ),
    Target(
        work="verify in the library, all eight steps, checkpoint and authority page cached",
        asked="≥ 4,000 per second and core",
        conditions=(Condition(figure="verify evidence, eight steps", at_least=4_000),),
        short="Of 600 µs that a diploma takes on this machine, a fifth is the one ES256 signature that no two diplomas share, a sixth "
        "opening its disclosures, an eighth each reading its evidence, its SD-JWT and its leaf and path; the rest is eight steps in "
        "Python that say what they found and why. The bare loop, which believes all but signature, digests and paths, takes 375. The "
        "rate was asked of a machine whose bare loop does 5,500: there this ratio is 3,400.",
    ),
    Target(
        work="verify over HTTP: evidence in, report out; two workers, the load made on the same machine",
        asked="≥ 2,500 requests per second, p99 ≤ 50 ms",
        conditions=(
            Condition(figure="http: verify", at_least=2_500),
            Condition(figure="http: verify, p99", at_most=50),
        ),
        short="A request takes 2.2 ms of the two cores, which server, load and PostgreSQL share; the bare loop under the same server, "
        "which asks nobody and writes no report, 0.83. Beyond it are the steps of the row above, the archive's own fresh half held against "
        "the presented one, the framework and a report of 6 KB. On a machine whose bare server does 4,700, as that of the run before, "
        "this ratio is 1,800.",
    ),
    Target(
        work="look-up by number, 1.5 million rows",
        asked="≥ 2,000 requests per second, p99 ≤ 50 ms",
        conditions=(
            Condition(figure="http: look-up", at_least=2_000, of=YEAR),
            Condition(figure="http: look-up, p99", at_most=50, of=YEAR),
        ),
        short="An answer is one prepared question to PostgreSQL and a name compared, a fifth of a millisecond; twice as much is the "
        "request in the framework; database, server and load share the two cores. On a machine whose bare server does 9,200, as that of "
        "the run before, this ratio is 2,900.",
    ),
    Target(
        work="receipt for any entry at 100 million entries",
        asked="≤ 5 ms from tiles on disk, ≤ 1 KB of hashes",
        conditions=(
            Condition(figure="log: receipt at *", at_most=5, of=LOG),
            Condition(figure="log: hashes of a receipt at *", at_most=1_024, of=LOG),
        ),
    ),
    Target(
        work="revocation of one diploma, until fresh evidence says revoked",
        asked="≤ 10 s",
        conditions=(Condition(figure="revocation until evidence says so", at_most=10, of=YEAR),),
    ),
    Target(
        work="evidence renewed for a new checkpoint, on demand, none stored twice",
        asked="≤ 3 ms each",
        conditions=(Condition(figure="evidence renewed, one of many", at_most=3),),
    ),
    Target(
        work="PDFs",
        asked="≥ 100 per second and core unsigned, ≥ 30 signed (PAdES, P-256)",
        conditions=(
            Condition(figure="print a diploma", at_least=100),
            Condition(figure="print and sign a diploma", at_least=30),
        ),
        short="Of 12 ms for a page that the press has not seen before, nearly all is the press: fonts cut to what the page shows and "
        "packed, the border written and packed, what a screen reader needs. The words, the code and the evidence are the rest.",
    ),
    Target(
        work="storage per diploma, everything",
        asked="≤ 2 KiB in PostgreSQL with its indexes, ≤ 300 B in the public log",
        conditions=(
            Condition(figure="stored: in PostgreSQL", at_most=2_048),
            Condition(figure="stored: public log", at_most=300),
        ),
    ),
    Target(
        work="chain cost of an anchor at Viction's prices",
        asked="≤ 65,000 gas",
        conditions=(Condition(figure="gas of an anchor, mean", at_most=65_000),),
    ),
)
