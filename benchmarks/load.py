"""Load on a web server of this machine: so many connections, each of which asks again as soon as it was answered.

`wrk` makes it where it is installed, for a few hundredths of a core; else processes of Python do, which take half of the machine and
say so. Every answer has to be a 200.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.results import ROOT
from sogoc.wiring import Home

WORKERS, CLIENTS, RUNS, SECONDS = 2, 8, 3, 5.0
WRK = shutil.which("wrk")
MADE_BY = "wrk" if WRK else "clients of Python, on the same cores"

_SCRIPT = """\
local asked, n = {}, 0
function init(args)
  local headers = {["Content-Type"] = args[3], ["Accept"] = "application/json"}
  for number = 1, tonumber(args[2]) do
    local file = assert(io.open(args[1] .. "/" .. number, "rb"))
    asked[number] = wrk.format("POST", args[4], headers, file:read("*a"))
    file:close()
  end
end
function request()
  n = n % #asked + 1
  return asked[n]
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"asked": %d, "us": %d, "failed": %d, "p50": %d, "p99": %d}\\n', summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was answered: requests in a second, and how long half of them and 99 of a hundred took at most, in ms."""

    rate: float
    middle: float
    slow: float


def figures(
    name: str, loads: Sequence[Load], *, bound: Sequence[Load], bound_name: str, n: int, note: str
) -> Iterator[Figure]:
    """The rate, beside that of the bound, and how long answers took; the median of several loads each."""
    rates = [one.rate for one in loads]
    yield Figure(
        name=name, value=statistics.median(rates), unit="/s", n=n, runs=tuple(rates),
        bound=statistics.median(one.rate for one in bound), bound_name=bound_name,
        note=f"{WORKERS} workers, {CLIENTS} connections, {note}; load by {MADE_BY}",
    )  # fmt: skip
    yield Figure(name=f"{name}, p50", value=statistics.median(one.middle for one in loads), unit="ms", n=n)
    slow = [one.slow for one in loads]
    yield Figure(name=f"{name}, p99", value=statistics.median(slow), unit="ms", n=n, runs=tuple(slow))


@contextmanager
def both(home: Home) -> Iterator[tuple[int, int]]:
    """`sogoc serve` on an archive, on the database that SOGOC_DATABASE names, and beside it the bound; the ports of both."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    environment["SOGOC_HOME"] = str(home.folder)
    serve = [sys.executable, "-m", "sogoc", "serve", "--workers", str(WORKERS), "--port"]
    bare = [sys.executable, "-m", "benchmarks.web_bare", str(WORKERS)]
    with serving(serve, environment) as port, serving(bare, environment) as other:
        yield port, other


@contextmanager
def serving(words: Sequence[str], environment: Mapping[str, str]) -> Iterator[int]:
    """A server that listens on a free port, which it is told as the last word; the port."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen([*words, str(port)], env=dict(environment), cwd=ROOT, stdout=said, stderr=said)
        try:
            until = time.monotonic() + 30
            while True:
                with closing(socket.socket()) as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if server.poll() is not None or time.monotonic() > until:
                    said.seek(0)
                    raise SystemExit(said.read().decode())
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()
            server.wait(20)


def ask(port: int, path: str, body: bytes, content_type: str) -> dict[str, Any]:
    """One question and its answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        return _asked(connection, path, body, content_type)


def press(port: int, path: str, bodies: Sequence[bytes], content_type: str) -> Load:
    """Ask with one body after another, over `CLIENTS` connections for `SECONDS`. Raises: SystemExit if anything fails."""
    if WRK is None:
        return _by_processes(port, path, bodies, content_type)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, body in enumerate(bodies, 1):
            (folder / str(number)).write_bytes(body)
        (folder / "ask.lua").write_text(_SCRIPT)
        done = subprocess.run(
            [
                WRK, "--timeout", "10s", "--threads", "1", "--connections", str(CLIENTS), "--duration", f"{SECONDS:.0f}s", "--script",
                folder / "ask.lua", f"http://127.0.0.1:{port}", folder, str(len(bodies)), content_type, path,
            ],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    found = json.loads(done.stdout.strip().rpartition("\n")[2])
    if found["failed"] or not found["asked"]:
        raise SystemExit(f"{found['failed']} of {found['asked']} questions to {path} were not answered\n{done.stdout}")
    return Load(rate=1e6 * found["asked"] / found["us"], middle=found["p50"] / 1000, slow=found["p99"] / 1000)


def _by_processes(port: int, path: str, bodies: Sequence[bytes], content_type: str) -> Load:
    context = multiprocessing.get_context("fork")
    said = context.Queue()
    until = time.monotonic() + SECONDS
    running = [
        context.Process(target=_client, args=(port, path, bodies[place::CLIENTS] or bodies, content_type, until, said))
        for place in range(CLIENTS)
    ]
    for one in running:
        one.start()
    took = sorted(time for _ in running for time in said.get(timeout=SECONDS + 30))
    for one in running:
        one.join()
    return Load(
        rate=len(took) / SECONDS, middle=1000 * statistics.median(took), slow=1000 * took[int(len(took) * 0.99)]
    )


def _client(port: int, path: str, bodies: Sequence[bytes], content_type: str, until: float, said: Any) -> None:
    took = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for body in cycle(bodies):
            if time.monotonic() >= until:
                break
            began = time.perf_counter()
            _asked(connection, path, body, content_type)
            took.append(time.perf_counter() - began)
    said.put(took)


def _asked(connection: http.client.HTTPConnection, path: str, body: bytes, content_type: str) -> dict[str, Any]:
    connection.request("POST", path, body, {"Content-Type": content_type, "Accept": "application/json"})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise SystemExit(f"{response.status}: {content[:200]!r}")
    found: dict[str, Any] = json.loads(content)
    return found
