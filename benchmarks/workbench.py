"""How long a registrar waits while 50,000 dirty rows are checked on the workbench, against a register of as many.

The file is kept encrypted, opened in the confined child, read by every rule, and held against the register in chunks:
serials over their whole life, register numbers of the year, people, decisions. Peak memory is that of the process that
asked. On SQLite in a temporary folder, or on the database that SOGOC_DATABASE names, which has to be empty.
Run: make bench
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import os
import secrets
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import intake as made
from benchmarks.figures import Figure, arguments, core_seconds, peak, say
from sogoc import wiring
from sogoc.adapters.kept_tables import read_kept
from sogoc.adapters.secret_box import SecretBox
from sogoc.adapters.sheets_write import write_csv

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def main() -> None:
    asked = arguments(__doc__, size=50_000, runs=3).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        say(measure(Path(folder), asked.size, asked.runs), asked.json)


def measure(folder: Path, rows: int, runs: int) -> list[Figure]:
    wiring.setup_django(folder)
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    from sogoc.core.intake import Choices
    from sogoc.register.models import Institution, Membership
    from sogoc.services import workbench
    from sogoc.services.batches import Decision

    call_command("migrate", verbosity=0)
    institution = Institution.objects.create(code="DHSG01", ordinal=1)
    by = User.objects.create(username="lap")
    Membership.objects.create(user=by, institution=institution, role=Membership.Role.PREPARER)
    box = SecretBox.create(folder / "files.key")
    desk = workbench.Desk(encrypt=box.encrypt, decrypt=box.decrypt, read=read_kept, randomness=secrets.token_bytes)
    whole = ("institution", "kind", "level", "decision_number", "decided_on", "awarded_on")
    decision = Decision(
        number=made.GIVEN["decision_number"], decided_on=made.GIVEN["decided_on"], total=rows, awarded_on=made.GIVEN["awarded_on"]
    )  # fmt: skip
    given = {name: value for name, value in made.GIVEN.items() if name not in whole}
    said = workbench.Said(kind="degree", level="bachelor", decision=decision, given=given)

    def written(name: str, *, dirty: bool) -> bytes:
        write_csv(folder / name, list(made.table(rows, dirty=dirty)))
        return (folder / name).read_bytes()

    def fill() -> None:
        began = time.perf_counter()
        read, batch = workbench.take_in(
            desk=desk, institution=institution, name="clean.csv", content=written("clean.csv", dirty=False), said=said,
            choices=Choices().acknowledge_rule(), by=by, now=NOW,
        )  # fmt: skip
        if batch is None:
            raise SystemExit(dict(read.counts))
        print(
            f"{connection.vendor}: {batch.count:,} clean rows taken in: {time.perf_counter() - began:.1f} s", flush=True
        )

    connection.close()
    child = os.fork()  # what it took to fill the register is not the memory of a check
    if not child:
        fill()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the register could not be filled")
    upload = workbench.open_upload(
        desk=desk, institution=institution, name="dirty.csv", content=written("dirty.csv", dirty=True), said=said, by=by, now=NOW
    )  # fmt: skip
    clock, core, problems = [], [], 0
    for _ in range(runs):
        began, before = time.perf_counter(), core_seconds()
        read = workbench.check(desk=desk, upload=upload, by=by, now=NOW)
        clock.append(time.perf_counter() - began)
        core.append(core_seconds() - before)
        problems = sum(read.counts.values())
    name = f"workbench on {connection.vendor}: check dirty rows against as many"
    note = f"{problems:,} problems, {statistics.median(clock):.1f} s by the clock"
    return [
        Figure(name=name, value=statistics.median(core), unit="s of a core", n=rows, note=note, runs=tuple(core)),
        Figure(name=f"{name}: peak memory", value=peak(), unit="MiB", n=rows),
    ]


if __name__ == "__main__":
    main()
