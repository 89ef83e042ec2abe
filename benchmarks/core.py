"""How many diplomas one core seals, verifies, logs and prints in a second.

Each figure is the median of five runs of at least half a second, on data made here. Run: make bench
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests make the data

from sogoc.core import commitment, jws
from sogoc.core.credentials import sd_jwt
from sogoc.core.merkle import Frontier, leaf_hash
from sogoc.core.record import DEGREE
from sogoc.core.report import Verdict
from sogoc.core.tiles import grow
from sogoc.core.verify import verify_bytes
from tests import archive
from tests.adapters import diplomas

RUNS, SECONDS = 5, 0.5
ENTRIES = [f'{{"act":"issue","number":{number:>230}}}'.encode() for number in range(20_000)]


def per_second(work: Callable[[], int]) -> float:
    """Return how many things `work` does in a second; it returns how many it did in one call."""
    work()
    figures = []
    for _ in range(RUNS):
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            done += work()
        figures.append(done / (time.perf_counter() - began))
    return statistics.median(figures)


def seal() -> int:
    sealed = commitment.seal(DEGREE, RECORD, b"s" * 32)
    signed = sd_jwt.signing_input(sealed, kid="k" * 43, origin="o.example/log", institution="X", status=(0, 1))
    sd_jwt.assemble(signed, jws.lower(diplomas.KEY.sign(signed)), sealed.disclosures.values())
    return 1


def verify() -> int:
    return int(verify_bytes(EVIDENCE, POLICY, archive.NOW).verdict is Verdict.VALID)


def log() -> int:
    Frontier.empty().extend(leaf_hash(entry) for entry in ENTRIES)
    for _ in grow(Frontier.empty(), ENTRIES, lambda _: None):
        pass
    return len(ENTRIES)


def printed() -> int:
    return bool(diplomas.printed())


def signed() -> int:
    return bool(diplomas.signed())


RECORD = archive.record(1)
STORY = archive.story()
EVIDENCE = STORY.archive.evidence(STORY.few[0]).encode()
POLICY = STORY.archive.policy(STORY.wednesday + 1)


def main() -> None:
    for name, work in (
        ("seal a record and sign it", seal),
        ("verify evidence, eight steps", verify),
        ("log: hash, tile and bundle", log),
        ("print a diploma", printed),
        ("print and sign a diploma", signed),
    ):
        print(f"{name:32} {per_second(work):12,.0f} /s")


if __name__ == "__main__":
    main()
