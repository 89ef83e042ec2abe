"""Two hosts and one PostgreSQL, one of them lost in the middle: `benchmarks/hosts.py` on a small list. It needs root and `ip`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.hosts import NOT_PERMITTED

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_host_that_is_lost_takes_nothing_with_it(tmp_path: Path) -> None:
    size, file = 6_000, tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "benchmarks/hosts.py", "--size", str(size), "--rows", "500", "--json", str(file)],
        cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": "src"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == NOT_PERMITTED:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    said = {one["name"]: one["value"] for one in json.loads(file.read_text())}
    assert said["hosts: issue entries"] == size
    shares = [said[f"hosts: rows of the host that {which}"] for which in ("stayed", "was lost")]
    assert sum(shares) == size
    assert min(shares) > 0
