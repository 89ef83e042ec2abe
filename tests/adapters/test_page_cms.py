"""The message that signs a page is the one that pyHanko makes, byte for byte, for every certificate an institution may have."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import sha256

import pytest
from asn1crypto import algos
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pyhanko.sign.signers.pdf_cms import ExternalSigner

from sogoc.adapters import diploma_pdf, page_cms
from tests.adapters import diplomas
from tests.adapters.diplomas import AT, KEY

DIGEST = sha256(b"a page").digest()


def issued_by(authority: str, *, serial: int) -> bytes:
    """A certificate whose issuer is another than its holder, as those of the national authorities are."""
    key = ec.derive_private_key(11, ec.SECP256R1())
    place = x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")
    name, issuer = (
        x509.Name([place, x509.NameAttribute(NameOID.ORGANIZATION_NAME, said)]) for said in ("Trường Ví Dụ", authority)
    )
    built = x509.CertificateBuilder(issuer, name, key.public_key(), serial, AT, AT + timedelta(days=365))
    return built.sign(key, SHA256()).public_bytes(Encoding.DER)


CERTIFICATES = {
    "own": diplomas.certificate(KEY),
    "long-name": diploma_pdf.self_signed_certificate(KEY, name="Đại học Ộ " * 7, serial=1, valid_from=AT),
    "long-serial": diploma_pdf.self_signed_certificate(KEY, name="A", serial=(1 << 159) - 1, valid_from=AT),
    "issued": issued_by("Tổ chức chứng thực Ví Dụ", serial=0x80),
    "issued-by-a-long-name": issued_by("Tổ chức cung cấp dịch vụ chứng thực chữ ký số Ví Dụ " + "x" * 12, serial=255),
}


@pytest.mark.parametrize("value", [b"\x30\x06\x02\x01\x01\x02\x01\x01", bytes(range(70)), bytes(72)], ids=len)
@pytest.mark.parametrize("certificate", CERTIFICATES.values(), ids=CERTIFICATES)
def test_the_message_is_the_one_that_pyhanko_makes(certificate: bytes, value: bytes) -> None:
    signer = ExternalSigner(
        signing_cert=asn1.Certificate.load(certificate),
        cert_registry=None,
        signature_value=value,
        signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
    )
    attributes = page_cms.signed_attributes(certificate, DIGEST)
    assert attributes == asyncio.run(signer.signed_attrs(DIGEST, "sha256", use_pades=True)).dump()
    message = asyncio.run(signer.async_sign(DIGEST, "sha256", use_pades=True))
    assert page_cms.signed_data(certificate, attributes, value) == message.dump()
