"""How long a person waits for `sogoc --help`: the best of ten fresh interpreters, and what importing costs in them.

The best, not the mean: everything slower is the machine doing something else. Exit code 1 when over the target.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Figure, arguments, say

TARGET = 0.3
RUNS = 10
SOGOC = Path(sys.executable).with_name("sogoc")


def seconds(*command: str | Path) -> float:
    """Return the shortest of ten runs."""
    best = float("inf")
    for _ in range(RUNS):
        begun = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        best = min(best, time.perf_counter() - begun)
    return best


def slowest_imports(count: int = 8) -> list[tuple[int, str]]:
    """Return the modules that take longest in themselves, in microseconds."""
    command = [sys.executable, "-X", "importtime", "-c", "import sogoc.cli"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()[1:]
    rows = [line.removeprefix("import time:").split("|") for line in lines if line.startswith("import time:")]
    return sorted(((int(own), name.strip()) for own, _, name in rows if own.strip().isdigit()), reverse=True)[:count]


def main() -> int:
    asked = arguments(__doc__).parse_args()
    empty = seconds(sys.executable, "-c", "")
    took = seconds(SOGOC, "--help")
    say(
        [
            Figure(
                name="sogoc --help",
                value=took,
                unit="s",
                bound=empty,
                bound_name="an empty program of Python",
                target=f"<= {TARGET}",
                note=f"best of {RUNS}",
            )
        ],
        asked.json,
    )
    for own, name in slowest_imports():
        print(f"  {own / 1000:6.1f} ms  {name}")
    return int(took > TARGET)


if __name__ == "__main__":
    sys.exit(main())
