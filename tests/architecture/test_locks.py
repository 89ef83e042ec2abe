"""What is installed is what was locked: every package by version and hash, and never by a registry's address."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("base", "server", "dev")
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)((?: ; [^\\\n]+)?)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|\"resolved\"")


def pins(lock: str) -> dict[str, str]:
    return {name: version for name, version, *_ in PIN.findall((ROOT / f"requirements/{lock}.txt").read_text())}


def named(requirements: list[object]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9-]+", one) for one in requirements if isinstance(one, str))
    return {match[0].lower() for match in names if match}


@pytest.mark.parametrize(
    "lock",
    [
        *(f"requirements/{lock}.txt" for lock in (*LOCKS, "bench")),
        "contracts/proofs/requirements.txt",
        "benchmarks/peers/blockcerts.txt",
    ],
)
def test_everything_is_pinned_with_hashes_and_without_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text()
    rest = [line for line in PIN.sub("", text).splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert rest == []
    assert not ADDRESS.search(text)


def test_npm_locks_hold_hashes_and_no_addresses() -> None:
    locks = [path for path in ROOT.glob("*/**/package-lock.json") if not {"node_modules", ".tools"} & set(path.parts)]
    assert locks
    for path in locks:
        # `funding` and `deprecated` are texts of the package's author, and nothing is fetched from there.
        packages = json.loads(path.read_text())["packages"]
        for name, package in packages.items():
            assert "resolved" not in package, f"{path.relative_to(ROOT)}: {name} holds an address"
            assert name == "" or "integrity" in package, f"{path.relative_to(ROOT)}: {name} has no hash"


def test_the_smaller_sets_are_part_of_the_larger_ones() -> None:
    base, server, dev = (pins(lock) for lock in LOCKS)
    assert base
    assert base.items() <= server.items() <= dev.items()


def test_nothing_that_is_declared_is_missing_from_its_lock() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, groups = declared["project"], declared["dependency-groups"]
    base, server, dev = (set(pins(lock)) for lock in LOCKS)
    assert named(project["dependencies"]) <= base
    assert named(project["optional-dependencies"]["server"]) | named(groups["build"]) <= server
    assert named(groups["dev"]) <= dev
    assert named(groups["bench"]) <= set(pins("bench"))
    assert not {"django", "web3", "psycopg", "typst"} & base, "a stranger needs no server to verify"
