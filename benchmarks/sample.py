"""A random sample of the diplomas of an archive, verified as a stranger would: from files, without its database.

`SOGOC_DATABASE=… python benchmarks/sample.py --home FOLDER --count 1000` draws issued diplomas by lot, writes their evidence and a
trust policy with the anchors that its chain holds into a folder, and starts a process that has nothing else. That one runs the eight
steps on every file and says what it found; all have to be valid. The newest head has to be anchored (`sogoc anchor`).
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Figure, core_seconds, say
from sogoc.core import trust
from sogoc.core.verify import verify_bytes

if TYPE_CHECKING:
    from sogoc.register.models import Row

POLICY = "policy.json"


def written(home_folder: Path, count: int, seed: int, to: Path) -> Figure:
    """Write policy and evidence of `count` diplomas into a folder."""
    from sogoc import wiring

    wiring.setup_django(home_folder)
    from benchmarks.delivery import clock
    from sogoc.cli.archive import observe
    from sogoc.register import queries
    from sogoc.services.delivery import Counter as Desk

    home = wiring.Home(home_folder)
    (to / POLICY).write_bytes(observe(home.policy(), clock()).encode())
    (to / "now").write_text(clock().isoformat())
    total = queries.issued()
    before = core_seconds()
    for place, one in enumerate(Desk(home.log).evidences(drawn(min(count, total), seed))):
        (to / f"{place}.evidence.json").write_bytes(one.encode())
    return Figure(
        name="sample: evidence drawn by lot and written", value=1e3 * (core_seconds() - before) / min(count, total),
        unit="ms of a core", n=total, note="PostgreSQL's share not counted",
    )  # fmt: skip


def drawn(count: int, seed: int) -> Iterator[Row]:
    """So many different diplomas by lot, in the order of the log, of which nothing was decided since."""
    from sogoc.register import queries
    from sogoc.register.models import Entry

    lot = random.Random(seed)
    head = queries.newest_head()
    size = head.size if head else 0
    chosen: set[int] = set()
    tried: set[int] = set()
    while len(chosen) < count and len(tried) < size:
        fresh = {lot.randrange(size) for _ in range(count)} - tried
        tried |= fresh
        found = Entry.objects.filter(index__in=fresh, act="issue", row__isnull=False, acts__isnull=True)
        chosen |= {index for index in found.values_list("index", flat=True) if index is not None}
    indexes = sorted(chosen)
    lot.shuffle(indexes)
    indexes = sorted(indexes[:count])
    for start in range(0, len(indexes), 500):
        yield from queries.rows_logged_at(indexes[start : start + 500])


def verified(folder: Path) -> dict[str, float | dict[str, int]]:
    """Verify every file of a folder by its policy; runs in a process that has no database."""
    policy = trust.parse((folder / POLICY).read_bytes())
    now = datetime.fromisoformat((folder / "now").read_text())
    before = core_seconds()
    verdicts = Counter(
        verify_bytes(path.read_bytes(), policy, now).verdict.value for path in folder.glob("*.evidence.json")
    )
    if "django" in sys.modules:
        raise SystemExit("the verifying process has Django in it")
    return {"verdicts": dict(verdicts), "core": core_seconds() - before}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, metavar="FOLDER", help="the archive; SOGOC_DATABASE names its database")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20260701)
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="an empty folder in which the sample stays")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--verify", type=Path, metavar="FOLDER", help="verify such a folder, and say so as JSON")
    asked = parser.parse_args()
    if asked.verify is not None:
        print(json.dumps(verified(asked.verify)))
        return
    if asked.home is None:
        parser.print_help()  # `make bench` has no archive that stays; `delivery.py` verifies a sample of its own
        return
    with tempfile.TemporaryDirectory(prefix="sogoc-sample-") as made:
        say(sample(asked.home, asked.count, asked.seed, asked.to or Path(made)), asked.json)


def sample(home: Path, count: int, seed: int, to: Path) -> list[Figure]:
    """Draw, write, verify. Raises: SystemExit unless every one of them is valid."""
    to.mkdir(exist_ok=True)
    if any(to.iterdir()):
        raise SystemExit(f"{to} is not empty")
    figure = written(home, count, seed, to)
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("SOGOC_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, __file__, "--verify", str(to)], env=alone, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout)
    of = sum(found["verdicts"].values())
    valid = found["verdicts"].get("valid", 0)
    if not of or valid != of:
        raise SystemExit(f"not all are valid: {found['verdicts']}")
    return [
        figure,
        Figure(
            name="sample: valid offline", value=valid, unit="diplomas", bound=of, bound_name="all drawn", n=of,
            target="all", note=f"{1e3 * found['core'] / of:.2f} ms of a core each",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
