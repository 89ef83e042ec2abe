"""A signing key of an institution in an encrypted file: for trials, and for institutions without a key store."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sogoc.adapters import protected_pem
from sogoc.core import jws
from sogoc.errors import KeyUnavailable

# Without a random number for each signature there is none that could repeat and give the key away (RFC 6979).
_ES256 = ec.ECDSA(SHA256(), deterministic_signing=True)


class FileKey:
    """An `IssuerSigner` whose key is in a file (encrypted PKCS #8). It is read once, here, and then kept."""

    def __init__(self, path: Path, passphrase: str) -> None:
        """Raises: KeyUnavailable, also when the file holds anything else than one P-256 key."""
        match protected_pem.read(path, passphrase):
            case [ec.EllipticCurvePrivateKey() as key] if isinstance(key.curve, ec.SECP256R1):
                self._key = key
            case _:
                raise KeyUnavailable(f"{path} does not hold one P-256 key", f"{path} không chứa đúng một khóa P-256")
        self._jwk = jws.jwk_of(self._key.public_key())

    @classmethod
    def create(cls, path: Path, passphrase: str) -> Self:
        """Make a key and its file. Raises: WrongState when there is one, InputError, StorageUnavailable."""
        protected_pem.write(path, [ec.generate_private_key(ec.SECP256R1())], passphrase)
        return cls(path, passphrase)

    @property
    def jwk(self) -> dict[str, str]:
        return dict(self._jwk)

    def sign(self, payload: bytes) -> bytes:
        return sign_es256(self._key, payload)


def sign_es256(key: ec.EllipticCurvePrivateKey, payload: bytes) -> bytes:
    """Return r || s, 64 bytes. Spec: RFC 7518 section 3.4."""
    r, s = decode_dss_signature(key.sign(payload, _ES256))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
