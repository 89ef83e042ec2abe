"""Verification over HTTP: evidence in, report out, by two worker processes, the load made on the same machine.

It starts `sogoc serve` on an archive as an operator does, with SQLite or the PostgreSQL that SOGOC_DATABASE names, and sends it the
form that a browser sends, asking for JSON. Connections stay open; as many of them as `--clients` wait for an answer at any time.
The bound is a WSGI application under the same server that reads the same form and does the bare loop of `verify.py`.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Figure, arguments, say

ROOT = Path(__file__).parents[1]
BOUNDARY = "a-form-of-a-browser"
WORKERS = 2


def form(content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


@contextmanager
def serving(words: list[str], environment: Mapping[str, str], folder: Path) -> Iterator[int]:
    """A server that listens on a free port, which it is told as the last word; the port."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "said.txt").open("wb") as said:
        server = subprocess.Popen([*words, str(port)], env=dict(environment), cwd=ROOT, stdout=said, stderr=said)
        try:
            until = time.monotonic() + 30
            while True:
                with closing(socket.socket()) as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if server.poll() is not None or time.monotonic() > until:
                    raise SystemExit((folder / "said.txt").read_text())
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()
            server.wait(20)


def _client(port: int, body: bytes, until: float, said: Any) -> None:
    """Ask one question after another over one connection; tell how long each took, and the last answer."""
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Accept": "application/json"}
    took, last = [], b""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        while time.monotonic() < until:
            began = time.perf_counter()
            connection.request("POST", "/xac-thuc", body, headers)
            response = connection.getresponse()
            last = response.read()
            if response.status != 200:
                raise SystemExit(f"{response.status}: {last[:200]!r}")
            took.append(time.perf_counter() - began)
    said.put((took, last))


def load(
    port: int, content: bytes, *, clients: int, seconds: float
) -> tuple[tuple[float, float, float], dict[str, Any]]:
    """Requests a second, the median and the slowest hundredth in ms; and one of the answers."""
    context = multiprocessing.get_context("fork")
    said = context.Queue()
    until = time.monotonic() + seconds
    running = [context.Process(target=_client, args=(port, form(content), until, said)) for _ in range(clients)]
    for one in running:
        one.start()
    answers = [said.get(timeout=seconds + 30) for _ in running]
    for one in running:
        one.join()
    took = sorted(one for times, _ in answers for one in times)
    slow = took[int(len(took) * 0.99)]
    return (len(took) / seconds, 1000 * statistics.median(took), 1000 * slow), json.loads(answers[0][1])


def main() -> None:
    parser = arguments(__doc__, runs=3)
    parser.add_argument("--home", type=Path, help="an archive that is there; a small one is made otherwise")
    parser.add_argument("--evidence", type=Path, help="a diploma of it")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, evidence = asked.home or folder / "home", asked.evidence or folder / "files" / "valid.json"
        environment["SOGOC_HOME"] = str(home)
        if asked.home is None:
            words = [sys.executable, "-m", "tests.web.small_archive", str(home), str(folder / "files")]
            subprocess.run(words, env=environment, cwd=ROOT, check=True, capture_output=True)
        content = evidence.read_bytes()
        serve = [sys.executable, "-m", "sogoc", "serve", "--workers", str(WORKERS), "--port"]
        bare = [sys.executable, "-m", "benchmarks.web_bare", str(WORKERS)]
        real, least = [], []
        with serving(serve, environment, folder) as port, serving(bare, environment, folder) as other:
            for _ in range(asked.runs):
                figures, answer = load(port, content, clients=asked.clients, seconds=asked.seconds)
                if answer["verdict"] != "valid":
                    raise SystemExit(f"the diploma is {answer['verdict']}")
                real.append(figures)
                least.append(load(other, content, clients=asked.clients, seconds=asked.seconds)[0])
    rate, middle, slow = (statistics.median(run[place] for run in real) for place in range(3))
    say(
        [
            Figure(
                name="http: verify", value=rate, unit="/s", runs=tuple(run[0] for run in real),
                bound=statistics.median(run[0] for run in least), bound_name="the same server with a bare loop",
                note=f"{WORKERS} workers, {asked.clients} clients of Python on the same cores",
            ),
            Figure(name="http: verify, p50", value=middle, unit="ms"),
            Figure(name="http: verify, p99", value=slow, unit="ms", runs=tuple(run[2] for run in real)),
        ],
        asked.json,
    )  # fmt: skip


if __name__ == "__main__":
    main()
