"""Keys in files: what a stolen, damaged, loose or wrong file gives, and that ordinary tools read them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from sogoc.adapters import protected_pem
from sogoc.adapters.keys_file import FileKey, sign_es256
from sogoc.adapters.log_keys_file import FileLogKeys
from sogoc.adapters.memory import MemoryLock
from sogoc.core import jws
from sogoc.core.checkpoint import open_note
from sogoc.core.note import VerifierKey
from sogoc.errors import InputError, KeyUnavailable, StorageUnavailable, WrongState
from tests.adapters import disk

PASSPHRASE = "mật khẩu của Phòng Đào tạo"
ORIGIN = "sogoc.example/log"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key in its file, which no test changes."""
    path = tmp_path_factory.mktemp("keys") / "issuer.pem"
    FileKey.create(path, PASSPHRASE)
    return path


@pytest.fixture
def path(kept: Path, tmp_path: Path) -> Path:
    """The same, for a test to change."""
    copy = tmp_path / "issuer.pem"
    copy.write_bytes(kept.read_bytes())
    copy.chmod(0o600)
    return copy


def test_a_key_stays_the_same_key(kept: Path) -> None:
    first, second = FileKey(kept, PASSPHRASE), FileKey(kept, PASSPHRASE)
    assert first.jwk == second.jwk
    assert first.sign(b"payload") == second.sign(b"payload")


def test_a_signature_needs_no_randomness() -> None:
    """RFC 6979, A.2.5, with SHA-256."""
    key = ec.derive_private_key(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1())
    assert sign_es256(key, b"sample").hex().upper() == (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    )


@pytest.mark.parametrize("wrong", ["", "wrong", PASSPHRASE + " ", PASSPHRASE.upper()])
def test_another_passphrase_does_not_open_it_and_the_error_says_how_to_mend(kept: Path, wrong: str) -> None:
    with pytest.raises(KeyUnavailable) as refused:
        FileKey(kept, wrong)
    assert str(kept) in refused.value.en
    assert refused.value.mend
    assert refused.value.mend_vi
    assert wrong not in refused.value.en or not wrong


def test_a_passphrase_is_the_same_however_a_keyboard_composes_it(kept: Path) -> None:
    decomposed = unicodedata.normalize("NFD", PASSPHRASE)
    assert decomposed != PASSPHRASE
    assert FileKey(kept, decomposed).jwk == FileKey(kept, PASSPHRASE).jwk


def test_a_key_without_a_passphrase_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        FileKey.create(tmp_path / "key.pem", "")
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_never_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(WrongState):
        FileKey.create(path, "another")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_only_its_owner_may_read_it(kept: Path, path: Path) -> None:
    assert kept.stat().st_mode & 0o777 == 0o600
    for mode in (0o640, 0o604, 0o660, 0o644):
        path.chmod(mode)
        with pytest.raises(KeyUnavailable, match="others") as refused:
            FileKey(path, PASSPHRASE)
        assert refused.value.mend == f"chmod 600 {path}"


def test_a_file_without_the_key_in_it_is_refused(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    for damaged in (b"", b"no key", content[:-100], content[:100] + b"A" * 20 + content[120:], content * 2):
        path.write_bytes(damaged)
        with pytest.raises(KeyUnavailable):
            FileKey(path, PASSPHRASE)
    for missing in (tmp_path / "missing", tmp_path, path / "below"):
        with pytest.raises(KeyUnavailable):
            FileKey(missing, PASSPHRASE)


@pytest.mark.parametrize(
    "keys",
    [[ec.generate_private_key(ec.SECP384R1())], [Ed25519PrivateKey.generate()], []],
    ids=["another curve", "another kind", "none"],
)
def test_a_key_of_another_kind_is_refused(tmp_path: Path, keys: list[PrivateKeyTypes]) -> None:
    protected_pem.write(tmp_path / "key.pem", keys, PASSPHRASE)
    with pytest.raises(KeyUnavailable, match="P-256"):
        FileKey(tmp_path / "key.pem", PASSPHRASE)


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_key_that_another_tool_made_is_read_if_it_is_encrypted(tmp_path: Path, encrypted: bool) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = BestAvailableEncryption(PASSPHRASE.encode()) if encrypted else NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    (tmp_path / "key.pem").chmod(0o600)
    if encrypted:
        assert FileKey(tmp_path / "key.pem", PASSPHRASE).jwk == jws.jwk_of(key.public_key())
    else:
        with pytest.raises(KeyUnavailable):
            FileKey(tmp_path / "key.pem", PASSPHRASE)


def test_a_power_cut_after_a_key_was_made_takes_nothing(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        recorder = disk.Recorder(patch, tmp_path)
        protected_pem.write(tmp_path / "new" / "folder" / "key.pem", [], PASSPHRASE)
        assert recorder.lost() == set()


def test_a_disk_that_fails_is_told(tmp_path: Path) -> None:
    for nth in range(1, 4):
        with pytest.MonkeyPatch.context() as patch:
            disk.cut(patch, tmp_path, nth, "ENOSPC")
            with pytest.raises(StorageUnavailable):
                protected_pem.write(tmp_path / "key.pem", [ec.generate_private_key(ec.SECP256R1())], PASSPHRASE)


# -- The keys of the log -------------------------------------------------------------------------------------------------


def test_the_keys_of_a_log_stay_the_same_keys(tmp_path: Path) -> None:
    lock = MemoryLock()
    lock.create(ORIGIN, 7, bytes(range(32)))
    made = FileLogKeys.create(tmp_path / "log.pem", PASSPHRASE, origin=ORIGIN, lock=lock)
    again = FileLogKeys(tmp_path / "log.pem", PASSPHRASE, origin=ORIGIN, lock=lock)
    assert made.vkeys == again.vkeys
    keys = [VerifierKey.parse(vkey) for vkey in made.vkeys]
    assert len(open_note(again.sign(ORIGIN, 7, bytes(range(32)), 1), keys=keys).signers) == 2


def test_a_file_with_other_keys_is_not_the_log_s(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="two keys"):
        FileLogKeys(kept, PASSPHRASE, origin=ORIGIN, lock=MemoryLock())
    protected_pem.write(tmp_path / "log.pem", [Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()], PASSPHRASE)
    with pytest.raises(KeyUnavailable, match="two keys"):
        FileLogKeys(tmp_path / "log.pem", PASSPHRASE, origin=ORIGIN, lock=MemoryLock())
