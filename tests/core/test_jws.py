"""ES256 and statements: the published examples, an independent library, and one encoding for every signature."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS, InvalidJWSSignature

from sogoc.core import canonical, jws
from sogoc.core.canonical import b64, unb64
from sogoc.errors import MalformedError, SignatureError
from tests.archive import ORIGIN, Key

KEY = Key("a key")
BODY = {"act": "test", "n": 1, "name": "Đắk Lắk"}
TYP = "sogoc-test+jws"


def test_the_example_of_rfc_7515() -> None:
    """Appendix A.3. Its s is the higher one of the two, so only the other form is ours."""
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    payload = (
        b"eyJhbGciOiJFUzI1NiJ9"
        b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    signature = unb64("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", 64)
    with pytest.raises(SignatureError, match="lower form"):
        jws.verify(jwk, payload, signature)
    jws.verify(jwk, payload, jws.lower(signature))
    with pytest.raises(SignatureError):
        jws.verify(jwk, payload + b" ", jws.lower(signature))


def test_a_kid_is_the_thumbprint_of_rfc_7638() -> None:
    text = json.dumps(dict(sorted(KEY.jwk.items())), separators=(",", ":"))
    assert list(KEY.jwk) == ["crv", "kty", "x", "y"]
    naive = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    assert jws.thumbprint(KEY.jwk) == naive == JWK(**KEY.jwk).thumbprint()
    assert jws.thumbprint(KEY.jwk | {"kid": "x", "use": "sig"}) == naive


def detached(body: Any, signature: jws.Signature) -> JWS:
    """The statement as any JWS library sees it, its payload put back in."""
    token = JWS()
    payload = b64(json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    token.deserialize(f"{signature.protected}.{payload}.{b64(signature.value)}")
    return token


def test_another_library_reads_our_statements() -> None:
    unsigned = jws.prepare(BODY, KEY.jwk, origin=ORIGIN, typ=TYP)
    signature = unsigned.signed(KEY.sign(unsigned.payload))
    token = detached(BODY, signature)
    token.verify(JWK(**KEY.jwk))
    assert token.jose_header == {"alg": "ES256", "kid": KEY.kid, "log": ORIGIN, "typ": TYP}
    with pytest.raises(InvalidJWSSignature):
        detached(BODY | {"n": 2}, signature).verify(JWK(**KEY.jwk))


def test_we_read_the_statements_of_another_library() -> None:
    private = JWK.generate(kty="EC", crv="P-256")
    jwk = json.loads(private.export_public())
    jwk = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    token = JWS(canonical.encode(BODY))
    header = {"alg": "ES256", "kid": jws.thumbprint(jwk), "log": ORIGIN, "typ": TYP}
    token.add_signature(private, protected=canonical.encode(header).decode())
    protected, _, signature = token.serialize(compact=True).split(".")
    (read,) = jws.read_signatures([{"protected": protected, "signature": b64(jws.lower(unb64(signature)))}])
    jws.verify_statement(BODY, read, jwk, origin=ORIGIN, typ=TYP)


@given(st.binary(max_size=100), st.integers(0, 511))
def test_a_signature_has_one_form_and_no_bit_to_spare(payload: bytes, bit: int) -> None:
    signature = KEY.sign(payload)
    jws.verify(KEY.jwk, payload, signature)
    assert jws.lower(signature) == signature
    high = signature[:32] + (jws._ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    assert jws.lower(high) == signature
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    for false in (high, bytes(flipped), signature[:-1], signature + b"\0", b"", bytes(64)):
        with pytest.raises(SignatureError):
            jws.verify(KEY.jwk, payload, false)


SIGNED = replace(jws.prepare(BODY, KEY.jwk, origin=ORIGIN, typ=TYP)).signed(
    KEY.sign(jws.prepare(BODY, KEY.jwk, origin=ORIGIN, typ=TYP).payload)
)


@pytest.mark.parametrize(
    ("body", "jwk", "origin", "typ"),
    [
        (BODY | {"n": 2}, KEY.jwk, ORIGIN, TYP),
        (BODY, Key("another").jwk, ORIGIN, TYP),
        (BODY, KEY.jwk, "elsewhere.example/1", TYP),
        (BODY, KEY.jwk, ORIGIN, "sogoc-entry+jws"),
    ],
    ids=["body", "key", "log", "kind"],
)
def test_a_statement_cannot_be_moved(body: Any, jwk: dict[str, str], origin: str, typ: str) -> None:
    jws.verify_statement(BODY, SIGNED, KEY.jwk, origin=ORIGIN, typ=TYP)
    with pytest.raises(SignatureError):
        jws.verify_statement(body, SIGNED, jwk, origin=origin, typ=typ)


HEADER = {"alg": "ES256", "kid": KEY.kid, "log": ORIGIN, "typ": TYP}


def entry(header: Any = HEADER, **changes: Any) -> dict[str, Any]:
    return {"protected": b64(json.dumps(header, separators=(",", ":")).encode()), "signature": b64(bytes(64))} | changes


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        "x",
        None,
        [entry(), entry()],
        [entry(HEADER | {"kid": str(n)}) for n in range(9)],
        [entry(HEADER | {"crit": ["x"]})],
        [entry({"alg": "ES256"})],
        [entry(HEADER | {"kid": 1})],
        [entry(HEADER | {"kid": "k" * 65})],
        [entry(dict(reversed(HEADER.items())))],
        [entry(extra=1)],
        [entry(signature=b64(bytes(63)))],
        [entry(signature=None)],
        [entry(protected="é")],
        [entry(protected=b64(b'{"alg":"none"'))],
        [{"protected": entry()["protected"]}],
    ],
)
def test_signatures_of_another_form_are_refused(value: Any) -> None:
    with pytest.raises(MalformedError):
        jws.read_signatures(value)
    assert len(jws.read_signatures([entry(HEADER | {"kid": str(n)}) for n in range(8)])) == 8


@pytest.mark.parametrize(
    "change",
    [
        lambda jwk: jwk | {"kid": "x"},
        lambda jwk: jwk | {"d": b64(bytes(32))},
        lambda jwk: jwk | {"crv": "P-384"},
        lambda jwk: jwk | {"kty": "OKP"},
        lambda jwk: jwk | {"x": jwk["y"]},
        lambda jwk: jwk | {"x": b64(b"\xff" * 32)},
        lambda jwk: jwk | {"x": b64(bytes(31))},
        lambda jwk: jwk | {"x": 1},
        lambda jwk: {"x": jwk["x"]},
        lambda jwk: {"crv": "P-256", "kty": "EC", "x": b64(bytes(32)), "y": b64(bytes(32))},
        lambda _: [],
    ],
)
def test_a_key_is_a_point_on_the_curve_and_nothing_beside(change: Callable[[Any], Any]) -> None:
    assert jws.read_jwk(KEY.jwk) == KEY.jwk
    with pytest.raises(MalformedError):
        jws.read_jwk(change(KEY.jwk))
