"""Files as objects of a bucket that speaks S3: for a log that is read by a country, and written by one host at a time.

An immutable file is put under the condition that there is none of its name (`If-None-Match: *`), so that of two writers one is told;
then what is there is compared. Some servers ignore a condition instead of refusing it and would overwrite in silence. So before its
first write a store asks: it puts one small object twice. Where the second put passes, every immutable file is looked for before it
is written; two writers at one moment would not notice each other there, but publishing is done by one process at a time anyway.

Readers and caches are told how long they may keep each file: for ever what never changes, a few seconds what does.

Spec: the contract of `FileStore` in sogoc.ports
"""

from __future__ import annotations

import base64
import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sogoc.adapters.files_posix import check_path
from sogoc.errors import InputError, LogForked, StorageUnavailable
from sogoc.ports import CACHE_BRIEFLY, CACHE_FOR_EVER

_WAITERS = 16
_IN_FLIGHT = 64
_PROBE = ".conditions"
_CONDITION_FAILED = {"PreconditionFailed", "412"}
_TRY_AGAIN = {"ConditionalRequestConflict", "409"}
_NO_CONDITIONS = {"NotImplemented", "501"}
_ATTEMPTS = 5


class S3Files:
    """A `FileStore` in a bucket, below a prefix. Threads and processes may share it.

    The address is `s3://bucket/prefix?endpoint=https://…&region=…`; credentials come from where boto3 looks for them
    (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role of the machine).
    """

    def __init__(self, address: str) -> None:
        """Raises: InputError for an address that is none, StorageUnavailable."""
        parts = urlsplit(address)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.scheme != "s3" or not parts.netloc or options.keys() - {"endpoint", "region"}:
            raise InputError(
                f"{address} is not s3://bucket/prefix?endpoint=…&region=…", f"{address} không phải địa chỉ kho S3"
            )
        prefix = parts.path.strip("/")
        if prefix:
            check_path(prefix)
        self._bucket, self._prefix, self._address = parts.netloc, prefix and f"{prefix}/", address
        endpoint = options.get("endpoint")
        with self._reporting("settings"):
            self._client: Any = boto3.client(
                "s3",
                endpoint_url=endpoint,
                region_name=options.get("region"),
                config=Config(
                    connect_timeout=5,
                    read_timeout=30,
                    retries={"mode": "standard", "max_attempts": _ATTEMPTS},
                    max_pool_connections=_WAITERS,
                    # Every body carries its MD5, which all servers know; newer kinds of checksums, not all.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    s3={"addressing_style": "path"} if endpoint else {},
                ),
            )

    def put(self, path: str, content: bytes, *, mutable: bool = False) -> None:
        """Write one file. Raises: LogForked, StorageUnavailable, InputError for a path that is none."""
        check_path(path)
        with self._reporting(path):
            if mutable:
                self._put(path, content, CACHE_BRIEFLY)
            else:
                self._place(path, content)

    def put_many(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write many immutable files. An error may leave some of them: the rest can be put again.

        Raises: LogForked, StorageUnavailable, InputError for a path that is none.
        """
        pending: deque[Future[None]] = deque()
        errors: list[BaseException] = []
        with ThreadPoolExecutor(_WAITERS) as pool:
            for path, content in files:
                pending.append(pool.submit(self.put, path, content))
                if len(pending) >= _IN_FLIGHT and (error := pending.popleft().exception()) is not None:
                    errors.append(error)
                    break
            errors += [error for one in pending if (error := one.exception()) is not None]
        for error in sorted(errors, key=lambda one: not isinstance(one, LogForked)):
            raise error

    def get(self, path: str) -> bytes | None:
        """The content, or None when there is no such file. Raises: StorageUnavailable, InputError."""
        check_path(path)
        with self._reporting(path):
            return self._get(path)

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is as good. Raises: StorageUnavailable, InputError."""
        check_path(path)
        with self._reporting(path):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + path)

    def list(self, folder: str) -> list[str]:
        """The sorted paths of all files in `folder` and below, as `get` takes them; `""` is the whole store.

        Raises: StorageUnavailable, InputError.
        """
        if folder:
            check_path(folder)
        found = []
        with self._reporting(folder):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + (folder and f"{folder}/")
            )
            for page in pages:
                for one in page.get("Contents", ()):
                    path = one["Key"].removeprefix(self._prefix)
                    if not any(segment.startswith(".") for segment in path.split("/")):
                        found.append(path)
        return sorted(found)

    # -- how a file gets there ------------------------------------------------------------------------------------------

    def _place(self, path: str, content: bytes) -> None:
        """Give an immutable file its name, or accept the same bytes under it. Raises: LogForked, ClientError."""
        if not self._heeds_conditions:
            present = self._get(path)
            if present is None:
                return self._put(path, content, CACHE_FOR_EVER)
            return _compare(path, present, content)
        if self._put_new(path, content):
            return None
        present = self._get(path)
        if present is None:
            raise StorageUnavailable(f"{self._address}: {path} is there and cannot be read")
        return _compare(path, present, content)

    def _put(self, path: str, content: bytes, kept: str, **condition: str) -> None:
        self._client.put_object(
            Bucket=self._bucket,
            Key=self._prefix + path,
            Body=content,
            CacheControl=kept,
            ContentType=_type_of(path),
            ContentMD5=base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
            **condition,
        )

    def _put_new(self, path: str, content: bytes) -> bool:
        """Put an object if there is none of its name; False when there is. Raises: ClientError."""
        for attempt in range(_ATTEMPTS):
            try:
                self._put(path, content, CACHE_FOR_EVER, IfNoneMatch="*")
            except ClientError as error:
                if _code(error) in _CONDITION_FAILED:
                    return False
                if _code(error) in _TRY_AGAIN and attempt < _ATTEMPTS - 1:
                    continue  # another writer is at it at this moment
                raise
            return True
        raise AssertionError("the last attempt returns or raises")

    def _get(self, path: str) -> bytes | None:
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=self._prefix + path)["Body"]
        except ClientError as error:
            if _code(error) == "NoSuchKey":  # a bucket that is gone must not look like an empty one
                return None
            raise
        with body:
            content: bytes = body.read()
        return content

    @cached_property
    def _heeds_conditions(self) -> bool:
        """Whether this server refuses to write where a condition fails."""
        try:
            self._put_new(_PROBE, b"")
            return not self._put_new(_PROBE, b"")
        except ClientError as error:
            if _code(error) in _NO_CONDITIONS:
                return False
            raise

    # -- what can go wrong ----------------------------------------------------------------------------------------------

    @contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise StorageUnavailable(
                f"{self._address}: {what}: {error}",
                f"{self._address}: {what}: kho không trả lời hoặc từ chối",
                mend="See to endpoint, bucket, rights (get, put, list) and credentials, and try again.",
                mend_vi="Kiểm tra địa chỉ, bucket, quyền (đọc, ghi, liệt kê) và thông tin đăng nhập rồi thử lại.",
            ) from error


def _compare(path: str, present: bytes, content: bytes) -> None:
    if present != content:
        raise LogForked(f"{path} holds other bytes, and a file of this name never changes")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _type_of(path: str) -> str:
    """What a browser is told that a file is."""
    if path == "checkpoint":
        return "text/plain; charset=utf-8"
    return "application/json" if path.endswith(".json") else "application/octet-stream"
