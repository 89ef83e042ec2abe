"""What people use today and we, on the same records, one after another, each in a process and an environment of its own.

Rates are per second of the process's own processor time: issuing, then verifying, three rounds. A peer that is not installed is named;
`make peers` installs them (`benchmarks/peers/setup`), into `.tools/peers` and nowhere else. What each does and does not do: list.py.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.figures import Figure, arguments, say
from benchmarks.peers.list import PEERS
from benchmarks.records import record

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".tools/peers"


def command(program: str) -> Sequence[str | Path]:
    """How the program of a peer is started."""
    path = HERE / program
    if path.suffix == ".mjs":
        return shutil.which("node") or "node", path, INSTALLED / "node"
    python = INSTALLED / "blockcerts/bin/python" if path.stem == "blockcerts" else Path(sys.executable)
    return python, path


def measured(name: str, program: str, records: list[dict[str, str]]) -> list[Figure]:
    """The figures of one peer. Raises: OSError or CalledProcessError where it does not run."""
    done = subprocess.run(
        command(program), input=json.dumps(records), capture_output=True, text=True, check=True, timeout=600
    )
    said = json.loads(done.stdout.splitlines()[-1])
    return [
        Figure(
            name=f"peer: {name}: {what}", value=statistics.median(rates), unit="/s of a core", n=len(records), runs=tuple(rates)
        )
        for what, rates in said.items()
    ]  # fmt: skip


def main() -> int:
    asked = arguments(__doc__, size=500).parse_args()
    records = [record(number) for number in range(asked.size)]
    found: list[Figure] = []
    failed = []
    for peer in PEERS:
        try:
            found += measured(peer.name, peer.program, records)
        except (OSError, subprocess.SubprocessError) as error:
            failed.append(peer.name)
            print(f"{peer.name}: {error}\n{getattr(error, 'stderr', None) or ''}", file=sys.stderr)
    say(found, asked.json)
    if failed:
        print(f"not measured: {', '.join(failed)}; `make peers` installs them", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
