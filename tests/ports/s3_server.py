"""A server that speaks S3, as a process of its own: moto, which tests of programs for Amazon's use. It keeps what it has in memory."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from time import monotonic, sleep
from typing import Any

import boto3

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
REGION = "us-east-1"


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[str]:
    """Serve S3 at a free port of this address; its URL."""
    with TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-c", "from moto.server import main; main()", "-H", host, "-p", "0"],
            stdout=said,
            stderr=said,
        )
        try:
            yield _address(process, said)
        finally:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], said: Any) -> str:
    end = monotonic() + 60
    while monotonic() < end and process.poll() is None:
        said.seek(0)
        found = re.search(rb"Running on (http://[0-9.:]+)", said.read())
        if found is not None:
            return found[1].decode()
        sleep(0.05)
    said.seek(0)
    raise RuntimeError(f"moto did not start: {said.read()[-2000:]!r}")


def client(endpoint: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )  # fmt: skip


def bucket(endpoint: str, name: str) -> str:
    """Make a bucket and return its address as a store."""
    client(endpoint).create_bucket(Bucket=name)
    return f"s3://{name}/log?endpoint={endpoint}&region={REGION}"
