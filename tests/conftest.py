"""What all tests share: their database, no network beyond loopback, and no test that silently did not run.

`SOGOC_TEST_DATABASE` chooses what Django's `default` database is: `sqlite` (a file, the embedded way) or `postgresql`
(a cluster of our own). The tests are the same; `make test` runs those that touch the database once with each.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import django
import pytest

from tests import postgres

DATABASE = os.environ.get("SOGOC_TEST_DATABASE", "sqlite")

_SAMPLED = ("tests/faults", "tests/services")
_WHOLE = {"test_append_only.py"}  # its triggers are written for each database


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real archives are on PostgreSQL, where every case runs. On SQLite one case of each test does, and the others with `make slow`."""
    if DATABASE == "postgresql":
        return
    seen = set()
    for item in items:
        if isinstance(item, pytest.Function) and item.nodeid.startswith(_SAMPLED) and item.path.name not in _WHOLE:
            test = item.path, item.originalname
            if test in seen:
                item.add_marker(pytest.mark.slow)
            seen.add(test)


IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


# -- The database -----------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    if DATABASE not in {"sqlite", "postgresql"}:
        raise pytest.UsageError(f"SOGOC_TEST_DATABASE is {DATABASE!r}; it is sqlite or postgresql")
    if not hasattr(config, "workerinput"):  # xdist's workers inherit what the first process has set up
        _choose_database(config)
    # Here and not in pyproject.toml, where pytest-django would read the settings before the database is chosen.
    os.environ["DJANGO_SETTINGS_MODULE"] = "sogoc.server.settings"
    django.setup()


def _choose_database(config: pytest.Config) -> None:
    stack = ExitStack()
    config.add_cleanup(stack.close)
    os.environ["SOGOC_HOME"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="sogoc-home-"))
    os.environ.pop("SOGOC_DATABASE", None)
    if DATABASE == "postgresql":
        try:
            os.environ["SOGOC_DATABASE"] = stack.enter_context(postgres.running()).create("sogoc")
        except postgres.PostgresMissing as error:
            raise pytest.UsageError(str(error)) from error


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Let SQLite use a file, as in production: in memory it knows neither WAL nor a second connection's lock."""
    from django.conf import settings

    default: dict[str, Any] = settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        default.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Let Django empty append-only tables between two tests, which their triggers rightly refuse."""
    from django.db import connection

    operations = type(connection.ops)
    plain = operations.sql_flush

    def sql_flush(self: Any, *arguments: Any, **options: Any) -> list[str]:
        statements = plain(self, *arguments, **options)
        if connection.vendor == "postgresql":
            return ["SET LOCAL session_replication_role = replica", *statements]
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        return [*(f'DROP TRIGGER "{name}"' for name, _ in triggers), *statements, *(made for _, made in triggers)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", sql_flush)
        yield


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL cluster of this process alone, for tests that start programs on it or crash it."""
    try:
        with postgres.running() as cluster:
            yield cluster
    except postgres.PostgresMissing as error:
        pytest.fail(str(error), pytrace=False)


_databases = count(1)


@pytest.fixture
def postgres_url(postgres_cluster: postgres.Cluster) -> str:
    """The URL of an empty database of this test alone."""
    return postgres_cluster.create(f"test_{next(_databases)}")


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.slow), "postgresql"])
def archive_environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a new, empty archive, for tests that start `sogoc` as a program: on SQLite, as the demo is, with `make slow`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOGOC_")}
    environment["SOGOC_HOME"] = str(tmp_path / "archive")
    if request.param == "postgresql":
        environment["SOGOC_DATABASE"] = request.getfixturevalue("postgres_url")
    return environment


# -- The browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium for tests of pages."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    return pytest.fail(
        "this test needs Chromium and there is none: `apt-get install chromium` on Debian", pytrace=False
    )


# -- No network beyond loopback -----------------------------------------------------------------------------------------


class NetworkUsed(BaseException):
    """A test asked for another machine. Not an Exception: nothing may take it for an outage and carry on."""


def _is_here(host: object) -> bool:
    if host in {None, "", b"", "localhost", b"localhost"}:
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_here(host):
        raise NetworkUsed(f"tests reach no further than loopback, and this one asked for {host!r}")


sys.addaudithook(_guard)


# -- No test that did not run -------------------------------------------------------------------------------------------

_not_run: list[str] = []


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped:  # true of an expected failure too
        _not_run.append(report.nodeid)


pytest_runtest_logreport: Callable[[pytest.TestReport], None] = _note
pytest_collectreport: Callable[[pytest.CollectReport], None] = _note


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if IN_CI and _not_run and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if IN_CI and _not_run:
        terminalreporter.section("did not run, which in CI is a failure", red=True)
        for name in _not_run:
            terminalreporter.write_line(name, red=True)
