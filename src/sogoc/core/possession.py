"""Proof that whoever asks for a new key on an authority page holds its private half: the key signs the request.

Without it a page could name a key whose owner never asked, and a typing error would leave an institution without any.

Spec: docs/spec/entry.md ("Authority page")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sogoc.core import canonical, jws
from sogoc.core.canonical import Json, b64, unb64
from sogoc.errors import MalformedError, SignatureError

TYP = "sogoc-key-request+jws"
TYPE = "sogoc/key-request/v1"
MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """A key that asks for its place on the page of the institution `code`.

    `holder` says who keeps the private half, which lies behind `uri`; `certificate` (DER, may be empty) is for signing PDFs.
    """

    code: str
    jwk: Mapping[str, str]
    holder: str
    uri: str
    certificate: bytes
    signatures: tuple[jws.Signature, ...] = ()

    def body(self) -> dict[str, Json]:
        return {
            "type": TYPE,
            "certificate": b64(self.certificate),
            "holder": self.holder,
            "institution": self.code,
            "jwk": dict(self.jwk),
            "uri": self.uri,
        }

    def prepare(self, jwk: Mapping[str, str], *, origin: str) -> jws.Unsigned:
        """Return what the new key itself has to sign."""
        return jws.prepare(self.body(), jwk, origin=origin, typ=TYP)

    def signed(self, sign: Callable[[bytes], bytes], *, origin: str) -> KeyRequest:
        """Return the request signed by its own key; `sign` gives raw ES256 signatures of 64 bytes."""
        unsigned = self.prepare(self.jwk, origin=origin)
        return replace(self, signatures=(unsigned.signed(sign(unsigned.payload)),))

    def encode(self) -> bytes:
        return canonical.encode(self.body() | {"signatures": [one.to_json() for one in self.signatures]})

    def verify(self, *, origin: str) -> None:
        """Check that the key itself signed, for this log. Raises: SignatureError."""
        kid = jws.thumbprint(self.jwk)
        for signature in self.signatures:
            if signature.kid == kid:
                jws.verify_statement(self.body(), signature, self.jwk, origin=origin, typ=TYP)
                return
        raise SignatureError("the new key did not sign the request for it", "khóa mới không ký đề nghị của chính nó")


def parse(presented: bytes) -> KeyRequest:
    """Read a request from exactly the bytes that were written. Raises: MalformedError."""
    v = canonical.members(canonical.decode(presented, limit=MAX_BYTES), _MEMBERS)
    if v["type"] != TYPE:
        raise MalformedError("is not a request for a key", "không phải đề nghị đưa khóa lên trang thẩm quyền")
    return KeyRequest(
        code=canonical.text(v["institution"], 20),
        jwk=jws.read_jwk(v["jwk"]),
        holder=canonical.text(v["holder"], 250),
        uri=canonical.text(v["uri"], 500),
        certificate=unb64(v["certificate"]) if v["certificate"] else b"",
        signatures=jws.read_signatures(v["signatures"]),
    )


_MEMBERS = frozenset({"type", "certificate", "holder", "institution", "jwk", "uri", "signatures"})
