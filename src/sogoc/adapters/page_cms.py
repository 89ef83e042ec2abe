"""The CMS message that signs a page: one signer, ECDSA P-256 with SHA-256, the signed attributes of PAdES-B-B.

pyHanko makes the same bytes for any algorithm and attribute there is, which takes most of the time of a signature. Here all but
the digest and the signature value follows from the certificate, and is made once.

Spec: RFC 5652 section 5; RFC 5035 section 3; ETSI EN 319 142-1 section 6
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from asn1crypto import algos, cms, core, tsp, x509
from asn1crypto.parser import emit

_VERSION = core.Integer(1).dump()
_SHA256 = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()
_ECDSA = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}).dump()
_SIGNED_DATA = cms.ContentType("signed_data").dump()
_NO_CONTENT = cms.EncapsulatedContentInfo({"content_type": "data"}).dump()
_CONTENT_TYPE = cms.CMSAttribute({"type": "content_type", "values": ["data"]}).dump()
_MESSAGE_DIGEST = cms.CMSAttributeType("message_digest").dump()


def signed_attributes(certificate: bytes, digest: bytes) -> bytes:
    """What the key signs: the attributes as a SET. `digest` is the SHA-256 of the signed bytes; certificate and result are DER."""
    message_digest = _sequence(_MESSAGE_DIGEST, _set(_octets(digest)))
    # DER orders a SET OF by the bytes of its members; the length in them puts the binding last, however long its names are.
    return _set(_CONTENT_TYPE, message_digest, _binding(certificate))


def signed_data(certificate: bytes, attributes: bytes, signature: bytes) -> bytes:
    """The whole message: `attributes` as they were signed, and their ECDSA `signature`; all of it DER."""
    # RFC 5652 section 5.4: signed as a SET, but sent with the tag [0].
    sent = b"\xa0" + attributes[1:]
    signer = _sequence(_VERSION, _identifier(certificate), _SHA256, sent, _ECDSA, _octets(signature))
    content = _sequence(_VERSION, _set(_SHA256), _NO_CONTENT, _tagged(certificate), _set(signer))
    return _sequence(_SIGNED_DATA, _tagged(content))


@lru_cache(maxsize=64)
def _binding(certificate: bytes) -> bytes:
    """The attribute that binds the signature to its certificate."""
    holder = x509.Certificate.load(certificate)
    named = {"issuer": [x509.GeneralName("directory_name", holder.issuer)], "serial_number": holder.serial_number}
    bound = {"certs": [{"cert_hash": sha256(certificate).digest(), "issuer_serial": named}]}
    return bytes(
        cms.CMSAttribute({"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2(bound)]}).dump()
    )


@lru_cache(maxsize=64)
def _identifier(certificate: bytes) -> bytes:
    """How the message says which certificate is the signer's: its issuer and serial number."""
    holder = x509.Certificate.load(certificate)
    return bytes(cms.IssuerAndSerialNumber({"issuer": holder.issuer, "serial_number": holder.serial_number}).dump())


def _sequence(*members: bytes) -> bytes:
    return bytes(emit(0, 1, 16, b"".join(members)))


def _set(*members: bytes) -> bytes:
    return bytes(emit(0, 1, 17, b"".join(members)))


def _octets(content: bytes) -> bytes:
    return bytes(emit(0, 0, 4, content))


def _tagged(content: bytes) -> bytes:
    """With the tag [0] around it."""
    return bytes(emit(2, 1, 0, content))
