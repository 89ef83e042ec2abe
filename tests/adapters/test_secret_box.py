"""Kept files: opened whole by their key and digest, and by nothing else."""

from __future__ import annotations

import secrets
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.adapters.secret_box import MAX_BYTES, SecretBox
from sogoc.errors import InputError, KeyUnavailable, VerificationError, WrongState

CONTENT = "Nguyễn Thị Thử Nghiệm;2003-02-05;Giỏi\n".encode() * 20
DIGEST = sha256(CONTENT).digest()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> SecretBox:
    return SecretBox.create(tmp_path_factory.mktemp("box") / "key")


@given(content=st.binary(max_size=5000))
def test_what_was_kept_is_opened(box: SecretBox, content: bytes) -> None:
    assert box.decrypt(box.encrypt(content), sha256(content).digest()) == content


def test_nothing_of_it_can_be_read_or_compared(box: SecretBox) -> None:
    kept = box.encrypt(CONTENT)
    assert not any(CONTENT[at : at + 6] in kept for at in range(len(CONTENT) - 6))
    assert box.encrypt(CONTENT) != kept


def test_a_change_of_any_byte_is_noticed(box: SecretBox) -> None:
    kept = box.encrypt(CONTENT[:100])
    for at in range(len(kept)):
        changed = kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :]
        with pytest.raises(VerificationError):
            box.decrypt(changed, sha256(CONTENT[:100]).digest())


@pytest.mark.parametrize("length", [0, 1, 5, 13, 28, 29, 40])
def test_a_file_that_was_cut_is_noticed(box: SecretBox, length: int) -> None:
    with pytest.raises(VerificationError):
        box.decrypt(box.encrypt(CONTENT)[:length], DIGEST)


@pytest.mark.parametrize("digest", [b"", bytes(32), DIGEST[:31], sha256(b"another file").digest()])
def test_one_kept_file_does_not_stand_in_for_another(box: SecretBox, digest: bytes) -> None:
    with pytest.raises(VerificationError):
        box.decrypt(box.encrypt(CONTENT), digest)


def test_another_key_does_not_open_it(box: SecretBox, tmp_path: Path) -> None:
    with pytest.raises(VerificationError):
        SecretBox.create(tmp_path / "key").decrypt(box.encrypt(CONTENT), DIGEST)


def test_the_key_stays_the_same_key(tmp_path: Path) -> None:
    kept = SecretBox.create(tmp_path / "key").encrypt(CONTENT)
    assert SecretBox(tmp_path / "key").decrypt(kept, DIGEST) == CONTENT
    with pytest.raises(WrongState):
        SecretBox.create(tmp_path / "key")
    assert SecretBox(tmp_path / "key").decrypt(kept, DIGEST) == CONTENT


def test_a_key_that_others_read_or_of_another_length_or_missing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    SecretBox.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(KeyUnavailable, match="others"):
        SecretBox(path)
    path.chmod(0o600)
    for content in (b"", secrets.token_bytes(31), secrets.token_bytes(33)):
        path.write_bytes(content)
        with pytest.raises(KeyUnavailable):
            SecretBox(path)
    with pytest.raises(KeyUnavailable):
        SecretBox(tmp_path / "missing")


def test_the_largest_file_is_kept_and_a_larger_one_is_not(box: SecretBox) -> None:
    largest = bytes(MAX_BYTES)
    assert box.decrypt(box.encrypt(largest), sha256(largest).digest()) == largest
    with pytest.raises(InputError):
        box.encrypt(bytes(MAX_BYTES + 1))
