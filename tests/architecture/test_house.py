"""The house rules that `tests/conftest.py` enforces, each seen to fail: a guard that was never seen to bite is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.postgres import Cluster

ROOT = Path(__file__).parents[2]

SKIPPED = "import pytest\n\n@pytest.mark.skip(reason='tired')\ndef test_it(): ...\n"
MODULE_SKIPPED = "import pytest\npytest.skip('tired', allow_module_level=True)\n"
EXPECTED_TO_FAIL = "import pytest\n\n@pytest.mark.xfail\ndef test_it(): assert False\n"
PASSED = "def test_it(): ...\n"
ONLINE = "import socket\n\ndef test_it(): socket.create_connection(('192.0.2.1', 80), 0.01)\n"
ONLINE_BY_NAME = (
    "import contextlib, socket\n\n"
    "def test_it():\n    with contextlib.suppress(Exception): socket.getaddrinfo('example.org', 443)\n"
)


def run_pytest(folder: Path, source: str, *options: str, ci: bool) -> subprocess.CompletedProcess[str]:
    (folder / "test_sample.py").write_text(source)
    environment = {
        name: os.environ[name] for name in os.environ if not name.startswith(("DJANGO_", "PYTEST_", "SOGOC_"))
    }
    environment |= {"CI": "true" if ci else "", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "-p", "tests.conftest", *options, folder],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("source", "options", "code"),
    [
        pytest.param(PASSED, [], 0, id="passed"),
        pytest.param(SKIPPED, ["-n", "1"], 1, id="skipped in a worker"),
        pytest.param(MODULE_SKIPPED, [], 1, id="module skipped"),
        pytest.param(EXPECTED_TO_FAIL, [], 1, id="expected to fail"),
    ],
)
def test_in_ci_a_test_that_did_not_run_is_a_failure(tmp_path: Path, source: str, options: list[str], code: int) -> None:
    (tmp_path / "test_other.py").write_text(PASSED)
    done = run_pytest(tmp_path, source, *options, ci=True)
    assert done.returncode == code, done.stdout + done.stderr


def test_elsewhere_a_skip_is_only_reported(tmp_path: Path) -> None:
    assert run_pytest(tmp_path, SKIPPED, ci=False).returncode == 0


@pytest.mark.parametrize("source", [ONLINE, ONLINE_BY_NAME])
def test_a_test_that_leaves_loopback_fails(tmp_path: Path, source: str) -> None:
    done = run_pytest(tmp_path, source, ci=False)
    assert done.returncode == 1
    assert "NetworkUsed" in done.stdout


def test_a_crashed_cluster_keeps_what_it_acknowledged(postgres_cluster: Cluster, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    postgres_cluster.stop("immediate")
    postgres_cluster.start()
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
