"""SD-JWT VC: the record as a signed credential whose holder shows only some fields.

Header and payload are fixed by this version of the format but for what stands in the register and the log, so a credential is
rebuilt byte for byte from record, secret and signature.

Spec: docs/spec/record.md ("Credential"); RFC 9901; draft-ietf-oauth-sd-jwt-vc
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sogoc.core import canonical, commitment, jws
from sogoc.core.canonical import Json, b64, b64_all, unb64
from sogoc.core.commitment import Sealed
from sogoc.core.entry import Place
from sogoc.core.record import SCHEMAS, Schema
from sogoc.errors import InputError, MalformedError, SignatureError

MAX_BYTES = 65_535
_HEADER = frozenset({"alg", "kid", "typ"})
_PAYLOAD = frozenset({"_sd", "_sd_alg", "iss", "status", "vct"})
_CLAIM = frozenset({"status_list"})
_PLACE = frozenset({"idx", "uri"})
_ISSUER = re.compile(r"https://([^\s?#]+)/institutions/([A-Z0-9][A-Z0-9.-]{0,19})")
_STATUS = re.compile(r"https://([^\s?#]+)/status/(0|[1-9][0-9]{0,9})")


def signing_input(sealed: Sealed, *, kid: str, origin: str, institution: str, status: Place) -> bytes:
    """Return what the institution's key signs. `institution` is its code. Spec: docs/spec/record.md, "Credential"."""
    payload = {
        "_sd": b64_all(sealed.slots),
        "_sd_alg": "sha-256",
        "iss": f"https://{origin}/institutions/{institution}",
        "status": {"status_list": {"idx": status[1], "uri": f"https://{origin}/status/{status[0]}"}},
        "vct": sealed.schema.id,
    }
    return f"{_header(kid)}.{b64(canonical.encode(payload))}".encode()


@lru_cache(maxsize=1024)
def _header(kid: str) -> str:
    return b64(canonical.encode({"alg": "ES256", "kid": kid, "typ": "dc+sd-jwt"}))


def assemble(signing_input: bytes, signature: bytes, disclosures: Iterable[str]) -> str:
    """Return the credential that shows `disclosures`. Spec: RFC 9901 section 4."""
    return "~".join((f"{signing_input.decode()}.{b64(signature)}", *disclosures, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A credential as somebody handed it over: it parses, and nothing in it was checked."""

    kid: str
    origin: str
    institution: str
    schema: Schema
    slots: tuple[bytes, ...]
    status: Place
    signed: bytes
    signature: bytes
    disclosures: tuple[str, ...]
    header_is_ours: bool

    @property
    def commitment(self) -> bytes:
        return commitment.commitment(self.schema, self.slots)

    def verify(self, jwk: Mapping[str, str]) -> None:
        """Check that `jwk` signed this credential. Raises: SignatureError."""
        if not self.header_is_ours:
            raise SignatureError("the header does not say ES256", "phần đầu không dùng ES256")
        jws.verify(jwk, self.signed, self.signature)


def parse(presented: str) -> Presented:
    """Read a credential in its compact form, with its disclosures, and without a key binding.

    Raises: MalformedError.
    """
    if len(presented) > MAX_BYTES or not presented.isascii():
        raise MalformedError("is not an SD-JWT")
    jwt, *rest = presented.split("~")
    parts = jwt.split(".")
    if len(parts) != 3 or not rest or rest.pop() or not all(rest):
        raise MalformedError("is not an SD-JWT in compact form without a key binding")
    kid, header_is_ours = _read_header(parts[0])
    payload = canonical.members(canonical.decode(unb64(parts[1]), limit=MAX_BYTES), _PAYLOAD)
    schema = SCHEMAS.get(canonical.text(payload["vct"]))
    if schema is None:
        raise MalformedError("is a credential of a kind that this version does not know")
    if payload["_sd_alg"] != "sha-256":
        raise MalformedError("is a credential with another hash")
    origin, institution = _match(_ISSUER, payload["iss"])
    status_origin, number, index = _status(payload["status"])
    if status_origin != origin:
        raise MalformedError("names one archive as issuer and another for status")
    return Presented(
        kid=kid,
        origin=origin,
        institution=institution,
        schema=schema,
        slots=tuple(canonical.hashes(payload["_sd"], 128)),
        status=(number, index),
        signed=jwt[: jwt.rindex(".")].encode(),
        signature=unb64(parts[2]),
        disclosures=tuple(rest),
        header_is_ours=header_is_ours,
    )


@lru_cache(maxsize=1024)
def _read_header(encoded: str) -> tuple[str, bool]:
    """Return the kid that a header names, and whether it is a header of this format: all that one key signed share it."""
    header = canonical.decode(unb64(encoded), limit=1024)
    if not isinstance(header, dict):
        raise MalformedError("a credential header is not an object")
    ours = header.keys() == _HEADER and header["alg"] == "ES256" and header["typ"] == "dc+sd-jwt"
    return canonical.text(header.get("kid", ""), 64), ours


def show(credential: str, names: Iterable[str]) -> str:
    """Return a copy of `credential` that shows only the fields `names`, and those that can never be hidden.

    Raises: InputError when the credential does not hold a field; MalformedError; VerificationError.
    """
    whole = parse(credential)
    by_name = {}
    for disclosure in whole.disclosures:
        (name,) = commitment.open_slots(whole.schema, whole.slots, [disclosure])
        by_name[name] = disclosure
    wanted = {*names, *whole.schema.always_shown}
    missing = wanted - by_name.keys()
    if missing:
        raise InputError(f"the credential does not show {', '.join(sorted(missing))}")
    kept = [by_name[name] for name in whole.schema.names if name in wanted]
    return assemble(whole.signed, whole.signature, kept)


def _status(value: Json) -> tuple[str, int, int]:
    place = canonical.members(canonical.members(value, _CLAIM)["status_list"], _PLACE)
    origin, number = _match(_STATUS, place["uri"])
    return origin, int(number), canonical.integer(place["idx"], 0, 2**17 - 1)


def _match(pattern: re.Pattern[str], value: Json) -> tuple[str, str]:
    return _match_text(pattern, canonical.text(value))


@lru_cache(maxsize=1024)
def _match_text(pattern: re.Pattern[str], value: str) -> tuple[str, str]:
    """The two parts of an address: of an institution or a list, which many credentials name."""
    match = pattern.fullmatch(value)
    if match is None:
        raise MalformedError("a credential names its issuer or its status in another form")
    return match[1], match[2]
