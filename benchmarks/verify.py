"""How many diplomas one core verifies in a second, all eight steps, beside a bare loop that believes everything else.

The verifier has seen checkpoint, authority page and batch before, as one has who reads a pile of applications; each diploma is another,
and there are more of them than what is remembered of any.
The bare loop reads the same JSON, checks the same signature of the institution, opens the same disclosures, and follows the same paths
to the same roots; it refuses nothing that is malformed, asks for no power, status, order or time, and reports nothing.
"""

from __future__ import annotations

import sys
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests make the data

from benchmarks.figures import arguments, rates, say
from sogoc.core.report import Verdict
from sogoc.core.trust import Policy
from sogoc.core.verify import verify_bytes
from tests import archive

BATCH = 400
ES256 = ec.ECDSA(SHA256())
_URL = bytes.maketrans(b"+/", b"-_")


def _unb64(text: str) -> bytes:
    return a2b_base64(text.replace("-", "+").replace("_", "/") + "==")


def _climb(leaf: bytes, index: int, size: int, proof: list[str]) -> bytes:
    node, last = index, size - 1
    for one in proof:
        sibling = _unb64(one)
        if node & 1 or node == last:
            leaf = sha256(b"\x01" + sibling + leaf).digest()
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            leaf = sha256(b"\x01" + leaf + sibling).digest()
        node, last = node >> 1, last >> 1
    return leaf


@lru_cache(maxsize=8)
def _keys(page: str) -> dict[str, ec.EllipticCurvePublicKey]:
    numbers = [(one["kid"], one["jwk"]) for one in orjson.loads(page)["keys"]]
    return {
        kid: ec.EllipticCurvePublicNumbers(
            int.from_bytes(_unb64(jwk["x"]), "big"), int.from_bytes(_unb64(jwk["y"]), "big"), ec.SECP256R1()
        ).public_key()
        for kid, jwk in numbers
    }


def bare(presented: bytes) -> dict[str, Any]:
    """The fields of one diploma, whose signature, digests and paths are true."""
    value = orjson.loads(presented)
    half, fresh = value["lasting"], value["fresh"]
    jwt, *disclosures = half["credential"].split("~")[:-1]
    header, payload, signature = jwt.split(".")
    r, s = (int.from_bytes(_unb64(signature)[part], "big") for part in (slice(32), slice(32, 64)))
    signed = f"{header}.{payload}".encode()
    keys = _keys(fresh["authorities"][0]["page"])
    keys[orjson.loads(_unb64(header))["kid"]].verify(encode_dss_signature(r, s), signed, ES256)
    slots = set(orjson.loads(_unb64(payload))["_sd"])
    fields = {}
    for disclosure in disclosures:
        _, name, text = orjson.loads(_unb64(disclosure))
        fields[name] = text
        if b2a_base64(sha256(disclosure.encode()).digest(), newline=False).translate(_URL, b"=").decode() not in slots:
            raise ValueError(name)
    logged = [half["leaf"], half["batch"], *half["logged"].values()]
    for note, entries in ((half["checkpoint"], logged), (fresh["checkpoint"], [fresh["state"]])):
        _, size, root, *_ = note.split("\n")
        for one in entries:
            leaf = sha256(b"\x00" + one["entry"].encode()).digest()
            if _climb(leaf, one["index"], int(size), one["proof"]) != a2b_base64(root):
                raise ValueError(size)
    return fields


def pile(count: int) -> tuple[list[bytes], Policy]:
    """Evidence of so many diplomas of an institution, and a policy under which all of them are valid."""
    made = archive.Archive()
    ours = made.accredit("DHSG01", "Trường Đại học Sông Gốc")
    made.state(archive.on_july(14))
    numbers = range(1, count + 1)
    diplomas = [
        diploma
        for at in range(0, count, BATCH)
        for diploma in made.issue(ours, [archive.record(number) for number in numbers[at : at + BATCH]])
    ]
    size = made.state(archive.on_july(17)) + 1
    return [made.evidence(one).encode() for one in diplomas], made.policy(size)


def main() -> None:
    asked = arguments(__doc__, size=2_200).parse_args()
    presented, policy = pile(asked.size)
    real, plain = cycle(presented), cycle(presented)

    def eight_steps() -> int:
        return int(verify_bytes(next(real), policy, archive.NOW).verdict is Verdict.VALID)

    def bare_loop() -> int:
        return bool(bare(next(plain)))

    verifying, loop = rates(eight_steps, bare_loop)
    say(
        [verifying.figure("verify evidence, eight steps", bound=loop, bound_name="a bare loop without checks")],
        asked.json,
    )


if __name__ == "__main__":
    main()
