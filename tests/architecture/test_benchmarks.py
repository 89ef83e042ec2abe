"""The benchmarks measure what they say: the raw bound makes the very bytes of the product."""

from __future__ import annotations

from benchmarks import bound
from benchmarks.records import record
from sogoc.core import commitment, jws, merkle
from sogoc.core import record as records
from sogoc.core.credentials import sd_jwt
from sogoc.core.entry import Issue
from sogoc.core.record import DEGREE

SECRET = b"s" * 32


def test_the_records_of_the_benchmarks_are_records_of_26_fields() -> None:
    for number in (0, 1, 999_999):
        records.check(DEGREE, record(number))
        assert len(record(number)) == 26


def test_the_bare_loop_makes_what_the_product_makes() -> None:
    sealed = commitment.seal(DEGREE, record(7), SECRET)
    signed = sd_jwt.signing_input(
        sealed, kid=bound.KID, origin=bound.ORIGIN, institution=bound.INSTITUTION, status=(0, 5)
    )
    signature = bound.es256(signed)
    jws.verify(jws.jwk_of(bound.KEY.public_key()), signed, signature)
    credential = sd_jwt.assemble(signed, signature, sealed.disclosures.values())
    assert bound.seal(record(7), SECRET, 5) == (sealed.commitment, signature, credential)


def test_the_bare_entries_and_their_tree_are_those_of_the_log() -> None:
    entries = [bound.entry(bytes([place]) * 32, place) for place in range(5)]
    assert entries == [
        Issue(batch=bytes(32), commitment=bytes([place]) * 32, institution=1, status=(0, place)).encode()
        for place in range(5)
    ]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    assert merkle.root_hash([merkle.root_hash(leaves[:4]), merkle.root_hash(leaves[4:])]) == merkle.root_hash(leaves)
