"""What a live interpreter loads: verification without the server, and a command line that starts at once."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
OFFLINE = next(one for one in CONTRACTS if one["name"] == "Verification runs without the server")

# Not wrong to need, but too slow to load before a command is known to need them.
SLOW_TO_LOAD = ["aiohttp", "requests", "pyhanko", "cryptography", "sogoc.core.verify"]


def loaded_by(module: str) -> set[str]:
    """Return all modules that a fresh interpreter holds after importing `module`."""
    program = f"import sys, {module}; print(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", [*OFFLINE["source_modules"], "sogoc", "sogoc.cli"])
def test_verification_loads_nothing_of_the_server(module: str) -> None:
    forbidden = set(OFFLINE["forbidden_modules"])
    assert {name for name in forbidden if importlib.util.find_spec(name)} == forbidden, (
        "a misspelt name forbids nothing"
    )
    assert loaded_by(module) & (forbidden | {"sogoc.register", "sogoc.services", "sogoc.wiring"}) == set()


HELP = """
import sys
import sogoc.cli
sys.argv = ["sogoc", "--help"]
try:
    sogoc.cli.run()
except SystemExit as left:
    assert not left.code
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
"""


def test_help_loads_no_library_that_only_a_command_needs() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "verify" in done.stdout
    assert set(done.stderr.split()) & {*SLOW_TO_LOAD, *OFFLINE["forbidden_modules"]} == set()
