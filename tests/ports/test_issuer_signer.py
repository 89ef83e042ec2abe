"""What every `IssuerSigner` keeps to: a key in a file, in SoftHSM and in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sogoc.adapters.keys_file import FileKey
from sogoc.adapters.keys_pkcs11 import Pkcs11Key
from sogoc.adapters.memory import MemoryKey
from sogoc.core import jws
from sogoc.errors import SignatureError
from sogoc.ports import IssuerSigner
from tests.ports import softhsm

PAYLOADS = (b"", b"payload", bytes(100_000))


class IssuerSignerContract:
    @pytest.fixture
    def signer(self) -> IssuerSigner:
        raise NotImplementedError

    def test_the_public_key_is_a_jwk_of_exactly_four_members(self, signer: IssuerSigner) -> None:
        assert jws.read_jwk(dict(signer.jwk)) == signer.jwk

    def test_what_a_caller_does_to_the_jwk_stays_with_the_caller(self, signer: IssuerSigner) -> None:
        before = dict(signer.jwk)
        signer.jwk["x"] = "changed"
        assert signer.jwk == before

    @pytest.mark.parametrize("payload", PAYLOADS, ids=len)
    def test_a_signature_is_r_and_s_and_verifies(self, signer: IssuerSigner, payload: bytes) -> None:
        for _ in range(8):  # of both forms, where the key store gives either
            signature = signer.sign(payload)
            assert len(signature) == 64
            jws.verify(signer.jwk, payload, jws.lower(signature))

    def test_it_is_of_this_payload_and_this_key_alone(self, signer: IssuerSigner) -> None:
        signature = jws.lower(signer.sign(b"payload"))
        with pytest.raises(SignatureError):
            jws.verify(signer.jwk, b"another", signature)
        with pytest.raises(SignatureError):
            jws.verify(MemoryKey().jwk, b"payload", signature)

    def test_it_signs_statements(self, signer: IssuerSigner) -> None:
        body = {"batch": "2026-1"}
        unsigned = jws.prepare(body, signer.jwk, origin="sogoc.example/log", typ="batch")
        signature = unsigned.signed(signer.sign(unsigned.payload))
        jws.verify_statement(body, signature, signer.jwk, origin="sogoc.example/log", typ="batch")


@pytest.fixture(scope="module")
def file_key(tmp_path_factory: pytest.TempPathFactory) -> FileKey:
    return FileKey.create(tmp_path_factory.mktemp("keys") / "issuer.pem", "passphrase")


@pytest.fixture(scope="module")
def pkcs11_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pkcs11Key]:
    with softhsm.running(tmp_path_factory.mktemp("softhsm")):
        yield Pkcs11Key.create(softhsm.uri("diplomas"), softhsm.PIN)


class TestFileKey(IssuerSignerContract):
    @pytest.fixture
    def signer(self, file_key: FileKey) -> IssuerSigner:
        return file_key


class TestPkcs11Key(IssuerSignerContract):
    @pytest.fixture
    def signer(self, pkcs11_key: Pkcs11Key) -> IssuerSigner:
        return pkcs11_key


class TestMemoryKey(IssuerSignerContract):
    @pytest.fixture
    def signer(self) -> IssuerSigner:
        return MemoryKey()
