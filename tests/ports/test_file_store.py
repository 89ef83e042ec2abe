"""What every `FileStore` keeps to: in a folder, in a bucket and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.adapters.files_posix import PosixFiles
from sogoc.adapters.memory import MemoryFiles
from sogoc.adapters.objects_s3 import S3Files
from sogoc.errors import InputError, LogForked
from sogoc.ports import FileStore
from tests.ports import s3_server

_buckets = count(1)
NO_PATHS = (
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "../a",
    "a/./b",
    ".hidden",
    "a/.hidden/b",
    "-rf",
    "a b",
    "a\\b",
    "a\0b",
    "a\n",
    "hồ-sơ",
    "a" * 201,
)
PATHS = ("checkpoint", "tile/0/000", "tile/0/x001/000", "tile/0/000.p/7", "tile/entries/000", "_a/B-1.json")


class FileStoreContract:
    def fresh(self, folder: Path) -> FileStore:
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> FileStore:
        return self.fresh(tmp_path / "not" / "yet" / "there")

    @pytest.mark.parametrize("mutable", [False, True])
    @pytest.mark.parametrize("content", [b"", b"content", bytes(range(256)) * 5000])
    def test_what_was_put_is_got(self, store: FileStore, content: bytes, mutable: bool) -> None:
        store.put("a/b", content, mutable=mutable)
        assert store.get("a/b") == content

    def test_what_was_never_put_is_none(self, store: FileStore) -> None:
        store.put("a/b", b"1")
        assert [store.get(path) for path in ("c", "a/c", "a", "d/e/f")] == [None] * 4

    def test_the_same_immutable_bytes_may_come_twice(self, store: FileStore) -> None:
        for _ in range(2):
            store.put("a", b"1")
            store.put_many([("a", b"1"), ("b", b"2"), ("b", b"2")])
        assert [store.get("a"), store.get("b")] == [b"1", b"2"]

    @pytest.mark.parametrize("other", [b"", b"2", b"11"])
    def test_other_bytes_on_an_immutable_path_stop_everything(self, store: FileStore, other: bytes) -> None:
        store.put("a", b"1")
        with pytest.raises(LogForked):
            store.put("a", other)
        with pytest.raises(LogForked):
            store.put_many([("b", b"2"), ("a", other)])
        assert store.get("a") == b"1"

    def test_a_mutable_file_is_replaced(self, store: FileStore) -> None:
        for content in (b"long content", b"short", b""):
            store.put("checkpoint", content, mutable=True)
            assert store.get("checkpoint") == content

    def test_many_files_at_once(self, store: FileStore) -> None:
        files = {f"tile/0/x{index // 100:03d}/{index % 100:03d}": bytes([index % 251]) * 100 for index in range(700)}
        store.put_many(iter(files.items()))
        assert store.list("tile") == sorted(files)
        assert all(store.get(path) == content for path, content in files.items())

    def test_an_error_among_many_is_told(self, store: FileStore) -> None:
        store.put("tile/0/250", b"other")
        with pytest.raises(LogForked):
            store.put_many((f"tile/0/{index:03d}", b"tile") for index in range(300))
        assert store.get("tile/0/250") == b"other"

    def test_the_paths_of_a_folder_are_listed_as_get_takes_them(self, store: FileStore) -> None:
        for path in PATHS:
            store.put(path, path.encode())
        assert store.list("") == sorted(PATHS)
        assert store.list("tile/0") == ["tile/0/000", "tile/0/000.p/7", "tile/0/x001/000"]
        assert [store.list(folder) for folder in ("til", "nothing", "checkpoint", "tile/0/000")] == [[]] * 4
        assert all(store.get(path) == path.encode() for path in store.list(""))

    def test_deleting_twice_is_as_good_as_once(self, store: FileStore) -> None:
        store.put("a/b", b"1")
        store.put("a/c", b"2")
        for _ in range(2):
            store.delete("a/b")
            store.delete("x/y")
        assert store.list("") == ["a/c"]
        store.put("a/b", b"other")
        assert store.get("a/b") == b"other"

    @pytest.mark.parametrize("path", NO_PATHS)
    def test_a_path_that_leaves_the_store_or_hides_is_refused(
        self, store: FileStore, path: str, tmp_path: Path
    ) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.put(path, b"1"),
            lambda: store.put(path, b"1", mutable=True),
            lambda: store.put_many([(path, b"1")]),
            lambda: store.get(path),
            lambda: store.delete(path),
        ]
        if path:
            calls.append(lambda: store.list(path))
        for call in calls:
            with pytest.raises(InputError):
                call()
        assert store.list("") == []


class TestPosixFiles(FileStoreContract):
    def fresh(self, folder: Path) -> FileStore:
        return PosixFiles(folder, new=True)


class TestMemoryFiles(FileStoreContract):
    def fresh(self, folder: Path) -> FileStore:
        return MemoryFiles()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server.serving() as url:
        yield url


class TestS3Files(FileStoreContract):
    @pytest.fixture
    def store(self, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> FileStore:
        for name, value in s3_server.CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        return S3Files(s3_server.bucket(endpoint, f"contract-{next(_buckets)}"))


@pytest.mark.parametrize("fresh", [PosixFiles, lambda _: MemoryFiles()], ids=["posix", "memory"])
@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(("put", "replace", "many", "delete")),
            st.sampled_from(("a", "b", "c/d", "c/e")),
            st.sampled_from((b"", b"1", b"2")),
        ),
        max_size=8,
    )
)
def test_any_order_of_calls_behaves_as_a_mapping(
    fresh: Callable[[Path], FileStore], tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, bytes]]
) -> None:
    store = fresh(tmp_path_factory.mktemp("store"))
    model: dict[str, bytes] = {}
    for step, path, content in steps:
        if step == "delete":
            store.delete(path)
            model.pop(path, None)
        elif step == "replace":
            store.put(path, content, mutable=True)
            model[path] = content
        elif model.setdefault(path, content) == content:
            if step == "put":
                store.put(path, content)
            else:
                store.put_many([(path, content)])
        else:
            with pytest.raises(LogForked):
                store.put(path, content)
    assert {path: store.get(path) for path in store.list("")} == model
