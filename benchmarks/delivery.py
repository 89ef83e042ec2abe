"""What happens after the log: evidence on demand, one revocation until the proof of it, signed PDFs, the gas of an anchor.

It makes an archive of `--size` diplomas through the whole pipeline, on a PostgreSQL of its own, or measures one that is there:
`SOGOC_DATABASE=… python benchmarks/delivery.py --home FOLDER` reads, and revokes one diploma. Seconds of a core are those of this
process and of PostgreSQL's together, unless a note says otherwise. Run: make bench
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import bound, country, lookup, sample, web, year
from benchmarks.figures import Figure, arguments, core_seconds, peak, rates, say
from benchmarks.records import record
from sogoc import wiring
from sogoc.core.canonical import b64
from sogoc.core.verify import verify_bytes
from sogoc.wiring import Home

if TYPE_CHECKING:
    from sogoc.register.models import Row

SEED = 7
PER_YEAR, ANCHORS = 1_500_000, 365 * 24
"""Diplomas of a year and its hours: an anchor each."""


class Cost:
    """Seconds on the clock, and of a core here and in PostgreSQL, since it was made."""

    def __init__(self, watch: year.Postgres) -> None:
        self._watch = watch
        self._began = time.perf_counter(), core_seconds(), watch.core()

    def __call__(self) -> tuple[float, float]:
        wall, core, database = self._began
        return time.perf_counter() - wall, core_seconds() - core + self._watch.core() - database


def measure(home: Home, *, count: int) -> Iterator[Figure]:
    from sogoc.register import queries
    from sogoc.register.models import Row

    watch = year.Postgres()
    total = queries.issued()
    yield from renewal(home, watch, count=count, total=total)
    yield cold(home, watch, total=total)
    yield from revocation(home, watch, total=total)
    yield diplomas(home, list(_some(40)))
    yield from look_ups(watch, Row.objects.count())
    yield from gas()
    yield from fsck(home, total)
    yield from web.measured(home)
    yield from lookup.measured(home)


# -- evidence ---------------------------------------------------------------------------------------------------------


def renewal(home: Home, watch: year.Postgres, *, count: int, total: int) -> Iterator[Figure]:
    """All evidence anew for one head, batch by batch."""
    from sogoc.services.delivery import Counter

    before, cost = peak(), Cost(watch)
    counter = Counter(home.log)
    done = size = 0
    for one in counter.evidences(islice(_in_order(), count)):
        done += 1
        size += len(one.encode())
    wall, core = cost()
    (sealing,) = rates(lambda: bool(bound.seal(record(7), b"s" * 32, 1)), runs=3)
    yield Figure(
        name="evidence renewed, one of many", value=1e3 * core / done, unit="ms of a core", n=done, target="<= 3",
        bound=1e3 / sealing.median, bound_name="a bare loop that seals one",
        note=f"of {total:,}; {size / done:,.0f} bytes each; {1e3 * wall / done:.2f} ms by the clock",
    )  # fmt: skip
    yield Figure(name="evidence renewed: memory added", value=peak() - before, unit="MiB", n=done)


def cold(home: Home, watch: year.Postgres, *, total: int) -> Figure:
    """One request by itself: a counter of its own, the diploma looked up, its evidence built and written."""
    from sogoc.register import queries
    from sogoc.services.delivery import Counter

    runs, clock = [], []
    for row in _some(20):
        code, serial = row.institution.code, row.serial_number
        cost = Cost(watch)
        for _ in range(5):  # PostgreSQL's time comes in hundredths of a second
            Counter(home.log).evidence(queries.row_by_serial(code, serial)).encode()
        wall, core = cost()
        runs.append(1e3 * core / 5)
        clock.append(1e3 * wall / 5)
    return Figure(
        name="evidence of one diploma, cold", value=statistics.fmean(runs), unit="ms of a core", n=total, target="<= 30",
        note=f"mean of {len(runs)}; {statistics.median(clock):.1f} ms by the clock", runs=tuple(runs),
    )  # fmt: skip


def _in_order() -> Iterator[Row]:
    from sogoc.register import queries
    from sogoc.register.models import Batch

    for batch in Batch.objects.filter(state=Batch.State.SEALED).order_by("entry__index").iterator():
        yield from queries.rows_of(batch)


def _some(count: int) -> Iterator[Row]:
    """Some rows of the archive by lot, of which nothing was decided since."""
    yield from sample.drawn(count, SEED)


# -- a stranger's reading ----------------------------------------------------------------------------------------------


def fsck(home: Home, total: int) -> Iterator[Figure]:
    """The whole log read again by a process of its own: every entry, tile, page and state. Raises: SystemExit unless it is clean."""
    environment = os.environ | {"SOGOC_HOME": str(home.folder)}
    began, before, memory = time.perf_counter(), core_seconds(), 0.0
    with tempfile.TemporaryFile() as said:
        reader = subprocess.Popen(
            [sys.executable, "-m", "sogoc", "log", "fsck"], env=environment, stdout=said, stderr=said
        )
        while reader.poll() is None:
            with suppress(OSError, StopIteration):
                memory = max(memory, peak(reader.pid))
            time.sleep(0.05)
        if reader.returncode:
            said.seek(0)
            raise SystemExit(said.read().decode())
    wall = time.perf_counter() - began
    yield Figure(
        name="log fsck", value=core_seconds() - before, unit="s of a core", n=total,
        note=f"clean; {wall:.0f} s by the clock",
    )  # fmt: skip
    yield Figure(name="log fsck: peak memory", value=memory, unit="MiB", n=total)


# -- one revocation ---------------------------------------------------------------------------------------------------


def revocation(home: Home, watch: year.Postgres, *, total: int) -> Iterator[Figure]:
    """From the decision of an approver until evidence says so, every part by itself."""
    from sogoc.core import law
    from sogoc.register import queries
    from sogoc.register.models import Membership
    from sogoc.services import acting, sequencing
    from sogoc.services.delivery import Counter

    *_, row = _some(30)
    now = clock()
    by = Membership.objects.filter(institution=row.institution, role=Membership.Role.APPROVER)[0].user
    on = now.date().isoformat()
    decision = acting.ActDecision(
        number="77/QĐ", on=on, salt=secrets.token_bytes(16), ground=law.grounds("revoke", on)[0].name
    )
    doing = acting.Acting(log=home.log, keyring=home.keyring, ministry=lambda: home.ministry, by=by, now=now)
    policy = home.policy()
    parts: list[tuple[str, Callable[[], object]]] = [
        (
            "act",
            lambda: acting.change_status(
                doing, act="revoke", logged=row.entry, decision=decision, act_id=b64(secrets.token_bytes(16))
            ),
        ),
        ("sequence and publish", lambda: sequencing.sequence(home.log, now=now)),
        (
            "evidence",
            lambda: Counter(home.log).evidence(queries.row_by_serial(row.institution.code, row.serial_number)).encode(),
        ),
    ]
    whole = Cost(watch)
    found: object = None
    for name, work in parts:
        cost = Cost(watch)
        found = work()
        wall, core = cost()
        yield Figure(name=f"revocation: {name}", value=wall, unit="s", n=total, note=f"{core:.3f} s of a core")
    wall, core = whole()
    verdict = verify_bytes(found, policy, now + timedelta(minutes=1)).verdict  # type: ignore[arg-type]
    if verdict != "revoked":
        raise SystemExit(f"the evidence after the revocation says {verdict}")
    yield Figure(
        name="revocation until evidence says so", value=wall, unit="s", n=total, target="<= 10",
        note=f"{core:.3f} s of a core",
    )  # fmt: skip


def clock() -> datetime:
    """What time it is in the archive: a moment after its newest state."""
    from sogoc.register import queries

    state = queries.newest_state()
    return (state.at if state else country.NOW) + timedelta(minutes=1)


# -- paper, look-ups, gas ---------------------------------------------------------------------------------------------


def diplomas(home: Home, rows: list[Row]) -> Figure:
    """Diplomas as they are handed out: evidence rebuilt, printed, signed by the institution's key.

    Each is another: the press remembers what it laid out last.
    """
    from sogoc.register import queries
    from sogoc.services.delivery import Counter, diploma

    whole = [queries.row_by_serial(row.institution.code, row.serial_number) for row in rows]
    counter, now, runs = Counter(home.log), clock(), []
    for start in range(4):
        these, before = whole[start % 2 :: 2], core_seconds()
        for one in these:
            diploma(row=one, counter=counter, printer=home.printer, keyring=home.keyring, now=now)
        runs.append(len(these) / (core_seconds() - before))
    return Figure(
        name="diploma as signed PDF with its evidence", value=statistics.median(runs[1:]), unit="/s of a core",
        target=">= 30", runs=tuple(runs[1:]), note="PostgreSQL's share not counted",
    )  # fmt: skip


def look_ups(watch: year.Postgres, rows: int) -> Iterator[Figure]:
    """Each way to name a diploma, and whether PostgreSQL reads more than an index for it."""
    from django.db import connection

    from sogoc.register.models import Entry, Row, Seal

    row = Row.objects.select_related("institution", "seal", "entry").get(pk=next(_some(1)).pk)
    newest = Row.objects.filter(institution=row.institution_id).exclude(origin=Row.Origin.AMEND)
    ways = {
        "identifier": Row.objects.filter(identifier=row.identifier, follows__isnull=True),
        "serial": newest.filter(serial_series=row.serial_series, serial_value=row.serial_value),
        "register number": newest.filter(kind=row.kind, level=row.level, year=row.year, number=row.number),
        "status place": Seal.objects.filter(status_list=row.seal.status_list, status_index=row.seal.status_index),
        "log index": Entry.objects.filter(index=row.entry.index),
        "last act": Entry.objects.filter(target=row.entry.pk).order_by("-index"),
    }
    for name, way in ways.items():
        plan = str(way.explain()) if connection.vendor == "postgresql" else ""
        cost = Cost(watch)
        for _ in range(200):
            list(way.all())
        wall, _ = cost()
        yield Figure(
            name=f"look-up by {name}", value=wall / 200 * 1e6, unit="µs", n=rows,
            note="reads the whole table" if "Seq Scan" in plan else "an index read",
        )  # fmt: skip


def gas() -> Iterator[Figure]:
    """Anchors an hour apart at 1.5 million diplomas a year, as Viction charges them: 68 for a byte of calldata that is not zero."""
    from sogoc.adapters import node_anvil
    from sogoc.adapters.chain_evm import _ANCHOR
    from tests.chain.conftest import new_chain, settle

    with tempfile.TemporaryDirectory(prefix="sogoc-gas-") as folder:
        node = node_anvil.start(Path(folder))
        try:
            chain, costs, least = new_chain(node), [], []
            for hour in range(1, 14):
                size, root = 700_000 + hour * PER_YEAR // ANCHORS, secrets.token_bytes(32)
                used = int(settle(chain, chain.prepare(size, root))["gasUsed"], 16)
                sent = _ANCHOR + size.to_bytes(32) + root
                costs.append(used + (68 - 16) * sum(map(bool, sent)))
                least.append(21_000 + sum(68 if byte else 4 for byte in sent))
        finally:
            node_anvil.stop(Path(folder))
    usual = costs[5:13]  # two slots of four sizes, after the first ones
    mean = statistics.fmean(usual)
    yield Figure(
        name="gas of an anchor, mean", value=mean, unit="gas", target="<= 65,000", runs=tuple(map(float, usual)),
        bound=statistics.fmean(least), bound_name="a transaction that stores nothing",
        note="at Viction's prices; four sizes share a slot of the chain",
    )  # fmt: skip
    yield Figure(name="gas of an anchor, dearest", value=max(usual), unit="gas", note="every fourth begins a slot")
    yield Figure(
        name="gas of a diploma", value=mean * ANCHORS / PER_YEAR, unit="gas", n=PER_YEAR,
        note=f"{ANCHORS:,} anchors a year; a transaction for each diploma takes 22,000 to 48,000",
    )  # fmt: skip


def main() -> None:
    parser = arguments(__doc__, size=20_000)
    parser.add_argument("--rows", type=int, default=2_000, metavar="N", help="rows of one list")
    parser.add_argument(
        "--home", type=Path, metavar="FOLDER", help="measure this archive; SOGOC_DATABASE names its database"
    )
    parser.add_argument("--count", type=int, default=5_000, metavar="N", help="how many evidence documents to renew")
    parser.add_argument("--sample", type=int, default=200, metavar="N", help="how many to verify offline in the end")
    asked = parser.parse_args()
    if asked.home is not None:
        wiring.setup_django(asked.home)
        say(list(measure(Home(asked.home), count=asked.count)), asked.json)
        return
    with year.made(asked.size, min(asked.rows, -(-asked.size // year.LISTS))) as (home, found):
        figures = year.figures(found)
        if asked.sample:  # first: a revocation makes a head that no anchor holds yet
            with tempfile.TemporaryDirectory(prefix="sogoc-sample-") as to:
                figures.extend(sample.sample(home.folder, asked.sample, SEED, Path(to)))
        try:
            for one in measure(home, count=asked.count):
                figures.append(one)
        finally:  # what took a quarter of an hour is said whatever fails after it
            say(figures, asked.json)


if __name__ == "__main__":
    main()
