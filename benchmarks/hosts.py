"""Several hosts for real: a network namespace each, one PostgreSQL, one of them killed in the middle.

Two namespaces hang on a bridge. In each runs `sogoc worker` with a home of its own: settings and the institutions' keys, and neither
the log's keys nor the lock. They reach PostgreSQL over the bridge; this process, which has the log, approves list after list and
publishes what waits. When a third of the rows is sealed, one host loses its line and then its life, so that PostgreSQL is not even
told that the connection is gone. The other one has to finish: each diploma logged once, none left out, `fsck` clean.

It makes interfaces, so it needs root on Linux and `ip`; where it may not, it ends with code 77 and measures nothing.
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import country, figures
from benchmarks.figures import Figure
from sogoc.wiring import Home

NOT_PERMITTED = figures.NOT_HERE
NETWORK = "198.18.89"
"""Of the addresses that are set aside for measuring networks (RFC 2544)."""
BRIDGE = f"{NETWORK}.1"
KILL_AT = 1 / 3
PATIENCE = 120.0
"""Seconds without any progress after which something hangs."""


# -- hosts ----------------------------------------------------------------------------------------------------------------


class NotPermitted(Exception):
    """This process may not make network namespaces."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@contextmanager
def bridge() -> Iterator[str]:
    """A bridge with an address; its name. Raises: NotPermitted."""
    name = f"sg{os.getpid() % 10**7}"
    try:
        ip("link", "add", name, "type", "bridge")
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise NotPermitted(getattr(error, "stderr", None) or str(error)) from error
    try:
        ip("address", "add", f"{BRIDGE}/24", "dev", name)
        ip("link", "set", name, "up")
        yield name
    finally:
        ip("link", "delete", name)


@dataclass
class Host:
    """A namespace with one end of a line to the bridge, and the worker that runs in it."""

    name: str
    line: str
    address: str
    worker: subprocess.Popen[str] | None = None

    def start(self, folder: Path, database: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SOGOC_")}
        environment |= {"SOGOC_HOME": str(folder), "SOGOC_DATABASE": database}
        self.worker = subprocess.Popen(
            ["ip", "netns", "exec", self.name, sys.executable, "-m", "sogoc", "worker", "--json", "--pause", "0.2"],
            env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def lose(self) -> None:
        """The line first and then the process: nobody says goodbye."""
        assert self.worker is not None
        ip("link", "set", self.line, "down")
        self.worker.send_signal(signal.SIGKILL)
        self.worker.communicate()

    def end(self) -> dict[str, Any]:
        """Ask the worker to end, and return what it says it did."""
        assert self.worker is not None
        self.worker.send_signal(signal.SIGTERM)
        out, _ = self.worker.communicate(timeout=60)
        said: dict[str, Any] = json.loads(out)
        return said


@contextmanager
def host(number: int, bridge: str) -> Iterator[Host]:
    """Host `number` on the bridge."""
    name, address = f"{bridge}n{number}", f"{NETWORK}.{number + 1}"
    one = Host(name, f"{bridge}v{number}", address)
    ip("netns", "add", name)
    ip("link", "add", one.line, "type", "veth", "peer", "name", "eth0", "netns", name)
    try:
        ip("link", "set", one.line, "master", bridge, "up")
        ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        yield one
    finally:
        if one.worker is not None and one.worker.poll() is None:
            one.worker.kill()
            one.worker.communicate()
        ip(
            "link", "delete", one.line
        )  # by itself it would stay while the kernel still says the goodbye of a killed worker
        ip("netns", "delete", name)


@contextmanager
def bucket() -> Iterator[str]:
    """A bucket of a server on the bridge; its address. It is moto, which keeps everything in memory and is no measure of speed."""
    from tests.ports import s3_server

    os.environ |= s3_server.CREDENTIALS
    with s3_server.serving(BRIDGE) as endpoint:
        yield s3_server.bucket(endpoint, "log")


def sealing_home(home: Home, folder: Path) -> Path:
    """The home of a host that seals: settings and the institutions' keys. Neither lock nor staging nor the log's keys are there."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    shutil.copy(home.folder / "archive.json", folder)
    for path in (home.folder / "keys").iterdir():
        if path.name.startswith("DHM") or path.name == "passphrase":
            shutil.copy(path, keys)
    return folder


# -- the run --------------------------------------------------------------------------------------------------------------


def prepare(folder: Path, size: int, rows: int, public: str | None) -> tuple[Home, list[tuple[Any, country.Issuer]]]:
    """Found the archive; one institution after another brings a list, until they are `size` diplomas that wait for approval."""
    home = country.found(folder / "archive", chain=False, public=public)
    from sogoc.services import batches, sequencing

    submitted = []
    for number, first in enumerate(range(0, size, rows), 1):
        count = min(rows, size - first)
        issuer = country.accredit(home, number, blanks_of=count)
        content = country.list_of(issuer.series, 1, count)
        batch: Any = country.take_in(home, issuer, first=1, count=count, content=content)
        batches.submit(batch=batch, by=issuer.preparer, now=country.NOW)
        submitted.append((batch, issuer))
    sequencing.sequence(home.log, now=country.NOW)
    return home, submitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened: seconds in all, rows sealed and seconds gone when the host was lost, rows of the host that stayed."""

    seconds: float
    lost_at: float
    sealed_then: int
    stayed: int
    heads: int


def run(home: Home, submitted: list[tuple[Any, country.Issuer]], hosts: tuple[Host, Host]) -> Run:
    """Approve everything and wait until it is in the log, with one host lost on the way."""
    from sogoc.register import queries
    from sogoc.services import batches, sequencing

    size = sum(batch.count for batch, _ in submitted)
    lost, stays = hosts
    _until(lambda: _connected() >= {lost.address, stays.address}, "the workers do not come")
    began = time.perf_counter()
    lost_at, sealed_then, heads, to_approve = 0.0, 0, 0, list(reversed(submitted))
    before, changed = -1, began
    while queries.issued() < size:
        if to_approve:
            batch, issuer = to_approve.pop()
            batches.approve(batch=batch, by=issuer.approver, now=country.NOW)
        else:
            time.sleep(0.02)
        sealed = _sealed()
        if not lost_at and sealed >= size * KILL_AT and _has_a_shard_in_hand(lost.address):
            lost.lose()
            lost_at, sealed_then = time.perf_counter() - began, _sealed()
            _note(f"{lost.name} is lost after {lost_at:.1f} s, at {sealed_then:,} of {size:,}")
        if queries.waiting_entries() and not to_approve:
            heads += sequencing.sequence(home.log, now=country.NOW) is not None
        if sealed != before:
            before, changed = sealed, time.perf_counter()
        if time.perf_counter() - changed > PATIENCE:
            raise SystemExit(f"nothing was sealed for {PATIENCE:.0f} s: {sealed:,} of {size:,}")
    seconds = time.perf_counter() - began
    if not lost_at:
        raise SystemExit("everything was sealed before a host could be lost: choose a larger --size")
    return Run(
        seconds=seconds, lost_at=lost_at, sealed_then=sealed_then, stayed=int(stays.end()["rows"]), heads=heads
    )  # fmt: skip


def _sealed() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(count), 0) FROM register_shard WHERE done_at IS NOT NULL")
        return int(cursor.fetchone()[0])


def _connected() -> set[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT host(client_addr) FROM pg_stat_activity WHERE client_addr IS NOT NULL")
        return {address for (address,) in cursor.fetchall()}


def _has_a_shard_in_hand(address: str) -> bool:
    """Whether this host is signing now: its transaction holds a row of the shards, and PostgreSQL waits for it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE a.client_addr = %s::inet"
            " AND a.state = 'idle in transaction' AND l.relation = 'register_shard'::regclass AND l.mode = 'RowShareLock'",
            [address],
        )
        return bool(cursor.fetchone()[0])


def _until(true: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise SystemExit(otherwise)
        time.sleep(0.1)


def _note(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


# -- what must be true ----------------------------------------------------------------------------------------------------


def check(home: Home, size: int) -> float:
    """Hold database and public log to it: every row logged once, none twice, nothing else; receipts are there. Return the seconds
    of `fsck`.
    """
    from django.db import connection

    from sogoc.core import entry, tiles
    from sogoc.register import queries
    from sogoc.services import checking, delivery, publication

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(s.row_id), count(e.id), count(DISTINCT e.row_id), count(DISTINCT s.secret)"
            " FROM register_row r LEFT JOIN register_seal s ON s.row_id = r.id"
            " LEFT JOIN register_entry e ON e.row_id = r.id AND e.act = 'issue' AND e.index IS NOT NULL"
        )
        found = cursor.fetchone()
    if set(found) != {size}:
        raise SystemExit(f"rows, seals, entries, rows of entries and secrets are {found}, not {size} each")
    head = publication.shown_head(home.public)
    assert head is not None
    logged = Counter(
        one.commitment
        for one in map(entry.parse, tiles.entries(home.public.get, 0, head.size))
        if isinstance(one, entry.Issue)
    )
    if len(logged) != size or set(logged.values()) != {1}:
        raise SystemExit(f"{len(logged)} commitments in {sum(logged.values())} issue entries, not {size}")
    policy = home.keys_only()
    audit = checking.fsck(
        home.public, vkeys=policy.log, origin=policy.origin, ministry=policy.ministry, anchors=(), progress=None
    )
    if audit.faults:
        raise SystemExit(f"fsck: {[fault.en for fault in audit.faults[:5]]}")
    counter = delivery.Counter(home.log)
    for index in range(0, head.size, max(1, head.size // 20)):
        counter.receipt(queries.entry_at(index))
    return audit.seconds


def measured(size: int, found: Run, fsck: float) -> list[Figure]:
    alone = found.seconds - found.lost_at
    return [
        Figure(name="hosts: approved until public", value=found.seconds, unit="s", n=size, note=f"{found.heads} heads"),
        Figure(
            name="hosts: sealed by two", value=found.sealed_then / found.lost_at, unit="/s", n=found.sealed_then,
            note="until one was lost; approving takes its share of the cores",
        ),
        Figure(
            name="hosts: sealed after the loss", value=(size - found.sealed_then) / alone, unit="/s",
            n=size - found.sealed_then, note="the wait for the shard of the dead included",
        ),
        Figure(name="hosts: rows of the host that stayed", value=found.stayed, unit="rows", n=size),
        Figure(name="hosts: rows of the host that was lost", value=size - found.stayed, unit="rows", n=size),
        Figure(name="hosts: issue entries", value=size, unit="entries", n=size, note="none twice, none left out"),
        Figure(name="hosts: fsck", value=fsck, unit="s", n=size, note="clean"),
    ]  # fmt: skip


def main() -> int:
    parser = figures.arguments(__doc__, size=10_000)
    parser.add_argument("--rows", type=int, default=2_500, help="rows of one list")
    parser.add_argument(
        "--store", choices=("folder", "s3"), default="folder", help="public files: a shared folder, or S3 by moto"
    )
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sogoc-hosts-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        try:
            name = stack.enter_context(bridge())
        except NotPermitted as error:
            _note(f"no network namespaces here: {error}")
            return NOT_PERMITTED
        url = stack.enter_context(country.database(listen=(BRIDGE, f"{NETWORK}.0/24")))
        os.environ["SOGOC_DATABASE"] = url
        public = stack.enter_context(bucket()) if asked.store == "s3" else None
        home, submitted = prepare(folder, asked.size, asked.rows, public)
        first, second = (stack.enter_context(host(number, name)) for number in (1, 2))
        for one in (first, second):
            one.start(sealing_home(home, folder / one.name), f"postgresql://sogoc@{BRIDGE}/sogoc")
        found = run(home, submitted, (first, second))
        figures.say(measured(asked.size, found, check(home, asked.size)), asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
