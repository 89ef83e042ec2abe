"""The public files in a bucket: what a server of S3 is told, and what a store does when one fails or ignores conditions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sogoc import wiring
from sogoc.adapters.objects_s3 import S3Files
from sogoc.core.merkle import Frontier, leaf_hash
from sogoc.core.tiles import entries, grow
from sogoc.errors import InputError, LogForked, StorageUnavailable
from tests.ports import s3_server

_names = count(1)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server.serving() as url:
        yield url


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3_server.CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket() -> str:
    return f"objects-{next(_names)}"


@pytest.fixture
def store(endpoint: str, bucket: str) -> S3Files:
    return S3Files(s3_server.bucket(endpoint, bucket))


def test_settings_alone_choose_it(endpoint: str, bucket: str, tmp_path: Path) -> None:
    store = wiring.files(s3_server.bucket(endpoint, bucket))
    assert isinstance(store, S3Files)
    store.put("checkpoint", b"1", mutable=True)
    home = wiring.Home(tmp_path)
    (tmp_path / "keys").mkdir()
    wiring.Settings(
        origin="x", trial=True, public=f"s3://{bucket}/log?endpoint={endpoint}&region={s3_server.REGION}"
    ).save(tmp_path / "archive.json")
    assert home.public.get("checkpoint") == b"1"
    assert not home.keeps_log


def test_readers_are_told_what_each_file_is_and_how_long_to_keep_it(store: S3Files, endpoint: str, bucket: str) -> None:
    store.put("checkpoint", b"note", mutable=True)
    store.put("status/0", b"bits", mutable=True)
    store.put_many([("tile/0/000", b"hashes"), ("authority/1/1.json", b"{}")])
    client = s3_server.client(endpoint)

    def told(path: str) -> tuple[str, str]:
        head = client.head_object(Bucket=bucket, Key=f"log/{path}")
        return head["CacheControl"], head["ContentType"]

    for_ever = "public, max-age=31536000, immutable"
    assert told("checkpoint") == ("public, max-age=5", "text/plain; charset=utf-8")
    assert told("status/0") == ("public, max-age=5", "application/octet-stream")
    assert told("tile/0/000") == (for_ever, "application/octet-stream")
    assert told("authority/1/1.json") == (for_ever, "application/json")


def test_of_two_writers_at_one_moment_one_is_told(store: S3Files) -> None:
    refused: list[int] = []
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        try:
            store.put("tile/0/000", bytes([number]))
        except LogForked:
            refused.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    (winner,) = set(range(8)) - set(refused)
    assert store.get("tile/0/000") == bytes([winner])


class Ignorant:
    """A client of a server that knows no conditions: it ignores them, or says that it does not know them."""

    def __init__(self, client: Any, *, says_so: bool) -> None:
        self._client, self._says_so = client, says_so

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **words: Any) -> Any:
        if words.pop("IfNoneMatch", None) is not None and self._says_so:
            raise ClientError({"Error": {"Code": "NotImplemented"}}, "PutObject")
        return self._client.put_object(**words)


@pytest.mark.parametrize("says_so", [False, True])
def test_where_conditions_are_not_heeded_nothing_is_overwritten_either(store: S3Files, says_so: bool) -> None:
    store._client = Ignorant(store._client, says_so=says_so)
    for _ in range(2):
        store.put("a", b"1")
    with pytest.raises(LogForked):
        store.put("a", b"2")
    with pytest.raises(LogForked):
        store.put_many([("b", b"1"), ("a", b"2")])
    assert store.get("a") == b"1"
    assert store.list("") == ["a", "b"]


def test_a_bucket_that_is_gone_is_no_empty_log(endpoint: str) -> None:
    store = S3Files(f"s3://nowhere/log?endpoint={endpoint}&region={s3_server.REGION}")
    for call in (
        lambda: store.get("checkpoint"),
        lambda: store.put("a", b"1"),
        lambda: store.put_many([("a", b"1")]),
        lambda: store.list(""),
    ):
        with pytest.raises(StorageUnavailable):
            call()


def test_a_server_that_does_not_answer_is_told(store: S3Files, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server.serving() as endpoint:
        gone = S3Files(s3_server.bucket(endpoint, "soon-gone"))
        gone.put("a", b"1")
    with pytest.raises(StorageUnavailable):
        gone.get("a")


@pytest.mark.parametrize(
    "address", ["s3://", "s3:///log", "s3://b/../x", "s3://b/log?endpont=http://x", "gs://b/log", "s3://b/.hidden"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(InputError):
        wiring.files(address)


def test_a_log_grows_there_and_is_read_back(store: S3Files) -> None:
    said = [b"entry %d" % number for number in range(700)]
    store.put_many(grow(Frontier.empty(), said[:300], store.get))
    before = Frontier.empty().extend(map(leaf_hash, said[:300]))
    store.put_many(grow(before, said[300:], store.get))
    assert list(entries(store.get, 0, 700)) == said
