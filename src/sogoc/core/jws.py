"""ES256 and signed statements: JSON objects that carry detached JWS signatures over their own canonical bytes.

Spec: RFC 7515, RFC 7518 section 3.4, RFC 7638, docs/spec/README.md ("statement")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sogoc.core import canonical
from sogoc.core.canonical import Json, b64, unb64
from sogoc.errors import MalformedError, SignatureError

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SHA256 = ec.ECDSA(SHA256())
_JWK = frozenset({"crv", "kty", "x", "y"})
_SIGNATURE = frozenset({"protected", "signature"})


def jwk_of(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """Return a P-256 public key as JWK."""
    numbers = key.public_numbers()
    return {
        "crv": "P-256",
        "kty": "EC",
        "x": b64(numbers.x.to_bytes(32, "big")),
        "y": b64(numbers.y.to_bytes(32, "big")),
    }


def read_jwk(value: Json) -> dict[str, str]:
    """Return `value` if it is a P-256 public key with exactly crv, kty, x and y.

    Raises: MalformedError. Spec: RFC 7518 section 6.2.
    """
    jwk = canonical.members(value, _JWK)
    if jwk["crv"] != "P-256" or jwk["kty"] != "EC":
        raise MalformedError("is not a P-256 key")
    _key(canonical.text(jwk["x"], 43), canonical.text(jwk["y"], 43))
    return {name: str(jwk[name]) for name in sorted(_JWK)}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the kid of a key. Spec: RFC 7638."""
    return _thumbprint(jwk["crv"], jwk["kty"], jwk["x"], jwk["y"])


@lru_cache(maxsize=4096)
def _thumbprint(crv: str, kty: str, x: str, y: str) -> str:
    return b64(canonical.digest(canonical.encode({"crv": crv, "kty": kty, "x": x, "y": y})))


@lru_cache(maxsize=4096)
def _key(x: str, y: str) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicNumbers(
            int.from_bytes(unb64(x, 32), "big"), int.from_bytes(unb64(y, 32), "big"), ec.SECP256R1()
        ).public_key()
    except ValueError as error:
        raise MalformedError("is not a point on P-256") from error


def verify(jwk: Mapping[str, str], payload: bytes, signature: bytes) -> None:
    """Check an ES256 signature of 64 bytes. Of its two forms only the one with the lower s is accepted, so that a
    signed entry has one encoding.

    Raises: SignatureError. Spec: RFC 7518 section 3.4.
    """
    if len(signature) != 64:
        raise SignatureError("the signature is not 64 bytes", "chữ ký không đủ 64 byte")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not 0 < s <= _ORDER // 2:
        raise SignatureError("the signature is not in its lower form", "chữ ký không ở dạng chuẩn")
    try:
        _key(jwk["x"], jwk["y"]).verify(encode_dss_signature(r, s), payload, _SHA256)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("the key did not sign this", "khóa này không ký nội dung này") from error


def lower(signature: bytes) -> bytes:
    """Return the form of an ES256 signature that `verify` accepts; key stores return either."""
    s = int.from_bytes(signature[32:], "big")
    return signature if s <= _ORDER // 2 else signature[:32] + (_ORDER - s).to_bytes(32, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature of a statement. `protected` is the JWS header in b64."""

    kid: str
    protected: str
    value: bytes

    def to_json(self) -> dict[str, str]:
        return {"protected": self.protected, "signature": b64(self.value)}


def protected_header(*, kid: str, origin: str, typ: str) -> str:
    return b64(canonical.encode({"alg": "ES256", "kid": kid, "log": origin, "typ": typ}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """What a key has to sign for one statement: hand `payload` to the key store, and its answer to `signed`."""

    kid: str
    protected: str
    payload: bytes

    def signed(self, signature: bytes) -> Signature:
        return Signature(kid=self.kid, protected=self.protected, value=lower(signature))


def prepare(body: Mapping[str, Json], jwk: Mapping[str, str], *, origin: str, typ: str) -> Unsigned:
    """Return what the key `jwk` signs to make `body` a statement of this kind in this log."""
    kid = thumbprint(jwk)
    protected = protected_header(kid=kid, origin=origin, typ=typ)
    payload = b64(canonical.encode(dict(body)))
    return Unsigned(kid=kid, protected=protected, payload=f"{protected}.{payload}".encode())


def read_signatures(value: Json) -> tuple[Signature, ...]:
    """Read the member `signatures` of a statement, at least one and at most eight, each key once.

    Raises: MalformedError.
    """
    signatures = []
    for item in canonical.items(value, 8):
        one = canonical.members(item, _SIGNATURE)
        header = canonical.members(
            canonical.decode(unb64(one["protected"]), limit=1024), frozenset({"alg", "kid", "log", "typ"})
        )
        signatures.append(
            Signature(
                kid=canonical.text(header["kid"], 64),
                protected=str(one["protected"]),
                value=unb64(one["signature"], 64),
            )
        )
    if not signatures or len({one.kid for one in signatures}) != len(signatures):
        raise MalformedError("has no signature, or two by one key")
    return tuple(signatures)


def verify_statement(
    body: Mapping[str, Json], signature: Signature, jwk: Mapping[str, str], *, origin: str, typ: str
) -> None:
    """Check one signature of a statement against the key it names.

    Raises: SignatureError, also when the header names another algorithm, log or kind of statement.
    """
    if signature.protected != protected_header(kid=thumbprint(jwk), origin=origin, typ=typ):
        raise SignatureError(
            "the signature was made for another purpose, log or key", "chữ ký dành cho mục đích, nhật ký hoặc khóa khác"
        )
    payload = b64(canonical.encode(dict(body)))
    verify(jwk, f"{signature.protected}.{payload}".encode(), signature.value)
