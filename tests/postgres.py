"""A throw-away PostgreSQL cluster: real binaries, a temporary folder, a Unix socket, nothing shared with the machine."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql

OLDEST = 15
SUPERUSER = "sogoc"
# Whom to become when the tests run as root, which PostgreSQL refuses.
UNPRIVILEGED = ("postgres", "nobody")


class PostgresMissing(Exception):
    """No usable server binaries. The message says how to install them."""


def binaries() -> Path:
    """Return the folder of the newest installed `initdb` and `pg_ctl`. Raises: PostgresMissing."""
    packaged = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    found = sorted(packaged, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    for folder in found:
        version = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        if int(version.split()[2].split(".")[0]) >= OLDEST:
            return folder
    raise PostgresMissing(
        f"these tests need PostgreSQL {OLDEST} or newer and there is none: `apt-get install postgresql` on Debian and"
        " Ubuntu, `brew install postgresql@17` on macOS"
    )


class Cluster:
    """One cluster that can also be crashed. Connections go over a Unix socket that only its owner and root can open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._binaries = binaries()
        self._listen = ""
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = next(entry for entry in pwd.getpwall() if entry.pw_name in UNPRIVILEGED)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--no-locale", "--no-sync")

    def start(self) -> None:
        """Start the server and wait until it answers. `fsync` stays on: tests of durability must mean something."""
        options = f"-c listen_addresses={self._listen} -c unix_socket_directories={self._folder}"
        self._run("pg_ctl", "start", "--wait", "-o", options)

    def listen(self, address: str, network: str) -> None:
        """From the next start on, also answer at this address, to whoever asks from that network."""
        self._listen = address
        with (self._folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {network} trust\n")

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server; `immediate` is a crash, after which the next start recovers from the write-ahead log."""
        self._run("pg_ctl", "stop", "--wait", f"--mode={mode}")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql:///{database}?host={self._folder}&user={SUPERUSER}"

    def create(self, database: str) -> str:
        """Make an empty database and return its URL."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return self.url(database)

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits these streams and holds them open, so they must be a file: a pipe would never end.
        log = self._folder / "log"
        with log.open("ab") as stream:
            command = [str(self._binaries / program), "--pgdata", str(self._folder / "data"), *arguments]
            done = subprocess.run(command, stdout=stream, stderr=stream, cwd=self._folder, check=False, **self._as)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {log.read_text()[-2000:]}")


@contextmanager
def running() -> Iterator[Cluster]:
    """Start a fresh cluster and remove every trace of it in the end. Raises: PostgresMissing."""
    # Not pytest's own folder: it is closed to other users, and a socket's path may have 107 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="sogoc-pg-"))
    try:
        cluster = Cluster(folder)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop("immediate")
    finally:
        shutil.rmtree(folder)
