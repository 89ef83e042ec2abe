"""Credentials: read by others' tools, rebuilt to the byte, and in one form only.

The general parser here reads any SD-JWT of RFC 9901; it is tried on the RFC's own example first.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS, InvalidJWSSignature
from sd_jwt.verifier import SDJWTVerifier

from sogoc.core import canonical
from sogoc.core.canonical import b64, unb64
from sogoc.core.commitment import seal
from sogoc.core.credentials import sd_jwt
from sogoc.core.record import DEGREE
from sogoc.errors import InputError, MalformedError, SignatureError, VerificationError
from tests.archive import ORIGIN, Key, record

KEY, SECRET = Key("DHSG01"), bytes(range(32))
SEALED = seal(DEGREE, record(1), SECRET)
INPUT = sd_jwt.signing_input(SEALED, kid=KEY.kid, origin=ORIGIN, institution="DHSG01", status=(0, 73121))
SIGNATURE = KEY.sign(INPUT)
WHOLE = sd_jwt.assemble(INPUT, SIGNATURE, SEALED.disclosures.values())


# -- a general parser ---------------------------------------------------------------------------------------------------


def decode(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def general(presented: str, jwk: dict[str, str]) -> dict[str, Any]:
    """Check the signature and put every disclosed claim in its place: RFC 9901, section 7.1, for SHA-256."""
    token, *disclosures, last = presented.split("~")
    assert last == "", "this parser knows no key binding"
    jws = JWS()
    jws.deserialize(token)
    jws.verify(JWK(**jwk))
    found = {}
    for text in disclosures:
        digest = hashlib.sha256(text.encode("ascii")).digest()
        found[base64.urlsafe_b64encode(digest).decode().rstrip("=")] = decode(text)
    assert len(found) == len(disclosures), "a disclosure twice"
    used: set[str] = set()

    def place(value: Any) -> Any:
        if isinstance(value, list):
            return [item for element in value for item in place_element(element)]
        if not isinstance(value, dict):
            return value
        placed = {name: place(item) for name, item in value.items() if name not in {"_sd", "_sd_alg"}}
        for digest in value.get("_sd", []):
            assert digest not in used, "a digest twice"
            used.add(digest)
            if digest in found:
                _, name, item = found[digest]
                assert name not in {*placed, "_sd", "..."}, "a name twice, or a reserved one"
                placed[name] = place(item)
        return placed

    def place_element(element: Any) -> Iterable[Any]:
        if not isinstance(element, dict) or set(element) != {"..."}:
            yield place(element)
            return
        used.add(element["..."])
        if element["..."] in found:
            _, item = found[element["..."]]
            yield place(item)

    claims: dict[str, Any] = place(decode(token.split(".")[1]))
    assert set(found) <= used, "a disclosure that nothing refers to"
    return claims


# The example of RFC 9901, section 5: payload, issuer's key and signature, disclosures with their digests.
EXAMPLE_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ",
    "y": "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8",
}
EXAMPLE_DISCLOSED: dict[str, list[Any]] = {
    "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4": ["2GLC42sKQveCfGfryNRN9w", "given_name", "John"],
    "TGf4oLbgwd5JQaHyKVQZU9UdGE0w5rtDsrZzfUaomLo": ["eluV5Og3gSNII8EYnsxA_A", "family_name", "Doe"],
    "JzYjH4svliH0R3PyEMfeZu6Jt69u5qehZo7F7EPYlSE": ["6Ij7tM-a5iVPGboS5tmvVA", "email", "johndoe@example.com"],
    "PorFbpKuVu6xymJagvkFsFXAbRoc2JGlAUA2BA4o7cI": ["eI8ZWm9QnKPpNPeNenHdhQ", "phone_number", "+1-202-555-0101"],
    "XQ_3kPKt1XyX7KANkqVR6yZ2Va5NrPIvPYbyMvRKBMM": ["Qg_O64zqAxe412a108iroA", "phone_number_verified", True],
    "XzFrzwscM6Gn6CJDc6vVK8BkMnfG8vOSKfpPIZdAfdE": [
        "AJx-095VPrpTtN4QMOqROA",
        "address",
        {"street_address": "123 Main St", "locality": "Anytown", "region": "Anystate", "country": "US"},
    ],
    "gbOsI4Edq2x2Kw-w5wPEzakob9hV1cRD0ATN3oQL9JM": ["Pc33JM2LchcU_lHggv_ufQ", "birthdate", "1940-01-01"],
    "CrQe7S5kqBAHt-nMYXgc6bdt2SH5aTY1sU_M-PgkjPI": ["G02NSrQfjFXQ7Io09syajA", "updated_at", 1570000000],
    "pFndjkZ_VCzmyTa6UjlZo3dh-ko8aIKQc9DlGzhaVYo": ["lklxF5jMYlGTPUovMNIvCA", "US"],
    "7Cf6JkPudry3lcbwHgeZ8khAv1U1OSlerP0VkBJrWZ0": ["nPuoQnkRFq3BIeAm7AnXFA", "DE"],
}
EXAMPLE_PAYLOAD: dict[str, Any] = {
    "_sd": [
        "CrQe7S5kqBAHt-nMYXgc6bdt2SH5aTY1sU_M-PgkjPI",
        "JzYjH4svliH0R3PyEMfeZu6Jt69u5qehZo7F7EPYlSE",
        "PorFbpKuVu6xymJagvkFsFXAbRoc2JGlAUA2BA4o7cI",
        "TGf4oLbgwd5JQaHyKVQZU9UdGE0w5rtDsrZzfUaomLo",
        "XQ_3kPKt1XyX7KANkqVR6yZ2Va5NrPIvPYbyMvRKBMM",
        "XzFrzwscM6Gn6CJDc6vVK8BkMnfG8vOSKfpPIZdAfdE",
        "gbOsI4Edq2x2Kw-w5wPEzakob9hV1cRD0ATN3oQL9JM",
        "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4",
    ],
    "iss": "https://issuer.example.com",
    "iat": 1683000000,
    "exp": 1883000000,
    "sub": "user_42",
    "nationalities": [
        {"...": "pFndjkZ_VCzmyTa6UjlZo3dh-ko8aIKQc9DlGzhaVYo"},
        {"...": "7Cf6JkPudry3lcbwHgeZ8khAv1U1OSlerP0VkBJrWZ0"},
    ],
    "_sd_alg": "sha-256",
    "cnf": {
        "jwk": {
            "kty": "EC",
            "crv": "P-256",
            "x": "TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc",
            "y": "ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ",
        }
    },
}
EXAMPLE_HEADER = {"alg": "ES256", "typ": "example+sd-jwt"}
EXAMPLE_SIGNATURE = "zjhXTlVnC9cFuDlL7JuR2TK7DCo0XtlMpbuNVNZJhWOkCPsRHn9oHNQkI02D6YziRYsapgbA_tV4-0LmAfA53Q"


def spaced(value: Any) -> str:
    """The RFC's examples are written with a space after every comma and colon."""
    return b64(json.dumps(value, ensure_ascii=False).encode())


def example(*digests: str) -> str:
    token = f"{spaced(EXAMPLE_HEADER)}.{spaced(EXAMPLE_PAYLOAD)}.{EXAMPLE_SIGNATURE}"
    return "~".join((token, *(spaced(EXAMPLE_DISCLOSED[digest]) for digest in digests), ""))


@pytest.mark.parametrize("digest", EXAMPLE_DISCLOSED)
def test_the_digests_of_the_rfc(digest: str) -> None:
    assert b64(hashlib.sha256(spaced(EXAMPLE_DISCLOSED[digest]).encode()).digest()) == digest


def test_the_disclosure_of_the_rfc_with_an_umlaut() -> None:
    text = spaced(["_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius"])
    assert text == "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert b64(hashlib.sha256(text.encode()).digest()) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"


def test_the_general_parser_reads_the_example_of_the_rfc() -> None:
    kept = [
        digest for digest, parts in EXAMPLE_DISCLOSED.items() if parts[-2] in {"family_name", "given_name", "address"}
    ]
    us = "pFndjkZ_VCzmyTa6UjlZo3dh-ko8aIKQc9DlGzhaVYo"
    claims = general(example(*kept, us), EXAMPLE_KEY)
    plain = {name: EXAMPLE_PAYLOAD[name] for name in ("iss", "iat", "exp", "sub", "cnf")}
    assert claims == plain | {
        "nationalities": ["US"],
        "family_name": "Doe",
        "given_name": "John",
        "address": EXAMPLE_DISCLOSED["XzFrzwscM6Gn6CJDc6vVK8BkMnfG8vOSKfpPIZdAfdE"][2],
    }
    with pytest.raises(InvalidJWSSignature):
        general(example(), EXAMPLE_KEY | {"y": KEY.jwk["y"], "x": KEY.jwk["x"]})
    with pytest.raises(AssertionError, match="nothing refers"):
        general(example() + spaced(["_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius"]) + "~", EXAMPLE_KEY)


def test_disclosures_within_disclosures() -> None:
    """Section 6.3: the address is one disclosure whose members are disclosures."""
    members = {
        "6vh9bq-zS4GKM_7GpggVbYzzu6oOGXrmNVGPHP75Ud0": ["eluV5Og3gSNII8EYnsxA_A", "locality", "Schulpforta"],
        "9gjVuXtdFROCgRrtNcGUXmF65rdezi_6Er_j76kmYyM": ["2GLC42sKQveCfGfryNRN9w", "street_address", "Schulstr. 12"],
        "KURDPh4ZC19-3tiz-Df39V8eidy1oV3a3H1Da2N0g88": ["6Ij7tM-a5iVPGboS5tmvVA", "region", "Sachsen-Anhalt"],
        "WN9r9dCBJ8HTCsS2jKASxTjEyW5m5x65_Z_2ro2jfXM": ["eI8ZWm9QnKPpNPeNenHdhQ", "country", "DE"],
    }
    address = spaced(["Qg_O64zqAxe412a108iroA", "address", {"_sd": list(members)}])
    digest = "HvrKX6fPV0v9K_yCVFBiLFHsMaxcD_114Em6VT8x1lg"
    assert b64(hashlib.sha256(address.encode()).digest()) == digest
    signing_input = f"{spaced(EXAMPLE_HEADER)}.{spaced({'_sd': [digest], '_sd_alg': 'sha-256'})}"
    shown = [spaced(parts) for parts in members.values()][:2]
    token = f"{signing_input}.{b64(KEY.sign(signing_input.encode()))}"
    claims = general("~".join((token, address, *shown, "")), KEY.jwk)
    assert claims == {"address": {"locality": "Schulpforta", "street_address": "Schulstr. 12"}}


# -- our credential -----------------------------------------------------------------------------------------------------

FIXED: dict[str, Any] = {
    "iss": f"https://{ORIGIN}/institutions/DHSG01",
    "status": {"status_list": {"idx": 73121, "uri": f"https://{ORIGIN}/status/0"}},
    "vct": "urn:sogoc:record:degree:1",
}


@given(st.sets(st.sampled_from(sorted(record(1)))))
def test_any_part_of_it_is_read_by_others(names: set[str]) -> None:
    shown = sd_jwt.show(WHOLE, names)
    expected = {name: record(1)[name] for name in {*names, *DEGREE.always_shown}} | FIXED
    assert general(shown, KEY.jwk) == expected
    verifier = SDJWTVerifier(shown, lambda issuer, header: JWK(**KEY.jwk))
    assert verifier.get_verified_payload() == expected  # type: ignore[no-untyped-call]


def test_header_and_payload_are_those_of_the_specification() -> None:
    header, payload, _ = WHOLE.split("~", 1)[0].split(".")
    assert unb64(header) == b'{"alg":"ES256","kid":"%s","typ":"dc+sd-jwt"}' % KEY.kid.encode()
    assert decode(payload) == FIXED | {"_sd": [b64(slot) for slot in SEALED.slots], "_sd_alg": "sha-256"}
    assert unb64(payload) == json.dumps(decode(payload), sort_keys=True, separators=(",", ":")).encode()


def test_it_is_rebuilt_from_record_secret_and_signature() -> None:
    again = seal(DEGREE, dict(reversed(record(1).items())), SECRET)
    signing_input = sd_jwt.signing_input(again, kid=KEY.kid, origin=ORIGIN, institution="DHSG01", status=(0, 73121))
    assert sd_jwt.assemble(signing_input, SIGNATURE, again.disclosures.values()) == WHOLE


def test_what_is_parsed() -> None:
    parsed = sd_jwt.parse(WHOLE)
    assert (parsed.kid, parsed.origin, parsed.institution, parsed.schema) == (KEY.kid, ORIGIN, "DHSG01", DEGREE)
    assert (parsed.slots, parsed.status, parsed.commitment) == (SEALED.slots, (0, 73121), SEALED.commitment)
    assert parsed.disclosures == tuple(SEALED.disclosures.values())
    parsed.verify(KEY.jwk)
    with pytest.raises(SignatureError):
        parsed.verify(Key("another").jwk)


def test_showing_again_keeps_the_order_and_invents_nothing() -> None:
    some = sd_jwt.show(WHOLE, ["holder_name"])
    assert sd_jwt.show(some, []) == sd_jwt.show(WHOLE, [])
    assert sd_jwt.show(some, ["holder_name"]) == some
    assert sd_jwt.show(WHOLE, record(1)) == WHOLE
    assert sd_jwt.show("~".join((WHOLE.split("~")[0], *reversed(WHOLE.split("~")[1:-1]), "")), record(1)) == WHOLE
    for names in (["title"], ["nickname"], ["birthplace"]):
        with pytest.raises(InputError):
            sd_jwt.show(some, names)
    with pytest.raises(VerificationError):
        sd_jwt.show(some.replace(some.split("~")[1], b64(b'["%s","title","x"]' % b64(bytes(16)).encode())), [])


HEADER: dict[str, Any] = {"alg": "ES256", "kid": KEY.kid, "typ": "dc+sd-jwt"}
PAYLOAD: dict[str, Any] = FIXED | {"_sd": [b64(slot) for slot in SEALED.slots], "_sd_alg": "sha-256"}


def signed(header: dict[str, Any], payload: dict[str, Any]) -> str:
    signing_input = f"{b64(canonical.encode(header))}.{b64(canonical.encode(payload))}"
    return f"{signing_input}.{b64(KEY.sign(signing_input.encode()))}~"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        HEADER | {"alg": "none"},
        HEADER | {"alg": "es256"},
        HEADER | {"alg": "HS256"},
        HEADER | {"typ": "vc+sd-jwt"},
        HEADER | {"x5c": ["AA"]},
        HEADER | {"jwk": KEY.jwk},
        HEADER | {"crit": ["b64"], "b64": True},
        {"alg": "ES256", "typ": "dc+sd-jwt"},
        {},
    ],
)
def test_a_true_signature_does_not_help_another_header(header: dict[str, Any]) -> None:
    parsed = sd_jwt.parse(signed(header, PAYLOAD))
    with pytest.raises(SignatureError, match="ES256"):
        parsed.verify(KEY.jwk)
    sd_jwt.parse(signed(HEADER, PAYLOAD)).verify(KEY.jwk)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in PAYLOAD.items() if key != name}


def status(**changes: Any) -> dict[str, Any]:
    return PAYLOAD | {"status": {"status_list": FIXED["status"]["status_list"] | changes}}


@pytest.mark.parametrize(
    "payload",
    [
        *(without(name) for name in PAYLOAD),
        PAYLOAD | {"cnf": {"jwk": KEY.jwk}},
        PAYLOAD | {"exp": 1883000000},
        PAYLOAD | {"holder_name": "in the clear"},
        PAYLOAD | {"_sd_alg": "sha-512"},
        PAYLOAD | {"vct": "urn:sogoc:record:degree:2"},
        PAYLOAD | {"vct": ["urn:sogoc:record:degree:1"]},
        PAYLOAD | {"_sd": "x"},
        PAYLOAD | {"_sd": [b64(bytes(31))] * 30},
        PAYLOAD | {"_sd": [b64(bytes(32))] * 129},
        PAYLOAD | {"iss": "https://elsewhere.example/1/institutions/DHSG01"},
        PAYLOAD | {"iss": f"http://{ORIGIN}/institutions/DHSG01"},
        PAYLOAD | {"iss": f"https://{ORIGIN}/institutions/dhsg01"},
        PAYLOAD | {"iss": f"https://{ORIGIN}/institutions/DHSG01/"},
        PAYLOAD | {"iss": f"https://{ORIGIN}/institutions/DHSG01?x"},
        status(idx=-1 % 2**20),
        status(idx="73121"),
        status(uri=f"https://{ORIGIN}/status/00"),
        status(uri=f"https://{ORIGIN}/status/\u0661"),
        status(uri=f"https://{ORIGIN}/status/1\u0661"),
        status(uri=f"https://{ORIGIN}/status/-1"),
        status(extra=1),
        PAYLOAD | {"status": {"status_list": FIXED["status"]["status_list"], "other": {}}},
    ],
)
def test_a_payload_has_exactly_its_members(payload: dict[str, Any]) -> None:
    sd_jwt.parse(signed(HEADER, PAYLOAD))
    with pytest.raises(MalformedError):
        sd_jwt.parse(signed(HEADER, payload))


TOKEN = WHOLE.split("~", 1)[0]


@pytest.mark.parametrize(
    "presented",
    [
        "",
        "~",
        "~~",
        "..~",
        TOKEN,
        TOKEN + "~~",
        TOKEN + "~" + TOKEN,
        TOKEN + "~x",
        WHOLE + "eyJhbGciOiJFUzI1NiJ9.e30.AA",
        WHOLE + "\n",
        " " + WHOLE,
        WHOLE.replace("~", "~~", 1),
        TOKEN + ".x~",
        TOKEN.rsplit(".", 1)[0] + "~",
        TOKEN + "=~",
        "é~",
        "eyJhbGciOiJub25lIn0.e30.",
        b64(b"[]") + "." + TOKEN.split(".", 1)[1] + "~",
        b64(b'{"alg": "ES256"}') + "." + TOKEN.split(".", 1)[1] + "~",
        WHOLE + "x" * 70_000,
    ],
)
def test_text_that_is_no_credential(presented: str) -> None:
    with pytest.raises(MalformedError):
        sd_jwt.parse(presented)


@given(st.text("eyJ.~AB=é", max_size=30) | st.text(max_size=20))
def test_any_text_is_refused_or_parsed(presented: str) -> None:
    with pytest.raises(MalformedError):
        sd_jwt.parse(presented)


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABab01-_.~"))
def test_a_changed_character_of_the_token_never_verifies(at: int, character: str) -> None:
    changed = TOKEN[:at] + character + TOKEN[at + 1 :] + "~"
    if changed == TOKEN + "~":
        return
    check: Callable[[], None] = lambda: sd_jwt.parse(changed).verify(KEY.jwk)  # noqa: E731
    with pytest.raises((MalformedError, SignatureError)):
        check()
