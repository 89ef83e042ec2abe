"""The journal of erasures as a file: what was confirmed is there, what was torn is not, and nothing begins it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from sogoc.adapters.erasures_posix import PosixErasures
from sogoc.errors import StorageUnavailable, WrongState
from sogoc.ports import JournaledErasure


def line(number: int) -> JournaledErasure:
    return JournaledErasure(
        at="2026-07-16T02:00:00Z", decision="90/QĐ-XDL", identifier=f"00000000-0000-4000-8000-{number:012x}", institution="DHSG01"
    )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock" / "erasures.jsonl"


def test_lines_come_back_in_their_order(path: Path) -> None:
    journal = PosixErasures.make(path)
    assert list(journal.read()) == []
    journal.append([line(1), line(2)])
    journal.append([])
    PosixErasures(path).append([line(3)])
    assert list(journal.read()) == [line(1), line(2), line(3)]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("torn", [b"{", b'{"at":"2026', b"\xe1"])
def test_a_torn_last_line_was_never_confirmed(path: Path, torn: bytes) -> None:
    journal = PosixErasures.make(path)
    journal.append([line(1)])
    path.write_bytes(path.read_bytes() + torn)
    assert list(journal.read()) == [line(1)]
    journal.append([line(2)])
    assert list(journal.read()) == [line(1), line(2)]


@pytest.mark.parametrize("damaged", [b"{}\n", b"[]\n", b"not json\n", b"\xff\n", b"\n"])
def test_a_damaged_line_is_refused_and_not_passed_over(path: Path, damaged: bytes) -> None:
    journal = PosixErasures.make(path)
    journal.append([line(1)])
    path.write_bytes(damaged + path.read_bytes())
    with pytest.raises(StorageUnavailable, match="line 1"):
        list(journal.read())


def test_a_journal_is_made_once_and_never_replaced(path: Path) -> None:
    PosixErasures.make(path)
    with pytest.raises(WrongState):
        PosixErasures.make(path)
    path.unlink()
    with pytest.raises(StorageUnavailable):
        PosixErasures(path)
    assert not path.exists()
