"""A small archive, served by `sogoc serve` as a program, for every test of the pages."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conftest import DATABASE

ROOT = Path(__file__).parents[2]
JSON = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Site:
    """A running site: its archive, and files of every verdict in `files`."""

    home: Path
    files: Path
    port: int
    said: Path
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send `path` exactly as it is given: a client library would tidy it first."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def check(self, content: bytes | None, *, name: str = "a-file", headers: Mapping[str, str] | None = None) -> Answer:
        """Send a file as a browser's form does; None is a form without one."""
        boundary = uuid.uuid4().hex
        part = (
            b""
            if content is None
            else f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
            + content
            + b"\r\n"
        )
        sent = {"Content-Type": f"multipart/form-data; boundary={boundary}", **(headers or {})}
        return self.ask("POST", "/xac-thuc", part + f"--{boundary}--\r\n".encode(), sent)

    def look_up(self, institution: str, number: str, name: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask about a number as a browser's form does."""
        body = urlencode({"institution": institution, "number": number, "name": name}).encode()
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.ask("POST", "/tra-cuu", body, sent)

    def check_file(self, name: str, **headers: str) -> Answer:
        return self.check((self.files / name).read_bytes(), name=name, headers={**headers})


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SOGOC_", "DJANGO_"))}
    environment["SOGOC_HOME"] = str(folder / "home")
    if DATABASE == "postgresql":
        environment["SOGOC_DATABASE"] = request.getfixturevalue("postgres_cluster").create("site")
    made = subprocess.run(
        [sys.executable, "-m", "tests.web.small_archive", folder / "home", folder / "files"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    with _serving(folder, environment) as running:
        yield running


@pytest.fixture
def unasked(site: Site) -> Iterator[Site]:
    """Another process of the same site, that was asked nothing yet."""
    with _serving(site.home.parent, site.environment) as running:
        yield running


@contextmanager
def _serving(folder: Path, environment: Mapping[str, str]) -> Iterator[Site]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = Site(folder / "home", folder / "files", port, folder / f"said-{port}.txt", environment)
    with site.said.open("wb") as said:
        server = subprocess.Popen(
            [sys.executable, "-m", "sogoc", "serve", "--port", str(port)],
            env=dict(environment),
            cwd=folder,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(site, server)
            yield site
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(site: Site, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < until:
        try:
            if site.get("/healthz").status == 200:
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the site did not start: {site.said.read_text()}", pytrace=False)
