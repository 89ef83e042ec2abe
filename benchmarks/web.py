"""Verification over HTTP: evidence in, report out, by two worker processes, the load made on the same machine.

It makes an archive on a PostgreSQL of its own, unless `delivery.py` has made one, and starts `sogoc serve` on it as an operator does.
Programs send the file itself and ask for JSON; connections stay open. There are more diplomas than a server remembers of any. The
bound is a WSGI application under the same server that does the bare loop of `verify.py`.
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import load, sample, year
from benchmarks.figures import Figure, arguments, say
from sogoc.wiring import Home, utc_now

DIPLOMAS = 2_200
SEED = 11
PATH, KIND = "/xac-thuc", "application/json"


def measured(home: Home) -> Iterator[Figure]:
    """The figures of an archive on the database that SOGOC_DATABASE names; its newest state will be of now."""
    from sogoc.register import queries

    _bring_up_to_date(home)
    with tempfile.TemporaryDirectory(prefix="sogoc-web-") as name:
        folder = Path(name)
        sample.written(home.folder, DIPLOMAS, SEED, folder)
        presented = [path.read_bytes() for path in folder.glob("*.evidence.json")]
        (home.folder / "trust.json").write_bytes((folder / sample.POLICY).read_bytes())
    real: list[load.Load] = []
    least: list[load.Load] = []
    with load.both(home) as (port, other):
        verdicts = {load.ask(port, PATH, one, KIND)["verdict"] for one in presented[:: len(presented) // 20 or 1]}
        if verdicts != {"valid"}:
            raise SystemExit(f"of these diplomas some are {', '.join(verdicts)}")
        for _ in range(load.RUNS):
            for into, where in ((real, port), (least, other)):
                into.append(load.press(where, PATH, presented, KIND))
    yield from load.figures(
        "http: verify", real, bound=least, bound_name="the same server with a bare loop", n=queries.issued(),
        note=f"{len(presented):,} diplomas",
    )  # fmt: skip


def _bring_up_to_date(home: Home) -> None:
    """A state of now, and an anchor that holds it: a server looks at its own clock."""
    from sogoc.services import anchoring, sequencing

    now = utc_now()
    sequencing.sequence(home.log, now=now, state_only=True)
    chain = home.chain()
    sent = anchoring.anchor(chain, now=now)
    if sent is not None:
        anchoring.wait(chain, sent, pause=lambda: True, now=now)


def main() -> None:
    asked = arguments(__doc__, size=6_000).parse_args()
    with year.made(asked.size, -(-asked.size // 6)) as (home, _):
        say(list(measured(home)), asked.json)


if __name__ == "__main__":
    main()
