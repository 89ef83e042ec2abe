"""How long an inspector waits while a whole institution is held against the public log: every row, number, batch and approval.

The register is made here by the services, in batches of 1,000, then audited from its public files in memory. Rows a second are
those of the wall clock; seconds of the processor are those of the process that asked, beside which others check signatures. On
SQLite in a temporary folder, or on the database that SOGOC_DATABASE names, which has to be empty. Run: make bench
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests make the data

from sogoc import wiring

BATCHES, ROWS = 5, 1_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))


def measure(folder: Path) -> None:
    wiring.setup_django(folder)
    from django.core.management import call_command
    from django.db import connection

    from sogoc.register import queries
    from sogoc.services.auditing import audit_institution
    from tests.services.trial import DECISION, ORIGIN, OURS, Trial

    call_command("migrate", verbosity=0)
    trial = Trial()
    trial.found()
    for number in range(1, BATCHES + 1):
        decision = replace(DECISION, number=f"{number}/QĐ", total=ROWS)
        trial.issue(ROWS, decision=decision, decision_number=decision.number)
    began, before = time.perf_counter(), time.process_time()
    report, _ = audit_institution(
        queries.institution(OURS), files=trial.public, vkeys=[trial.vkeys], origin=ORIGIN, ministry=[trial.ministry.jwk]
    )
    seconds, core = time.perf_counter() - began, time.process_time() - before
    compared = {section.check: section.compared for section in report.sections}
    if compared["records"] != BATCHES * ROWS:
        raise SystemExit(f"{compared['records']} records were compared")
    print(
        f"{connection.vendor}: {compared['records']:,} rows audited in {seconds:.1f} s ({compared['records'] / seconds:,.0f}/s), "
        f"{core:.1f} s of one core, {report.errors} errors"
    )


if __name__ == "__main__":
    main()
