"""The `sd-jwt` library: every field of a record selectively disclosed, signed with ES256."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers import timing

KEY = JWK.generate(kty="EC", crv="P-256")
PUBLIC = JWK.from_json(KEY.export_public())


def issue(records: Sequence[dict[str, str]]) -> list[str]:
    return [
        SDJWTIssuer({SDObj(name): value for name, value in record.items()}, KEY, sign_alg="ES256").sd_jwt_issuance
        for record in records
    ]


def verify(presented: str) -> bool:
    try:
        return bool(SDJWTVerifier(presented, lambda *_: PUBLIC).get_verified_payload())  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 - the library lets through what its parts raise
        return False


def changed(presented: str) -> str:
    signed, rest = presented.split("~", 1)
    head, payload, signature = signed.split(".")
    return f"{head}.{payload}.{signature[:-8]}AAAAAAAA~{rest}"


if __name__ == "__main__":
    timing.compare(issue, verify, changed)
