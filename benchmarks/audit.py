"""How long an inspector waits while a whole institution is held against the public log: every row, number, batch and approval.

The register is made here by the services, in batches of 1,000, then audited from its public files in memory. Rows a second are
those of the wall clock; seconds of the processor are those of the process that asked, beside which others check signatures. On
SQLite in a temporary folder, or on the database that SOGOC_DATABASE names, which has to be empty. Run: make bench
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests make the data

from benchmarks.figures import Figure, arguments, core_seconds, say
from sogoc import wiring

ROWS = 1_000


def main() -> None:
    asked = arguments(__doc__, size=5_000, runs=3).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        say(measure(Path(folder), max(1, asked.size // ROWS), asked.runs), asked.json)


def measure(folder: Path, batches: int, runs: int) -> list[Figure]:
    wiring.setup_django(folder)
    from django.core.management import call_command
    from django.db import connection

    from sogoc.register import queries
    from sogoc.services.auditing import audit_institution
    from tests.services.trial import DECISION, ORIGIN, OURS, Trial

    call_command("migrate", verbosity=0)
    trial = Trial()
    trial.found()
    for number in range(1, batches + 1):
        decision = replace(DECISION, number=f"{number}/QĐ", total=ROWS)
        trial.issue(ROWS, decision=decision, decision_number=decision.number)
    clock, core = [], []
    for _ in range(runs):
        began, before = time.perf_counter(), core_seconds()
        report, _ = audit_institution(
            queries.institution(OURS),
            files=trial.public,
            vkeys=[trial.vkeys],
            origin=ORIGIN,
            ministry=[trial.ministry.jwk],
        )
        clock.append(batches * ROWS / (time.perf_counter() - began))
        core.append(batches * ROWS / (core_seconds() - before))
        compared = {section.check: section.compared for section in report.sections}
        if compared["records"] != batches * ROWS or report.errors:
            raise SystemExit(f"{compared['records']} records were compared, {report.errors} errors")
    return [
        Figure(
            name=f"audit on {connection.vendor}",
            value=statistics.median(core),
            unit="rows/s of a core",
            n=batches * ROWS,
            note=f"{statistics.median(clock):,.0f}/s by the clock",
            runs=tuple(core),
        )
    ]


if __name__ == "__main__":
    main()
