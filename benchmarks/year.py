"""A national year: lists of graduates as CSV files until every diploma is signed, in the public log, and anchored.

`make bench` runs it at a small size; the whole year is `python benchmarks/year.py --size 1500000`. Two processes act for the
institutions, one list after another: taken in with every check, submitted, approved by another person, sealed shard by shard.
This process gives what waits its places in the log and publishes it meanwhile, and anchors the last head once. PostgreSQL shares the
two cores, with fsync on. Every part says what it took of the processor; PostgreSQL's own is read from its processes.
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import multiprocessing
import os
import queue
import secrets
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import country
from benchmarks.figures import Figure, arguments, core_seconds, peak, write
from sogoc.wiring import Home

LISTS = 3
"""So many lists each institution brings in a year."""
PAUSE = 5.0
"""Seconds between two heads while lists are still coming in."""


class Times:
    """What each part took: seconds on the clock and of the processor, children that ended included."""

    def __init__(self) -> None:
        self.wall: defaultdict[str, float] = defaultdict(float)
        self.core: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        wall, core = time.perf_counter(), core_seconds()
        yield
        self.add(name, time.perf_counter() - wall, core_seconds() - core)

    def add(self, name: str, wall: float, core: float) -> None:
        self.wall[name] += wall
        self.core[name] += core


class Postgres(threading.Thread):
    """Watches the processes of the cluster: what they took of the processor, and the largest private memory of one of them."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.peak = 0.0
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('data_directory')")
            folder = Path(cursor.fetchone()[0])
        self.postmaster = int((folder / "postmaster.pid").read_text().splitlines()[0])

    def core(self) -> float:
        """Seconds of the processor since the cluster began: those that run, and through their parent those that ended."""
        ticks = os.sysconf("SC_CLK_TCK")
        total = 0
        for pid in [self.postmaster, *self._children()]:
            with _gone_is_fine():
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += sum(map(int, fields[11:15] if pid == self.postmaster else fields[11:13]))
        return total / ticks

    def run(self) -> None:
        while not self.ended.wait(0.5):
            for pid in self._children():
                with _gone_is_fine():
                    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                        if line.startswith("RssAnon"):
                            self.peak = max(self.peak, int(line.split()[1]) / 1024)

    def _children(self) -> list[int]:
        with _gone_is_fine():
            path = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children")
            return [int(pid) for pid in path.read_text().split()]
        return []


def _gone_is_fine() -> suppress:
    return suppress(FileNotFoundError, ProcessLookupError)


# -- who acts for the institutions ------------------------------------------------------------------------------------


def registrars(folder: Path, tasks: Any, said: Any) -> None:
    """One process: takes institution after institution, and when there is none left, shards that others began."""
    home = Home(folder)
    times, largest = Times(), 0.0
    try:
        while (task := tasks.get()) is not None:
            issuer, rows = task
            for number in range(LISTS):
                first = number * rows + 1
                content = (folder.parent / "lists" / f"{issuer.institution.code}-{number}.csv").read_bytes()
                _bring(home, issuer, first, rows, content, times)
                said.put(("rows", rows))
        with times.part("seal"):
            _seal_rest(home)
        largest = peak()
    finally:
        said.put(("ended", (times.wall, times.core, largest)))


def _bring(home: Home, issuer: country.Issuer, first: int, rows: int, content: bytes, times: Times) -> None:
    from sogoc.services import batches, sealing

    with times.part("read, check, insert"):
        batch: Any = country.take_in(home, issuer, first=first, count=rows, content=content)
    with times.part("submit"):
        batches.submit(batch=batch, by=issuer.preparer, now=country.NOW)
    with times.part("approve"):
        batches.approve(batch=batch, by=issuer.approver, now=country.NOW)
    with times.part("seal"):
        sealing.seal(batch, _by(home))


def _by(home: Home) -> Any:
    from sogoc.services import sealing

    return sealing.Sealing(keyring=home.keyring, randomness=secrets.token_bytes, now=country.NOW)


def _seal_rest(home: Home) -> None:
    from sogoc.register import queries
    from sogoc.services import sealing

    for batch in queries.unfinished_batches():
        sealing.seal(batch, _by(home))


# -- the year -----------------------------------------------------------------------------------------------------------


def prepare(folder: Path, size: int, rows: int) -> tuple[Home, list[country.Issuer]]:
    """Found the archive, accredit the institutions and write their lists. Not part of what is measured."""
    from_here = -(-size // (rows * LISTS))
    home = country.found(folder / "archive", chain=True)
    issuers = [country.accredit(home, number + 1, blanks_of=rows * LISTS) for number in range(from_here)]
    from sogoc.services import sequencing

    sequencing.sequence(home.log, now=country.NOW)
    (folder / "lists").mkdir()
    for issuer in issuers:
        for number in range(LISTS):
            path = folder / "lists" / f"{issuer.institution.code}-{number}.csv"
            path.write_bytes(country.list_of(issuer.series, number * rows + 1, rows))
    return home, issuers


def run(home: Home, issuers: list[country.Issuer], *, rows: int, processes: int) -> dict[str, Any]:
    """Issue everything; return what it took."""
    from django.db import connection

    from sogoc.services import anchoring, sequencing

    watch = Postgres()
    watch.start()
    connection.close()
    context = multiprocessing.get_context("fork")
    tasks, said = context.Queue(), context.Queue()
    for issuer in issuers:
        tasks.put((issuer, rows))
    for _ in range(processes):
        tasks.put(None)
    total = len(issuers) * LISTS * rows
    times = Times()
    began, before = time.perf_counter(), watch.core()
    workers = [context.Process(target=registrars, args=(home.folder, tasks, said)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    done, running, parts = 0, processes, []
    next_head = began + PAUSE
    while running:
        try:
            what, value = said.get(timeout=max(0.05, next_head - time.perf_counter()))
        except queue.Empty:
            what, value = "", None
        if what == "rows":
            done += value
        elif what == "ended":
            running -= 1
            parts.append(value)
        if time.perf_counter() >= next_head:
            with times.part("sequence, publish"):
                sequencing.sequence(home.log, now=country.NOW)
            next_head = time.perf_counter() + PAUSE
            rate = done / (time.perf_counter() - began)
            left = (total - done) / rate if rate else 0
            print(f"{done:>9,} of {total:,}, {rate:,.0f} a second, {left:.0f} s left", file=sys.stderr, flush=True)
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise SystemExit("a process of the registrars died")
    with times.part("sequence, publish"):
        sequencing.sequence(home.log, now=country.NOW)
    with times.part("anchor"):
        chain = home.chain()
        sent = anchoring.anchor(chain, now=country.NOW)
        if sent is None:
            raise SystemExit("nothing was anchored")
        anchoring.wait(chain, sent, pause=_a_moment, now=country.NOW)
    seconds = time.perf_counter() - began
    watch.ended.set()
    for wall, core, _ in parts:
        for name in wall:
            times.add(name, wall[name], core[name])
    times.add("PostgreSQL", seconds, watch.core() - before)
    return {
        "rows": total, "seconds": seconds, "wall": dict(times.wall), "core": dict(times.core),
        "peak": max([largest for _, _, largest in parts] + [peak()]), "peak_database": watch.peak,
    }  # fmt: skip


def _a_moment() -> bool:
    time.sleep(0.05)
    return True


def stored(total: int, public: Path) -> dict[str, float]:
    """Bytes for each diploma in the database, all of it and by table, each with its indexes, and in the public log."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'register_%'"
            " ORDER BY 2 DESC"
        )
        sizes = {name: size / total for name, size in cursor.fetchall()}
    tables = {name: size for name, size in sizes.items() if size >= 1}
    files = sum(path.stat().st_size for path in public.rglob("*") if path.is_file() and "tile" in path.parts)
    return {"in PostgreSQL": sum(sizes.values()), **tables, "public log": files / total}


@contextmanager
def made(size: int, rows: int, *, processes: int = 2) -> Iterator[tuple[Home, dict[str, Any]]]:
    """An archive of `size` diplomas, issued as any are, and its head anchored; and what that took."""
    with tempfile.TemporaryDirectory(prefix="sogoc-year-") as folder, country.database() as url:
        os.environ["SOGOC_DATABASE"] = url
        home, issuers = prepare(Path(folder), size, rows)
        try:
            found = run(home, issuers, rows=rows, processes=processes)
            found["stored"] = stored(found["rows"], Path(folder) / "log")
            _analyse()
            yield home, found
        finally:
            _stop_chain(home)


def _analyse() -> None:
    """What PostgreSQL does by itself within a minute: without it, it plans for empty tables."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def main() -> None:
    parser = arguments(__doc__, size=30_000)
    parser.add_argument("--rows", type=int, default=5_000, metavar="N", help="rows of one list")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="that act for the institutions")
    parser.add_argument("--keep", action="store_true", help="wait in the end, while archive and database are there")
    asked = parser.parse_args()
    with made(asked.size, min(asked.rows, -(-asked.size // LISTS)), processes=asked.processes) as (home, found):
        show(found)
        write(figures(found), asked.json)
        if asked.keep:
            url = os.environ["SOGOC_DATABASE"]
            input(f"kept: SOGOC_DATABASE={url} SOGOC_HOME={home.folder}; press Enter to remove it ")


def _stop_chain(home: Home) -> None:
    from sogoc.adapters import node_anvil

    node_anvil.stop(home.folder / "chain")


def show(found: dict[str, Any]) -> None:
    total = found["rows"]
    print(f"{total:,} diplomas in {found['seconds']:.1f} s: {total / found['seconds']:,.0f} a second")
    for name, seconds in found["core"].items():
        print(f"  {name:22}{seconds:9.1f} s of a core {1e6 * seconds / total:8.1f} µs each")
    print(f"  {'together':22}{sum(found['core'].values()):9.1f} s of a core")
    print(f"  peak of a process {found['peak']:.0f} MiB, of one of PostgreSQL's {found['peak_database']:.0f} MiB")
    for name, size in found["stored"].items():
        print(f"  {name:22}{size:9.0f} bytes each")


def figures(found: dict[str, Any]) -> list[Figure]:
    def one(name: str, value: float, unit: str) -> Figure:
        return Figure(name=name, value=value, unit=unit, n=found["rows"])

    return [
        one("year", found["seconds"], "s"),
        one("year: peak memory", found["peak"], "MiB"),
        one("year: peak memory of PostgreSQL", found["peak_database"], "MiB"),
        *(
            one(f"year: {name}", 1e6 * value / found["rows"], "µs of a core each")
            for name, value in found["core"].items()
        ),
        *(one(f"stored: {name}", value, "B") for name, value in found["stored"].items()),
    ]


if __name__ == "__main__":
    main()
